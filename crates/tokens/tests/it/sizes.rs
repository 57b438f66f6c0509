//! One tokenizer for mazes of several sizes.

use searchlens_tasks::problem::maze::Lattice;
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::sequence::error::EncodeError;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::sequence::query::RoleQuery;
use searchlens_tokens::sequence::role::RoleKind;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerName, World};

use crate::mazes::{TOKENIZERS, random_maze, random_walk, test_stream, tokenizer};

/// Checks a tokenizer of mazes of these sizes: words and sequences are those of its sizes, and what was encoded is decoded.
#[track_caller]
fn check(name: &str, lattices: &[Lattice], covering: Lattice) {
    let mixed = Tokenizer::from_name(name, World::Lattices(lattices.to_vec())).unwrap();
    assert_eq!(mixed.vocab().names(), tokenizer(name, covering).vocab().names(), "{name}");
    assert_eq!(mixed.world(), World::Lattices(lattices.to_vec()));
    assert_eq!(Tokenizer::new(&mixed.config(), mixed.world()).unwrap().config(), mixed.config());
    let mut rng = test_stream(1);
    for &lattice in lattices {
        let alone = Tokenizer::new(&mixed.config(), lattice).unwrap();
        let mut maze = random_maze(lattice, 0.2, &mut rng);
        if name.contains("weights") {
            maze.graph = maze.graph.with_weights(|_, _| 3);
        }
        let walk = random_walk(&maze, &mut rng);
        let ends = (Some(walk[0]), walk.last().copied());
        let example = Example { origin: ends.0, target: ends.1, path: Some(&walk), ..Example::of_maze(&maze) };
        let encode =
            |t: &Tokenizer| t.encode(&example, EdgeOrder::Shuffled(&mut test_stream(2)), LossOn::Path).unwrap();
        let (encoded, of_one) = (encode(&mixed), encode(&alone));
        let names = |t: &Tokenizer, ids: &[u32]| ids.iter().map(|&id| t.vocab().name(id).unwrap().to_owned()).collect();
        let words: (Vec<String>, Vec<String>) = (names(&mixed, &encoded.ids), names(&alone, &of_one.ids));
        assert_eq!((&words.0, &encoded.roles, &encoded.loss_mask), (&words.1, &of_one.roles, &of_one.loss_mask));
        assert!(encoded.len() <= mixed.max_len(lattice.n_links()), "{name}");
        let decoded = mixed.decode(&encoded.ids).unwrap();
        assert_eq!((decoded.lattice, &decoded.graph), (Some(lattice), &maze.graph), "{name}");
        assert_eq!((decoded.origin, decoded.target, decoded.path), (ends.0, ends.1, Some(walk.clone())), "{name}");
        let start = encoded.positions(RoleQuery::Kind(RoleKind::PathStart))[0] + 1;
        let answer = mixed.decode_answer(&example, &encoded.ids[start..]);
        assert_eq!((answer.cells, answer.ended), (walk.clone(), true), "{name}");
    }
}

#[test]
fn every_tokenizer_of_mazes_writes_several_sizes() {
    for name in TOKENIZERS {
        check(name, &[Lattice::new(3, 3), Lattice::new(3, 4)], Lattice::new(3, 4));
        // Where only walls are written, or no cell of the maze at all, a sequence may be one of another size too.
        if !name.contains("walls") || name.contains("walls=F") {
            check(name, &[Lattice::new(2, 3), Lattice::new(3, 2), Lattice::new(4, 4)], Lattice::new(4, 4));
            check(name, &[Lattice::new(2, 3), Lattice::new(3, 2)], Lattice::new(3, 3));
        }
    }
}

#[test]
fn a_size_that_it_was_not_made_for_is_refused() {
    let (small, large) = (Lattice::new(2, 3), Lattice::new(3, 2));
    let mixed = Tokenizer::from_name("edges", World::Lattices(vec![small, large])).unwrap();
    let other = random_maze(Lattice::new(3, 3), 0.0, &mut test_stream(1));
    let refused = mixed.encode(&Example::of_maze(&other), EdgeOrder::Fixed, LossOn::Path);
    assert_eq!(refused, Err(EncodeError::Lattice { got: other.lattice, want: large }));
    // The tokenizer of 3 x 3 has the same words.
    let ids = tokenizer("edges", other.lattice).encode(&Example::of_maze(&other), EdgeOrder::Fixed, LossOn::Path);
    assert!(mixed.decode(&ids.unwrap().ids).unwrap_err().to_string().contains("the maze has 3 x 3 cells"));
    let saparov: TokenizerName = "saparov".parse().unwrap();
    assert!(Tokenizer::new(&saparov.into(), mixed.world()).is_ok(), "graphs have names for the nodes of the larger");
}
