//! Files out: each is written beside its place, flushed to the disk, and then renamed into it.

use crate::ReportPaths;
use crate::error::ReportError;
use crate::figures::Figure;
use std::io::Write;
use std::path::{Path, PathBuf};

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
        write_atomically(path, plot.plot.to_json().as_bytes())?;
    }
    write_atomically(&places.markdown, markdown)?;
    write_atomically(&places.html, html)
}

fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), ReportError> {
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_path_buf(),
        _ => PathBuf::from("."),
    };
    let attempt = || -> std::io::Result<()> {
        // A device or pipe is written to as it stands: a file must not take its place.
        if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            return std::fs::File::options().write(true).open(path)?.write_all(bytes);
        }
        std::fs::create_dir_all(&folder)?;
        let mut file = temporary_in(&folder)?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    attempt().map_err(|source| ReportError::Write { path: path.to_path_buf(), source })
}

/// A temporary file that, once renamed, everyone may read whom the user's umask allows to.
fn temporary_in(folder: &Path) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".report-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
        builder.tempfile_in(folder)
    }
    #[cfg(not(unix))]
    builder.tempfile_in(folder)
}
