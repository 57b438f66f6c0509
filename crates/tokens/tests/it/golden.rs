//! The legacy modes and the modular tokenizers against maze-dataset 1.4.2's own output.

use std::collections::BTreeMap;

use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::sequence::error::DecodeError;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::sequence::line::TokenLine;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName, Vocabulary};
use serde::Deserialize;

use crate::mazes::{ids, test_stream, tokenizer};

const MODES: [&str; 3] = ["AOTP_UT_rasterized", "AOTP_UT_uniform", "AOTP_CTT_indexed"];

#[derive(Deserialize)]
struct Golden {
    legacy_vocab: BTreeMap<String, Vec<String>>,
    universal_vocab: Vec<String>,
    modular_tokenizers: BTreeMap<String, GoldenModular>,
    mazes: Vec<GoldenMaze>,
}

#[derive(Deserialize)]
struct GoldenMaze {
    id: usize,
    kind: String,
    grid_shape: [usize; 2],
    connection_list: Vec<Vec<Vec<bool>>>,
    start: Option<[usize; 2]>,
    end: Option<[usize; 2]>,
    solution: Option<Vec<[usize; 2]>>,
    legacy: BTreeMap<String, GoldenTokens>,
    modular: BTreeMap<String, ModularText>,
    #[serde(rename = "modular_ids_M01")]
    modular_ids_m01: Vec<u32>,
}

#[derive(Deserialize)]
struct GoldenModular {
    name: String,
    is_tested: bool,
}

/// What a modular tokenizer of maze-dataset wrote, or why it could not.
#[derive(Deserialize)]
#[serde(untagged)]
enum ModularText {
    Tokens(String),
    Error {
        #[serde(rename = "error")]
        _error: String,
    },
}

#[derive(Deserialize)]
struct GoldenTokens {
    unshuffled: String,
    unshuffled_ids: Vec<u32>,
    shuffled_np_seed0: String,
}

/// A golden maze in our types.
struct Known {
    maze: Maze,
    origin: Option<usize>,
    target: Option<usize>,
    path: Option<Vec<usize>>,
}

impl Known {
    fn example(&self) -> Example<'_> {
        let Known { maze, origin, target, path } = self;
        Example { origin: *origin, target: *target, path: path.as_deref(), ..Example::of_maze(maze) }
    }
}

fn golden() -> Golden {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/mazes/maze_dataset_1.4.2.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

fn known(golden: &GoldenMaze) -> Known {
    let lattice = Lattice::new(golden.grid_shape[0], golden.grid_shape[1]);
    let node = |[r, c]: [usize; 2]| lattice.node(r, c);
    let open = lattice.adjacent_pairs().filter(|&(a, b)| {
        let (r, c) = lattice.coord(a);
        golden.connection_list[usize::from(lattice.coord(b).0 == r)][r][c]
    });
    Known {
        maze: Maze::new(lattice, &open.collect::<Vec<_>>()),
        origin: golden.start.map(node),
        target: golden.end.map(node),
        path: golden.solution.as_ref().map(|path| path.iter().map(|&cell| node(cell)).collect()),
    }
}

/// Calls `check` with every golden maze, in every mode, with the tokenizer for its shape.
fn for_each_maze_and_mode(check: impl Fn(&Known, &Tokenizer, &GoldenTokens)) {
    let golden = golden();
    let kinds = |kind| golden.mazes.iter().filter(|maze| maze.kind == kind).count();
    assert_eq!((kinds("solved"), kinds("targeted"), kinds("lattice")), (28, 1, 1));
    for maze in &golden.mazes {
        let known = known(maze);
        for mode in MODES {
            eprintln!("maze {}, {mode}", maze.id);
            let tokenizer = tokenizer(mode, known.maze.lattice);
            check(&known, &tokenizer, &maze.legacy[mode]);
        }
    }
}

fn text(ids: &[u32], tokenizer: &Tokenizer) -> String {
    TokenLine::new(ids, tokenizer.vocab()).unwrap().tokens.join(" ")
}

/// The sequence's edges, orientation and order forgotten, and everything after them.
fn edges_and_rest(ids: &[u32], tokenizer: &Tokenizer) -> (Vec<(usize, usize)>, Vec<u32>) {
    let passages = tokenizer.decode(ids).unwrap().passages;
    let mut edges: Vec<_> = passages.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
    edges.sort_unstable();
    let end = ids.iter().position(|&id| id == tokenizer.vocab().id("<ADJLIST_END>").unwrap()).unwrap();
    (edges, ids[end..].to_vec())
}

#[test]
fn unshuffled_sequences_are_the_same_token_for_token() {
    for_each_maze_and_mode(|known, tokenizer, want| {
        let encoded = tokenizer.encode(&known.example(), EdgeOrder::Fixed, LossOn::Path).unwrap();
        assert_eq!(encoded.ids, want.unshuffled_ids);
        assert_eq!(text(&encoded.ids, tokenizer), want.unshuffled);
    });
}

#[test]
fn sequences_of_maze_dataset_decode_to_the_maze() {
    for_each_maze_and_mode(|known, tokenizer, want| {
        for sequence in [&want.unshuffled, &want.shuffled_np_seed0] {
            let ids = ids(sequence, tokenizer);
            let decoded = tokenizer.decode(&ids).unwrap();
            assert_eq!(decoded.maze().as_ref(), Some(&known.maze));
            assert_eq!((decoded.origin, decoded.target, &decoded.path), (known.origin, known.target, &known.path));
            let order = EdgeOrder::Given(&decoded.passages);
            assert_eq!(tokenizer.encode(&decoded.example(), order, LossOn::Path).unwrap().ids, ids);
        }
    });
}

#[test]
fn shuffled_sequences_hold_the_same_edges() {
    for_each_maze_and_mode(|known, tokenizer, want| {
        let order = EdgeOrder::Shuffled(&mut test_stream(7));
        let ours = tokenizer.encode(&known.example(), order, LossOn::Path).unwrap().ids;
        let theirs = ids(&want.shuffled_np_seed0, tokenizer);
        assert_eq!(edges_and_rest(&ours, tokenizer), edges_and_rest(&theirs, tokenizer));
        assert_eq!(ours.len(), theirs.len());
    });
}

#[test]
fn vocabularies_are_the_same() {
    for (mode, names) in golden().legacy_vocab {
        let name: TokenizerName = mode.parse().unwrap();
        let config = TokenizerConfig { max_grid_size: Some(5), ..name.into() };
        let tokenizer = Tokenizer::new(&config, Lattice::new(3, 5)).unwrap();
        assert_eq!(tokenizer.vocab().names(), names);
        assert_eq!(tokenizer.vocab().name(tokenizer.end_id()), Some("<PATH_END>"));
        assert_eq!(tokenizer.vocab().name(tokenizer.pad_id()), Some("<PADDING>"));
    }
}

/// Calls `check` with every golden maze and every modular tokenizer that maze-dataset could write it with.
fn for_each_modular(vocabulary: Vocabulary, check: impl Fn(&Known, &Tokenizer, &str)) {
    let golden = golden();
    assert_eq!(golden.modular_tokenizers.len(), 12);
    let mut n_refused = 0;
    for maze in &golden.mazes {
        let known = known(maze);
        for (key, entry) in &golden.modular_tokenizers {
            let ModularText::Tokens(want) = &maze.modular[key] else {
                n_refused += 1;
                continue;
            };
            eprintln!("maze {}, {key}", maze.id);
            let name: TokenizerName = entry.name.parse().unwrap();
            assert_eq!(name.to_string(), entry.name);
            let TokenizerName::Modular(elements) = name else { unreachable!("its name says so") };
            assert_eq!(elements.is_tested(), entry.is_tested);
            let config = TokenizerConfig { vocabulary: Some(vocabulary), ..name.into() };
            check(&known, &Tokenizer::new(&config, known.maze.lattice).unwrap(), want);
        }
    }
    // A path without a step, which maze-dataset cannot cut at bends.
    assert_eq!(n_refused, 1);
}

/// The edges of a sequence that writes them at random, each as the two cells in order, sorted; and what follows them.
fn forget_order(text: &str) -> (Vec<String>, String) {
    let (edges, rest) = text.split_once("<ADJLIST_END>").unwrap();
    let mut edges: Vec<String> = edges["<ADJLIST_START>".len()..]
        .split(';')
        .map(|edge| {
            let mut cells: Vec<_> = edge.split_whitespace().collect();
            cells.sort_unstable();
            cells.join(" ")
        })
        .collect();
    edges.sort_unstable();
    (edges, rest.to_owned())
}

#[test]
fn modular_sequences_are_the_same_token_for_token() {
    for vocabulary in [Vocabulary::Full, Vocabulary::Compact] {
        for_each_modular(vocabulary, |known, tokenizer, want| {
            let order = EdgeOrder::Shuffled(&mut test_stream(1));
            let ours = text(&tokenizer.encode(&known.example(), order, LossOn::Path).unwrap().ids, tokenizer);
            if tokenizer.name().to_string().contains("shuffle_d0=T") {
                assert_eq!(forget_order(&ours), forget_order(want));
            } else {
                assert_eq!(ours, want);
            }
        });
    }
}

#[test]
fn modular_sequences_of_maze_dataset_decode_to_the_maze() {
    for_each_modular(Vocabulary::Compact, |known, tokenizer, want| {
        let decoded = match tokenizer.decode(&ids(want, tokenizer)) {
            Ok(decoded) => decoded,
            // Without a target region a problem without its path cannot be told.
            Err(error) => {
                assert_eq!((error, known.path.is_none()), (DecodeError::Lossy, true));
                return;
            }
        };
        assert_eq!(decoded.maze().as_ref(), Some(&known.maze));
        assert_eq!((decoded.origin, decoded.target, &decoded.path), (known.origin, known.target, &known.path));
    });
}

#[test]
fn the_4096_words_are_the_same() {
    let golden = golden();
    let modular = |vocabulary| {
        let name: TokenizerName = golden.modular_tokenizers["M01_ut_sorted"].name.parse().unwrap();
        let config = TokenizerConfig { vocabulary: Some(vocabulary), ..name.into() };
        Tokenizer::new(&config, Lattice::new(5, 5)).unwrap()
    };
    assert_eq!(modular(Vocabulary::Full).vocab().names(), golden.universal_vocab);
    assert_eq!(modular(Vocabulary::Compact).vocab().len(), 11 + 25);
    for maze in &golden.mazes {
        let known = known(maze);
        let name: TokenizerName = golden.modular_tokenizers["M01_ut_sorted"].name.parse().unwrap();
        let config = TokenizerConfig { vocabulary: Some(Vocabulary::Full), ..name.into() };
        let tokenizer = Tokenizer::new(&config, known.maze.lattice).unwrap();
        let encoded = tokenizer.encode(&known.example(), EdgeOrder::Fixed, LossOn::Path).unwrap();
        assert_eq!(encoded.ids, maze.modular_ids_m01);
    }
}
