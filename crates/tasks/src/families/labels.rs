//! Distributions of labels: densities over R^n, discretised into bins.
//!
//! A label is always the centre of a bin, so that a token can represent it exactly. Conditioning a distribution (removing part
//! of the target set, sampling inside or outside a set) acts on its table of bin weights.

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::problem::region::Region;
use searchlens_base::stream::{Stream, below};

/// A discretisation of R^n: each coordinate in `low..high` is divided into equal bins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Binning {
    /// Number of coordinates, 1 to 3.
    #[serde(default = "one")]
    pub dim: usize,
    /// Number of bins per coordinate.
    pub bins: usize,
    /// Lower end of the first bin. Default: 0.
    #[serde(default)]
    pub low: f64,
    /// Upper end of the last bin. Default: 1.
    #[serde(default = "unit")]
    pub high: f64,
}

/// A probability distribution of labels, before discretisation; mass outside all bins is dropped.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Distribution {
    /// Uniform on a box.
    Uniform {
        /// Minimum of each coordinate.
        low: Vec<f64>,
        /// Maximum of each coordinate.
        high: Vec<f64>,
    },
    /// Normal, with independent coordinates.
    Normal {
        /// Means.
        mean: Vec<f64>,
        /// Standard deviations, above 0.
        sd: Vec<f64>,
    },
    /// A mixture, by weight.
    Mixture(Vec<WeightedDistribution>),
    /// One weight per bin, the last coordinate varying fastest.
    Histogram(Vec<f64>),
}

/// A component of a mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedDistribution {
    /// Its weight, above 0; weights need not sum to 1.
    pub weight: f64,
    /// The component distribution.
    pub of: Distribution,
}

/// The maximum number of bins over all coordinates.
const MAX_CELLS: usize = 65_536;

impl Binning {
    /// Checks every field.
    ///
    /// # Errors
    /// [`TaskError::Range`].
    pub fn check(&self) -> Result<(), TaskError> {
        checked_range("dim", self.dim, 1, 3)?;
        let max_bins = [MAX_CELLS, 256, 40][self.dim - 1];
        checked_range("bins", self.bins, 2, max_bins)?;
        for (field, value) in [("low", self.low), ("high", self.high)] {
            if !value.is_finite() || value.abs() > 1e9 {
                return Err(range(field, value, "a number from -1e9 to 1e9"));
            }
        }
        if self.high - self.low < 1e-9 {
            return Err(range("high", self.high, "above `low`"));
        }
        Ok(())
    }

    /// Returns the number of bins over all coordinates.
    pub fn n_cells(&self) -> usize {
        self.bins.pow(self.dim as u32)
    }

    /// Appends the centre of a cell to `to`. Cells number the bins of all coordinates, the last varying fastest.
    pub fn push_centre(&self, cell: usize, to: &mut Vec<f64>) {
        to.extend((0..self.dim).map(|axis| self.value(cell / self.bins.pow((self.dim - 1 - axis) as u32) % self.bins)));
    }

    /// Returns the centre of a bin of one coordinate.
    pub fn value(&self, bin: usize) -> f64 {
        self.low + (bin as f64 + 0.5) * ((self.high - self.low) / self.bins as f64)
    }

    /// Returns the bin of a value of one coordinate, clamped to the first and last.
    pub fn bin(&self, value: f64) -> usize {
        let bin = (value - self.low) / (self.high - self.low) * self.bins as f64;
        (bin.max(0.0) as usize).min(self.bins - 1)
    }

    fn edges(&self, bin: usize) -> (f64, f64) {
        let width = (self.high - self.low) / self.bins as f64;
        (self.low + bin as f64 * width, self.low + (bin + 1) as f64 * width)
    }

    /// Returns, by cell, whether its centre lies in a region.
    pub(crate) fn members(&self, region: &Region) -> Vec<bool> {
        let mut point = Vec::new();
        (0..self.n_cells())
            .map(|cell| {
                point.clear();
                self.push_centre(cell, &mut point);
                region.contains(&point)
            })
            .collect()
    }

    /// Returns the overlap (Jaccard index) of two sets of labels: cells in both over cells in either; 1 if both are empty.
    pub fn overlap(&self, a: &Region, b: &Region) -> f64 {
        let both = self.members(a).into_iter().zip(self.members(b));
        let (shared, either) = both.fold((0, 0), |(s, e), (a, b)| (s + usize::from(a && b), e + usize::from(a || b)));
        if either == 0 { 1.0 } else { shared as f64 / either as f64 }
    }
}

impl Distribution {
    /// Checks that the distribution is valid for a binning.
    ///
    /// # Errors
    /// [`TaskError::Range`].
    pub fn check(&self, binning: &Binning) -> Result<(), TaskError> {
        let vector = |field, values: &[f64], good: &dyn Fn(f64) -> bool, wanted: &str| {
            if values.len() != binning.dim {
                let value = format!("{values:?}");
                return Err(TaskError::Range { field, value, wanted: format!("a list of {}", binning.dim) });
            }
            values.iter().find(|x| !x.is_finite() || !good(**x)).map_or(Ok(()), |x| Err(range(field, *x, wanted)))
        };
        match self {
            Distribution::Uniform { low, high } => {
                vector("low", low, &|_| true, "finite")?;
                vector("high", high, &|_| true, "finite")?;
                let turned = low.iter().zip(high).find(|(low, high)| low >= high);
                turned.map_or(Ok(()), |(_, high)| Err(range("high", *high, "above `low`")))
            }
            Distribution::Normal { mean, sd } => {
                vector("mean", mean, &|_| true, "finite")?;
                vector("sd", sd, &|x| x > 0.0, "finite and above 0")
            }
            Distribution::Mixture(parts) => {
                checked_range("mixture", parts.len(), 1, 100)?;
                for part in parts {
                    if !(part.weight.is_finite() && part.weight > 0.0) {
                        return Err(range("weight", part.weight, "finite and above 0"));
                    }
                    if matches!(part.of, Distribution::Mixture(_)) {
                        let value = "a mixture".to_owned();
                        let wanted = "no mixture itself: list its parts".to_owned();
                        return Err(TaskError::Range { field: "mixture", value, wanted });
                    }
                    part.of.check(binning)?;
                }
                Ok(())
            }
            Distribution::Histogram(weights) => {
                checked_range("histogram", weights.len(), binning.n_cells(), binning.n_cells())?;
                let bad = weights.iter().find(|w| !w.is_finite() || **w < 0.0);
                bad.map_or(Ok(()), |w| Err(range("histogram", *w, "made of finite weights from 0 up")))
            }
        }
    }

    /// Returns the probability of every cell; sums to less than 1 if part of the distribution lies outside.
    pub fn weights(&self, binning: &Binning) -> Vec<f64> {
        match self {
            Distribution::Uniform { low, high } => product(binning, |axis, (from, to)| {
                let (low, high) = (low[axis], high[axis]);
                ((to.min(high) - from.max(low)) / (high - low)).max(0.0)
            }),
            Distribution::Normal { mean, sd } => product(binning, |axis, (from, to)| {
                let below = |x: f64| 0.5 * libm::erfc((mean[axis] - x) / (sd[axis] * std::f64::consts::SQRT_2));
                below(to) - below(from)
            }),
            Distribution::Mixture(parts) => {
                let total: f64 = parts.iter().map(|part| part.weight).sum();
                let mut sum = vec![0.0; binning.n_cells()];
                for part in parts {
                    let share = part.weight / total;
                    sum.iter_mut().zip(part.of.weights(binning)).for_each(|(sum, w)| *sum += share * w);
                }
                sum
            }
            Distribution::Histogram(weights) => {
                let total: f64 = weights.iter().sum();
                weights.iter().map(|w| if total > 0.0 { w / total } else { 0.0 }).collect()
            }
        }
    }
}

/// Returns the probability of every cell if coordinates are independent.
fn product(binning: &Binning, chance: impl Fn(usize, (f64, f64)) -> f64) -> Vec<f64> {
    let mut cells = vec![1.0];
    for axis in 0..binning.dim {
        let by_bin: Vec<f64> = (0..binning.bins).map(|bin| chance(axis, binning.edges(bin))).collect();
        cells = cells.iter().flat_map(|cell| by_bin.iter().map(move |p| cell * p)).collect();
    }
    cells
}

/// Draws cells by weight.
#[derive(Clone, Debug)]
pub(crate) struct Sampler {
    cells: Vec<u32>,
    /// Cumulative weights, inclusive, in units of the last entry.
    cumulative: Vec<u32>,
}

impl Sampler {
    /// Makes a sampler of the cells of `weights` for which `keep` holds; `None` if all their weights are 0.
    ///
    /// Weights are rounded to 2^-30 of their sum, so that draws are integers; cells that round to 0 are dropped.
    pub(crate) fn new(weights: &[f64], keep: impl Fn(usize) -> bool) -> Option<Sampler> {
        let total: f64 = weights.iter().enumerate().filter(|(cell, _)| keep(*cell)).map(|(_, w)| w).sum();
        let mut sampler = Sampler { cells: Vec::new(), cumulative: Vec::new() };
        if total <= 0.0 {
            return None;
        }
        let mut sum = 0;
        for (cell, w) in weights.iter().enumerate().filter(|(cell, _)| keep(*cell)) {
            let tickets = (w / total * f64::from(1u32 << 30)).round() as u32;
            if tickets > 0 {
                sum += tickets;
                sampler.cells.push(cell as u32);
                sampler.cumulative.push(sum);
            }
        }
        (!sampler.cells.is_empty()).then_some(sampler)
    }

    pub(crate) fn draw(&self, rng: &mut Stream) -> usize {
        let total = self.cumulative[self.cumulative.len() - 1] as usize;
        let ticket = below(rng, total) as u32;
        self.cells[self.cumulative.partition_point(|&sum| sum <= ticket)] as usize
    }
}

fn range(field: &'static str, value: f64, wanted: &str) -> TaskError {
    TaskError::Range { field, value: value.to_string(), wanted: wanted.to_owned() }
}

fn one() -> usize {
    1
}

fn unit() -> f64 {
    1.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(binning: &Binning, distribution: &Distribution, want: &[f64]) {
        distribution.check(binning).unwrap();
        let got = distribution.weights(binning);
        assert!(got.len() == want.len() && got.iter().zip(want).all(|(g, w)| (g - w).abs() < 1e-4), "{got:?}");
    }

    #[test]
    fn densities_are_cut_into_bins() {
        let line = Binning { dim: 1, bins: 4, low: -2.0, high: 2.0 };
        check(&line, &Distribution::Uniform { low: vec![-1.0], high: vec![1.0] }, &[0.0, 0.5, 0.5, 0.0]);
        let normal = Distribution::Normal { mean: vec![0.0], sd: vec![1.0] };
        check(&line, &normal, &[0.1359, 0.3413, 0.3413, 0.1359]);
        let mixture = Distribution::Mixture(vec![
            WeightedDistribution { weight: 3.0, of: Distribution::Histogram(vec![1.0, 0.0, 0.0, 1.0]) },
            WeightedDistribution { weight: 1.0, of: Distribution::Uniform { low: vec![0.0], high: vec![1.0] } },
        ]);
        check(&line, &mixture, &[0.375, 0.0, 0.25, 0.375]);
        let plane = Binning { dim: 2, bins: 2, low: 0.0, high: 1.0 };
        let lower = Distribution::Uniform { low: vec![0.0, 0.0], high: vec![0.5, 1.0] };
        check(&plane, &lower, &[0.5, 0.5, 0.0, 0.0]);
        let mut centre = Vec::new();
        plane.push_centre(1, &mut centre);
        assert_eq!((centre, plane.bin(0.75), plane.bin(9.0), plane.bin(-9.0)), (vec![0.25, 0.75], 1, 1, 0));
    }

    #[test]
    fn draws_follow_the_weights() {
        let sampler = Sampler::new(&[1.0, 5.0, 0.0, 3.0], |cell| cell != 1).unwrap();
        let mut rng = searchlens_base::stream::stream(1, searchlens_base::stream::Purpose::Sample, 5);
        let mut counts = [0usize; 4];
        (0..10_000).for_each(|_| counts[sampler.draw(&mut rng)] += 1);
        assert!(counts[1] == 0 && counts[2] == 0 && counts[0].abs_diff(2500) < 180, "{counts:?}");
        assert!(Sampler::new(&[0.0, 1.0], |cell| cell == 0).is_none());
    }
}
