//! The figures: plotly curves, each with the line that says what it shows and what it does not.

mod curves;
mod probes;
mod scores;
mod style;

use crate::read::Run;
use plotly::Plot;

/// A figure: one or more plots under one title, with its honesty line.
#[derive(Clone)]
pub(crate) struct Figure {
    /// Which section it stands in.
    pub(crate) section: Section,
    /// What stands above it.
    pub(crate) title: String,
    /// The plots, each with the name of its JSON file (without ending) and its own small title (empty if there is one plot).
    pub(crate) plots: Vec<NamedPlot>,
    /// Signs and names of its series.
    pub(crate) key: Vec<KeyEntry>,
    /// What stands below it.
    pub(crate) honesty: Honesty,
}

/// A plot with the name it is stored and addressed by.
#[derive(Clone)]
pub(crate) struct NamedPlot {
    /// Name of the JSON file, without ending; also the id in the page.
    pub(crate) name: String,
    /// Title among the plots of its figure, empty if it is the only one.
    pub(crate) title: String,
    /// The plot itself.
    pub(crate) plot: Plot,
}

/// A series in the key of a figure. The page has its own keys, which wrap and print better than plotly's legend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyEntry {
    /// Name of the series.
    pub(crate) name: String,
    /// Its colour, `#rrggbb`.
    pub(crate) colour: &'static str,
    /// The shape of its points, or a piece of its line.
    pub(crate) sign: char,
}

/// The sections that hold figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// Training curves.
    Curves,
    /// Scores beside baselines.
    Scores,
    /// Probes.
    Probes,
}

/// What a reader must know to read a figure rightly.
#[derive(Clone, Debug)]
pub(crate) struct Honesty {
    /// What is drawn: formula or definition.
    pub(crate) shows: String,
    /// On how many examples.
    pub(crate) examples: String,
    /// Which control or baseline stands beside it.
    pub(crate) control: String,
    /// What must not be read from it.
    pub(crate) limits: String,
}

impl Honesty {
    /// The parts with their labels, in reading order.
    pub(crate) fn parts(&self) -> [(&'static str, &str); 4] {
        [
            ("Shows", &self.shows),
            ("Examples", &self.examples),
            ("Control", &self.control),
            ("Does not show", &self.limits),
        ]
    }
}

/// Every figure that the run has data for.
pub(crate) fn all(run: &Run) -> Vec<Figure> {
    let mut figures = curves::figures(run);
    if let Some(eval) = &run.eval {
        figures.extend(scores::figures(eval));
    }
    if let Some(result) = &run.probes {
        figures.extend(probes::figures(result));
    }
    figures
}

/// The honesty line of the gallery: its mazes are no plots, but they are held to the same rule.
pub(crate) fn gallery_honesty(gallery: &searchlens_results::Gallery) -> Honesty {
    Honesty {
        shows: "for each head, softmax(q·k/√d_head) of the query token at the chosen step, painted where the attended tokens lie: edge \
                tokens on passages and walls, cell tokens on cells; tokens of one place are added up. What falls on punctuation is \
                written as “off”. Stored in steps of 1/255."
            .to_string(),
        examples: format!("{} chosen problems ({}), the model's own answers.", gallery.specimens.len(), gallery.selection.trim_end_matches('.')),
        control: "every layer and head on one colour scale, from 0 to 1; failures beside successes. No untrained network is drawn."
            .to_string(),
        limits: "that a head which looks at a place uses what stands there, or that the answer depends on it: attention is not \
                 attribution. Chosen problems are no sample, so nothing here is a rate."
            .to_string(),
    }
}
