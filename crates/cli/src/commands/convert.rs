//! `searchlens convert`: problems from one format to another.

use std::path::PathBuf;

use clap::Args;

use crate::cli::Common;
use crate::error::Result;
use crate::input::Problems;
use crate::problem_file::{Prepared, ProblemFile};

/// Copy problems from one format to another
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConvertArgs {
    /// A file or folder of problems; - is JSON lines on standard input
    from: PathBuf,
    /// Where to write them; the format goes by the ending: .jsonl .parquet .npz .zanj .cat.zanj .shard, a folder for
    /// Hugging Face as DIR/, or - for JSON lines on standard output
    to: PathBuf,
}

const EXAMPLES: &str = "Everything that is read is checked. How the problems were drawn is carried along; what they are like is counted anew.

Examples:
  searchlens convert mazes.zanj mazes.parquet
  searchlens convert problems.jsonl problems/
  searchlens convert test.shard - | searchlens tokenize --tokenizer edges";

pub(crate) fn run(args: ConvertArgs, common: &Common) -> Result<()> {
    let problems = Problems::open(Some(&args.from))?;
    let source = problems.header().and_then(|header| header.source.clone());
    let mut file = ProblemFile::create(&args.to)?;
    let form = file.form();
    let make = |number, entry| Ok(Prepared::of(form, number, &entry).map_err(|fault| fault.at(&args.to))?);
    problems.each_made(&common.workers()?, make, |problem| file.write(problem))?;
    file.finish(source, format_args!(""))
}
