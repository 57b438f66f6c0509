//! Error messages, with exit code 2 for bad input and 1 for failures.

use expect_test::{Expect, expect};

use crate::run::{searchlens, searchlens_on};

/// Checks the message of a command that must exit with code 2.
#[track_caller]
fn check_bad(arguments: &str, want: Expect) {
    want.assert_eq(&searchlens(arguments).bad(2));
}

#[test]
fn arguments() {
    check_bad(
        "generate",
        expect![[r#"
        error: the following required arguments were not provided:
          --count <N>
          <--task <FILE.toml>|--maze <GENERATOR>>

        Usage: searchlens generate --count <N> <--task <FILE.toml>|--maze <GENERATOR>>

        For more information, try '--help'.
    "#]],
    );
    check_bad(
        "genrate",
        expect![[r#"
        error: unrecognized subcommand 'genrate'

          tip: a similar subcommand exists: 'generate'

        Usage: searchlens [OPTIONS] <COMMAND>

        For more information, try '--help'.
    "#]],
    );
    check_bad(
        "generate --maze dfs --row 3",
        expect![[r#"
        error: unexpected argument '--row' found

          tip: a similar argument exists: '--rows'

        Usage: searchlens generate --count <N> --rows <R> <--task <FILE.toml>|--maze <GENERATOR>>

        For more information, try '--help'.
    "#]],
    );
    check_bad(
        "generate --maze dfs --rows 3 --count 1",
        expect![[r#"
        error: the following required arguments were not provided:
          --cols <C>

        Usage: searchlens generate --count <N> --rows <R> --cols <C> <--task <FILE.toml>|--maze <GENERATOR>>

        For more information, try '--help'.
    "#]],
    );
    check_bad(
        "show --format ascci",
        expect![[r#"
        error: invalid value 'ascci' for '--format <FORMAT>'
          [possible values: ascii, unicode, svg, pixels, raster, none]

          tip: a similar value exists: 'ascii'

        For more information, try '--help'.
    "#]],
    );
    check_bad(
        "baselines --maze dfs --rows 3 --cols 3 --count 0",
        expect![[r#"
        error: invalid value '0' for '--count <N>': 0 is not in 1..18446744073709551615

        For more information, try '--help'.
    "#]],
    );
    for (arguments, wanted) in [
        ("sites --threads -1", "expected a whole number of at least 1"),
        ("sites --seed -1", "expected a whole number from 0 to 18446744073709551615"),
        ("demo --minutes -1", "expected a number of minutes above 0"),
        ("eval run --count -1", "-1 is not in 1..=10000000"),
    ] {
        let message = searchlens(arguments).bad(2);
        assert!(message.contains(wanted), "{arguments}: {message}");
    }
    check_bad(
        "sites --threads 0",
        expect![[r#"
            error: invalid value '0' for '--threads <N>': expected a whole number of at least 1; the default is one thread per core

            For more information, try '--help'.
        "#]],
    );
}

#[test]
fn mazes() {
    check_bad(
        "generate --maze dsf --rows 3 --cols 3 --count 1",
        expect![[r#"
        error: generator = "dsf": there is no such generator (did you mean `dfs`?); available: dfs, prim, wilson, aldous_broder, kruskal, recursive_division, percolation, dfs_percolation, growing_tree, hunt_and_kill, sidewinder, binary_tree
    "#]],
    );
    check_bad(
        "generate --maze dfs --rows 0 --cols 3 --count 1",
        expect![[r#"
        error: rows = 0: a maze needs at least one row and one column; give rows a value of 1 or more
    "#]],
    );
    check_bad(
        "generate --maze dfs --rows 1 --cols 5 --start maze-dataset --count 1",
        expect![[r#"
        error: start = "maze-dataset": such a start never lies in the last row or column, and a 1x5 maze has no other cell; leave `start` out, or give the maze two rows and two columns
    "#]],
    );
    check_bad(
        "generate --maze wilson --rows 3 --cols 3 --start uniform --count 1",
        expect![[r#"
        error: start = "uniform": the generator `wilson` takes no such option; remove it (it takes none)
    "#]],
    );
    check_bad(
        "generate --maze dfs --rows 2 --cols 2 --split test --count 1",
        expect![[r#"
        error: split = "test": in 2000 draws from dfs-2x2 no problem fell into it (1 symmetry class(es) seen); make the problems larger, or use another split
    "#]],
    );
    check_bad(
        "generate --maze dfs --rows 3 --cols 3 --split tests --count 1",
        expect![[r#"
        error: split `tests` does not exist (did you mean `test`?); it is train, validation or test
    "#]],
    );
    check_bad(
        "count --maze dfs --rows 7 --cols 7",
        expect![[r#"
            error: rows = 7, cols = 7: mazes of the generator `dfs` are counted by listing them, which ends at 25 cells (12 on a torus); make the maze smaller, or count `wilson`, for which there is a formula
        "#]],
    );
}

#[test]
fn counts_and_filters() {
    check_bad(
        "count --maze dfs --rows 3 --cols 3 --problems --path-length 4..",
        expect![[r#"
        error: path_length: mazes are counted unweighted, and problems with any two different cells as endpoints; leave path_length out
    "#]],
    );
    check_bad(
        "count --maze dfs --rows 3 --cols 3 --max-weight 5",
        expect![[r#"
        error: max_weight: mazes are counted unweighted, and problems with any two different cells as endpoints; leave max_weight out
    "#]],
    );
    check_bad(
        "generate --maze gen_dfs --rows 3 --cols 3 --count 1",
        expect![[r#"
        error: generator = "gen_dfs": there is no such generator (did you mean `dfs`?); available: dfs, prim, wilson, aldous_broder, kruskal, recursive_division, percolation, dfs_percolation, growing_tree, hunt_and_kill, sidewinder, binary_tree
    "#]],
    );
    check_bad(
        "generate --maze dfs --rows 3 --cols 3 --count -1",
        expect![[r#"
            error: invalid value '-1' for '--count <N>': expected a whole number of at least 0

            For more information, try '--help'.
        "#]],
    );
    check_bad(
        "generate --maze dfs --rows 3 --cols 3 --count 1 --filter path_lenght=8",
        expect![[r#"
            error: invalid value 'path_lenght=8' for '--filter <NAME=VALUE>': unknown filter `path_lenght` (did you mean `path_length`?); known: path_length, start_end_distance, cut_percentile_shortest, truncate_count, remove_duplicates, lookahead, balance_lookahead

            For more information, try '--help'.
        "#]],
    );
    let none = searchlens("generate --maze dfs --rows 3 --cols 3 --count 5 --filter lookahead=9..");
    assert_eq!((none.code, none.stdout.as_str()), (0, ""));
    expect![[r#"
        note: the filters removed all 5 problems; relax them or draw more problems
    "#]]
    .assert_eq(&none.stderr);
}

#[test]
fn files() {
    check_bad(
        "show absent.jsonl",
        expect![[r#"
            error: absent.jsonl: cannot be read: No such file or directory (os error 2); name a file that exists and may be read
        "#]],
    );
    check_bad(
        "generate --maze dfs --rows 3 --cols 3 --count 1 --out problems.csv",
        expect![[r#"
        error: problems.csv: the ending .csv is not a format of problem files; available: .jsonl, .parquet, .npz, .cat.zanj, .zanj, .shard, a folder as DIR/, and - for JSON lines
    "#]],
    );
    check_bad(
        "generate --task absent.toml --count 1",
        expect![[r#"
            error: absent.toml: cannot be read: No such file or directory (os error 2); check the path and its permissions
        "#]],
    );
}

#[test]
fn task_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("task.toml");
    let check = |text: &str, want: Expect| {
        std::fs::write(&path, text).unwrap();
        let message = searchlens(&format!("generate --count 1 --task {}", path.display())).bad(2);
        want.assert_eq(&message.replace(&folder.path().display().to_string(), "FOLDER"));
    };
    check(
        "[task.maze]\ngenerator = \"dfs\"\nrows = 3\ncolumns = 3\n",
        expect![[r#"
        error: FOLDER/task.toml: TOML parse error at line 4, column 1
          |
        4 | columns = 3
          | ^^^^^^^
        unknown field `columns`; there are: generator, rows, cols, torus, braid, max_weight, endpoints, start, accessible_cells, max_tree_depth, do_forks, randomized_stack, p, newest
    "#]],
    );
    check(
        "[tusk.maze]\ngenerator = \"dfs\"\nrows = 3\ncols = 3\n",
        expect![[r#"
        error: FOLDER/task.toml: TOML parse error at line 1, column 2
          |
        1 | [tusk.maze]
          |  ^^^^
        unknown field `tusk`, expected one of `task`, `tokenizer`, `model`, `train`, `eval`
    "#]],
    );
    check(
        "[task.maze]\ngenerator = \"willson\"\nrows = 3\ncols = 3\n",
        expect![[r#"
            error: FOLDER/task.toml: TOML parse error at line 1, column 1
              |
            1 | [task.maze]
              | ^^^^^^^^^^^
            generator = "willson": there is no such generator (did you mean `wilson`?); available: dfs, prim, wilson, aldous_broder, kruskal, recursive_division, percolation, dfs_percolation, growing_tree, hunt_and_kill, sidewinder, binary_tree
        "#]],
    );
}

#[test]
fn unknown_names_in_task_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("task.toml");
    let check = |text: &str, want: &str| {
        std::fs::write(&path, text).unwrap();
        let message = searchlens(&format!("generate --count 1 --task {}", path.display())).bad(2);
        assert!(message.contains(want), "{message}");
    };
    let maze = "generator = \"dfs\"\nrows = 3\ncols = 3\n";
    check(&format!("[task.maz]\n{maze}"), "unknown field `maz` (did you mean `maze`");
    check(&format!("[task.maze]\n{maze}endpoints.allowed_strat = [[0, 0]]"), "(did you mean `allowed_start`");
    let star = "[task.star]\narms = 2\nlength = 3\n";
    check(&format!("[task.maze]\n{maze}{star}"), "two tasks, `maze` and `star`; keep one");
    check("[task]\n", "no task; give one, such as [task.maze]");
}

#[test]
fn lines() {
    let check = |arguments: &str, input: &str, want: Expect| want.assert_eq(&searchlens_on(arguments, input).bad(2));
    let good = r#"{"grid_shape":[1,2],"connection_list":[[[0,0]],[[1,0]]]}"#;
    check(
        "show",
        "no JSON",
        expect![[r#"
            error: standard input: line 1: column 2: expected ident; give one JSON object per line with the keys grid_shape, torus, connection_list, start, end, solution, class, weights, importance
        "#]],
    );
    check(
        "show",
        r#"{"grid_shape":[1,2],"connection_list":[[[0,0]],[[1,1]]]}"#,
        expect![[r#"
        error: standard input: line 1: `connection_list[1][0][1]` is 1; it must be false: this passage would leave the grid (on a torus, say `"torus": true`)
    "#]],
    );
    check(
        "tokenize --tokenizer edgs",
        good,
        expect![[r#"
        error: unknown tokenizer `edgs` (did you mean `edges`?); known: AOTP_UT_rasterized, AOTP_UT_uniform, AOTP_CTT_indexed, edges, walls, cells, row-col, saparov, brinkmann, bachmann, labelled, hops, countdown, sliding, some with choices behind a `+`, and maze-dataset's `MazeTokenizerModular-..`
    "#]],
    );
    check(
        "tokenize --tokenizer edges --max-grid-size 3",
        good,
        expect![[r#"
        error: standard input: line 1: tokenizer.max_grid_size is for the legacy modes; `edges` has one vocabulary per shape: remove it
    "#]],
    );
    check(
        "tokenize --tokenizer AOTP_UT_uniform --max-grid-size 1",
        good,
        expect![[r#"
        error: standard input: line 1: tokenizer.max_grid_size is 1, too small for mazes of 1 x 2 cells; make it 2 or more
    "#]],
    );
}

#[test]
fn lines_before_a_bad_line_are_written() {
    let good = r#"{"grid_shape":[1,2],"connection_list":[[[0,0]],[[1,0]]]}"#;
    let ran = searchlens_on("tokenize --tokenizer edges", &format!("{good}\n{good}\n{{}}\n{good}"));
    assert_eq!((ran.code, ran.stdout.lines().count()), (2, 2));
    assert!(ran.stderr.starts_with("error: standard input: line 3: `grid_shape` is missing"), "{}", ran.stderr);
}

#[cfg(target_os = "linux")]
#[test]
fn unwritable_paths() {
    let problems = "generate --maze dfs --rows 3 --cols 3 --count 1";
    let ran = searchlens(&format!("{problems} --out /nowhere/at/all.jsonl"));
    expect![[r#"
        error: /nowhere/at/all.jsonl: the folder /nowhere/at does not exist; create it or choose another path
    "#]]
    .assert_eq(&ran.bad(2));
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = crate::run::command(problems).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    expect![[r#"
        error: standard output: cannot be written: No space left on device (os error 28); choose another path or free some space
    "#]].assert_eq(&String::from_utf8(output.stderr).unwrap());
}

#[test]
fn a_failed_command_leaves_the_old_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("problems.jsonl");
    std::fs::write(&path, "old").unwrap();
    searchlens(&format!("generate --maze dfs --rows 2 --cols 2 --split test --count 1 --out {}", path.display()))
        .bad(2);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}
