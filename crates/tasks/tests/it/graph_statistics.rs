//! What graphs are drawn is what the papers say: tables of their own generators, and laws that can be counted.

use std::collections::BTreeMap;

use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::difficulty::avoidance::{Avoidance, Conduct};
use searchlens_tasks::difficulty::measure::lookahead;
use searchlens_tasks::difficulty::shortcut::Shortcut;
use searchlens_tasks::families::labelled::Detour;
use searchlens_tasks::families::prompted::Stratum;
use searchlens_tasks::problem::region::Region;
use searchlens_tasks::problem::solve::DistanceField;
use searchlens_tasks::problem::{Goal, Problem};
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;

use crate::samples::task_of;

/// The natural distribution of a task, problem by problem.
fn problems(task: &Task, n: u64) -> impl Iterator<Item = (Problem, DistanceField, Vec<usize>)> + '_ {
    (0..n).map(|index| {
        let (instance, field) = task.natural_instance(11, index);
        (instance.problem, field, instance.path)
    })
}

/// How often each lookahead is needed for the first step. The authors' program counts some paths of a graph several
/// times, so the tables agree to two parts in a hundred only.
#[track_caller]
fn check_naive_lookaheads(vertices: usize, want: &[f64]) {
    let task = task_of(&format!("[task.dag]\nkind = 'naive'\nvertices = {vertices}"));
    let (n, mut counts) = (20_000, vec![0usize; vertices]);
    problems(&task, n).for_each(|(problem, _, path)| counts[lookahead(&problem.graph, &path, 0)] += 1);
    for (steps, want) in want.iter().enumerate() {
        let got = counts[steps] as f64 / n as f64;
        assert!((got - want).abs() < 0.02, "{vertices} vertices, lookahead {steps}: {got:.4}, the table has {want}");
    }
}

#[test]
fn naive_graphs_need_little_lookahead() {
    check_naive_lookaheads(41, &[0.160, 0.520, 0.238, 0.072, 0.009, 0.0004]);
    check_naive_lookaheads(19, &[0.199, 0.632, 0.154, 0.015, 0.0004]);
    check_naive_lookaheads(9, &[0.246, 0.708, 0.046, 0.0004]);
}

#[track_caller]
fn check_even_lookaheads(kind: &str, vertices: usize, levels: std::ops::RangeInclusive<usize>) {
    let task = task_of(&format!("[task.dag]\nkind = '{kind}'\nvertices = {vertices}"));
    let (n, n_levels) = (6000u64, levels.clone().count() as f64);
    let mut counts = BTreeMap::new();
    for (problem, _, path) in problems(&task, n) {
        assert!(problem.graph.n_edges() <= vertices && problem.graph.is_directed());
        *counts.entry(lookahead(&problem.graph, &path, 0)).or_insert(0usize) += 1;
    }
    assert!(counts.keys().copied().eq(levels), "{counts:?}");
    let expected = n as f64 / n_levels;
    // Four and a half standard deviations, as there are many levels.
    assert!(counts.values().all(|&c| (c as f64 - expected).abs() < 4.5 * expected.sqrt()), "{counts:?}");
}

#[test]
fn balanced_graphs_need_every_lookahead_as_often() {
    check_even_lookaheads("balanced", 9, 0..=4);
    check_even_lookaheads("balanced", 41, 0..=20);
    check_even_lookaheads("star", 14, 1..=6);
}

#[test]
fn brinkmanns_trees_are_binary_and_their_ways_even() {
    let task = task_of("[task.tree]\nnodes = 16");
    let mut lengths = [0usize; 16];
    for (problem, _, path) in problems(&task, 6000) {
        let graph = &problem.graph;
        assert!((0..16).all(|v| graph.degree(v) <= 2) && graph.n_edges() == 15);
        assert_eq!(graph.degree(problem.target()), 0, "the goal is a leaf");
        lengths[path.len() - 1] += 1;
    }
    assert!(lengths[1..].iter().all(|&c| c.abs_diff(400) < 90), "{lengths:?}");
}

#[test]
fn every_labelled_tree_is_as_likely() {
    let task = task_of("[task.graph]\nstructure = { tree = { nodes = 4 } }");
    let mut counts = BTreeMap::new();
    problems(&task, 16_000)
        .for_each(|(p, _, _)| *counts.entry(p.graph.edges().collect::<Vec<_>>()).or_insert(0usize) += 1);
    assert_eq!(counts.len(), 16, "Cayley: 4^2");
    assert!(counts.values().all(|c| c.abs_diff(1000) < 140), "{counts:?}");
}

#[test]
fn structures_have_the_shape_they_name() {
    for (problem, _, _) in problems(&task_of("[task.graph]\nstructure = { regular = { nodes = 10, degree = 4 } }"), 200)
    {
        assert!((0..10).all(|v| problem.graph.degree(v) == 4));
    }
    let small_world = "[task.graph]\nstructure = { small_world = { nodes = 20, neighbours = 4, rewired = 0.5 } }";
    for (problem, _, _) in problems(&task_of(small_world), 200) {
        assert_eq!(problem.graph.n_edges(), 40);
    }
    let random = "[task.graph]\nstructure = { erdos_renyi = { nodes = 30, edge_probability = 0.3 } }";
    let edges: usize = problems(&task_of(random), 1000).map(|(p, _, _)| p.graph.n_edges()).sum();
    assert!(edges.abs_diff(130_500) < 1300, "{edges}");
    let acyclic = "[task.graph]\narcs = 'acyclic'\nstructure = { grid = { rows = 4, cols = 4, shortcuts = 5 } }";
    for (problem, _, _) in problems(&task_of(acyclic), 200) {
        let graph = &problem.graph;
        assert_eq!(graph.n_edges(), 24 + 5);
        let reached = |v| DistanceField::to(graph, v);
        assert!(graph.edges().all(|(u, v)| reached(u).distance(v).is_none()), "an edge closes a cycle");
    }
}

const LABELLED: &str = "[task.labelled]\nbinning = { bins = 20 }\nstructure = { tree = { nodes = 10 } }\n\
    labels = { uniform = { low = [0.0], high = [1.0] } }\ntarget = { interval = { low = 0.3, high = 0.5 } }\n";

#[test]
fn no_shortcut_past_the_labels_beats_chance() {
    let task = task_of(LABELLED);
    let n = 10_000;
    let mut sums = BTreeMap::new();
    for (problem, field, _) in problems(&task, n) {
        assert_eq!(problem.nearest_targets().len(), 1);
        for shortcut in Shortcut::ALL {
            *sums.entry(shortcut).or_insert(0.0) += shortcut.chance(&problem, &field) / n as f64;
        }
    }
    assert!((sums[&Shortcut::Blind] - 1.0).abs() < 1e-9, "nothing has to be avoided");
    sums.remove(&Shortcut::Blind);
    assert!(sums.values().all(|chance: &f64| (chance - 1.0 / 9.0).abs() < 0.012), "{sums:?}");
}

#[test]
fn nearer_nodes_carry_every_label_but_the_targets() {
    let task = task_of(LABELLED);
    let mut nearer = BTreeMap::new();
    for (problem, field, _) in problems(&task, 4000) {
        let labels = problem.labels.as_ref().unwrap();
        let steps = field.distance(problem.origin).unwrap();
        let from_origin = DistanceField::to(&problem.graph, problem.origin);
        for v in (0..10).filter(|&v| v != problem.origin && from_origin.distance(v).unwrap() < steps) {
            *nearer.entry((labels.of(v)[0] * 20.0) as usize).or_insert(0usize) += 1;
        }
    }
    assert!(nearer.keys().copied().eq((0..6).chain(10..20)), "{nearer:?}");
}

#[test]
fn part_of_the_target_set_can_be_kept_from_the_labels() {
    let shown = |task: &Task| {
        let mut bins = std::collections::BTreeSet::new();
        for (problem, _, _) in problems(task, 2000) {
            bins.extend(problem.labels.unwrap().iter().map(|label| (label[0] * 20.0) as usize));
        }
        bins
    };
    assert!(shown(&task_of(&format!("{LABELLED}target_share = 0.5"))).into_iter().eq((0..8).chain(10..20)));
    assert!(shown(&task_of(LABELLED)).into_iter().eq(0..20));
}

#[test]
fn detours_come_as_often_as_asked() {
    let text = "[task.labelled]
        binning = { bins = 20 }
        structure = { erdos_renyi = { nodes = 12, edge_probability = 0.25 } }
        labels = { uniform = { low = [0.0], high = [1.0] } }
        target = { interval = { low = 0.3, high = 0.5 } }
        avoid = { interval = { low = 0.7, high = 0.9 } }\n";
    for share in [0.0, 0.3, 1.0] {
        let task = task_of(&format!("{text}detour_share = {share:?}"));
        let (mut needed, mut blind) = (0, 0.0);
        for (problem, field, path) in problems(&task, 1000) {
            assert!(!path.iter().any(|&v| problem.is_avoided(v)));
            needed += usize::from(Detour::of(&problem, &field) == Detour::Needed);
            blind += Shortcut::Blind.chance(&problem, &field);
        }
        let want = (1000.0 * share) as usize;
        assert!(needed.abs_diff(want) < 60, "{needed} of 1000 need a detour, {want} should");
        assert!((blind - (1000 - needed) as f64).abs() < 1e-9, "the blind are right in all others, and in no other");
    }
}

#[test]
fn prompts_come_in_every_arm_and_stratum() {
    let graph = LABELLED.replace("[task.labelled]", "[task.prompted.graph]");
    let other = "{ interval = { low = 0.45, high = 0.65 } }";
    let strata = "strata = ['target_nearer', 'other_nearer', 'target_nearer_shared', 'other_nearer_shared']";
    let prompted = |rest: &str| task_of(&format!("[task.prompted]\nexamples = 4\nother = {other}\n{rest}\n{graph}"));
    let region = Region::interval(0.45, 0.65);
    let mut counts = BTreeMap::new();
    let conflicting = prompted(strata);
    (0..2000).for_each(|index| {
        let instance = conflicting.natural_instance(1, index).0;
        *counts.entry(Stratum::of(&instance.problem, &region)).or_insert(0usize) += 1;
        assert!(
            instance.demonstrations.len() == 4
                && instance.demonstrations.iter().all(|s| s.problem.goal == instance.problem.goal)
        );
    });
    assert!(counts.len() == 4 && !counts.contains_key(&None), "{counts:?}");
    assert!(counts.values().all(|c| c.abs_diff(500) < 90), "{counts:?}");

    let follows_other = prompted("follow = 'other'").natural_instance(1, 0).0;
    let goal = Goal::Nearest { within: region, avoid: None };
    assert!(follows_other.demonstrations.iter().all(|shown| shown.problem.goal == goal && shown.graph_shown));
    let repeated = prompted("corruption = 'repeated'").natural_instance(1, 0).0;
    assert!(repeated.demonstrations.iter().all(|shown| *shown == repeated.demonstrations[0]));
    let blanked = prompted("corruption = 'blanked'").natural_instance(1, 0).0;
    assert!(blanked.demonstrations.iter().all(|shown| !shown.graph_shown && shown.path.len() > 1));
    let (mut right, shuffled) = (0, prompted("corruption = 'shuffled'"));
    for index in 0..300 {
        let shown = shuffled.natural_instance(1, index).0.demonstrations;
        right += shown.iter().filter(|s| s.problem.nearest_targets().contains(s.path.last().unwrap())).count();
    }
    assert!(right < 500, "after shuffling, {right} of 1200 paths still lead to a nearest target");
}

#[test]
fn six_tiles_have_the_known_diameter() {
    let task = task_of("[task.sliding]\ngoal = 'solved'");
    let (problem, field, _) = problems(&task, 1).next().unwrap();
    assert_eq!(problem.graph.n_nodes(), 360);
    assert_eq!((0..360).filter_map(|v| field.distance(v)).max(), Some(21), "the hardest 2x3 puzzle takes 21 slides");
}

#[test]
fn countdown_paths_are_sums() {
    for (problem, _, path) in
        problems(&task_of("[task.countdown]\nnumbers = 3\nmax_number = 20\nmin_target = 10\nmax_target = 100"), 300)
    {
        let labels = problem.labels.unwrap();
        assert_eq!(path.len(), 3, "every step uses up one number");
        let left = |v: usize| labels.of(v).iter().filter(|&&x| x > 0.0).count();
        assert!(path.iter().enumerate().all(|(i, &v)| left(v) == 3 - i));
        assert!((10.0..=100.0).contains(&labels.of(path[2])[0]));
    }
}

const AVOIDING: &str = r#""binning": {"bins": 32}, "labels": {"uniform": {"low": [0.0], "high": [1.0]}},
    "structure": {"erdos_renyi": {"nodes": 12, "edge_probability": 0.2}},
    "target": {"interval": {"low": 0.8, "high": 1.0}}, "avoid": {"interval": {"low": 0.3, "high": 0.5}}"#;

fn avoiding(rest: &str) -> Result<TaskConfig, String> {
    serde_json::from_str(&format!(r#"{{"labelled": {{{AVOIDING}{rest}}}}}"#)).map_err(|error| error.to_string())
}

#[test]
fn detours_are_as_long_as_asked_each_as_often() {
    let task = Task::new(avoiding(r#", "detour_share": 0.75, "detour_length": "1..3""#).unwrap()).unwrap();
    let mut counts = [0usize; 4];
    for index in 0..1200 {
        let (instance, field) = task.solved_instance(5, Split::Train, index);
        let avoidance = Avoidance::of(&instance.problem).unwrap();
        assert_eq!(avoidance.compliant_steps, field.distance(instance.problem.origin));
        assert_eq!(Conduct::of(&instance.problem, &instance.path), Conduct::Complies);
        counts[avoidance.detour().unwrap()] += 1;
    }
    // 300 of each; four standard deviations.
    assert!(counts.iter().all(|count| count.abs_diff(300) < 60), "{counts:?}");
    for (rest, part) in [
        (r#", "detour_length": "1..3""#, "detour_share"),
        (r#", "detour_share": 0.5, "detour_length": "0..3""#, "from 1 on"),
        (r#", "detour_share": 0.5, "detour_length": "2..""#, "from 1 on"),
    ] {
        assert!(avoiding(rest).unwrap_err().contains(part), "{rest}");
    }
}

#[test]
fn forced_problems_leave_no_way_round() {
    let task = Task::new(avoiding("").unwrap()).unwrap();
    for split in Split::ALL {
        for index in 0..30 {
            let instance = task.unavoidable_instance(5, split, index).unwrap();
            let avoidance = Avoidance::of(&instance.problem).unwrap();
            assert!(avoidance.is_unavoidable() && avoidance.min_violations.unwrap() > 0);
            assert_eq!(Conduct::of(&instance.problem, &instance.path), Conduct::ViolatesMinimally);
            assert_eq!(
                (Split::of(instance.class), task.unavoidable_instance(5, split, index)),
                (split, Some(instance.clone()))
            );
        }
    }
    let star: TaskConfig = serde_json::from_str(r#"{"star": {"arms": 2, "length": 3}}"#).unwrap();
    assert_eq!(Task::new(star).unwrap().unavoidable_instance(1, Split::Train, 0), None);
}
