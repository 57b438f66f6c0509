//! Repeated measurements and their median.

use std::time::{Duration, Instant};

use crate::error::Result;

/// Calls `once` for the given number of seconds, at least three times, and returns its measurements.
pub(super) fn repeated(seconds: f64, mut once: impl FnMut() -> Result<f64>) -> Result<Vec<f64>> {
    let (begun, limit) = (Instant::now(), Duration::from_secs_f64(seconds));
    let mut all = Vec::new();
    while all.len() < 3 || begun.elapsed() < limit {
        all.push(once()?);
    }
    Ok(all)
}

/// Sorts the values and returns their median.
pub(super) fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

/// Parses a positive number of seconds.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    let parsed: f64 = text.parse().map_err(|error| format!("{error}"))?;
    if parsed > 0.0 && parsed < 1e6 { Ok(parsed) } else { Err("expected a positive number of seconds".into()) }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_of_odd_and_even_counts() {
        assert_eq!((median(&mut [3.0, 1.0, 2.0]), median(&mut [4.0, 1.0, 2.0, 3.0])), (2.0, 2.5));
    }
}
