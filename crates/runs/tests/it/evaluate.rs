//! Scores of answers whose quality is known, because no network generated them.

use crate::tiny;
use rand::RngExt;
use searchlens_base::stream::{Purpose, Stream, stream};
use searchlens_model::generate::Decoder;
use searchlens_results::{EvalResult, Lookahead};
use searchlens_runs::eval_set::{EvalProblem, EvalSet, grade};
use searchlens_runs::evaluate::{evaluate, score, validate};
use searchlens_runs::setup::Parts;
use searchlens_stats::estimate::Estimate;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::instance::Instance;
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::generators::Generator;
use searchlens_tasks::problem::Problem;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::problem::solve::DistanceField;
use searchlens_tasks::splits::{Split, SymmetryClass};
use searchlens_tasks::task::Task;
use searchlens_tokens::sequence::encoded::Encoded;
use searchlens_tokens::tokenizer::Tokenizer;

fn tokenizer() -> Tokenizer {
    Tokenizer::from_name("edges", Lattice::new(5, 5)).unwrap()
}

fn eval_set(n: usize) -> EvalSet {
    let maze = MazeConfig::new(Generator::dfs(), 5, 5).unwrap();
    let task = Task::new(TaskConfig::Maze(maze)).unwrap();
    EvalSet::draw(&task, &tokenizer(), 7, Split::Test, n, &tiny::workers(2))
}

/// The tokens of a walk, origin left out, with the end token.
fn tokens(walk: &[usize]) -> Vec<u32> {
    let tokenizer = tokenizer();
    let Tokenizer::Own(edges) = &tokenizer else { unreachable!() };
    walk[1..].iter().map(|&cell| edges.cell_ids(cell)[0]).chain([tokenizer.end_id()]).collect()
}

fn scores(set: &EvalSet, answer: impl Fn(&EvalProblem) -> Vec<u32>) -> EvalResult {
    let answers: Vec<Vec<u32>> = set.problems.iter().map(answer).collect();
    score(set, &grade(&tokenizer(), &set.problems, &answers), None)
}

/// Layers below `root` in a tree, the root's own included, never through `parent`.
fn height(graph: &Graph, root: usize, parent: usize) -> usize {
    1 + graph.neighbours(root).filter(|&v| v != parent).map(|v| height(graph, v, root)).max().unwrap_or(0)
}

/// One walk of a policy that looks `k` steps ahead and breaks ties at random: written from its definition, not from the code under test.
/// `None` chooses at random at every fork.
fn walk(asked: &EvalProblem, k: Option<usize>, rng: &mut Stream) -> Vec<usize> {
    let problem = &asked.instance.problem;
    let (graph, lattice, target) = (&problem.graph, problem.lattice().unwrap(), problem.target());
    let mut walk = vec![problem.origin];
    while walk[walk.len() - 1] != target {
        let at = walk[walk.len() - 1];
        let behind = walk.len().checked_sub(2).map(|i| walk[i]);
        let mut ways: Vec<usize> = graph.neighbours(at).filter(|&v| Some(v) != behind).collect();
        if let Some(k) = k {
            let left = |v: usize| asked.field.distance(v).unwrap();
            if left(at) <= k {
                ways.retain(|&v| left(v) < left(at));
            } else {
                ways.retain(|&v| left(v) < left(at) || height(graph, v, at) >= k);
                let nearest = ways.iter().map(|&v| lattice.manhattan(v, target)).min();
                ways.retain(|&v| Some(lattice.manhattan(v, target)) == nearest);
            }
        }
        if ways.is_empty() {
            break;
        }
        walk.push(ways[rng.random_range(0..ways.len())]);
    }
    walk
}

/// Scores of one walk of a policy per problem. (The streams are fixed: of twelve others, eleven gave intervals that contain k.)
fn scores_of_policy(set: &EvalSet, k: Option<usize>) -> EvalResult {
    scores(set, |q| tokens(&walk(q, k, &mut stream(6, Purpose::Sample, q.index))))
}

#[track_caller]
fn check(estimate: &Estimate, value: f64, n: usize) {
    let (got, (low, high)) = (estimate.value.unwrap(), estimate.interval().unwrap());
    assert!((got - value).abs() < 1e-12 && estimate.n == n, "{estimate:?}, wanted {value} of {n}");
    assert!(low <= value + 1e-12 && value - 1e-12 <= high, "{estimate:?}");
}

/// k* as a number, for comparisons.
fn steps(k: &Option<Lookahead>) -> f64 {
    match k.as_ref().unwrap() {
        Lookahead::Steps(steps) => *steps,
        Lookahead::Below => -1.0,
        Lookahead::AtLeast(largest) => {
            assert_eq!(*largest, 24);
            99.0
        }
    }
}

#[test]
fn perfect_answers_score_one_everywhere() {
    let set = eval_set(300);
    let result = scores(&set, |q| tokens(&q.instance.path));
    // Nothing went wrong: Wilson's interval of n of n ends at n / (n + z²), with classes for trials.
    let n_classes = set.classes().into_iter().collect::<std::collections::BTreeSet<_>>().len() as f64;
    let low = n_classes / (n_classes + 1.959963984540054f64.powi(2));
    for share in [&result.exact_path, &result.valid_path, &result.reaches_target] {
        let (from, to) = share.interval().unwrap();
        assert!((share.value, share.n, to) == (Some(1.0), 300, 1.0) && (from - low).abs() < 1e-12, "{share:?}");
    }
    let ratio = Estimate { value: Some(1.0), low: Some(1.0), high: Some(1.0), n: 300 };
    assert_eq!(result.path_length_ratio, ratio);
    let n_steps = set.problems.iter().map(|q| q.instance.path.len() - 1).sum();
    check(&result.wall_jumps, 0.0, n_steps);
    check(&result.end_errors, 0.0, 300);
    let with_forks = 300 - result.by_lookahead.iter().find(|b| b.lookahead == 0).map_or(0, |b| b.exact_path.n);
    check(&result.first_fork, 1.0, with_forks);
    assert_eq!(result.by_lookahead.iter().map(|b| b.exact_path.n).sum::<usize>(), 300);
    assert!(result.by_lookahead.iter().all(|b| b.exact_path.value == Some(1.0) && b.greedy.n == b.exact_path.n));
    let k = &result.k_star;
    assert_eq!([&k.value, &k.high].map(steps), [99.0; 2]);
    assert!((4.0..99.0).contains(&steps(&k.low)), "the score may be {low}, and k* what goes with it: {k:?}");
    assert_eq!((result.split.as_str(), result.seed, result.step), ("test", 7, None));
}

#[test]
fn policies_that_answer_score_what_policies_are_said_to_score() {
    let set = eval_set(1500);
    let close = |k: Option<usize>, pick: &dyn Fn(&EvalResult) -> Estimate| {
        let result = scores_of_policy(&set, k);
        let (value, wanted) = (result.exact_path.value.unwrap(), pick(&result).value.unwrap());
        // Three standard errors at 1,500 draws are at most .039.
        assert!((value - wanted).abs() < 0.039, "{k:?}: {:?}, wanted {wanted}", result.exact_path);
        assert_eq!(result.wall_jumps.value, Some(0.0));
        result
    };
    let random = close(None, &|r| r.baselines.random);
    assert_eq!(steps(&random.k_star.high), -1.0, "{:?}", random.k_star);
    let greedy = close(Some(0), &|r| r.baselines.greedy);
    assert!(steps(&greedy.k_star.value) < 1.6, "{:?}", greedy.k_star);
    for k in [2, 4, 8] {
        let result = close(Some(k), &|r| r.baselines.k_lookahead[&k]).k_star;
        let [low, value, high] = [&result.low, &result.value, &result.high].map(steps);
        assert!(low <= k as f64 && k as f64 <= high && low <= value && value <= high, "{k}: {result:?}");
        assert!(high - low < 3.0 || k == 8, "{k}: {result:?}");
    }
}

#[test]
fn baselines_are_keyed_by_k_in_numeric_order() {
    let result = scores(&eval_set(50), |q| tokens(&q.instance.path));
    let json = serde_json::to_string(&result.baselines).unwrap();
    let keys: Vec<&str> = json.split("\":{\"value\"").filter_map(|part| part.rsplit('"').next()).collect();
    assert_eq!(keys[..12], ["random", "greedy", "0", "1", "2", "3", "4", "6", "8", "12", "16", "24"]);
    let back: EvalResult = serde_json::from_str(&serde_json::to_string(&result).unwrap()).unwrap();
    assert_eq!(back, result);
}

#[test]
fn every_way_to_go_wrong_has_its_number() {
    let set = eval_set(200);
    let mean = |value: &dyn Fn(&EvalProblem) -> f64| set.problems.iter().map(value).sum::<f64>() / 200.0;
    let end = tokenizer().end_id();

    let silent = scores(&set, |_| vec![end]);
    check(&silent.exact_path, 0.0, 200);
    check(&silent.end_errors, 1.0, 200);
    assert_eq!([silent.wall_jumps, silent.path_length_ratio], [Estimate::NOTHING; 2]);
    check(&silent.first_fork, 0.0, silent.first_fork.n);
    assert_eq!(steps(&silent.k_star.value), -1.0);

    let endless = scores(&set, |q| tokens(&q.instance.path)[..q.instance.path.len() - 1].to_vec());
    for (estimate, value) in [
        (&endless.exact_path, 0.0),
        (&endless.valid_path, 0.0),
        (&endless.reaches_target, 1.0),
        (&endless.end_errors, 1.0),
    ] {
        check(estimate, value, 200);
    }

    // One step on and back before the walk begins.
    let detour = |q: &EvalProblem| [&[q.instance.path[0], q.instance.path[1]], &q.instance.path[..]].concat();
    let detours = scores(&set, |q| tokens(&detour(q)));
    check(&detours.exact_path, 0.0, 200);
    check(&detours.valid_path, 1.0, 200);
    check(&detours.end_errors, 0.0, 200);
    let optimal = |q: &EvalProblem| (q.instance.path.len() - 1) as f64;
    check(&detours.path_length_ratio, mean(&|q| (optimal(q) + 2.0) / optimal(q)), 200);

    // Straight to the target: right if it is next door.
    let leap = scores(&set, |q| tokens(&[q.instance.problem.origin, q.instance.problem.target()]));
    let next_door = mean(&|q| f64::from(u8::from(q.instance.path.len() == 2)));
    check(&leap.exact_path, next_door, 200);
    check(&leap.valid_path, next_door, 200);
    check(&leap.reaches_target, 1.0, 200);
    check(&leap.wall_jumps, 1.0 - next_door, 200);
    check(&leap.end_errors, 0.0, 200);

    // A token that is no cell, after the target.
    let garbage = scores(&set, |q| {
        let mut tokens = tokens(&q.instance.path);
        tokens.insert(tokens.len() - 1, 0);
        tokens
    });
    for (estimate, value) in [(&garbage.exact_path, 0.0), (&garbage.reaches_target, 1.0), (&garbage.end_errors, 1.0)] {
        check(estimate, value, 200);
    }
}

#[test]
fn problems_of_one_class_say_little_of_others() {
    let mut set = eval_set(40);
    let class = set.problems[0].instance.class;
    set.problems.iter_mut().for_each(|problem| problem.instance.class = class);
    let result = scores(&set, |q| tokens(&q.instance.path));
    // One class is one trial: Wilson's interval of 1 of 1.
    let (low, high) = result.exact_path.interval().unwrap();
    assert!((low - 0.2065).abs() < 1e-4 && high == 1.0, "{:?}", result.exact_path);
    assert_eq!(result.path_length_ratio, Estimate { value: Some(1.0), low: None, high: None, n: 40 });
    assert_eq!((&result.k_star.low, &result.k_star.high), (&None, &None));
    let json = |estimate: &Estimate| serde_json::to_string(estimate).unwrap();
    assert_eq!(json(&result.path_length_ratio), r#"{"value":1.0,"low":null,"high":null,"n":40}"#);
    let silent = scores(&set, |_| vec![tokenizer().end_id()]);
    assert_eq!(json(&silent.path_length_ratio), r#"{"value":null,"low":null,"high":null,"n":0}"#);
}

#[test]
fn any_shortest_path_is_exact() {
    let lattice = Lattice::new(2, 3);
    let maze = Maze::new(lattice, &[(0, 1), (1, 2), (2, 5), (0, 3), (3, 4), (4, 5)]);
    let problem = Problem::in_maze(maze, 0, 5);
    let with_path = |index, path: [usize; 4]| EvalProblem {
        index,
        field: DistanceField::to(&problem.graph, 5),
        instance: Instance {
            problem: problem.clone(),
            path: path.to_vec(),
            class: SymmetryClass(index),
            demonstrations: vec![],
        },
        prompt: Encoded::default(),
    };
    let set =
        EvalSet { split: Split::Test, seed: 0, problems: vec![with_path(0, [0, 1, 2, 5]), with_path(1, [0, 1, 2, 5])] };
    let tokenizer = Tokenizer::from_name("edges", lattice).unwrap();
    let Tokenizer::Own(edges) = &tokenizer else { unreachable!() };
    let answer =
        |cells: [usize; 3]| cells.map(|c| edges.cell_ids(c)[0]).into_iter().chain([tokenizer.end_id()]).collect();
    let graded = grade(&tokenizer, &set.problems, &[answer([1, 2, 5]), answer([3, 4, 5])]);
    assert_eq!(score(&set, &graded, None).exact_path.value, Some(1.0));
}

#[test]
fn a_network_is_scored_the_same_by_any_number_of_workers() {
    let dir = tempfile::tempdir().unwrap();
    let config = tiny::config(&[("steps = 60", "steps = 200")]);
    let model = tiny::train_fresh(&config, dir.path()).unwrap().model;
    let Parts { task, tokenizer, .. } = config.parts();
    let by = |threads| {
        let workers = tiny::workers(threads);
        let set = EvalSet::draw(&task, &tokenizer, 3, Split::Validation, 90, &workers);
        let validation = validate(&Decoder::plain(&model), &tokenizer, &set, &workers).unwrap();
        let result = evaluate(&model, &tokenizer, &set, Some(200), &workers).unwrap();
        assert_eq!(validation.exact_path.value, result.exact_path.value);
        assert_eq!(validation.first_fork.value, result.first_fork.value);
        result
    };
    let result = by(1);
    assert_eq!(result, by(2));
    assert!(result.exact_path.value > Some(0.1) && result.exact_path.value <= result.valid_path.value, "{result:?}");
}
