//! Chores of the workspace: `cargo xtask test` is what people and CI run before anything lands.

mod test;

use std::process::ExitCode;

const USAGE: &str = "Usage: cargo xtask COMMAND

Commands:
  test    format check, lints, every test, every example; stops at the first failure";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => match test::run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("\nxtask: {error:#}");
                ExitCode::FAILURE
            }
        },
        ["help" | "--help" | "-h"] => {
            eprintln!("{USAGE}");
            ExitCode::SUCCESS
        }
        _ => {
            eprintln!("xtask: unknown command `{}`\n\n{USAGE}", arguments.join(" "));
            ExitCode::from(2)
        }
    }
}
