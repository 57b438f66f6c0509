//! The style of every plot: transparent background, mid-tone colors that read on white and on black, an interval on every point.

use crate::document::KeyEntry;
use crate::number::value;
use plotly::color::Color;
use plotly::common::{
    DashType, ErrorData, ErrorType, Font, HoverInfo, Line, Marker, MarkerSymbol, Mode, Orientation, Title,
};
use plotly::configuration::{DisplayModeBar, ModeBarButtonName};
use plotly::layout::{Axis, HoverMode, Legend, Margin, Shape, ShapeLayer, ShapeLine, ShapeType};
use plotly::{Configuration, Layout, Plot, Scatter};
use searchlens_stats::estimate::Estimate;

/// A color with enough contrast (3:1) on light and on dark; after Okabe & Ito, so that no pair differs in red and green alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ink {
    hex: &'static str,
    band: &'static str,
}

impl Color for Ink {}

impl serde::Serialize for Ink {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.hex)
    }
}

impl Ink {
    /// The trained model.
    pub(crate) const MODEL: Ink = Ink { hex: "#2f7fc1", band: "rgba(47,127,193,0.22)" };
    /// The greedy policy, floors and priors.
    pub(crate) const FLOOR: Ink = Ink { hex: "#d0662c", band: "rgba(208,102,44,0.18)" };
    /// Policies that look ahead; a second series.
    pub(crate) const SECOND: Ink = Ink { hex: "#23967a", band: "rgba(35,150,122,0.20)" };
    /// Control tasks and random policies.
    pub(crate) const CONTROL: Ink = Ink { hex: "#868c96", band: "rgba(134,140,150,0.20)" };
    /// The untrained network.
    pub(crate) const UNTRAINED: Ink = Ink { hex: "#b0679f", band: "rgba(176,103,159,0.20)" };
    /// Text and axes; the page replaces it with the color of its theme.
    const NEUTRAL: &'static str = "#7b818a";

    /// Returns the color of an interval drawn as an area.
    pub(crate) fn band(self) -> &'static str {
        self.band
    }
}

/// A series of estimates.
pub(crate) struct Series<'a> {
    /// Name in the key.
    pub(crate) name: &'a str,
    /// Color.
    pub(crate) ink: Ink,
    /// Shape of the markers, so that color is never the only difference.
    pub(crate) symbol: MarkerSymbol,
    /// Dash of the line; `None` for points only.
    pub(crate) dash: Option<DashType>,
}

impl Series<'_> {
    /// Returns the entry in the figure's key.
    pub(crate) fn key(&self) -> KeyEntry {
        let marker = match self.symbol {
            MarkerSymbol::Square => '■',
            MarkerSymbol::Diamond => '◆',
            MarkerSymbol::TriangleUp => '▲',
            _ => '●',
        };
        key(self.name, self.ink, marker)
    }

    /// Returns the trace of points `(x, estimate, first line of the hover text)`, with intervals as error bars.
    pub(crate) fn scatter(&self, points: &[(f64, &Estimate, String)]) -> Box<Scatter<f64, f64>> {
        let points: Vec<_> = points.iter().filter_map(|(x, e, at)| Some((x, value(e)?, e, at))).collect();
        // A point without an interval has no bar.
        let bars = ErrorData::new(ErrorType::Data)
            .array(points.iter().map(|(_, value, e, _)| e.high.map_or(0.0, |high| (high - value).max(0.0))).collect())
            .array_minus(
                points.iter().map(|(_, value, e, _)| e.low.map_or(0.0, |low| (value - low).max(0.0))).collect(),
            )
            .symmetric(false)
            .thickness(1.3)
            .width(0)
            .color(self.ink);
        let hover = points
            .iter()
            .map(|(_, _, e, at)| {
                format!(
                    "{at}<br>{}: {}<br>n = {}",
                    self.name,
                    crate::number::percent(e),
                    crate::number::count(e.n as u64)
                )
            })
            .collect();
        let trace = Scatter::new(
            points.iter().map(|(x, ..)| **x).collect(),
            points.iter().map(|(_, value, ..)| *value).collect(),
        )
        .name(self.name)
        .marker(Marker::new().color(self.ink).size(8).symbol(self.symbol.clone()))
        .error_y(bars)
        .hover_info(HoverInfo::Text)
        .hover_text_array(hover);
        match &self.dash {
            None => trace.mode(Mode::Markers),
            Some(dash) => {
                trace.mode(Mode::LinesMarkers).line(Line::new().color(self.ink).width(1.8).dash(dash.clone()))
            }
        }
    }
}

/// Returns a dashed horizontal line at `share`, for a reference without an x value.
pub(crate) fn dashed_level(name: &str, ink: Ink, ends: [f64; 2], share: f64, hover: String) -> Box<Scatter<f64, f64>> {
    Scatter::new(ends.to_vec(), vec![share; 2])
        .name(name)
        .mode(Mode::Lines)
        .line(Line::new().color(ink).width(1.5).dash(DashType::Dash))
        .hover_info(HoverInfo::Text)
        .hover_text_array(vec![hover; 2])
}

/// Returns an interval as a horizontal band across the whole plot, below the traces.
pub(crate) fn interval_band(ink: Ink, (low, high): (f64, f64)) -> Shape {
    Shape::new()
        .shape_type(ShapeType::Rect)
        .layer(ShapeLayer::Below)
        .x_ref("paper")
        .x0(0.0)
        .x1(1.0)
        .y_ref("y")
        .y0(low)
        .y1(high)
        .fill_color(ink.band())
        .line(ShapeLine::new().width(0.0))
}

/// Returns an entry of a figure's key.
pub(crate) fn key(name: &str, ink: Ink, marker: char) -> KeyEntry {
    KeyEntry { name: name.to_string(), color: ink.hex, marker }
}

/// Returns an empty plot and its layout in the common style.
pub(crate) fn plot(x: Axis, y: Axis) -> (Plot, Layout) {
    let layout = Layout::new()
        .paper_background_color("rgba(0,0,0,0)")
        .plot_background_color("rgba(0,0,0,0)")
        .font(
            Font::new()
                .family("system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif")
                .size(12)
                .color(Ink::NEUTRAL),
        )
        .margin(Margin::new().left(58).right(16).top(28).bottom(44))
        .legend(
            Legend::new().orientation(Orientation::Horizontal).x(0.0).y(1.02).y_anchor(plotly::common::Anchor::Bottom),
        )
        .hover_mode(HoverMode::Closest)
        .auto_size(true)
        .x_axis(x)
        .y_axis(y);
    let mut plot = Plot::new();
    plot.set_configuration(
        Configuration::new()
            .responsive(true)
            .display_logo(false)
            .typeset_math(false)
            .show_send_to_cloud(false)
            .mode_bar_buttons_to_remove(vec![
                ModeBarButtonName::Select2d,
                ModeBarButtonName::Lasso2d,
                ModeBarButtonName::ZoomIn2d,
                ModeBarButtonName::ZoomOut2d,
                ModeBarButtonName::AutoScale2d,
            ])
            .display_mode_bar(DisplayModeBar::Hover),
    );
    (plot, layout)
}

/// Returns an axis with a title and faint lines.
pub(crate) fn axis(title: &str) -> Axis {
    Axis::new()
        .title(Title::with_text(title).font(Font::new().size(13)))
        .grid_color("rgba(128,132,140,0.20)")
        .zero_line(false)
        .show_line(true)
        .line_color("rgba(128,132,140,0.55)")
        .auto_margin(true)
}

/// Returns an axis of shares from 0 to 1, labelled in percent.
pub(crate) fn share_axis(title: &str) -> Axis {
    axis(title).tick_format(".0%").range(vec![-0.02, 1.04])
}

/// Returns an axis with the sites at 0, 1, 2, …
pub(crate) fn site_axis(sites: &[&str]) -> Axis {
    axis("")
        .tick_values((0..sites.len()).map(|i| i as f64).collect())
        .tick_text(sites.iter().map(|site| short_site(site)).collect())
        .range(vec![-0.4, sites.len() as f64 - 0.6])
}

/// Returns `resid_post.2` for `blocks.2.hook_resid_post`, `embed` for `hook_embed`; other names unchanged.
pub(crate) fn short_site(site: &str) -> String {
    let in_block = site.strip_prefix("blocks.").and_then(|rest| rest.split_once(".hook_"));
    if let Some((layer, point)) = in_block.filter(|(layer, _)| layer.bytes().all(|b| b.is_ascii_digit())) {
        return format!("{point}.{layer}");
    }
    site.strip_prefix("hook_").unwrap_or(site).to_string()
}

#[cfg(test)]
mod tests {
    #[test]
    fn sites_have_short_names() {
        let cases = [
            ("blocks.2.hook_resid_post", "resid_post.2"),
            ("hook_embed", "embed"),
            ("blocks.0.attn.hook_z", "blocks.0.attn.hook_z"),
        ];
        for (site, want) in cases {
            assert_eq!(super::short_site(site), want);
        }
    }
}
