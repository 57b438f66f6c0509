//! `searchlens report`: a run's folder as one page.

use std::path::PathBuf;

use clap::Args;
use searchlens::report::write_report;

use crate::error::Result;
use crate::output::print;

/// Write the page of a run: one HTML file that needs no network
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ReportArgs {
    /// The run's folder
    run: PathBuf,
    /// The page [default: RUN/report.html]; the same as Markdown is written beside it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str =
    "What a run has not measured yet, the page says is missing: searchlens eval RUN, searchlens lens probe RUN.

Example:
  searchlens report run --out run.html";

pub(crate) fn run(args: ReportArgs) -> Result<()> {
    let written = write_report(&args.run, args.out.as_deref())?;
    print(format_args!("wrote {} and {}", written.html.display(), written.markdown.display()))
}
