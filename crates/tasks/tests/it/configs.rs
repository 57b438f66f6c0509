//! Tables of config files: what is accepted, and what the errors say.

use searchlens_tasks::config::{MazeConfig, RawMazeConfig, TaskConfig, TaskError};
use searchlens_tasks::generators::{Generator, Start};
use serde::{Deserialize, Serialize};

use crate::sampling::raw;

/// As a task stands in a training config.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    task: TaskConfig,
}

#[track_caller]
fn check_refused(raw: RawMazeConfig, want: &str) {
    assert_eq!(MazeConfig::try_from(raw).unwrap_err().to_string(), want);
}

#[track_caller]
fn check_toml(body: &str, want: Result<Generator, &str>) {
    let read = toml::from_str::<File>(&format!("[task.maze]\n{body}"));
    match (read, want) {
        (Ok(file), Ok(generator)) => {
            let TaskConfig::Maze(maze) = &file.task else { panic!("{:?} is no maze", file.task) };
            assert_eq!(maze.generator(), generator);
            assert_eq!(
                toml::from_str::<File>(&toml::to_string(&file).unwrap()).unwrap(),
                file,
                "it must survive writing"
            );
        }
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
        (read, want) => panic!("{read:?}, wanted {want:?}"),
    }
}

#[test]
fn tables_are_read_and_written() {
    check_toml("generator = 'dfs'\nrows = 5\ncols = 5", Ok(Generator::Dfs { start: Start::Uniform }));
    check_toml(
        "generator = 'dfs'\nrows = 2\ncols = 9\nstart = 'maze-dataset'",
        Ok(Generator::Dfs { start: Start::MazeDataset }),
    );
    check_toml(
        "generator = 'dfs'\nrows = 1\ncols = 9\nstart = 'uniform'",
        Ok(Generator::Dfs { start: Start::Uniform }),
    );
    check_toml("generator = 'wilson'\nrows = 1\ncols = 2", Ok(Generator::Wilson));
}

#[test]
fn impossible_tables_are_refused() {
    check_toml("generator = 'dfs'\nrows = 5\ncols = 5\nrosw = 3", Err("unknown field `rosw`"));
    check_toml("generator = 'dfs'\nrows = -5\ncols = 5", Err("invalid value: integer `-5`"));
    check_toml("generator = 'dfs'\nrows = 5", Err("missing field `cols`"));
    check_toml("generator = 'wilson'\nrows = 5\ncols = 5\nstart = 'uniform'", Err("takes no such option"));
}

#[test]
fn errors_name_field_value_and_remedy() {
    check_refused(
        raw("dfs", 0, 5),
        "rows = 0: a maze needs at least one row and one column; give rows a value of 1 or more",
    );
    check_refused(
        raw("wilson", 5, 0),
        "cols = 0: a maze needs at least one row and one column; give cols a value of 1 or more",
    );
    check_refused(
        raw("dfs", 1, 1),
        "rows = 1, cols = 1: a maze of one cell has no two different endpoints; make rows or cols at least 2",
    );
    check_refused(
        raw("dfs", usize::MAX, 2),
        &format!("rows = {}, cols = 2: more than 1000000 cells; make the maze smaller", usize::MAX),
    );
    check_refused(
        raw("wlison", 5, 5),
        "generator = \"wlison\": there is no such generator (did you mean `wilson`?); available: dfs, wilson",
    );
    check_refused(raw("kruskal", 5, 5), "generator = \"kruskal\": there is no such generator; available: dfs, wilson");
    check_refused(
        RawMazeConfig { start: Some("uniform".into()), ..raw("wilson", 5, 5) },
        "start = \"uniform\": the generator `wilson` takes no such option; remove it",
    );
    check_refused(
        RawMazeConfig { start: Some("maze_dataset".into()), ..raw("dfs", 5, 5) },
        "start = \"maze_dataset\": there is no such start (did you mean `maze-dataset`?); available: uniform, maze-dataset",
    );
    check_refused(
        RawMazeConfig { start: Some("maze-dataset".into()), ..raw("dfs", 1, 5) },
        "start = \"maze-dataset\": it never lies in the last row or column, and a 1x5 maze has no other cell; \
         leave `start` out or give the maze two rows and two columns",
    );
}

#[test]
fn errors_can_be_matched_on() {
    assert_eq!(MazeConfig::new(Generator::Wilson, 0, 1), Err(TaskError::ZeroSide { field: "rows" }));
}
