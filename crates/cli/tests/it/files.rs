//! Problem files through the binary: written by `generate` and `convert`, read by every command that reads problems.

use std::path::Path;

use serde_json::Value;

use crate::run::{searchlens, searchlens_on};

const MAZES: &str = "--maze dfs --rows 4 --cols 4 --seed 3 --count 300";

#[test]
fn every_format_holds_the_same_problems_for_any_number_of_threads() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let lines = searchlens(&format!("generate {MAZES}")).good();
    for ending in ["jsonl", "parquet", "npz", "zanj", "cat.zanj", "shard"] {
        let bytes = [1, 2].map(|threads| {
            let out = path(&format!("{threads}.{ending}"));
            let output = searchlens(&format!("generate {MAZES} --threads {threads} --out {out}")).good();
            assert!(output.starts_with("wrote 300 problems to ") && output.lines().count() == 1, "{output}");
            std::fs::read(out).unwrap()
        });
        assert!(bytes[0] == bytes[1], "{ending}");
        let file = path(&format!("1.{ending}"));
        assert!(searchlens(&format!("convert {file} -")).good() == lines, "{ending}");
        for command in ["show --stats", "tokenize --tokenizer edges"] {
            assert!(
                searchlens(&format!("{command} {file}")).good() == searchlens_on(command, &lines).good(),
                "{command}: {ending}"
            );
        }
    }
}

#[test]
fn headers_record_the_source_and_conversion_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a.shard", "b.parquet"].map(|name| folder.path().join(name).display().to_string());
    searchlens(&format!("generate {MAZES} --split test --filter path_length=5.. --out {first}")).good();
    searchlens(&format!("convert {first} {second}")).good();
    let header = |file: &str| searchlens(&format!("show {file} --header")).good();
    assert_eq!(header(&first), header(&second));
    let of_first = header(&first);
    let output: Value = serde_json::from_str(&of_first).unwrap();
    assert_eq!((&output["searchlens"], &output["n"]), (&2.into(), &output["statistics"]["n"]));
    let source = &output["source"];
    assert_eq!((&source["seed"], &source["split"]), (&3.into(), &"test".into()));
    assert_eq!(source["indices"], serde_json::json!([0, 300]));
    assert_eq!(source["filters"], serde_json::json!([{"path_length": "5.."}]));
    assert_eq!(source["task"]["maze"]["generator"], "dfs");
    let lines = folder.path().join("c.jsonl").display().to_string();
    searchlens(&format!("convert {first} {lines}")).good();
    assert_eq!(header(&lines), of_first);
    assert!(std::fs::read_to_string(&lines).unwrap().lines().all(|line| line.starts_with("{\"grid_shape\":")));
    std::fs::write(&lines, "").unwrap();
    let message = searchlens(&format!("show {lines} --header")).bad(2);
    assert!(message.contains("no header; files written by searchlens have one"), "{message}");
}

#[test]
fn a_hugging_face_folder_has_a_file_per_split() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("mazes");
    searchlens(&format!("generate {MAZES} --out {}/", out.display())).good();
    let names = |folder: &Path| {
        let mut names: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    };
    assert_eq!(names(&out), ["README.md", "data"]);
    assert_eq!(names(&out.join("data")).len(), 3);
    assert_eq!(names(folder.path()), ["mazes"], "no temporary folder stays behind");
    let shown = searchlens(&format!("show {} --stats --json", out.display())).good();
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["n"], 300);
    let message = searchlens(&format!("generate {MAZES} --out {}", out.display())).bad(2);
    assert!(message.contains("already exists and is not an empty folder"), "{message}");
    let only_test = folder.path().join("test");
    searchlens(&format!("generate {MAZES} --split test --out {}/", only_test.display())).good();
    assert_eq!(names(&only_test.join("data")), ["test-00000-of-00001.parquet"]);
}

#[track_caller]
fn check_refused(arguments: &str, input: &str, want: &str) {
    let message = searchlens_on(arguments, input).bad(2);
    assert!(message.starts_with("error: ") && message.contains(want) && message.lines().count() == 1, "{message}");
}

#[test]
fn bad_files_exit_with_2_and_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).display().to_string();
    let out = path("out.parquet");
    check_refused(&format!("convert {} {out}", path("none.npz")), "", "none.npz: cannot be read");
    check_refused(
        &format!("convert {} {out}", path("none.csv")),
        "",
        "the ending .csv is not a format of problem files",
    );
    for name in ["a.parquet", "a.npz", "a.zanj", "a.shard"] {
        std::fs::write(path(name), "no such thing, but long enough to look at its end: sixty-four bytes or so")
            .unwrap();
        check_refused(&format!("convert {} {out}", path(name)), "", &format!("{name}: `"));
        std::fs::write(path(name), "").unwrap();
        check_refused(&format!("show {}", path(name)), "", &format!("{name}: `"));
    }
    let line = r#"{"n":2,"directed":false,"edges":[[0,1]],"origin":0,"goal":{"node":1}}"#;
    check_refused(
        &format!("convert - {}", path("out.shard")),
        line,
        "problem 1: it is a graph, which .shard files cannot hold",
    );
    check_refused(&format!("convert - {out}"), "{}", "standard input: line 1: `grid_shape` is missing");
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 4, "what failed leaves nothing behind");
}

#[test]
fn a_graph_without_a_class_gets_one_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let out = format!("{}/", folder.path().join("out").display());
    // The same path of three nodes with two labellings.
    let lines = r#"{"n":3,"directed":false,"edges":[[0,1],[1,2]],"origin":0,"goal":{"node":2}}
{"n":3,"directed":false,"edges":[[1,0],[0,2]],"origin":2,"goal":{"node":1}}"#;
    searchlens_on(&format!("convert - {out}"), lines).good();
    let classes: Vec<Value> = searchlens(&format!("convert {out} -"))
        .good()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["class"].clone())
        .collect();
    assert!(classes.len() == 2 && classes[0].is_string() && classes[0] == classes[1], "{classes:?}");
}

#[test]
fn empty_sets() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["e.jsonl", "e.parquet", "e.npz", "e.shard", "e0/"] {
        let out = format!("{}/{name}", folder.path().display());
        searchlens(&format!("generate --maze dfs --rows 3 --cols 3 --count 0 --out {out}")).good();
        assert_eq!(searchlens(&format!("show {out}")).good(), "", "{name}");
        assert_eq!(searchlens(&format!("convert {out} -")).good(), "", "{name}");
    }
}

#[test]
fn a_missing_folder_is_named() {
    let there = searchlens("generate --maze dfs --rows 3 --cols 3 --count 1 --out nodir/x.jsonl").bad(2);
    assert_eq!(there, "error: nodir/x.jsonl: the folder nodir does not exist; create it or choose another path\n");
}
