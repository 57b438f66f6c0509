//! The document model: what a report says, before a renderer decides how it looks.
//!
//! A document is a list of sections, a section a list of blocks. Each sentence and each table exists once, here;
//! [`crate::html`] and [`crate::markdown`] render the same blocks. Nothing belongs to the document as a whole except its title, so
//! sections of several runs can stand in one document.
//!
//! **Text:** plain, except that backticks enclose code.

use plotly::Plot;
use searchlens_results::Gallery;

/// A report.
pub(crate) struct Document<'a> {
    /// Title of the report, e.g. the name of the run.
    pub(crate) title: String,
    /// What stands above the first heading.
    pub(crate) summary: Vec<Block<'a>>,
    /// The sections in reading order. Their ids differ.
    pub(crate) sections: Vec<Section<'a>>,
}

/// A part of a document under a heading.
pub(crate) struct Section<'a> {
    /// Anchor on the page; also the prefix of every other anchor in the section.
    pub(crate) id: String,
    /// Short name, for navigation.
    pub(crate) name: String,
    /// Heading.
    pub(crate) heading: String,
    /// Content, in reading order.
    pub(crate) blocks: Vec<Block<'a>>,
}

/// A piece of content.
pub(crate) enum Block<'a> {
    /// The result in one sentence, and the sentences that qualify it.
    Lead(Vec<String>),
    /// Running text.
    Paragraph(String),
    /// Says what is missing or incomplete, and how to get it.
    Notice(String),
    /// Labelled values, e.g. the setup of a run.
    Facts(Facts),
    /// A table that is shown in full.
    Table(Table),
    /// Figures that may stand side by side.
    Figures(Vec<Figure>),
    /// Mazes with the model's paths and its attention.
    Mazes(MazeGallery<'a>),
    /// A file, verbatim.
    Listing(Listing<'a>),
}

/// Labelled values.
pub(crate) struct Facts {
    /// What they describe.
    pub(crate) caption: &'static str,
    /// Label and value.
    pub(crate) rows: Vec<(&'static str, String)>,
}

/// A table. Every row has as many cells as there are columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What the table holds.
    pub(crate) caption: String,
    /// Column headers.
    pub(crate) columns: Vec<&'static str>,
    /// The cells, row by row.
    pub(crate) rows: Vec<Vec<String>>,
}

/// A figure: one or more plots under one title, with the caption that says how to read it.
pub(crate) struct Figure {
    /// Title.
    pub(crate) title: String,
    /// The plots.
    pub(crate) plots: Vec<NamedPlot>,
    /// Marker and name of each series.
    pub(crate) key: Vec<KeyEntry>,
    /// Caption.
    pub(crate) caption: Caption,
    /// The plotted values as a table.
    pub(crate) numbers: Option<Table>,
}

/// A plot and the name it is stored under.
pub(crate) struct NamedPlot {
    /// Name of its JSON file, without ending; differs from all others of the run.
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
    /// Its color, `#rrggbb`.
    pub(crate) color: &'static str,
    /// The shape of its markers, or a piece of its line.
    pub(crate) marker: char,
}

/// What a reader must know to read a figure correctly.
#[derive(Clone, Debug)]
pub(crate) struct Caption {
    /// What is plotted: formula or definition.
    pub(crate) shows: String,
    /// The examples it is computed on, with their number.
    pub(crate) examples: String,
    /// The control or baseline beside it.
    pub(crate) control: String,
    /// Conclusions that it does not support.
    pub(crate) limits: String,
}

impl Caption {
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

/// Problems with the model's answers and its attention.
pub(crate) struct MazeGallery<'a> {
    /// Mazes, answers and attention, to draw.
    pub(crate) gallery: &'a Gallery,
    /// The problems and answers as text.
    pub(crate) table: Table,
    /// Caption of the attention.
    pub(crate) caption: Caption,
}

/// A file, verbatim.
pub(crate) struct Listing<'a> {
    /// Name of the file.
    pub(crate) name: &'static str,
    /// Language, as Markdown names it.
    pub(crate) language: &'static str,
    /// Content.
    pub(crate) text: &'a str,
}

impl Document<'_> {
    /// Returns every plot, in reading order.
    pub(crate) fn plots(&self) -> impl Iterator<Item = &NamedPlot> {
        let blocks = self.sections.iter().flat_map(|section| &section.blocks);
        let figures = blocks.filter_map(|block| if let Block::Figures(figures) = block { Some(figures) } else { None });
        figures.flatten().flat_map(|figure| &figure.plots)
    }
}
