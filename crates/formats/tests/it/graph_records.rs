//! Lines of graphs: what is read, what is refused, and that nothing is lost.

use proptest::prelude::*;
use searchlens_formats::graph_draw::{svg, text};
use searchlens_formats::record::GraphRecord;
use searchlens_formats::record::Record;
use searchlens_tasks::splits::Split;

use crate::samples::{configs, task_of};

/// A line of a square 0 - 1 - 2 - 3 - 0 with a tail 2 - 4.
fn line_with(rest: &str) -> String {
    format!(r#"{{"n":5,"directed":false,"edges":[[0,1],[1,2],[2,3],[3,0],[4,2]]{rest}}}"#)
}

#[track_caller]
fn check_read(rest: &str, solution: &[usize]) {
    let record = GraphRecord::parse(1, &line_with(rest)).unwrap();
    assert_eq!(record.solution, solution);
}

#[track_caller]
fn check_refused(line: &str, want: &str) {
    let error = GraphRecord::parse(7, line).expect_err("this line must be refused").to_string();
    assert!(error.starts_with("line 7: ") && error.contains(want), "{error}");
}

#[test]
fn problems_without_a_solution_are_solved() {
    check_read(r#","origin":0,"goal":{"node":4}"#, &[0, 1, 2, 4]);
    check_read(
        r#","origin":0,"goal":{"node":4},"solution":[0,3,2,1,2,4],"class":"00ff00ff00ff00ff""#,
        &[0, 3, 2, 1, 2, 4],
    );
    check_read(r#","origin":0,"goal":{"node":2},"weights":[1,9,1,1,1]"#, &[0, 3, 2]);
    let labels = r#","labels":[[0],[1],[0],[0],[2]],"origin":0"#;
    let nearest = |set: &str| format!(r#"{labels},"goal":{{"nearest":{set}}}"#);
    check_read(&nearest(r#"{"in":{"interval":{"low":1,"high":2}}}"#), &[0, 1]);
    let avoiding = r#"{"in":{"half_space":{"normal":[1],"offset":1.5}},"avoid":{"interval":{"low":1,"high":1}}}"#;
    check_read(&nearest(avoiding), &[0, 3, 2, 4]);
}

#[test]
fn every_family_survives_its_line() {
    for toml in configs() {
        let task = task_of(&toml);
        for index in 0..10 {
            let instance = task.natural_instance(4, index).0;
            let line = Record::line_of(&instance);
            let Ok(Record::Graph(record)) = Record::parse(1, &line) else { panic!("{toml}: {line}") };
            assert_eq!(record, GraphRecord::of(&instance), "{toml}");
            assert_eq!(record.to_line(instance.class), line);
            assert!(text(&record, true).contains("path: ") && svg(&record, true).ends_with("</svg>"));
        }
    }
}

/// The line says its path, and can be read though the goal has no answer.
#[test]
fn problems_that_cannot_avoid_survive_their_line() {
    let task = task_of(
        "[task.labelled]
        binning = { bins = 20 }
        structure = { tree = { nodes = 12 } }
        labels = { uniform = { low = [0.0], high = [1.0] } }
        target = { interval = { low = 0.3, high = 0.5 } }
        avoid = { interval = { low = 0.6, high = 0.9 } }",
    );
    for index in 0..30 {
        let instance = task.unavoidable_instance(5, Split::Train, index).unwrap();
        let line = Record::line_of(&instance);
        assert!(matches!(Record::parse(1, &line), Ok(Record::Graph(record)) if record.solution == instance.path));
    }
}

#[test]
fn graphs_and_mazes_are_told_apart() {
    let maze = r#"{"grid_shape":[1,2],"connection_list":[[[0,0]],[[1,0]]]}"#;
    assert!(matches!(Record::parse(1, maze), Ok(Record::Maze(_))));
    assert!(matches!(Record::parse(1, &line_with(r#","origin":0,"goal":{"node":4}"#)), Ok(Record::Graph(_))));
    let nan = line_with(r#","labels":[[0],[NaN],[0],[0],[0]],"origin":0,"goal":{"node":4}"#);
    let error = Record::parse(3, &nan).unwrap_err().to_string();
    assert!(error.contains(": `labels`: NaN is not a number in JSON") && error.contains("keys n, directed"), "{error}");
    assert!(Record::parse(3, "[").unwrap_err().to_string().starts_with("line 3: "));
}

#[test]
fn hostile_lines_are_refused() {
    let goal = r#","origin":0,"goal":{"node":4}"#;
    let with = |n: &str, edges: &str| format!(r#"{{"n":{n},"directed":true,"edges":{edges}{goal}}}"#);
    for n in ["0", "-1", "1.5", "1e300", "100001", "18446744073709551615", "\"5\"", "null"] {
        check_refused(&with(n, "[]"), if n == "null" { "`n` is missing" } else { "a whole number from 1 to 100000" });
    }
    check_refused(&with("5", "[[0,5]]"), "`edges[0][1]` is 5; it must be a node: a whole number from 0 to 4");
    check_refused(&with("5", "[[0,-1]]"), "`edges[0][1]` is -1");
    check_refused(&with("5", "[[3,3]]"), "`edges[0]` is [3,3]; it must be between two different nodes");
    check_refused(&with("5", "[[0,1],[1,0],[0,1]]"), "`edges` has 0 - 1 twice");
    check_refused(&line_with(&format!(r#"{goal},"edges":[]"#)), "duplicate field");
    check_refused(&with("5", "[[0,1,2]]"), "`edges[0]` is [0,1,2]; it must be [from, to]");
    check_refused(&with("5", "7"), "`edges` is 7");
    check_refused(&with("5", "[[1,0]]"), "no path leads from `origin` 0");
    check_refused(&line_with(r#","origin":5,"goal":{"node":4}"#), "`origin` is 5");
    check_refused(&line_with(r#","origin":0,"goal":{"node":9}"#), "a node below 5");
    check_refused(&line_with(r#","origin":0,"goal":{"nod":4}"#), "`goal` is {\"nod\":4}");
    check_refused(&line_with(r#","origin":0"#), "`goal` is missing");
    check_refused(&line_with(r#","origin":0,"goal":{"hops":18446744073709551615}"#), "it must be from 1 to 4");
    check_refused(&line_with(r#","origin":0,"goal":{"hops":2}"#), "node 0 does not have exactly one successor");
    check_refused(&line_with(&format!(r#"{goal},"weights":[1,1]"#)), "a list of 5, one per edge");
    check_refused(&line_with(&format!(r#"{goal},"weights":[1,1,1,1,0]"#)), "`weights[4]` is 0");
    check_refused(&line_with(&format!(r#"{goal},"weights":[1,1,1,1,4294967295]"#)), "`weights[4]`");
    check_refused(&line_with(&format!(r#"{goal},"labels":[[1]]"#)), "a list of 5 labels");
    check_refused(&line_with(&format!(r#"{goal},"labels":[[1],[1],[1],[1,2],[1]]"#)), "`labels[3]`");
    check_refused(&line_with(&format!(r#"{goal},"labels":[[],[],[],[],[]]"#)), "`labels[0]`");
    check_refused(&line_with(&format!(r#"{goal},"labels":[[1],[1],[1],[1],[1e999]]"#)), "number out of range");
    let set = |set: &str| format!(r#","labels":[[0],[1],[0],[0],[2]],"origin":0,"goal":{{"nearest":{{"in":{set}}}}}"#);
    check_refused(&line_with(&set(r#"{"interval":{"low":5,"high":9}}"#)), "no path leads");
    check_refused(&line_with(&set(r#"{"interval":{"low":2,"high":1}}"#)), "`goal.nearest.in`: interval is empty");
    check_refused(&line_with(&set(r#"{"ball":{"centre":[0,0],"radius":1}}"#)), "make them agree");
    let deep = format!("{}{}", r#"{"complement":"#.repeat(5000), "}".repeat(5000));
    check_refused(&line_with(&set(&deep)), "recursion limit");
    let unlabelled = r#","origin":0,"goal":{"nearest":{"in":{"interval":{"low":0,"high":1}}}}"#;
    check_refused(&line_with(unlabelled), "`labels` is missing");
    let solved = |path: &str| line_with(&format!(r#"{goal},"solution":{path}"#));
    check_refused(&solved("[1,2,4]"), "`solution[0]` is 1; it must be 0, the origin");
    check_refused(&solved("[0,2,4]"), "`solution[1]` steps from 0 to 2, where there is no edge");
    check_refused(&solved("[0,1]"), "`solution` ends in 1, which does not satisfy the goal");
    check_refused(&solved("[]"), "a list of at least one node");
    check_refused(&line_with(&format!(r#"{goal},"shown":[{{"n":1}}]"#)), "`directed` is missing");
    check_refused(&line_with(&format!(r#"{goal},"graph_shown":true"#)), "it is for the examples");
    check_refused(&line_with(&format!(r#"{goal},"clas":"x""#)), "unknown field `clas`");
    for class in [r#""zz""#, r#""+12""#, r#""""#, r#""10000000000000000""#, "12"] {
        check_refused(&line_with(&format!(r#"{goal},"class":{class}"#)), "`class` is ");
    }
    check_refused(r#"[5,false,[[0,4]],null,null,0,{"node":4}]"#, "invalid type: sequence, expected an object");
    check_refused(&line_with(&format!(r#"{goal},"shown":[[5,true]]"#)), "invalid type: sequence, expected an object");
    for word in ["NaN", "Infinity", "-Infinity", "nan"] {
        let labels = format!(r#"{goal},"labels":[[1],[1],[1],[1],[{word}]]"#);
        check_refused(&line_with(&labels), &format!("`labels`: {word} is not a number in JSON"));
    }
}

proptest! {
    #[test]
    fn no_line_is_too_strange_to_be_refused(cut in 0usize..2000, byte in any::<u8>(), which in 0usize..26) {
        let toml = &configs()[which % configs().len()];
        // Tasks are dear to make: one problem of each is enough to be mangled.
        static LINES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
        let lines = LINES.get_or_init(|| configs().iter().map(|toml| Record::line_of(&task_of(toml).natural_instance(1, 0).0)).collect());
        let line = &lines[which % lines.len()];
        let mut bytes = line.clone().into_bytes();
        let at = cut % bytes.len();
        bytes[at] = byte;
        let _ = GraphRecord::parse(1, &String::from_utf8_lossy(&bytes));
        let _ = GraphRecord::parse(1, &line[..at]);
        prop_assert!(GraphRecord::parse(1, line).is_ok(), "{}", toml);
    }
}
