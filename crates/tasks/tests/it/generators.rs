//! Every generator makes what its documentation says, on squares, rectangles and corridors.

use std::collections::BTreeSet;

use searchlens_base::stream::{Purpose, Stream, stream};
use searchlens_tasks::mazes::config::MazeConfig;
use searchlens_tasks::mazes::count::dfs_trees;
use searchlens_tasks::mazes::generators::{GENERATORS, Generator, Probability, Start, braid};
use searchlens_tasks::problem::maze::Lattice;
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::problem::solve::DistanceField;

use crate::samples::{raw, with};

fn generator(name: &str, rows: usize, cols: usize, options: &[(&str, &str)]) -> Generator {
    MazeConfig::try_from(with(name, rows, cols, options)).unwrap().generator()
}

/// Draws mazes and looks at each, with the cell that problems go by.
fn each_maze(
    generator: Generator,
    rows: usize,
    cols: usize,
    count: u64,
    mut look: impl FnMut(&PassageSet, usize, &mut Stream),
) {
    for index in 0..count {
        let (mut rng, mut open) = (stream(5, Purpose::Natural, index), PassageSet::none(Lattice::new(rows, cols)));
        let root = generator.carve(&mut rng, &mut open);
        look(&open, root, &mut rng);
    }
}

fn n_parts(open: &PassageSet) -> usize {
    open.components().into_iter().collect::<BTreeSet<_>>().len()
}

/// Cells that the root's part of a maze has.
fn n_reached(open: &PassageSet, root: usize) -> usize {
    let parts = open.components();
    parts.iter().filter(|&&part| part == parts[root]).count()
}

fn n_dead_ends(open: &PassageSet) -> usize {
    let graph = open.to_graph();
    (0..graph.n_nodes()).filter(|&v| graph.degree(v) == 1).count()
}

const SIZES: [(usize, usize); 8] = [(1, 2), (1, 9), (9, 1), (2, 2), (3, 5), (6, 4), (8, 8), (11, 13)];

#[test]
fn what_spans_is_connected_and_what_has_no_loop_is_a_forest() {
    for kind in &GENERATORS {
        for (rows, cols) in SIZES {
            let maze = MazeConfig::try_from(raw(kind.name, rows, cols)).unwrap();
            let (generator, lattice) = (maze.generator(), maze.lattice());
            each_maze(generator, rows, cols, 20, |open, root, _| {
                let parts = n_parts(open);
                assert!(root < lattice.n_cells() && open.len() <= maze.max_passages());
                assert!(!generator.spans(lattice) || parts == 1, "{} {rows}x{cols}: {parts} parts", kind.name);
                let has_loop = open.len() + parts > lattice.n_cells();
                assert!(!generator.is_loopless() || !has_loop, "{} {rows}x{cols} has a loop", kind.name);
                assert!(!maze.has_fixed_passages() || open.len() == lattice.n_cells() - 1);
            });
        }
    }
}

#[test]
fn large_mazes_are_trees_too() {
    for kind in GENERATORS.iter().filter(|kind| !kind.name.contains("percolation")) {
        each_maze(generator(kind.name, 40, 65, &[]), 40, 65, 1, |open, _, _| {
            assert_eq!((open.len(), n_parts(open)), (40 * 65 - 1, 1), "{}", kind.name);
        });
    }
}

#[test]
fn accessible_cells_are_those_asked_for() {
    for name in ["dfs", "prim"] {
        for (amount, want) in [("20", 20), ("0.5", 18), ("2", 2), ("99", 36), ("1.0", 36)] {
            each_maze(generator(name, 6, 6, &[("accessible_cells", amount)]), 6, 6, 30, |open, root, _| {
                assert_eq!((n_reached(open, root), open.len()), (want, want - 1), "{name} {amount}");
            });
        }
    }
}

#[test]
fn the_depth_limit_is_maze_datasets_counter() {
    // maze-dataset 1.4.2: with max_tree_depth = 4 a search from the middle of a 10×10 lattice visits 8 cells. By hand:
    // the count begins at 1, so two carvings in a row; the second cell is left for good after its three neighbours.
    each_maze(generator("dfs", 10, 10, &[("max_tree_depth", "4"), ("start", "5,5")]), 10, 10, 200, |open, root, _| {
        assert_eq!(n_reached(open, root), 8);
    });
    // 0.2 of rows + cols is the same limit.
    each_maze(generator("dfs", 10, 10, &[("max_tree_depth", "0.2"), ("start", "5,5")]), 10, 10, 50, |open, root, _| {
        assert_eq!(n_reached(open, root), 8);
    });
}

#[test]
fn prims_depth_limit_is_steps_from_the_start() {
    let prim = generator("prim", 9, 9, &[("max_tree_depth", "3"), ("start", "4,4")]);
    each_maze(prim, 9, 9, 50, |open, root, _| {
        let field = DistanceField::to(&open.to_graph(), root);
        let reached = (0..81).filter_map(|v| field.distance(v));
        // All cells within three steps as the crow flies can be reached in three, but walls may stand before some.
        let steps: Vec<usize> = reached.collect();
        assert!(steps.len() > 4 && steps.len() <= 25 && steps.iter().max() == Some(&3), "{steps:?}");
    });
}

#[test]
fn without_forks_there_is_one_corridor_as_long_as_maze_datasets() {
    // Mean cells of maze-dataset's corridors, with its start: figures of a run of some hundred, good to about 3 %.
    for (side, want) in [(5, 15.9), (7, 22.8), (10, 32.1)] {
        let mut total = 0;
        let walk = generator("dfs", side, side, &[("do_forks", "false"), ("start", "maze-dataset")]);
        each_maze(walk, side, side, 4000, |open, root, _| {
            let graph = open.to_graph();
            assert!((0..graph.n_nodes()).all(|v| graph.degree(v) <= 2) && graph.degree(root) == 1);
            total += n_reached(open, root);
        });
        let mean = total as f64 / 4000.0;
        assert!((mean - want).abs() < 0.05 * want, "{side}: {mean}, wanted {want}");
    }
}

#[test]
fn a_growing_tree_that_grows_from_its_newest_cell_is_a_search() {
    let lattice = Lattice::new(3, 3);
    let mut drawn = BTreeSet::new();
    each_maze(generator("growing_tree", 3, 3, &[("newest", "1")]), 3, 3, 8000, |open, _, _| {
        drawn.insert(open.clone());
    });
    assert_eq!(drawn.into_iter().collect::<Vec<_>>(), dfs_trees(lattice, Start::Uniform));
}

#[test]
fn percolation_opens_the_share_it_says() {
    for (p, want) in [("0", 0.0), ("0.3", 0.3), ("0.75", 0.75), ("1", 1.0)] {
        let mut open_passages = 0;
        each_maze(generator("percolation", 20, 30, &[("p", p)]), 20, 30, 100, |open, _, _| open_passages += open.len());
        let share = open_passages as f64 / (100.0 * (19.0 * 30.0 + 20.0 * 29.0));
        // Four standard deviations of 115,000 tosses.
        assert!((share - want).abs() < 0.006, "{share}, wanted {want}");
    }
    let both = generator("dfs_percolation", 8, 8, &[("p", "0.2")]);
    each_maze(both, 8, 8, 50, |open, _, _| assert!(n_parts(open) == 1 && open.len() > 63));
}

#[test]
fn rows_by_row_generators_have_no_dead_end_upwards() {
    for name in ["sidewinder", "binary_tree"] {
        each_maze(generator(name, 7, 9, &[]), 7, 9, 50, |open, _, _| {
            assert!((1..9).all(|col| open.is_open(col - 1, col)), "the top is one corridor");
        });
    }
    // All upwards: a comb.
    each_maze(generator("binary_tree", 4, 5, &[("p", "1")]), 4, 5, 1, |open, _, _| {
        assert!((5..20).all(|cell| open.is_open(cell - 5, cell)));
    });
}

#[test]
fn braiding_opens_dead_ends_and_joins_nothing() {
    let all = Probability::new(1.0).unwrap();
    for kind in &GENERATORS {
        for (rows, cols) in SIZES {
            let generator = generator(kind.name, rows, cols, &[]);
            let spans = generator.spans(Lattice::new(rows, cols));
            each_maze(generator, rows, cols, 20, |open, _, rng| {
                let mut braided = open.clone();
                braid(all, rng, &mut braided);
                assert_eq!(braided.components(), open.components(), "{}: what was apart stays apart", kind.name);
                let corridor = rows.min(cols) == 1;
                assert!(!spans || corridor || n_dead_ends(&braided) == 0, "{} {rows}x{cols}", kind.name);
                let mut same = open.clone();
                braid(Probability::new(0.0).unwrap(), rng, &mut same);
                assert_eq!(&same, open);
            });
        }
    }
    let (mut before, mut after) = (0, 0);
    each_maze(generator("wilson", 20, 20, &[]), 20, 20, 50, |open, _, rng| {
        let mut braided = open.clone();
        braid(Probability::HALF, rng, &mut braided);
        (before, after) = (before + n_dead_ends(open), after + n_dead_ends(&braided));
    });
    // Half are opened, and some of those open another.
    let share = after as f64 / before as f64;
    assert!((0.35..0.5).contains(&share), "{share}");
}
