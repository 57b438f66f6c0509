//! Clusters of dependent examples, and values summed by cluster.

use crate::error::StatsError;

/// The cluster of each example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clusters {
    /// Cluster of every example, `0..n_clusters`, numbered by first appearance.
    of: Vec<u32>,
    n_clusters: usize,
}

impl Clusters {
    /// Groups examples with equal keys (symmetry classes) into clusters. The values of keys do not matter.
    pub fn new(keys: &[u64]) -> Clusters {
        let mut numbers = std::collections::BTreeMap::new();
        let of = keys.iter().map(|&key| {
            let next = numbers.len() as u32;
            *numbers.entry(key).or_insert(next)
        });
        Clusters { of: of.collect(), n_clusters: numbers.len() }
    }

    /// Returns the number of examples.
    pub fn n_examples(&self) -> usize {
        self.of.len()
    }

    /// Returns the number of clusters.
    pub fn n_clusters(&self) -> usize {
        self.n_clusters
    }

    /// Returns the cluster of an example, `0..n_clusters`.
    pub fn of(&self, example: usize) -> usize {
        self.of[example] as usize
    }

    /// Sums one value per example by cluster; a [`Resample`] averages the column without touching examples again.
    ///
    /// # Errors
    /// [`StatsError::NotFinite`] if a value is NaN or infinite.
    ///
    /// # Panics
    /// If there is not one value per example.
    pub fn column(&self, values: &[f64]) -> Result<Column, StatsError> {
        assert_eq!(values.len(), self.of.len(), "one value per example");
        if let Some(index) = values.iter().position(|v| !v.is_finite()) {
            return Err(StatsError::NotFinite { index, value: values[index] });
        }
        let mut column = Column {
            sums: vec![0.0; self.n_clusters],
            sizes: vec![0.0; self.n_clusters],
            low: values.iter().copied().fold(f64::INFINITY, f64::min),
            high: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        };
        for (&value, &c) in values.iter().zip(&self.of) {
            column.sums[c as usize] += value;
            column.sizes[c as usize] += 1.0;
        }
        Ok(column)
    }
}

/// One value per example, summed by cluster.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    sums: Vec<f64>,
    /// Examples of every cluster, as floats.
    sizes: Vec<f64>,
    low: f64,
    high: f64,
}

/// A draw of clusters with replacement, or the sample itself (every cluster once).
#[derive(Debug)]
pub struct Resample<'a> {
    pub(crate) clusters: &'a Clusters,
    pub(crate) counts: &'a [u32],
}

impl Resample<'_> {
    /// Returns how often an example occurs in this resample.
    pub fn weight(&self, example: usize) -> u32 {
        self.counts[self.clusters.of(example)]
    }

    /// Returns the sum of a column over this resample.
    pub fn sum(&self, column: &Column) -> f64 {
        self.counts.iter().zip(&column.sums).map(|(&k, sum)| f64::from(k) * sum).sum()
    }

    /// Returns the mean of a column over this resample: sum of values / number of examples.
    ///
    /// Rounding never moves it outside the column's range: a constant column has exactly that mean.
    pub fn mean(&self, column: &Column) -> f64 {
        let (mut sum, mut size) = (0.0, 0.0);
        for (&k, (s, n)) in self.counts.iter().zip(column.sums.iter().zip(&column.sizes)) {
            sum += f64::from(k) * s;
            size += f64::from(k) * n;
        }
        (sum / size).clamp(column.low, column.high)
    }
}
