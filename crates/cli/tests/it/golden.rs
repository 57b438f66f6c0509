//! Thirty mazes, compared with the output of maze-dataset 1.4.2.

use std::sync::LazyLock;

use serde_json::{Map, Value};

use crate::run::searchlens_on;

static MAZES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/mazes/maze_dataset_1.4.2.json");
    let golden: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    golden["mazes"].as_array().unwrap().clone()
});

const MODES: [&str; 3] = ["AOTP_UT_rasterized", "AOTP_UT_uniform", "AOTP_CTT_indexed"];

/// Returns the mazes that are read as written. The one left out has a start and an end but no solution, so the reader adds one.
fn complete() -> Vec<&'static Value> {
    let settled: Vec<_> = MAZES.iter().filter(|maze| maze["kind"] != "targeted").collect();
    assert_eq!(settled.len(), 29);
    settled
}

fn lines(mazes: &[&Value]) -> String {
    let keys = ["grid_shape", "connection_list", "start", "end", "solution"];
    let line = |maze: &&Value| {
        let present = keys.iter().filter_map(|&key| Some((key.to_owned(), maze.get(key)?.clone())));
        Value::Object(present.collect::<Map<_, _>>()).to_string()
    };
    mazes.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn tokenized(mazes: &[&Value], arguments: &str) -> Vec<Value> {
    let output = searchlens_on(&format!("tokenize {arguments}"), &lines(mazes)).good();
    output.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[track_caller]
fn words(line: &Value) -> Vec<&str> {
    line["tokens"].as_array().unwrap().iter().map(|token| token.as_str().unwrap()).collect()
}

/// Splits a sequence into its edges, without order and orientation, and the rest.
fn edges_and_rest(tokens: &str) -> (Vec<[String; 2]>, String) {
    let (edges, rest) = tokens.split_once(" <ADJLIST_END>").unwrap();
    let edges = edges.strip_prefix("<ADJLIST_START>").unwrap().split(" ;").filter(|edge| !edge.is_empty());
    let mut edges: Vec<[String; 2]> = edges
        .map(|edge| {
            let (a, b) = edge.split_once(" <--> ").unwrap();
            let mut ends = [a.trim().to_owned(), b.trim().to_owned()];
            ends.sort();
            ends
        })
        .collect();
    edges.sort();
    (edges, rest.to_owned())
}

#[test]
fn unshuffled_tokens_and_ids_are_maze_datasets() {
    for mode in MODES {
        let ours = tokenized(&complete(), &format!("--unshuffled --tokenizer {mode}"));
        assert_eq!(ours.len(), complete().len());
        for (ours, maze) in ours.iter().zip(complete()) {
            let theirs = &maze["legacy"][mode];
            assert_eq!(words(ours).join(" "), theirs["unshuffled"].as_str().unwrap(), "maze {}", maze["id"]);
            assert_eq!(ours["ids"], theirs["unshuffled_ids"], "maze {}", maze["id"]);
        }
    }
}

#[test]
fn shuffled_tokens_hold_the_same_edges() {
    for mode in MODES {
        let ours = tokenized(&complete(), &format!("--seed 3 --tokenizer {mode}"));
        let mut n_moved = 0;
        for (ours, maze) in ours.iter().zip(complete()) {
            let (ours, theirs) = (words(ours).join(" "), maze["legacy"][mode]["shuffled_np_seed0"].as_str().unwrap());
            assert_eq!(edges_and_rest(&ours), edges_and_rest(theirs), "maze {}", maze["id"]);
            n_moved += usize::from(ours != maze["legacy"][mode]["unshuffled"].as_str().unwrap());
        }
        assert!(n_moved > 20, "the order was drawn for {n_moved} mazes only");
    }
}

#[test]
fn a_missing_solution_is_added() {
    let targeted: Vec<_> = MAZES.iter().filter(|maze| maze["kind"] == "targeted").collect();
    let ours = tokenized(&targeted, "--unshuffled --tokenizer AOTP_UT_rasterized");
    let theirs = targeted[0]["legacy"]["AOTP_UT_rasterized"]["unshuffled"].as_str().unwrap();
    assert!(!theirs.contains("<PATH_START>"));
    let ours = words(&ours[0]).join(" ");
    assert!(ours.starts_with(&format!("{theirs} <PATH_START> ")), "{ours}");
}

/// Checks a text format of `show` against a field of the golden file.
#[track_caller]
fn check_pictures(arguments: &str, field: &str) {
    let output = searchlens_on(&format!("show {arguments}"), &lines(&complete())).good();
    let pictures: Vec<&str> = output.trim_end().split("\n\n").collect();
    assert_eq!(pictures.len(), complete().len());
    for (ours, maze) in pictures.iter().zip(complete()) {
        let theirs = match &maze[field] {
            Value::String(text) => text.clone(),
            rows => rows.as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect::<Vec<_>>().join("\n"),
        };
        assert_eq!(*ours, theirs, "maze {}", maze["id"]);
    }
}

#[test]
fn pictures_are_maze_datasets() {
    check_pictures("--format ascii", "ascii");
    check_pictures("--format pixels", "pixels");
}
