//! Sets of problems: their statistics are the tables of the literature, and filters keep what they say.

use searchlens_tasks::band::Band;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::instance::Instance;
use searchlens_tasks::mazes::config::RawMazeConfig;
use searchlens_tasks::problem::Problem;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::sets::filter::{Filter, FilterError, Weighted, apply};
use searchlens_tasks::sets::leakage::random_split;
use searchlens_tasks::sets::statistics::{Facts, Statistics, Tally};
use searchlens_tasks::splits::SymmetryClass;
use searchlens_tasks::splits::identity::{Identity, Same};
use searchlens_tasks::splits::symmetry::Symmetry;
use searchlens_tasks::task::Task;

use crate::samples::{raw, task, with};

fn drawn(raw: RawMazeConfig, count: u64) -> Vec<Instance> {
    let task = task(raw);
    (0..count).map(|index| task.natural_instance(4, index).0).collect()
}

fn statistics(instances: &[Instance]) -> Statistics {
    let mut tally = Tally::default();
    instances.iter().for_each(|i| tally.add(&Facts::of(&i.problem, &i.path, Some(i.class))));
    tally.statistics().unwrap()
}

/// A row of the published tables: mean path, forks, share without fork, share with a fork at the start.
#[track_caller]
fn check_table(raw: RawMazeConfig, row: [f64; 4]) {
    let measured = statistics(&drawn(raw, SAMPLE));
    let ours = [measured.path_cells.mean, measured.forks.mean, measured.without_fork, measured.starts_in_fork];
    let root = (SAMPLE as f64).sqrt();
    // Four standard errors (of a path half as long as its mean, of forks 1.5, of shares 0.5 at most), and the tables' own
    // rounding and sampling.
    let room = [2.0 * row[0] / root + 0.06, 6.0 / root + 0.011, 2.0 / root + 0.003, 2.0 / root + 0.003];
    for ((ours, want), room) in ours.into_iter().zip(row).zip(room) {
        assert!((ours - want).abs() < room, "{ours}, wanted {want} within {room}");
    }
    let counted: u64 = measured.splits.values().sum();
    assert_eq!((counted, measured.tied, measured.tie_nats), (SAMPLE, 0.0, 0.0));
}

/// Published shares of the lookahead needed at the first fork, from 0 on.
#[track_caller]
fn check_lookahead(raw: RawMazeConfig, shares: &[f64]) {
    let measured = statistics(&drawn(raw, SAMPLE)).first_fork_lookahead;
    for (steps, want) in shares.iter().enumerate() {
        let share = measured.counts.get(&steps).copied().unwrap_or(0) as f64 / SAMPLE as f64;
        let room = 4.0 * (want * (1.0 - want) / SAMPLE as f64).sqrt() + 0.002;
        assert!((share - want).abs() < room, "lookahead {steps}: {share}, wanted {want} within {room}");
    }
}

const SAMPLE: u64 = 3000;

#[test]
fn statistics_are_the_published_tables() {
    check_table(raw("dfs", 3, 3), [4.1, 1.02, 0.150, 0.707]);
    check_table(raw("dfs", 5, 5), [8.3, 1.79, 0.029, 0.834]);
    check_table(raw("dfs", 7, 7), [14.2, 2.58, 0.011, 0.864]);
    check_table(raw("wilson", 3, 3), [3.9, 1.28, 0.119, 0.614]);
    check_table(raw("wilson", 5, 5), [6.8, 2.82, 0.025, 0.687]);
    check_table(with("dfs", 5, 5, &[("do_forks", "false")]), [6.6, 0.85, 0.150, 0.850]);
}

#[test]
fn lookaheads_are_the_published_tables() {
    check_lookahead(raw("dfs", 5, 5), &[0.030, 0.234, 0.185, 0.145, 0.122, 0.096, 0.074, 0.054, 0.035, 0.018, 0.006]);
    check_lookahead(raw("dfs", 7, 7), &[0.011, 0.157, 0.122, 0.101, 0.089, 0.079, 0.072, 0.064, 0.058, 0.048, 0.043]);
    check_lookahead(raw("wilson", 6, 6), &[0.017, 0.291, 0.207, 0.150, 0.116, 0.085, 0.059, 0.038, 0.022, 0.010]);
}

#[test]
fn ties_are_counted() {
    let open = statistics(&drawn(with("percolation", 3, 3, &[("p", "1")]), 3000));
    // Of 72 ordered pairs on an open 3×3 lattice, those in one row or column (36) have one shortest path; the other 36
    // have 2 (16 pairs), 3 (16), 6 (4).
    assert!((open.tied - 0.5).abs() < 0.04, "{}", open.tied);
    let nats = (16.0 * 2f64.ln() + 16.0 * 3f64.ln() + 4.0 * 6f64.ln()) / 72.0;
    assert!((open.tie_nats - nats).abs() < 0.05, "{}, wanted {nats}", open.tie_nats);
    assert_eq!((open.distinct_mazes, open.distinct_problems, open.distinct_classes), (Some(1), Some(72), Some(1)));
    // Ordered pairs of cells up to the square's symmetries, by Burnside: (72 + 2·6 + 2·6)/8 = 12.
    assert_eq!(open.distinct_problem_classes, Some(12));
    assert_eq!((open.edges.min, open.edges.max, open.dead_ends.max), (12, 12, 0));
}

#[test]
fn statistics_survive_writing() {
    let measured = statistics(&drawn(raw("dfs", 4, 4), 50));
    let text = serde_json::to_string(&measured).unwrap();
    assert_eq!(serde_json::from_str::<Statistics>(&text).unwrap(), measured);
}

/// A problem and its image.
fn image(problem: &Problem, symmetry: Symmetry) -> Problem {
    let Maze { lattice, graph } = problem.maze().unwrap();
    let place = |v| symmetry.apply(lattice, v);
    let passages: Vec<_> = graph.edges().map(|(a, b)| (place(a), place(b))).collect();
    Problem::in_maze(Maze::new(lattice, &passages), place(problem.origin), place(problem.target()))
}

#[test]
fn identities_see_what_they_should() {
    for (rows, cols) in [(4, 4), (3, 5), (9, 9)] {
        let lattice = Lattice::new(rows, cols);
        for instance in drawn(raw("wilson", rows, cols), 10) {
            let ours = Identity::of(&instance.problem);
            for symmetry in Symmetry::all_of(lattice) {
                let theirs = Identity::of(&image(&instance.problem, symmetry));
                assert_eq!((ours.maze_class, ours.problem_class), (theirs.maze_class, theirs.problem_class));
            }
            let swapped = Problem { origin: instance.problem.target(), ..instance.problem.clone() };
            let theirs = Identity::of(&swapped);
            assert!(ours.maze == theirs.maze && ours.problem != theirs.problem);
            assert_eq!(ours.maze_class, instance.class.0);
        }
    }
}

fn weighted(instances: Vec<Instance>) -> Vec<Weighted> {
    instances.into_iter().map(Weighted::from).collect()
}

#[track_caller]
fn check_filter(filter: &str, problems: &[Weighted], keeps: impl Fn(&Weighted) -> bool) {
    let filter: Filter = serde_json::from_str(filter).unwrap();
    let want: Vec<Weighted> = problems.iter().filter(|&p| keeps(p)).cloned().collect();
    assert!(!want.is_empty() && want.len() < problems.len());
    assert_eq!(apply(&[filter], problems.to_vec()).unwrap(), want);
    let written = serde_json::to_string(&filter).unwrap();
    assert_eq!(serde_json::from_str::<Filter>(&written).unwrap(), filter);
}

#[test]
fn filters_keep_what_they_say() {
    let problems = weighted(drawn(raw("dfs", 5, 5), 300));
    let manhattan = |p: &Weighted| {
        let problem = &p.instance.problem;
        problem.lattice().unwrap().manhattan(problem.origin, problem.target())
    };
    check_filter(r#"{"path_length":"8.."}"#, &problems, |p| p.instance.path.len() >= 8);
    check_filter(r#"{"path_length":7}"#, &problems, |p| p.instance.path.len() == 7);
    check_filter(r#"{"start_end_distance":"3.."}"#, &problems, |p| manhattan(p) >= 3);
    let mut lengths: Vec<usize> = problems.iter().map(|p| p.instance.path.len()).collect();
    lengths.sort_unstable();
    // Of 300 values the 10th percentile lies at place 29.9; the two around it are equal here.
    assert_eq!(lengths[29], lengths[30]);
    check_filter(r#"{"cut_percentile_shortest":10}"#, &problems, |p| p.instance.path.len() > lengths[29]);
    let first: Vec<Weighted> = problems[..20].to_vec();
    check_filter(r#"{"truncate_count":20}"#, &problems, |p| first.contains(p));
}

#[test]
fn duplicates_go_by_what_is_the_same() {
    let problems = weighted(drawn(raw("dfs", 3, 3), 3000));
    let kept = |same| apply(&[Filter::RemoveDuplicates(same)], problems.clone()).unwrap();
    assert_eq!(kept(Same::Maze).len(), 88, "all mazes there are");
    assert_eq!(kept(Same::MazeClass).len(), 12);
    let (by_problem, by_class) = (kept(Same::Problem), kept(Same::ProblemClass));
    assert!(by_class.len() < by_problem.len() && by_problem.len() < 3000);
    assert_eq!(kept(Same::Maze)[0], problems[0], "the first is kept");
    let trees: std::collections::BTreeSet<_> =
        kept(Same::Maze).iter().map(|p| PassageSet::of(&p.instance.problem.maze().unwrap())).collect();
    assert_eq!(trees.len(), 88);
}

#[test]
fn a_balanced_set_stands_for_the_whole() {
    let problems = weighted(drawn(raw("dfs", 6, 6), 6000));
    let band = Band { min: 1, max: Some(8) };
    let balanced = apply(&[Filter::BalanceLookahead(band)], problems.clone()).unwrap();
    let level = |p: &Weighted| {
        searchlens_tasks::difficulty::measure::first_fork_lookahead(&p.instance.problem.graph, &p.instance.path)
    };
    let count = |n: usize| balanced.iter().filter(|p| level(p) == n).count();
    assert!((1..=8).all(|n| count(n) == count(1)) && count(1) > 200 && count(0) == 0);
    let total: f64 = balanced.iter().map(|p| p.weight).sum();
    assert!((total / balanced.len() as f64 - 1.0).abs() < 1e-12);
    // A weighted mean over the balanced set is the mean over all in the band.
    let in_band: Vec<&Weighted> = problems.iter().filter(|p| band.contains(level(p))).collect();
    let all = in_band.iter().map(|p| level(p) as f64).sum::<f64>() / in_band.len() as f64;
    let ours = balanced.iter().map(|p| p.weight * level(p) as f64).sum::<f64>() / total;
    assert!((ours - all).abs() < 1e-9, "{ours}, {all}");
    let wide = Filter::BalanceLookahead(Band { min: 1, max: Some(usize::MAX) });
    assert!(matches!(apply(&[wide], problems.clone()), Err(FilterError::NoneOf { n: 6000, .. })));
    let endless = Filter::BalanceLookahead(Band::at_least(1));
    assert!(matches!(apply(&[endless], problems), Err(FilterError::NoEnd { .. })));
}

#[test]
fn classes_with_cells_differ_from_lattice_to_lattice() {
    let class = |rows, cols| {
        let set = PassageSet::none(Lattice::new(rows, cols));
        searchlens_tasks::splits::symmetry::Symmetries::of(set.lattice()).class_with(&set, &[0, 1])
    };
    let classes: [SymmetryClass; 3] = [class(2, 3), class(3, 2), class(2, 2)];
    assert!(classes[0] != classes[1] && classes[0] != classes[2]);
}

/// The published table of what random splits leak (4,000 test items): generator, side, training problems, shares of test
/// items whose maze, problem, and problem up to symmetry were trained on. Rows with a million training problems are left to
/// the ignored test.
const SEEN: [(&str, usize, u64, [f64; 3]); 12] = [
    ("dfs", 3, 40_000, [1.0, 0.997, 1.0]),
    ("dfs", 4, 10_000, [0.915, 0.014, 0.094]),
    ("dfs", 4, 100_000, [1.0, 0.113, 0.596]),
    ("dfs", 5, 10_000, [0.024, 0.0, 0.0003]),
    ("wilson", 3, 40_000, [1.0, 0.946, 1.0]),
    ("wilson", 4, 10_000, [0.100, 0.0005, 0.005]),
    ("dfs", 5, 100_000, [0.216, 0.0003, 0.002]),
    ("dfs", 5, 300_000, [0.517, 0.002, 0.009]),
    ("dfs", 4, 1_000_000, [1.0, 0.682, 0.999]),
    ("wilson", 4, 100_000, [0.629, 0.003, 0.034]),
    ("wilson", 4, 1_000_000, [1.0, 0.039, 0.288]),
    ("wilson", 5, 300_000, [0.0008, 0.0, 0.0]),
];

#[track_caller]
fn check_seen((generator, side, train, [maze, problem, turned]): (&str, usize, u64, [f64; 3])) {
    let got = random_split(&task(raw(generator, side, side)), 1, train, 4000, 2);
    for (name, got, want) in
        [("maze", got.maze, maze), ("problem", got.problem, problem), ("turned", got.problem_up_to_symmetry, turned)]
    {
        // Four standard deviations of the difference of two shares of 4,000, and the table's rounding.
        let within = 4.0 * (2.0 * want.max(0.0005) * (1.0 - want).max(0.0005) / 4000.0).sqrt() + 0.001;
        assert!((got - want).abs() < within, "{generator} {side}, {train}: {name} {got}, the table has {want}");
    }
    assert!(got.maze_up_to_symmetry >= got.maze && got.problem_up_to_symmetry >= got.problem);
}

#[test]
fn random_splits_leak_as_the_table_says() {
    SEEN.into_iter().filter(|(.., train, _)| *train <= 40_000).for_each(check_seen);
}

#[test]
#[ignore = "three million problems"]
fn large_random_splits_leak_as_the_table_says() {
    SEEN.into_iter().filter(|(.., train, _)| *train > 40_000).for_each(check_seen);
}

/// All spanning trees are as likely in `wilson`, so that the chance of an item to be seen is exactly known.
#[test]
fn random_splits_of_uniform_trees_leak_what_theory_says() {
    for (side, trees, train) in [(3usize, 192.0, 2000), (3, 192.0, 20_000), (4, 100_352.0, 50_000)] {
        let got = random_split(&task(raw("wilson", side, side)), 4, train, 20_000, 2);
        let cells = (side * side) as f64;
        for (name, got, items) in [("maze", got.maze, trees), ("problem", got.problem, trees * cells * (cells - 1.0))] {
            let want = 1.0 - (1.0 - 1.0 / items).powf(train as f64);
            // Four standard deviations, of the test items and of which items training has met.
            let within = 4.0 * (want * (1.0 - want) * (1.0 / 20_000.0 + 1.0 / items)).sqrt() + 1e-9;
            assert!((got - want).abs() < within, "wilson {side}, {train}: {name} {got}, theory has {want}");
        }
    }
}

#[test]
fn leakage_does_not_depend_on_threads() {
    let task = task(raw("dfs", 4, 4));
    assert_eq!(random_split(&task, 1, 500, 100, 1), random_split(&task, 1, 500, 100, 3));
}

#[test]
fn graphs_have_no_distance_to_filter_by() {
    let task: TaskConfig = serde_json::from_str(r#"{"star":{"arms":2,"length":4}}"#).unwrap();
    let star = Weighted::from(Task::new(task).unwrap().natural_instance(1, 0).0);
    let filter: Filter = serde_json::from_str(r#"{"start_end_distance":"2.."}"#).unwrap();
    let error = apply(&[filter], vec![star]).unwrap_err().to_string();
    assert!(error.starts_with("start_end_distance = \"2..\": problems without geometry"), "{error}");
}
