//! The binary `searchlens`: arguments in, exit code out.
//!
//! Exit codes: 0 success, 1 failure (a file cannot be written, a run diverged), 2 bad input (the message names the cause and
//! the remedy), 130 stopped by Ctrl-C, 143 stopped by SIGTERM.

mod args;
mod cli;
mod commands;
mod error;
mod global;
mod input;
mod interrupt;
mod machine;
mod network;
mod output;
mod problem_file;
mod progress;
mod results;
mod run_folder;
mod scores;
mod training;

use std::process::ExitCode;

fn main() -> ExitCode {
    error::report_panics();
    match cli::Cli::from_command_line().run() {
        Ok(code) => code,
        Err(error) => error.report(),
    }
}
