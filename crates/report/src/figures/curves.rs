//! Training curves: loss and validation scores by step.

use super::single;
use super::style::{Ink, Series, axis, dashed_level, key, plot, share_axis};
use crate::document::{Caption, Figure};
use crate::number::{count, percent, value};
use crate::read::Run;
use plotly::Scatter;
use plotly::common::{DashType, Fill, HoverInfo, Line, MarkerSymbol, Mode};
use plotly::layout::{Axis, AxisType};
use searchlens_results::Metric;
use searchlens_stats::estimate::Estimate;

/// Maximum number of points of a curve. Longer curves are thinned evenly, and the caption says so.
const MAX_POINTS: usize = 2000;

/// Returns the figures that `metrics.jsonl` has lines for.
pub(crate) fn figures(run: &Run) -> Vec<Figure> {
    [loss(run), progress(run)].into_iter().flatten().collect()
}

fn loss(run: &Run) -> Option<Figure> {
    let lines = &run.metrics.train;
    let Some(Metric::Train { sequences, tokens, .. }) = lines.last() else { return None };
    let stride = lines.len().div_ceil(MAX_POINTS);
    // Counted from the end, so that the last point is always plotted.
    let plotted = lines.iter().rev().step_by(stride).rev();
    let (mut x, mut y, mut hover) = (Vec::new(), Vec::new(), Vec::new());
    for line in plotted {
        let Metric::Train { step, sequences, loss, lr, tokens_per_s, .. } = line else { continue };
        x.push(*step as f64);
        y.push(*loss);
        hover.push(format!(
            "step {}, {} sequences<br>loss {loss:.4} nats<br>learning rate {lr:.2e}, {} tokens/s",
            count(*step),
            count(*sequences),
            count(*tokens_per_s as u64)
        ));
    }
    let (mut plot, layout) = plot(axis("training step"), loss_axis(&y));
    let trace = Scatter::new(x, y)
        .name("training loss")
        .mode(Mode::Lines)
        .line(Line::new().color(Ink::MODEL).width(1.6))
        .hover_info(HoverInfo::Text)
        .hover_text_array(hover);
    plot.add_trace(trace);
    plot.set_layout(layout.show_legend(false));
    let thinned = if stride > 1 { format!(", every {stride}th plotted") } else { String::new() };
    let scored =
        run.setup.loss_on.as_deref().map_or(String::new(), |on| format!(" (loss on {})", on.replace('_', " ")));
    Some(single(
        "Training loss",
        "loss",
        plot,
        Vec::new(),
        Caption {
            shows: format!(
                "mean of −ln p(next token) over the scored tokens{scored}, in nats, since the previous line; log scale."
            ),
            examples: format!(
                "{} sequences, {} tokens; {} lines of metrics.jsonl{thinned}.",
                count(*sequences),
                count(*tokens),
                count(lines.len() as u64)
            ),
            control:
                "none: losses are comparable only between runs with the same tokenizer and the same scored tokens."
                    .to_string(),
            limits: "whether whole paths are right, or anything about mazes outside the training set.".to_string(),
        },
        None,
    ))
}

/// Returns a logarithmic axis with ticks at 1, 2 and 5 times the powers of ten.
fn loss_axis(losses: &[f64]) -> Axis {
    let positive = || losses.iter().copied().filter(|&loss| loss > 0.0 && loss.is_finite());
    let (low, high) = (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
    let decades = -9..=3;
    let all = decades.flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10f64.powi(power)));
    let ticks: Vec<f64> = all.filter(|tick| (low / 2.0..=high * 2.0).contains(tick)).collect();
    axis("loss, nats per scored token")
        .type_(AxisType::Log)
        .tick_text(ticks.iter().map(|tick| format!("{tick}")).collect())
        .tick_values(ticks)
}

fn progress(run: &Run) -> Option<Figure> {
    let mut exact: Vec<(f64, &Estimate, String)> = Vec::new();
    let mut fork: Vec<(f64, &Estimate, String)> = Vec::new();
    for line in &run.metrics.eval {
        let Metric::Eval { exact_path, first_fork, .. } = line else { continue };
        let at = format!("step {}", count(line.step()));
        exact.push((line.step() as f64, exact_path, at.clone()));
        fork.push((line.step() as f64, first_fork, at));
    }
    let (_, last, _) = exact.last()?;
    let examples = format!("{} evaluations of {} validation problems each.", exact.len(), count(last.n as u64));
    let end = exact.last()?.0;
    let (mut plot, layout) = plot(axis("training step"), share_axis("share of problems"));
    let exact_series =
        Series { name: "exact path", ink: Ink::MODEL, symbol: MarkerSymbol::Circle, dash: Some(DashType::Solid) };
    let fork_series =
        Series { name: "first fork", ink: Ink::SECOND, symbol: MarkerSymbol::Diamond, dash: Some(DashType::Dot) };
    for (series, points) in [(&exact_series, &exact), (&fork_series, &fork)] {
        plot.add_trace(band(series.ink, points));
        plot.add_trace(series.scatter(points));
    }
    let mut key_entries = vec![exact_series.key(), fork_series.key()];
    let greedy = run.eval.as_ref().map(|eval| &eval.baselines.greedy);
    let greedy = greedy.and_then(|greedy| Some((greedy, value(greedy)?)));
    if let Some((greedy, share)) = greedy {
        let name = "greedy policy (final problems)";
        key_entries.push(key(name, Ink::FLOOR, '╌'));
        plot.add_trace(dashed_level(
            name,
            Ink::FLOOR,
            [0.0, end],
            share,
            format!("greedy policy: {}", percent(greedy)),
        ));
    }
    plot.set_layout(layout);
    let precision = match run.info.precision.as_str() {
        "f32" => "Answers are computed in f32, as for the final scores.".to_string(),
        other => format!("Answers are computed in {other}, like the training; those of the final scores in f32."),
    };
    Some(single(
        "Scores during training",
        "progress",
        plot,
        key_entries,
        Caption {
            shows: format!(
                "share of validation problems answered with an optimal path, and share of first forks with the right branch (free-running \
                 greedy decoding, first attempt); bands and bars are 95% bootstrap intervals clustered by symmetry class. {precision}"
            ),
            examples,
            control: match greedy {
                Some(_) => "the dashed line is the greedy policy's exact-path share on the problems of the final evaluation, not on these.",
                None => "none: the run has no results/eval.json, which holds the scores of the policies.",
            }
            .to_string(),
            limits: "how training varies with the seed: the intervals cover the choice of problems, and this is a single run.".to_string(),
        },
        None,
    ))
}

/// Returns the intervals of a series as an area: along the upper ends, back along the lower ends.
fn band(ink: Ink, points: &[(f64, &Estimate, String)]) -> Box<Scatter<f64, f64>> {
    let upper = points.iter().filter(|(_, e, _)| e.n > 0).filter_map(|(x, e, _)| Some((*x, e.interval()?)));
    let (mut x, mut y): (Vec<f64>, Vec<f64>) = upper.clone().map(|(x, (_, high))| (x, high)).unzip();
    for (at, (low, _)) in upper.rev() {
        x.push(at);
        y.push(low);
    }
    Scatter::new(x, y)
        .mode(Mode::Lines)
        .fill(Fill::ToSelf)
        .fill_color(ink.band())
        .line(Line::new().width(0.0))
        .hover_info(HoverInfo::Skip)
        .show_legend(false)
}
