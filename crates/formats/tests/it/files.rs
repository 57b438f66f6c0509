//! Files of problems: what is written is read, in every format that can hold it, and refused by every one that cannot.

use std::fs::File;
use std::path::{Path, PathBuf};

use searchlens_formats::files::{
    Entry, FolderWriter, Format, Header, RawEntry, Reader, Shard, Source, Writer, header_of_lines, header_path,
};
use searchlens_formats::record::{MazeRecord, Record};
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::generators::{GENERATORS, GeneratorInfo};
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;

use crate::samples::{configs, task_of};

/// Formats of one file.
const ENDINGS: [&str; 6] = ["jsonl", "parquet", "npz", "zanj", "cat.zanj", "shard"];

fn source(task: &Task) -> Source {
    Source { task: task.config().clone(), seed: 7, split: None, forced: false, indices: [0, 9], filters: Vec::new() }
}

/// Writes problems to a file and gives its header.
pub(crate) fn write(path: &Path, entries: &[Entry], source: Option<Source>) -> Result<Header, String> {
    let format = Format::of(path).unwrap();
    let mut writer = Writer::new(format, File::create(path).unwrap(), path.parent().unwrap()).unwrap();
    for (i, entry) in entries.iter().enumerate() {
        let item = RawEntry::encode(format, i as u64 + 1, entry).map_err(|fault| fault.to_string())?;
        writer.write(item, entry.facts().as_ref()).map_err(|fault| fault.to_string())?;
    }
    writer.finish(source).map_err(|fault| fault.to_string())
}

pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, String> {
    let reader = Reader::open(path).map_err(|error| error.to_string())?;
    reader.map(|item| item.map_err(|error| error.to_string())?.decode().map_err(|fault| fault.to_string())).collect()
}

fn drawn(toml: &str, count: u64) -> (Task, Vec<Entry>) {
    let task = task_of(toml);
    let entries = (0..count).map(|i| Entry::of(&task.natural_instance(7, i).0, 1.0)).collect();
    (task, entries)
}

#[track_caller]
fn check_round_trip(ending: &str, entries: &[Entry], source: Option<Source>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(format!("problems.{ending}"));
    let written = write(&path, entries, source).unwrap();
    assert_eq!(read(&path).as_deref(), Ok(entries), "{ending}");
    let reader = Reader::open(&path).unwrap();
    let read = reader.header().cloned();
    assert_eq!(read, (ending != "jsonl").then_some(written), "{ending}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 1, "{ending}: nothing else stays behind");
}

const SQUARE: &str = "[task.maze]\ngenerator = 'dfs_percolation'\np = 0.3\nrows = 6\ncols = 6";

#[test]
fn square_mazes_come_back_from_every_format() {
    let (task, entries) = drawn(SQUARE, 600);
    for ending in ENDINGS {
        check_round_trip(ending, &entries, Some(source(&task)));
        check_round_trip(ending, &entries[..1], None);
        check_round_trip(ending, &[], Some(source(&task)));
    }
}

#[test]
fn rectangles_weights_and_loops_come_back() {
    for shape in ["rows = 1\ncols = 9", "rows = 9\ncols = 1", "rows = 4\ncols = 11", "rows = 12\ncols = 3"] {
        for rest in ["", "max_weight = 1000", "braid = 0.5\nmax_weight = 3"] {
            let (task, entries) = drawn(&format!("[task.maze]\ngenerator = 'wilson'\n{shape}\n{rest}"), 40);
            for ending in ["jsonl", "parquet", "npz", "shard"] {
                check_round_trip(ending, &entries, Some(source(&task)));
            }
        }
    }
}

/// A 2×3 maze without walls.
fn open_maze(start: Option<usize>, end: Option<usize>, solution: Option<&[usize]>) -> Entry {
    let lattice = Lattice::new(2, 3);
    let maze = Maze::new(lattice, &lattice.adjacent_pairs().collect::<Vec<_>>());
    let maze = MazeRecord { maze, start, end, solution: solution.map(<[usize]>::to_vec) };
    Entry { class: Some(maze.class()), record: Record::Maze(maze), importance: 1.0 }
}

#[test]
fn what_may_be_absent_comes_back_as_absent_and_a_detour_as_it_was() {
    let entries = [
        open_maze(None, None, None),
        open_maze(Some(0), None, None),
        open_maze(None, Some(5), None),
        open_maze(Some(0), Some(5), Some(&[0, 3, 4, 5])),
        open_maze(Some(0), Some(5), Some(&[0, 1, 0, 3, 0, 1, 2, 5])),
        open_maze(Some(4), Some(4), Some(&[4])),
        open_maze(Some(4), Some(4), Some(&[4, 5, 4])),
    ];
    for ending in ["jsonl", "parquet", "npz", "shard"] {
        check_round_trip(ending, &entries, None);
    }
}

const TORUS: &str = "[task.maze]\ngenerator = 'wilson'\nrows = 4\ncols = 4\ntorus = true";

#[test]
fn tori_come_back_from_every_format_of_ours() {
    let rests = ["max_weight = 9", "braid = 1.0", "braid = 0.5\nmax_weight = 3"];
    for (shape, rest) in ["rows = 3\ncols = 3", "rows = 3\ncols = 8", "rows = 5\ncols = 4"].into_iter().zip(rests) {
        let (task, entries) =
            drawn(&format!("[task.maze]\ngenerator = 'dfs_percolation'\np = 0.2\ntorus = true\n{shape}\n{rest}"), 300);
        for ending in ["jsonl", "parquet", "npz", "shard"] {
            check_round_trip(ending, &entries, Some(source(&task)));
        }
    }
    // A walk right round, over every seam and back: no shortest path.
    let lattice = Lattice::torus(3, 3);
    let maze = Maze::new(lattice, &lattice.adjacent_pairs().collect::<Vec<_>>());
    let path = vec![0, 2, 8, 6, 0, 6, 7, 1, 0, 3, 5, 4];
    let maze = MazeRecord { maze, start: Some(0), end: Some(4), solution: Some(path) };
    let walk = Entry { class: Some(maze.class()), record: Record::Maze(maze), importance: 1.0 };
    for ending in ["jsonl", "parquet", "npz", "shard"] {
        check_round_trip(ending, std::slice::from_ref(&walk), None);
    }
}

#[test]
fn mazes_of_several_shapes_and_importances_come_back() {
    let (_, mut entries) = drawn(SQUARE, 3);
    entries.extend(drawn(TORUS, 2).1);
    entries.push(open_maze(Some(0), Some(5), Some(&[0, 3, 4, 5])));
    entries[1].importance = 0.25;
    for ending in ["jsonl", "parquet", "npz"] {
        check_round_trip(ending, &entries, None);
    }
}

#[test]
fn graphs_of_every_family_come_back() {
    for toml in configs() {
        let (task, entries) = drawn(&toml, 20);
        for ending in ["jsonl", "parquet", "npz"] {
            check_round_trip(ending, &entries, Some(source(&task)));
        }
    }
}

#[test]
fn weighted_graphs_without_edges_or_classes_come_back() {
    let line = |line: &str| RawEntry::line(1, line.to_owned()).decode().unwrap();
    let entries = [
        line(r#"{"n":3,"directed":true,"edges":[[2,1],[1,0]],"weights":[5,9],"origin":2,"goal":{"node":0}}"#),
        line(r#"{"n":2,"directed":false,"edges":[],"origin":1,"goal":{"node":1}}"#),
        line(
            r#"{"n":2,"directed":false,"edges":[[0,1]],"labels":[[0.5],[-3.25]],"origin":0,
            "goal":{"nearest":{"in":{"interval":{"low":-4.0,"high":0.0}}}}}"#,
        ),
    ];
    for ending in ["jsonl", "parquet", "npz"] {
        check_round_trip(ending, &entries, None);
    }
}

#[track_caller]
fn check_cannot_hold(endings: &[&str], entries: &[Entry], want: &str) {
    let folder = tempfile::tempdir().unwrap();
    for ending in endings {
        let path = folder.path().join(format!("problems.{ending}"));
        let message = write(&path, entries, None).expect_err("this must be refused");
        assert!(message.contains(want) && message.contains("write ."), "{ending}: {message}");
    }
}

#[test]
fn what_a_format_cannot_hold_is_refused_with_one_that_can() {
    let (_, graphs) = drawn("[task.tree]\nnodes = 16", 1);
    check_cannot_hold(&["zanj", "cat.zanj", "shard"], &graphs, "problem 1: it is a graph, which ");
    let (_, squares) = drawn(SQUARE, 1);
    let mixed = [squares[0].clone(), graphs[0].clone()];
    check_cannot_hold(&["parquet", "npz"], &mixed, "problem 2: mazes and graphs in one file, which ");
    let balanced = [Entry { importance: 2.0, ..squares[0].clone() }];
    check_cannot_hold(&["zanj", "shard"], &balanced, "importance");
    let glued = [drawn("[task.maze]\ngenerator = 'dfs'\nrows = 4\ncols = 4", 1).1, drawn(TORUS, 1).1].concat();
    check_cannot_hold(&["shard"], &glued, "problem 2: the maze is of another shape than the first");
    let shapes = [squares[0].clone(), open_maze(Some(0), Some(0), Some(&[0]))];
    check_cannot_hold(&["shard"], &shapes, "problem 2: the maze is of another shape than the first");
    check_cannot_hold(&["zanj"], &shapes, "problem 2: it is not a square of at most 127 x 127 cells");
    check_cannot_hold(&["zanj"], &[open_maze(Some(0), None, None)], "it lacks an end or the solution");
    let (_, weighted) = drawn("[task.maze]\ngenerator = 'dfs'\nrows = 3\ncols = 3\nmax_weight = 4", 1);
    check_cannot_hold(&["zanj", "cat.zanj"], &weighted, "its passages have weights");
    let (_, large) = drawn("[task.maze]\ngenerator = 'dfs'\nrows = 128\ncols = 128", 1);
    check_cannot_hold(&["zanj", "cat.zanj"], &drawn(TORUS, 2).1, "problem 1: it is a torus");
    check_cannot_hold(&["zanj"], &large, "127");
    let message = Format::of(Path::new("x.csv")).unwrap_err().to_string();
    assert!(
        message.starts_with("x.csv: the ending .csv is not a format of problem files; available: .jsonl, "),
        "{message}"
    );
}

#[test]
fn equal_problems_give_equal_bytes() {
    let (task, entries) = drawn(SQUARE, 50);
    let folder = tempfile::tempdir().unwrap();
    for ending in ENDINGS {
        let [one, two] = ["one", "two"].map(|name| {
            let path = folder.path().join(format!("{name}.{ending}"));
            write(&path, &entries, Some(source(&task))).unwrap();
            std::fs::read(path).unwrap()
        });
        assert!(one == two, "{ending}");
    }
}

#[test]
fn a_shard_takes_16_bytes_a_maze_and_is_read_anywhere() {
    for (generator, most) in [("'dfs'", 14.2), ("'percolation'\np = 0.6", 15.2), ("'dfs_percolation'\np = 0.4", 15.2)] {
        let (task, entries) = drawn(&format!("[task.maze]\ngenerator = {generator}\nrows = 7\ncols = 7"), 1200);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mazes.shard");
        let header = write(&path, &entries, Some(source(&task))).unwrap();
        let header_bytes = serde_json::to_vec(&header).unwrap().len();
        let bytes = std::fs::metadata(&path).unwrap().len() as usize - header_bytes;
        assert!(bytes as f64 / 1200.0 < most, "{generator}: {bytes} bytes for 1200 mazes");
        let mut shard = Shard::open(File::open(&path).unwrap()).unwrap();
        assert_eq!((shard.len(), shard.is_empty(), shard.header()), (1200, false, &header));
        for index in [0, 1199, 256, 255, 700, 3, 1024] {
            assert_eq!(shard.get(index).unwrap(), entries[index as usize]);
        }
        assert!(shard.get(1200).unwrap_err().to_string().contains("does not exist: the shard has 1200 problems"));
    }
}

#[test]
fn a_folder_holds_each_problem_in_its_split() {
    let (task, entries) = drawn(SQUARE, 200);
    let folder = tempfile::tempdir().unwrap();
    let mut writer = FolderWriter::new(folder.path()).unwrap();
    for (i, entry) in entries.iter().enumerate() {
        let item = RawEntry::encode(Format::Folder, i as u64 + 1, entry).unwrap();
        writer.write(Split::of(entry.class.unwrap()), item, entry.facts().as_ref()).unwrap();
    }
    writer.finish(Some(source(&task))).unwrap();
    let read_back = read(folder.path()).unwrap();
    let of = |split| entries.iter().filter(move |entry| Split::of(entry.class.unwrap()) == split).cloned();
    assert_eq!(read_back, Split::ALL.into_iter().flat_map(of).collect::<Vec<_>>());
    for split in Split::ALL {
        let path = folder.path().join(format!("data/{split}-00000-of-00001.parquet"));
        let header = Reader::open(&path).unwrap().header().cloned().unwrap();
        assert_eq!((header.n, header.source), (of(split).count() as u64, Some(source(&task))));
    }
    let card = std::fs::read_to_string(folder.path().join("README.md")).unwrap();
    assert!(card.starts_with("---\npretty_name: dfs_percolation-6x6\n"), "{card}");
    assert!(card.contains("  - split: test\n    path: data/test-*\n"), "{card}");
}

/// What other programs have written, and the same problems as lines: made by `cargo xtask interop`.
fn golden(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/files").join(name)
}

#[test]
fn a_header_beside_lines_counts_beside_those_lines_alone() {
    let (task, entries) = drawn(SQUARE, 5);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("problems.jsonl");
    let header = write(&path, &entries, Some(source(&task))).unwrap();
    let beside = header_path(&path);
    assert_eq!(beside, folder.path().join("problems.jsonl.header.json"));
    let found = || Reader::open(&path).map(|reader| reader.header().cloned()).map_err(|error| error.to_string());
    assert_eq!(found(), Ok(None));
    let json = header_of_lines(&path, &header).unwrap();
    std::fs::write(&beside, &json).unwrap();
    assert_eq!(found(), Ok(Some(header)));
    let lines = std::fs::read_to_string(&path).unwrap();
    // As long as before, and then longer.
    for other in [lines.replacen("true", " 1  ", 1), lines.clone() + "\n"] {
        std::fs::write(&path, other).unwrap();
        assert_eq!(found(), Ok(None));
        assert_eq!(read(&path).unwrap(), entries);
    }
    for (bad, want) in [
        (json.replacen("\"searchlens\":2", "\"searchlens\":3", 1), "is of format version 3"),
        (json.replacen("lines", "limes", 1), "`problems.jsonl.header.json` does not say which lines it belongs to"),
        ("{".to_owned(), "`problems.jsonl.header.json` is not a valid header"),
    ] {
        std::fs::write(&beside, bad).unwrap();
        let message = found().unwrap_err();
        assert!(message.contains(want), "{message}");
    }
}

#[test]
fn a_header_says_the_whole_task() {
    let task = task_of("[task.maze]\ngenerator = 'dfs'\nrows = 4\ncols = 4");
    let json = serde_json::to_value(source(&task)).unwrap();
    let whole = serde_json::json!({
        "generator": "dfs", "rows": 4, "cols": 4, "torus": false, "start": "uniform", "do_forks": true,
        "randomized_stack": false, "max_weight": 1,
        "endpoints": {
            "deadend_start": false, "deadend_end": false, "endpoints_not_equal": true, "balance_lookahead": false,
            "component": "start",
        },
    });
    assert_eq!(json["task"]["maze"], whole);
    let of_kind = |kind: GeneratorInfo| format!("[task.maze]\ngenerator = '{}'\nrows = 4\ncols = 5", kind.name);
    for toml in configs().into_iter().chain(GENERATORS.map(of_kind)) {
        let task = task_of(&toml);
        let again: Source = serde_json::from_value(serde_json::to_value(source(&task)).unwrap()).unwrap();
        assert_eq!(again, source(&task), "{toml}");
    }
}

#[test]
fn files_of_version_1_are_read() {
    let lines = read(&golden("version_1/mazes.jsonl")).unwrap();
    assert_eq!(lines.len(), 10);
    for ending in ["parquet", "npz", "shard"] {
        let path = golden(&format!("version_1/mazes.{ending}"));
        assert_eq!(read(&path).as_ref(), Ok(&lines), "{ending}");
        let header = Reader::open(&path).unwrap().header().cloned().unwrap();
        assert_eq!((header.searchlens, header.n), (1, 10), "{ending}");
        assert_eq!(task_of_source(&header).max_weight(), 5, "{ending}");
    }
}

fn task_of_source(header: &Header) -> &MazeConfig {
    match header.source.as_ref().map(|source| &source.task) {
        Some(TaskConfig::Maze(maze)) => maze,
        other => panic!("{other:?}"),
    }
}

#[test]
fn files_of_other_programs_are_read() {
    for (file, lines, n) in [
        ("maze_dataset_full.zanj", "maze_dataset.jsonl", 100),
        ("maze_dataset_minimal.zanj", "maze_dataset.jsonl", 100),
        ("maze_dataset_soln_cat.zanj", "maze_dataset.jsonl", 100),
        ("pandas.parquet", "twenty.jsonl", 20),
        ("polars.parquet", "twenty.jsonl", 20),
        ("duckdb.parquet", "twenty.jsonl", 20),
    ] {
        let entries = read(&golden(file)).unwrap();
        assert_eq!(entries.len(), n, "{file}");
        assert_eq!(Ok(entries), read(&golden(lines)), "{file}");
    }
}
