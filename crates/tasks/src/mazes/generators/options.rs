//! Options of generators: values, and the table that holds them.
//!
//! A generator lists the [`OptionName`]s it takes and reads them from an [`OptionTable`]. Config files, command lines,
//! error messages and help texts all use these lists.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::mazes::error::MazeError;
use crate::mazes::option_name::OptionName;
use crate::problem::maze::Lattice;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::stream::{Stream, below, with_chance};

/// The value of an option, as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OptionValue {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Count(i64),
    /// A number with a decimal point.
    Share(f64),
    /// A word.
    Word(String),
    /// `[row, col]`, or any other list of numbers.
    Cell(Vec<i64>),
}

impl OptionValue {
    /// Parses a value as typed on a command line: `true`, `20`, `0.4`, `maze-dataset`, `2,3`.
    pub fn typed(text: &str) -> OptionValue {
        let cell = || {
            text.trim_matches(['[', ']']).split(',').map(|part| part.trim().parse().ok()).collect::<Option<Vec<_>>>()
        };
        if let Ok(flag) = text.parse() {
            OptionValue::Flag(flag)
        } else if let Ok(count) = text.parse() {
            OptionValue::Count(count)
        } else if let Ok(share) = text.parse() {
            OptionValue::Share(share)
        } else {
            cell().map_or_else(|| OptionValue::Word(text.to_owned()), OptionValue::Cell)
        }
    }
}

impl fmt::Display for OptionValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionValue::Flag(flag) => write!(f, "{flag}"),
            OptionValue::Count(count) => write!(f, "{count}"),
            OptionValue::Share(share) => write!(f, "{share:?}"),
            OptionValue::Word(word) => write!(f, "{word:?}"),
            OptionValue::Cell(cell) => write!(f, "{cell:?}"),
        }
    }
}

/// Unvalidated options, by name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct OptionTable(BTreeMap<OptionName, OptionValue>);

impl OptionTable {
    /// Sets an option, and returns its previous value, if any.
    pub fn set(&mut self, name: OptionName, value: OptionValue) -> Option<OptionValue> {
        self.0.insert(name, value)
    }

    /// Iterates over options and values, in the order of [`OptionName::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (OptionName, &OptionValue)> {
        self.0.iter().map(|(&name, value)| (name, value))
    }

    /// Converts an option's value; `None` if the option is not given.
    fn read<T>(
        &self,
        name: OptionName,
        reader: impl FnOnce(&OptionValue) -> Option<T>,
    ) -> Result<Option<T>, MazeError> {
        let read = |value| {
            reader(value).ok_or_else(|| MazeError::Value {
                option: name.name(),
                value: format!("{value}"),
                form: name.form(),
            })
        };
        self.0.get(&name).map(read).transpose()
    }

    pub(super) fn flag(&self, name: OptionName, default: bool) -> Result<bool, MazeError> {
        let read = |value: &OptionValue| if let OptionValue::Flag(flag) = value { Some(*flag) } else { None };
        Ok(self.read(name, read)?.unwrap_or(default))
    }

    pub(super) fn set_flag(&mut self, name: OptionName, flag: bool) {
        self.set(name, OptionValue::Flag(flag));
    }

    pub(super) fn amount(&self, name: OptionName) -> Result<Option<Amount>, MazeError> {
        self.read(name, |value| match *value {
            OptionValue::Count(count) => Some(Amount::Count(usize::try_from(count).ok()?)),
            OptionValue::Share(share) => Some(Amount::Share(Probability::new(share)?)),
            _ => None,
        })
    }

    pub(super) fn set_amount(&mut self, name: OptionName, amount: Option<Amount>) {
        let value = match amount {
            None => return,
            Some(Amount::Count(count)) => OptionValue::Count(i64::try_from(count).unwrap_or(i64::MAX)),
            Some(Amount::Share(share)) => OptionValue::Share(share.get()),
        };
        self.set(name, value);
    }

    pub(super) fn probability(&self, name: OptionName, default: Probability) -> Result<Probability, MazeError> {
        let read = |value: &OptionValue| match *value {
            OptionValue::Count(count) => Probability::new(count as f64),
            OptionValue::Share(share) => Probability::new(share),
            _ => None,
        };
        Ok(self.read(name, read)?.unwrap_or(default))
    }

    pub(super) fn set_probability(&mut self, name: OptionName, p: Probability) {
        self.set(name, OptionValue::Share(p.get()));
    }

    pub(super) fn start(&self) -> Result<Start, MazeError> {
        let read = |value: &OptionValue| match value {
            OptionValue::Word(word) => match word.as_str() {
                "uniform" => Some(Start::Uniform),
                "maze-dataset" => Some(Start::MazeDataset),
                _ => None,
            },
            OptionValue::Cell(cell) => match cell[..] {
                [row, col] => Some(Start::Cell { row: usize::try_from(row).ok()?, col: usize::try_from(col).ok()? }),
                _ => None,
            },
            _ => None,
        };
        Ok(self.read(OptionName::Start, read)?.unwrap_or_default())
    }

    pub(super) fn set_start(&mut self, start: Start) {
        let value = match start {
            Start::Uniform => OptionValue::Word("uniform".to_owned()),
            Start::MazeDataset => OptionValue::Word("maze-dataset".to_owned()),
            Start::Cell { row, col } => {
                OptionValue::Cell([row, col].map(|n| i64::try_from(n).unwrap_or(i64::MAX)).to_vec())
            }
        };
        self.set(OptionName::Start, value);
    }
}

/// A probability: a number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

/// A probability is never NaN, so equality is total.
impl Eq for Probability {}

impl std::hash::Hash for Probability {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // The two zeros are equal, so they need one hash.
        (self.0 + 0.0).to_bits().hash(state);
    }
}

impl Probability {
    /// 0.5.
    pub const HALF: Probability = Probability(0.5);
    /// 0.4, maze-dataset's default for percolation.
    pub const TWO_FIFTHS: Probability = Probability(0.4);

    /// Makes the probability `p`; `None` unless it lies in 0..=1.
    pub fn new(p: f64) -> Option<Probability> {
        (0.0..=1.0).contains(&p).then_some(Probability(p))
    }

    /// Returns the number.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Draws `true` with this probability. Draws from `rng` even if the probability is 0 or 1.
    pub fn toss(self, rng: &mut Stream) -> bool {
        with_chance(rng, self.0)
    }
}

impl TryFrom<f64> for Probability {
    type Error = InvalidProbability;

    fn try_from(p: f64) -> Result<Probability, InvalidProbability> {
        Probability::new(p).ok_or(InvalidProbability(p))
    }
}

impl From<Probability> for f64 {
    fn from(p: Probability) -> f64 {
        p.0
    }
}

/// Error of a number outside 0..=1.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{0} is not a probability; give a number from 0 to 1")]
pub struct InvalidProbability(f64);

impl HasFault for InvalidProbability {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// A number, or a share of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// This number.
    Count(usize),
    /// This share, rounded down.
    Share(Probability),
}

impl Amount {
    /// Returns the amount out of `n`. A count may exceed `n`.
    pub fn of(self, n: usize) -> usize {
        match self {
            Amount::Count(count) => count,
            Amount::Share(share) => (share.get() * n as f64) as usize,
        }
    }
}

/// The cell a generator starts from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Start {
    /// Any cell, uniformly.
    #[default]
    Uniform,
    /// Any cell outside the last row and column, uniformly, as in maze-dataset 1.4.2. Needs at least two rows and two
    /// columns.
    MazeDataset,
    /// This cell.
    Cell {
        /// Its row.
        row: usize,
        /// Its column.
        col: usize,
    },
}

impl Start {
    /// Draws the cell.
    ///
    /// # Panics
    /// If the lattice lacks the cell, which no `MazeConfig` allows.
    pub(super) fn draw(self, lattice: Lattice, rng: &mut Stream) -> usize {
        let Lattice { rows, cols, .. } = lattice;
        match self {
            Start::Uniform => below(rng, rows * cols),
            Start::MazeDataset => {
                let row = below(rng, rows - 1);
                lattice.node(row, below(rng, cols - 1))
            }
            Start::Cell { row, col } => {
                assert!(row < rows && col < cols, "the start ({row}, {col}) lies outside a {rows}x{cols} maze");
                lattice.node(row, col)
            }
        }
    }

    /// Lists every cell that can be drawn, ascending.
    pub fn cells(self, lattice: Lattice) -> Vec<usize> {
        let allowed = |v: usize| {
            let at = lattice.coord(v);
            match self {
                Start::Uniform => true,
                Start::MazeDataset => at.0 + 1 < lattice.rows && at.1 + 1 < lattice.cols,
                Start::Cell { row, col } => at == (row, col),
            }
        };
        (0..lattice.n_cells()).filter(|&v| allowed(v)).collect()
    }
}
