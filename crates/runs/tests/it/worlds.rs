//! Every kind of task is trained on and evaluated, from config to scores.

use searchlens_model::acts::Acts;
use searchlens_model::generate::Decoder;
use searchlens_model::kernels::tier::Precision;
use searchlens_model::net::Sequences;
use searchlens_model::tap::NoTap;
use searchlens_results::{EvalResult, Metric};
use searchlens_runs::config::RunConfig;
use searchlens_runs::data::TrainingStream;
use searchlens_runs::eval_set::{EvalSet, generate_answers, grade};
use searchlens_runs::evaluate::score;
use searchlens_runs::folder::RunFolder;
use searchlens_tasks::splits::Split;

use crate::tiny;

const MAZE: &str = "[task.maze]\ngenerator = \"dfs\"\nrows = 3\ncols = 3";

fn config(task: &str, tokenizer: &str, steps: &str) -> RunConfig {
    tiny::config(&[
        (MAZE, task),
        ("name = \"edges\"", &format!("name = \"{tokenizer}\"")),
        ("n_layers = 1", "n_layers = 2"),
        ("steps = 60", steps),
        ("every = 30", "every = 1000"),
        ("checkpoint_every = 20", "checkpoint_every = 1000"),
    ])
}

/// Trains a network and scores its answers on the test split.
fn evaluated(task: &str, tokenizer: &str, steps: &str) -> EvalResult {
    let (config, dir) = (config(task, tokenizer, steps), tempfile::tempdir().unwrap());
    let parts = config.parts();
    let model = tiny::train_fresh(&config, dir.path()).unwrap().model;
    let workers = tiny::workers(2);
    let set = EvalSet::draw(&parts.task, &parts.tokenizer, 3, Split::Test, 200, &workers);
    let reader = Decoder::new(&model, Precision::F32).unwrap();
    let answers = generate_answers(&reader, &parts.tokenizer, &set.problems, &workers).unwrap();
    let graded = grade(&parts.tokenizer, &set.problems, &answers);
    assert!(graded.iter().all(|graded| graded.answer.roles.len() <= parts.tokenizer.max_answer_len()));
    score(&set, &graded, Some(1))
}

/// Mean training loss at the beginning and at the end of a run whose answers are then decoded and graded.
#[track_caller]
fn check_learns(task: &str, tokenizer: &str, steps: u64, below: f64) {
    let (config, dir) = (config(task, tokenizer, &format!("steps = {steps}")), tempfile::tempdir().unwrap());
    tiny::train_fresh(&config, dir.path()).unwrap();
    let text = std::fs::read_to_string(RunFolder::at(dir.path()).metrics()).unwrap();
    let loss = |line: &str| match serde_json::from_str(line).unwrap() {
        Metric::Train { loss, .. } => Some(loss),
        Metric::Eval { .. } => None,
    };
    let losses: Vec<f64> = text.lines().filter_map(loss).collect();
    let (first, last) = (losses[0], losses[losses.len() - 1]);
    assert!(last < below * first, "{tokenizer}: from {first} to {last}");
}

#[test]
fn hops_and_puzzles_are_learnt() {
    let hops = "[task.hops]\nnodes = 5\nmin_hops = 1\nmax_hops = 2";
    check_learns(hops, "hops", 300, 0.7);
    check_learns(hops, "hops+end", 300, 0.8);
    check_learns("[task.sliding]\nrows = 2\ncols = 3", "sliding", 100, 0.9);
    // With two numbers the answer is the target: it need only be copied.
    let countdown = "[task.countdown]\nnumbers = 2\nmax_number = 9\nmin_target = 1\nmax_target = 81";
    assert!(evaluated(countdown, "countdown", "steps = 400").exact_path.value > Some(0.5));
    let scores = evaluated(hops, "hops", "steps = 60");
    assert_eq!((scores.exact_path.n, scores.first_fork.n), (200, 0), "nothing forks where every node has one way on");
}

const STAR: &str = "[task.star]\narms = 2\nlength = 3\nnames = 5";

#[test]
fn a_teacherless_network_is_shown_masks_and_must_predict_the_path() {
    let config = config(STAR, "bachmann+reverse+teacherless", "steps = 60");
    let parts = config.parts();
    let stream = TrainingStream::of(&config, &parts);
    let batch = stream.batch(0, &tiny::workers(1));
    let mask = parts.tokenizer.mask_id().unwrap();
    for group in &batch.groups {
        let targets = group.targets.as_ref().unwrap();
        assert!(!targets.contains(&mask));
        let masked = |row: &[u32]| row.iter().filter(|&&id| id == mask).count();
        assert!(group.tokens.chunks(group.seq).all(|row| masked(row) == 3), "a path of three nodes");
        let differ = |i: &usize| group.tokens[*i] != targets[*i];
        assert!((0..targets.len()).filter(differ).all(|i| group.tokens[i] == mask));
    }
}

#[test]
fn a_teacherless_network_answers_as_it_was_trained() {
    let (config, dir) = (config(STAR, "bachmann+teacherless", "steps = 400"), tempfile::tempdir().unwrap());
    let parts = config.parts();
    let model = tiny::train_fresh(&config, dir.path()).unwrap().model;
    let workers = tiny::workers(2);
    let set = EvalSet::draw(&parts.task, &parts.tokenizer, 3, Split::Test, 100, &workers);
    let reader = Decoder::new(&model, Precision::F32).unwrap();
    let answered = generate_answers(&reader, &parts.tokenizer, &set.problems, &workers).unwrap();
    // Of an answer, every token is what the network holds likeliest when it is shown masks in place of all before it.
    let mask = parts.tokenizer.mask_id().unwrap();
    for (problem, answer) in set.problems.iter().zip(&answered) {
        let masks = vec![mask; answer.len() - 1];
        let tokens = [&problem.prompt.ids[..], &masks].concat();
        let mut acts = Acts::<f32>::default();
        model.forward(Sequences { tokens: &tokens, seq: tokens.len() }, &mut acts, &mut NoTap);
        let rows = acts.logits.chunks(model.config.d_vocab).skip(problem.prompt.len() - 1);
        for (row, &token) in rows.zip(answer) {
            assert!(row.iter().all(|&logit| logit <= row[token as usize] + 1e-4));
        }
    }
    // Names and ends are learnt soon: answers are nodes, and as many as the path has.
    let graded = grade(&parts.tokenizer, &set.problems, &answered);
    let ended = graded.iter().filter(|graded| graded.answer.ended && graded.answer.cells.len() == 3).count();
    assert!(ended > 90, "{ended} of 100");
}

#[test]
fn mazes_of_several_sizes_are_learnt_together() {
    let sizes = "[task.mixture]\nparts = [\n{ weight = 1, task = { maze = { generator = \"dfs\", rows = 3, cols = 3 } } },\n\
                 { weight = 1, task = { maze = { generator = \"wilson\", rows = 3, cols = 4 } } }]";
    for tokenizer in ["edges", "cells", "AOTP_UT_uniform", "AOTP_UT_rasterized", "AOTP_CTT_indexed"] {
        let scores = evaluated(sizes, tokenizer, "steps = 20");
        assert_eq!(scores.exact_path.n, 200, "{tokenizer}");
    }
}
