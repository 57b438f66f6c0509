//! Answers: what a model's generated tokens say, well-formed or not.

use searchlens_tasks::problem::Labels;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::Lattice;

use crate::sequence::role::Role;

/// What is known of the problem that an answer answers.
#[derive(Clone, Copy, Default)]
pub(crate) struct Question<'a> {
    /// The rectangle of cells, if it is a maze.
    pub(crate) lattice: Option<Lattice>,
    /// Where the path should start.
    pub(crate) origin: Option<usize>,
    /// Where it should end.
    pub(crate) target: Option<usize>,
    /// How many steps it should have, if that is the goal.
    pub(crate) hops: Option<usize>,
    /// The open passages. Without them no hop is known to be longer than a step.
    pub(crate) graph: Option<&'a Graph>,
    /// The labels of the graph's nodes.
    pub(crate) labels: Option<&'a Labels>,
}

/// A generated answer, read as far as it makes sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Cells walked, up to the first token that could not be read. The origin stands first: put there where the
    /// tokenizer does not repeat it in the path, as generated (right or wrong) where it does.
    pub cells: Vec<usize>,
    /// Whether the answer closes with the end token and every token before it could be read.
    pub ended: bool,
    /// Positions (in the generated tokens, up to the end token) of those that cannot stand where they stand, ascending.
    pub invalid_tokens: Vec<usize>,
    /// What each generated token speaks of; [`Role::Unread`] where it was not read.
    pub roles: Vec<Role>,
}

impl Answer {
    /// The empty answer to `n_generated` tokens, with `cells` walked before the first of them.
    pub(crate) fn new(cells: Vec<usize>, n_generated: usize) -> Answer {
        Answer { cells, ended: false, invalid_tokens: Vec::new(), roles: vec![Role::Unread; n_generated] }
    }

    /// Takes in the tokens at `positions` as the next cells, unless an earlier token could not be read.
    pub(crate) fn walk(&mut self, positions: std::ops::Range<usize>, cells: &[usize]) {
        let Some(&cell) = cells.last() else { return };
        if self.invalid_tokens.is_empty() {
            self.cells.extend_from_slice(cells);
            self.roles[positions].fill(Role::PathStep { step: self.cells.len() - 1, cell });
        }
    }

    /// Turns round a path that was written goal first.
    pub(crate) fn turn_round(&mut self) {
        self.cells.reverse();
        let n_steps = self.cells.len();
        for role in &mut self.roles {
            if let Role::PathStep { step, .. } = role {
                *step = n_steps - 1 - *step;
            }
        }
    }

    /// Takes in the end token.
    pub(crate) fn end(&mut self, position: usize) {
        self.roles[position] = Role::End;
        self.ended = self.invalid_tokens.is_empty();
    }
}
