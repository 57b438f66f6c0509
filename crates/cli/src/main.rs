//! The binary `searchlens`: arguments in, exit code out.
//!
//! Exit codes: 0 done, 1 failure (a file cannot be written, a run broke down), 2 bad input (the message names what, and the remedy), 130
//! stopped by Ctrl-C, 143 by SIGTERM.

mod args;
mod cli;
mod commands;
mod error;
mod input;
mod interrupt;
mod machine;
mod output;
mod place;
mod problem_file;
mod progress;
mod subject;
mod summary;
mod training;

use std::process::ExitCode;

fn main() -> ExitCode {
    error::apologise_for_panics();
    match cli::Cli::of_command_line().run() {
        Ok(code) => code,
        Err(error) => error.report(),
    }
}
