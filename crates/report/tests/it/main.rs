//! Behavior of reports: run folders in, pages out.

#![expect(clippy::unwrap_used, reason = "a failed step should stop the test, also in helpers")]

mod broken;
mod browser;
mod fixture;
mod markdown;
mod page;

use fixture::Fixture;
use searchlens_report::{ReportPaths, write_report};
use std::path::PathBuf;
use tempfile::TempDir;

/// A report of a synthetic run, and the files written.
struct Written {
    /// Keeps the folder.
    _root: TempDir,
    run: PathBuf,
    paths: ReportPaths,
    html: String,
    markdown: String,
}

#[track_caller]
fn report(fixture: &Fixture) -> Written {
    let root = tempfile::tempdir().unwrap();
    let run = root.path().join("maze-run");
    fixture.write(&run);
    let paths = write_report(&run, None).unwrap();
    let html = std::fs::read_to_string(&paths.html).unwrap();
    let markdown = std::fs::read_to_string(&paths.markdown).unwrap();
    Written { _root: root, run, paths, html, markdown }
}

/// Returns the page without its scripts: what a reader without JavaScript sees.
fn without_scripts(html: &str) -> String {
    let mut out = String::new();
    let mut rest = html;
    while let Some(start) = rest.find("<script") {
        out.push_str(&rest[..start]);
        let end = rest[start..].find("</script>").expect("every script ends");
        rest = &rest[start + end + "</script>".len()..];
    }
    out + rest
}
