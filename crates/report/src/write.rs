//! Files out: each is written beside its place, flushed to the disk, and then renamed into it.

use crate::ReportPaths;
use crate::error::ReportError;
use crate::figures::Figure;
use searchlens_base::durable::write_atomically;
use std::path::Path;

/// Where the report of the run in `run_dir` goes.
///
/// # Errors
/// If `out` is a folder.
pub(crate) fn places(run_dir: &Path, out: Option<&Path>, figures: &[Figure]) -> Result<ReportPaths, ReportError> {
    let html = out.map_or_else(|| run_dir.join("report.html"), Path::to_path_buf);
    if html.is_dir() {
        return Err(ReportError::OutIsFolder { path: html });
    }
    let plots = figures.iter().flat_map(|figure| &figure.plots);
    let figures = plots.map(|plot| run_dir.join("figures").join(format!("{}.json", plot.name))).collect();
    Ok(ReportPaths { markdown: html.with_extension("md"), html, figures })
}

/// Writes the figures, then the Markdown, then the page: whoever sees the page finds the rest.
///
/// # Errors
/// If a file cannot be written; the file in its place, if any, is then untouched.
pub(crate) fn write_all(
    places: &ReportPaths,
    html: &[u8],
    markdown: &[u8],
    figures: &[Figure],
) -> Result<(), ReportError> {
    let plots = figures.iter().flat_map(|figure| &figure.plots);
    for (path, plot) in places.figures.iter().zip(plots) {
        put(path, plot.plot.to_json().as_bytes())?;
    }
    put(&places.markdown, markdown)?;
    put(&places.html, html)
}

/// Writes a file, and the folders it lies in.
fn put(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let failed = |source| ReportError::Write { path: path.to_path_buf(), source };
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
    write_atomically(path, bytes).map_err(|error| failed(error.source))
}
