//! Problems: generated, counted, scored and drawn.

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::run::{searchlens, searchlens_on};

#[test]
fn threads_do_not_change_the_output() {
    for command in [
        "generate --maze dfs --rows 5 --cols 4 --split test --count 3000",
        "generate --maze wilson --rows 3 --cols 3 --count 1500",
        "baselines --maze dfs --rows 4 --cols 4 --count 2000 --json",
    ] {
        let with = |threads| searchlens(&format!("{command} --threads {threads}")).good();
        let one = with(1);
        assert!([2, 3].into_iter().all(|threads| with(threads) == one), "{command}");
        assert_ne!(searchlens(&format!("{command} --seed 8")).good(), one, "{command}: the seed changes nothing");
    }
}

#[test]
fn a_problem_depends_on_seed_split_and_index() {
    let draw =
        |count: u64| searchlens(&format!("generate --maze dfs --rows 5 --cols 5 --split test --count {count}")).good();
    let (few, many) = (draw(3), draw(40));
    assert!(many.starts_with(&few) && many.lines().count() == 40);
}

#[test]
fn files_and_flags_name_the_same_task() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("task.toml");
    let task = "[task.maze]\ngenerator = \"dfs\"\nrows = 3\ncols = 4\nstart = \"maze-dataset\"\n";
    std::fs::write(&config, format!("{task}[tokenizer]\nname = \"edges\"\n[train]\nsteps = 20\n")).unwrap();
    let out = folder.path().join("problems.jsonl");
    let from_file =
        searchlens(&format!("generate --task {} --count 5 --out {}", config.display(), out.display())).good();
    assert!(from_file.starts_with("wrote 5 problems to ") && from_file.lines().count() == 1, "{from_file}");
    let from_flags = searchlens("generate --maze dfs --rows 3 --cols 4 --start maze-dataset --count 5").good();
    assert_eq!(std::fs::read_to_string(&out).unwrap(), from_flags);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "the task, the problems and their header, and no temporary file: {left:?}");
}

#[test]
fn forced_problems_cross_the_avoid_set() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("task.toml");
    let task = r#"[task.labelled]
        binning = { bins = 20 }
        structure = { tree = { nodes = 10 } }
        labels = { uniform = { low = [0.0], high = [1.0] } }
        target = { interval = { low = 0.3, high = 0.5 } }
        avoid = { interval = { low = 0.6, high = 0.9 } }"#;
    std::fs::write(&config, task).unwrap();
    let generate = |rest: &str| searchlens(&format!("generate --task {} --count 20 {rest}", config.display()));
    let lines = generate("--split test --forced").good();
    assert_eq!(generate("--split test --forced --threads 2").good(), lines);
    for line in lines.lines() {
        let problem: Value = serde_json::from_str(line).unwrap();
        let label = |node: &Value| problem["labels"][node.as_u64().unwrap() as usize][0].as_f64().unwrap();
        let solution = problem["solution"].as_array().unwrap();
        assert!(solution.iter().any(|node| (0.6..0.9).contains(&label(node))), "{line}");
        assert!((0.3..0.5).contains(&label(&solution[solution.len() - 1])), "{line}");
    }
    let shown = searchlens_on("show --format none --stats", &lines).good();
    assert!(shown.contains("20"), "{shown}");
    let parquet = folder.path().join("forced.parquet");
    generate(&format!("--split test --forced --out {}", parquet.display())).good();
    let header = searchlens(&format!("show --header {}", parquet.display())).good();
    let header: Value = serde_json::from_str(&header).unwrap();
    assert_eq!(header["source"]["forced"], true);
    let without_split = generate("--forced").bad(2);
    assert!(without_split.contains("--split"), "{without_split}");
    let maze = searchlens("generate --maze dfs --rows 3 --cols 3 --count 1 --split train --forced").bad(2);
    assert!(maze.starts_with("error: --forced: (almost) no problem of dfs-3x3 has an avoid set"), "{maze}");
}

#[track_caller]
fn check_count(arguments: &str, want: Expect) {
    want.assert_eq(&searchlens(&format!("count --maze {arguments}")).good());
}

#[test]
fn counts_are_exact() {
    check_count(
        "dfs --rows 3 --cols 3 --json",
        expect![[r#"
        {"mazes":"88","classes":"12"}
    "#]],
    );
    check_count(
        "dfs --rows 3 --cols 3 --start maze-dataset --json",
        expect![[r#"
        {"mazes":"42","classes":"12"}
    "#]],
    );
    check_count(
        "dfs --rows 4 --cols 4 --up-to-symmetry",
        expect![[r#"
        481
    "#]],
    );
    check_count(
        "dfs --rows 4 --cols 4",
        expect![[r#"
        3820
    "#]],
    );
    // Larger than 64 bits.
    check_count(
        "wilson --rows 7 --cols 7 --json",
        expect![[r#"
        {"mazes":"19872369301840986112","classes":null}
    "#]],
    );
    check_count(
        "wilson --rows 7 --cols 7 --up-to-symmetry",
        expect![[r#"
            unknown: classes are counted by listing all mazes, which is done up to 16 cells
        "#]],
    );
}

#[test]
fn baselines_have_stable_keys() {
    let output = searchlens("baselines --maze dfs --rows 5 --cols 5 --count 3000 --json").good();
    let result: Value = serde_json::from_str(&output).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>().join(" ");
    assert_eq!(keys(&result), "entropy_floor exact mean_forks mean_path_cells n per_token_random");
    assert_eq!(keys(&result["exact"]), "greedy k_lookahead random");
    assert_eq!(keys(&result["exact"]["k_lookahead"]), "0 1 12 16 2 24 3 4 6 8");
    assert_eq!(result["n"], 3000);
    let near = |value: &Value, want: f64, by: f64| (value.as_f64().unwrap() - want).abs() < by;
    // Four standard errors at 3000 problems.
    assert!(near(&result["exact"]["greedy"], 0.562, 0.033), "{output}");
    assert!(near(&result["exact"]["random"], 0.331, 0.028), "{output}");
}

/// A corridor of three cells: passages right, none down.
const CORRIDOR: &str = r#"{"grid_shape":[1,3],"connection_list":[[[0,0,0]],[[1,1,0]]],"start":[0,0],"end":[0,2],"solution":[[0,0],[0,1],[0,2]]}"#;

#[track_caller]
fn check_show(arguments: &str, want: Expect) {
    want.assert_eq(&searchlens_on(&format!("show {arguments}"), CORRIDOR).good());
}

#[test]
fn a_corridor_in_every_format() {
    check_show(
        "--stats",
        expect![[r#"
            ┌───────────┐
            │ S · · · E │
            └───────────┘
            1 x 3 cells, class 201f2146ec6ea773 (test); path: 3 cells, forks: 0, lookahead: 0 at the first fork, 0 max

            1 problems                             mean    min  median  90 %   max
            path length, cells (nodes)            3.000      3       3     3     3
            Manhattan distance start to end       2.000      2       2     2     2
            forks on the path                     0.000      0       0     0     0
            lookahead at the first fork           0.000      0       0     0     0
            lookahead at the hardest fork         0.000      0       0     0     0
            dead ends                             2.000      2       2     2     2
            open passages (edges)                 2.000      2       2     2     2
            share with a fork at the start        0.000
            share without forks                   1.000
            share with several shortest paths     0.000
            loss floor from ties, nats a path     0.000
            distinct: 1 mazes (graphs), 1 problems; up to symmetry: 1 and 1
            splits: test 1, train 0, validation 0
        "#]],
    );
    check_show(
        "--format ascii --no-solution",
        expect![[r#"
            #######
            #S   E#
            #######
        "#]],
    );
    check_show(
        "--format pixels",
        expect![[r#"
            0000000
            0244430
            0000000
        "#]],
    );
    check_show(
        "--format svg",
        expect![[r##"
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 64 24" width="64" height="24" role="img" aria-label="maze of 1 by 3 cells" fill="none" stroke-linecap="round" stroke-linejoin="round">
            <path class="walls" stroke="currentColor" stroke-width="2" d="M0 0H60V20H0Z"/>
            <polyline class="path" stroke="#3b82f6" stroke-width="4" points="10,10 30,10 50,10"/>
            <circle class="start" stroke="#16a34a" stroke-width="3" cx="10" cy="10" r="5"/>
            <circle class="end" fill="#dc2626" cx="50" cy="10" r="5"/>
            </svg>
        "##]],
    );
}

#[test]
fn several_pictures_are_one_element() {
    let page = searchlens_on("show --format svg --stats", &format!("{CORRIDOR}\n{CORRIDOR}")).good();
    assert_eq!((page.matches("<svg").count(), page.matches("</svg>").count()), (3, 3));
    // Everything outside the element is a comment.
    let (_, behind) = page.rsplit_once("</svg>\n").unwrap();
    assert!(
        page.starts_with("<svg ") && behind.starts_with("<!-- 2 problems") && behind.ends_with(" -->\n"),
        "{behind}"
    );
}

#[test]
fn mixed_sizes_are_tokenized() {
    let square = r#"{"grid_shape":[2,2],"connection_list":[[[true,false],[false,false]],[[true,false],[true,false]]]}"#;
    let output =
        searchlens_on("tokenize --tokenizer edges --unshuffled -", &format!("{CORRIDOR}\n\n{square}\n")).good();
    expect![[r#"
        {"tokens":["(0,0)-(0,1)","(0,1)-(0,2)","TARGET","(0,2)","ORIGIN","(0,0)","PATH","(0,1)","(0,2)","END"],"ids":[0,1,5,4,6,2,7,3,4,8]}
        {"tokens":["(0,0)-(1,0)","(0,0)-(0,1)","(1,0)-(1,1)"],"ids":[0,2,3]}
    "#]].assert_eq(&output);
}

#[test]
fn a_closed_pipe_is_not_a_failure() {
    use std::process::Stdio;
    let mut child = crate::run::command("generate --maze dfs --rows 4 --cols 4 --count 100000")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0));
}

#[test]
fn every_option_of_every_generator_is_a_flag() {
    let lines = |flags: &str| searchlens(&format!("generate --rows 6 --cols 5 --count 4 --seed 3 {flags}")).good();
    for flags in [
        "--maze dfs --accessible-cells 20 --max-tree-depth 8 --do-forks false",
        "--maze dfs --start-coord 2,3 --randomized-stack true --accessible-cells 0.5",
        "--maze prim --max-tree-depth 0.5",
        "--maze aldous_broder --braid 1",
        "--maze wilson --torus",
        "--maze kruskal --max-weight 9",
        "--maze recursive_division --deadend-start --deadend-end true",
        "--maze percolation --p 0.5 --largest-component",
        "--maze dfs_percolation --p 0.1 --path-length 5..9 --distance 2..",
        "--maze growing_tree --newest 0.9 --lookahead 1..3 --balance-lookahead",
        "--maze hunt_and_kill --allowed-start 0,0 --allowed-start 5,4",
        "--maze sidewinder --p 0.3",
        "--maze binary_tree --p 0.7 --split train",
    ] {
        let written = lines(flags);
        assert_eq!(written.lines().count(), 4, "{flags}");
        assert!(flags.contains("max-weight") == written.contains("\"weights\""), "{flags}");
    }
}

#[test]
fn filters_and_statistics() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("set.jsonl");
    let flags = "--maze dfs --rows 3 --cols 3 --count 3000 --filter remove_duplicates=maze --filter path_length=..9";
    let output = searchlens(&format!("generate {flags} --out {}", path.display())).good();
    assert!(output.starts_with("wrote 88 problems of 3000 drawn to "), "{output}");
    let text = searchlens(&format!("show {} --stats --json", path.display())).good();
    let statistics: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&statistics["n"], &statistics["distinct_classes"]), (&88.into(), &12.into()));
    assert_eq!(statistics["edges"]["counts"]["8"], 88);
    let table = searchlens(&format!("show {} --stats --format none", path.display())).good();
    assert!(table.contains("88 problems") && table.contains("distinct: 88 mazes"), "{table}");
    let pair = searchlens(&format!("show {} --format raster", path.display())).good();
    let pair: serde_json::Value = serde_json::from_str(pair.lines().next().unwrap()).unwrap();
    assert_eq!((pair["input"].as_array().unwrap().len(), pair["target"][0].as_str().unwrap().len()), (16, 16));
    let balanced = "generate --maze dfs --rows 4 --cols 4 --count 500 --filter balance_lookahead=1..3";
    assert!(searchlens(balanced).good().contains("\"importance\":"));
}

#[test]
fn tori() {
    let line = searchlens("generate --maze dfs --rows 3 --cols 3 --torus --count 1").good();
    assert!(line.contains("\"torus\":true"), "{line}");
    assert!(searchlens_on("show -", &line).good().lines().count() == 7);
    assert!(searchlens_on("tokenize --tokenizer cells+directions -", &line).good().contains("\"END\""));
    let refused = searchlens_on("tokenize --tokenizer AOTP_UT_uniform -", &line);
    assert_eq!(refused.code, 2);
    assert!(
        refused.stderr.contains("use a tokenizer of Searchlens' own, such as `edges` or `cells`"),
        "{}",
        refused.stderr
    );
}

#[test]
fn puzzles_need_their_tokenizer() {
    let dir = tempfile::tempdir().unwrap();
    let task = dir.path().join("task.toml");
    let line = |table: &str| {
        std::fs::write(&task, table).unwrap();
        searchlens(&format!("generate --task {} --count 1", task.display())).good()
    };
    let sliding = line("[task.sliding]\nrows = 2\ncols = 2");
    assert!(searchlens_on("tokenize --tokenizer sliding -", &sliding).good().contains("\"TO\""));
    for (tokenizer, part) in [
        ("labelled", "use the tokenizer `sliding`"),
        ("countdown", "the problem is not a `countdown`"),
        ("edges", "writes mazes, and the problems are other graphs"),
    ] {
        let refused = searchlens_on(&format!("tokenize --tokenizer {tokenizer} -"), &sliding);
        assert!(refused.code == 2 && refused.stderr.contains(part), "{tokenizer}: {}", refused.stderr);
    }
    let countdown = line("[task.countdown]\nnumbers = 2\nmax_number = 9\nmin_target = 1\nmax_target = 81");
    assert!(searchlens_on("tokenize --tokenizer countdown -", &countdown).good().contains("\"TO\""));
    let hops = line("[task.hops]\nnodes = 5\nmax_hops = 3");
    assert!(searchlens_on("tokenize --tokenizer hops+end -", &hops).good().contains("\"h3\""));
}

#[test]
fn optional_baselines_and_counts() {
    let json = |command: &str| serde_json::from_str::<serde_json::Value>(&searchlens(command).good()).unwrap();
    let asked = json("baselines --maze dfs --rows 3 --cols 3 --count 200 --future-steps 4 --random-split 500 --json");
    assert_eq!(asked["future_steps"]["E"].as_array().unwrap().len(), 4);
    assert_eq!(asked["future_steps"]["F"][0], 1.0);
    assert_eq!(asked["random_split"]["train"], 500);
    let counts = json("count --maze wilson --rows 3 --cols 3 --problems --json");
    assert_eq!(
        counts,
        serde_json::json!({"mazes": "192", "classes": "28", "problems": "13824", "problem_classes": "1740"})
    );
}
