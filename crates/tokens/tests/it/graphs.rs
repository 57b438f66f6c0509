//! Tokenizers of graphs that are no mazes: their formats, their arms, and decoding.

use expect_test::{Expect, expect};
use proptest::prelude::*;
use rand::RngExt;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::families::labels::Binning;
use searchlens_tasks::instance::Demonstration;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::problem::region::Region;
use searchlens_tasks::problem::{Goal, Labels, Problem};
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::graphs::Nodes;
use searchlens_tokens::sequence::encoded::{Encoded, LossOn};
use searchlens_tokens::sequence::error::EncodeError;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::world::edges;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName};

use crate::mazes::test_stream;

/// Two arms from node 2: 2 > 0 > 4 and 2 > 1 > 3.
fn star() -> Graph {
    Graph::directed(5, &[(2, 0), (0, 4), (2, 1), (1, 3)])
}

fn text(encoded: &Encoded, tokenizer: &Tokenizer) -> String {
    let names: Vec<_> = encoded.ids.iter().map(|&id| tokenizer.vocab().name(id).unwrap()).collect();
    names.join(" ")
}

#[track_caller]
fn check_star(name: &str, want: Expect) {
    let graph = star();
    let example = Example { origin: Some(2), target: Some(4), path: Some(&[2, 0, 4]), ..Example::of_graph(&graph) };
    let tokenizer = Tokenizer::from_name(name, Nodes::plain(5, true)).unwrap();
    let encoded = tokenizer.encode(&example, EdgeOrder::Fixed, LossOn::FirstStep).unwrap();
    assert_eq!(encoded.len(), tokenizer.max_len(4) - 2, "5 nodes have a longest path of 5, and this one has 3");
    let counted = (0..encoded.len()).filter(|&p| encoded.loss_mask[p]);
    let counted: Vec<_> = counted.map(|p| tokenizer.vocab().name(encoded.ids[p]).unwrap()).collect();
    let shown = tokenizer.masked_ids(&encoded).map(|ids| {
        let shown = Encoded { ids, ..Encoded::default() };
        format!("\nshown: {}", text(&shown, &tokenizer))
    });
    let line =
        format!("{}\nfirst step: {}{}", text(&encoded, &tokenizer), counted.join(" "), shown.unwrap_or_default());
    want.assert_eq(&line);
    let decoded = tokenizer.decode(&encoded.ids).unwrap();
    assert_eq!((&decoded.graph, decoded.origin, decoded.target), (&graph, Some(2), Some(4)));
    assert_eq!(decoded.path.as_deref(), example.path);
}

#[test]
fn a_star_in_the_papers_formats() {
    check_star(
        "saparov",
        expect![[r#"
        E 0 4 E 1 3 E 2 0 E 2 1 Q 2 4 P 2 0 4 END
        first step: 0"#]],
    );
    check_star(
        "brinkmann",
        expect![[r#"
        0 >4 , 1 >3 , 2 >0 , 2 >1 | 4 : 2 >0 >4 END
        first step: >0"#]],
    );
    check_star(
        "brinkmann+backward",
        expect![[r#"
        0 >4 , 1 >3 , 2 >0 , 2 >1 | 4 : 2 >0 >4 END
        first step: >0"#]],
    );
    check_star(
        "bachmann",
        expect![[r#"
        0 4 | 1 3 | 2 0 | 2 1 / 2 4 = 2 0 4 END
        first step: 0"#]],
    );
    check_star(
        "bachmann+reverse",
        expect![[r#"
        0 4 | 1 3 | 2 0 | 2 1 / 2 4 = 4 0 2 END
        first step: 0"#]],
    );
    check_star(
        "bachmann+teacherless",
        expect![[r#"
        0 4 | 1 3 | 2 0 | 2 1 / 2 4 = 2 0 4 END
        first step: 0
        shown: 0 4 | 1 3 | 2 0 | 2 1 / 2 4 = $ $ $ END"#]],
    );
}

#[test]
fn a_star_of_two_arms_of_five_takes_the_32_tokens_of_the_paper_and_the_end() {
    let task: TaskConfig = serde_json::from_str(r#"{"star": {"arms": 2, "length": 5, "names": 50}}"#).unwrap();
    let tokenizer = Tokenizer::for_task(&"bachmann".parse::<TokenizerName>().unwrap().into(), &task).unwrap();
    assert_eq!(tokenizer.vocab().len(), 50 + 4 + 2);
    let instance = Task::new(task).unwrap().instance(1, Split::Train, 0);
    let example = Example::of_instance(&instance);
    let encoded = tokenizer.encode(&example, EdgeOrder::Shuffled(&mut test_stream(1)), LossOn::Path).unwrap();
    assert_eq!(encoded.len(), 32 + 1);
    assert_eq!(encoded.loss_mask.iter().filter(|&&counts| counts).count(), 5 + 1);
}

#[test]
fn a_tree_has_its_goal_and_its_path_where_the_paper_has_them() {
    let task: TaskConfig = serde_json::from_str(r#"{"tree": {"nodes": 16}}"#).unwrap();
    let config: TokenizerConfig = "brinkmann+mixed".parse::<TokenizerName>().unwrap().into();
    let tokenizer = Tokenizer::for_task(&config, &task).unwrap();
    assert_eq!(tokenizer.vocab().len(), 35 + 2);
    let (n_edges, is_fixed) = edges(&task);
    assert_eq!((n_edges, is_fixed), (15, true));
    let task = Task::new(task).unwrap();
    let mut n_backward = 0;
    for index in 0..200 {
        let instance = task.instance(1, Split::Train, index);
        let example = Example::of_instance(&instance);
        let encoded = tokenizer.encode(&example, EdgeOrder::Shuffled(&mut test_stream(index)), LossOn::Path).unwrap();
        assert_eq!(
            (encoded.positions("target".parse().unwrap()), encoded.positions("path_step:0".parse().unwrap())),
            (vec![45], vec![47])
        );
        assert!(encoded.len() <= tokenizer.max_len(n_edges));
        let decoded = tokenizer.decode(&encoded.ids).unwrap();
        assert_eq!((&decoded.graph, decoded.path.as_deref()), (&instance.problem.graph, example.path));
        // Leaves first: no edge comes before one that is farther down.
        let depth = |mut node: usize| {
            let mut depth = 0;
            while let Some((parent, _)) = decoded.graph.edges().find(|&(_, child)| child == node) {
                (node, depth) = (parent, depth + 1);
            }
            depth
        };
        n_backward += usize::from(decoded.passages.iter().map(|&(parent, _)| depth(parent)).rev().is_sorted());
    }
    // A fair coin, five standard deviations of 7 around; a random order is rarely sorted by chance.
    assert!((65..=140).contains(&n_backward), "{n_backward}");
}

/// A labelled problem: 0 - 1 - 2, the goal the nearest node right of 0.5.
fn labelled() -> Problem {
    let labels = Labels::new(2, vec![0.1, 0.9, 0.3, 0.3, 0.8, 0.2]);
    let goal = Goal::Nearest { within: Region::interval(0.5, 1.0), avoid: None };
    Problem { labels: Some(labels), ..Problem::on(Graph::undirected(3, &[(0, 1), (1, 2)]), 0, goal) }
}

fn labelled_nodes(examples: usize) -> Nodes {
    let labels = Some(Binning { dim: 2, bins: 10, low: 0.0, high: 1.0 });
    Nodes { labels, examples, ..Nodes::plain(3, false) }
}

#[test]
fn a_labelled_problem_says_its_labels_and_keeps_its_goal() {
    let tokenizer = Tokenizer::from_name("labelled", labelled_nodes(0)).unwrap();
    let problem = labelled();
    let example = Example::of_problem(&problem, Some(&[0, 1, 2]));
    let encoded = tokenizer.encode(&example, EdgeOrder::Fixed, LossOn::Path).unwrap();
    expect!["0 x1 y9 1 x3 y3 2 x8 y2 E 0 1 E 1 2 Q 0 P 0 1 2 END"].assert_eq(&text(&encoded, &tokenizer));
    assert_eq!(encoded.positions("label".parse().unwrap()), (0..9).collect::<Vec<_>>());
    assert_eq!(encoded.len(), tokenizer.max_len(2));
    assert_eq!(tokenizer.vocab().len(), 3 + 2 * 10 + 5);
}

#[test]
fn a_prompt_shows_its_examples_first() {
    let tokenizer = Tokenizer::from_name("labelled+prompted", labelled_nodes(2)).unwrap();
    let problem = labelled();
    let shown = |graph_shown| Demonstration { problem: labelled(), path: vec![0, 1, 2], graph_shown };
    let shown = [shown(true), shown(false)];
    let example = Example { shown: &shown, ..Example::of_problem(&problem, Some(&[0, 1, 2])) };
    let encoded = tokenizer.encode(&example, EdgeOrder::Fixed, LossOn::Path).unwrap();
    let one = "0 x1 y9 1 x3 y3 2 x8 y2 E 0 1 E 1 2 Q 0 P 0 1 2 END";
    assert_eq!(text(&encoded, &tokenizer), format!("{one} Q 0 P 0 1 2 END {one}"));
    // The loss on the path is the question's, and there is one path-start token.
    assert_eq!(encoded.loss_mask.iter().filter(|&&counts| counts).count(), 4);
    assert_eq!(encoded.positions("path_start".parse().unwrap()), [encoded.len() - 5]);
    assert_eq!(encoded.positions("shown".parse().unwrap()), (0..29).collect::<Vec<_>>());
    assert!(encoded.len() <= tokenizer.max_len(2));

    let plain = Tokenizer::from_name("labelled", labelled_nodes(2)).unwrap();
    assert_eq!(plain.encode(&example, EdgeOrder::Fixed, LossOn::Path), Err(EncodeError::Shown { n: 2 }));
}

/// What is said of a tokenizer for a task (as JSON) that lacks words for it.
#[track_caller]
fn check_refused(name: &str, task: &str, want: &str) {
    let task: TaskConfig = serde_json::from_str(task).unwrap();
    let error = Tokenizer::for_task(&name.parse::<TokenizerName>().unwrap().into(), &task).unwrap_err();
    assert!(error.to_string().starts_with(want), "{error}");
}

#[test]
fn a_tokenizer_without_words_for_a_task_is_refused() {
    let star = r#"{"star": {"arms": 2, "length": 5}}"#;
    check_refused("edges", star, "tokenizer `edges` writes mazes, and the problems are other graphs");
    check_refused("labelled", star, "tokenizer `labelled` writes node labels, and the problems have none");
    let hops = r#"{"hops": {"nodes": 5, "max_hops": 2}}"#;
    check_refused("saparov", hops, "tokenizer `saparov` has no words for goals that are numbers of hops; use `hops`");
    check_refused("hops", star, "tokenizer `hops` has no words for goals that are not numbers of hops; use `saparov`");
    let sliding = r#"{"sliding": {}}"#;
    for name in ["edges", "saparov", "countdown"] {
        check_refused(name, sliding, &format!("tokenizer `{name}` has no words for sliding tiles; use `sliding`"));
    }
    check_refused("sliding", star, "tokenizer `sliding` has no words for graphs; use `saparov`");
    let torus = r#"{"maze": {"generator": "dfs", "rows": 3, "cols": 3, "torus": true}}"#;
    check_refused("AOTP_UT_uniform", torus, "tokenizer `AOTP_UT_uniform` is maze-dataset's, which has no torus mazes");
    let maze = r#"{"maze": {"generator": "wilson", "rows": 3, "cols": 3, "max_weight": 5}}"#;
    let graph = r#"{"graph": {"structure": {"tree": {"nodes": 5}}, "max_weight": 5}}"#;
    for (name, task, remedy) in [
        ("edges", maze, "edges+weights-5"),
        ("edges+weights-4", maze, "edges+weights-5"),
        ("AOTP_UT_uniform", maze, "edges+weights-5"),
        ("saparov", maze, "saparov+weights-5"),
        ("bachmann+reverse+weights-2", graph, "bachmann+reverse+weights-5"),
    ] {
        check_refused(name, task, &format!("tokenizer `{name}` has no word for a weight of 5; use `{remedy}`"));
        let task: TaskConfig = serde_json::from_str(task).unwrap();
        assert!(Tokenizer::for_task(&remedy.parse::<TokenizerName>().unwrap().into(), &task).is_ok());
    }
}

#[test]
fn weights_without_words_are_refused_by_name() {
    let maze = Maze::new(Lattice::new(2, 2), &[(0, 1), (1, 3)]);
    let maze = Maze { graph: maze.graph.with_weights(|a, b| (a + b) as u32), ..maze };
    let modular = TokenizerName::plain().into_iter().find(|name| matches!(name, TokenizerName::Modular(_))).unwrap();
    let none = "this tokenizer has no words for weights";
    for (name, words, remedy) in [
        (modular.to_string().as_str(), none, "edges+weights-4"),
        ("AOTP_UT_uniform", none, "edges+weights-4"),
        ("cells+forks", none, "cells+forks+weights-4"),
        ("walls+weights-3", "this tokenizer has words for 1 to 3", "walls+weights-4"),
        ("brinkmann", none, "brinkmann+weights-4"),
    ] {
        let tokenizer = Tokenizer::from_name(name, maze.lattice).unwrap();
        let error = tokenizer.encode(&Example::of_maze(&maze), EdgeOrder::Fixed, LossOn::All).unwrap_err();
        assert_eq!(error.to_string(), format!("an edge has weight 4, and {words}; use `{remedy}`"));
    }
    let dear = maze.graph.clone().with_weights(|_, _| 1001);
    let tokenizer = Tokenizer::from_name("saparov", Nodes::plain(4, false)).unwrap();
    let error = tokenizer.encode(&Example::of_graph(&dear), EdgeOrder::Fixed, LossOn::All).unwrap_err();
    assert_eq!(
        error.to_string(),
        "an edge has weight 1001, and this tokenizer has no words for weights; the maximum weight of any tokenizer is 1000: reduce the weights"
    );
}

#[test]
fn a_weight_stands_behind_its_edge() {
    let graph = Graph::directed(3, &[(0, 1), (1, 2)]).with_weights(|a, _| 3 - a as u32);
    let example = Example { origin: Some(0), target: Some(2), path: Some(&[0, 1, 2]), ..Example::of_graph(&graph) };
    for (name, want) in [
        ("saparov", "E 0 1 w3 E 1 2 w2 Q 0 2 P 0 1 2 END"),
        ("brinkmann", "0 >1 w3 , 1 >2 w2 | 2 : 0 >1 >2 END"),
        ("bachmann", "0 1 w3 | 1 2 w2 / 0 2 = 0 1 2 END"),
    ] {
        let name = format!("{name}+weights-3");
        let tokenizer = Tokenizer::from_name(&name, Nodes::plain(3, true)).unwrap();
        let encoded = tokenizer.encode(&example, EdgeOrder::Fixed, LossOn::Path).unwrap();
        assert_eq!(text(&encoded, &tokenizer), want);
        let weights = encoded.positions("weight".parse().unwrap());
        let roles: Vec<String> = weights.iter().map(|&p| encoded.roles[p].to_string()).collect();
        assert_eq!(roles, ["weight:0-1", "weight:1-2"]);
        assert!(weights.iter().all(|&p| !encoded.loss_mask[p]));
        assert_eq!(tokenizer.decode(&encoded.ids).unwrap().graph, graph);
    }
}

#[test]
fn weights_leave_the_other_words_their_ids() {
    for name in ["saparov", "brinkmann", "bachmann+teacherless"] {
        let plain = Tokenizer::from_name(name, Nodes::plain(5, false)).unwrap();
        let weighted = Tokenizer::from_name(&format!("{name}+weights-7"), Nodes::plain(5, false)).unwrap();
        let (plain, weighted) = (plain.vocab().names(), weighted.vocab().names());
        assert_eq!((plain, weighted.len()), (&weighted[..plain.len()], plain.len() + 7));
    }
}

proptest! {
    #[test]
    fn graphs_are_decoded_as_they_were_encoded(
        name in prop::sample::select(&["saparov", "brinkmann", "brinkmann+mixed", "bachmann", "bachmann+reverse"]),
        n in 2..9usize, seed: u64, directed: bool, share in 0.0..1.0, max_weight in 0..4u32
    ) {
        let mut rng = test_stream(seed);
        let mut pairs: Vec<_> = (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))).collect();
        pairs.retain(|_| rng.random_bool(share));
        if directed {
            pairs.iter_mut().for_each(|pair| if rng.random() { *pair = (pair.1, pair.0) });
        }
        let mut graph = if directed { Graph::directed(n, &pairs) } else { Graph::undirected(n, &pairs) };
        let mut name = name.to_owned();
        if max_weight > 0 {
            graph = graph.with_weights(|_, _| rng.random_range(1..=max_weight));
            name += &format!("+weights-{max_weight}");
        }
        let mut path = vec![rng.random_range(0..n)];
        while let Some(next) = graph.neighbours(path[path.len() - 1]).find(|v| !path.contains(v)) {
            path.push(next);
        }
        let target = path.last().copied();
        let example = Example { origin: Some(path[0]), target, path: Some(&path), ..Example::of_graph(&graph) };
        let tokenizer = Tokenizer::from_name(&name, Nodes::plain(n, directed)).unwrap();
        let encoded = tokenizer.encode(&example, EdgeOrder::Shuffled(&mut rng), LossOn::Path).unwrap();
        prop_assert!(encoded.len() <= tokenizer.max_len(graph.n_edges()));
        let mut ids = encoded.ids.clone();
        ids.push(tokenizer.pad_id());
        let decoded = tokenizer.decode(&ids).unwrap();
        prop_assert_eq!((&decoded.graph, decoded.origin, decoded.target), (&graph, Some(path[0]), target));
        prop_assert_eq!(decoded.path.as_deref(), Some(&path[..]));
        let start = encoded.positions("path_start".parse().unwrap())[0];
        let answer = tokenizer.decode_answer(&example, &encoded.ids[start + 1..]);
        prop_assert!(answer.ended && answer.cells == path);
        prop_assert_eq!(&answer.roles, &encoded.roles[start + 1..]);
        // One wrong token: refused, or something else that is written so.
        let position = rng.random_range(0..ids.len() - 1);
        ids[position] = rng.random_range(0..tokenizer.vocab().len() as u32);
        if let Ok(decoded) = tokenizer.decode(&ids) {
            let order = EdgeOrder::Given(&decoded.passages);
            let mut again = tokenizer.encode(&decoded.example(), order, LossOn::Path).unwrap().ids;
            again.resize(ids.len(), tokenizer.pad_id());
            prop_assert_eq!(again, ids);
        }
    }
}
