//! `cargo xtask test`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, bail};

/// The workspace's folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Runs every stage, stops at the first that fails, and says how long each took.
pub(crate) fn run() -> anyhow::Result<()> {
    let begun = Instant::now();
    let stages: [(&str, &[&str]); 3] = [
        ("format", &["fmt", "--all", "--check"]),
        ("lints", &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]),
        // Unit, integration and documentation tests; examples are built, and run next.
        ("tests", &["test", "--workspace"]),
    ];
    let mut seconds = Vec::new();
    for (name, arguments) in stages {
        seconds.push((name, stage(name, || cargo(arguments))?));
    }
    seconds.push(("examples", stage("examples", run_examples)?));
    let times: Vec<String> = seconds.iter().map(|(name, seconds)| format!("{name} {seconds:.0} s")).collect();
    eprintln!("\nxtask: all is well: {}; {:.0} s in all", times.join(", "), begun.elapsed().as_secs_f64());
    Ok(())
}

/// Runs one stage under a headline; seconds it took.
fn stage(name: &str, work: impl FnOnce() -> anyhow::Result<()>) -> anyhow::Result<f64> {
    eprintln!("\n=== {name} ===");
    let begun = Instant::now();
    work().with_context(|| format!("FAILED: {name}"))?;
    Ok(begun.elapsed().as_secs_f64())
}

/// Runs cargo in the workspace's folder.
pub(crate) fn cargo(arguments: &[&str]) -> anyhow::Result<()> {
    // Set by the cargo that runs us.
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    // Everything is built once: to write down what a second build could reuse costs a tenth.
    command.args(arguments).current_dir(root()).env("CARGO_INCREMENTAL", "0");
    let status = command.status().context("cargo does not start")?;
    if !status.success() {
        bail!("`cargo {}` ended with {status}", arguments.join(" "));
    }
    Ok(())
}

/// Runs every example, which the tests' build has left beside this program: one that only compiles may still show something
/// that does not work. (`cargo run --package` would build the dependencies again, with that package's features alone.)
fn run_examples() -> anyhow::Result<()> {
    let programs = std::env::current_exe()?.with_file_name("examples");
    for member in members()? {
        for example in names_in(&member.join("examples"))? {
            eprintln!("--- {example}");
            let status = Command::new(programs.join(&example)).current_dir(root()).status().context(example)?;
            if !status.success() {
                bail!("the example ended with {status}");
            }
        }
    }
    Ok(())
}

/// Folders of the workspace's packages, in order.
pub(crate) fn members() -> anyhow::Result<Vec<PathBuf>> {
    let mut members = vec![root().join("xtask")];
    for entry in std::fs::read_dir(root().join("crates")).context("crates/")? {
        let folder = entry?.path();
        if folder.join("Cargo.toml").exists() {
            members.push(folder);
        }
    }
    members.sort();
    Ok(members)
}

/// Names of the Rust files in a folder, in order; none if there is no folder.
fn names_in(folder: &Path) -> anyhow::Result<Vec<String>> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(Vec::new()) };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension() == Some(OsStr::new("rs")) {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_package_follows_the_workspaces_lints() {
        for member in members().unwrap() {
            let manifest = std::fs::read_to_string(member.join("Cargo.toml")).unwrap();
            assert!(
                manifest.contains("[lints]\nworkspace = true\n"),
                "{}: no `[lints] workspace = true`",
                member.display()
            );
        }
    }

    #[test]
    fn packages_and_their_examples_are_found() {
        let is_there = |folder: &str| members().unwrap().iter().any(|member| member.ends_with(folder));
        assert!(is_there("crates/searchlens") && is_there("crates/tasks") && is_there("xtask"));
        assert!(!names_in(&root().join("crates/searchlens/examples")).unwrap().is_empty());
    }
}
