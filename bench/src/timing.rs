//! Time of a run.

use std::time::Instant;

/// Batches of runs that are timed.
const SAMPLES: usize = 31;

/// A batch takes about as long, seconds: the clock's own steps do not matter then.
const BATCH: f64 = 1e-3;

/// Median seconds of a run, after some that are not counted.
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
