//! `searchlens report`: the report of a run.

use std::path::PathBuf;

use clap::Args;
use searchlens::report::write_report;

use crate::error::Result;
use crate::output::print;

/// Write a run's report: one self-contained HTML file
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// Run folder
    run: PathBuf,
    /// HTML file [default: RUN/report.html]; a Markdown version is written beside it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str =
    "Scores come from `searchlens eval RUN`, probes from `searchlens lens probe RUN`; the report says what is missing.

Example:
  searchlens report run --out run.html";

pub(crate) fn run(args: ReportArgs) -> Result<()> {
    let written = write_report(&args.run, args.out.as_deref())?;
    print(format_args!("wrote {} and {}", written.html.display(), written.markdown.display()))
}
