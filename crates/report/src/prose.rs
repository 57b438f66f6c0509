//! Sentences made from numbers. A sentence claims no more than the intervals support: overlapping intervals are not called a
//! difference.

use crate::number::{self, count, percent};
use crate::read::{Run, Setup};
use searchlens_results::{EvalResult, ForkConditioned, KStar, Lookahead, Metric, ProbeResult};
use searchlens_stats::estimate::Estimate;

/// Notice of an empty `metrics.jsonl`.
pub(crate) const NO_METRICS: &str = "metrics.jsonl has no lines yet, so there are no curves.";
/// Notice of a truncated last line of `metrics.jsonl`.
pub(crate) const TRUNCATED_METRICS: &str =
    "The last line of metrics.jsonl is truncated (the run stopped while writing it) and is ignored.";
/// Notice of a missing evaluation.
pub(crate) const NO_EVAL: &str = "results/eval.json is missing: this run has not been evaluated. Run `searchlens eval RUN`, then `searchlens report RUN`.";
/// Notice of a missing gallery.
pub(crate) const NO_GALLERY: &str = "results/gallery.json is missing: no answers are stored to look at. \
    `searchlens eval RUN` and `searchlens demo` write it; then run `searchlens report RUN`.";
/// Notice of missing probes.
pub(crate) const NO_PROBES: &str = "results/probes.json is missing: the network has not been probed. \
    `searchlens lens probe RUN` and `searchlens demo` write it; then run `searchlens report RUN`.";
/// How to rebuild the report and the run.
pub(crate) const REBUILD: &str = "`searchlens report RUN`, where RUN is the run folder, rebuilds this report from config.toml, run.json, \
    metrics.jsonl and results/*.json, without training. `searchlens train config.toml` with the config below repeats the run; the same \
    seed, program version and instruction tier give the same weights.";

/// What else the report consists of.
pub(crate) const FILES: &str = "This report is written as HTML and as Markdown, with the same text and tables. Every plot is also stored \
    as plotly JSON in the run folder, `figures/NAME.json`.";

/// How two estimates on the same problems compare, by their 95 % intervals. This is conservative: intervals of paired scores may
/// overlap although their difference is significant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// The whole interval lies above the other.
    Above,
    /// The whole interval lies below the other.
    Below,
    /// The intervals overlap.
    Overlapping,
}

/// Compares `ours` with `other`. Without an interval nothing can be distinguished.
pub(crate) fn compare(ours: &Estimate, other: &Estimate) -> Comparison {
    let Some(((low, high), (other_low, other_high))) = ours.interval().zip(other.interval()) else {
        return Comparison::Overlapping;
    };
    if low > other_high {
        Comparison::Above
    } else if high < other_low {
        Comparison::Below
    } else {
        Comparison::Overlapping
    }
}

/// Returns the result of the run in plain words.
pub(crate) fn headline(run: &Run) -> Vec<String> {
    match &run.eval {
        None => vec![
            "This run has not been evaluated yet: results/eval.json is missing. `searchlens eval RUN` writes it."
                .to_string(),
        ],
        Some(eval) if eval.exact_path.n == 0 => {
            vec!["The evaluation has no problems, so there are no scores to report.".to_string()]
        }
        Some(eval) => vec![score_sentence(eval, &run.setup), greedy_sentence(eval), lookahead_sentence(eval)],
    }
}

/// Says how the answers of an evaluation were decoded.
pub(crate) fn decoding(eval: &EvalResult) -> String {
    let weights = eval.step.map_or_else(String::new, |step| format!("; weights after step {}", count(step)));
    format!("Free-running greedy decoding, first attempt; invalid moves are not masked{weights}.")
}

fn score_sentence(eval: &EvalResult, setup: &Setup) -> String {
    let kind = match eval.split.as_str() {
        "test" => "symmetry classes never seen in training",
        "validation" => "validation symmetry classes, held out from training",
        "train" => "training symmetry classes (so this says nothing about new mazes)",
        _ => "the evaluated split",
    };
    format!(
        "On {} {} from {kind}, the model finds an optimal path in {}.",
        count(eval.exact_path.n as u64),
        problems(setup),
        number::percent_in_words(&eval.exact_path)
    )
}

fn greedy_sentence(eval: &EvalResult) -> String {
    let verdict = match compare(&eval.exact_path, &eval.baselines.greedy) {
        Comparison::Above => "the model scores higher",
        Comparison::Below => "the model scores lower",
        Comparison::Overlapping => "the intervals overlap, so the two cannot be distinguished",
    };
    format!(
        "The greedy policy, which only heads for the target, finds one in {} of the same problems: {verdict}.",
        percent(&eval.baselines.greedy)
    )
}

fn lookahead_sentence(eval: &EvalResult) -> String {
    let k = &eval.k_star;
    match k.value {
        None => "No effective lookahead was measured.".to_string(),
        Some(Lookahead::Steps(steps)) => format!(
            "The model scores like a policy with about {steps:.1} steps of lookahead{}. This compares scores; it does not say how the network \
             finds its answers.",
            lookahead_interval(k)
        ),
        Some(Lookahead::Below) => "The model scores below the policy without any lookahead (k* < 0).".to_string(),
        Some(Lookahead::AtLeast(largest)) => format!(
            "The model scores at least as high as the policy with the largest lookahead (k* ≥ {largest}). No higher k* can be measured on \
             these problems."
        ),
    }
}

/// Returns ` (95% interval 5.2 to 7.4)`; empty if there is none.
fn lookahead_interval(k: &KStar) -> String {
    let text = |k: Lookahead| match k {
        Lookahead::Steps(steps) => format!("{steps:.1}"),
        Lookahead::Below => "below 0".to_string(),
        Lookahead::AtLeast(largest) => format!("{largest} or more"),
    };
    let ends = k.low.zip(k.high);
    ends.map_or_else(String::new, |(low, high)| format!(" (95% interval {} to {})", text(low), text(high)))
}

/// Returns `5×5 mazes`, or the name of the task in the config.
fn problems(setup: &Setup) -> String {
    match (setup.task.as_deref(), setup.size) {
        (Some("maze") | None, Some((rows, cols))) => format!("{rows}×{cols} mazes"),
        (Some("maze"), None) => "mazes".to_string(),
        (Some(other), _) => format!("{other} problems"),
        (None, None) => "problems".to_string(),
    }
}

/// Returns the setup of the run as pairs of label and value.
pub(crate) fn facts(run: &Run) -> Vec<(&'static str, String)> {
    let (setup, info) = (&run.setup, &run.info);
    let mut facts = Vec::new();
    let task = match setup.generator.as_deref() {
        Some(generator) => format!("{}, {}", problems(setup), generator_name(generator)),
        None => problems(setup),
    };
    facts.push(("Task", task));
    if let Some(tokenizer) = &setup.tokenizer {
        facts.push(("Tokenizer", tokenizer.clone()));
    }
    let mut model = format!("{} parameters", count(info.n_params as u64));
    if let (Some(layers), Some(width), Some(heads)) = (setup.n_layers, setup.d_model, setup.n_heads) {
        model = format!("{layers} layers, {heads} heads each, width {width}; {model}");
    }
    facts.push(("Model", model));
    facts.push(("Training", training(run)));
    if let Some(loss_on) = &setup.loss_on {
        facts.push(("Loss on", loss_on.replace('_', " ")));
    }
    facts.push(("Machine", format!("{}; {} threads, {}", info.machine, info.threads, info.tier)));
    if !info.tiers.is_empty() {
        let tiers = info.tiers.iter().map(|t| format!("{} after step {} ({})", t.tier, count(t.from_step), t.machine));
        facts.push(("Tiers", tiers.collect::<Vec<_>>().join(", then ")));
    }
    facts.push(("Seed", info.seed.to_string()));
    facts.push(("Program", format!("searchlens {}, commit {}", info.program_version, info.commit)));
    facts
}

fn training(run: &Run) -> String {
    let Some(Metric::Train { step, sequences, seconds, .. }) = run.metrics.train.last() else {
        return "no training step in metrics.jsonl".to_string();
    };
    let planned = match run.setup.steps {
        Some(steps) if steps > *step => format!(" of {} planned", count(steps)),
        _ => String::new(),
    };
    // train_seconds is 0 until the run has ended; until then the last line has the time.
    let seconds = if run.info.train_seconds > 0.0 { run.info.train_seconds } else { *seconds };
    format!("{} steps{planned}, {} sequences, {}", count(*step), count(*sequences), number::duration(seconds))
}

fn generator_name(generator: &str) -> String {
    match generator {
        "dfs" => "randomized depth-first search".to_string(),
        "wilson" => "Wilson's algorithm (uniform spanning trees)".to_string(),
        other => format!("generator {other}"),
    }
}

/// Summarizes the passage probes: whether the passages are decodable, and whether that is due to training.
pub(crate) fn wall_sentence(probes: &ProbeResult) -> String {
    let scored = probes.wall.iter().filter_map(|point| Some((point, point.trained.value?)));
    let Some((best, _)) = scored.max_by(|(_, a), (_, b)| a.total_cmp(b)) else {
        return "No site was probed for passages.".to_string();
    };
    let compared_with = |other: &Estimate, what: &str| match compare(&best.trained, other) {
        Comparison::Above => format!("above {what} ({})", percent(other)),
        Comparison::Below => format!("below {what} ({})", percent(other)),
        Comparison::Overlapping => format!("not distinguishable from {what} ({})", percent(other)),
    };
    format!(
        "Best site {}: the probe is right for {} of the edges, {}, {} and {}.",
        best.site,
        percent(&best.trained),
        compared_with(&probes.wall_prior, "the majority class of each edge"),
        compared_with(&best.untrained, "the untrained network"),
        compared_with(&best.control, "the control task")
    )
}

/// Summarizes the future-cell probes. Step 1 is left out (it is the answer about to be given, not a plan), and so are problems
/// where step 1 determines step k.
pub(crate) fn future_sentence(probes: &ProbeResult) -> String {
    let scored: Vec<(usize, &ForkConditioned)> =
        probes.future.iter().filter(|f| f.k > 1).filter_map(|f| Some((f.k, f.fork_conditioned.as_ref()?))).collect();
    if scored.is_empty() {
        return "No step k ≥ 2 has enough problems (50) with a fork between step 1 and step k to distinguish planning from following a corridor.".to_string();
    }
    let above: Vec<String> = scored
        .iter()
        .filter(|(_, f)| compare(&f.trained, &f.corridor_floor) == Comparison::Above)
        .map(|(k, _)| k.to_string())
        .collect();
    let n_compared = scored.len();
    let where_above = match above.as_slice() {
        [] => format!("at no step ({n_compared} compared): nothing here needs a plan"),
        [k] => format!("at step {k} ({n_compared} compared)"),
        _ => format!("at steps {} ({n_compared} compared)", above.join(", ")),
    };
    format!(
        "On problems with a fork between step 1 and step k, the probe's interval is above that of the corridor floor {where_above}."
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlap_is_no_difference() {
        let e = |low: f64, high: f64| Estimate {
            value: Some((low + high) / 2.0),
            low: Some(low),
            high: Some(high),
            n: 100,
        };
        let cases = [
            (e(0.6, 0.7), e(0.4, 0.5), Comparison::Above),
            (e(0.4, 0.6), e(0.5, 0.7), Comparison::Overlapping),
            (e(0.4, 0.5), e(0.5, 0.7), Comparison::Overlapping),
            (e(0.1, 0.2), e(0.5, 0.7), Comparison::Below),
        ];
        for (ours, other, want) in cases {
            assert_eq!(compare(&ours, &other), want, "{ours:?} and {other:?}");
        }
    }
}
