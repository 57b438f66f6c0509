//! maze-dataset's legacy tokenizers: adjacency list, origin, target, path ("AOTP"), token for token as version 1.4.2
//! writes them (its `MazeTokenizer(tokenization_mode, max_grid_size)`).
//!
//! ```text
//! <ADJLIST_START> (a <--> b ;)* <ADJLIST_END> <ORIGIN_START> o <ORIGIN_END> <TARGET_START> t <TARGET_END>
//! <PATH_START> c0 c1 .. <PATH_END>
//! ```
//!
//! where `c0` is the origin once more. A cell is one token `(r,c)` ("unique tokens", UT) or five, `( r , c )`
//! ("coordinate tuple tokens", CTT). A sequence with E passages and a path of L cells takes 4E + L + 10 tokens (UT) or
//! 12E + 5L + 18 (CTT).

use searchlens_tasks::maze::Lattice;

use crate::answer::Answer;
use crate::decoded::{DecodeError, Decoded};
use crate::example::Example;
use crate::role::{Delimiter, Role};
use crate::sequence::{Passages, Reader, Writer};
use crate::vocab::Vocab;

/// How a legacy tokenizer names cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LegacyMode {
    /// `AOTP_UT_rasterized`: one token a cell, ids row by row.
    UtRasterized,
    /// `AOTP_UT_uniform`: one token a cell, ids from the corner outwards, so that those of a small grid are those of a
    /// larger one's beginning.
    UtUniform,
    /// `AOTP_CTT_indexed`: five tokens a cell.
    CttIndexed,
}

/// A legacy tokenizer for mazes of one shape.
#[derive(Clone, Debug)]
pub struct Legacy {
    mode: LegacyMode,
    lattice: Lattice,
    max_grid_size: usize,
    vocab: Vocab,
    /// UT modes: the token of each cell of the lattice. Empty in CTT mode.
    token_of: Vec<u32>,
    /// UT modes: the coordinate behind each token, from [`FIRST_COORDINATE`] on. Empty in CTT mode.
    coord_of: Vec<(usize, usize)>,
}

// Ids that all modes share.
const ADJLIST_START: u32 = 0;
const ADJLIST_END: u32 = 1;
const TARGET_START: u32 = 2;
const TARGET_END: u32 = 3;
const ORIGIN_START: u32 = 4;
const ORIGIN_END: u32 = 5;
const PATH_START: u32 = 6;
const PATH_END: u32 = 7;
const CONNECTOR: u32 = 8;
const SEPARATOR: u32 = 9;
const PADDING: u32 = 10;
const SHARED: [&str; 11] = [
    "<ADJLIST_START>",
    "<ADJLIST_END>",
    "<TARGET_START>",
    "<TARGET_END>",
    "<ORIGIN_START>",
    "<ORIGIN_END>",
    "<PATH_START>",
    "<PATH_END>",
    "<-->",
    ";",
    "<PADDING>",
];
/// UT modes: the first of the coordinate tokens.
const FIRST_COORDINATE: u32 = 11;
// CTT mode: the signs of a coordinate, then its numbers.
const OPEN: u32 = 11;
const COMMA: u32 = 12;
const CLOSE: u32 = 13;
const FIRST_NUMBER: u32 = 14;

impl Legacy {
    /// The tokenizer of `mode` for mazes on `lattice`, with the vocabulary for grids of up to `max_grid_size` rows and
    /// columns. The caller has checked that the lattice fits.
    pub(crate) fn new(mode: LegacyMode, lattice: Lattice, max_grid_size: usize) -> Legacy {
        debug_assert!(lattice.rows.max(lattice.cols) <= max_grid_size);
        let mut names: Vec<String> = SHARED.map(str::to_owned).to_vec();
        let coord_of = match mode {
            LegacyMode::UtRasterized => raster(max_grid_size),
            LegacyMode::UtUniform => corner_first(max_grid_size),
            LegacyMode::CttIndexed => {
                names.extend(["(", ",", ")"].map(str::to_owned));
                names.extend((0..max_grid_size).map(|number| number.to_string()));
                Vec::new()
            }
        };
        names.extend(coord_of.iter().map(|(r, c)| format!("({r},{c})")));
        let mut token_of = vec![0; if coord_of.is_empty() { 0 } else { lattice.n_cells() }];
        for (&(r, c), id) in coord_of.iter().zip(FIRST_COORDINATE..) {
            if r < lattice.rows && c < lattice.cols {
                token_of[lattice.node(r, c)] = id;
            }
        }
        Legacy { mode, lattice, max_grid_size, vocab: Vocab::new(names), token_of, coord_of }
    }

    /// How it names cells.
    pub fn mode(&self) -> LegacyMode {
        self.mode
    }

    /// The lattice of the mazes it writes.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// Sides of the largest grid that its vocabulary covers.
    pub fn max_grid_size(&self) -> usize {
        self.max_grid_size
    }

    /// Its tokens.
    pub fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    /// Tokens that a cell takes.
    pub(crate) fn cell_len(&self) -> usize {
        if self.mode == LegacyMode::CttIndexed { 5 } else { 1 }
    }

    pub(crate) const END: u32 = PATH_END;
    pub(crate) const PAD: u32 = PADDING;

    pub(crate) fn write_problem(&self, passages: &[(usize, usize)], example: &Example<'_>, out: &mut Writer) {
        out.push(ADJLIST_START, Role::Delimiter(Delimiter::EdgesStart));
        for &(from, to) in passages {
            self.write_cell(from, Role::EdgeFrom { from, to }, out);
            out.push(CONNECTOR, Role::Connector { from, to });
            self.write_cell(to, Role::EdgeTo { from, to }, out);
            out.push(SEPARATOR, Role::Separator { from, to });
        }
        out.push(ADJLIST_END, Role::Delimiter(Delimiter::EdgesEnd));
        if let Some(cell) = example.origin {
            out.push(ORIGIN_START, Role::Delimiter(Delimiter::OriginStart));
            self.write_cell(cell, Role::Origin { cell }, out);
            out.push(ORIGIN_END, Role::Delimiter(Delimiter::OriginEnd));
        }
        if let Some(cell) = example.target {
            out.push(TARGET_START, Role::Delimiter(Delimiter::TargetStart));
            self.write_cell(cell, Role::Target { cell }, out);
            out.push(TARGET_END, Role::Delimiter(Delimiter::TargetEnd));
        }
    }

    pub(crate) fn write_path_start(&self, out: &mut Writer) {
        out.push(PATH_START, Role::PathStart);
    }

    pub(crate) fn write_answer(&self, path: &[usize], out: &mut Writer) {
        for (step, &cell) in path.iter().enumerate() {
            self.write_cell(cell, Role::PathStep { step, cell }, out);
        }
        out.push(PATH_END, Role::End);
    }

    fn write_cell(&self, cell: usize, role: Role, out: &mut Writer) {
        if self.mode == LegacyMode::CttIndexed {
            let (r, c) = self.lattice.coord(cell);
            for id in [OPEN, FIRST_NUMBER + r as u32, COMMA, FIRST_NUMBER + c as u32, CLOSE] {
                out.push(id, role);
            }
        } else {
            out.push(self.token_of[cell], role);
        }
    }

    pub(crate) fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        let mut reader = Reader::new(ids, &self.vocab, PADDING)?;
        reader.expect(ADJLIST_START, "`<ADJLIST_START>`")?;
        let mut passages = Passages::new(self.lattice);
        while !reader.skip(ADJLIST_END) {
            let position = reader.position();
            let from = self.read_cell(&mut reader, "a cell or `<ADJLIST_END>`")?;
            reader.expect(CONNECTOR, "`<-->`")?;
            let to = self.read_cell(&mut reader, "a cell")?;
            reader.expect(SEPARATOR, "`;`")?;
            passages.push(position, from, to)?;
        }
        let mut end = |start, end, wanted| {
            if !reader.skip(start) {
                return Ok(None);
            }
            let cell = self.read_cell(&mut reader, "a cell")?;
            reader.expect(end, wanted)?;
            Ok(Some(cell))
        };
        let origin = end(ORIGIN_START, ORIGIN_END, "`<ORIGIN_END>`")?;
        let target = end(TARGET_START, TARGET_END, "`<TARGET_END>`")?;
        let path = if reader.skip(PATH_START) {
            let mut path = vec![self.read_cell(&mut reader, "a cell")?];
            while !reader.skip(PATH_END) {
                path.push(self.read_cell(&mut reader, "a cell or `<PATH_END>`")?);
            }
            Some(path)
        } else {
            None
        };
        reader.finish()?;
        Ok(Decoded { maze: passages.maze(), passages: passages.written, origin, target, path })
    }

    fn read_cell(&self, reader: &mut Reader<'_>, wanted: &'static str) -> Result<usize, DecodeError> {
        let position = reader.position();
        let (row, col) = if self.mode == LegacyMode::CttIndexed {
            reader.expect(OPEN, wanted)?;
            let row = reader.take("a number", number)?;
            reader.expect(COMMA, "`,`")?;
            let col = reader.take("a number", number)?;
            reader.expect(CLOSE, "`)`")?;
            (row, col)
        } else {
            reader.take(wanted, |id| self.coordinate(id))?
        };
        self.node(row, col).ok_or(DecodeError::OutsideLattice { position, row, col, lattice: self.lattice })
    }

    pub(crate) fn decode_answer(&self, generated: &[u32]) -> Answer {
        let mut answer = Answer::new(Vec::new(), generated.len());
        let mut position = 0;
        while position < generated.len() {
            if generated[position] == PATH_END {
                answer.end(position);
                break;
            }
            let (spelt, cell) = self.spell_cell(&generated[position..]);
            if let Some(cell) = cell {
                answer.walk(position..position + spelt, cell);
                position += spelt;
                continue;
            }
            position += spelt;
            // At the end of the tokens the cell was cut short: nothing is wrong with what is there of it.
            let Some(&breaker) = generated.get(position) else { break };
            answer.invalid_tokens.push(position);
            // A token that breaks a cell off may itself begin the next cell or end the answer: then it is read again.
            if spelt == 0 || (breaker != OPEN && breaker != PATH_END) {
                position += 1;
            }
        }
        answer
    }

    /// How many of the tokens spell (the beginning of) a cell of the lattice, and the cell if all of it is there.
    fn spell_cell(&self, tokens: &[u32]) -> (usize, Option<usize>) {
        if self.mode != LegacyMode::CttIndexed {
            let cell = self.coordinate(tokens[0]).and_then(|(row, col)| self.node(row, col));
            return (usize::from(cell.is_some()), cell);
        }
        let fits = |place: usize, id: u32| match place {
            0 => id == OPEN,
            1 => number(id).is_some_and(|row| row < self.lattice.rows),
            2 => id == COMMA,
            3 => number(id).is_some_and(|col| col < self.lattice.cols),
            _ => id == CLOSE,
        };
        let spelt = tokens.iter().take(5).enumerate().take_while(|&(place, &id)| fits(place, id)).count();
        if spelt < 5 {
            return (spelt, None);
        }
        (5, number(tokens[1]).zip(number(tokens[3])).and_then(|(row, col)| self.node(row, col)))
    }

    /// UT modes: the coordinate that a token names.
    fn coordinate(&self, id: u32) -> Option<(usize, usize)> {
        id.checked_sub(FIRST_COORDINATE).and_then(|index| self.coord_of.get(index as usize)).copied()
    }

    fn node(&self, row: usize, col: usize) -> Option<usize> {
        (row < self.lattice.rows && col < self.lattice.cols).then(|| self.lattice.node(row, col))
    }
}

/// CTT mode: the number that a token names.
fn number(id: u32) -> Option<usize> {
    id.checked_sub(FIRST_NUMBER).map(|number| number as usize)
}

fn raster(size: usize) -> Vec<(usize, usize)> {
    (0..size * size).map(|node| (node / size, node % size)).collect()
}

/// maze-dataset's corner-first order: by the larger coordinate; among equals by (r, c) in even rows and (c, r) in odd
/// ones; what is still equal stays in raster order.
fn corner_first(size: usize) -> Vec<(usize, usize)> {
    let mut coords = raster(size);
    coords.sort_by_key(|&(r, c)| (r.max(c), if r % 2 == 0 { (r, c) } else { (c, r) }));
    coords
}
