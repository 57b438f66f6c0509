//! Writing and reading sequences token by token.

use searchlens_tasks::problem::maze::Lattice;

use crate::sequence::error::DecodeError;
use crate::sequence::role::Role;
use crate::sequence::vocab::Vocab;

/// A sequence being written: ids and roles are appended.
pub(crate) struct Writer<'a> {
    pub(crate) ids: &'a mut Vec<u32>,
    pub(crate) roles: &'a mut Vec<Role>,
    /// Scratch buffer for a list of edges.
    pub(crate) edges: &'a mut Vec<(usize, usize)>,
}

impl Writer<'_> {
    #[inline]
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
    /// [`DecodeError::UnknownId`]; later reads can rely on known ids.
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

    /// Returns the whole sequence, without padding.
    pub(crate) fn ids(&self) -> &'a [u32] {
        self.ids
    }

    /// Returns the tokens that are not yet read.
    pub(crate) fn rest(&self) -> &'a [u32] {
        &self.ids[self.position..]
    }

    /// Moves to another position.
    pub(crate) fn go_to(&mut self, position: usize) {
        self.position = position;
    }

    /// Skips `id` if it comes next, and returns whether it did.
    pub(crate) fn skip(&mut self, id: u32) -> bool {
        let found = self.peek() == Some(id);
        self.position += usize::from(found);
        found
    }

    /// Reads the next token, which `take` converts into what is `wanted`.
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

    /// Returns the error of a token that is not what is `wanted`.
    pub(crate) fn unexpected(&self, wanted: &'static str) -> DecodeError {
        let Some(id) = self.peek() else { return DecodeError::Truncated { length: self.ids.len(), wanted } };
        let found = self.vocab.name(id).unwrap_or_default().to_owned();
        DecodeError::Unexpected { position: self.position, found, wanted }
    }

    /// Checks that `written` is the whole sequence.
    pub(crate) fn compare(&mut self, written: &[u32]) -> Result<(), DecodeError> {
        let differs = (0..self.ids.len().max(written.len())).find(|&p| self.ids.get(p) != written.get(p));
        match differs {
            None => Ok(()),
            Some(position) => {
                self.position = position;
                Err(self.unexpected("another token"))
            }
        }
    }
}

/// Edges of a lattice being collected: adjacent cells, each pair once (or once in each direction).
pub(crate) struct Pairs {
    lattice: Lattice,
    /// By [`Lattice::link`]: whether the pair was seen, smaller cell first and otherwise.
    seen: Vec<[bool; 2]>,
    both_ways: bool,
    pub(crate) written: Vec<(usize, usize)>,
}

impl Pairs {
    /// Returns an empty collection. `both_ways`: a pair may be written once in each direction.
    pub(crate) fn new(lattice: Lattice, both_ways: bool) -> Pairs {
        Pairs { lattice, seen: vec![[false; 2]; 2 * lattice.n_cells()], both_ways, written: Vec::new() }
    }

    pub(crate) fn push(&mut self, position: usize, from: usize, to: usize) -> Result<(), DecodeError> {
        let link = self.lattice.link(from, to).ok_or(DecodeError::NotAdjacent { position, from, to })?;
        let seen = &mut self.seen[link][usize::from(self.both_ways && from > to)];
        if std::mem::replace(seen, true) {
            return Err(DecodeError::RepeatedPassage { position, from, to });
        }
        self.written.push((from, to));
        Ok(())
    }
}
