//! The legacy modes against maze-dataset 1.4.2's own output.

use std::collections::BTreeMap;

use searchlens_tasks::maze::{Lattice, Maze};
use searchlens_tokens::encoded::LossOn;
use searchlens_tokens::example::{EdgeOrder, Example};
use searchlens_tokens::line::TokenLine;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig};
use serde::Deserialize;

use crate::mazes::{ids, test_stream, tokenizer};

const MODES: [&str; 3] = ["AOTP_UT_rasterized", "AOTP_UT_uniform", "AOTP_CTT_indexed"];

#[derive(Deserialize)]
struct Golden {
    legacy_vocab: BTreeMap<String, Vec<String>>,
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
    let lattice = Lattice { rows: golden.grid_shape[0], cols: golden.grid_shape[1] };
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
            assert_eq!(decoded.maze, known.maze);
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
        let config = TokenizerConfig { name: mode.parse().unwrap(), max_grid_size: Some(5) };
        let tokenizer = Tokenizer::new(&config, Lattice { rows: 3, cols: 5 }).unwrap();
        assert_eq!(tokenizer.vocab().names(), names);
        assert_eq!(tokenizer.vocab().name(tokenizer.end_id()), Some("<PATH_END>"));
        assert_eq!(tokenizer.vocab().name(tokenizer.pad_id()), Some("<PADDING>"));
    }
}
