//! Maze lines: what is read, what is refused, and that nothing is lost.

use proptest::prelude::*;
use searchlens_formats::draw::ascii;
use searchlens_formats::record::{MazeRecord, read_records};
use searchlens_tasks::problem::maze::{Lattice, Maze};

/// A line of 2×3 cells whose only closed passage is the one between the middle cells.
fn line_with(extra: &str) -> String {
    format!(r#"{{"grid_shape":[2,3],"connection_list":[[[1,0,1],[0,0,0]],[[1,1,0],[true,true,false]]]{extra}}}"#)
}

#[track_caller]
fn check_refused(line: &str, want: &str) {
    let error = MazeRecord::parse(7, line).expect_err("this line must be refused");
    assert_eq!(error.to_string(), format!("line 7: {want}"));
}

#[track_caller]
fn check_read(extra: &str, want: &str) {
    let record = MazeRecord::parse(1, &line_with(extra)).unwrap();
    assert_eq!(ascii(&record.drawing()), want);
}

#[test]
fn ends_and_solution_may_be_absent() {
    check_read("", "#######\n#     #\n# ### #\n#     #\n#######");
    check_read(r#","end":[0,1]"#, "#######\n#  E  #\n# ### #\n#     #\n#######");
    check_read(r#","start":[1,1],"end":null"#, "#######\n#     #\n# ### #\n#  S  #\n#######");
}

#[test]
fn with_both_ends_the_maze_is_solved() {
    check_read(r#","start":[0,0],"end":[1,1]"#, "#######\n#S    #\n#X### #\n#XXE  #\n#######");
    check_read(r#","start":[1,2],"end":[1,2]"#, "#######\n#     #\n# ### #\n#    E#\n#######");
}

#[test]
fn a_solution_is_taken_as_it_is() {
    let detour = r#","start":[0,0],"end":[1,0],"solution":[[0,0],[0,1],[0,2],[1,2],[1,1],[1,0]]"#;
    check_read(detour, "#######\n#SXXXX#\n# ###X#\n#EXXXX#\n#######");
    check_read(
        r#","start":[0,0],"end":[0,0],"solution":[[0,0]],"class":"any text""#,
        "#######\n#E    #\n# ### #\n#     #\n#######",
    );
}

#[test]
fn lines_that_are_not_objects_with_known_keys_are_refused() {
    let json_error = |line: &str| MazeRecord::parse(1, line).unwrap_err().to_string();
    for line in [
        "{",
        "[]x",
        "3",
        "null",
        "\"maze\"",
        "[[1,2],null,[[[0,0]],[[1,0]]]]",
        "{\"grid_shape\":[1,2],}",
        &line_with(r#","start":[0,0],"start":[0,1]"#),
    ] {
        assert!(json_error(line).contains("give one JSON object per line with the keys grid_shape, "), "{line}");
    }
    let typo = json_error(&line_with(r#","solutoin":[]"#));
    assert!(
        typo.starts_with("line 1: column ") && typo.contains(": unknown field `solutoin`, expected one of"),
        "{typo}"
    );
    assert!(!typo.contains(" at line "), "the parser's own line number would mislead: {typo}");
    let deep = "[".repeat(100_000);
    assert!(json_error(&format!(r#"{{"grid_shape":{deep}"#)).contains("recursion limit"));
    check_refused("{}", "`grid_shape` is missing; add it: [rows, cols]");
    check_refused(
        r#"{"grid_shape":[2,3]}"#,
        "`connection_list` is missing; add it: [[passages down by row], [passages right by row]]",
    );
}

#[test]
fn impossible_shapes_are_refused() {
    let shape = |shape: &str| format!(r#"{{"grid_shape":{shape},"connection_list":[[],[]]}}"#);
    for bad in ["[0,3]", "[3]", "[1,2,3]", "3", "[-1,3]", "[1.5,2]", "[\"2\",\"3\"]", "{}"] {
        check_refused(&shape(bad), &format!("`grid_shape` is {bad}; it must be [rows, cols], both at least 1"));
    }
    for bad in ["[1000,1001]", "[18446744073709551615,2]"] {
        check_refused(&shape(bad), &format!("`grid_shape` is {bad}; it must be of at most 1000000 cells"));
    }
}

#[test]
fn bad_connection_lists_are_refused() {
    let with = |list: &str| format!(r#"{{"grid_shape":[1,2],"connection_list":{list}}}"#);
    check_refused(&with("7"), "`connection_list` is 7; it must be a list of 2");
    check_refused(
        &with("[[[0,0]]]"),
        "`connection_list` is a list of 1; it must be a list of 2, to agree with `grid_shape`",
    );
    check_refused(
        &with("[[],[[0,0]]]"),
        "`connection_list[0]` is a list of 0; it must be a list of 1, to agree with `grid_shape`",
    );
    check_refused(
        &with("[[[0,0]],[[0]]]"),
        "`connection_list[1][0]` is a list of 1; it must be a list of 2, to agree with `grid_shape`",
    );
    check_refused(&with("[[[0,2]],[[0,0]]]"), "`connection_list[0][0][1]` is 2; it must be true, false, 1 or 0");
    check_refused(&with("[[[0,null]],[[0,0]]]"), "`connection_list[0][0][1]` is null; it must be true, false, 1 or 0");
    let leaves = "it must be false: this passage would leave the grid (on a torus, say `\"torus\": true`)";
    check_refused(&with("[[[0,1]],[[0,0]]]"), &format!("`connection_list[0][0][1]` is 1; {leaves}"));
    check_refused(&with("[[[0,0]],[[1,true]]]"), &format!("`connection_list[1][0][1]` is true; {leaves}"));
}

#[test]
fn bad_ends_and_solutions_are_refused() {
    let cell = "it must be [row, col] inside a grid of 2 rows and 3 columns";
    check_refused(&line_with(r#","start":[2,0]"#), &format!("`start` is [2,0]; {cell}"));
    check_refused(&line_with(r#","end":"E""#), &format!("`end` is \"E\"; {cell}"));
    check_refused(&line_with(r#","class":12"#), "`class` is 12; it must be a string");
    let solution = |cells: &str| line_with(&format!(r#","start":[0,0],"end":[0,2],"solution":{cells}"#));
    check_refused(&solution("[]"), "`solution` is []; it must be a list of at least one [row, col]");
    check_refused(&solution("[[0,0],[0,3]]"), &format!("`solution[1]` is [0,3]; {cell}"));
    check_refused(&solution("[[0,1],[0,2]]"), "`solution` starts at (0, 1) but `start` is (0, 0); make them agree");
    check_refused(&solution("[[0,0],[0,1]]"), "`solution` ends at (0, 1) but `end` is (0, 2); make them agree");
    let closed = "where there is no open passage; correct the step or remove the solution";
    check_refused(&solution("[[0,0],[0,2]]"), &format!("`solution[1]` steps from (0, 0) to (0, 2), {closed}"));
    check_refused(
        &solution("[[0,0],[0,1],[1,1],[1,2],[0,2]]"),
        &format!("`solution[2]` steps from (0, 1) to (1, 1), {closed}"),
    );
    check_refused(
        &line_with(r#","start":[0,0],"solution":[[0,0]]"#),
        "`solution` is given without `end`; add it, or remove the solution",
    );
    check_refused(
        r#"{"grid_shape":[1,2],"connection_list":[[[0,0]],[[0,0]]],"start":[0,0],"end":[0,1]}"#,
        "no path leads from `start` (0, 0) to `end` (0, 1); choose connected ends, or remove one",
    );
}

#[test]
fn a_long_value_is_shortened_in_the_message() {
    let long = format!(r#"{{"grid_shape":"{}","connection_list":[]}}"#, "ü".repeat(500));
    let message = MazeRecord::parse(1, &long).unwrap_err().to_string();
    assert!(message.len() < 250 && message.contains("üü..."), "{message}");
}

#[test]
fn files_are_read_line_by_line_and_errors_know_their_line() {
    let text = [line_with(""), String::new(), "{".into(), line_with("")].join("\r\n") + "\n\n";
    let read: Vec<_> = read_records(text.as_bytes()).collect();
    assert_eq!(read.iter().map(Result::is_ok).collect::<Vec<_>>(), [true, false, true]);
    assert_eq!(read[1].as_ref().unwrap_err().line, 3);
    let not_text: Vec<_> = read_records(&b"\xff\xfe\n"[..]).collect();
    assert!(not_text[0].as_ref().unwrap_err().to_string().starts_with("line 1: cannot be read as text"));
}

/// A source that never gets well.
struct Broken;

impl std::io::Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        Err(std::io::ErrorKind::IsADirectory.into())
    }
}

#[test]
fn a_source_that_fails_is_not_asked_for_ever() {
    assert_eq!(read_records(std::io::BufReader::new(Broken)).take(9).count(), 1);
}

/// Any maze, any ends that are joined, and any walk between them.
fn any_record() -> impl Strategy<Value = MazeRecord> {
    let lattice = (1usize..6, 1usize..6).prop_map(|(rows, cols)| Lattice::new(rows, cols));
    lattice.prop_flat_map(|lattice| {
        let pairs: Vec<_> = lattice.adjacent_pairs().collect();
        let open = proptest::collection::vec(any::<bool>(), pairs.len());
        let walk = proptest::collection::vec(0usize..4, 0..12);
        (open, walk, 0..lattice.n_cells(), 0u8..4).prop_map(move |(open, walk, start, kind)| {
            let passages: Vec<_> = pairs.iter().zip(open).filter(|(_, open)| *open).map(|(&pair, _)| pair).collect();
            let maze = Maze::new(lattice, &passages);
            let mut path = vec![start];
            for choice in walk {
                let here = path[path.len() - 1];
                path.extend(maze.graph.neighbours(here).nth(choice));
            }
            let end = path[path.len() - 1];
            match kind {
                0 => MazeRecord { maze, start: None, end: None, solution: None },
                1 => MazeRecord { maze, start: Some(start), end: None, solution: None },
                2 => MazeRecord { maze, start: None, end: Some(end), solution: None },
                _ => MazeRecord { maze, start: Some(start), end: Some(end), solution: Some(path) },
            }
        })
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(record in any_record()) {
        let line = record.to_line(record.class());
        prop_assert_eq!(MazeRecord::parse(1, &line).unwrap(), record);
    }

    #[test]
    fn no_line_is_too_strange_to_be_refused(line in "\\PC*") {
        prop_assert!(MazeRecord::parse(1, &line).is_err());
    }

    #[test]
    fn a_damaged_line_is_read_or_refused_but_never_a_panic(
        record in any_record(), at in any::<prop::sample::Index>(), byte in 32u8..127
    ) {
        let mut line = record.to_line(record.class()).into_bytes();
        let at = at.index(line.len());
        line[at] = byte;
        if let Ok(read) = MazeRecord::parse(1, std::str::from_utf8(&line).unwrap()) {
            prop_assert!(read.maze.lattice.n_cells() > 0);
        }
    }
}

#[test]
fn weights_and_importance_are_written_and_read() {
    let lattice = Lattice::new(2, 2);
    let mut maze = Maze::new(lattice, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
    maze.graph = maze.graph.with_weights(|a, b| (1 + 2 * a + b) as u32);
    let line = r#"{"grid_shape":[2,2],"connection_list":[[[1,1],[0,0]],[[1,0],[1,0]]],"weights":WEIGHTS,"start":[0,0],"end":[1,1]}"#;
    let read = |weights: &str| MazeRecord::parse(1, &line.replace("WEIGHTS", weights));
    let record = read("[[[3,6],[0,0]],[[2,0],[8,0]]]").unwrap();
    assert_eq!(record.maze, maze);
    // 0-1-3 costs 2 + 6, 0-2-3 costs 3 + 8.
    assert_eq!(record.solution, Some(vec![0, 1, 3]));
    let written = record.to_line_of_importance(record.class(), 0.25);
    assert!(written.ends_with("\"importance\":0.25}"), "{written}");
    assert_eq!(MazeRecord::parse(1, &written).unwrap(), record);
    assert!(!record.to_line(record.class()).contains("importance"));
    for (weights, part) in [
        ("[[[3,6],[0,0]],[[0,0],[8,0]]]", "`weights[1][0][0]` is 0; it must be a whole number from 1 to 1000"),
        ("[[[3,6],[5,0]],[[2,0],[8,0]]]", "`weights[0][1][0]` is 5; it must be 0: there is no open passage"),
        ("[[[3,-6],[0,0]],[[2,0],[8,0]]]", "`weights[0][0][1]` is -6"),
        ("[[[3,6],[0,0]],[[2,0]]]", "`weights[1]` is a list of 1"),
        ("7", "`weights` is 7"),
    ] {
        let error = read(weights).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
}
