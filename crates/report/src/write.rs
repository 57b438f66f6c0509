//! Writes the files of a report, each atomically and flushed to disk.

use crate::ReportPaths;
use crate::document::Document;
use crate::error::ReportError;
use searchlens_base::durable::write_atomically;
use std::path::Path;

/// Returns where the report of the run in `run_dir` is written.
///
/// # Errors
/// If `out` is a folder.
pub(crate) fn paths(run_dir: &Path, out: Option<&Path>, document: &Document<'_>) -> Result<ReportPaths, ReportError> {
    let html = out.map_or_else(|| run_dir.join("report.html"), Path::to_path_buf);
    if html.is_dir() {
        return Err(ReportError::OutIsFolder { path: html });
    }
    let figures = document.plots().map(|plot| run_dir.join("figures").join(format!("{}.json", plot.name))).collect();
    Ok(ReportPaths { markdown: html.with_extension("md"), html, figures })
}

/// Writes the figures, then the Markdown, then the page: if the page exists, so does the rest.
///
/// # Errors
/// If a file cannot be written; the old file, if any, is then unchanged.
pub(crate) fn write_all(
    paths: &ReportPaths,
    html: &str,
    markdown: &str,
    document: &Document<'_>,
) -> Result<(), ReportError> {
    for (path, plot) in paths.figures.iter().zip(document.plots()) {
        write(path, &plot.plot.to_json())?;
    }
    write(&paths.markdown, markdown)?;
    write(&paths.html, html)
}

/// Writes a file, and creates its folder.
fn write(path: &Path, text: &str) -> Result<(), ReportError> {
    let failed = |source| ReportError::Write { path: path.to_path_buf(), source };
    path.parent().map_or(Ok(()), std::fs::create_dir_all).map_err(failed)?;
    write_atomically(path, text.as_bytes()).map_err(|error| failed(error.source))
}
