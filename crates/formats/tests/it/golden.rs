//! Thirty mazes with what maze-dataset 1.4.2 makes of them.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use searchlens_formats::draw::{Drawing, Pixel, RasterOptions, ascii, pixels, raster_pair};
use searchlens_formats::record::MazeRecord;
use searchlens_tasks::problem::solve::{DistanceField, shortest_path};
use serde_json::{Map, Value};

static GOLDEN: LazyLock<Value> = LazyLock::new(|| {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/mazes/maze_dataset_1.4.2.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
});

fn mazes() -> &'static [Value] {
    let mazes = GOLDEN["mazes"].as_array().unwrap();
    assert_eq!(mazes.len(), 30);
    mazes
}

/// The line that a golden maze would stand in.
fn line(maze: &Value) -> String {
    let keys = ["grid_shape", "connection_list", "start", "end", "solution"];
    let present = keys.iter().filter_map(|&k| Some((k.to_owned(), maze.get(k)?.clone())));
    Value::Object(present.collect::<Map<_, _>>()).to_string()
}

fn record(maze: &Value) -> MazeRecord {
    MazeRecord::parse(1, &line(maze)).unwrap()
}

/// What the variant of a picture shows: a targeted maze has no path, and a solved one shows its ends with the path
/// only.
fn drawing(maze: &Value, variant: &str) -> Drawing {
    let record = record(maze);
    match (maze["kind"].as_str().unwrap(), variant) {
        (_, "_bare") | ("solved", "_no_solution") => Drawing::bare(record.maze),
        ("solved", _) => record.drawing(),
        _ => record.drawing().without_path(),
    }
}

#[test]
fn ascii_and_pixels_are_maze_datasets() {
    for maze in mazes() {
        for variant in ["", "_no_solution", "_bare"] {
            let drawing = drawing(maze, variant);
            assert_eq!(
                ascii(&drawing),
                maze[format!("ascii{variant}")].as_str().unwrap(),
                "maze {}{variant}",
                maze["id"]
            );
            let digits: Vec<String> =
                pixels(&drawing).iter().map(|l| l.iter().map(|p| (*p as u8).to_string()).collect()).collect();
            assert_eq!(Value::from(digits), maze[format!("pixels{variant}")], "maze {}{variant}", maze["id"]);
        }
    }
}

#[test]
fn colours_are_maze_datasets() {
    for pixel in [Pixel::Wall, Pixel::Open, Pixel::Start, Pixel::End, Pixel::Path] {
        assert_eq!(GOLDEN["pixel_palette"][(pixel as u8).to_string()], Value::from(pixel.rgb().to_vec()));
    }
}

#[test]
fn connection_lists_survive_reading_and_writing() {
    for maze in mazes() {
        let record = record(maze);
        let written: Value = serde_json::from_str(&record.to_line(record.class())).unwrap();
        assert_eq!(written["connection_list"], maze["connection_list"]);
        assert_eq!(written["grid_shape"], maze["grid_shape"]);
        let passages: Vec<_> =
            record.maze.passages().map(|(a, b)| [a, b].map(|v| record.maze.lattice.coord(v))).collect();
        assert_eq!(serde_json::to_value(passages).unwrap(), maze["adj_list_unshuffled"]);
    }
}

#[test]
fn shortest_paths_are_as_long_and_as_many() {
    for maze in mazes().iter().filter(|m| m["kind"] == "solved") {
        let record = record(maze);
        let problem = record.problem().unwrap();
        let field = DistanceField::to(&problem.graph, problem.target());
        let path = shortest_path(&problem.graph, &field, problem.origin).unwrap();
        assert_eq!(path.len(), maze["shortest_len_cells"], "maze {}", maze["id"]);
        assert_eq!(
            field.count_paths(&problem.graph, problem.origin),
            u128::from(maze["n_shortest_paths"].as_u64().unwrap())
        );
    }
}

#[test]
fn turned_copies_are_of_one_class() {
    let classes: BTreeSet<_> = mazes().iter().map(|m| record(m).class()).collect();
    let copies = mazes().iter().filter(|m| m.get("same_graph_as").is_some()).count();
    assert_eq!(classes.len() + copies, mazes().len(), "only mazes that say so have another's passages");
}

#[test]
fn raster_pairs_are_maze_datasets() {
    let plain = RasterOptions { remove_isolated_cells: false, extend_pixels: false, endpoints_as_open: true };
    let mut n_pairs = 0;
    for maze in mazes().iter().filter(|maze| maze["kind"] == "solved") {
        for (key, options) in [("rasterized_default", RasterOptions::default()), ("rasterized_plain", plain)] {
            let ours = raster_pair(&record(maze).drawing(), options);
            for (ours, side) in ours.iter().zip(["input", "target"]) {
                let digits: Vec<String> =
                    ours.iter().map(|l| l.iter().map(|p| (*p as u8).to_string()).collect()).collect();
                assert_eq!(Value::from(digits), maze[key][side], "maze {}, {key}, {side}", maze["id"]);
                n_pairs += 1;
            }
        }
    }
    assert!(n_pairs > 80, "{n_pairs}");
}
