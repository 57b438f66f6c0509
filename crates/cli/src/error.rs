//! Errors of the command line: messages and exit codes.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use searchlens::base::fault::{Fault, HasFault};
use searchlens::formats::files::is_decoding;
use searchlens::tokens::tokenizer::TokenizerName;

/// Errors of input that only the command line checks: paths and combinations of arguments.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error("{path}: cannot be read: {source}; check the path and its permissions")]
    Open { path: PathBuf, source: std::io::Error },
    #[error(
        "{path}: a pipe or device takes JSON lines only; write to a regular file, or to - for JSON lines on standard output"
    )]
    NotAFile { path: PathBuf },
    #[error("{path}: the folder {folder} does not exist; create it or choose another path")]
    NoFolder { path: PathBuf, folder: PathBuf },
    #[error("{path}: already exists and is not an empty folder; remove it or choose another path")]
    FolderTaken { path: PathBuf },
    #[error("{path}: no header; files written by searchlens have one (for .jsonl it is FILE.jsonl.header.json)")]
    NoHeader { path: PathBuf },
    #[error("{path}: the checkpoint does not name its {what}; pass {flag}")]
    Unnamed { path: PathBuf, what: &'static str, flag: &'static str },
    #[error(
        "{path}: the network has a vocabulary of {d_vocab} tokens, but the tokenizer `{tokenizer}` has {n_tokens} for this task; \
         use the task and tokenizer that the network was trained on"
    )]
    Vocabulary { path: PathBuf, d_vocab: usize, tokenizer: TokenizerName, n_tokens: usize },
    #[error("{path}: not a run folder; pass the folder that `searchlens train` or `searchlens demo` wrote")]
    NotARun { path: PathBuf },
    #[error("{path}: probes need mazes of a single size, but this run's task draws graphs or mazes of several sizes")]
    NoMazes { path: PathBuf },
    #[error(
        "{path}: no such file or folder; pass a run folder, or a checkpoint such as RUN/checkpoints/best.safetensors"
    )]
    NoNetwork { path: PathBuf },
    #[error("{path}: the run has no checkpoint yet; resume it: searchlens train {path}/config.toml --resume", path = path.display())]
    NoCheckpoint { path: PathBuf },
    #[error(
        "{dir}: already holds a run; choose another folder with --out, or resume the run: searchlens train {dir}/config.toml --resume",
        dir = dir.display()
    )]
    RunExists { dir: PathBuf },
    #[error("--seed {seed}: too large for a config file (TOML); use a seed below 2^63")]
    Seed { seed: u64 },
    #[error("a graph cannot be drawn as pixels; use --format unicode or --format svg")]
    NoPixels,
    #[error("{flag} needs a maze task, but this task draws graphs; remove the option")]
    NoGeometry { flag: &'static str },
    #[error(
        "--forced: (almost) no problem of {task} has an avoid set that every path crosses; use a task of labelled graphs with \
         `avoid`, sparser graphs or a larger avoid set"
    )]
    NeverForced { task: String },
    #[error(
        "the problem is not a `{puzzle}`: its nodes and edges are not the states and moves of that puzzle; use a graph tokenizer, \
         such as `saparov`"
    )]
    NotThePuzzle { puzzle: &'static str },
    #[error("the labels of the problem are the states of a puzzle; use the tokenizer `{puzzle}`")]
    IsAPuzzle { puzzle: &'static str },
    #[error("{path}: {message}")]
    File { path: PathBuf, message: String },
}

impl HasFault for InputError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// An error as the user reads it. Only errors that implement [`HasFault`] convert to it, so that `?` on any other does not
/// compile.
#[derive(Debug)]
pub(crate) enum CliError {
    /// The reader of standard output has closed it, as in `searchlens .. | head`. Not a failure.
    ReaderGone,
    /// The message, with its causes, and whose fault the error is.
    Message { message: String, fault: Fault },
}

/// The result of a command, or of a part of one.
pub(crate) type Result<T, E = CliError> = std::result::Result<T, E>;

impl<E: HasFault + Send + Sync + 'static> From<E> for CliError {
    fn from(error: E) -> CliError {
        CliError::Message { message: with_causes(&error), fault: error.fault() }
    }
}

impl CliError {
    /// Prefixes the message with a place in the input, such as `problems.jsonl: line 3`.
    pub(crate) fn at(self, place: &str) -> CliError {
        match self {
            CliError::ReaderGone => CliError::ReaderGone,
            CliError::Message { message, fault } => CliError::Message { message: format!("{place}: {message}"), fault },
        }
    }

    /// Prints the message and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let CliError::Message { message, fault } = self else { return ExitCode::SUCCESS };
        eprintln!("error: {message}");
        match fault {
            Fault::BadInput => ExitCode::from(2),
            Fault::Failure => ExitCode::FAILURE,
        }
    }
}

/// Joins an error and its causes, outermost first; a cause that the message already contains is not repeated.
fn with_causes(error: &dyn Error) -> String {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        source = cause.source();
    }
    message
}

/// Reads a text file named on the command line.
pub(crate) fn read(path: &Path) -> Result<String, InputError> {
    std::fs::read_to_string(path).map_err(|source| InputError::Open { path: path.to_owned(), source })
}

/// Reports every panic as a bug and exits with code 1, except in decoders of problem files, which may panic on damaged input.
pub(crate) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if is_decoding() {
            return;
        }
        eprintln!(
            "error: internal error, a bug in searchlens: {panic}\nPlease report it with the command you ran: {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        );
        std::process::exit(1);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_not_repeated() {
        let cause = || std::io::Error::other("the disk is full");
        let repeated = InputError::Open { path: "a.toml".into(), source: cause() };
        assert_eq!(with_causes(&repeated).matches("the disk is full").count(), 1);

        #[derive(Debug, thiserror::Error)]
        #[error("step 3")]
        struct Silent(#[source] std::io::Error);
        assert_eq!(with_causes(&Silent(cause())), "step 3: the disk is full");
    }

    #[test]
    fn a_place_keeps_the_fault() {
        let error = CliError::from(InputError::NoPixels).at("mazes.jsonl: line 3");
        let CliError::Message { message, fault } = error else { panic!("the reader is not gone") };
        assert!(message.starts_with("mazes.jsonl: line 3: a graph cannot be drawn as pixels"), "{message}");
        assert_eq!(fault, Fault::BadInput);
    }
}
