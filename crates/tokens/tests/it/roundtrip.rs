//! Properties: what was encoded is decoded again, and nothing else is.

use proptest::prelude::*;
use rand::RngExt;
use searchlens_tasks::problem::maze::{Lattice, MIN_TORUS_SIDE};
use searchlens_tokens::sequence::batch::micro_batches;
use searchlens_tokens::sequence::encoded::{Encoded, LossOn};
use searchlens_tokens::sequence::error::EncodeError;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::sequence::query::RoleQuery;
use searchlens_tokens::sequence::role::RoleKind;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName, Vocabulary};

use crate::mazes::{TOKENIZERS, random_maze, random_walk, test_stream, tokenizer};

/// How much of the task an example says.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Known {
    MazeOnly,
    Origin,
    Endpoints,
    Path,
}

/// A tokenizer for mazes of some shape, ours for tori too; legacy modes have a vocabulary for somewhat larger grids, modular ones now and
/// then the full one.
fn tokenizers() -> impl Strategy<Value = (TokenizerConfig, Lattice)> {
    let shape = (1..7usize, 1..7usize, any::<bool>());
    (shape, prop::sample::select(&TOKENIZERS), 0..3usize).prop_map(|((rows, cols, wraps), name, spare)| {
        let name: TokenizerName = name.parse().unwrap();
        let mut config = TokenizerConfig::from(name);
        match name {
            TokenizerName::Legacy(_) => config.max_grid_size = Some(rows.max(cols) + spare),
            TokenizerName::Modular(_) if spare == 0 => config.vocabulary = Some(Vocabulary::Full),
            _ => {}
        }
        let wraps = wraps && rows.min(cols) >= MIN_TORUS_SIDE && matches!(name, TokenizerName::Own(_));
        (config, Lattice { wraps, ..Lattice::new(rows, cols) })
    })
}

fn make((config, lattice): &(TokenizerConfig, Lattice)) -> Tokenizer {
    Tokenizer::new(config, *lattice).unwrap()
}

fn known() -> impl Strategy<Value = Known> {
    prop::sample::select(&[Known::MazeOnly, Known::Origin, Known::Endpoints, Known::Path, Known::Path])
}

/// Draws a maze and a walk in it, and calls `check` with the example and its encoding in a shuffled order.
fn with_random(tokenizer: &Tokenizer, seed: u64, extra: f64, known: Known, check: impl FnOnce(&Example<'_>, &Encoded)) {
    let mut rng = test_stream(seed);
    let mut maze = random_maze(tokenizer.lattice().unwrap(), extra, &mut rng);
    if tokenizer.name().to_string().contains("weights") {
        maze.graph = maze.graph.with_weights(|_, _| rng.random_range(1..=7));
    }
    let walk = random_walk(&maze, &mut rng);
    let example = Example {
        origin: (known != Known::MazeOnly).then_some(walk[0]),
        target: matches!(known, Known::Endpoints | Known::Path).then_some(walk[walk.len() - 1]),
        path: (known == Known::Path).then_some(&walk),
        ..Example::of_maze(&maze)
    };
    match tokenizer.encode(&example, EdgeOrder::Shuffled(&mut rng), LossOn::Path) {
        Ok(encoded) => check(&example, &encoded),
        Err(error) => assert_eq!((error, known), (EncodeError::NoOrigin, Known::MazeOnly)),
    }
}

/// Checks that a sequence is refused, or is exactly what its reading encodes to.
fn check_no_other_reading(tokenizer: &Tokenizer, ids: &[u32]) {
    let Ok(decoded) = tokenizer.decode(ids) else { return };
    let order = EdgeOrder::Given(&decoded.passages);
    let mut again = tokenizer.encode(&decoded.example(), order, LossOn::Path).unwrap().ids;
    again.resize(ids.len(), tokenizer.pad_id());
    assert_eq!(again, ids);
}

proptest! {
    #[test]
    fn decoding_gives_back_what_was_encoded(
        made in tokenizers(), seed: u64, extra in 0.0..1.0, known in known(), padding in 0..3usize
    ) {
        let tokenizer = make(&made);
        with_random(&tokenizer, seed, extra, known, |example, encoded| {
            let mut ids = encoded.ids.clone();
            ids.resize(ids.len() + padding, tokenizer.pad_id());
            let decoded = tokenizer.decode(&ids).unwrap();
            assert_eq!((decoded.lattice, &decoded.graph), (example.lattice, example.graph));
            assert_eq!((decoded.origin, decoded.target), (example.origin, example.target));
            assert_eq!(decoded.path.as_deref(), example.path);
            check_no_other_reading(&tokenizer, &ids);
        });
    }

    #[test]
    fn a_sequence_with_one_wrong_token_is_refused_or_means_something_else(
        made in tokenizers(), seed: u64, known in known()
    ) {
        let tokenizer = make(&made);
        with_random(&tokenizer, seed, 0.2, known, |_, encoded| {
            let mut rng = test_stream(!seed);
            let mut ids = encoded.ids.clone();
            if ids.is_empty() {
                return; // a single cell alone, in edges
            }
            let position = rng.random_range(0..ids.len());
            ids[position] = rng.random_range(0..tokenizer.vocab().len() as u32);
            check_no_other_reading(&tokenizer, &ids);
            check_no_other_reading(&tokenizer, &encoded.ids[..position]);
        });
    }

    #[test]
    fn the_end_of_a_sequence_is_the_answer_to_its_beginning(made in tokenizers(), seed: u64, extra in 0.0..1.0) {
        let tokenizer = make(&made);
        with_random(&tokenizer, seed, extra, Known::Path, |example, encoded| {
            let prompt_len = encoded.positions(RoleQuery::Kind(RoleKind::PathStart))[0] + 1;
            let path = example.path.unwrap();
            let answer = tokenizer.decode_answer(example, &encoded.ids[prompt_len..]);
            assert_eq!((&answer.cells[..], answer.ended, &answer.invalid_tokens[..]), (path, true, &[][..]));
            assert_eq!(answer.roles, encoded.roles[prompt_len..]);
        });
    }

    #[test]
    fn an_answer_that_ended_is_what_its_cells_encode_to(made in tokenizers(), seed: u64, len in 0..20usize) {
        let tokenizer = make(&made);
        // Tokens that may stand in an answer, and now and then any other, so that some answers end well.
        let mut rng = test_stream(seed);
        with_random(&tokenizer, seed, 0.2, Known::Path, |example, encoded| {
            let prompt_len = encoded.positions(RoleQuery::Kind(RoleKind::PathStart))[0] + 1;
            let likely = &encoded.ids[prompt_len..];
            let generated: Vec<u32> = (0..len)
                .map(|place| match rng.random_range(0..20) {
                    0 => rng.random_range(0..tokenizer.vocab().len() as u32),
                    1 => tokenizer.end_id(),
                    _ => likely[place % likely.len()],
                })
                .collect();
            let answer = tokenizer.decode_answer(example, &generated);
            assert_eq!(answer.roles.len(), generated.len());
            let name = tokenizer.name().to_string();
            if ["orks", "Straight"].iter().any(|hop| name.contains(hop)) {
                // Where hops are long, one walk can be told in several ways; only one of them is written.
            } else if answer.ended && !answer.cells.is_empty() {
                let walked = Example { origin: Some(answer.cells[0]), ..example.with_path(Some(&answer.cells)) };
                let again = tokenizer.encode(&walked, EdgeOrder::Fixed, LossOn::Path).unwrap();
                let again_len = again.positions(RoleQuery::Kind(RoleKind::PathStart))[0] + 1;
                assert!(generated.starts_with(&again.ids[again_len..]));
            } else if !answer.ended {
                let end = generated.iter().position(|&id| id == tokenizer.end_id());
                assert!(end.is_none() || !answer.invalid_tokens.is_empty());
            }
        });
    }

    #[test]
    fn a_batch_holds_every_sequence(seed: u64, n in 0..20usize, n_rows in 1..6usize) {
        let tokenizer = tokenizer("edges", Lattice::new(3, 4));
        let mut sequences = Vec::new();
        for index in 0..n as u64 {
            with_random(&tokenizer, seed ^ index, 0.3, Known::Path, |_, encoded| sequences.push(encoded.clone()));
        }
        let mut seen = vec![0; n];
        for batch in micro_batches(&sequences, n_rows, tokenizer.pad_id()) {
            assert_eq!(batch.len, *batch.lengths.iter().max().unwrap());
            for (row, &index) in batch.rows.iter().enumerate() {
                seen[index] += 1;
                let ids = &batch.ids[row * batch.len..(row + 1) * batch.len];
                assert_eq!(tokenizer.decode(ids), tokenizer.decode(&sequences[index].ids));
            }
        }
        assert_eq!(seen, vec![1; n]);
    }
}
