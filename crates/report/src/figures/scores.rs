//! Final scores, compared with policies that do not search.

use super::single;
use super::style::{Ink, Series, axis, interval_band, key, plot, share_axis};
use crate::document::{Caption, Figure};
use crate::number::{count, k_star, percent, value};
use crate::tables;
use plotly::common::{DashType, ErrorData, ErrorType, HoverInfo, Line, Marker, MarkerSymbol, Mode};
use plotly::{Layout, Plot, Scatter};
use searchlens_results::{ByLookahead, EvalResult, KStar, Lookahead};
use searchlens_stats::estimate::Estimate;

/// Space on the k axis beyond the smallest and the largest k, where an end of k* outside the range is drawn.
const MARGIN: f64 = 0.8;

/// Returns the figures of an evaluation.
pub(crate) fn figures(eval: &EvalResult) -> Vec<Figure> {
    let Some(exact_path) = value(&eval.exact_path) else { return Vec::new() };
    let mut figures = vec![baselines(eval, exact_path)];
    if !eval.by_lookahead.is_empty() {
        figures.push(by_lookahead(eval));
    }
    figures
}

fn baselines(eval: &EvalResult, exact_path: f64) -> Figure {
    let policies = &eval.baselines;
    let max_k = policies.k_lookahead.keys().next_back().copied().unwrap_or(0) as f64;
    // Two panels on one scale: policies without a k on the left, k-lookahead policies on the right.
    let left = axis("")
        .domain(&[0.0, 0.17])
        .range(vec![-0.6, 1.6])
        .tick_values(vec![0.0, 1.0])
        .tick_text(vec!["random", "greedy"]);
    let right = axis("k, steps of lookahead").domain(&[0.2, 1.0]).range(vec![-MARGIN, max_k + MARGIN]).anchor("y");
    let (mut plot, layout) = plot(left, share_axis("exact path"));
    let random = Series { name: "random at forks", ink: Ink::CONTROL, symbol: MarkerSymbol::Square, dash: None };
    let greedy = Series { name: "greedy", ink: Ink::FLOOR, symbol: MarkerSymbol::Diamond, dash: None };
    let k_lookahead =
        Series { name: "k-lookahead", ink: Ink::SECOND, symbol: MarkerSymbol::Circle, dash: Some(DashType::Dot) };
    let of_k: Vec<_> = policies.k_lookahead.iter().map(|(&k, score)| (k as f64, score, format!("k = {k}"))).collect();
    plot.add_trace(random.scatter(&[(0.0, &policies.random, "policy".to_string())]));
    plot.add_trace(greedy.scatter(&[(1.0, &policies.greedy, "policy".to_string())]));
    plot.add_trace(k_lookahead.scatter(&of_k).x_axis("x2"));
    plot.add_trace(model_line(&eval.exact_path, exact_path, max_k));
    let mut key_entries =
        vec![random.key(), greedy.key(), k_lookahead.key(), key("the model, with its interval", Ink::MODEL, '━')];
    if let Some(star) = k_star_mark(&eval.k_star, exact_path, max_k) {
        plot.add_trace(star);
        key_entries.push(key("k* of the model, with its interval", Ink::MODEL, '★'));
    }
    plot.set_layout(
        layout.x_axis2(right).shapes(
            eval.exact_path.interval().map(|interval| interval_band(Ink::MODEL, interval)).into_iter().collect(),
        ),
    );
    single(
        "The model and policies that do not search",
        "baselines",
        plot,
        key_entries,
        Caption {
            shows: "share of problems answered with an optimal path. The band is the model's interval; the model's line crosses the dotted \
                    line at the effective lookahead k*, interpolated linearly in k. Policy k: takes the right branch if the target is at \
                    most k steps away; else it avoids branches that it sees to be dead ends and heads for the target. Intervals: 95%, \
                    bootstrap clustered by symmetry class."
                .to_string(),
            examples: format!("{} problems of the {} split, the same for the model and the policies.", count(eval.exact_path.n as u64), eval.split),
            control: "the policies; their scores are expectations over ties.".to_string(),
            limits: "how the network finds its answers: k* names the policy with the same score; it is not evidence of lookahead in the network."
                .to_string(),
        },
        Some(tables::baselines(eval)),
    )
}

fn model_line(model: &Estimate, exact_path: f64, max_k: f64) -> Box<Scatter<f64, f64>> {
    let x: Vec<f64> = (0..=24).map(|i| -MARGIN + (max_k + 2.0 * MARGIN) * f64::from(i) / 24.0).collect();
    let n = x.len();
    Scatter::new(x, vec![exact_path; n])
        .name("the model")
        .mode(Mode::Lines)
        .line(Line::new().color(Ink::MODEL).width(2.2))
        .x_axis("x2")
        .hover_info(HoverInfo::Text)
        .hover_text_array(vec![format!("the model: {}<br>n = {}", percent(model), count(model.n as u64)); n])
}

/// Returns a star on the model's line at k*, with its interval; `None` if k* is outside the range of the policies.
fn k_star_mark(k: &KStar, exact_path: f64, max_k: f64) -> Option<Box<Scatter<f64, f64>>> {
    let Some(Lookahead::Steps(at)) = k.value else { return None };
    // Without an interval there are no bars.
    let end = |end: Option<Lookahead>| match end {
        None => at,
        Some(Lookahead::Steps(steps)) => steps,
        Some(Lookahead::Below) => -MARGIN,
        Some(Lookahead::AtLeast(_)) => max_k + MARGIN,
    };
    let (low, high) = (end(k.low), end(k.high));
    let bars = ErrorData::new(ErrorType::Data)
        .array(vec![(high - at).max(0.0)])
        .array_minus(vec![(at - low).max(0.0)])
        .symmetric(false)
        .thickness(2.0)
        .width(5)
        .color(Ink::MODEL);
    Some(
        Scatter::new(vec![at], vec![exact_path])
            .name("k* of the model")
            .mode(Mode::Markers)
            .marker(Marker::new().color(Ink::MODEL).size(14).symbol(MarkerSymbol::Star))
            .error_x(bars)
            .x_axis("x2")
            .hover_info(HoverInfo::Text)
            .hover_text_array(vec![format!("k* = {}<br>n = {}", k_star(k), count(k.n as u64))]),
    )
}

fn by_lookahead(eval: &EvalResult) -> Figure {
    let points = |offset: f64, of: fn(&ByLookahead) -> &Estimate| -> Vec<_> {
        let at = |b: &ByLookahead| format!("lookahead needed: {}", b.lookahead);
        eval.by_lookahead.iter().map(|b| (b.lookahead as f64 + offset, of(b), at(b))).collect()
    };
    let largest = eval.by_lookahead.iter().map(|b| b.lookahead).max().unwrap_or(0) as f64;
    let (mut plot, layout): (Plot, Layout) = plot(
        axis("lookahead needed at the first fork")
            .range(vec![-0.6, largest + 0.6])
            .dtick(if largest > 16.0 { 2.0 } else { 1.0 })
            .tick0(0.0),
        share_axis("exact path"),
    );
    let model =
        Series { name: "the model", ink: Ink::MODEL, symbol: MarkerSymbol::Circle, dash: Some(DashType::Solid) };
    let greedy =
        Series { name: "greedy policy", ink: Ink::FLOOR, symbol: MarkerSymbol::Diamond, dash: Some(DashType::Dash) };
    plot.add_trace(model.scatter(&points(-0.07, |b| &b.exact_path)));
    plot.add_trace(greedy.scatter(&points(0.07, |b| &b.greedy)));
    plot.set_layout(layout);
    let fewest = eval.by_lookahead.iter().map(|b| b.exact_path.n).min().unwrap_or(0);
    single(
        "Exact path by the lookahead needed at the first fork",
        "by_lookahead",
        plot,
        vec![model.key(), greedy.key()],
        Caption {
            shows: "share of problems answered with an optimal path, by the lookahead needed at the first fork (0: no fork; else the number of \
                    steps until the wrong branch is seen to be wrong; Saparov et al., A.1), with 95% intervals. The two series are offset \
                    horizontally."
                .to_string(),
            examples: format!(
                "{} problems in {} groups, the smallest with {}; n of each on hover and in the table.",
                count(eval.by_lookahead.iter().map(|b| b.exact_path.n as u64).sum()),
                eval.by_lookahead.len(),
                count(fewest as u64)
            ),
            control: "the greedy policy on the same problems: where it scores well, the fork needs no search.".to_string(),
            limits: "the effect of lookahead alone: problems that need more lookahead also have longer paths and more forks.".to_string(),
        },
        Some(tables::by_lookahead(eval)),
    )
}
