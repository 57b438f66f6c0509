//! Cluster bootstrap: intervals from resampling whole clusters of examples.
//!
//! Examples of one symmetry class are not independent: a maze and its mirror image are easy or hard together. The bootstrap
//! therefore draws *clusters* (symmetry classes) with replacement, as many as there are, and includes every example of a
//! cluster as often as the cluster was drawn. A mean over a resample is a ratio estimator, (sum of values) / (number of
//! examples), since clusters differ in size. Intervals are percentile intervals at 95 %: of `B` sorted resampled values, the
//! ones at rank `⌊0.025·B⌋` from either end, without interpolation, so that statistics may take the values ±∞.
//!
//! If all clusters have the same mean, or there is only one, every resample gives the same value: the interval would have
//! zero width and claim certainty where no spread was observed. Instead:
//!
//! - for a *share* ([`bootstrap_share`], [`share`]: every value lies in 0..=1, and so does the mean) Wilson's score interval,
//!   each cluster counted as one trial. This is conservative: examples of a cluster count as if they all had the same outcome,
//!   and values between 0 and 1 vary less than those that are 0 or 1;
//! - for any other statistic: `None` if there is one cluster (nothing bounds other clusters); several clusters that agree
//!   keep the width of 0, which means "no spread observed", not "certain".
//!
//! An interval is about *other examples of the same distribution*, for this one network; it says nothing about other training
//! seeds. With few clusters (below about 20) percentile intervals are too narrow.
//!
//! Sources: Efron & Tibshirani 1993, ch. 13 (percentile intervals); Davison & Hinkley 1997, 3.8 (resampling clusters); Wilson
//! 1927, J. Am. Stat. Assoc. 22, 209 (score interval; Brown, Cai & DasGupta 2001, Stat. Sci. 16, 101, on how well it covers).

use searchlens_base::stream::{Stream, below};

use crate::clusters::{Clusters, Resample};
use crate::error::StatsError;
use crate::estimate::Estimate;

/// The default number of resamples.
pub const RESAMPLES: usize = 10_000;

/// Probability of each tail outside an interval: 95 % remain.
const TAIL: f64 = 0.025;

/// The normal distribution's quantile at `1 − TAIL`.
const Z: f64 = 1.959_963_984_540_054;

/// An interval of a share narrower than this is due to rounding only.
const NO_WIDTH: f64 = 1e-12;

/// The maximum share of resamples on which a statistic may be undefined (NaN); those are dropped.
const MAX_UNDEFINED: f64 = 0.01;

/// Estimates the mean of `values` with its clustered interval. Example `i` belongs to cluster `clusters[i]` (any key,
/// e.g. a symmetry class).
///
/// # Errors
/// [`StatsError::Empty`] without examples, [`StatsError::NotFinite`] if a value is NaN or infinite.
///
/// # Panics
/// If the slices differ in length or `resamples` is 0.
pub fn bootstrap_mean(
    values: &[f64],
    clusters: &[u64],
    resamples: usize,
    stream: Stream,
) -> Result<Estimate, StatsError> {
    bootstrap_means(&[values], clusters, resamples, stream).map(|means| means[0])
}

/// Estimates the means of several columns over the same examples from one set of resamples, such as the k-lookahead policies
/// and the model on the same problems. `columns` are `[column][example]`. Errors and panics: [`bootstrap_mean`].
pub fn bootstrap_means(
    columns: &[&[f64]],
    clusters: &[u64],
    resamples: usize,
    stream: Stream,
) -> Result<Vec<Estimate>, StatsError> {
    means_of(&Clusters::new(clusters), columns, resamples, stream)
}

/// Computes [`bootstrap_means`] over given clusters.
fn means_of(
    clusters: &Clusters,
    columns: &[&[f64]],
    resamples: usize,
    stream: Stream,
) -> Result<Vec<Estimate>, StatsError> {
    let columns = columns.iter().map(|values| clusters.column(values)).collect::<Result<Vec<_>, _>>()?;
    bootstrap_many(clusters, columns.len(), resamples, stream, |resample, out| {
        for (value, column) in out.iter_mut().zip(&columns) {
            *value = resample.mean(column);
        }
    })
}

/// Estimates a share, or a mean of values in 0..=1, with its clustered interval, or Wilson's if resampling shows no spread.
/// Otherwise as [`bootstrap_mean`].
pub fn bootstrap_share(
    values: &[f64],
    clusters: &[u64],
    resamples: usize,
    stream: Stream,
) -> Result<Estimate, StatsError> {
    bootstrap_shares(&[values], clusters, resamples, stream).map(|shares| shares[0])
}

/// Estimates several shares over the same examples from one set of resamples. Errors and panics: [`bootstrap_share`].
pub fn bootstrap_shares(
    columns: &[&[f64]],
    clusters: &[u64],
    resamples: usize,
    stream: Stream,
) -> Result<Vec<Estimate>, StatsError> {
    let clusters = Clusters::new(clusters);
    let means = means_of(&clusters, columns, resamples, stream)?;
    Ok(means.into_iter().map(|mean| share(mean, clusters.n_clusters())).collect())
}

/// Returns the estimate of a share over `n_clusters` clusters: as resampled, or with Wilson's score interval if that shows no
/// spread (see the [module](self)).
pub fn share(resampled: Estimate, n_clusters: usize) -> Estimate {
    let Some(p) = resampled.value else { return resampled };
    if resampled.interval().is_some_and(|(low, high)| high - low > NO_WIDTH) {
        return resampled;
    }
    // Rounding may push a sum slightly above 1.
    let (low, high) = wilson(p.clamp(0.0, 1.0), n_clusters as f64);
    Estimate { low: Some(low), high: Some(high), ..resampled }
}

/// Computes Wilson's score interval of a share `p` of `n` trials: all rates from which `p` is at most [`Z`] standard errors
/// away.
fn wilson(p: f64, n: f64) -> (f64, f64) {
    let centre = p + Z * Z / (2.0 * n);
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + Z * Z / n;
    // Rounding does not push `p` itself out, nor an end below 0 or above 1.
    (((centre - half) / scale).clamp(0.0, p), ((centre + half) / scale).clamp(p, 1.0))
}

/// Estimates the mean of `a[i] − b[i]`: two models, or a model and a baseline, on the same examples.
/// An interval that excludes 0 is a difference at the 5 % level. Errors and panics: [`bootstrap_mean`].
pub fn bootstrap_difference(
    a: &[f64],
    b: &[f64],
    clusters: &[u64],
    resamples: usize,
    stream: Stream,
) -> Result<Estimate, StatsError> {
    assert_eq!(a.len(), b.len(), "a difference is between values of the same examples");
    let differences: Vec<f64> = a.iter().zip(b).map(|(a, b)| a - b).collect();
    bootstrap_mean(&differences, clusters, resamples, stream)
}

/// Estimates `Σ numerator / Σ denominator`, such as invalid moves per generated step.
///
/// # Errors
/// As [`bootstrap_mean`], and [`StatsError::Undefined`] if the denominator sums to 0 (on the sample, or on more than 1 % of
/// the resamples; fewer are dropped).
///
/// # Panics
/// As [`bootstrap_mean`].
pub fn bootstrap_ratio(
    numerator: &[f64],
    denominator: &[f64],
    clusters: &[u64],
    resamples: usize,
    stream: Stream,
) -> Result<Estimate, StatsError> {
    let clusters = Clusters::new(clusters);
    let (above, below) = (clusters.column(numerator)?, clusters.column(denominator)?);
    bootstrap(&clusters, resamples, stream, |resample| {
        let total = resample.sum(&below);
        if total == 0.0 { f64::NAN } else { resample.sum(&above) / total }
    })
}

/// Estimates any statistic. `statistic` is called on the sample itself for the value, then on every resample. ±∞ are valid
/// values (a lookahead beyond the largest policy; JSON cannot hold them), NaN means undefined.
///
/// ```
/// use searchlens_stats::bootstrap::{RESAMPLES, bootstrap};
/// use searchlens_stats::clusters::Clusters;
/// use searchlens_base::stream::{Purpose, stream};
/// let clusters = Clusters::new(&[7, 7, 8, 9]);
/// let (model, policy) = (clusters.column(&[1.0, 0.0, 1.0, 1.0])?, clusters.column(&[0.5, 0.5, 0.5, 0.5])?);
/// let gain = bootstrap(&clusters, RESAMPLES, stream(1, Purpose::Resample, 0), |r| r.mean(&model) - r.mean(&policy))?;
/// assert_eq!((gain.value, gain.n), (Some(0.25), 4));
/// # Ok::<(), searchlens_stats::error::StatsError>(())
/// ```
///
/// # Errors
/// [`StatsError::Empty`] without examples; [`StatsError::Undefined`] if the statistic is NaN on the sample or on more than 1 %
/// of the resamples (fewer are dropped).
///
/// # Panics
/// If `resamples` is 0.
pub fn bootstrap(
    clusters: &Clusters,
    resamples: usize,
    stream: Stream,
    mut statistic: impl FnMut(&Resample<'_>) -> f64,
) -> Result<Estimate, StatsError> {
    let estimates = bootstrap_many(clusters, 1, resamples, stream, |resample, out| out[0] = statistic(resample))?;
    Ok(estimates[0])
}

/// Estimates several statistics from one set of resamples: `statistics` fills a slice of length `n_statistics`.
/// Otherwise [`bootstrap`].
pub fn bootstrap_many(
    clusters: &Clusters,
    n_statistics: usize,
    resamples: usize,
    mut stream: Stream,
    mut statistics: impl FnMut(&Resample<'_>, &mut [f64]),
) -> Result<Vec<Estimate>, StatsError> {
    assert!(resamples > 0, "an interval needs resamples");
    if clusters.n_examples() == 0 {
        return Err(StatsError::Empty);
    }
    let n_clusters = clusters.n_clusters();
    let mut counts = vec![1u32; clusters.n_clusters()];
    let mut values = vec![0.0; n_statistics];
    statistics(&Resample { clusters, counts: &counts }, &mut values);

    let mut drawn = vec![Vec::with_capacity(resamples); n_statistics];
    let mut row = vec![0.0; n_statistics];
    for _ in 0..resamples {
        counts.fill(0);
        for _ in 0..n_clusters {
            counts[below(&mut stream, n_clusters)] += 1;
        }
        statistics(&Resample { clusters, counts: &counts }, &mut row);
        for (list, &value) in drawn.iter_mut().zip(&row) {
            list.push(value);
        }
    }
    values.iter().zip(drawn).map(|(&value, drawn)| interval(value, drawn, clusters)).collect()
}

/// Returns the percentile interval around `value` from resampled values; `None` for one cluster.
fn interval(value: f64, mut drawn: Vec<f64>, clusters: &Clusters) -> Result<Estimate, StatsError> {
    let resamples = drawn.len();
    drawn.retain(|v| !v.is_nan());
    let undefined = resamples - drawn.len();
    if value.is_nan() || undefined as f64 > MAX_UNDEFINED * resamples as f64 {
        return Err(StatsError::Undefined { undefined, resamples });
    }
    drawn.sort_unstable_by(f64::total_cmp);
    let cut = (TAIL * drawn.len() as f64).floor() as usize;
    let (low, high) = (drawn[cut], drawn[drawn.len() - 1 - cut]);
    let ends = (clusters.n_clusters() > 1).then_some((low, high)).unzip();
    Ok(Estimate { value: Some(value), low: ends.0, high: ends.1, n: clusters.n_examples() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use searchlens_base::stream::{Purpose, stream};

    fn resample_stream(index: u64) -> Stream {
        stream(11, Purpose::Resample, index)
    }

    /// Percentile interval of a ratio-estimator mean over *all* ways to draw the clusters, each equally likely.
    fn enumerated(clusters: &[&[f64]]) -> (f64, f64) {
        let g = clusters.len();
        let mut means: Vec<f64> = (0..g.pow(g as u32))
            .map(|draw| {
                let drawn = (0..g).map(|i| clusters[draw / g.pow(i as u32) % g]);
                let (sum, size) = drawn.fold((0.0, 0.0), |(s, n), c| (s + c.iter().sum::<f64>(), n + c.len() as f64));
                sum / size
            })
            .collect();
        means.sort_by(f64::total_cmp);
        let cut = (TAIL * means.len() as f64).floor() as usize;
        (means[cut], means[means.len() - 1 - cut])
    }

    #[test]
    fn a_tiny_case_agrees_with_the_enumeration_of_all_resamples() {
        let clusters: [&[f64]; 4] = [&[1.0, 0.0, 0.0], &[1.0], &[0.0, 1.0, 1.0, 1.0], &[0.5, 0.5]];
        let values = clusters.concat();
        let keys: Vec<u64> = (0u64..).zip(clusters).flat_map(|(key, c)| vec![key; c.len()]).collect();
        let estimate = bootstrap_mean(&values, &keys, 50_000, resample_stream(0)).unwrap();
        let (low, high) = enumerated(&clusters);
        let (got_low, got_high) = estimate.interval().unwrap();
        assert!((estimate.value.unwrap() - 0.6).abs() < 1e-12);
        assert!((got_low - low).abs() < 1e-12 && (got_high - high).abs() < 1e-12, "{estimate:?} {low} {high}");
    }

    /// Share of `trials` simulated data sets whose interval holds the truth. Every one of `n_clusters` has its own success rate
    /// `mean ± spread`, and 1 to 5 examples.
    fn coverage(trials: u64, n_clusters: u64, mean: f64, spread: f64, by_cluster: bool) -> f64 {
        let mut hits = 0;
        for trial in 0..trials {
            let mut rng = stream(trial, Purpose::Sample, 0);
            let (mut values, mut keys) = (vec![], vec![]);
            for cluster in 0..n_clusters {
                let rate = if rng.random_bool(0.5) { mean + spread } else { mean - spread };
                for _ in 0..rng.random_range(1..=5u32) {
                    values.push(f64::from(u8::from(rng.random_bool(rate))));
                    keys.push(if by_cluster { cluster } else { keys.len() as u64 });
                }
            }
            let (low, high) = bootstrap_share(&values, &keys, 600, resample_stream(trial)).unwrap().interval().unwrap();
            hits += u32::from(low <= mean && mean <= high);
        }
        f64::from(hits) / trials as f64
    }

    // 400 trials at a true coverage of .95 stray by ±.011 (1 sd); the bounds leave three of those and the percentile
    // interval's own shortfall at 120 clusters.
    #[test]
    fn the_interval_covers_the_truth_as_often_as_it_says() {
        for (mean, spread) in [(0.5, 0.0), (0.7, 0.25), (0.9, 0.1)] {
            let share = coverage(400, 120, mean, spread, true);
            assert!((0.915..=0.98).contains(&share), "mean {mean}, spread {spread}: {share}");
        }
    }

    // Few clusters and rare events: often none is seen (or nothing else), and then a resampled interval holds no rate but 0 (or
    // 1). Of one cluster it would hold none of these rates.
    #[test]
    fn rare_events_in_few_clusters_are_covered_too() {
        for (n_clusters, mean, spread) in [
            (1, 0.02, 0.02),
            (1, 0.5, 0.5),
            (1, 0.98, 0.02),
            (20, 0.02, 0.0),
            (20, 0.02, 0.02),
            (20, 0.98, 0.0),
            (20, 0.98, 0.02),
            (20, 0.5, 0.0),
            (50, 0.02, 0.02),
            (50, 0.98, 0.02),
        ] {
            let share = coverage(400, n_clusters, mean, spread, true);
            assert!(share >= 0.9, "{n_clusters} clusters, mean {mean}, spread {spread}: {share}");
        }
    }

    #[test]
    fn ignoring_clusters_makes_the_interval_lie() {
        let share = coverage(400, 120, 0.5, 0.45, false);
        assert!(share < 0.9, "naive interval should be too narrow: {share}");
    }

    #[test]
    fn copies_of_an_example_add_no_certainty() {
        let width = |copies: u64, clustered: bool| {
            let values: Vec<f64> =
                (0..100 * copies).map(|i| f64::from(u8::from((i / copies).is_multiple_of(3)))).collect();
            let keys: Vec<u64> = (0..100 * copies).map(|i| if clustered { i / copies } else { i }).collect();
            let e = bootstrap_mean(&values, &keys, 2000, resample_stream(3)).unwrap();
            e.high.unwrap() - e.low.unwrap()
        };
        assert_eq!(width(4, true), width(1, true));
        assert!(width(4, false) < 0.7 * width(4, true));
    }

    #[test]
    fn values_without_spread_give_an_interval_without_width() {
        for (n, value) in [(7, 0.1), (1000, 1.0), (999, 1.0 / 3.0)] {
            let keys: Vec<u64> = (0..n as u64).map(|i| i / 2).collect();
            let e = bootstrap_mean(&vec![value; n], &keys, 200, resample_stream(4)).unwrap();
            assert_eq!(e, Estimate { value: Some(value), low: Some(value), high: Some(value), n });
        }
    }

    #[test]
    fn one_cluster_says_nothing_of_others() {
        let e = bootstrap_mean(&[1.0, 2.0, 6.0], &[5; 3], 200, resample_stream(4)).unwrap();
        assert_eq!(e, Estimate { value: Some(3.0), low: None, high: None, n: 3 });
    }

    /// The interval of the share of these values, in clusters of two.
    #[track_caller]
    fn check_share(values: &[f64], low: f64, high: f64) {
        let keys: Vec<u64> = (0..values.len() as u64).map(|i| i / 2).collect();
        let e = bootstrap_share(values, &keys, 200, resample_stream(4)).unwrap();
        let (got_low, got_high) = e.interval().unwrap();
        assert!((got_low - low).abs() < 1e-4 && (got_high - high).abs() < 1e-4, "{e:?}, wanted {low} to {high}");
        assert_eq!(e.n, values.len());
    }

    // The ends are those of published tables (and of R's `prop.test(k, n, correct = FALSE)`).
    #[test]
    fn a_share_without_spread_has_wilsons_interval_over_clusters() {
        check_share(&[0.0; 20], 0.0, 0.2775);
        check_share(&[1.0; 20], 0.7225, 1.0);
        check_share(&[0.0; 2], 0.0, 0.7935);
        check_share(&[0.0, 1.0].repeat(10), 0.2366, 0.7634);
        check_share(&[1.0 / 3.0; 20], 0.1270, 0.6322);
        let spread = [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0];
        let keys = [0, 0, 1, 1, 2, 2, 3, 3];
        let of = |f: fn(&[f64], &[u64], usize, Stream) -> _| f(&spread, &keys, 200, resample_stream(4));
        assert_eq!(of(bootstrap_share), of(bootstrap_mean), "where there is spread, resampling speaks");
    }

    #[test]
    fn nothing_has_no_mean() {
        assert_eq!(bootstrap_mean(&[], &[], 10, resample_stream(0)), Err(StatsError::Empty));
        let e = bootstrap_mean(&[1.0, f64::INFINITY], &[1, 2], 10, resample_stream(0));
        assert_eq!(e, Err(StatsError::NotFinite { index: 1, value: f64::INFINITY }));
    }

    #[test]
    fn the_same_stream_gives_the_same_interval_and_the_names_of_clusters_do_not_matter() {
        let values: Vec<f64> = (0..60).map(|i| f64::from(i * i % 17)).collect();
        let keys: Vec<u64> = (0..60).map(|i| i / 3).collect();
        let other_keys: Vec<u64> = keys.iter().map(|k| u64::MAX - 31 * k).collect();
        let e = bootstrap_mean(&values, &keys, 500, resample_stream(5)).unwrap();
        assert_eq!(bootstrap_mean(&values, &other_keys, 500, resample_stream(5)).unwrap(), e);
        assert_ne!(bootstrap_mean(&values, &keys, 500, resample_stream(6)).unwrap(), e);
        assert_eq!(bootstrap_means(&[&values, &values], &keys, 500, resample_stream(5)).unwrap(), [e, e]);
    }

    #[test]
    fn a_constant_lead_is_certain_although_both_scores_are_not() {
        let a: Vec<f64> = (0..50).map(|i| f64::from(i % 7)).collect();
        let b: Vec<f64> = a.iter().map(|a| a - 0.5).collect();
        let keys: Vec<u64> = (0..50).collect();
        let e = bootstrap_difference(&a, &b, &keys, 500, resample_stream(7)).unwrap();
        assert_eq!((e.value, e.interval()), (Some(0.5), Some((0.5, 0.5))));
    }

    #[test]
    fn a_ratio_weighs_examples_by_their_denominator() {
        let (jumps, steps) = ([1.0, 0.0, 3.0, 0.0], [10.0, 4.0, 6.0, 0.0]);
        let e = bootstrap_ratio(&jumps, &steps, &[1, 2, 3, 4], 4000, resample_stream(8)).unwrap();
        assert_eq!((e.value, e.n), (Some(0.2), 4));
        let (low, high) = e.interval().unwrap();
        assert!((0.0..0.1).contains(&low) && (0.4..=0.5).contains(&high), "{e:?}");
        let nothing = bootstrap_ratio(&[0.0; 2], &[0.0; 2], &[1, 2], 100, resample_stream(8));
        assert_eq!(nothing, Err(StatsError::Undefined { undefined: 100, resamples: 100 }));
        // The denominator rests on one example of three: a resample misses it with probability 8/27.
        let rare = bootstrap_ratio(&[0.0, 1.0, 0.0], &[0.0, 2.0, 0.0], &[1, 2, 3], 1000, resample_stream(8));
        assert!(matches!(rare, Err(StatsError::Undefined { undefined: 200..400, .. })), "{rare:?}");
    }

    #[test]
    fn a_statistic_may_be_infinite() {
        let clusters = Clusters::new(&(0..100).collect::<Vec<_>>());
        let column = clusters.column(&(0..100).map(|i| f64::from(u8::from(i < 90))).collect::<Vec<_>>()).unwrap();
        let beyond = |mean: f64| if mean > 0.92 { f64::INFINITY } else { mean };
        let e = bootstrap(&clusters, 2000, resample_stream(9), |r| beyond(r.mean(&column))).unwrap();
        assert_eq!((e.value, e.high), (Some(0.9), Some(f64::INFINITY)));
        assert!(e.low > Some(0.8) && e.low < Some(0.88));
    }

    #[test]
    fn weights_count_examples_as_the_columns_do() {
        let keys = [1, 1, 2, 3, 3, 3];
        let values = [0.0, 1.0, 5.0, 2.0, 2.0, 3.0];
        let clusters = Clusters::new(&keys);
        let column = clusters.column(&values).unwrap();
        bootstrap(&clusters, 50, resample_stream(10), |r| {
            let size: u32 = (0..6).map(|i| r.weight(i)).sum();
            let sum: f64 = (0..6).map(|i| f64::from(r.weight(i)) * values[i]).sum();
            assert!((r.mean(&column) - sum / f64::from(size)).abs() < 1e-12);
            0.0
        })
        .unwrap();
    }
}
