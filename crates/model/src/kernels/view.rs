//! Matrix views over slices: to read, with any strides; to write, with contiguous rows.

use std::ops::{Index, IndexMut};

/// A matrix to read: entry `(r, c)` is `data[r * row_stride + c * col_stride]`.
///
/// Every entry lies within `data`: the constructors check it, and unchecked loops rely on it.
#[derive(Debug)]
pub struct View<'a, F> {
    data: &'a [F],
    nrows: usize,
    ncols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<F> Clone for View<'_, F> {
    #[inline(always)]
    fn clone(&self) -> Self {
        *self
    }
}

impl<F> Copy for View<'_, F> {}

/// A matrix to write, each row contiguous: entry `(r, c)` is `data[r * row_stride + c]`.
#[derive(Debug)]
pub struct ViewMut<'a, F> {
    data: &'a mut [F],
    nrows: usize,
    ncols: usize,
    row_stride: usize,
}

/// Views a row-major matrix `[data.len() / ncols, ncols]`.
#[inline(always)]
pub fn view<F>(data: &[F], ncols: usize) -> View<'_, F> {
    View { nrows: data.len() / ncols, ncols, row_stride: ncols, col_stride: 1, data }
}

/// Views a row-major matrix `[data.len() / ncols, ncols]` to write.
#[inline(always)]
pub fn view_mut<F>(data: &mut [F], ncols: usize) -> ViewMut<'_, F> {
    ViewMut { nrows: data.len() / ncols, ncols, row_stride: ncols, data }
}

impl<'a, F> View<'a, F> {
    /// Returns the number of rows.
    #[inline(always)]
    pub fn nrows(self) -> usize {
        self.nrows
    }

    /// Returns the number of columns.
    #[inline(always)]
    pub fn ncols(self) -> usize {
        self.ncols
    }

    /// Returns the distance from a row to the next, in entries.
    #[inline(always)]
    pub fn row_stride(self) -> usize {
        self.row_stride
    }

    /// Returns the distance from a column to the next, in entries.
    #[inline(always)]
    pub fn col_stride(self) -> usize {
        self.col_stride
    }

    /// Returns the address of the first entry.
    #[inline(always)]
    pub fn as_ptr(self) -> *const F {
        self.data.as_ptr()
    }

    /// Swaps rows and columns.
    #[inline(always)]
    pub fn transpose(self) -> View<'a, F> {
        View {
            data: self.data,
            nrows: self.ncols,
            ncols: self.nrows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
        }
    }

    /// Returns the `nrows` by `ncols` block whose first entry is `(row, col)`.
    ///
    /// # Panics
    /// If the block is not inside the matrix.
    #[inline(always)]
    #[track_caller]
    pub fn submatrix(self, row: usize, col: usize, nrows: usize, ncols: usize) -> View<'a, F> {
        assert_inside([self.nrows, self.ncols], [row, col], [nrows, ncols]);
        // Beyond the end only if the block is empty.
        let first = (row * self.row_stride + col * self.col_stride).min(self.data.len());
        View { data: &self.data[first..], nrows, ncols, ..self }
    }

    /// Returns `nrows` rows from `row` on.
    ///
    /// # Panics
    /// If the matrix has fewer.
    #[inline(always)]
    #[track_caller]
    pub fn subrows(self, row: usize, nrows: usize) -> View<'a, F> {
        self.submatrix(row, 0, nrows, self.ncols)
    }

    /// Returns `ncols` columns from `col` on.
    ///
    /// # Panics
    /// If the matrix has fewer.
    #[inline(always)]
    #[track_caller]
    pub fn subcols(self, col: usize, ncols: usize) -> View<'a, F> {
        self.submatrix(0, col, self.nrows, ncols)
    }

    /// Returns a row as a slice.
    ///
    /// # Panics
    /// If there is no such row, or rows are not contiguous.
    #[inline(always)]
    #[track_caller]
    pub fn row(self, row: usize) -> &'a [F] {
        assert!(self.col_stride == 1 || self.ncols <= 1, "the rows of this matrix are not contiguous");
        &self.subrows(row, 1).data[..self.ncols]
    }

    /// Returns a column as a slice.
    ///
    /// # Panics
    /// If there is no such column, or columns are not contiguous.
    #[inline(always)]
    #[track_caller]
    pub fn col(self, col: usize) -> &'a [F] {
        self.transpose().row(col)
    }
}

impl<F> Index<(usize, usize)> for View<'_, F> {
    type Output = F;

    #[inline(always)]
    #[track_caller]
    fn index(&self, (row, col): (usize, usize)) -> &F {
        debug_assert!(row < self.nrows && col < self.ncols);
        &self.data[row * self.row_stride + col * self.col_stride]
    }
}

impl<'a, F> ViewMut<'a, F> {
    /// Returns the number of rows.
    #[inline(always)]
    pub fn nrows(&self) -> usize {
        self.nrows
    }

    /// Returns the number of columns.
    #[inline(always)]
    pub fn ncols(&self) -> usize {
        self.ncols
    }

    /// Returns the distance between the beginnings of two rows, in entries.
    #[inline(always)]
    pub fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// Returns a pointer to the first entry. Each of the `nrows` rows has `ncols` entries from `row · row_stride` on.
    #[inline(always)]
    pub fn as_mut_ptr(&mut self) -> *mut F {
        self.data.as_mut_ptr()
    }

    /// Reborrows the matrix.
    #[inline(always)]
    pub fn as_mut(&mut self) -> ViewMut<'_, F> {
        ViewMut { data: self.data, nrows: self.nrows, ncols: self.ncols, row_stride: self.row_stride }
    }

    /// Returns the `nrows` by `ncols` block whose first entry is `(row, col)`.
    ///
    /// # Panics
    /// If the block is not inside the matrix.
    #[inline(always)]
    #[track_caller]
    pub fn submatrix_mut(self, row: usize, col: usize, nrows: usize, ncols: usize) -> ViewMut<'a, F> {
        assert_inside([self.nrows, self.ncols], [row, col], [nrows, ncols]);
        // Beyond the end only if the block is empty.
        let first = (row * self.row_stride + col).min(self.data.len());
        ViewMut { data: &mut self.data[first..], nrows, ncols, row_stride: self.row_stride }
    }

    /// Returns `nrows` rows from `row` on.
    ///
    /// # Panics
    /// If the matrix has fewer.
    #[inline(always)]
    #[track_caller]
    pub fn subrows_mut(self, row: usize, nrows: usize) -> ViewMut<'a, F> {
        let ncols = self.ncols;
        self.submatrix_mut(row, 0, nrows, ncols)
    }

    /// Returns `ncols` columns from `col` on.
    ///
    /// # Panics
    /// If the matrix has fewer.
    #[inline(always)]
    #[track_caller]
    pub fn subcols_mut(self, col: usize, ncols: usize) -> ViewMut<'a, F> {
        let nrows = self.nrows;
        self.submatrix_mut(0, col, nrows, ncols)
    }

    /// Returns a row as a slice.
    ///
    /// # Panics
    /// If there is no such row.
    #[inline(always)]
    #[track_caller]
    pub fn row_mut(&mut self, row: usize) -> &mut [F] {
        assert!(row < self.nrows, "row {row} of {}", self.nrows);
        &mut self.data[row * self.row_stride..][..self.ncols]
    }
}

impl<F> Index<(usize, usize)> for ViewMut<'_, F> {
    type Output = F;

    #[inline(always)]
    #[track_caller]
    fn index(&self, (row, col): (usize, usize)) -> &F {
        debug_assert!(row < self.nrows && col < self.ncols);
        &self.data[row * self.row_stride + col]
    }
}

impl<F> IndexMut<(usize, usize)> for ViewMut<'_, F> {
    #[inline(always)]
    #[track_caller]
    fn index_mut(&mut self, (row, col): (usize, usize)) -> &mut F {
        debug_assert!(row < self.nrows && col < self.ncols);
        &mut self.data[row * self.row_stride + col]
    }
}

#[inline(always)]
#[track_caller]
fn assert_inside(size: [usize; 2], first: [usize; 2], block: [usize; 2]) {
    let inside = |axis: usize| first[axis] <= size[axis] && block[axis] <= size[axis] - first[axis];
    assert!(inside(0) && inside(1), "a block of {block:?} at {first:?} of a matrix of {size:?}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_rows_and_columns_are_where_the_strides_say() {
        let data: Vec<usize> = (0..20).collect();
        let block = view(&data, 5).submatrix(1, 2, 3, 2);
        assert_eq!((block.nrows(), block.ncols(), block[(2, 1)]), (3, 2, 18));
        assert_eq!(block.row(1), [12, 13]);
        assert_eq!(block.transpose().col(1), [12, 13]);
        assert_eq!(block.transpose()[(1, 2)], 18);
        let mut data = vec![0; 20];
        let mut block = view_mut(&mut data, 5).submatrix_mut(1, 2, 3, 2);
        block.row_mut(2).copy_from_slice(&[1, 2]);
        block[(0, 1)] = 3;
        assert_eq!((data[17], data[18], data[8]), (1, 2, 3));
    }

    #[test]
    fn empty_blocks_may_lie_at_the_end() {
        let data = [1.0; 6];
        assert_eq!(view(&data, 3).subrows(2, 0).subcols(3, 0).ncols(), 0);
        assert_eq!(view(&data[..0], 3).subcols(2, 1).nrows(), 0);
    }

    #[test]
    #[should_panic(expected = "a block of [1, 2] at [1, 2] of a matrix of [2, 3]")]
    fn a_block_that_ends_outside_is_refused() {
        view(&[0; 6], 3).submatrix(1, 2, 1, 2);
    }

    #[test]
    #[should_panic(expected = "not contiguous")]
    fn a_row_with_gaps_is_no_slice() {
        view(&[0; 6], 3).transpose().row(0);
    }
}
