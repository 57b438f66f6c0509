//! Chores of the workspace: `cargo xtask test` is what people and CI run before anything lands.

mod house;
mod interop;
mod test;
#[cfg(test)]
mod words;

use std::process::ExitCode;

const USAGE: &str = "Usage: cargo xtask COMMAND

Commands:
  test       format check, lints, every test, every example; stops at the first failure
  house      draw rooms, arrows and circles of files into ARCHITECTURE.md
  interop    hold files against maze-dataset, pandas, polars, DuckDB and Hugging Face's datasets; needs Python 3 and a
             network";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test::run(),
        ["house"] => house::draw(),
        ["interop"] => interop::run(),
        ["help" | "--help" | "-h"] => {
            eprintln!("{USAGE}");
            Ok(())
        }
        _ => {
            eprintln!("xtask: unknown command `{}`\n\n{USAGE}", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("\nxtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
