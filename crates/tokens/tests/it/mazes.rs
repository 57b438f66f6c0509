//! Mazes that the tests share.

use rand::RngExt;
use rand::seq::SliceRandom;
use searchlens_base::stream::{Purpose, Stream, stream};
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tokens::sequence::example::Example;
use searchlens_tokens::tokenizer::Tokenizer;

/// maze-dataset's little example, a tree on 3×3:
///
/// ```text
/// #######
/// # #   #
/// # ### #
/// #XXXXE#
/// #X#####
/// #S    #
/// #######
/// ```
pub(crate) fn little() -> Maze {
    Maze::new(Lattice::new(3, 3), &[(0, 3), (2, 5), (3, 6), (1, 2), (3, 4), (4, 5), (6, 7), (7, 8)])
}

/// The little maze with its endpoints and path.
pub(crate) fn little_example(maze: &Maze) -> Example<'_> {
    Example { origin: Some(6), target: Some(5), path: Some(&[6, 3, 4, 5]), ..Example::of_maze(maze) }
}

/// One tokenizer of mazes of each kind, and some with many choices. All of them lose nothing.
pub(crate) const TOKENIZERS: [&str; 19] = [
    "AOTP_UT_rasterized",
    "AOTP_UT_uniform",
    "AOTP_CTT_indexed",
    "MazeTokenizerModular-AOTP(UT(), AdjListCoord(pre=F, post=T, shuffle_d0=T, Ungrouped(connection_token_ordinal=1), \
     ConnectionEdges(walls=F), RandomCoords()), Unlabeled(post=F), StepSequence(Singles(), step_tokenizers=(Coord(), ), \
     pre=F, intra=F, post=F))",
    "MazeTokenizerModular-AOTP(CTT(pre=F, intra=T, post=F), AdjListCardinal(pre=T, post=T, shuffle_d0=T, \
     ByLeadingCoord(intra=T, shuffle_group=T, connection_token_ordinal=0), AllLatticeEdges(), BothCoords()), \
     Unlabeled(post=T), StepSequence(Singles(), step_tokenizers=(Relative(), Cardinal(), ), pre=T, intra=F, post=T))",
    "MazeTokenizerModular-AOTP(UT(), AdjListCoord(pre=F, post=F, shuffle_d0=T, ByLeadingCoord(intra=F, \
     shuffle_group=T, connection_token_ordinal=1), ConnectionEdges(walls=T), RandomCoords()), Unlabeled(post=F), \
     StepSequence(ForksAndStraightaways(), step_tokenizers=(Relative(), Distance(), Coord(), ), pre=F, intra=T, post=F))",
    "MazeTokenizerModular-AOTP(UT(), AdjListCardinal(pre=T, post=F, shuffle_d0=F, \
     Ungrouped(connection_token_ordinal=2), ConnectionEdges(walls=F), BothCoords()), Unlabeled(post=T), \
     StepSequence(Forks(), step_tokenizers=(Distance(), Cardinal(), ), pre=F, intra=F, post=T))",
    "MazeTokenizerModular-AOTP(CTT(pre=T, intra=F, post=T), AdjListCoord(pre=F, post=F, shuffle_d0=F, \
     Ungrouped(connection_token_ordinal=0), AllLatticeEdges(), SortedCoords()), Unlabeled(post=F), \
     StepSequence(Straightaways(), step_tokenizers=(Cardinal(), Coord(), ), pre=F, intra=T, post=F))",
    "edges",
    "walls",
    "cells",
    "row-col",
    "edges+sorted+query-first+workspace-3",
    "row-col+by-distance+origin-first+directions",
    "cells+query-first+forks+workspace-cells",
    "walls+query-first+origin-first+forks",
    "edges+weights-7",
    "walls+directions+weights-7",
    "row-col+by-distance+weights-7",
];

/// The tokenizer of this name for mazes on `lattice`.
pub(crate) fn tokenizer(name: &str, lattice: Lattice) -> Tokenizer {
    Tokenizer::from_name(name, lattice).unwrap()
}

/// Names of tokens, joined by spaces, to ids.
pub(crate) fn ids(text: &str, tokenizer: &Tokenizer) -> Vec<u32> {
    text.split_whitespace().map(|token| tokenizer.vocab().id(token).unwrap()).collect()
}

/// A stream of the tests' own.
pub(crate) fn test_stream(seed: u64) -> Stream {
    stream(seed, Purpose::Tokenize, 0)
}

/// A maze drawn at random: a spanning tree, and of the other passages a share of `extra`.
pub(crate) fn random_maze(lattice: Lattice, extra: f64, rng: &mut Stream) -> Maze {
    let mut pairs: Vec<_> = lattice.adjacent_pairs().collect();
    pairs.shuffle(rng);
    let mut part: Vec<usize> = (0..lattice.n_cells()).collect();
    let mut open = Vec::new();
    for (a, b) in pairs {
        let (keep, gone) = (part[a], part[b]);
        if keep != gone {
            part.iter_mut().filter(|p| **p == gone).for_each(|p| *p = keep);
            open.push((a, b));
        } else if rng.random_bool(extra) {
            open.push((a, b));
        }
    }
    Maze::new(lattice, &open)
}

/// A walk through open passages that visits no cell twice, as far as it comes.
pub(crate) fn random_walk(maze: &Maze, rng: &mut Stream) -> Vec<usize> {
    let mut walk = vec![rng.random_range(0..maze.lattice.n_cells())];
    loop {
        let next: Vec<_> = maze.graph.neighbours(walk[walk.len() - 1]).filter(|v| !walk.contains(v)).collect();
        if next.is_empty() {
            return walk;
        }
        walk.push(next[rng.random_range(0..next.len())]);
    }
}
