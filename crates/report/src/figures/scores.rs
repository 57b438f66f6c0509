//! Final scores beside policies that do not search.

use super::style::{Ink, Series, axis, key, plot, share_axis};
use super::{Figure, Honesty, KeyEntry, NamedPlot, Section};
use crate::number::{count, k_star, percent, value};
use plotly::common::{DashType, ErrorData, ErrorType, HoverInfo, Line, Marker, MarkerSymbol, Mode};
use plotly::layout::{Shape, ShapeLayer, ShapeLine, ShapeType};
use plotly::{Layout, Plot, Scatter};
use searchlens_results::{EvalResult, KStar, Lookahead};
use searchlens_stats::estimate::Estimate;

/// The figures of an evaluation.
pub(super) fn figures(eval: &EvalResult) -> Vec<Figure> {
    let Some(exact_path) = value(&eval.exact_path) else { return Vec::new() };
    let mut figures = vec![beside_baselines(eval, exact_path)];
    if !eval.by_lookahead.is_empty() {
        figures.push(by_lookahead(eval));
    }
    figures
}

fn beside_baselines(eval: &EvalResult, exact_path: f64) -> Figure {
    let policies = &eval.baselines;
    let furthest = policies.k_lookahead.keys().next_back().copied().unwrap_or(0) as f64;
    // Two panels side by side on one scale: policies without a k left, the k-lookahead policies right.
    let left = axis("")
        .domain(&[0.0, 0.17])
        .range(vec![-0.6, 1.6])
        .tick_values(vec![0.0, 1.0])
        .tick_text(vec!["random", "greedy"]);
    let right = axis("k, steps seen ahead").domain(&[0.2, 1.0]).range(vec![-0.8, furthest + 0.8]).anchor("y");
    let (mut plot, layout) = plot(left, share_axis("exact path"));
    let random = Series { name: "random at forks", ink: Ink::CONTROL, symbol: MarkerSymbol::Square, dash: None };
    let greedy = Series { name: "greedy", ink: Ink::FLOOR, symbol: MarkerSymbol::Diamond, dash: None };
    let seers =
        Series { name: "k-lookahead", ink: Ink::SECOND, symbol: MarkerSymbol::Circle, dash: Some(DashType::Dot) };
    let of_k: Vec<_> = policies.k_lookahead.iter().map(|(&k, score)| (k as f64, score, format!("k = {k}"))).collect();
    plot.add_trace(random.scatter(&[(0.0, &policies.random, "policy".to_string())]));
    plot.add_trace(greedy.scatter(&[(1.0, &policies.greedy, "policy".to_string())]));
    plot.add_trace(seers.scatter(&of_k).x_axis("x2"));
    plot.add_trace(model_line(&eval.exact_path, exact_path, furthest));
    let mut signs = vec![random.key(), greedy.key(), seers.key(), key("the model, with its interval", Ink::MODEL, '━')];
    if let Some(star) = k_star_mark(&eval.k_star, exact_path, furthest) {
        plot.add_trace(star);
        signs.push(key("k* of the model, with its interval", Ink::MODEL, '★'));
    }
    plot.set_layout(layout.x_axis2(right).shapes(eval.exact_path.interval().map(model_band).into_iter().collect()));
    figure(
        "The model beside policies that do not search",
        "baselines",
        plot,
        signs,
        Honesty {
            shows: "share of problems answered with an optimal path. The band is the model with its interval; where it crosses the \
                    dotted line is the effective lookahead k*, interpolated linearly in k. Policy k: right if the target is at most k \
                    steps away, else it drops branches that it sees to end and heads for the target. Intervals: 95%, bootstrap \
                    clustered by symmetry class."
                .to_string(),
            examples: format!("{} problems of the {} split, the same for model and policies.", count(eval.exact_path.n as u64), eval.split),
            control: "the policies are the control; their scores are expectations over ties.".to_string(),
            limits: "how the network finds its answers: k* is the policy that scores the same, not evidence of looking ahead that far."
                .to_string(),
        },
    )
}

fn model_line(model: &Estimate, exact_path: f64, furthest: f64) -> Box<Scatter<f64, f64>> {
    let x: Vec<f64> = (0..=24).map(|i| -0.8 + (furthest + 1.6) * f64::from(i) / 24.0).collect();
    let n = x.len();
    Scatter::new(x, vec![exact_path; n])
        .name("the model")
        .mode(Mode::Lines)
        .line(Line::new().color(Ink::MODEL).width(2.2))
        .x_axis("x2")
        .hover_info(HoverInfo::Text)
        .hover_text_array(vec![format!("the model: {}<br>n = {}", percent(model), count(model.n as u64)); n])
}

fn model_band((low, high): (f64, f64)) -> Shape {
    Shape::new()
        .shape_type(ShapeType::Rect)
        .layer(ShapeLayer::Below)
        .x_ref("paper")
        .x0(0.0)
        .x1(1.0)
        .y_ref("y")
        .y0(low)
        .y1(high)
        .fill_color(Ink::MODEL.band())
        .line(ShapeLine::new().width(0.0))
}

/// A star on the model's line at k*, with its interval; nothing if k* lies outside the policies' range.
fn k_star_mark(k: &KStar, exact_path: f64, furthest: f64) -> Option<Box<Scatter<f64, f64>>> {
    let Some(Lookahead::Steps(at)) = k.value else { return None };
    // Without an interval there are no bars.
    let within = |end: &Option<Lookahead>, outside: f64| match end {
        None => at,
        Some(Lookahead::Steps(steps)) => *steps,
        Some(Lookahead::Outside(_)) => outside,
    };
    let (low, high) = (within(&k.low, -0.8), within(&k.high, furthest + 0.8));
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
    let points = |offset: f64, of: fn(&searchlens_results::ByLookahead) -> &Estimate| -> Vec<_> {
        let at = |b: &searchlens_results::ByLookahead| format!("lookahead needed: {}", b.lookahead);
        eval.by_lookahead.iter().map(|b| (b.lookahead as f64 + offset, of(b), at(b))).collect()
    };
    let most = eval.by_lookahead.iter().map(|b| b.lookahead).max().unwrap_or(0) as f64;
    let (mut plot, layout): (Plot, Layout) = plot(
        axis("lookahead needed at the first fork")
            .range(vec![-0.6, most + 0.6])
            .dtick(if most > 16.0 { 2.0 } else { 1.0 })
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
    figure(
        "By the lookahead that the first fork needs",
        "by_lookahead",
        plot,
        vec![model.key(), greedy.key()],
        Honesty {
            shows: "share of optimal paths among the problems whose first fork needs that lookahead (0: no fork; else steps until the wrong branch \
                    shows itself as wrong; Saparov et al., A.1), with 95% intervals. The two series are set a little apart."
                .to_string(),
            examples: format!(
                "{} problems in {} groups, the smallest of {}; n of each on hover and in the table.",
                count(eval.by_lookahead.iter().map(|b| b.exact_path.n as u64).sum()),
                eval.by_lookahead.len(),
                count(fewest as u64)
            ),
            control: "the greedy policy on the same problems: where it does well, the fork needed no search.".to_string(),
            limits: "the effect of lookahead alone: problems that need more of it also have longer paths and more forks.".to_string(),
        },
    )
}

fn figure(title: &str, name: &str, plot: Plot, key: Vec<KeyEntry>, honesty: Honesty) -> Figure {
    let plots = vec![NamedPlot { name: name.to_string(), title: String::new(), plot }];
    Figure { section: Section::Scores, title: title.to_string(), plots, key, honesty }
}
