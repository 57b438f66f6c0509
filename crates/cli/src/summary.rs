//! Scores as a table to read.

use searchlens::lens::estimate::Estimate;
use searchlens::studies::results::{EvalResult, Lookahead};

/// The scores of an evaluation with their intervals, beside policies that do not search.
pub(crate) fn scores(result: &EvalResult) -> String {
    let baselines = &result.baselines;
    let mut lines = vec![format!(
        "{:<34}{:>7}   95 % interval   on {} {} problems",
        "", "score", result.exact_path.n, result.split
    )];
    let mut row = |name: &str, estimate: &Estimate| lines.push(estimate_row(name, estimate));
    row("exact path (a shortest one)", &result.exact_path);
    row("valid path", &result.valid_path);
    row("reaches the target", &result.reaches_target);
    row("right at the first fork", &result.first_fork);
    row("steps over shortest, valid paths", &result.path_length_ratio);
    row("steps through walls, or jumps", &result.wall_jumps);
    row("ended wrongly", &result.end_errors);
    lines.push("exact path of policies that do not search, on the same problems:".to_owned());
    lines.push(estimate_row("  random at forks", &baselines.random));
    lines.push(estimate_row("  heads for the target (greedy)", &baselines.greedy));
    for (k, score) in baselines.k_lookahead.iter().filter(|(k, _)| [2, 4, 8, 16].contains(*k)) {
        lines.push(estimate_row(&format!("  sees {k} steps ahead, then greedy"), score));
    }
    let star = &result.k_star;
    lines.push(format!(
        "{:<34}{:>7}   {} to {}",
        "effective lookahead k* (steps)",
        steps(&star.value),
        steps(&star.low),
        steps(&star.high)
    ));
    lines.join("\n")
}

fn estimate_row(name: &str, estimate: &Estimate) -> String {
    if estimate.n == 0 {
        return format!("{name:<34}{:>7}", "-");
    }
    format!("{name:<34}{:>7.3}   {:.3} to {:.3}", estimate.value, estimate.low, estimate.high)
}

fn steps(lookahead: &Lookahead) -> String {
    match lookahead {
        Lookahead::Steps(steps) => format!("{steps:.1}"),
        Lookahead::Outside(text) => text.clone(),
    }
}
