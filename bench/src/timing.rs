//! Timing of a closure.

use std::time::Instant;

/// Number of timed batches of runs.
const SAMPLES: usize = 31;

/// Minimum duration of a batch, in seconds: long enough for the resolution of the clock.
const BATCH: f64 = 1e-3;

/// Returns the median time of a run in seconds, after a warm-up.
pub(crate) fn seconds(mut run: impl FnMut()) -> f64 {
    let mut batch = |n: usize| {
        let begun = Instant::now();
        (0..n).for_each(|_| run());
        begun.elapsed().as_secs_f64()
    };
    let mut n = 1;
    while batch(n) < BATCH {
        n *= 2;
    }
    let mut samples: Vec<f64> = (0..SAMPLES).map(|_| batch(n) / n as f64).collect();
    samples.sort_by(f64::total_cmp);
    samples[SAMPLES / 2]
}
