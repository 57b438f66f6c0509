//! The no-search walkers score what the literature's tables say.

use searchlens_tasks::baselines::{Baselines, baselines};
use searchlens_tasks::measure::{first_fork, forks, lookahead};
use searchlens_tasks::split::Split;

use crate::sampling::{raw, task};

/// A row of the tables: mean cells of the path, forks, per-token, random, greedy, then scores of k-lookahead walkers.
struct Row {
    generator: &'static str,
    side: usize,
    shape: Option<[f64; 2]>,
    per_token: Option<f64>,
    random: Option<f64>,
    greedy: f64,
    by_k: &'static [(usize, f64)],
}

/// The tables' own sampling error, at n = 20,000 or more, and ours add up; the bound of 0.015 is the one that is
/// promised at n = 100,000.
const N_QUICK: u64 = 20_000;

#[track_caller]
fn check_row(row: &Row, n: u64, within: f64) -> Baselines {
    let got = baselines(&task(raw(row.generator, row.side, row.side)), 0, None, n, 2);
    let near = |name: &str, got: f64, want: f64, within: f64| {
        assert!(
            (got - want).abs() <= within,
            "{} {}: {name} is {got:.4}, the table has {want}",
            row.generator,
            row.side
        );
    };
    if let Some([cells, forks]) = row.shape {
        near("path cells", got.mean_path_cells, cells, 0.1 + 10.0 * (within - 0.015));
        near("forks", got.mean_forks, forks, 0.02 + 2.0 * (within - 0.015));
    }
    row.per_token.into_iter().for_each(|want| near("per-token", got.per_token_random, want, within));
    row.random.into_iter().for_each(|want| near("random", got.exact.random, want, within));
    near("greedy", got.exact.greedy, row.greedy, within);
    row.by_k.iter().for_each(|(k, want)| near(&format!("k = {k}"), got.exact.k_lookahead[k], *want, within));
    got
}

const ROWS: [Row; 7] = [
    Row {
        generator: "dfs",
        side: 3,
        shape: Some([4.1, 1.02]),
        per_token: Some(0.832),
        random: Some(0.521),
        greedy: 0.761,
        by_k: &[],
    },
    Row {
        generator: "dfs",
        side: 5,
        shape: Some([8.3, 1.79]),
        per_token: Some(0.876),
        random: Some(0.331),
        greedy: 0.562,
        by_k: &[
            (0, 0.564),
            (1, 0.564),
            (2, 0.666),
            (3, 0.751),
            (4, 0.814),
            (6, 0.917),
            (8, 0.979),
            (12, 1.0),
            (24, 1.0),
        ],
    },
    Row {
        generator: "dfs",
        side: 7,
        shape: Some([14.2, 2.58]),
        per_token: Some(0.901),
        random: Some(0.228),
        greedy: 0.426,
        by_k: &[
            (1, 0.426),
            (2, 0.523),
            (3, 0.604),
            (4, 0.657),
            (6, 0.755),
            (8, 0.828),
            (12, 0.936),
            (16, 0.988),
            (24, 1.0),
        ],
    },
    Row {
        generator: "wilson",
        side: 3,
        shape: Some([3.9, 1.28]),
        per_token: Some(0.767),
        random: Some(0.440),
        greedy: 0.755,
        by_k: &[],
    },
    Row {
        generator: "wilson",
        side: 5,
        shape: Some([6.8, 2.82]),
        per_token: Some(0.741),
        random: Some(0.195),
        greedy: 0.503,
        by_k: &[(0, 0.5), (1, 0.5), (2, 0.679), (3, 0.812), (4, 0.894), (6, 0.980), (8, 0.999), (12, 1.0)],
    },
    Row {
        generator: "wilson",
        side: 10,
        shape: None,
        per_token: None,
        random: None,
        greedy: 0.201,
        by_k: &[
            (1, 0.201),
            (2, 0.332),
            (3, 0.445),
            (4, 0.536),
            (6, 0.688),
            (8, 0.801),
            (12, 0.928),
            (16, 0.985),
            (24, 1.0),
        ],
    },
    Row {
        generator: "dfs",
        side: 15,
        shape: None,
        per_token: None,
        random: None,
        greedy: 0.185,
        by_k: &[
            (1, 0.185),
            (2, 0.248),
            (3, 0.306),
            (4, 0.344),
            (6, 0.407),
            (8, 0.464),
            (12, 0.551),
            (16, 0.629),
            (24, 0.745),
        ],
    },
];

#[test]
fn scores_are_the_tables() {
    ROWS.iter().for_each(|row| drop(check_row(row, N_QUICK, 0.02)));
}

/// The full bound, half a minute unoptimised: `cargo test --release -p searchlens-tasks -- --ignored`.
#[test]
#[ignore = "a hundred thousand problems a row"]
fn scores_are_the_tables_within_the_promised_bound() {
    for row in &ROWS {
        let got = check_row(row, 100_000, 0.015);
        println!("{} {}: {}", row.generator, row.side, serde_json::to_string(&got).unwrap());
    }
}

#[test]
fn threads_change_nothing() {
    let task = task(raw("dfs", 5, 5));
    let with_threads = |threads| serde_json::to_string(&baselines(&task, 3, Some(Split::Test), 1000, threads)).unwrap();
    assert_eq!(with_threads(1), with_threads(2));
    assert_eq!(with_threads(1), with_threads(7));
}

#[test]
fn baselines_are_written_as_agreed() {
    let got = serde_json::to_value(baselines(&task(raw("dfs", 3, 3)), 0, None, 100, 1)).unwrap();
    let keys = |value: &serde_json::Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&got), ["exact", "mean_forks", "mean_path_cells", "n", "per_token_random"]);
    assert_eq!(keys(&got["exact"]), ["greedy", "k_lookahead", "random"]);
    let mut ks = keys(&got["exact"]["k_lookahead"]);
    ks.sort_by_key(|k| k.parse::<usize>().unwrap());
    assert_eq!(ks, ["0", "1", "2", "3", "4", "6", "8", "12", "16", "24"]);
    assert_eq!(got["n"], 100);
}

#[test]
fn lookahead_at_the_first_fork_is_spread_as_the_table_says() {
    // Natural shares of L = 0..12 at the first fork of the path, DFS 5×5.
    const TABLE: [f64; 13] = [0.030, 0.234, 0.185, 0.145, 0.122, 0.096, 0.074, 0.054, 0.035, 0.018, 0.006, 0.002, 0.0];
    let task = task(raw("dfs", 5, 5));
    let n = 20_000;
    let mut counts = [0usize; 32];
    for index in 0..n {
        let (instance, field) = task.natural_instance(0, index);
        let (graph, path) = (&instance.problem.graph, &instance.path);
        let needed = first_fork(graph, path).map_or(0, |i| lookahead(graph, path, i));
        counts[needed] += 1;
        assert!(forks(graph, path).all(|i| lookahead(graph, path, i) <= field.distance(path[i]).unwrap()));
    }
    for (steps, want) in TABLE.into_iter().enumerate() {
        let got = counts[steps] as f64 / n as f64;
        assert!((got - want).abs() < 0.015, "L = {steps}: {got:.3}, the table has {want}");
    }
}
