//! Probe accuracies, always in the same axes as their controls.

use super::style::{Ink, Series, axis, key, plot, share_axis, short_site, site_axis};
use super::{Figure, Honesty, NamedPlot, Section};
use crate::number::{count, percent, value};
use plotly::common::{DashType, HoverInfo, Line, MarkerSymbol, Mode};
use plotly::layout::{Shape, ShapeLayer, ShapeLine, ShapeType};
use plotly::{Plot, Scatter};
use searchlens_results::{ProbePoint, ProbeResult};
use searchlens_stats::estimate::Estimate;

/// The figures that the probes have data for.
pub(super) fn figures(probes: &ProbeResult) -> Vec<Figure> {
    let wall = (!probes.wall.is_empty()).then(|| wall(probes));
    let future = (!probes.future.is_empty()).then(|| future(probes));
    [wall, future].into_iter().flatten().collect()
}

fn trained() -> Series<'static> {
    Series { name: "trained", ink: Ink::MODEL, symbol: MarkerSymbol::Circle, dash: Some(DashType::Solid) }
}

fn untrained() -> Series<'static> {
    Series {
        name: "untrained network",
        ink: Ink::UNTRAINED,
        symbol: MarkerSymbol::TriangleUp,
        dash: Some(DashType::DashDot),
    }
}

fn control() -> Series<'static> {
    Series { name: "control task", ink: Ink::CONTROL, symbol: MarkerSymbol::Square, dash: Some(DashType::Dot) }
}

fn floor() -> Series<'static> {
    Series { name: "corridor floor F", ink: Ink::FLOOR, symbol: MarkerSymbol::Diamond, dash: Some(DashType::Dash) }
}

/// The three arms of a probe.
type Arm = (Series<'static>, fn(&ProbePoint) -> &Estimate);

fn arms() -> [Arm; 3] {
    [(trained(), |p| &p.trained), (untrained(), |p| &p.untrained), (control(), |p| &p.control)]
}

fn wall(probes: &ProbeResult) -> Figure {
    let sites: Vec<&str> = probes.wall.iter().map(|p| p.site.as_str()).collect();
    let (mut plot, layout) = plot(site_axis(&sites), axis("accuracy, mean over edges").tick_format(".0%"));
    for (series, of) in arms() {
        let points: Vec<_> = probes.wall.iter().enumerate().map(|(i, p)| (i as f64, of(p), p.site.clone())).collect();
        plot.add_trace(series.scatter(&points));
    }
    let prior = &probes.wall_prior;
    let ends = vec![-0.4, sites.len() as f64 - 0.6];
    if let Some(share) = value(prior) {
        plot.add_trace(
            Scatter::new(ends, vec![share; 2])
                .name("prior")
                .mode(Mode::Lines)
                .line(Line::new().color(Ink::FLOOR).width(1.6).dash(DashType::Dash))
                .hover_info(HoverInfo::Text)
                .hover_text_array(vec![format!("prior: {}", percent(prior)); 2]),
        );
    }
    plot.set_layout(layout.shapes(prior.interval().map(interval_band).into_iter().collect()));
    Figure {
        section: Section::Probes,
        title: "Can the passages be read off the residual stream?".to_string(),
        plots: vec![NamedPlot { name: "probes_wall".to_string(), title: String::new(), plot }],
        key: arms().iter().map(|(series, _)| series.key()).chain([key("prior", Ink::FLOOR, '╌')]).collect(),
        honesty: Honesty {
            shows: format!(
                "test accuracy of a linear probe of the {} token's residual stream, “is there a passage at this edge?”, mean over edges, \
                 with 95% intervals. The y axis does not start at 0.",
                probes.position
            ),
            examples: examples(probes),
            control: "the prior answers each edge with its more frequent state in the training problems; the control task gives the probe \
                      labels permuted by one fixed random map (Hewitt & Liang 2019); the untrained network has the same probe."
                .to_string(),
            limits: "that the network uses what the probe reads: it shows what is there to a linear reader, not what is done with it."
                .to_string(),
        },
    }
}

fn interval_band((low, high): (f64, f64)) -> Shape {
    Shape::new()
        .shape_type(ShapeType::Rect)
        .layer(ShapeLayer::Below)
        .x_ref("paper")
        .x0(0.0)
        .x1(1.0)
        .y_ref("y")
        .y0(low)
        .y1(high)
        .fill_color(Ink::FLOOR.band())
        .line(ShapeLine::new().width(0.0))
}

fn future(probes: &ProbeResult) -> Figure {
    let mut sites: Vec<&str> = Vec::new();
    for point in probes.future.iter().flat_map(|f| &f.sites) {
        if !sites.contains(&point.site.as_str()) {
            sites.push(&point.site);
        }
    }
    let plots = sites.iter().map(|site| NamedPlot {
        name: format!("probes_future_{}", short_site(site).replace(|c: char| !c.is_ascii_alphanumeric(), "_")),
        title: short_site(site),
        plot: future_at(probes, site),
    });
    Figure {
        section: Section::Probes,
        title: "Can the cells of the path be read off before it is walked?".to_string(),
        plots: plots.collect(),
        key: [floor().key()].into_iter().chain(arms().iter().map(|(series, _)| series.key())).collect(),
        honesty: Honesty {
            shows: format!(
                "one panel per site: test accuracy of a linear probe of the {} token's residual stream, “which cell does the path visit at \
                 step k?”, with 95% intervals; the same scale in all panels.",
                probes.position
            ),
            examples: examples(probes),
            control: "the floor F follows the corridor given step 1 and heads for the target at forks; control task and untrained network \
                      as above. Only what lies above F needs more than step 1."
                .to_string(),
            limits: "a plan by accuracy alone: step 1 is the answer being given, and longer paths only remain for large k. Look at the \
                     fork-conditioned table, and note that reading is not use."
                .to_string(),
        },
    }
}

fn future_at(probes: &ProbeResult, site: &str) -> Plot {
    let last = probes.future.iter().map(|f| f.k).max().unwrap_or(1) as f64;
    let (mut plot, layout) =
        plot(axis("step k").range(vec![0.5, last + 0.5]).dtick(1.0).tick0(1.0), share_axis("accuracy"));
    let floor_points: Vec<_> =
        probes.future.iter().map(|f| (f.k as f64, &f.corridor_floor, format!("step {}", f.k))).collect();
    plot.add_trace(floor().scatter(&floor_points));
    for (series, of) in arms() {
        let points: Vec<_> = probes
            .future
            .iter()
            .filter_map(|f| {
                Some((f.k as f64, of(f.sites.iter().find(|p| p.site == site)?), format!("{site}, step {}", f.k)))
            })
            .collect();
        plot.add_trace(series.scatter(&points));
    }
    plot.set_layout(layout);
    plot
}

fn examples(probes: &ProbeResult) -> String {
    format!(
        "fitted on {} problems, scored on {} of other symmetry classes.",
        count(probes.n_train as u64),
        count(probes.n_test as u64)
    )
}
