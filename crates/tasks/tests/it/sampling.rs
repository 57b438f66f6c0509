//! Tasks: what is drawn, and that it is always the same.

use std::collections::BTreeSet;

use searchlens_tasks::error::TaskError;
use searchlens_tasks::mazes::config::RawMazeConfig;
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::splits::Split;

use crate::samples::{raw, task};

/// Every problem is solvable by its path, in its split, on a spanning tree, and its endpoints differ.
#[track_caller]
fn check_problems(raw: RawMazeConfig, count: u64) {
    let task = task(raw);
    for split in Split::ALL.into_iter().filter(|&s| task.check_split(s).is_ok()) {
        for index in 0..count {
            let (instance, field) = task.solved_instance(3, split, index);
            let (problem, path) = (&instance.problem, &instance.path);
            assert_eq!(Split::of(instance.class), split);
            assert_eq!(problem.graph.n_edges() + 1, problem.graph.n_nodes());
            assert_ne!(problem.origin, problem.target());
            assert_eq!((path[0], path[path.len() - 1]), (problem.origin, problem.target()));
            assert!(path.windows(2).all(|w| problem.graph.has_edge(w[0], w[1])));
            assert_eq!(field.distance(problem.origin), Some(path.len() - 1));
            assert_eq!(field.count_paths(&problem.graph, problem.origin), 1);
            assert_eq!(task.instance(3, split, index), instance);
        }
    }
}

#[test]
fn problems_are_what_they_promise() {
    for generator in ["dfs", "wilson"] {
        for (rows, cols) in [(1, 2), (7, 1), (2, 2), (2, 3), (3, 3), (5, 5), (4, 7), (8, 8), (9, 8)] {
            check_problems(raw(generator, rows, cols), 20);
        }
        check_problems(raw(generator, 200, 200), 1);
    }
}

#[test]
fn no_class_lies_in_two_splits_and_seeds_differ() {
    let task = task(raw("dfs", 4, 4));
    let classes = |seed, split| -> BTreeSet<_> { (0..400).map(|i| task.instance(seed, split, i).class).collect() };
    let [train, validation, test] = Split::ALL.map(|split| classes(1, split));
    let other_seed = classes(2, Split::Test);
    assert!(train.is_disjoint(&validation) && train.is_disjoint(&other_seed) && validation.is_disjoint(&test));
    assert_ne!(task.instance(1, Split::Test, 0), task.instance(2, Split::Test, 0));
}

#[test]
fn an_empty_split_is_an_error_and_not_an_endless_search() {
    let task = task(raw("dfs", 2, 2));
    let empty: Vec<_> = Split::ALL.into_iter().filter(|&s| task.check_split(s).is_err()).collect();
    assert_eq!(empty.len(), 2, "all 2x2 mazes are alike: one split holds them");
    let error = task.check_split(empty[0]).unwrap_err();
    assert!(matches!(error, TaskError::EmptySplit { n_classes: 1, .. }), "{error}");
}

#[test]
fn three_by_three_fills_every_split() {
    for generator in ["dfs", "wilson"] {
        let task = task(raw(generator, 3, 3));
        assert!(Split::ALL.iter().all(|&s| task.check_split(s).is_ok()));
        let mut counts = [0usize; 3];
        (0..4000).for_each(|i| counts[Split::of(task.natural_instance(0, i).0.class) as usize] += 1);
        // So few classes cannot be dealt evenly, but no split is starved.
        assert!(counts[0] > 2800 && counts[1] > 100 && counts[2] > 200, "{generator}: {counts:?}");
    }
}

#[test]
fn passages_of_a_drawn_maze_are_its_graph() {
    let maze = task(raw("wilson", 6, 5)).instance(1, Split::Train, 0).problem.maze().unwrap();
    assert_eq!(PassageSet::of(&maze).to_maze(), maze);
}
