//! Sentences made from numbers. A sentence claims no more than the intervals allow: what overlaps is not called a difference.

use crate::number::{self, count, percent};
use crate::read::{Run, Setup};
use searchlens_results::{EvalResult, ForkConditioned, KStar, Lookahead, Metric, ProbePoint, ProbeResult};
use searchlens_stats::estimate::Estimate;

/// What stands where `metrics.jsonl` is empty.
pub(crate) const NO_METRICS: &str = "metrics.jsonl holds no line yet, so there is no curve to draw.";
/// What is said when the last line of `metrics.jsonl` was left out.
pub(crate) const CUT_METRICS: &str =
    "The last line of metrics.jsonl is half-written (the run was stopped while writing it) and is left out.";
/// What stands where there is no evaluation.
pub(crate) const NO_EVAL: &str = "results/eval.json is absent: the run has not been evaluated. `searchlens eval RUN` scores it; then make the report again.";
/// What stands where there is no gallery.
pub(crate) const NO_GALLERY: &str =
    "results/gallery.json is absent: no problems were kept to look at. `searchlens demo` writes it after training.";
/// What stands where there are no probes.
pub(crate) const NO_PROBES: &str =
    "results/probes.json is absent: the network has not been probed. `searchlens demo` writes it after training.";
/// How a report is made again.
pub(crate) const REBUILD: &str = "`searchlens report RUN`, with the run's folder in place of RUN, writes this report again from \
    config.toml, run.json, metrics.jsonl and results/*.json, without training. `searchlens train config.toml` with the config \
    below trains the run again; the same seed, program and instruction tier give the same weights.";

/// How two estimates on the same problems compare, by their 95 % intervals. Overlap is read as "cannot be told apart", which is
/// careful: intervals of paired scores may overlap although the difference is sure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// The whole interval lies above the other.
    Above,
    /// The whole interval lies below the other.
    Below,
    /// The intervals overlap.
    Overlapping,
}

/// Compares `ours` with `other`; what has no interval cannot be told from anything.
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

/// The result of the run in plain words.
pub(crate) fn headline(run: &Run) -> Vec<String> {
    match &run.eval {
        None => vec![
            "This run has not been scored yet: there is no results/eval.json. `searchlens eval` on its folder writes one.".to_string(),
        ],
        Some(eval) if eval.exact_path.n == 0 => vec!["The evaluation holds no problem, so there is no score to report.".to_string()],
        Some(eval) => vec![score_sentence(eval, &run.setup), greedy_sentence(eval), lookahead_sentence(eval)],
    }
}

fn score_sentence(eval: &EvalResult, setup: &Setup) -> String {
    let kind = match eval.split.as_str() {
        "test" => "symmetry classes it never saw",
        "validation" => "symmetry classes kept out of training (validation)",
        "train" => "symmetry classes it was trained on (so this says nothing about new mazes)",
        _ => "the evaluated split",
    };
    format!(
        "On {} {} of {kind}, the model finds an optimal path in {}.",
        count(eval.exact_path.n as u64),
        problems(setup),
        number::percent_in_words(&eval.exact_path)
    )
}

fn greedy_sentence(eval: &EvalResult) -> String {
    let greedy = percent(&eval.baselines.greedy);
    match compare(&eval.exact_path, &eval.baselines.greedy) {
        Comparison::Above => format!(
            "The greedy policy, which heads for the target and looks at nothing else, finds {greedy} on the same problems: \
             the model is clear of it."
        ),
        Comparison::Below => format!(
            "That is less than the greedy policy, which heads for the target and looks at nothing else: {greedy} on the same problems."
        ),
        Comparison::Overlapping => format!(
            "The greedy policy, which heads for the target and looks at nothing else, finds {greedy} on the same problems: the \
             intervals overlap, so the model cannot be told from it."
        ),
    }
}

fn lookahead_sentence(eval: &EvalResult) -> String {
    let k = &eval.k_star;
    match &k.value {
        None => "No effective lookahead was measured.".to_string(),
        Some(Lookahead::Steps(steps)) => format!(
            "It scores what a policy scores that looks about {steps:.1} steps ahead{}. This compares scores; it does \
             not say how the network finds its answers.",
            lookahead_interval(k)
        ),
        Some(Lookahead::Outside(range)) if range.starts_with('<') => {
            "It scores less than a policy that does not look ahead at all (k* < 0).".to_string()
        }
        Some(Lookahead::Outside(range)) => format!(
            "It scores no less than the policy that looks furthest ahead (k* {}). On these problems no higher k* can be measured.",
            range.replace(">=", "≥ ")
        ),
    }
}

/// ` (95% interval 5.2 to 7.4)`; empty where there is none.
fn lookahead_interval(k: &KStar) -> String {
    let say = |k: &Lookahead| match k {
        Lookahead::Steps(steps) => format!("{steps:.1}"),
        Lookahead::Outside(range) if range.starts_with('<') => "below 0".to_string(),
        Lookahead::Outside(range) => format!("{} or more", range.trim_start_matches(">=")),
    };
    let ends = k.low.as_ref().zip(k.high.as_ref());
    ends.map_or_else(String::new, |(low, high)| format!(" (95% interval {} to {})", say(low), say(high)))
}

/// `5×5 mazes`, or what the config calls the problems.
pub(crate) fn problems(setup: &Setup) -> String {
    match (setup.task.as_deref(), setup.size) {
        (Some("maze") | None, Some((rows, cols))) => format!("{rows}×{cols} mazes"),
        (Some("maze"), None) => "mazes".to_string(),
        (Some(other), _) => format!("{other} problems"),
        (None, None) => "problems".to_string(),
    }
}

/// What was trained, as pairs of label and value.
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
        return "no step is recorded in metrics.jsonl".to_string();
    };
    let planned = match run.setup.steps {
        Some(steps) if steps > *step => format!(" of {} planned", count(steps)),
        _ => String::new(),
    };
    // train_seconds stays 0 until a run has ended: the last line then knows better.
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

/// What the wall probes say: whether the passages can be read off, and whether training put them there.
pub(crate) fn wall_sentence(probes: &ProbeResult) -> String {
    let Some(best) = probes.wall.iter().filter(|p| p.trained.value.is_some()).max_by(|a, b| {
        let value = |p: &ProbePoint| p.trained.value.unwrap_or(0.0);
        value(a).total_cmp(&value(b))
    }) else {
        return "No site was probed for passages.".to_string();
    };
    let beside = |other: &Estimate, what: &str| match compare(&best.trained, other) {
        Comparison::Above => format!("above {what} ({})", percent(other)),
        Comparison::Below => format!("below {what} ({})", percent(other)),
        Comparison::Overlapping => format!("not to be told from {what} ({})", percent(other)),
    };
    format!(
        "Best site {}: {} of the edges are read right, {}, {} and {}.",
        best.site,
        percent(&best.trained),
        beside(&probes.wall_prior, "each edge's more frequent answer"),
        beside(&best.untrained, "the untrained network"),
        beside(&best.control, "the control task")
    )
}

/// What the future-cell probes say. Step 1 is left out (it is the answer being given, not a plan), and so are problems where
/// step 1 settles step k.
pub(crate) fn future_sentence(probes: &ProbeResult) -> String {
    let scored: Vec<(usize, &ForkConditioned)> =
        probes.future.iter().filter(|f| f.k > 1).filter_map(|f| Some((f.k, f.fork_conditioned.as_ref()?))).collect();
    if scored.is_empty() {
        return "No step k ≥ 2 has enough problems with a fork on the way (50) to tell planning from following a corridor.".to_string();
    }
    let clear: Vec<String> = scored
        .iter()
        .filter(|(_, f)| compare(&f.trained, &f.corridor_floor) == Comparison::Above)
        .map(|(k, _)| k.to_string())
        .collect();
    let tried = scored.len();
    if clear.is_empty() {
        format!(
            "Where a fork lies on the way, the probe is nowhere clear of the corridor floor ({tried} steps compared): nothing here \
             needs a plan."
        )
    } else {
        format!(
            "Where a fork lies on the way, the probe is clear of the corridor floor at step{} {} ({tried} steps compared).",
            if clear.len() > 1 { "s" } else { "" },
            clear.join(", ")
        )
    }
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
            assert_eq!(compare(&ours, &other), want, "{ours:?} beside {other:?}");
        }
    }
}
