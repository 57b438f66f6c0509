//! Every family of graphs: what is drawn is what was promised, is always the same, and lies in the right split.

use std::collections::BTreeMap;

use searchlens_base::stream::{Purpose, shuffle, stream};
use searchlens_tasks::difficulty::judge::judge_with;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::{Goal, Labels, Problem};
use searchlens_tasks::splits::{Equivalence, Split};
use searchlens_tasks::task::Task;

use crate::samples::{File, LABELLED, configs, task_of};

#[test]
fn problems_are_what_they_promise() {
    for toml in configs() {
        let task = task_of(&toml);
        for split in Split::ALL.into_iter().filter(|&split| task.check_split(split).is_ok()) {
            for index in 0..30 {
                let (instance, field) = task.solved_instance(5, split, index);
                let problem = &instance.problem;
                assert_eq!(Split::of(instance.class), split);
                assert_eq!(task.class(problem), Some(instance.class), "{toml}");
                assert!(instance.path.len() > 1, "{toml}: the origin is no goal");
                let verdict = judge_with(problem, &field, &instance.path);
                assert!(verdict.optimal && verdict.violations == 0, "{toml}: {verdict:?}");
                assert_eq!(instance.path.last().copied(), Some(problem.target()), "{toml}: one target");
                assert_eq!(problem.distances().as_ref(), Some(&field));
                assert_eq!(task.instance(5, split, index), instance, "{toml}");
                for shown in &instance.demonstrations {
                    let class = task.class(&shown.problem).unwrap();
                    let shuffled = toml.contains("shuffled");
                    assert!(shuffled || Split::of(class) == split, "{toml}: examples keep to the split");
                    assert!(
                        shuffled
                            || judge_with(&shown.problem, &shown.problem.distances().unwrap(), &shown.path).optimal
                    );
                }
            }
        }
    }
}

#[test]
fn a_renamed_problem_is_of_the_same_class_and_another_is_not() {
    for toml in configs() {
        let task = task_of(&toml);
        let mut rng = stream(1, Purpose::Sample, 0);
        let mut classes = BTreeMap::new();
        for index in 0..200 {
            let instance = task.natural_instance(2, index).0;
            let renamed = renamed(&instance.problem, &mut rng);
            let class = task.class(&renamed);
            match task.equivalence() {
                Equivalence::Relabelling => assert_eq!(class, Some(instance.class), "{toml}"),
                Equivalence::Exact | Equivalence::Lattice => {
                    assert_eq!(task.class(&instance.problem.clone()), Some(instance.class), "{toml}");
                }
            }
            // Where one class holds two problems, they are as alike as an invariant as coarse as degrees can tell.
            let seen = classes.entry(instance.class).or_insert_with(|| profile(&instance.problem));
            assert_eq!(*seen, profile(&instance.problem), "{toml}: different problems of one class");
        }
        assert!(classes.len() > 2, "{toml}: everything is of one class");
    }
}

/// The problem with its nodes' names exchanged.
fn renamed(problem: &Problem, rng: &mut searchlens_base::stream::Stream) -> Problem {
    let n = problem.graph.n_nodes();
    let mut names: Vec<usize> = (0..n).collect();
    shuffle(rng, &mut names);
    let edges: Vec<_> = problem.graph.edges().map(|(u, v)| (names[u], names[v])).collect();
    let make = if problem.graph.is_directed() { Graph::directed } else { Graph::undirected };
    let labels = problem.labels.as_ref().map(|labels| {
        let mut values = vec![0.0; n * labels.dim()];
        for v in 0..n {
            values[names[v] * labels.dim()..][..labels.dim()].copy_from_slice(labels.of(v));
        }
        Labels::new(labels.dim(), values)
    });
    let goal = match &problem.goal {
        Goal::Node(node) => Goal::Node(names[*node]),
        other => other.clone(),
    };
    let mut graph = make(n, &edges);
    if problem.graph.is_weighted() {
        let old = |new| names.iter().position(|&name| name == new).unwrap();
        graph = graph.with_weights(|u, v| problem.graph.weight(old(u), old(v)).unwrap());
    }
    Problem { labels, ..Problem::on(graph, names[problem.origin], goal) }
}

/// Degrees of all nodes, with their labels, and how far the goal is.
fn profile(problem: &Problem) -> (Vec<(usize, String)>, Option<usize>) {
    let label = |v| problem.labels.as_ref().map_or(String::new(), |labels| format!("{:?}", labels.of(v)));
    let mut nodes: Vec<_> = (0..problem.graph.n_nodes()).map(|v| (problem.graph.degree(v), label(v))).collect();
    nodes.sort();
    (nodes, problem.distances().and_then(|field| field.distance(problem.origin)))
}

#[track_caller]
fn check_refused(toml: &str, part: &str) {
    let error = match toml::from_str::<File>(toml) {
        Err(error) => error.to_string(),
        Ok(file) => Task::new(file.task).expect_err("this config must be refused").to_string(),
    };
    assert!(error.contains(part), "{error}");
}

#[test]
fn impossible_configs_are_refused_with_field_and_remedy() {
    check_refused("[task.star]\narms = 0\nlength = 5", "arms = 0: it must be from 1 to 24999");
    check_refused("[task.star]\narms = 2\nlength = 18446744073709551615", "length = ");
    check_refused("[task.star]\narms = 2\nlength = 5\nnames = 8", "names = 8: it must be from 9");
    check_refused("[task.star]\narms = 2\nlength = 5\nnmes = 8", "unknown field `nmes`");
    check_refused("[task.dag]\nkind = 'naive'\nvertices = 9\nmax_lookahead = 2", "left out");
    check_refused(
        "[task.dag]\nkind = 'balanced'\nvertices = 9\nmax_lookahead = 5",
        "max_lookahead = 5: it must be from 0 to 4",
    );
    check_refused("[task.dag]\nkind = 'blanced'\nvertices = 9", "unknown variant `blanced`");
    check_refused("[task.tree]\nnodes = 1", "nodes = 1: it must be from 2 to");
    let graph = |structure: &str| format!("[task.graph]\nstructure = {structure}");
    check_refused(&graph("{ regular = { nodes = 5, degree = 3 } }"), "degree = 3: it must be even");
    check_refused(&graph("{ erdos_renyi = { nodes = 5, edge_probability = nan } }"), "edge_probability = NaN");
    check_refused(&graph("{ erdos_renyi = { nodes = 5, edge_probability = 0.0 } }"), "of 20000 graphs only 0 made");
    check_refused(&graph("{ small_world = { nodes = 5, neighbours = 3, rewired = 0.1 } }"), "neighbours = 3");
    check_refused(&graph("{ grid = { rows = 4294967296, cols = 4294967296, shortcuts = 0 } }"), "rows = 4294967296");
    check_refused(&graph("{ grid = { rows = 2, cols = 2, shortcuts = 9 } }"), "shortcuts = 9: it must be from 0 to 1");
    check_refused(&graph("{ tree = { nodes = 9 } }\nmin_distance = 9"), "min_distance = 9: it must be from 1 to 8");
    check_refused("[task.hops]\nnodes = 5\nmax_hops = 5", "max_hops = 5: it must be from 1 to 4");
    check_refused("[task.countdown]\nnumbers = 9\nmax_number = 9\nmin_target = 1\nmax_target = 9", "numbers = 9");
    check_refused("[task.countdown]\nnumbers = 2\nmax_number = 2\nmin_target = 99\nmax_target = 99", "only 0 made");
    check_refused("[task.sliding]\nrows = 3\ncols = 3", "cols = 3: it must be 2");
    let labelled = |change: (&str, &str)| format!("[task.labelled]\n{}", LABELLED.replace(change.0, change.1));
    check_refused(&labelled(("low = 0.3, high = 0.5", "low = 0.5, high = 0.3")), "target: interval is empty");
    check_refused(&labelled(("high = 0.5", "high = inf")), "target: interval has the bound inf");
    check_refused(&labelled(("low = 0.3, high = 0.5", "low = 3, high = 5")), "draws no label in the target set");
    check_refused(&labelled(("low = [0.0], high = [1.0]", "low = [0.3], high = [0.5]")), "draws no label outside");
    check_refused(&labelled(("low = [0.0]", "low = [0.0, 0.0]")), "low = [0.0, 0.0]: it must be a list of 1");
    check_refused(&labelled(("bins = 20", "bins = 20, dim = 9")), "dim = 9: it must be from 1 to 3");
    check_refused(
        &format!("[task.labelled]\n{LABELLED}\ndetour_share = 0.5"),
        "detour_share = 0.5: it must be left out",
    );
    let prompted = |rest: &str| format!("[task.prompted]\nexamples = 1\n{rest}\n[task.prompted.graph]\n{LABELLED}");
    check_refused(&prompted("follow = 'other'"), "other = missing: it must be given");
    let same = "other = { interval = { low = 0.3, high = 0.5 } }\nstrata = ['target_nearer']";
    check_refused(&prompted(same), "only 0 made a problem");
}
