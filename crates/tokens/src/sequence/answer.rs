//! Answers: the path that a model generated, well-formed or not.

use crate::sequence::role::Role;

/// A generated answer, read as far as it is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Cells of the path, up to the first token that could not be read. The first is the origin: that of the problem if
    /// the tokenizer does not repeat it in the path, otherwise as generated (right or wrong).
    pub cells: Vec<usize>,
    /// Whether the answer ends with the end token and every token before it could be read.
    pub ended: bool,
    /// Positions of invalid tokens among the generated ones, up to the end token, ascending.
    pub invalid_tokens: Vec<usize>,
    /// The role of each generated token; [`Role::Unread`] if it was not read.
    pub roles: Vec<Role>,
}

impl Answer {
    /// Returns the empty answer of `n_generated` tokens; its path starts with `cells`.
    pub(crate) fn new(cells: Vec<usize>, n_generated: usize) -> Answer {
        Answer { cells, ended: false, invalid_tokens: Vec::new(), roles: vec![Role::Unread; n_generated] }
    }

    /// Appends the cells written by the tokens at `positions`, unless an earlier token could not be read.
    pub(crate) fn walk(&mut self, positions: std::ops::Range<usize>, cells: &[usize]) {
        let Some(&cell) = cells.last() else { return };
        if self.invalid_tokens.is_empty() {
            self.cells.extend_from_slice(cells);
            self.roles[positions].fill(Role::PathStep { step: self.cells.len() - 1, cell });
        }
    }

    /// Reverses a path that was written goal first.
    pub(crate) fn reverse(&mut self) {
        self.cells.reverse();
        let n_steps = self.cells.len();
        for role in &mut self.roles {
            if let Role::PathStep { step, .. } = role {
                *step = n_steps - 1 - *step;
            }
        }
    }

    /// Ends the answer.
    pub(crate) fn end(&mut self, position: usize) {
        self.roles[position] = Role::End;
        self.ended = self.invalid_tokens.is_empty();
    }
}
