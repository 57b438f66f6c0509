//! The house as it is: rooms, the arrows between them, and circles of files, read from manifests and imports.
//!
//! `cargo xtask house` draws it into ARCHITECTURE.md; a test fails when the drawing there is no longer true. An arrow can
//! therefore not be added without ARCHITECTURE.md saying so.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::test::root;

/// What a room's package is called before its folder's name.
const PREFIX: &str = "searchlens-";

const BEGIN: &str = "<!-- drawn by `cargo xtask house` -->\n";
const END: &str = "<!-- end of the drawing -->\n";

/// A graph of names: from each name to those that it knows.
type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Draws the house into ARCHITECTURE.md.
pub(crate) fn draw() -> anyhow::Result<()> {
    let path = root().join("ARCHITECTURE.md");
    let text = std::fs::read_to_string(&path)?;
    std::fs::write(&path, with_drawing(&text, &drawing()?)?)?;
    Ok(())
}

/// The text with the drawing between its marks.
fn with_drawing(text: &str, drawing: &str) -> anyhow::Result<String> {
    let (before, rest) = text.split_once(BEGIN).context("ARCHITECTURE.md has no mark where the drawing begins")?;
    let (_, after) = rest.split_once(END).context("ARCHITECTURE.md has no mark where the drawing ends")?;
    Ok(format!("{before}{BEGIN}{drawing}{END}{after}"))
}

/// The whole drawing: a diagram of the arrows, a table of rooms, circles of files.
fn drawing() -> anyhow::Result<String> {
    let rooms = rooms()?;
    let arrows: Arrows = rooms.iter().map(|room| (room.name.clone(), room.knows.clone())).collect();
    let mut text = String::from("\n```mermaid\ngraph LR\n");
    for (room, knows) in reduced(&arrows) {
        for known in knows {
            text += &format!("  {known} --> {room}\n");
        }
    }
    text += "```\n\nAn arrow leads from a room to one that knows it; arrows that follow from others are left out.\n\n";
    text += "| room | what it holds | knows |\n|---|---|---|\n";
    for room in in_order(&rooms) {
        let knows: Vec<&str> = room.knows.iter().map(String::as_str).collect();
        text += &format!("| `{}` | {} | {} |\n", room.name, room.description, knows.join(", "));
    }
    let circles: Vec<String> = rooms.iter().map(circles).collect::<anyhow::Result<Vec<_>>>()?.concat();
    text += &match circles.as_slice() {
        [] => "\nNo files know each other in a circle.\n\n".to_owned(),
        circles => format!("\nFiles that know each other in a circle:\n\n{}\n", circles.concat()),
    };
    Ok(text)
}

/// A package of the workspace that belongs to the pipeline.
struct Room {
    name: String,
    folder: PathBuf,
    description: String,
    knows: BTreeSet<String>,
}

/// Every package under `crates/`.
fn rooms() -> anyhow::Result<Vec<Room>> {
    let mut rooms = Vec::new();
    for entry in std::fs::read_dir(root().join("crates")).context("crates/")? {
        let folder = entry?.path();
        let Ok(manifest) = std::fs::read_to_string(folder.join("Cargo.toml")) else { continue };
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let description = manifest.lines().find_map(|line| line.strip_prefix("description = "));
        let description =
            description.with_context(|| format!("{name} has no description"))?.trim_matches('"').to_owned();
        rooms.push(Room { knows: dependencies(&manifest), name, folder, description });
    }
    rooms.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rooms)
}

/// The rooms among a manifest's dependencies; those of its tests do not count.
fn dependencies(manifest: &str) -> BTreeSet<String> {
    let from = manifest.lines().skip_while(|line| *line != "[dependencies]").skip(1);
    from.take_while(|line| !line.starts_with('['))
        .filter_map(|line| line.split(['.', ' ', '=']).next())
        .filter_map(|name| if name == "searchlens" { Some(name) } else { name.strip_prefix(PREFIX) })
        .map(str::to_owned)
        .collect()
}

/// Rooms so that each comes after those that it knows, by name among equals.
fn in_order(rooms: &[Room]) -> Vec<&Room> {
    let mut ordered: Vec<&Room> = Vec::new();
    while let Some(next) = rooms.iter().find(|room| {
        let is_done = |name: &str| ordered.iter().any(|done| done.name == name);
        !is_done(&room.name) && room.knows.iter().all(|known| is_done(known))
    }) {
        ordered.push(next);
    }
    ordered
}

/// The arrows that do not follow from others.
fn reduced(arrows: &Arrows) -> Arrows {
    let reach = |from: &str| reachable(arrows, from);
    let is_direct = |knows: &BTreeSet<String>, known: &String| {
        !knows.iter().any(|other| other != known && reach(other).contains(known.as_str()))
    };
    arrows
        .iter()
        .map(|(room, knows)| (room.clone(), knows.iter().filter(|known| is_direct(knows, known)).cloned().collect()))
        .collect()
}

/// Every name that can be reached from one, itself only in a circle.
fn reachable<'a>(arrows: &'a Arrows, from: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open: Vec<&str> = arrows.get(from).into_iter().flatten().map(String::as_str).collect();
    while let Some(name) = open.pop() {
        if found.insert(name) {
            open.extend(arrows.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    found
}

/// Circles of a room's files, each as a line of Markdown.
fn circles(room: &Room) -> anyhow::Result<Vec<String>> {
    let source = room.folder.join("src");
    let mut modules = BTreeMap::new();
    collect_modules(&source, &source, &mut modules)?;
    let arrows: Arrows =
        modules.iter().map(|(module, text)| (module.clone(), imports(module, text, &modules))).collect();
    let reach: BTreeMap<&str, BTreeSet<&str>> =
        arrows.keys().map(|module| (module.as_str(), reachable(&arrows, module))).collect();
    let mut circles = BTreeSet::new();
    for (module, reached) in reach.iter().filter(|(module, reached)| reached.contains(**module)) {
        let circle: Vec<&str> = reached.iter().copied().filter(|other| reach[other].contains(module)).collect();
        circles.insert(format!("- `{}`: {}\n", room.name, circle.join(", ")));
    }
    Ok(circles.into_iter().collect())
}

/// Reads every file below a folder, by its module path (`kernels::tile`; the root is empty), tests left out.
fn collect_modules(source: &Path, folder: &Path, modules: &mut BTreeMap<String, String>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect_modules(source, &path, modules)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let parts: Vec<_> = path
                .strip_prefix(source)?
                .with_extension("")
                .iter()
                .map(|p| p.to_string_lossy().into_owned())
                .collect();
            let parts: Vec<String> =
                parts.into_iter().filter(|part| !["mod", "lib", "main"].contains(&part.as_str())).collect();
            let text = std::fs::read_to_string(&path)?;
            let code = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned();
            modules.insert(parts.join("::"), code);
        }
    }
    Ok(())
}

/// The files of the same room that a file names in its paths.
fn imports(module: &str, text: &str, modules: &BTreeMap<String, String>) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    // Modules below this one are named without a root.
    for below in modules.keys().filter(|other| parent(other) == module && *other != module) {
        let name = below.rsplit("::").next().unwrap_or_default();
        let is_named =
            |(at, _): (usize, &str)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        if !below.is_empty() && code.match_indices(&format!("{name}::")).any(is_named) {
            found.insert(below.clone());
        }
    }
    for root in ["crate::", "super::"] {
        for (at, _) in code.match_indices(root) {
            // `super::super::` is found by its first part.
            if code[..at].ends_with("super::") || code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let (mut base, mut rest) = match root {
                "crate::" => (String::new(), &code[at + root.len()..]),
                _ => (parent(module), &code[at + root.len()..]),
            };
            while let Some(further) = rest.strip_prefix("super::") {
                (base, rest) = (parent(&base), further);
            }
            for path in expand(rest) {
                found.extend(file_of(&base, &path, modules).filter(|file| file != module));
            }
        }
    }
    found
}

fn parent(module: &str) -> String {
    module.rsplit_once("::").map_or(String::new(), |(parent, _)| parent.to_owned())
}

/// `a::{b, c::d}` as `a::b` and `a::c::d`; a single level of braces, nested ones are cut.
fn expand(text: &str) -> Vec<String> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (path, rest) = text.split_at(end);
    match rest.strip_prefix('{') {
        Some(list) if path.is_empty() || path.ends_with("::") => {
            let list = list.split('}').next().unwrap_or_default();
            list.split(',')
                .map(|item| format!("{path}{}", item.trim().split([' ', '{']).next().unwrap_or_default()))
                .collect()
        }
        _ => vec![path.to_owned()],
    }
}

/// The file that the longest beginning of a path names; the room's root does not count.
fn file_of(base: &str, path: &str, modules: &BTreeMap<String, String>) -> Option<String> {
    let parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
    (1..=parts.len()).rev().find_map(|n| {
        let name = if base.is_empty() { parts[..n].join("::") } else { format!("{base}::{}", parts[..n].join("::")) };
        modules.contains_key(&name).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn architecture_shows_the_house_as_it_is() {
        let text = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
        assert!(
            with_drawing(&text, &drawing().unwrap()).unwrap() == text,
            "ARCHITECTURE.md no longer shows the rooms and arrows as they are: draw them by `cargo xtask house`, and say why"
        );
    }

    #[test]
    fn data_flows_one_way() {
        let rooms = rooms().unwrap();
        assert_eq!(in_order(&rooms).len(), rooms.len(), "rooms know each other in a circle");
        let arrows: Arrows = rooms.iter().map(|room| (room.name.clone(), room.knows.clone())).collect();
        let never = [
            ("model", "tasks"),
            ("model", "formats"),
            ("report", "model"),
            ("report", "tasks"),
            ("runs", "lens"),
            ("searchlens", "cli"),
        ];
        for (room, unknown) in never {
            assert!(!reachable(&arrows, room).contains(unknown), "`{room}` knows `{unknown}`");
        }
        let knows = |room: &str| reachable(&arrows, room).into_iter().collect::<Vec<_>>();
        assert_eq!((knows("base"), knows("stats")), (vec![], vec!["base"]));
    }

    #[test]
    fn imports_are_found_in_lists_and_behind_super() {
        let modules: BTreeMap<String, String> =
            ["a", "a::b", "c", "d"].map(|name| (name.to_owned(), String::new())).into();
        let text = "use crate::{c::X, d};\nuse super::super::c::Y;\n// crate::d\nlet x = crate::a::f();";
        let found: Vec<String> = imports("a::b", text, &modules).into_iter().collect();
        assert_eq!(found, ["a", "c", "d"]);
    }
}
