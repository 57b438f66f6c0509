//! Names of cells: one token each, or several for row, column and signs.

use searchlens_tasks::problem::maze::Lattice;

use crate::sequence::error::DecodeError;
use crate::sequence::io::{Reader, Writer};
use crate::sequence::role::Role;

/// One token of a cell's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// The cell itself.
    Cell,
    /// Its row.
    Row,
    /// Its column.
    Col,
    /// A sign that is part of every cell's name: its id, and its name in messages.
    Sign(u32, &'static str),
}

/// The names of the cells of a lattice.
#[derive(Clone, Debug)]
pub(crate) struct Spelling {
    lattice: Lattice,
    pieces: Vec<Piece>,
    /// `[n_cells, pieces]`: the tokens of each cell.
    tokens: Vec<u32>,
    /// By id: the meaning of a token as a row, a column or a cell, which may be outside the lattice.
    meaning: Vec<Meaning>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Meaning {
    cell: Option<(u32, u32)>,
    row: Option<u32>,
    col: Option<u32>,
}

/// The tokens of which cell names consist, each with its id. Unused lists may be empty.
#[derive(Default)]
pub(crate) struct Names {
    /// `(row, col)` of cells that have a token of their own.
    pub(crate) cells: Vec<((usize, usize), u32)>,
    /// Numbers of rows.
    pub(crate) rows: Vec<(usize, u32)>,
    /// Numbers of columns.
    pub(crate) cols: Vec<(usize, u32)>,
}

impl Spelling {
    /// Returns the names made of these pieces. `names` must include every row, column or cell that a piece needs.
    pub(crate) fn new(lattice: Lattice, pieces: Vec<Piece>, names: &Names) -> Spelling {
        let ids = names.cells.iter().map(|&(_, id)| id).chain(names.rows.iter().chain(&names.cols).map(|&(_, id)| id));
        let mut meaning = vec![Meaning::default(); ids.max().map_or(0, |last| last as usize + 1)];
        let mut cells = vec![u32::MAX; lattice.n_cells()];
        for &((r, c), id) in &names.cells {
            meaning[id as usize].cell = Some((r as u32, c as u32));
            if r < lattice.rows && c < lattice.cols {
                cells[lattice.node(r, c)] = id;
            }
        }
        let mut rows = vec![u32::MAX; lattice.rows];
        for &(number, id) in &names.rows {
            meaning[id as usize].row = Some(number as u32);
            rows.get_mut(number).into_iter().for_each(|row| *row = id);
        }
        let mut cols = vec![u32::MAX; lattice.cols];
        for &(number, id) in &names.cols {
            meaning[id as usize].col = Some(number as u32);
            cols.get_mut(number).into_iter().for_each(|col| *col = id);
        }
        let token = |cell: usize, piece: &Piece| match *piece {
            Piece::Cell => cells[cell],
            Piece::Row => rows[lattice.coord(cell).0],
            Piece::Col => cols[lattice.coord(cell).1],
            Piece::Sign(id, _) => id,
        };
        let tokens: Vec<u32> =
            (0..lattice.n_cells()).flat_map(|cell| pieces.iter().map(move |piece| token(cell, piece))).collect();
        debug_assert!(tokens.iter().all(|&id| id != u32::MAX), "a cell has no name");
        Spelling { lattice, pieces, tokens, meaning }
    }

    /// Number of tokens of a cell.
    pub(crate) fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Returns the tokens of a cell.
    pub(crate) fn of(&self, cell: usize) -> &[u32] {
        &self.tokens[cell * self.pieces.len()..][..self.pieces.len()]
    }

    pub(crate) fn write(&self, cell: usize, role: Role, out: &mut Writer<'_>) {
        self.of(cell).iter().for_each(|&id| out.push(id, role));
    }

    /// Reads a cell.
    ///
    /// # Errors
    /// If the next tokens are not a cell, or one outside the lattice.
    pub(crate) fn read(&self, reader: &mut Reader<'_>, wanted: &'static str) -> Result<usize, DecodeError> {
        let position = reader.position();
        let (mut row, mut col) = (0, 0);
        for (place, &piece) in self.pieces.iter().enumerate() {
            let first = |later| if place == 0 { wanted } else { later };
            match piece {
                Piece::Sign(id, name) => reader.expect(id, first(name))?,
                Piece::Cell => (row, col) = reader.take(first("a cell"), |id| self.meaning(id).cell)?,
                Piece::Row => row = reader.take(first("a number"), |id| self.meaning(id).row)?,
                Piece::Col => col = reader.take(first("a number"), |id| self.meaning(id).col)?,
            }
        }
        let (row, col) = (row as usize, col as usize);
        self.node(row, col).ok_or(DecodeError::OutsideLattice { position, row, col, lattice: self.lattice })
    }

    /// Returns how many tokens spell (the beginning of) a cell of the lattice, and the cell if it is complete.
    pub(crate) fn spell(&self, tokens: &[u32]) -> (usize, Option<usize>) {
        let (mut row, mut col) = (0, 0);
        for (place, piece) in self.pieces.iter().enumerate() {
            let Some(&id) = tokens.get(place) else { return (place, None) };
            let meaning = self.meaning(id);
            let fits = match *piece {
                Piece::Sign(sign, _) => id == sign,
                Piece::Cell => meaning.cell.is_some_and(|cell| {
                    (row, col) = cell;
                    (row as usize) < self.lattice.rows && (col as usize) < self.lattice.cols
                }),
                Piece::Row => meaning.row.is_some_and(|number| {
                    row = number;
                    (number as usize) < self.lattice.rows
                }),
                Piece::Col => meaning.col.is_some_and(|number| {
                    col = number;
                    (number as usize) < self.lattice.cols
                }),
            };
            if !fits {
                return (place, None);
            }
        }
        (self.pieces.len(), self.node(row as usize, col as usize))
    }

    fn meaning(&self, id: u32) -> Meaning {
        self.meaning.get(id as usize).copied().unwrap_or_default()
    }

    fn node(&self, row: usize, col: usize) -> Option<usize> {
        (row < self.lattice.rows && col < self.lattice.cols).then(|| self.lattice.node(row, col))
    }
}
