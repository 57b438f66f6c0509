//! A puzzle of one size.

use searchlens_tasks::families::{countdown, sliding};
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::{Goal, Labels, Problem};

use crate::name::puzzle::Puzzle;

/// A puzzle of one size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Game {
    /// Countdown.
    Countdown {
        /// How many numbers are given.
        numbers: usize,
        /// The maximum given number.
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
    /// Returns the puzzle.
    pub fn puzzle(self) -> Puzzle {
        match self {
            Game::Countdown { .. } => Puzzle::Countdown,
            Game::Sliding { .. } => Puzzle::Sliding,
        }
    }

    /// Returns the game of this puzzle whose graph and labels a problem has, if any.
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

    /// Returns the graph and states that all problems of the game share; `None` if each has its own.
    pub(super) fn board(self) -> Option<(Graph, Labels)> {
        match self {
            Game::Countdown { .. } => None,
            Game::Sliding { rows, cols } => Some(sliding::board(rows, cols)),
        }
    }
}

/// Converts a label to a state of whole numbers, if it is one.
pub(super) fn state(label: &[f64]) -> Option<Vec<u64>> {
    label.iter().map(|&x| ((0.0..MAX_VALUE).contains(&x) && x.fract() == 0.0).then_some(x as u64)).collect()
}

/// Exclusive upper bound of numbers in states.
const MAX_VALUE: f64 = 1e15;
