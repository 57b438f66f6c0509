//! Endpoints keep to their rules in every kind of maze; rules that are never met are an error.

use std::collections::{BTreeMap, BTreeSet};

use searchlens_tasks::band::Band;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::difficulty::measure::first_fork_lookahead;
use searchlens_tasks::error::TaskError;
use searchlens_tasks::instance::Instance;
use searchlens_tasks::mazes::config::{MazeConfig, RawMazeConfig};
use searchlens_tasks::mazes::endpoints::{Component, EndpointRules};
use searchlens_tasks::mazes::error::MazeError;
use searchlens_tasks::mazes::generators::{GENERATORS, Probability};
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::sets::baselines::baselines;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;

use crate::samples::{raw, task, with};

fn rules() -> EndpointRules {
    EndpointRules::default()
}

fn ruled(raw: RawMazeConfig, endpoints: EndpointRules) -> RawMazeConfig {
    RawMazeConfig { endpoints, ..raw }
}

/// Looks at some problems of each split; all of them are solved by their paths.
fn each_problem(task: &Task, count: u64, mut look: impl FnMut(&Instance)) {
    for split in Split::ALL.into_iter().filter(|&split| task.check_split(split).is_ok()) {
        for index in 0..count {
            let (instance, field) = task.solved_instance(9, split, index);
            let (problem, path) = (&instance.problem, &instance.path);
            assert_eq!(Split::of(instance.class), split);
            assert_eq!((path[0], path[path.len() - 1]), (problem.origin, problem.target()));
            let cost = problem.graph.cost(path).unwrap();
            assert_eq!(field.distance(problem.origin), Some(cost as usize), "a shortest path");
            look(&instance);
        }
    }
}

#[test]
fn every_kind_of_maze_has_problems() {
    for kind in &GENERATORS {
        for (rows, cols) in [(1, 9), (2, 2), (5, 4), (9, 12)] {
            let plain = raw(kind.name, rows, cols);
            let braided = RawMazeConfig { braid: Some(Probability::HALF), max_weight: Some(7), ..plain.clone() };
            for raw in [plain, braided] {
                each_problem(&task(raw), 10, |instance| assert_ne!(instance.problem.origin, instance.problem.target()));
            }
        }
    }
    for options in [&[("accessible_cells", "0.4")][..], &[("max_tree_depth", "8")], &[("do_forks", "false")]] {
        each_problem(&task(with("dfs", 7, 6, options)), 30, |_| {});
    }
}

#[test]
fn where_ends_may_be_equal_one_cell_is_a_maze() {
    let equal = EndpointRules { endpoints_not_equal: false, ..rules() };
    let one_cell = GENERATORS.iter().map(|kind| raw(kind.name, 1, 1));
    let limits = [("accessible_cells", "1"), ("max_tree_depth", "1"), ("accessible_cells", "0.0")];
    let limited = limits.iter().map(|&limit| with("dfs", 4, 4, &[limit]));
    for raw in one_cell.chain(limited) {
        let task = task(ruled(raw.clone(), equal.clone()));
        for index in 0..5 {
            let (instance, _) = task.natural_instance(1, index);
            assert_eq!(instance.path, [instance.problem.origin], "{raw:?}");
        }
        assert_eq!(baselines(&task, 1, None, 5, 1).per_token_random, 1.0);
        assert!(MazeConfig::try_from(raw).unwrap_err().to_string().contains("endpoints_not_equal"));
    }
}

#[test]
fn an_old_name_brings_its_problem_whatever_rules_say_nothing() {
    // Rules that allow everything go the long way round and draw the same.
    let all: Vec<[usize; 2]> = (0..5).flat_map(|row| (0..5).map(move |col| [row, col])).collect();
    let loose = EndpointRules { allowed_start: Some(all), ..rules() };
    let (plain, loose) = (task(raw("dfs", 5, 5)), task(ruled(raw("dfs", 5, 5), loose)));
    (0..50).for_each(|i| assert_eq!(plain.instance(1, Split::Train, i), loose.instance(1, Split::Train, i)));
}

#[test]
fn cells_and_dead_ends_are_kept_to() {
    let corners = vec![[0, 0], [4, 6]];
    let wanted = EndpointRules { allowed_start: Some(corners), deadend_end: true, ..rules() };
    let mut starts = BTreeSet::new();
    each_problem(&task(ruled(raw("wilson", 5, 7), wanted)), 60, |instance| {
        let problem = &instance.problem;
        starts.insert(problem.origin);
        assert_eq!(problem.graph.degree(problem.target()), 1);
        assert_ne!(problem.origin, problem.target());
    });
    assert_eq!(starts.into_iter().collect::<Vec<_>>(), [0, 34]);
    // The same cell as both ends, if that is allowed.
    let one = EndpointRules {
        allowed_start: Some(vec![[1, 1]]),
        allowed_end: Some(vec![[1, 1]]),
        endpoints_not_equal: false,
        ..rules()
    };
    each_problem(&task(ruled(raw("dfs", 4, 4), one)), 5, |instance| assert_eq!(instance.path, [5]));
}

#[test]
fn lengths_distances_and_lookahead_are_kept_to() {
    let wanted = EndpointRules {
        path_length: Some(Band { min: 9, max: Some(12) }),
        distance: Some(Band::at_least(3)),
        lookahead: Some(Band { min: 2, max: Some(4) }),
        ..rules()
    };
    for name in ["dfs", "wilson", "percolation", "dfs_percolation", "kruskal"] {
        each_problem(&task(ruled(raw(name, 7, 7), wanted.clone())), 20, |instance| {
            let problem = &instance.problem;
            assert!((9..=12).contains(&instance.path.len()));
            assert!(problem.lattice().unwrap().manhattan(problem.origin, problem.target()) >= 3);
            assert!((2..=4).contains(&first_fork_lookahead(&problem.graph, &instance.path)));
        });
    }
    let exact = EndpointRules { path_length: Some(Band::exactly(15)), ..rules() };
    let weighted = RawMazeConfig { max_weight: Some(9), ..raw("dfs_percolation", 7, 7) };
    for raw in [raw("dfs", 7, 7), weighted] {
        each_problem(&task(ruled(raw, exact.clone())), 20, |instance| assert_eq!(instance.path.len(), 15));
    }
}

#[test]
fn balanced_lookaheads_come_as_often() {
    let balanced = EndpointRules { lookahead: Some(Band { min: 0, max: Some(7) }), balance_lookahead: true, ..rules() };
    let task = task(ruled(raw("dfs", 6, 6), balanced));
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for index in 0..1600 {
        let instance = task.instance(2, Split::Train, index);
        *counts.entry(first_fork_lookahead(&instance.problem.graph, &instance.path)).or_insert(0) += 1;
    }
    // Four standard deviations of a count with mean 200: sqrt(1600 · 1/8 · 7/8) = 13.2.
    assert!(counts.len() == 8 && counts.values().all(|c| c.abs_diff(200) < 53), "{counts:?}");
}

#[test]
fn problems_lie_in_one_part_of_a_maze_that_falls_apart() {
    for component in [Component::Start, Component::Largest] {
        let task = task(ruled(with("percolation", 9, 9, &[("p", "0.45")]), EndpointRules { component, ..rules() }));
        each_problem(&task, 50, |instance| {
            let parts = PassageSet::of(&instance.problem.maze().unwrap()).components();
            let size = |part: u32| parts.iter().filter(|&&p| p == part).count();
            let ours = parts[instance.problem.origin];
            assert_eq!(ours, parts[instance.problem.target()]);
            let largest = parts.iter().map(|&part| size(part)).max();
            assert!(component == Component::Start || Some(size(ours)) == largest);
        });
    }
}

#[track_caller]
fn check_never(raw: RawMazeConfig, want: &str) {
    let error = Task::new(TaskConfig::Maze(MazeConfig::try_from(raw).unwrap())).unwrap_err();
    assert!(error.to_string().contains(want), "{error}");
    assert!(matches!(error, TaskError::Maze(MazeError::NeverMet { .. } | MazeError::LookaheadNeverMet { .. })));
}

#[test]
fn rules_that_are_never_met_are_an_error_and_no_endless_search() {
    let long = |length| EndpointRules { path_length: Some(Band::at_least(length)), ..rules() };
    check_never(ruled(with("binary_tree", 6, 6, &[("p", "0")]), long(30)), "no problem met the endpoint rules");
    check_never(with("percolation", 6, 6, &[("p", "0")]), "in 20000 draws from `percolation` on 6x6");
    check_never(with("percolation", 500, 500, &[("p", "0")]), "in 20 draws");
    let corner = EndpointRules { allowed_end: Some(vec![[0, 0]]), deadend_end: true, ..rules() };
    check_never(
        ruled(with("binary_tree", 3, 3, &[("p", "1")]), EndpointRules { deadend_start: true, ..corner }),
        "`binary_tree`",
    );
    let balanced = EndpointRules { lookahead: Some(Band { min: 0, max: Some(9) }), balance_lookahead: true, ..rules() };
    check_never(ruled(raw("wilson", 3, 3), balanced), "no problem needed");
}

#[test]
fn splits_that_rules_leave_empty_are_found() {
    // All passages open: one maze, whatever its size, and so one split.
    for (rows, cols) in [(3, 3), (20, 20)] {
        let task = task(with("percolation", rows, cols, &[("p", "1")]));
        let filled: Vec<_> = Split::ALL.into_iter().filter(|&split| task.check_split(split).is_ok()).collect();
        assert_eq!(filled.len(), 1, "{rows}x{cols}");
        each_problem(&task, 3, |instance| assert!(instance.problem.graph.n_edges() == 2 * rows * (cols - 1)));
    }
}

#[test]
fn weighted_ways_are_cheapest_and_not_shortest() {
    let task = task(RawMazeConfig { max_weight: Some(20), ..with("percolation", 6, 6, &[("p", "0.9")]) });
    let mut n_longer = 0;
    each_problem(&task, 100, |instance| {
        let (problem, path) = (&instance.problem, &instance.path);
        let steps_only = problem.graph.clone().with_weights(|_, _| 1);
        let fewest = searchlens_tasks::problem::solve::DistanceField::to(&steps_only, problem.target());
        n_longer += usize::from(fewest.distance(problem.origin).unwrap() + 1 < path.len());
        assert!(problem.graph.edges().all(|(u, v)| (1..=20).contains(&problem.graph.weight(u, v).unwrap())));
        let verdict = searchlens_tasks::difficulty::judge::judge(problem, path);
        assert!(verdict.optimal && Some(verdict.steps) == verdict.optimal_steps);
    });
    assert!(n_longer > 30, "{n_longer}: weights make detours worth while");
}
