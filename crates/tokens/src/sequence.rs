//! Writing and reading sequences token by token: what all tokenizers share.

use searchlens_tasks::maze::{Lattice, Maze};

use crate::decoded::DecodeError;
use crate::role::Role;
use crate::vocab::Vocab;

/// A sequence being written.
#[derive(Default)]
pub(crate) struct Writer {
    pub(crate) ids: Vec<u32>,
    pub(crate) roles: Vec<Role>,
}

impl Writer {
    pub(crate) fn push(&mut self, id: u32, role: Role) {
        self.ids.push(id);
        self.roles.push(role);
    }
}

/// A sequence being read.
pub(crate) struct Reader<'a> {
    ids: &'a [u32],
    vocab: &'a Vocab,
    position: usize,
}

impl<'a> Reader<'a> {
    /// Reads `ids` without the padding behind them.
    ///
    /// # Errors
    /// [`DecodeError::UnknownId`], so that reading need not look out for it.
    pub(crate) fn new(ids: &'a [u32], vocab: &'a Vocab, pad: u32) -> Result<Reader<'a>, DecodeError> {
        let n_vocab = vocab.len();
        if let Some(position) = ids.iter().position(|&id| id as usize >= n_vocab) {
            return Err(DecodeError::UnknownId { position, id: ids[position], n_vocab });
        }
        let length = ids.iter().rposition(|&id| id != pad).map_or(0, |last| last + 1);
        Ok(Reader { ids: &ids[..length], vocab, position: 0 })
    }

    pub(crate) fn position(&self) -> usize {
        self.position
    }

    pub(crate) fn peek(&self) -> Option<u32> {
        self.ids.get(self.position).copied()
    }

    /// Steps over `id` if it comes next, and says whether it did.
    pub(crate) fn skip(&mut self, id: u32) -> bool {
        let found = self.peek() == Some(id);
        self.position += usize::from(found);
        found
    }

    /// Takes the next token, from which `take` makes what is `wanted`.
    pub(crate) fn take<T>(&mut self, wanted: &'static str, take: impl Fn(u32) -> Option<T>) -> Result<T, DecodeError> {
        let id = self.peek().ok_or(DecodeError::Truncated { length: self.ids.len(), wanted })?;
        let Some(taken) = take(id) else { return Err(self.unexpected(wanted)) };
        self.position += 1;
        Ok(taken)
    }

    pub(crate) fn expect(&mut self, id: u32, wanted: &'static str) -> Result<(), DecodeError> {
        self.take(wanted, |found| (found == id).then_some(()))
    }

    pub(crate) fn finish(&self) -> Result<(), DecodeError> {
        if self.position == self.ids.len() { Ok(()) } else { Err(self.unexpected("the end of the sequence")) }
    }

    fn unexpected(&self, wanted: &'static str) -> DecodeError {
        let found = self.peek().and_then(|id| self.vocab.name(id)).unwrap_or_default().to_owned();
        DecodeError::Unexpected { position: self.position, found, wanted }
    }
}

/// Open passages being collected: adjacent cells, each passage once.
pub(crate) struct Passages {
    lattice: Lattice,
    /// By cell: whether its passage down, and its passage right, was seen.
    seen: Vec<[bool; 2]>,
    pub(crate) written: Vec<(usize, usize)>,
}

impl Passages {
    pub(crate) fn new(lattice: Lattice) -> Passages {
        Passages { lattice, seen: vec![[false; 2]; lattice.n_cells()], written: Vec::new() }
    }

    pub(crate) fn push(&mut self, position: usize, from: usize, to: usize) -> Result<(), DecodeError> {
        if self.lattice.manhattan(from, to) != 1 {
            return Err(DecodeError::NotAdjacent { position, from, to });
        }
        let same_row = self.lattice.coord(from).0 == self.lattice.coord(to).0;
        let seen = &mut self.seen[from.min(to)][usize::from(same_row)];
        if std::mem::replace(seen, true) {
            return Err(DecodeError::RepeatedPassage { position, from, to });
        }
        self.written.push((from, to));
        Ok(())
    }

    pub(crate) fn maze(&self) -> Maze {
        Maze::new(self.lattice, &self.written)
    }
}
