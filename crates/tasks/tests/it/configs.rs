//! Tables of config files: what is accepted, and what the errors say.

use searchlens_tasks::band::Band;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::mazes::config::{MazeConfig, RawMazeConfig};
use searchlens_tasks::mazes::endpoints::{Component, EndpointRules};
use searchlens_tasks::mazes::error::MazeError;
use searchlens_tasks::mazes::generators::options::{OptionTable, OptionValue};
use searchlens_tasks::mazes::generators::{Amount, Dfs, GENERATORS, Generator, Prim, Probability, Start};
use serde::{Deserialize, Serialize};

use crate::samples::{raw, with};

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
    check_toml("generator = 'dfs'\nrows = 5\ncols = 5", Ok(Generator::dfs()));
    check_toml(
        "generator = 'dfs'\nrows = 2\ncols = 9\nstart = 'maze-dataset'",
        Ok(Generator::Dfs(Dfs { start: Start::MazeDataset, ..Dfs::UNLIMITED })),
    );
    check_toml("generator = 'dfs'\nrows = 1\ncols = 9\nstart = 'uniform'", Ok(Generator::dfs()));
    check_toml("generator = 'wilson'\nrows = 1\ncols = 2", Ok(Generator::Wilson));
    check_toml(
        "generator = 'dfs'\nrows = 6\ncols = 5\nstart_coord = [2, 3]\naccessible_cells = 20\nmax_tree_depth = 0.5\n\
         do_forks = false\nrandomized_stack = true",
        Ok(Generator::Dfs(Dfs {
            start: Start::Cell { row: 2, col: 3 },
            accessible_cells: Some(Amount::Count(20)),
            max_tree_depth: Some(Amount::Share(Probability::HALF)),
            do_forks: false,
            randomized_stack: true,
        })),
    );
    let cells = Some(Amount::Share(Probability::HALF));
    check_toml(
        "generator = 'prim'\nrows = 4\ncols = 4\naccessible_cells = 0.5",
        Ok(Generator::Prim(Prim { accessible_cells: cells, ..Prim::default() })),
    );
    let p = Probability::new(0.1).unwrap();
    check_toml(
        "generator = 'dfs_percolation'\nrows = 4\ncols = 4\np = 0.1",
        Ok(Generator::DfsPercolation { p, dfs: Dfs::UNLIMITED }),
    );
    check_toml(
        "generator = 'percolation'\nrows = 4\ncols = 4\np = 1\nbraid = 0.5\nmax_weight = 9",
        Ok(Generator::Percolation { p: Probability::new(1.0).unwrap(), start: Start::Uniform }),
    );
    for kind in &GENERATORS {
        let table = format!("generator = '{}'\nrows = 4\ncols = 4", kind.name);
        check_toml(&table, Ok(Generator::read(kind.name, &OptionTable::default()).unwrap()));
    }
}

#[test]
fn rules_for_endpoints_are_read_and_written() {
    let table = "[task.maze]\ngenerator = 'dfs'\nrows = 5\ncols = 5\n[task.maze.endpoints]\nallowed_start = [[0, 0], [4, 4]]\n\
                 deadend_end = true\npath_length = 9\ndistance = '2..'\nlookahead = '1..4'\nbalance_lookahead = true\n\
                 component = 'largest'";
    let file: File = toml::from_str(table).unwrap();
    let TaskConfig::Maze(maze) = &file.task else { panic!("a maze") };
    let want = EndpointRules {
        allowed_start: Some(vec![[0, 0], [4, 4]]),
        deadend_end: true,
        path_length: Some(Band::exactly(9)),
        distance: Some(Band::at_least(2)),
        lookahead: Some(Band { min: 1, max: Some(4) }),
        balance_lookahead: true,
        component: Component::Largest,
        ..EndpointRules::default()
    };
    assert_eq!(maze.endpoints(), &want);
    assert_eq!(toml::from_str::<File>(&toml::to_string(&file).unwrap()).unwrap(), file);
    assert_eq!(serde_json::from_str::<File>(&serde_json::to_string(&file).unwrap()).unwrap(), file);
}

#[track_caller]
fn check_rule_refused(rules: EndpointRules, want: &str) {
    check_refused(RawMazeConfig { endpoints: rules, ..raw("wilson", 3, 3) }, want);
}

#[test]
fn rules_that_no_maze_can_meet_are_refused() {
    let rules = EndpointRules::default;
    check_rule_refused(
        EndpointRules { allowed_end: Some(vec![[1, 3]]), ..rules() },
        "allowed_end = [1, 3]: there is no such cell in a 3x3 maze; rows and columns count from 0",
    );
    check_rule_refused(
        EndpointRules { allowed_start: Some(Vec::new()), ..rules() },
        "allowed_start = []: no cell is allowed; name one, or leave the rule out",
    );
    check_rule_refused(
        EndpointRules { path_length: Some(Band::at_least(10)), ..rules() },
        "path_length = 10..: the maze has fewer cells; ask for a shorter path",
    );
    check_rule_refused(
        EndpointRules { path_length: Some(Band::exactly(1)), ..rules() },
        "path_length = 1: a path between two different cells has at least two cells",
    );
    check_rule_refused(
        EndpointRules { distance: Some(Band::exactly(5)), ..rules() },
        "distance = 5: no two cells are so far apart; ask for a smaller distance",
    );
    check_rule_refused(
        EndpointRules { balance_lookahead: true, ..rules() },
        "balance_lookahead = true: it needs a range to balance; give `lookahead` one with two ends, such as \"1..8\"",
    );
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
        "rows = 1, cols = 1: a maze of one cell has no two different endpoints; make rows or cols at least 2, or set \
         endpoints_not_equal to false",
    );
    check_refused(
        raw("dfs", usize::MAX, 2),
        &format!("rows = {}, cols = 2: more than 1000000 cells; make the maze smaller", usize::MAX),
    );
    check_refused(
        raw("wlison", 5, 5),
        "generator = \"wlison\": there is no such generator (did you mean `wilson`?); available: dfs, prim, wilson, \
         aldous_broder, kruskal, recursive_division, percolation, dfs_percolation, growing_tree, hunt_and_kill, \
         sidewinder, binary_tree",
    );
    check_refused(
        with("wilson", 5, 5, &[("start", "uniform")]),
        "start = \"uniform\": the generator `wilson` takes no such option; remove it (it takes none)",
    );
    check_refused(
        with("percolation", 5, 5, &[("do_forks", "false")]),
        "do_forks = false: the generator `percolation` takes no such option; remove it (it takes p, start)",
    );
    check_refused(
        with("dfs", 5, 5, &[("start", "maze_dataset")]),
        "start = \"maze_dataset\": it must be `uniform`, `maze-dataset` or a cell [row, col]",
    );
    check_refused(
        with("dfs", 5, 5, &[("start", "5,0")]),
        "start = [5, 0]: there is no such cell in a 5x5 maze; rows and columns count from 0",
    );
    for (option, value, form) in [
        ("p", "1.5", "a probability from 0 to 1"),
        ("p", "nan", "a probability from 0 to 1"),
        ("p", "-0.1", "a probability from 0 to 1"),
        ("p", "often", "a probability from 0 to 1"),
        ("accessible_cells", "-3", "a number of cells, or a share of all cells from 0.0 to 1.0"),
        ("max_tree_depth", "1.5", "a whole number, or a share of rows + cols from 0.0 to 1.0"),
    ] {
        let value_shown = OptionValue::typed(value);
        check_refused(
            with("dfs_percolation", 5, 5, &[(option, value)]),
            &format!("{option} = {value_shown}: it must be {form}"),
        );
    }
    check_refused(
        with("dfs", 5, 5, &[("accessible_cells", "0.05")]),
        "accessible_cells = 1: that leaves a maze of one cell, without two different endpoints; make it at least 2, or set \
         endpoints_not_equal to false",
    );
    check_refused(
        raw("aldous_broder", 2, 20_000),
        "rows = 2, cols = 20000: the walks of `aldous_broder` take too long if a side is longer than 10000; make the \
         maze shorter, or use another generator",
    );
    check_refused(
        with("dfs", 1, 5, &[("start", "maze-dataset")]),
        "start = \"maze-dataset\": such a start never lies in the last row or column, and a 1x5 maze has no other cell; \
         leave `start` out, or give the maze two rows and two columns",
    );
}

#[test]
fn errors_can_be_matched_on() {
    assert_eq!(MazeConfig::new(Generator::Wilson, 0, 1), Err(MazeError::ZeroSide { field: "rows" }));
}
