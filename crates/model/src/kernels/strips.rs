//! Matrix products whose right factor is packed into strips of columns.
//!
//! The right factor is copied into strips of 48 columns, each row of a strip contiguous; weights once a step, other factors when
//! they are multiplied. The left factor is read in place, with any strides, one number at a time, each multiplied with a
//! whole row of a strip. With 16 floats to a vector, 8 rows by 48 columns of sums fill 24 of 32 registers, and 11 loads feed 24
//! multiply-adds: it is bound by arithmetic (Goto & van de Geijn 2008, Anatomy of high-performance matrix
//! multiplication, section 6). Every entry is summed over the inner dimension in order, however matrices are cut.
#![expect(unsafe_code, reason = "left factors are read with any strides, unchecked in the innermost loop")]

use super::real::Real;
use super::tier::vectorised_with;
use super::view::{View, ViewMut, view};
use pulp::{Simd, WithSimd};

/// What to do with a product `p = a @ b`.
#[derive(Clone, Copy, Debug)]
pub enum Store<'a, F> {
    /// `out = p`
    Set,
    /// `out = p + bias`, where `bias` is `[columns]`.
    SetBiased(&'a [F]),
    /// `out += p`
    Add,
}

/// Columns of a strip; the last may be narrower.
const STRIP: usize = 48;

/// Strips are whole lines wide, padded with 0.
const LINE: usize = 16;

/// Rows of the left factor per pass over all strips: with their part of the result they stay in the second-level cache.
const ROWS: usize = 64;

#[derive(Clone, Copy, Debug)]
#[repr(C, align(64))]
struct Line<F>([F; LINE]);

/// The right factor of a product, `[inner, columns]`, in strips. Reused: no allocation where the matrix is no larger than every
/// one before.
#[derive(Clone, Debug)]
pub struct Strips<F> {
    /// Strip after strip, in each row after row. Those of the largest matrix so far; the first of them hold the present one.
    lines: Vec<Line<F>>,
    inner: usize,
    columns: usize,
}

impl<F> Default for Strips<F> {
    fn default() -> Strips<F> {
        Strips { lines: Vec::new(), inner: 0, columns: 0 }
    }
}

impl<F: Real> Strips<F> {
    /// Packs a matrix whose rows or columns are contiguous.
    pub fn pack(&mut self, b: View<'_, F>) {
        (self.inner, self.columns) = (b.nrows(), b.ncols());
        let n_lines = b.nrows() * b.ncols().div_ceil(LINE);
        if self.lines.len() < n_lines {
            self.lines.resize(n_lines, Line([F::ZERO; LINE]));
        }
        vectorised_with(Pack { b, lines: &mut self.lines[..n_lines] });
    }

    /// Returns the upper left `inner` by `columns` of the matrix.
    pub(crate) fn part(&self, inner: usize, columns: usize) -> StripsPart<'_, F> {
        assert!(inner <= self.inner && columns <= self.columns);
        StripsPart { strips: self, inner, columns }
    }

    /// Returns the whole matrix.
    pub(crate) fn whole(&self) -> StripsPart<'_, F> {
        self.part(self.inner, self.columns)
    }
}

/// The upper left part of a matrix in strips.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StripsPart<'a, F> {
    strips: &'a Strips<F>,
    inner: usize,
    columns: usize,
}

impl<'a, F: Real> StripsPart<'a, F> {
    fn strips(self) -> impl Iterator<Item = Strip<'a, F>> {
        let Strips { lines, inner, columns } = self.strips;
        let strip = move |(first, width): (usize, usize)| {
            let lines = &lines[first / LINE * inner..][..self.inner * width / LINE];
            Strip { first, width, numbers: numbers(lines) }
        };
        widths(*columns).map(strip).take_while(move |strip| strip.first < self.columns)
    }
}

/// Returns first column and width of every strip. Two strips of 32 columns at the end are faster than one of 48 and one of 16.
fn widths(columns: usize) -> impl Iterator<Item = (usize, usize)> {
    let (lines, mut done) = (columns.div_ceil(LINE), 0);
    std::iter::from_fn(move || {
        let width = match lines - done {
            0 => return None,
            4 => 2,
            left => left.min(STRIP / LINE),
        };
        done += width;
        Some(((done - width) * LINE, width * LINE))
    })
}

/// One strip.
#[derive(Clone, Copy)]
struct Strip<'a, F> {
    /// Its first column.
    first: usize,
    /// Its columns, padding included.
    width: usize,
    /// Row after row.
    numbers: &'a [F],
}

/// Multiplies `a @ b` and stores it in `out`.
///
/// # Panics
/// If the sizes do not match.
pub(crate) fn multiply<F: Real>(
    a: View<'_, F>,
    b: StripsPart<'_, F>,
    store: Store<'_, F>,
    out: ViewMut<'_, F>,
    gathered_columns: &mut Vec<F>,
) {
    assert_eq!((out.nrows(), a.ncols(), out.ncols()), (a.nrows(), b.inner, b.columns));
    if let Store::SetBiased(bias) = store {
        assert_eq!(bias.len(), b.columns);
    }
    vectorised_with(Multiply { a, b, store, out, gathered_columns });
}

struct Multiply<'a, F> {
    a: View<'a, F>,
    b: StripsPart<'a, F>,
    store: Store<'a, F>,
    out: ViewMut<'a, F>,
    /// Scratch buffer for a block of a left factor with contiguous columns.
    gathered_columns: &'a mut Vec<F>,
}

impl<F: Real> WithSimd for Multiply<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Multiply { a, b, store, mut out, gathered_columns } = self;
        let max_rows = if S::REGISTER_COUNT >= 32 { 8 } else { 6 };
        for first in (0..a.nrows()).step_by(ROWS) {
            let n_rows = ROWS.min(a.nrows() - first);
            let a = gathered(a.subrows(first, n_rows), gathered_columns);
            for strip in b.strips() {
                let columns = strip.width.min(out.ncols() - strip.first);
                let mut out = out.as_mut().submatrix_mut(first, strip.first, n_rows, columns);
                let store = match store {
                    Store::SetBiased(bias) => Store::SetBiased(&bias[strip.first..strip.first + columns]),
                    other => other,
                };
                let mut row = 0;
                while row < n_rows {
                    let rows = [max_rows, 4, 2].into_iter().find(|&n| n <= n_rows - row).unwrap_or(1);
                    match rows {
                        8 => strip_of_rows::<F, S, 8>(simd, a, strip, row, store, &mut out),
                        6 => strip_of_rows::<F, S, 6>(simd, a, strip, row, store, &mut out),
                        4 => strip_of_rows::<F, S, 4>(simd, a, strip, row, store, &mut out),
                        2 => strip_of_rows::<F, S, 2>(simd, a, strip, row, store, &mut out),
                        _ => strip_of_rows::<F, S, 1>(simd, a, strip, row, store, &mut out),
                    }
                    row += rows;
                }
            }
        }
    }
}

/// Returns rows of a left factor; if its columns are contiguous and many, they are copied together. Reading them in place, one
/// cache line here and one there, would take longer than the multiplication.
#[inline(always)]
fn gathered<'a, F: Real>(a: View<'a, F>, gathered_columns: &'a mut Vec<F>) -> View<'a, F> {
    if a.row_stride() != 1 || a.nrows() == 1 || a.ncols() <= ROWS {
        return a;
    }
    gathered_columns.clear();
    for k in 0..a.ncols() {
        gathered_columns.extend_from_slice(a.col(k));
    }
    view(gathered_columns, a.nrows()).transpose()
}

/// `R` rows of the result from `row` on, in the columns of one strip: as many vectors at a time as there are registers for, then
/// what is left.
#[inline(always)]
fn strip_of_rows<F: Real, S: Simd, const R: usize>(
    simd: S,
    a: View<'_, F>,
    strip: Strip<'_, F>,
    row: usize,
    store: Store<'_, F>,
    out: &mut ViewMut<'_, F>,
) {
    let lanes = F::lanes::<S>();
    // With 16 registers, six rows by two vectors: four by three leave none for the left factor.
    let max_vectors = if S::REGISTER_COUNT >= 32 { 3 } else { 2 };
    let a = a.subrows(row, R);
    let mut from = 0;
    while from < out.ncols() {
        let vectors = ((out.ncols() - from) / lanes).min(max_vectors);
        if vectors > 0 {
            match vectors {
                1 => whole::<F, S, R, 1>(simd, a, strip, row, from, store, out),
                2 => whole::<F, S, R, 2>(simd, a, strip, row, from, store, out),
                _ => whole::<F, S, R, 3>(simd, a, strip, row, from, store, out),
            }
            from += vectors * lanes;
        } else {
            ragged::<F, S, R>(simd, a, strip, row, from, store, out);
            from += lanes;
        }
    }
}

/// A row of the result, with one check: a tile of few columns has little else to do.
#[inline(always)]
fn row_of<'a, F>(out: &'a mut ViewMut<'_, F>, row: usize) -> &'a mut [F] {
    assert!(row < out.nrows());
    let (first, ncols) = (row * out.row_stride(), out.ncols());
    // SAFETY: a view has `ncols` entries from `row · row_stride` on for each of its rows.
    unsafe { std::slice::from_raw_parts_mut(out.as_mut_ptr().add(first), ncols) }
}

/// `R` rows of the result by `V` vectors of columns from `from` on.
#[inline(always)]
fn whole<F: Real, S: Simd, const R: usize, const V: usize>(
    simd: S,
    a: View<'_, F>,
    strip: Strip<'_, F>,
    row: usize,
    from: usize,
    store: Store<'_, F>,
    out: &mut ViewMut<'_, F>,
) {
    let len = V * F::lanes::<S>();
    let mut sums = [[F::splat(simd, F::ZERO); V]; R];
    match store {
        Store::Set => {}
        Store::SetBiased(bias) => {
            let bias = F::vectors::<S>(&bias[from..from + len]);
            each::<R>(|r| (0..V).for_each(|v| sums[r][v] = bias[v]));
        }
        Store::Add => each::<R>(|r| {
            let before = F::vectors::<S>(&row_of(out, row + r)[from..from + len]);
            (0..V).for_each(|v| sums[r][v] = before[v]);
        }),
    }
    add_products(simd, a, strip, from, &mut sums);
    each::<R>(|r| {
        let after = F::vectors_mut::<S>(&mut row_of(out, row + r)[from..from + len]);
        (0..V).for_each(|v| after[v] = sums[r][v]);
    });
}

/// `R` rows of the result by its last columns, which do not fill a vector.
#[inline(always)]
fn ragged<F: Real, S: Simd, const R: usize>(
    simd: S,
    a: View<'_, F>,
    strip: Strip<'_, F>,
    row: usize,
    from: usize,
    store: Store<'_, F>,
    out: &mut ViewMut<'_, F>,
) {
    let mut sums = [[F::splat(simd, F::ZERO); 1]; R];
    add_products(simd, a, strip, from, &mut sums);
    each::<R>(|r| {
        let mut line = [F::ZERO; LINE];
        F::vectors_mut::<S>(&mut line)[0] = sums[r][0];
        for (j, (out, &sum)) in row_of(out, row + r)[from..].iter_mut().zip(&line).enumerate() {
            *out = match store {
                Store::Set => sum,
                Store::SetBiased(bias) => bias[from + j] + sum,
                Store::Add => *out + sum,
            };
        }
    });
}

/// `sums += a @ b`, `b` being `V` vectors of each row of a strip, from column `from` on.
#[inline(always)]
fn add_products<F: Real, S: Simd, const R: usize, const V: usize>(
    simd: S,
    a: View<'_, F>,
    strip: Strip<'_, F>,
    from: usize,
    sums: &mut [[F::Vector<S>; V]; R],
) {
    let (numbers, len) = (strip.numbers, V * F::lanes::<S>());
    let (row_stride, inner_stride, first) = (a.row_stride(), a.col_stride(), a.as_ptr());
    assert!(a.nrows() == R && a.ncols() * strip.width == numbers.len() && from + len <= strip.width);
    let mut held = *sums;
    for k in 0..a.ncols() {
        // SAFETY: the strip has `a.ncols()` rows of `width` numbers, and `from + len` is at most `width`.
        let b = F::vectors::<S>(unsafe { numbers.get_unchecked(k * strip.width + from..k * strip.width + from + len) });
        for r in 0..R {
            // SAFETY: `a` has `R` rows of as many numbers as the strip has rows.
            let x = unsafe { *first.add(r * row_stride + k * inner_stride) };
            let x = F::splat(simd, x);
            for v in 0..V {
                held[r][v] = F::mul_add(simd, x, b[v], held[r][v]);
            }
        }
    }
    *sums = held;
}

/// Calls `f` with every number below `R`, at most 8, as constants, so that what it indexes stays in registers.
#[inline(always)]
fn each<const R: usize>(mut f: impl FnMut(usize)) {
    const { assert!(R <= 8) }
    if R > 0 {
        f(0);
    }
    if R > 1 {
        f(1);
    }
    if R > 2 {
        f(2);
    }
    if R > 3 {
        f(3);
    }
    if R > 4 {
        f(4);
    }
    if R > 5 {
        f(5);
    }
    if R > 6 {
        f(6);
    }
    if R > 7 {
        f(7);
    }
}

/// Views lines as numbers.
#[inline(always)]
fn numbers<F>(lines: &[Line<F>]) -> &[F] {
    const { assert!(size_of::<Line<F>>() == LINE * size_of::<F>()) }
    // SAFETY: a line is `LINE` numbers, one after the other, and nothing else.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len() * LINE) }
}

struct Pack<'a, F> {
    b: View<'a, F>,
    lines: &'a mut [Line<F>],
}

impl<F: Real> WithSimd for Pack<'_, F> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Pack { b, lines } = self;
        let mut rest = lines;
        for (first, width) in widths(b.ncols()) {
            let (strip, after) = rest.split_at_mut(b.nrows() * width / LINE);
            rest = after;
            let b = b.subcols(first, width.min(b.ncols() - first));
            if b.col_stride() == 1 {
                copy_rows(b, strip);
            } else {
                transpose_columns(b, strip);
            }
        }
    }
}

/// A strip of a matrix with contiguous rows.
#[inline(always)]
fn copy_rows<F: Real>(b: View<'_, F>, strip: &mut [Line<F>]) {
    for (k, to) in strip.chunks_exact_mut(b.ncols().div_ceil(LINE)).enumerate() {
        let row = b.row(k);
        let (lines, rest) = row.as_chunks::<LINE>();
        to.iter_mut().zip(lines).for_each(|(to, &line)| to.0 = line);
        if let Some(last) = to.get_mut(lines.len()) {
            last.0 = [F::ZERO; LINE];
            last.0[..rest.len()].copy_from_slice(rest);
        }
    }
}

/// A strip of a matrix with contiguous columns, 16 by 16 numbers at a time.
#[inline(always)]
fn transpose_columns<F: Real>(b: View<'_, F>, strip: &mut [Line<F>]) {
    let width = b.ncols().div_ceil(LINE);
    for (l, first) in (0..b.ncols()).step_by(LINE).enumerate() {
        for k in (0..b.nrows()).step_by(LINE) {
            let mut square = [[F::ZERO; LINE]; LINE];
            for (column, j) in square.iter_mut().zip(first..b.ncols()) {
                let from = &b.col(j)[k..];
                match from.first_chunk() {
                    Some(whole) => *column = *whole,
                    None => column[..from.len()].copy_from_slice(from),
                }
            }
            for (i, to) in strip[k * width + l..].iter_mut().step_by(width).take(LINE).enumerate() {
                for (to, column) in to.0.iter_mut().zip(&square) {
                    *to = column[i];
                }
            }
        }
    }
}
