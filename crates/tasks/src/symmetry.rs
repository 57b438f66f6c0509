//! Turning and mirroring mazes: the images of a set of passages under the symmetries of its lattice, and the class they
//! share.

use crate::maze::Lattice;
use crate::passages::PassageSet;
use crate::split::{SymmetryClass, mix};

/// One symmetry of a rectangle: transposition (squares only), then flips.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symmetry {
    transpose: bool,
    flip_rows: bool,
    flip_cols: bool,
}

impl Symmetry {
    /// The symmetries of a lattice, the identity first: 8 on a square (D4), 4 on a rectangle (D2).
    pub fn all_of(lattice: Lattice) -> Vec<Symmetry> {
        let with_transpose: &[bool] = if lattice.rows == lattice.cols { &[false, true] } else { &[false] };
        let mut all = Vec::new();
        for &transpose in with_transpose {
            for (flip_rows, flip_cols) in [(false, false), (true, false), (false, true), (true, true)] {
                all.push(Symmetry { transpose, flip_rows, flip_cols });
            }
        }
        all
    }

    /// Where a cell goes.
    pub fn apply(self, lattice: Lattice, node: usize) -> usize {
        let (r, c) = lattice.coord(node);
        let (r, c) = if self.transpose { (c, r) } else { (r, c) };
        let r = if self.flip_rows { lattice.rows - 1 - r } else { r };
        let c = if self.flip_cols { lattice.cols - 1 - c } else { c };
        lattice.node(r, c)
    }

    /// Where a passage goes, both named by their bit in a [`PassageSet`].
    fn apply_to_bit(self, lattice: Lattice, bit: usize) -> usize {
        let n = lattice.n_cells();
        let (from, down) = (bit % n, bit < n);
        let to = if down { from + lattice.cols } else { from + 1 };
        let first = self.apply(lattice, from).min(self.apply(lattice, to));
        if down != self.transpose { first } else { n + first }
    }
}

/// The symmetries of one lattice, ready to be applied to many mazes.
#[derive(Clone, Debug)]
pub struct Symmetries {
    lattice: Lattice,
    all: Vec<Symmetry>,
    /// For lattices of up to 64 cells (128 bits): `table[i][h]` holds the images, under every symmetry but the
    /// identity, of the set whose bits `4i..4i + 4` are the binary digits of `h`. Empty for larger lattices.
    table: Vec<[Images; 16]>,
}

/// Seven images of a set of at most 128 bits, each as two words, least first. (A rectangle's three stand repeated.)
type Images = [u64; 14];

impl Symmetries {
    /// The symmetries of `lattice`.
    pub fn of(lattice: Lattice) -> Symmetries {
        let all = Symmetry::all_of(lattice);
        let table = if 2 * lattice.n_cells() <= 128 { half_byte_images(lattice, &all[1..]) } else { Vec::new() };
        Symmetries { lattice, all, table }
    }

    /// The class of a maze.
    ///
    /// On up to 32 cells different classes have different numbers; beyond, a clash has a chance of 2^-64 for each pair.
    ///
    /// # Panics
    /// If the passages are of another lattice.
    pub fn class(&self, passages: &PassageSet) -> SymmetryClass {
        assert_eq!(passages.lattice(), self.lattice, "passages of another lattice");
        let hash = |words: &[u64]| SymmetryClass(words.iter().fold(self.shape(), |h, &word| mix(h ^ word)));
        match passages.words() {
            _ if self.table.is_empty() => hash(self.least_image(passages).words()),
            [_] => hash(&[self.least_small_image(passages) as u64]),
            _ => {
                let least = self.least_small_image(passages);
                hash(&[least as u64, (least >> 64) as u64])
            }
        }
    }

    /// The class of a maze with some of its cells, in order: equal if a symmetry takes one maze to the other and each cell
    /// to its like.
    ///
    /// # Panics
    /// If the passages are of another lattice.
    pub fn class_with(&self, passages: &PassageSet, cells: &[usize]) -> SymmetryClass {
        assert_eq!(passages.lattice(), self.lattice, "passages of another lattice");
        let image = |&symmetry: &Symmetry| {
            let cells: Vec<u64> = cells.iter().map(|&cell| symmetry.apply(self.lattice, cell) as u64).collect();
            (self.image(symmetry, passages), cells)
        };
        let least = self.all.iter().map(image).min();
        let (image, cells) = least.expect("a lattice has at least the identity");
        SymmetryClass(image.words().iter().chain(&cells).fold(self.shape(), |hash, &word| mix(hash ^ word)))
    }

    /// What sets the classes of one lattice apart from those of others.
    fn shape(&self) -> u64 {
        mix((self.lattice.rows as u64) << 32 | self.lattice.cols as u64)
    }

    /// The least of a maze's images, as a number whose binary digits are the passages (the last bit weighs most).
    pub fn least_image(&self, passages: &PassageSet) -> PassageSet {
        let mut least = passages.clone();
        for &symmetry in &self.all[1..] {
            let image = self.image(symmetry, passages);
            if image.words().iter().rev().lt(least.words().iter().rev()) {
                least = image;
            }
        }
        least
    }

    /// The image of a set of passages under one symmetry.
    pub fn image(&self, symmetry: Symmetry, passages: &PassageSet) -> PassageSet {
        let mut image = PassageSet::none(self.lattice);
        passages.bits().for_each(|bit| image.set_bit(symmetry.apply_to_bit(self.lattice, bit)));
        image
    }

    /// [`Symmetries::least_image`] by table, for lattices that have one.
    fn least_small_image(&self, passages: &PassageSet) -> u128 {
        let mut images: Images = [0; 14];
        for (word, rows) in passages.words().iter().zip(self.table.chunks(16)) {
            for (i, row) in rows.iter().enumerate() {
                let image = &row[(word >> (4 * i)) as usize & 15];
                images.iter_mut().zip(image).for_each(|(all, part)| *all |= part);
            }
        }
        let others = images.chunks_exact(2).map(|image| u128::from(image[1]) << 64 | u128::from(image[0]));
        others.fold(small_bits(passages), u128::min)
    }
}

/// A set of at most 128 bits as one number.
fn small_bits(passages: &PassageSet) -> u128 {
    passages.words().iter().rev().fold(0, |bits, &word| bits << 64 | u128::from(word))
}

/// [`Symmetries::table`] for the symmetries other than the identity.
fn half_byte_images(lattice: Lattice, others: &[Symmetry]) -> Vec<[Images; 16]> {
    let n_bits = 2 * lattice.n_cells();
    let exists = |bit: usize| {
        let (row, col) = lattice.coord(bit % lattice.n_cells());
        if bit < lattice.n_cells() { row + 1 < lattice.rows } else { col + 1 < lattice.cols }
    };
    let mut table = vec![[[0; 14]; 16]; n_bits.div_ceil(4)];
    for bit in (0..n_bits).filter(|&bit| exists(bit)) {
        for i in 0..7 {
            let image = others[i % others.len()].apply_to_bit(lattice, bit);
            for half_byte in (0..16).filter(|h| h >> (bit % 4) & 1 == 1) {
                table[bit / 4][half_byte][2 * i + image / 64] |= 1 << (image % 64);
            }
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fast path and the plain one must name the same class.
    #[track_caller]
    fn check_tables(rows: usize, cols: usize) {
        let lattice = Lattice { rows, cols };
        let fast = Symmetries::of(lattice);
        let mut set = PassageSet::none(lattice);
        for (i, (a, b)) in lattice.adjacent_pairs().enumerate() {
            if !mix(i as u64).is_multiple_of(3) {
                set.open(a, b);
            }
            assert_eq!(fast.least_small_image(&set), small_bits(&fast.least_image(&set)), "{rows}x{cols}");
        }
    }

    #[test]
    fn tables_agree_with_the_definition() {
        for (rows, cols) in [(1, 1), (1, 2), (7, 1), (2, 2), (3, 3), (3, 5), (5, 5), (7, 7), (8, 8), (4, 16)] {
            check_tables(rows, cols);
        }
    }

    #[test]
    fn a_square_has_eight_symmetries_and_a_rectangle_four() {
        assert_eq!(Symmetry::all_of(Lattice { rows: 3, cols: 3 }).len(), 8);
        assert_eq!(Symmetry::all_of(Lattice { rows: 3, cols: 4 }).len(), 4);
    }
}
