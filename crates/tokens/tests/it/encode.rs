//! What encoding gives: layout, roles, loss masks, lengths.

use expect_test::{Expect, expect};
use rand::RngExt;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::instance::Instance;
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::generators::Generator;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::sequence::encoded::{Encoded, LossOn};
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::Tokenizer;

use crate::mazes::{TOKENIZERS, little, little_example, random_maze, random_walk, test_stream, tokenizer};

/// Every token with its role, `*` where the loss counts it.
fn render(encoded: &Encoded, tokenizer: &Tokenizer) -> String {
    let line = |p: usize| {
        let star = if encoded.loss_mask[p] { "*" } else { " " };
        let name = tokenizer.vocab().name(encoded.ids[p]).unwrap();
        format!("{star} {:>3} {name} {}\n", encoded.ids[p], encoded.roles[p])
    };
    (0..encoded.len()).map(line).collect()
}

#[track_caller]
fn check_encoding(name: &str, loss_on: LossOn, want: Expect) {
    let maze = little();
    let tokenizer = tokenizer(name, maze.lattice);
    want.assert_eq(&render(&tokenizer.encode(&little_example(&maze), EdgeOrder::Fixed, loss_on).unwrap(), &tokenizer));
}

#[test]
fn an_example_in_edges() {
    check_encoding(
        "edges",
        LossOn::Path,
        expect![[r#"
            0 (0,0)-(1,0) edge:0-3
            2 (0,2)-(1,2) edge:2-5
            3 (1,0)-(2,0) edge:3-6
            7 (0,1)-(0,2) edge:1-2
            8 (1,0)-(1,1) edge:3-4
            9 (1,1)-(1,2) edge:4-5
           10 (2,0)-(2,1) edge:6-7
           11 (2,1)-(2,2) edge:7-8
           21 TARGET target_start
           17 (1,2) target:5
           22 ORIGIN origin_start
           18 (2,0) origin:6
           23 PATH path_start
        *  15 (1,0) path_step:1:3
        *  16 (1,1) path_step:2:4
        *  17 (1,2) path_step:3:5
        *  24 END end
    "#]],
    );
}

#[test]
fn an_example_with_one_token_a_cell() {
    check_encoding(
        "AOTP_UT_uniform",
        LossOn::FirstStep,
        expect![[r#"
            0 <ADJLIST_START> edges_start
           11 (0,0) edge_from:0-3
            8 <--> connector:0-3
           13 (1,0) edge_to:0-3
            9 ; separator:0-3
           15 (0,2) edge_from:2-5
            8 <--> connector:2-5
           17 (1,2) edge_to:2-5
            9 ; separator:2-5
           13 (1,0) edge_from:3-6
            8 <--> connector:3-6
           16 (2,0) edge_to:3-6
            9 ; separator:3-6
           12 (0,1) edge_from:1-2
            8 <--> connector:1-2
           15 (0,2) edge_to:1-2
            9 ; separator:1-2
           13 (1,0) edge_from:3-4
            8 <--> connector:3-4
           14 (1,1) edge_to:3-4
            9 ; separator:3-4
           14 (1,1) edge_from:4-5
            8 <--> connector:4-5
           17 (1,2) edge_to:4-5
            9 ; separator:4-5
           16 (2,0) edge_from:6-7
            8 <--> connector:6-7
           18 (2,1) edge_to:6-7
            9 ; separator:6-7
           18 (2,1) edge_from:7-8
            8 <--> connector:7-8
           19 (2,2) edge_to:7-8
            9 ; separator:7-8
            1 <ADJLIST_END> edges_end
            4 <ORIGIN_START> origin_start
           16 (2,0) origin:6
            5 <ORIGIN_END> origin_end
            2 <TARGET_START> target_start
           17 (1,2) target:5
            3 <TARGET_END> target_end
            6 <PATH_START> path_start
           16 (2,0) path_step:0:6
        *  13 (1,0) path_step:1:3
           14 (1,1) path_step:2:4
           17 (1,2) path_step:3:5
            7 <PATH_END> end
    "#]],
    );
}

/// Names of the tokens that the loss counts.
#[track_caller]
fn check_loss(name: &str, loss_on: LossOn, want: &[&str]) {
    let maze = little();
    let tokenizer = tokenizer(name, maze.lattice);
    let encoded = tokenizer.encode(&little_example(&maze), EdgeOrder::Fixed, loss_on).unwrap();
    let counted = (0..encoded.len()).filter(|&p| encoded.loss_mask[p]);
    let names: Vec<_> = counted.map(|p| tokenizer.vocab().name(encoded.ids[p]).unwrap()).collect();
    assert_eq!(names, want, "{name}, {loss_on}");
}

#[test]
fn the_loss_counts_what_it_says() {
    // Two cells of the path 6 3 4 5 are forks: 6, with 3 and 7 to go on to, and 3, with 0 and 4.
    check_loss("edges", LossOn::Path, &["(1,0)", "(1,1)", "(1,2)", "END"]);
    check_loss("edges", LossOn::FirstStep, &["(1,0)"]);
    check_loss("edges", LossOn::Forks, &["(1,0)", "(1,1)"]);
    check_loss("AOTP_UT_rasterized", LossOn::Path, &["(2,0)", "(1,0)", "(1,1)", "(1,2)", "<PATH_END>"]);
    check_loss("AOTP_UT_rasterized", LossOn::FirstStep, &["(1,0)"]);
    check_loss("AOTP_UT_rasterized", LossOn::Forks, &["(1,0)", "(1,1)"]);
    check_loss("AOTP_CTT_indexed", LossOn::FirstStep, &["(", "1", ",", "0", ")"]);
}

#[test]
fn the_loss_on_all_counts_all_but_the_first_token() {
    let maze = little();
    let encode = |example: &Example<'_>| {
        tokenizer("edges", maze.lattice).encode(example, EdgeOrder::Fixed, LossOn::All).unwrap().loss_mask
    };
    let mask = encode(&little_example(&maze));
    assert!(!mask[0] && mask[1..].iter().all(|&counts| counts));
    assert_eq!(encode(&Example::of_maze(&maze)), mask[..8]);
}

#[test]
fn a_problem_without_a_step_asks_for_the_end_token_first() {
    let maze = little();
    let example = Example { origin: Some(4), target: Some(4), path: Some(&[4]), ..Example::of_maze(&maze) };
    let tokenizer = tokenizer("edges", maze.lattice);
    let encode = |loss_on| tokenizer.encode(&example, EdgeOrder::Fixed, loss_on).unwrap();
    for (loss_on, want) in [(LossOn::Path, 1), (LossOn::FirstStep, 1), (LossOn::Forks, 0)] {
        let encoded = encode(loss_on);
        assert_eq!(encoded.loss_mask.iter().filter(|&&counts| counts).count(), want, "{loss_on}");
        assert_eq!(encoded.loss_mask.last(), Some(&(want == 1)));
    }
}

#[test]
fn five_by_five_has_70_tokens_and_sequences_of_at_most_54() {
    let lattice = Lattice::new(5, 5);
    let tokenizer = tokenizer("edges", lattice);
    let names = tokenizer.vocab().names();
    assert_eq!((names.len(), tokenizer.max_len(24), tokenizer.unordered_prefix(24)), (70, 54, Some(24)));
    assert_eq!((&*names[0], &*names[20], &*names[39]), ("(0,0)-(1,0)", "(0,0)-(0,1)", "(4,3)-(4,4)"));
    assert_eq!((&*names[40], &*names[64]), ("(0,0)", "(4,4)"));
    assert_eq!(names[65..], ["TARGET", "ORIGIN", "PATH", "END", "PAD"]);
    assert_eq!((tokenizer.end_id(), tokenizer.pad_id()), (68, 69));

    // The snake from corner to corner is the longest there is.
    let snake: Vec<usize> = (0..25).map(|i| if i / 5 % 2 == 0 { i } else { i / 5 * 5 + 4 - i % 5 }).collect();
    let maze = Maze::new(lattice, &snake.windows(2).map(|pair| (pair[0], pair[1])).collect::<Vec<_>>());
    let example = Example { origin: Some(0), target: Some(24), path: Some(&snake), ..Example::of_maze(&maze) };
    assert_eq!(tokenizer.encode(&example, EdgeOrder::Fixed, LossOn::Path).unwrap().len(), 54);
}

#[test]
fn the_longest_example_is_as_long_as_foretold() {
    for (rows, cols) in [(1, 1), (1, 4), (3, 1), (2, 3)] {
        let lattice = Lattice::new(rows, cols);
        let snake: Vec<usize> = (0..lattice.n_cells())
            .map(|i| if i / cols % 2 == 0 { i } else { i / cols * cols + cols - 1 - i % cols })
            .collect();
        let maze = Maze::new(lattice, &lattice.adjacent_pairs().collect::<Vec<_>>());
        let target = snake.last().copied();
        let example = Example { origin: Some(0), target, path: Some(&snake), ..Example::of_maze(&maze) };
        for name in TOKENIZERS {
            let tokenizer = tokenizer(name, lattice);
            let encoded = tokenizer.encode(&example, EdgeOrder::Fixed, LossOn::Path).unwrap();
            let prompt = tokenizer.prompt(&example, EdgeOrder::Fixed).unwrap();
            let lengths = (encoded.len(), encoded.len() - prompt.len());
            let foretold = (tokenizer.max_len(maze.graph.n_edges()), tokenizer.max_answer_len());
            // Where edges come in groups, walls are listed, or hops may be long, what is foretold is a bound.
            if ["ByLeading", "walls=T", "orks", "Straight"].iter().any(|part| name.contains(part)) {
                assert!(lengths.0 <= foretold.0 && lengths.1 <= foretold.1, "{name}, {rows} x {cols}");
            } else {
                assert_eq!(lengths, foretold, "{name}, {rows} x {cols}");
            }
        }
    }
}

#[test]
fn the_edges_lie_where_their_tokens_say() {
    for (rows, cols) in [(1, 1), (1, 5), (5, 1), (3, 4), (4, 3)] {
        let lattice = Lattice::new(rows, cols);
        let Tokenizer::Own(edges) = tokenizer("edges", lattice) else { unreachable!("asked for edges") };
        assert_eq!(edges.n_edges(), rows * (cols - 1) + (rows - 1) * cols);
        for ((a, b), id) in lattice.adjacent_pairs().zip(0..) {
            assert_eq!((edges.edge_id(a, b), edges.edge_id(b, a)), (id, id));
            let ((ar, ac), (br, bc)) = (lattice.coord(a), lattice.coord(b));
            assert_eq!(tokenizer("edges", lattice).vocab().name(id), Some(&*format!("({ar},{ac})-({br},{bc})")));
        }
    }
}

#[test]
fn roles_find_positions_in_every_tokenizer() {
    let maze = little();
    let check = |name: &str, want: [&[usize]; 6]| {
        let encoded =
            tokenizer(name, maze.lattice).encode(&little_example(&maze), EdgeOrder::Fixed, LossOn::Path).unwrap();
        let queries = ["target", "path_start", "path_step:0", "path_step:2", "end", "edge:4-3"];
        assert_eq!(queries.map(|query| encoded.positions(query.parse().unwrap())), want, "{name}");
    };
    check("edges", [&[9], &[12], &[12], &[14], &[16], &[4]]);
    check("AOTP_UT_uniform", [&[38], &[40], &[41], &[43], &[45], &[17, 18, 19, 20]]);
    let ctt_edge: Vec<usize> = (49..61).collect();
    let (step_0, step_2) = ([113, 114, 115, 116, 117], [123, 124, 125, 126, 127]);
    check("AOTP_CTT_indexed", [&[106, 107, 108, 109, 110], &[112], &step_0, &step_2, &[133], &ctt_edge]);
}

#[test]
fn a_shuffle_keeps_the_edges_and_draws_anew() {
    let mut rng = test_stream(3);
    let lattice = Lattice::new(5, 5);
    let maze = random_maze(lattice, 0.0, &mut rng);
    let tokenizer = tokenizer("edges", lattice);
    let encode = |order: EdgeOrder<'_>| tokenizer.encode(&Example::of_maze(&maze), order, LossOn::Path).unwrap().ids;
    let fixed = encode(EdgeOrder::Fixed);
    let (first, second) = (encode(EdgeOrder::Shuffled(&mut rng)), encode(EdgeOrder::Shuffled(&mut rng)));
    assert!(fixed.is_sorted() && first != fixed && second != first);
    for mut shuffled in [first, second] {
        shuffled.sort_unstable();
        assert_eq!(shuffled, fixed);
    }
}

#[test]
fn a_shuffle_is_the_same_on_every_machine() {
    let maze = little();
    let tokenizer = tokenizer("edges", maze.lattice);
    let encode = || {
        let order = EdgeOrder::Shuffled(&mut test_stream(1));
        tokenizer.encode(&Example::of_maze(&maze), order, LossOn::Path).unwrap().ids
    };
    expect!["[8, 9, 10, 3, 7, 0, 11, 2]"].assert_eq(&format!("{:?}", encode()));
    assert_eq!(encode(), encode());
}

#[test]
fn every_passage_is_as_likely_to_come_first_and_to_be_written_backwards() {
    let maze = little();
    let tokenizer = tokenizer("AOTP_UT_rasterized", maze.lattice);
    let passages: Vec<_> = maze.passages().collect();
    let (n, mut rng) = (8000, test_stream(5));
    let (mut first, mut backwards) = ([0; 8], [0; 8]);
    for _ in 0..n {
        let order = EdgeOrder::Shuffled(&mut rng);
        let ids = tokenizer.encode(&Example::of_maze(&maze), order, LossOn::Path).unwrap().ids;
        for (place, (a, b)) in tokenizer.decode(&ids).unwrap().passages.into_iter().enumerate() {
            let passage = passages.iter().position(|&known| known == (a.min(b), a.max(b))).unwrap();
            first[passage] += usize::from(place == 0);
            backwards[passage] += usize::from(a > b);
        }
    }
    // Five standard deviations: sqrt(8000 / 8 * 7 / 8) = 30 and sqrt(8000 / 4) = 45.
    assert!(first.iter().all(|&count: &usize| count.abs_diff(n / 8) < 150), "{first:?}");
    assert!(backwards.iter().all(|&count: &usize| count.abs_diff(n / 2) < 225), "{backwards:?}");
}

#[test]
fn problems_of_a_task_fit_in_54_tokens_and_take_some_37() {
    let lattice = Lattice::new(5, 5);
    let tokenizer = tokenizer("edges", lattice);
    let dfs = Generator::dfs();
    let task = Task::new(TaskConfig::Maze(MazeConfig::new(dfs, 5, 5).unwrap())).unwrap();
    let n = 500;
    let lengths = (0..n).map(|index| {
        let Instance { problem, path, .. } = task.instance(1, Split::Train, index);
        let example = Example::of_problem(&problem, Some(&path));
        tokenizer.encode(&example, EdgeOrder::Shuffled(&mut test_stream(index)), LossOn::Path).unwrap().len()
    });
    let lengths: Vec<usize> = lengths.collect();
    assert!(lengths.iter().all(|&len| len <= tokenizer.max_len(24)));
    // 24 + 6 tokens and the path's steps, 7.4 on average with a standard deviation of about 4.5.
    let mean = lengths.iter().sum::<usize>() as f64 / n as f64;
    assert!((36.4..38.4).contains(&mean), "{mean}");
}

#[test]
fn a_prompt_is_the_beginning_of_the_whole() {
    let mut rng = test_stream(4);
    for name in TOKENIZERS {
        let lattice = Lattice::new(4, 3);
        let maze = random_maze(lattice, 0.2, &mut rng);
        let path = random_walk(&maze, &mut rng);
        let example = Example {
            origin: Some(path[0]),
            target: path.last().copied(),
            path: Some(&path),
            ..Example::of_maze(&maze)
        };
        let seed = rng.random();
        let tokenizer = tokenizer(name, lattice);
        let whole = tokenizer.encode(&example, EdgeOrder::Shuffled(&mut test_stream(seed)), LossOn::Path).unwrap();
        let prompt = tokenizer.prompt(&example, EdgeOrder::Shuffled(&mut test_stream(seed))).unwrap();
        assert_eq!((&prompt.ids[..], &prompt.roles[..]), (&whole.ids[..prompt.len()], &whole.roles[..prompt.len()]));
        assert_eq!(whole.positions("path_start".parse().unwrap()), [prompt.len() - 1]);
        // The loss on the path counts exactly what a model generates after the prompt.
        assert!(!whole.loss_mask[..prompt.len()].contains(&true) && !whole.loss_mask[prompt.len()..].contains(&false));
    }
}
