//! The score table that `eval`, `train` and `demo` print.

use searchlens::results::{EvalResult, Lookahead};
use searchlens::stats::estimate::Estimate;

/// Formats the scores of an evaluation with their intervals, and those of policies that do not search.
pub(crate) fn table(result: &EvalResult) -> String {
    let baselines = &result.baselines;
    let mut lines = vec![format!(
        "{:<34}{:>7}   95 % interval   on {} {} problems",
        "", "score", result.exact_path.n, result.split
    )];
    let mut row = |name: &str, estimate: &Estimate| lines.push(estimate_row(name, estimate));
    row("exact path (a shortest path)", &result.exact_path);
    row("valid path", &result.valid_path);
    row("reaches the target", &result.reaches_target);
    row("correct at the first fork", &result.first_fork);
    row("path length ratio (valid paths)", &result.path_length_ratio);
    row("invalid moves", &result.wall_jumps);
    row("end errors", &result.end_errors);
    lines.push("exact path of policies without search, same problems:".to_owned());
    lines.push(estimate_row("  random at forks", &baselines.random));
    lines.push(estimate_row("  greedy (towards the target)", &baselines.greedy));
    for (k, score) in baselines.k_lookahead.iter().filter(|(k, _)| [2, 4, 8, 16].contains(*k)) {
        lines.push(estimate_row(&format!("  {k}-step lookahead, then greedy"), score));
    }
    let star = &result.k_star;
    let ends = star.low.as_ref().zip(star.high.as_ref()).map(|(low, high)| (steps(low), steps(high)));
    lines.push(row_of("effective lookahead k* (steps)", star.value.as_ref().map(steps), ends));
    lines.join("\n")
}

fn estimate_row(name: &str, estimate: &Estimate) -> String {
    let number = |number: f64| format!("{number:.3}");
    let ends = estimate.interval().map(|(low, high)| (number(low), number(high)));
    row_of(name, estimate.value.map(number), ends)
}

/// Formats a row; a missing value is a dash.
fn row_of(name: &str, value: Option<String>, ends: Option<(String, String)>) -> String {
    let dash = || "-".to_owned();
    let interval = ends.map_or_else(dash, |(low, high)| format!("{low} to {high}"));
    let interval = if value.is_some() { format!("   {interval}") } else { String::new() };
    format!("{name:<34}{:>7}{interval}", value.unwrap_or_else(dash))
}

/// Formats the value of an estimate with three decimals, or a dash if it has no examples.
pub(crate) fn rounded(estimate: &Estimate) -> String {
    estimate.value.map_or_else(|| "-".to_owned(), |value| format!("{value:.3}"))
}

fn steps(lookahead: &Lookahead) -> String {
    match lookahead {
        Lookahead::Steps(steps) => format!("{steps:.1}"),
        Lookahead::Below | Lookahead::AtLeast(_) => lookahead.to_string(),
    }
}
