//! Pages from runs: a run folder goes in; one self-contained HTML file, the same in Markdown, and the figures come out.
//!
//! **Invariant:** reads run folders only. A report is rebuilt without training, without a network and without the model; the
//! same folder gives the same bytes.
//!
//! The way of a report: [`read`] the folder, draw the `figures` and `tables` and find the words for them (`prose`), lay them
//! out as a `page` and as `markdown`, and `write` the files.

pub mod error;
pub mod read;

mod figures;
mod markdown;
mod mazes;
mod number;
mod page;
mod prose;
mod tables;
mod write;

pub use error::ReportError;

use std::path::{Path, PathBuf};

/// The largest page that is written, bytes. A gallery that would exceed it loses the attention of its last specimens, and
/// the page says so.
pub const MAX_PAGE_BYTES: usize = 10_000_000;

/// Where a report was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPaths {
    /// The page: one HTML file that needs no other file and no network.
    pub html: PathBuf,
    /// The same content as text and tables, beside the page.
    pub markdown: PathBuf,
    /// Each plotly figure as JSON (`data`, `layout`, `config`), in the run folder's `figures/`.
    pub figures: Vec<PathBuf>,
}

/// Writes the report of the run in `run_dir`.
///
/// The page goes to `out`, by default `report.html` in the run folder, the Markdown beside it with the ending `.md`. Every
/// file is replaced in one step: a reader sees the old one or the new one, whole.
///
/// # Errors
/// If the folder is no run, a file of it cannot be read or contradicts itself, or a file cannot be written. Absent results
/// are no error: their section says that they are absent.
pub fn write_report(run_dir: &Path, out: Option<&Path>) -> Result<ReportPaths, ReportError> {
    let run = read::read_run(run_dir)?;
    let figures = figures::all(&run);
    let places = write::places(run_dir, out, &figures)?;
    write::write_all(
        &places,
        page::render(&run, &figures).as_bytes(),
        markdown::render(&run, &figures, &places).as_bytes(),
        &figures,
    )?;
    Ok(places)
}
