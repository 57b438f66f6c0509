//! `searchlens convert`: converts problem files between formats.

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::global::GlobalArgs;
use crate::input::Problems;
use crate::problem_file::{EncodedProblem, ProblemFile};

/// Convert problems from one file format to another
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ConvertArgs {
    /// File or folder of problems, or - for JSON lines on standard input
    from: PathBuf,
    /// Output file; its ending selects the format: .jsonl .parquet .npz .zanj .cat.zanj .shard, DIR/ for a Hugging Face data
    /// set, or - for JSON lines on standard output
    to: PathBuf,
}

const EXAMPLES: &str =
    "Every problem is validated. The header keeps how the problems were drawn; its statistics are recomputed.

Examples:
  searchlens convert mazes.zanj mazes.parquet
  searchlens convert problems.jsonl problems/
  searchlens convert test.shard - | searchlens tokenize --tokenizer edges";

pub(crate) fn run(args: ConvertArgs, global: &GlobalArgs) -> Result<()> {
    let problems = Problems::open(Some(&args.from))?;
    let source = problems.header().and_then(|header| header.source.clone());
    let mut file = ProblemFile::create(&args.to)?;
    let encoding = file.encoding();
    let make = |number, entry| Ok(EncodedProblem::new(encoding, number, &entry).map_err(|fault| fault.at(&args.to))?);
    problems.for_each(&global.workers()?, make, |problem| file.write(problem))?;
    file.finish(source, format_args!(""))
}
