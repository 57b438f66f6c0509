//! Reports of runs: reads a run folder, writes one self-contained HTML file, the same report as Markdown, and every figure as JSON.
//!
//! **Invariant:** reads run folders only. A report is rebuilt without training, without a network and without the model crates; the
//! same folder gives the same bytes.
//!
//! One way through: [`read`] parses the folder into a [`read::Run`]; `run_document` turns the run into a `document` of sections,
//! with `figures`, `tables` and `prose`; `html` and `markdown` render the document; `write` stores the files.

pub mod error;
pub mod read;

mod document;
mod figures;
mod html;
mod markdown;
mod number;
mod prose;
mod run_document;
mod tables;
mod write;

pub use error::ReportError;

use std::path::{Path, PathBuf};

/// Maximum size of a page, bytes. A larger gallery is stored without the attention of its last specimens, and the page says so.
pub const MAX_PAGE_BYTES: usize = 10_000_000;

/// The files of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPaths {
    /// The page: one HTML file that needs no other file and no network.
    pub html: PathBuf,
    /// The same report as Markdown, beside the page.
    pub markdown: PathBuf,
    /// Every plotly figure as JSON (`data`, `layout`, `config`), in the run folder's `figures/`.
    pub figures: Vec<PathBuf>,
}

/// Writes the report of the run in `run_dir`.
///
/// The page is written to `out`, by default `report.html` in the run folder; the Markdown beside it with the ending `.md`. Each
/// file is replaced atomically.
///
/// # Errors
/// If the folder is not a run, a file of it cannot be read or is inconsistent, or a file cannot be written. Missing results
/// are not an error: their section says so.
///
/// # Examples
/// ```no_run
/// # fn main() -> Result<(), searchlens_report::ReportError> {
/// let report = searchlens_report::write_report("runs/first".as_ref(), None)?;
/// println!("open {}", report.html.display());
/// # Ok(())
/// # }
/// ```
pub fn write_report(run_dir: &Path, out: Option<&Path>) -> Result<ReportPaths, ReportError> {
    let run = read::read_run(run_dir)?;
    let document = run_document::document(&run);
    let paths = write::paths(run_dir, out, &document)?;
    let html = html::render(&document);
    let markdown = markdown::render(&document, &paths);
    write::write_all(&paths, &html, &markdown, &document)?;
    Ok(paths)
}
