//! Our compact tokenizer: a passage is one token.
//!
//! ```text
//! E_1 .. E_m TARGET t ORIGIN o PATH c_1 .. c_L END
//! ```
//!
//! where `c_1` is the first cell *after* the origin. The ids are the pairs of adjacent cells in the order of
//! [`Lattice::adjacent_pairs`], the cells row by row, then TARGET, ORIGIN, PATH, END, PAD: 40 + 25 + 5 = 70 on 5×5. A
//! tree on 5×5 takes 24 + 6 tokens and as many as the path has steps: 54 at most.

use searchlens_tasks::maze::Lattice;

use crate::answer::Answer;
use crate::decoded::{DecodeError, Decoded};
use crate::example::{EncodeError, Example};
use crate::role::{Delimiter, Role};
use crate::sequence::{Passages, Reader, Writer};
use crate::vocab::Vocab;

/// The `edges` tokenizer for mazes of one shape.
#[derive(Clone, Debug)]
pub struct Edges {
    lattice: Lattice,
    /// The pairs of adjacent cells, by edge id.
    pairs: Vec<(usize, usize)>,
    vocab: Vocab,
}

const MARKERS: [&str; 5] = ["TARGET", "ORIGIN", "PATH", "END", "PAD"];

impl Edges {
    /// The tokenizer for mazes on `lattice`.
    pub(crate) fn new(lattice: Lattice) -> Edges {
        let pairs: Vec<_> = lattice.adjacent_pairs().collect();
        let cell = |node| {
            let (r, c) = lattice.coord(node);
            format!("({r},{c})")
        };
        let mut names: Vec<String> = pairs.iter().map(|&(a, b)| format!("{}-{}", cell(a), cell(b))).collect();
        names.extend((0..lattice.n_cells()).map(cell));
        names.extend(MARKERS.map(str::to_owned));
        Edges { lattice, pairs, vocab: Vocab::new(names) }
    }

    /// The lattice of the mazes it writes.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// Its tokens.
    pub fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    /// Number of edge tokens: ids `0..n_edges` are the pairs of adjacent cells.
    pub fn n_edges(&self) -> usize {
        self.pairs.len()
    }

    /// The token of a cell.
    pub fn cell_id(&self, cell: usize) -> u32 {
        debug_assert!(cell < self.lattice.n_cells());
        (self.pairs.len() + cell) as u32
    }

    /// The token of the passage between two adjacent cells.
    pub fn edge_id(&self, a: usize, b: usize) -> u32 {
        let Lattice { rows, cols } = self.lattice;
        let (first, second) = (a.min(b), a.max(b));
        let ((row, col), (below, _)) = (self.lattice.coord(first), self.lattice.coord(second));
        debug_assert_eq!(self.lattice.manhattan(a, b), 1);
        (if below > row { first } else { (rows - 1) * cols + row * (cols - 1) + col }) as u32
    }

    fn marker(&self, index: usize) -> u32 {
        (self.pairs.len() + self.lattice.n_cells() + index) as u32
    }

    fn target_marker(&self) -> u32 {
        self.marker(0)
    }

    fn origin_marker(&self) -> u32 {
        self.marker(1)
    }

    fn path_marker(&self) -> u32 {
        self.marker(2)
    }

    pub(crate) fn end_id(&self) -> u32 {
        self.marker(3)
    }

    pub(crate) fn pad_id(&self) -> u32 {
        self.marker(4)
    }

    pub(crate) fn write_problem(&self, passages: &[(usize, usize)], example: &Example<'_>, out: &mut Writer) {
        for &(a, b) in passages {
            out.push(self.edge_id(a, b), Role::Edge { from: a.min(b), to: a.max(b) });
        }
        if let Some(cell) = example.target {
            out.push(self.target_marker(), Role::Delimiter(Delimiter::TargetStart));
            out.push(self.cell_id(cell), Role::Target { cell });
        }
        if let Some(cell) = example.origin {
            out.push(self.origin_marker(), Role::Delimiter(Delimiter::OriginStart));
            out.push(self.cell_id(cell), Role::Origin { cell });
        }
    }

    pub(crate) fn write_path_start(&self, out: &mut Writer) {
        out.push(self.path_marker(), Role::PathStart);
    }

    /// Writes the path after its origin, which stands in the prompt already.
    pub(crate) fn write_answer(
        &self,
        path: &[usize],
        origin: Option<usize>,
        out: &mut Writer,
    ) -> Result<(), EncodeError> {
        if origin != Some(path[0]) {
            return Err(EncodeError::PathNotFromOrigin { start: path[0], origin });
        }
        for (step, &cell) in path.iter().enumerate().skip(1) {
            out.push(self.cell_id(cell), Role::PathStep { step, cell });
        }
        out.push(self.end_id(), Role::End);
        Ok(())
    }

    pub(crate) fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        let mut reader = Reader::new(ids, &self.vocab, self.pad_id())?;
        let mut passages = Passages::new(self.lattice);
        while let Some(&(from, to)) = reader.peek().and_then(|id| self.pairs.get(id as usize)) {
            let position = reader.position();
            reader.take("an edge", Some)?;
            passages.push(position, from, to)?;
        }
        let mut end =
            |marker| if reader.skip(marker) { self.read_cell(&mut reader, "a cell").map(Some) } else { Ok(None) };
        let target = end(self.target_marker())?;
        let origin = end(self.origin_marker())?;
        // Without an origin a path has no beginning: PATH may not stand there, and `finish` refuses it.
        let path = match origin {
            Some(origin) if reader.skip(self.path_marker()) => {
                let mut path = vec![origin];
                while !reader.skip(self.end_id()) {
                    path.push(self.read_cell(&mut reader, "a cell or `END`")?);
                }
                Some(path)
            }
            _ => None,
        };
        reader.finish()?;
        Ok(Decoded { maze: passages.maze(), passages: passages.written, origin, target, path })
    }

    fn read_cell(&self, reader: &mut Reader<'_>, wanted: &'static str) -> Result<usize, DecodeError> {
        reader.take(wanted, |id| self.cell(id))
    }

    pub(crate) fn decode_answer(&self, origin: usize, generated: &[u32]) -> Answer {
        let mut answer = Answer::new(vec![origin], generated.len());
        for (position, &id) in generated.iter().enumerate() {
            if id == self.end_id() {
                answer.end(position);
                break;
            }
            match self.cell(id) {
                Some(cell) => answer.walk(position..position + 1, cell),
                None => answer.invalid_tokens.push(position),
            }
        }
        answer
    }

    /// The cell that a token names.
    fn cell(&self, id: u32) -> Option<usize> {
        (id as usize).checked_sub(self.pairs.len()).filter(|&cell| cell < self.lattice.n_cells())
    }
}
