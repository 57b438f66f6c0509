//! The train, validation and test split of every problem: a fixed function of its symmetry class.

pub mod identity;
pub mod refine;
pub mod symmetry;

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::stream::Purpose;
use searchlens_base::text::near_names;

/// A maze up to the symmetries of its lattice: rotated and reflected copies share a class (also a 3×5 maze and its 5×3
/// transpose), and so do all choices of endpoints. Graphs have classes up to [`Equivalence`].
///
/// The number is a hash of the canonical image of the maze's open passages (see [`symmetry`]). Displayed as 16 hex digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SymmetryClass(pub u64);

impl fmt::Display for SymmetryClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// When two problems of a family count as the same, so that both must lie in one split.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Equivalence {
    /// If a symmetry of the lattice maps one maze to the other (D4 on squares, D2 otherwise), endpoints aside.
    Lattice,
    /// If some renaming of the nodes maps one to the other, with origin, goal and labels.
    Relabelling,
    /// Only if they are identical, node by node: up to renaming there is only one graph.
    Exact,
}

/// A part of all problems. Every symmetry class lies in exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Split {
    /// 80 % of the classes, for training.
    Train,
    /// 10 %, for model selection during training.
    Validation,
    /// 10 %, for the final report.
    Test,
}

/// Mixed into every class before it is assigned to a split. It is part of the format: another key would move mazes between
/// training and test sets of finished runs. With 55, lattices of 2×3 and 3×3, which have 5 to 28 classes, fill all three
/// splits in about the right shares, so tests and first experiments can use them.
const SPLIT_KEY: u64 = 55;

impl Split {
    /// All splits.
    pub const ALL: [Split; 3] = [Split::Train, Split::Validation, Split::Test];

    /// Returns the split of a class: 80 % train, 10 % validation, 10 % test. No seed or config changes it.
    ///
    /// ```
    /// use searchlens_tasks::splits::{Split, SymmetryClass};
    ///
    /// let classes = (0..1000u64).map(SymmetryClass);
    /// let n_train = classes.filter(|&class| Split::of(class) == Split::Train).count();
    /// assert!((750..850).contains(&n_train));
    /// ```
    pub fn of(class: SymmetryClass) -> Split {
        // The high half of mixed * 100 is uniform on 0..100.
        let percentile = (u128::from(mix(class.0 ^ SPLIT_KEY)) * 100) >> 64;
        match percentile {
            0..80 => Split::Train,
            80..90 => Split::Validation,
            _ => Split::Test,
        }
    }

    /// Returns the purpose of the random streams that draw problems of this split.
    pub fn purpose(self) -> Purpose {
        match self {
            Split::Train => Purpose::Train,
            Split::Validation => Purpose::Validation,
            Split::Test => Purpose::Test,
        }
    }

    /// Returns the name in configs and files.
    pub fn name(self) -> &'static str {
        match self {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        }
    }
}

impl fmt::Display for Split {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The splits that a task can fill.
#[derive(Clone, Debug)]
pub(crate) struct FilledSplits {
    pub(crate) filled: [bool; 3],
    /// Problems drawn by the probe.
    pub(crate) n_draws: usize,
    /// Distinct classes seen by the probe.
    pub(crate) n_classes: usize,
}

/// Error of parsing a [`Split`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "split `{name}` does not exist{}; it is train, validation or test",
    near_names(name, Split::ALL.map(Split::name))
)]
pub struct UnknownSplit {
    /// The unknown name.
    pub name: String,
}

impl HasFault for UnknownSplit {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl FromStr for Split {
    type Err = UnknownSplit;

    fn from_str(name: &str) -> Result<Split, UnknownSplit> {
        Split::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| UnknownSplit { name: name.to_owned() })
    }
}

/// Mixes a 64-bit number bijectively: the finaliser of SplitMix64 (Steele, Lea & Flood 2014, constants by Stafford).
pub(crate) fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_dealt_eighty_ten_ten() {
        let mut counts = [0usize; 3];
        (0..100_000).for_each(|i| counts[Split::of(SymmetryClass(mix(i))) as usize] += 1);
        let [train, validation, test] = counts;
        // Four standard deviations: 506 at 80 %, 379 at 10 %.
        assert!(
            train.abs_diff(80_000) < 506 && validation.abs_diff(10_000) < 379 && test.abs_diff(10_000) < 379,
            "{counts:?}"
        );
    }

    #[test]
    fn names_are_read_back_and_typos_named() {
        assert!(Split::ALL.iter().all(|s| s.to_string().parse() == Ok(*s)));
        let error = "trian".parse::<Split>().unwrap_err().to_string();
        assert_eq!(error, "split `trian` does not exist (did you mean `train`?); it is train, validation or test");
    }
}
