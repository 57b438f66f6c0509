//! Writes the report of a synthetic run folder and prints where it is: to see the page, and to work on it, without training.
//!
//! `cargo run -p searchlens-report --example synthetic_report -- FOLDER`

#![expect(clippy::print_stdout, reason = "an example prints its result")]

#[expect(dead_code, reason = "the tests use the rest")]
#[path = "../tests/it/fixture.rs"]
mod fixture;

use searchlens_report::{ReportError, write_report};
use std::path::PathBuf;

fn main() -> Result<(), ReportError> {
    let folder =
        std::env::args_os().nth(1).map_or_else(|| std::env::temp_dir().join("searchlens-synthetic-run"), PathBuf::from);
    fixture::Fixture::whole().write(&folder);
    let report = write_report(&folder, None)?;
    println!("open {}", report.html.display());
    Ok(())
}
