//! Numbers as text: with their interval, and with no more digits than it supports.

use searchlens_results::{KStar, Lookahead};
use searchlens_stats::estimate::Estimate;

/// Text for a value that was not measured.
pub(crate) const NOTHING: &str = "—";

/// Formats a share as `93.1% [91.5, 94.6]`; a dash if n = 0.
pub(crate) fn percent(share: &Estimate) -> String {
    with_interval(share, 100.0, "%")
}

/// Formats a share as `93.1% (95% interval 91.5 to 94.6)`, for the first mention in running text.
pub(crate) fn percent_in_words(share: &Estimate) -> String {
    let Some(value) = value(share) else { return NOTHING.to_string() };
    let d = decimals(share, 100.0);
    match share.interval() {
        Some((low, high)) => {
            format!("{:.d$}% (95% interval {:.d$} to {:.d$})", value * 100.0, low * 100.0, high * 100.0)
        }
        None => format!("{:.d$}%", value * 100.0),
    }
}

/// Returns the value unless n = 0: old files store 0 there.
pub(crate) fn value(e: &Estimate) -> Option<f64> {
    e.value.filter(|_| e.n > 0)
}

/// Formats a number as `1.043 [1.031, 1.055]`; a dash if n = 0.
pub(crate) fn plain(number: &Estimate) -> String {
    with_interval(number, 1.0, "")
}

fn with_interval(e: &Estimate, scale: f64, unit: &str) -> String {
    let Some(value) = value(e) else { return NOTHING.to_string() };
    let d = decimals(e, scale);
    let interval = e
        .interval()
        .map_or_else(|| NOTHING.to_string(), |(low, high)| format!("{:.d$}, {:.d$}", low * scale, high * scale));
    format!("{:.d$}{unit} [{interval}]", value * scale)
}

/// Returns the number of decimals that shows the half-width of the interval to one significant digit for percentages (1 or 2
/// decimals), to two for plain numbers (1 to 4).
fn decimals(e: &Estimate, scale: f64) -> usize {
    let half_width = e.interval().map_or(0.0, |(low, high)| (high - low) / 2.0 * scale);
    let (digits, max, exact) = if scale > 1.0 { (1.0, 2, 1) } else { (2.0, 4, 3) };
    if half_width > 0.0 { ((digits - 1.0 - half_width.log10().floor()).max(1.0) as usize).min(max) } else { exact }
}

/// Formats the difference of two shares in percentage points: `+37.1`.
pub(crate) fn points(ours: &Estimate, other: &Estimate) -> String {
    match value(ours).zip(value(other)) {
        Some((ours, other)) => format!("{:+.1}", (ours - other) * 100.0).replace('-', "−"),
        None => NOTHING.to_string(),
    }
}

/// Formats a count as `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Formats a duration as `8.4 s`, `9 min 20 s` or `1 h 2 min`.
pub(crate) fn duration(seconds: f64) -> String {
    let whole = seconds.round() as u64;
    match whole {
        0..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{} min {} s", whole / 60, whole % 60),
        _ => format!("{} h {} min", whole / 3600, whole % 3600 / 60),
    }
}

/// Formats a lookahead as `6.1`, `<0` or `≥24`.
fn lookahead(k: Lookahead) -> String {
    match k {
        Lookahead::Steps(steps) => format!("{steps:.1}"),
        Lookahead::Below => "<0".to_string(),
        Lookahead::AtLeast(largest) => format!("≥{largest}"),
    }
}

/// Formats k* as `6.1 [5.2, 7.4]`.
pub(crate) fn k_star(k: &KStar) -> String {
    let Some(value) = k.value.filter(|_| k.n > 0) else { return NOTHING.to_string() };
    match k.low.zip(k.high) {
        Some((low, high)) => format!("{} [{}, {}]", lookahead(value), lookahead(low), lookahead(high)),
        None => format!("{} [{NOTHING}]", lookahead(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estimate(value: f64, low: f64, high: f64) -> Estimate {
        Estimate { value: Some(value), low: Some(low), high: Some(high), n: 1000 }
    }

    #[test]
    fn digits_follow_the_interval() {
        assert_eq!(percent(&estimate(0.9312, 0.9151, 0.9462)), "93.1% [91.5, 94.6]");
        assert_eq!(percent(&estimate(0.0012, 0.0008, 0.0016)), "0.12% [0.08, 0.16]");
        assert_eq!(percent(&estimate(1.0, 1.0, 1.0)), "100.0% [100.0, 100.0]");
        assert_eq!(plain(&estimate(1.0433, 1.0312, 1.0554)), "1.043 [1.031, 1.055]");
        assert_eq!(plain(&Estimate { n: 0, ..estimate(0.0, 0.0, 0.0) }), NOTHING);
        assert_eq!(plain(&Estimate::NOTHING), NOTHING);
        assert_eq!(plain(&Estimate { low: None, high: None, ..estimate(1.25, 0.0, 0.0) }), "1.250 [—]");
    }

    #[test]
    fn counts_durations_and_differences() {
        assert_eq!([count(0), count(999), count(1000), count(2816640)], ["0", "999", "1,000", "2,816,640"]);
        assert_eq!([duration(8.44), duration(560.2), duration(3725.0)], ["8.4 s", "9 min 20 s", "1 h 2 min"]);
        let half = estimate(0.5, 0.4, 0.6);
        assert_eq!(points(&estimate(0.488, 0.4, 0.5), &half), "−1.2");
        assert_eq!(points(&Estimate::NOTHING, &half), NOTHING);
    }
}
