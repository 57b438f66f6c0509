//! Mazes on a torus: drawn, classed, counted.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use searchlens_base::stream::{Purpose, stream};
use searchlens_tasks::difficulty::policy::{Policy, exact_probability};
use searchlens_tasks::mazes::config::{MazeConfig, RawMazeConfig};
use searchlens_tasks::mazes::count::{count, count_spanning_trees, spanning_trees};
use searchlens_tasks::mazes::error::MazeError;
use searchlens_tasks::mazes::generators::{GENERATORS, Generator, braid};
use searchlens_tasks::problem::Problem;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::problem::solve::DistanceField;
use searchlens_tasks::splits::Split;
use searchlens_tasks::splits::symmetry::{Symmetries, Symmetry};

use crate::samples::{raw, task};

fn torus(generator: &str, rows: usize, cols: usize) -> RawMazeConfig {
    RawMazeConfig { torus: true, ..raw(generator, rows, cols) }
}

#[test]
fn every_generator_either_uses_the_torus_or_says_that_it_cannot() {
    let mut without = Vec::new();
    for kind in &GENERATORS {
        match MazeConfig::try_from(torus(kind.name, 4, 5)) {
            Ok(config) => check_mazes(&config),
            Err(error) => {
                assert_eq!(error, MazeError::NoTorus { generator: kind.name });
                without.push(kind.name);
            }
        }
    }
    assert_eq!(without, ["recursive_division", "sidewinder", "binary_tree"]);
}

/// Mazes that span do, without a loop where that is promised; and in the long run every passage comes, as often across a
/// side as elsewhere (but for generators that go row by row).
fn check_mazes(config: &MazeConfig) {
    let (generator, lattice) = (config.generator(), config.lattice());
    let mut open = PassageSet::none(lattice);
    let mut counts = vec![0usize; lattice.n_links()];
    let n_mazes = 1000;
    for index in 0..n_mazes {
        generator.carve(&mut stream(6, Purpose::Natural, index), &mut open);
        let parts = open.components().into_iter().collect::<BTreeSet<_>>().len();
        assert!(!generator.spans(lattice) || parts == 1, "{generator:?}: {parts} parts");
        assert!(!generator.is_loopless() || open.len() + parts == lattice.n_cells(), "{generator:?} has a loop");
        assert!(open.len() <= config.max_passages());
        assert_eq!(PassageSet::of(&open.to_maze()), open);
        let pairs = lattice.adjacent_pairs();
        pairs.zip(&mut counts).for_each(|((a, b), count)| *count += usize::from(open.is_open(a, b)));
        braid(
            searchlens_tasks::mazes::generators::Probability::HALF,
            &mut stream(7, Purpose::Natural, index),
            &mut open,
        );
        assert_eq!(open.components().into_iter().collect::<BTreeSet<_>>().len(), parts, "braiding joins nothing");
    }
    if !matches!(generator, Generator::HuntAndKill { .. }) {
        // Shifts change nothing about such a generator, so all vertical passages are as likely, and all horizontal ones.
        for counts in counts.chunks(lattice.n_cells()) {
            let mean = counts.iter().sum::<usize>() as f64 / counts.len() as f64;
            // Five standard deviations of a coin, of which there are 20.
            let within = 5.0 * (n_mazes as f64 * 0.25).sqrt();
            assert!(counts.iter().all(|&c| (c as f64 - mean).abs() < within), "{generator:?}: {counts:?}");
        }
    }
}

#[test]
fn a_torus_of_less_than_three_rows_or_columns_is_refused() {
    let error = |rows, cols| MazeConfig::try_from(torus("dfs", rows, cols)).unwrap_err().to_string();
    assert_eq!(
        error(2, 5),
        "torus = true, rows = 2, cols = 5: a torus needs at least three rows and three columns; make it larger, or leave \
         `torus` out"
    );
    assert!(error(0, 5).starts_with("rows = 0"));
}

#[test]
fn problems_lie_in_their_split_and_are_solved() {
    for (generator, side) in [("dfs", 3), ("wilson", 5), ("percolation", 9)] {
        let task = task(torus(generator, side, side));
        assert_eq!(task.config().name(), format!("{generator}-{side}x{side}-torus"));
        for split in Split::ALL {
            task.check_split(split).unwrap();
            for index in 0..20 {
                let instance = task.instance(3, split, index);
                assert_eq!(Split::of(instance.class), split);
                assert_eq!(task.class(&instance.problem), Some(instance.class));
                assert!(instance.path.windows(2).all(|step| instance.problem.graph.has_edge(step[0], step[1])));
            }
        }
    }
}

fn any_torus() -> impl Strategy<Value = (PassageSet, [usize; 2])> {
    let lattice = prop_oneof![
        (3usize..6).prop_map(|side| Lattice::torus(side, side)),
        (3usize..6, 3usize..6).prop_map(|(rows, cols)| Lattice::torus(rows, cols)),
    ];
    lattice.prop_flat_map(|lattice| {
        let cells = [0..lattice.n_cells(), 0..lattice.n_cells()];
        (proptest::collection::vec(any::<bool>(), lattice.n_links()), cells).prop_map(move |(open, cells)| {
            let mut set = PassageSet::none(lattice);
            lattice.adjacent_pairs().zip(open).filter(|(_, open)| *open).for_each(|((a, b), _)| set.open(a, b));
            (set, cells)
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// Turned, mirrored, shifted: one class, and with the endpoints moved along one class too.
    #[test]
    fn every_image_is_of_one_class((set, cells) in any_torus()) {
        let lattice = set.lattice();
        let symmetries = Symmetries::of(lattice);
        let (class, with_cells) = (symmetries.class(&set), symmetries.class_with(&set, &cells));
        for symmetry in Symmetry::all_of(lattice) {
            let mut image = PassageSet::none(lattice);
            for (a, b) in lattice.adjacent_pairs().filter(|&(a, b)| set.is_open(a, b)) {
                image.open(symmetry.apply(lattice, a), symmetry.apply(lattice, b));
            }
            prop_assert_eq!(&symmetries.image(symmetry, &set), &image);
            prop_assert_eq!(symmetries.class(&image), class);
            let moved = cells.map(|cell| symmetry.apply(lattice, cell));
            prop_assert_eq!(symmetries.class_with(&image, &moved), with_cells);
        }
    }
}

/// The class by hashes of views against the definition: the least image.
#[test]
fn classes_are_those_of_the_canonical_image() {
    let lattice = Lattice::torus(3, 3);
    let symmetries = Symmetries::of(lattice);
    let mut found = BTreeMap::new();
    for tree in spanning_trees(lattice).into_iter().step_by(7) {
        let least = symmetries.canonical_image(&tree);
        assert_eq!(*found.entry(least).or_insert(symmetries.class(&tree)), symmetries.class(&tree));
    }
    let classes: BTreeSet<_> = found.values().collect();
    assert_eq!(classes.len(), found.len(), "different classes have different numbers");
}

#[test]
fn a_torus_is_no_rectangle() {
    let (flat, round) = (Lattice::new(4, 4), Lattice::torus(4, 4));
    let passages = [(0, 1), (5, 9)];
    let class = |lattice| Symmetries::of(lattice).class(&PassageSet::of(&Maze::new(lattice, &passages)));
    assert_ne!(class(flat), class(round));
}

#[test]
fn trees_are_counted_and_uniform() {
    // Product of the Laplacian's eigenvalues over the number of cells: 3^4 · 6^4 / 9.
    let lattice = Lattice::torus(3, 3);
    assert_eq!(count_spanning_trees(lattice), 11_664u32.into());
    assert_eq!(count_spanning_trees(Lattice::torus(4, 4)), 42_467_328u32.into());
    assert_eq!(spanning_trees(lattice).len(), 11_664);
    let config = |generator, side| MazeConfig::on(generator, Lattice::torus(side, side)).unwrap();
    assert_eq!(count(&config(Generator::Wilson, 3)).unwrap().mazes, 11_664u32.into());
    assert!(count(&config(Generator::dfs(), 4)).is_err());
    for generator in [Generator::Wilson, Generator::AldousBroder] {
        let (mut rng, mut open) = (stream(11, Purpose::Natural, 0), PassageSet::none(lattice));
        let mut counts: BTreeMap<PassageSet, f64> = BTreeMap::new();
        for _ in 0..10 * 11_664 {
            generator.carve(&mut rng, &mut open);
            *counts.entry(open.clone()).or_insert(0.0) += 1.0;
        }
        let seen: f64 = counts.values().map(|c| (c - 10.0).powi(2) / 10.0).sum();
        let chi_square = seen + (11_664 - counts.len()) as f64 * 10.0;
        // 11,663 degrees of freedom: standard deviation 153.
        assert!((chi_square - 11_663.0).abs() < 4.0 * 153.0, "{generator:?}: chi-square {chi_square}");
    }
}

#[test]
fn greedy_walkers_go_the_shorter_way_round() {
    // A ring along the first row, five cells: from 0 to 4 it is one step to the left.
    let passages: Vec<_> = (0..5).map(|c| (c, (c + 1) % 5)).collect();
    let problem = Problem::in_maze(Maze::new(Lattice::torus(3, 5), &passages), 0, 4);
    let field = DistanceField::to(&problem.graph, 4);
    assert_eq!(exact_probability(&problem, &field, Policy::Greedy), 1.0);
    let far = Problem::in_maze(Maze::new(Lattice::torus(3, 5), &passages[..4]), 0, 4);
    assert_eq!(far.graph.n_edges(), 4);
    assert_eq!(exact_probability(&far, &DistanceField::to(&far.graph, 4), Policy::Random), 1.0);
}
