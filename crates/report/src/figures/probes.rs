//! Probe accuracies, always on the same axes as their controls.

use super::single;
use super::style::{Ink, Series, axis, dashed_level, interval_band, key, plot, share_axis, short_site, site_axis};
use crate::document::{Caption, Figure, NamedPlot};
use crate::number::{count, percent, value};
use crate::tables;
use plotly::Plot;
use plotly::common::{DashType, MarkerSymbol};
use searchlens_results::{ProbePoint, ProbeResult};
use searchlens_stats::estimate::Estimate;

/// Returns the figures that the probes have data for.
pub(crate) fn figures(probes: &ProbeResult) -> Vec<Figure> {
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

/// A condition of a probe, and where its accuracy is stored.
type Condition = (Series<'static>, fn(&ProbePoint) -> &Estimate);

fn conditions() -> [Condition; 3] {
    [(trained(), |p| &p.trained), (untrained(), |p| &p.untrained), (control(), |p| &p.control)]
}

fn wall(probes: &ProbeResult) -> Figure {
    let sites: Vec<&str> = probes.wall.iter().map(|p| p.site.as_str()).collect();
    let (mut plot, layout) = plot(site_axis(&sites), axis("accuracy, mean over edges").tick_format(".0%"));
    for (series, of) in conditions() {
        let points: Vec<_> = probes.wall.iter().enumerate().map(|(i, p)| (i as f64, of(p), p.site.clone())).collect();
        plot.add_trace(series.scatter(&points));
    }
    let prior = &probes.wall_prior;
    let ends = [-0.4, sites.len() as f64 - 0.6];
    if let Some(share) = value(prior) {
        plot.add_trace(dashed_level("prior", Ink::FLOOR, ends, share, format!("prior: {}", percent(prior))));
    }
    plot.set_layout(
        layout.shapes(prior.interval().map(|interval| interval_band(Ink::FLOOR, interval)).into_iter().collect()),
    );
    single(
        "Are the passages linearly decodable from the residual stream?",
        "probes_wall",
        plot,
        conditions().iter().map(|(series, _)| series.key()).chain([key("prior", Ink::FLOOR, '╌')]).collect(),
        Caption {
            shows: format!(
                "test accuracy of a linear probe on the residual stream at the {} token: “is there a passage at this edge?”, mean over \
                 edges, with 95% intervals. The y axis does not start at 0.",
                probes.position
            ),
            examples: examples(probes),
            control: "the prior predicts for each edge its majority class in the training problems; the control task trains the probe on labels \
                      permuted by one fixed random map (Hewitt & Liang 2019); the untrained network is probed the same way."
                .to_string(),
            limits: "that the network uses what the probe decodes: a probe shows what is linearly available, not what is used.".to_string(),
        },
        Some(tables::wall(probes)),
    )
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
        title: "Are later cells of the path linearly decodable before the first step?".to_string(),
        plots: plots.collect(),
        key: [floor().key()].into_iter().chain(conditions().iter().map(|(series, _)| series.key())).collect(),
        caption: Caption {
            shows: format!(
                "one panel per site: test accuracy of a linear probe on the residual stream at the {} token: “which cell does the path visit \
                 at step k?”, with 95% intervals; all panels on one scale.",
                probes.position
            ),
            examples: examples(probes),
            control: "the corridor floor F is given step 1, follows the corridor, and heads for the target at forks; control task and untrained \
                      network as above. Only accuracy above F needs more than step 1."
                .to_string(),
            limits: "planning by accuracy alone: step 1 is the answer about to be given, and only longer paths remain for large k. See the \
                     fork-conditioned table, and note that decodable does not mean used."
                .to_string(),
        },
        numbers: Some(tables::future(probes)),
    }
}

fn future_at(probes: &ProbeResult, site: &str) -> Plot {
    let last = probes.future.iter().map(|f| f.k).max().unwrap_or(1) as f64;
    let (mut plot, layout) =
        plot(axis("step k").range(vec![0.5, last + 0.5]).dtick(1.0).tick0(1.0), share_axis("accuracy"));
    let floor_points: Vec<_> =
        probes.future.iter().map(|f| (f.k as f64, &f.corridor_floor, format!("step {}", f.k))).collect();
    plot.add_trace(floor().scatter(&floor_points));
    for (series, of) in conditions() {
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
        "probes fitted on {} problems, tested on {} of other symmetry classes.",
        count(probes.n_train as u64),
        count(probes.n_test as u64)
    )
}
