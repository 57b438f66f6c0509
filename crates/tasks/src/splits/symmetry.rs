//! Symmetries of mazes: the images of a set of passages under rotations and reflections of its lattice (on a torus, also
//! shifts), and the class they share. A maze that is taller than wide has the class of its transpose, so that both lie in
//! one split.

use std::borrow::Cow;

use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use crate::splits::{SymmetryClass, mix};

/// One symmetry of a lattice: a transposition (on squares), then flips, then, on a torus, a shift.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Symmetry {
    transpose: bool,
    flip_rows: bool,
    flip_cols: bool,
    /// Rows down and columns right.
    shift: (usize, usize),
}

impl Symmetry {
    /// Lists the symmetries of a lattice, the identity first: 8 on a square (D4), 4 on a rectangle (D2), and on a torus each
    /// of them with each of `n_cells` shifts.
    pub fn all_of(lattice: Lattice) -> Vec<Symmetry> {
        let shifts = if lattice.wraps { lattice.n_cells() } else { 1 };
        let shifts = (0..shifts).map(|cell| lattice.coord(cell));
        shifts
            .flat_map(|shift| Symmetry::turns_of(lattice).into_iter().map(move |turn| Symmetry { shift, ..turn }))
            .collect()
    }

    /// Lists the symmetries of a lattice without shifts, the identity first.
    fn turns_of(lattice: Lattice) -> Vec<Symmetry> {
        let with_transpose: &[bool] = if lattice.rows == lattice.cols { &[false, true] } else { &[false] };
        let mut all = Vec::new();
        for &transpose in with_transpose {
            for (flip_rows, flip_cols) in [(false, false), (true, false), (false, true), (true, true)] {
                all.push(Symmetry { transpose, flip_rows, flip_cols, shift: (0, 0) });
            }
        }
        all
    }

    /// Returns the image of a cell.
    pub fn apply(self, lattice: Lattice, node: usize) -> usize {
        let (r, c) = lattice.coord(node);
        let (r, c) = if self.transpose { (c, r) } else { (r, c) };
        let r = if self.flip_rows { lattice.rows - 1 - r } else { r };
        let c = if self.flip_cols { lattice.cols - 1 - c } else { c };
        if self.shift == (0, 0) {
            return lattice.node(r, c);
        }
        lattice.node((r + self.shift.0) % lattice.rows, (c + self.shift.1) % lattice.cols)
    }

    /// Returns the image of a passage, both as bits of a [`PassageSet`].
    fn apply_to_bit(self, lattice: Lattice, bit: usize) -> usize {
        if lattice.wraps {
            let (from, to) = lattice.cells_at(bit).expect("a torus has every link");
            let link = lattice.link(self.apply(lattice, from), self.apply(lattice, to));
            return link.expect("a symmetry keeps adjacent cells adjacent");
        }
        let n = lattice.n_cells();
        let (from, down) = (bit % n, bit < n);
        let to = if down { from + lattice.cols } else { from + 1 };
        let first = self.apply(lattice, from).min(self.apply(lattice, to));
        if down != self.transpose { first } else { n + first }
    }
}

/// The symmetries of one lattice, precomputed for many mazes.
#[derive(Clone, Debug)]
pub struct Symmetries {
    lattice: Lattice,
    /// The symmetries of [`lying`] without shifts: on a rectangle, all.
    turns: Vec<Symmetry>,
    /// For rectangles of up to 64 cells (128 bits): `table[i][h]` holds the images on [`lying`], under every symmetry except
    /// the identity (under all, if the lattice is transposed first), of the set whose bits `4i..4i + 4` are the binary
    /// digits of `h`. Empty for larger lattices and tori.
    table: Vec<[Images; 16]>,
}

/// Seven images of a set of at most 128 bits, each as two words, low word first. (A rectangle's three or four are repeated.)
type Images = [u64; 14];

impl Symmetries {
    /// Precomputes the symmetries of `lattice`.
    pub fn of(lattice: Lattice) -> Symmetries {
        let mut symmetries = Symmetries { lattice, turns: Symmetry::turns_of(lying(lattice)), table: Vec::new() };
        if 2 * lattice.n_cells() <= 128 && !lattice.wraps {
            symmetries.table = symmetries.half_byte_images();
        }
        symmetries
    }

    /// Returns whether mazes are transposed before their class is computed.
    fn stands(&self) -> bool {
        self.lattice.rows > self.lattice.cols
    }

    /// Returns the image of a passage under the transposition, if there is one.
    fn laid_bit(&self, bit: usize) -> usize {
        if !self.stands() {
            return bit;
        }
        let n = self.lattice.n_cells();
        // Bits name a passage by its upper or left cell, also across the seam of a torus.
        let cell = self.laid_cell(bit % n);
        if bit < n { n + cell } else { cell }
    }

    /// Returns the image of a cell under the transposition, if there is one.
    fn laid_cell(&self, cell: usize) -> usize {
        let (r, c) = self.lattice.coord(cell);
        if self.stands() { lying(self.lattice).node(c, r) } else { cell }
    }

    /// Returns the transposed maze, if mazes are transposed.
    fn laid<'p>(&self, passages: &'p PassageSet) -> Cow<'p, PassageSet> {
        if !self.stands() {
            return Cow::Borrowed(passages);
        }
        let mut laid = PassageSet::none(lying(self.lattice));
        passages.bits().for_each(|bit| laid.set_bit(self.laid_bit(bit)));
        Cow::Owned(laid)
    }

    /// Returns the class of a maze.
    ///
    /// On rectangles of up to 32 cells different classes have different numbers; on larger ones and tori, two classes collide
    /// with probability 2^-64.
    ///
    /// # Panics
    /// If the passages are of another lattice.
    pub fn class(&self, passages: &PassageSet) -> SymmetryClass {
        assert_eq!(passages.lattice(), self.lattice, "passages of another lattice");
        if self.lattice.wraps {
            return self.torus_class(&self.laid(passages), &[]);
        }
        let hash = |words: &[u64]| SymmetryClass(words.iter().fold(self.shape(), |h, &word| mix(h ^ word)));
        match passages.words() {
            _ if self.table.is_empty() => hash(canonical_image(&self.turns, &self.laid(passages)).words()),
            [_] => hash(&[self.small_canonical_image(passages) as u64]),
            _ => {
                let least = self.small_canonical_image(passages);
                hash(&[least as u64, (least >> 64) as u64])
            }
        }
    }

    /// Returns the class of a maze with an ordered list of cells: equal if a symmetry maps one maze and list to the other.
    ///
    /// # Panics
    /// If the passages are of another lattice.
    pub fn class_with(&self, passages: &PassageSet, cells: &[usize]) -> SymmetryClass {
        assert_eq!(passages.lattice(), self.lattice, "passages of another lattice");
        let passages = &*self.laid(passages);
        let cells: Vec<usize> = cells.iter().map(|&cell| self.laid_cell(cell)).collect();
        if self.lattice.wraps {
            return self.torus_class(passages, &cells);
        }
        let image = |&symmetry: &Symmetry| {
            let cells: Vec<u64> = cells.iter().map(|&cell| symmetry.apply(lying(self.lattice), cell) as u64).collect();
            (image(symmetry, passages), cells)
        };
        let least = self.turns.iter().map(image).min();
        let (image, cells) = least.expect("a lattice has at least the identity");
        SymmetryClass(image.words().iter().chain(&cells).fold(self.shape(), |hash, &word| mix(hash ^ word)))
    }

    /// Returns the seed of class hashes, equal for a lattice and its transpose only.
    fn shape(&self) -> u64 {
        mix(shape_code(lying(self.lattice)))
    }

    /// Returns the class of a maze on a torus, already transposed, with an ordered list of cells: the minimum hash, over all
    /// turns and base cells, of the view from the base cell. (A shift only changes the base cell.)
    fn torus_class(&self, passages: &PassageSet, cells: &[usize]) -> SymmetryClass {
        let views = |&turn: &Symmetry| {
            let cells: Vec<usize> = cells.iter().map(|&cell| turn.apply(lying(self.lattice), cell)).collect();
            views(&image(turn, passages), &cells).into_iter().min()
        };
        let least = self.turns.iter().filter_map(views).min().expect("a torus has cells");
        SymmetryClass(mix(self.shape() ^ least))
    }

    /// Returns the canonical image of a maze: the minimum over all symmetries, as numbers whose binary digits are the passages
    /// (the last bit most significant). A torus has up to `8 · n_cells` images; [`Symmetries::class`] is faster there.
    pub fn canonical_image(&self, passages: &PassageSet) -> PassageSet {
        canonical_image(&Symmetry::all_of(self.lattice), passages)
    }

    /// Returns the image of a set of passages under one symmetry.
    pub fn image(&self, symmetry: Symmetry, passages: &PassageSet) -> PassageSet {
        image(symmetry, passages)
    }

    /// Returns the canonical image of a maze, transposed if mazes are, by table, for lattices that have one.
    fn small_canonical_image(&self, passages: &PassageSet) -> u128 {
        let mut images: Images = [0; 14];
        for (word, rows) in passages.words().iter().zip(self.table.chunks(16)) {
            for (i, row) in rows.iter().enumerate() {
                let image = &row[(word >> (4 * i)) as usize & 15];
                images.iter_mut().zip(image).for_each(|(all, part)| *all |= part);
            }
        }
        let others = images.chunks_exact(2).map(|image| u128::from(image[1]) << 64 | u128::from(image[0]));
        // A transposed maze has all its images in the table; otherwise the identity is missing there.
        others.fold(if self.stands() { u128::MAX } else { small_bits(passages) }, u128::min)
    }

    /// Computes [`Symmetries::table`].
    fn half_byte_images(&self) -> Vec<[Images; 16]> {
        let (lattice, lying) = (self.lattice, lying(self.lattice));
        let others = &self.turns[usize::from(!self.stands())..];
        let n_bits = 2 * lattice.n_cells();
        let exists = |bit: usize| {
            let (row, col) = lattice.coord(bit % lattice.n_cells());
            if bit < lattice.n_cells() { row + 1 < lattice.rows } else { col + 1 < lattice.cols }
        };
        let mut table = vec![[[0; 14]; 16]; n_bits.div_ceil(4)];
        for bit in (0..n_bits).filter(|&bit| exists(bit)) {
            for i in 0..7 {
                let image = others[i % others.len()].apply_to_bit(lying, self.laid_bit(bit));
                for half_byte in (0..16).filter(|h| h >> (bit % 4) & 1 == 1) {
                    table[bit / 4][half_byte][2 * i + image / 64] |= 1 << (image % 64);
                }
            }
        }
        table
    }
}

/// Returns the lattice that classes are computed on: transposed if taller than wide.
fn lying(lattice: Lattice) -> Lattice {
    let Lattice { rows, cols, .. } = lattice;
    Lattice { rows: rows.min(cols), cols: rows.max(cols), ..lattice }
}

/// Returns the image of a set of passages under a symmetry of its lattice.
fn image(symmetry: Symmetry, passages: &PassageSet) -> PassageSet {
    let mut image = PassageSet::none(passages.lattice());
    passages.bits().for_each(|bit| image.set_bit(symmetry.apply_to_bit(passages.lattice(), bit)));
    image
}

/// Returns the minimum image of a set of passages under some symmetries, the first of which is the identity.
fn canonical_image(symmetries: &[Symmetry], passages: &PassageSet) -> PassageSet {
    let mut least = passages.clone();
    for &symmetry in &symmetries[1..] {
        let image = image(symmetry, passages);
        if image.words().iter().rev().lt(least.words().iter().rev()) {
            least = image;
        }
    }
    least
}

/// Encodes a lattice as a number.
pub(crate) fn shape_code(lattice: Lattice) -> u64 {
    u64::from(lattice.wraps) << 63 | (lattice.rows as u64) << 32 | lattice.cols as u64
}

/// Returns, by cell of a torus, a hash of all passages and of the positions of `cells`, relative to that cell.
///
/// Each round joins the view of a cell with that of the cell at the far end of its view, so that views double: first along
/// rows, until each wraps around, then along columns.
fn views(passages: &PassageSet, cells: &[usize]) -> Vec<u64> {
    let lattice = passages.lattice();
    let Lattice { rows, cols, .. } = lattice;
    let n = lattice.n_cells();
    let open = |v: usize| u64::from(passages.bit(v)) << 1 | u64::from(passages.bit(n + v));
    let mut views: Vec<u64> = (0..n).map(|v| mix(open(v))).collect();
    for (&cell, mark) in cells.iter().zip(1u64..) {
        views[cell] = mix(views[cell] ^ mark << 32);
    }
    let mut join = |reach: usize, far: &dyn Fn(usize, usize) -> usize| {
        let mut span = 1;
        while span < reach {
            views = (0..n).map(|v| mix(mix(views[v]) ^ views[far(v, span)])).collect();
            span *= 2;
        }
    };
    join(cols, &|v, span| v - v % cols + (v % cols + span) % cols);
    join(rows, &|v, span| (v + span * cols) % n);
    views
}

/// Returns a set of at most 128 bits as one number.
fn small_bits(passages: &PassageSet) -> u128 {
    passages.words().iter().rev().fold(0, |bits, &word| bits << 64 | u128::from(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fast path and the plain one must name the same class.
    #[track_caller]
    fn check_tables(rows: usize, cols: usize) {
        let lattice = Lattice::new(rows, cols);
        let fast = Symmetries::of(lattice);
        let mut set = PassageSet::none(lattice);
        for (i, (a, b)) in lattice.adjacent_pairs().enumerate() {
            if !mix(i as u64).is_multiple_of(3) {
                set.open(a, b);
            }
            let least = canonical_image(&fast.turns, &fast.laid(&set));
            assert_eq!(fast.small_canonical_image(&set), small_bits(&least), "{rows}x{cols}");
        }
    }

    #[test]
    fn tables_agree_with_the_definition() {
        for (rows, cols) in [(1, 1), (1, 2), (7, 1), (2, 2), (3, 3), (3, 5), (5, 3), (5, 5), (7, 7), (8, 8), (4, 16)] {
            check_tables(rows, cols);
        }
    }

    #[test]
    fn a_square_has_eight_symmetries_and_a_rectangle_four() {
        assert_eq!(Symmetry::all_of(Lattice::new(3, 3)).len(), 8);
        assert_eq!(Symmetry::all_of(Lattice::new(3, 4)).len(), 4);
        assert_eq!(Symmetry::all_of(Lattice::torus(3, 3)).len(), 72);
        assert_eq!(Symmetry::all_of(Lattice::torus(3, 4)).len(), 48);
    }
}
