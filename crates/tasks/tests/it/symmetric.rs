//! Symmetry classes and splits do not see how a maze is turned.

use std::collections::BTreeSet;

use proptest::prelude::*;
use searchlens_tasks::problem::maze::Lattice;
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::splits::Split;
use searchlens_tasks::splits::symmetry::{Symmetries, Symmetry};

/// Any set of passages, on lattices with and without tables.
fn any_passages() -> impl Strategy<Value = PassageSet> {
    let square = (1usize..11).prop_map(|side| Lattice::new(side, side));
    let rectangle = (1usize..11, 1usize..11).prop_map(|(rows, cols)| Lattice::new(rows, cols));
    prop_oneof![square, rectangle].prop_flat_map(|lattice| {
        let pairs: Vec<_> = lattice.adjacent_pairs().collect();
        proptest::collection::vec(any::<bool>(), pairs.len()).prop_map(move |open| {
            let mut set = PassageSet::none(lattice);
            pairs.iter().zip(open).filter(|(_, open)| *open).for_each(|(&(a, b), _)| set.open(a, b));
            set
        })
    })
}

proptest! {
    #[test]
    fn class_and_split_are_the_same_for_every_image(set in any_passages()) {
        let lattice = set.lattice();
        let symmetries = Symmetries::of(lattice);
        let class = symmetries.class(&set);
        for symmetry in Symmetry::all_of(lattice) {
            // The image made cell by cell, without the code under test.
            let mut image = PassageSet::none(lattice);
            for (a, b) in lattice.adjacent_pairs().filter(|&(a, b)| set.is_open(a, b)) {
                image.open(symmetry.apply(lattice, a), symmetry.apply(lattice, b));
            }
            prop_assert_eq!(&symmetries.image(symmetry, &set), &image);
            prop_assert_eq!(symmetries.class(&image), class);
            prop_assert_eq!(Split::of(symmetries.class(&image)), Split::of(class));
        }
    }

    #[test]
    fn a_maze_and_its_transpose_are_of_one_class(set in any_passages(), wraps: bool, cell in any::<prop::sample::Index>()) {
        let Lattice { rows, cols, .. } = set.lattice();
        let wraps = wraps && rows.min(cols) >= 3;
        let (lattice, other) = (Lattice { rows, cols, wraps }, Lattice { rows: cols, cols: rows, wraps });
        let laid = |v: usize| other.node(v % cols, v / cols);
        let (mut same, mut transposed) = (PassageSet::none(lattice), PassageSet::none(other));
        for (a, b) in set.lattice().adjacent_pairs().filter(|&(a, b)| set.is_open(a, b)) {
            same.open(a, b);
            transposed.open(laid(a), laid(b));
        }
        let classes = |set: &PassageSet, cell| {
            let symmetries = Symmetries::of(set.lattice());
            (symmetries.class(set), symmetries.class_with(set, &[cell]))
        };
        let cell = cell.index(lattice.n_cells());
        prop_assert_eq!(classes(&same, cell), classes(&transposed, laid(cell)));
    }

    #[test]
    fn another_maze_is_of_another_class(set in any_passages(), at in any::<prop::sample::Index>()) {
        let lattice = set.lattice();
        let pairs: Vec<_> = lattice.adjacent_pairs().collect();
        prop_assume!(!pairs.is_empty());
        let (a, b) = pairs[at.index(pairs.len())];
        prop_assume!(!set.is_open(a, b));
        let symmetries = Symmetries::of(lattice);
        let mut wider = set.clone();
        wider.open(a, b);
        prop_assert_ne!(symmetries.class(&wider), symmetries.class(&set));
    }
}

#[test]
fn the_symmetries_are_a_group_of_the_right_size() {
    for (rows, cols, size) in [(4, 4, 8), (3, 4, 4)] {
        let lattice = Lattice::new(rows, cols);
        let map = |s: Symmetry| (0..lattice.n_cells()).map(|v| s.apply(lattice, v)).collect::<Vec<_>>();
        let maps: BTreeSet<_> = Symmetry::all_of(lattice).into_iter().map(map).collect();
        assert_eq!(maps.len(), size);
        for f in &maps {
            for g in &maps {
                assert!(maps.contains(&f.iter().map(|&v| g[v]).collect::<Vec<_>>()));
            }
        }
    }
}
