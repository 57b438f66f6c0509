//! A puzzle of one size.

use searchlens_tasks::families::{countdown, sliding};
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::{Goal, Labels, Problem};

use crate::name::puzzle::Puzzle;

/// A puzzle of some size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Game {
    /// Countdown.
    Countdown {
        /// How many numbers there are.
        numbers: usize,
        /// The largest that may be given.
        max_number: u64,
    },
    /// Sliding tiles.
    Sliding {
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
    },
}

impl Game {
    /// Which puzzle it is.
    pub fn puzzle(self) -> Puzzle {
        match self {
            Game::Countdown { .. } => Puzzle::Countdown,
            Game::Sliding { .. } => Puzzle::Sliding,
        }
    }

    /// The game of this kind that a problem is of, if its graph and labels are those of one.
    pub fn of(puzzle: Puzzle, problem: &Problem) -> Option<Game> {
        let labels = problem.labels.as_ref().filter(|_| matches!(problem.goal, Goal::Node(_)))?;
        let is = |(graph, states): (Graph, Labels)| graph == problem.graph && states == *labels;
        match puzzle {
            Puzzle::Countdown => {
                let numbers = state(labels.of(problem.origin))?;
                let max_number = numbers.iter().copied().max()?;
                let size = numbers.iter().all(|&n| n > 0).then_some(numbers.len())?;
                let fits = size <= countdown::MAX_NUMBERS && max_number <= countdown::MAX_NUMBER as u64;
                let found = fits && problem.origin == 0 && is(countdown::game(&numbers));
                found.then_some(Game::Countdown { numbers: size, max_number })
            }
            Puzzle::Sliding => {
                let shapes = sliding::SHAPES.into_iter().filter(|(rows, cols)| rows * cols == labels.dim());
                let mut games = shapes.map(|(rows, cols)| Game::Sliding { rows, cols });
                games.find(|game| game.board().is_some_and(&is))
            }
        }
    }

    /// The graph that all problems of the game share, with its states; `None` if each has its own.
    pub(super) fn board(self) -> Option<(Graph, Labels)> {
        match self {
            Game::Countdown { .. } => None,
            Game::Sliding { rows, cols } => Some(sliding::board(rows, cols)),
        }
    }
}

/// A state: whole numbers from 0 on; `None` if the label is none.
pub(super) fn state(label: &[f64]) -> Option<Vec<u64>> {
    label.iter().map(|&x| ((0.0..MAX_VALUE).contains(&x) && x.fract() == 0.0).then_some(x as u64)).collect()
}

/// Numbers in states lie below this.
const MAX_VALUE: f64 = 1e15;
