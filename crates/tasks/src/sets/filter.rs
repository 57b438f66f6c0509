//! Filters: rules, as plain data, that keep or drop problems of a set, and the weights of those kept.

use std::collections::{BTreeMap, BTreeSet};

use searchlens_base::fault::{Fault, HasFault};
use serde::{Deserialize, Serialize};

use crate::band::Band;
use crate::difficulty::measure::first_fork_lookahead;
use crate::instance::Instance;
use crate::splits::identity::{Identity, Same};

/// One rule. Rules apply in order, each to the problems that the previous one kept; the order of problems is preserved.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Filter {
    /// Keeps paths whose number of cells, both ends included, is in the range. (maze-dataset's filter of this name with
    /// `min_length` is `path_length = "MIN.."`.)
    PathLength(Band),
    /// Keeps problems whose ends have a Manhattan distance in the range. A problem without geometry is an error.
    StartEndDistance(Band),
    /// Drops paths no longer than this percentile (0 to 100) of all path lengths, rounded down. Percentiles are interpolated
    /// linearly, as in NumPy and therefore in maze-dataset.
    CutPercentileShortest(f64),
    /// Keeps this many problems, the first ones.
    TruncateCount(usize),
    /// Keeps the first of equal problems. (maze-dataset's filter of this name also drops mazes that merely share a solution,
    /// and keeps the last.)
    RemoveDuplicates(Same),
    /// Keeps problems whose lookahead at the first fork of the path is in the range; 0 without a fork.
    Lookahead(Band),
    /// Keeps equally many problems of each lookahead in the range, the first ones: as many as the rarest has. Kept problems
    /// get importance weights of mean 1, their number before over that after, so weighted means estimate means over all
    /// problems in the range.
    BalanceLookahead(Band),
}

impl Filter {
    /// Names of all filters.
    pub const NAMES: [&str; 7] = [
        "path_length",
        "start_end_distance",
        "cut_percentile_shortest",
        "truncate_count",
        "remove_duplicates",
        "lookahead",
        "balance_lookahead",
    ];
}

/// A problem of a set, with its importance weight.
#[derive(Clone, Debug, PartialEq)]
pub struct Weighted {
    /// The problem.
    pub instance: Instance,
    /// The importance weight: 1 unless a filter balanced the set.
    pub weight: f64,
}

impl From<Instance> for Weighted {
    fn from(instance: Instance) -> Weighted {
        Weighted { instance, weight: 1.0 }
    }
}

/// Errors of applying filters.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum FilterError {
    /// The percentile is outside 0..=100.
    #[error("cut_percentile_shortest = {value}: give a number from 0 to 100")]
    Percentile { value: f64 },
    /// A problem has no geometry.
    #[error(
        "start_end_distance = \"{band}\": problems without geometry have no such distance; leave the filter out, or filter \
         by path_length"
    )]
    NoGeometry { band: Band },
    /// An open range cannot be balanced.
    #[error("balance_lookahead = \"{band}\": give a range with two ends, such as \"1..8\"")]
    NoEnd { band: Band },
    /// No problem needs this lookahead.
    #[error(
        "balance_lookahead = \"{band}\": none of {n} problems needs {lookahead} steps of lookahead; choose a narrower \
         range, or draw more problems"
    )]
    NoneOf { band: Band, lookahead: usize, n: usize },
}

impl HasFault for FilterError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Applies filters in order.
///
/// # Errors
/// [`FilterError`], if a filter's value is invalid, or the set cannot meet it.
pub fn apply(filters: &[Filter], problems: Vec<Weighted>) -> Result<Vec<Weighted>, FilterError> {
    filters.iter().try_fold(problems, |problems, filter| filter.apply(problems))
}

impl Filter {
    fn apply(self, mut problems: Vec<Weighted>) -> Result<Vec<Weighted>, FilterError> {
        match self {
            Filter::PathLength(band) => problems.retain(|p| band.contains(p.instance.path.len())),
            Filter::StartEndDistance(band) => {
                if problems.iter().any(|p| distance(&p.instance).is_none()) {
                    return Err(FilterError::NoGeometry { band });
                }
                problems.retain(|p| distance(&p.instance).is_some_and(|steps| band.contains(steps)));
            }
            Filter::CutPercentileShortest(percentage) => {
                let cut = percentile(percentage, problems.iter().map(|p| p.instance.path.len()).collect())?;
                problems.retain(|p| p.instance.path.len() > cut);
            }
            Filter::TruncateCount(count) => problems.truncate(count),
            Filter::RemoveDuplicates(same) => {
                let mut met = BTreeSet::new();
                problems.retain(|p| met.insert(Identity::of(&p.instance.problem).by(same)));
            }
            Filter::Lookahead(band) => problems.retain(|p| band.contains(lookahead_of(&p.instance))),
            Filter::BalanceLookahead(band) => return balance(band, problems),
        }
        Ok(problems)
    }
}

fn distance(instance: &Instance) -> Option<usize> {
    let problem = &instance.problem;
    problem.lattice().map(|lattice| lattice.manhattan(problem.origin, problem.target()))
}

fn lookahead_of(instance: &Instance) -> usize {
    first_fork_lookahead(&instance.problem.graph, &instance.path)
}

/// Returns the percentile of some values, rounded down; 0 without values.
fn percentile(percentage: f64, mut values: Vec<usize>) -> Result<usize, FilterError> {
    if !(0.0..=100.0).contains(&percentage) {
        return Err(FilterError::Percentile { value: percentage });
    }
    values.sort_unstable();
    let Some(last) = values.len().checked_sub(1) else { return Ok(0) };
    let rank = percentage / 100.0 * last as f64;
    let (low, high) = (values[rank as usize] as f64, values[(rank as usize + 1).min(last)] as f64);
    Ok((low + (high - low) * rank.fract()) as usize)
}

fn balance(band: Band, problems: Vec<Weighted>) -> Result<Vec<Weighted>, FilterError> {
    let Band { min, max: Some(max) } = band else { return Err(FilterError::NoEnd { band }) };
    let n = problems.len();
    let levels: Vec<usize> = problems.iter().map(|p| lookahead_of(&p.instance)).collect();
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    levels.iter().filter(|&&level| band.contains(level)).for_each(|&level| *counts.entry(level).or_insert(0) += 1);
    // The range may be far wider than the levels present: the first missing level ends the search.
    if let Some(lookahead) = (min..=max).find(|level| !counts.contains_key(level)) {
        return Err(FilterError::NoneOf { band, lookahead, n });
    }
    let rarest = counts.values().copied().min().unwrap_or(0);
    let mean = counts.values().sum::<usize>() as f64 / counts.len() as f64;
    let mut kept: BTreeMap<usize, usize> = BTreeMap::new();
    let chosen = problems.into_iter().zip(levels).filter_map(|(problem, level)| {
        let count = *counts.get(&level)?;
        let so_far = kept.entry(level).or_insert(0);
        *so_far += 1;
        (*so_far <= rarest).then(|| Weighted { weight: problem.weight * count as f64 / mean, ..problem })
    });
    Ok(chosen.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_all_there_are() {
        let error = serde_json::from_str::<Filter>(r#"{"none":1}"#).unwrap_err().to_string();
        let known = Filter::NAMES.map(|name| format!("`{name}`")).join(", ");
        assert!(error.contains(&format!("expected one of {known} at")), "{error}");
    }

    #[test]
    fn percentiles_are_numpys() {
        // numpy.percentile([1, 2, 3, 10], q) is 1, 1.3, 2.5, 4.75, 10.
        for (q, want) in [(0.0, 1), (10.0, 1), (50.0, 2), (75.0, 4), (100.0, 10)] {
            assert_eq!(percentile(q, vec![10, 1, 3, 2]), Ok(want), "{q}");
        }
        assert_eq!(percentile(10.0, Vec::new()), Ok(0));
        assert!(percentile(101.0, vec![1]).is_err() && percentile(f64::NAN, vec![1]).is_err());
    }
}
