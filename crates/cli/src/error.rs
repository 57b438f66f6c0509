//! Errors of the command line: messages and exit codes.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use searchlens::base::fault::{Fault, HasFault};
use searchlens::formats::files::is_decoding;
use searchlens::tokens::tokenizer::TokenizerName;

/// Bad input that no room knows of: files that are not there, combinations of arguments.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    /// A file named on the command line cannot be opened or read.
    #[error("{path}: cannot be read: {source}; name a file that exists and may be read")]
    Open { path: PathBuf, source: std::io::Error },
    /// A place for a binary file that is none: a pipe, a device, standard output.
    #[error("{path}: not a file; only JSON lines can be written there: name a file that ends in .jsonl, or -")]
    NotAFile { path: PathBuf },
    /// A place in a folder that is not there.
    #[error("{path}: the folder {folder} does not exist; make it, or name another place")]
    NoFolder { path: PathBuf, folder: PathBuf },
    /// A folder for a data set that holds other things.
    #[error("{path}: the folder is not empty; name another, or remove what is there")]
    FolderTaken { path: PathBuf },
    /// A file without a header.
    #[error(
        "{path}: the file says nothing of itself; those that searchlens wrote do, lines by a .header.json beside them that was written with them"
    )]
    NoHeader { path: PathBuf },
    /// A checkpoint from elsewhere does not say what its network is for.
    #[error("{path}: the checkpoint names no {what}; give it by {flag}")]
    Unnamed { path: PathBuf, what: &'static str, flag: &'static str },
    /// A network of another vocabulary than the tokenizer's.
    #[error(
        "{path}: the network knows {d_vocab} tokens and the tokenizer `{tokenizer}` has {n_tokens} for this task; give the task and tokenizer that the network was trained on"
    )]
    Vocabulary { path: PathBuf, d_vocab: usize, tokenizer: TokenizerName, n_tokens: usize },
    /// A checkpoint where a run is needed.
    #[error("{path}: not a folder; name the folder of a run, as `searchlens train` writes them")]
    NotARun { path: PathBuf },
    /// Probes of a network that knows no mazes.
    #[error("{path}: probes read the passages and paths of mazes, and this run's task has none; name a run on mazes")]
    NoMazes { path: PathBuf },
    /// Nothing where a run or a checkpoint should be.
    #[error(
        "{path}: no such folder or file; name the folder of a run, as `searchlens train` and `demo` write them, or a checkpoint such as RUN/checkpoints/best.safetensors"
    )]
    NoSubject { path: PathBuf },
    /// A run without a checkpoint.
    #[error("{path}: the run has no checkpoint yet; go on with it: searchlens train {path}/config.toml --resume", path = path.display())]
    NoCheckpoint { path: PathBuf },
    /// A seed that a config file cannot hold.
    #[error("--seed {seed}: the seed of a run is a whole number below 2^63, as TOML has them")]
    Seed { seed: u64 },
    /// A graph to be drawn in pixels.
    #[error("a graph has no pixels; use --format unicode or --format svg")]
    NoPixels,
    /// Something about cells that lie beside each other, and a task of graphs.
    #[error("{flag} is for mazes, and the problems of this task have no geometry; leave it out")]
    NoGeometry { flag: &'static str },
    /// Problems that cannot keep clear of a set to avoid, of a task that has none or hardly any.
    #[error(
        "--forced: {task} has no problems, or hardly any, in which every way to the target set enters the set to avoid; use a \
         task of labelled graphs with `avoid`, sparser graphs or a larger set to avoid"
    )]
    NeverForced { task: String },
    /// A puzzle's tokenizer, and a line of something else.
    #[error(
        "the problem is no `{puzzle}`: its nodes or edges are not those of the puzzle; use a tokenizer of graphs, such as \
         `saparov`"
    )]
    NotThePuzzle { puzzle: &'static str },
    /// A tokenizer of labels, and a line whose labels are a puzzle's states.
    #[error("the labels of the problem are the states of a puzzle; use the tokenizer `{puzzle}`")]
    IsAPuzzle { puzzle: &'static str },
    /// A file that does not parse.
    #[error("{path}: {message}")]
    File { path: PathBuf, message: String },
}

impl HasFault for InputError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// An error on its way to the user. Only errors that say whose fault they are become one: `?` on any other does not compile.
#[derive(Debug)]
pub(crate) enum CliError {
    /// What reads our standard output has closed it, as in `searchlens .. | head`. Not a failure.
    ReaderGone,
    /// An error with its causes, as the user reads it, and whose fault it is.
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
    /// The error under the place in the input that it comes from: `problems.jsonl: line 3`.
    pub(crate) fn at(self, place: &str) -> CliError {
        match self {
            CliError::ReaderGone => CliError::ReaderGone,
            CliError::Message { message, fault } => CliError::Message { message: format!("{place}: {message}"), fault },
        }
    }

    /// Prints the message and returns the exit code that goes with it.
    pub(crate) fn report(&self) -> ExitCode {
        let CliError::Message { message, fault } = self else { return ExitCode::SUCCESS };
        eprintln!("error: {message}");
        match fault {
            Fault::BadInput => ExitCode::from(2),
            Fault::Failure => ExitCode::FAILURE,
        }
    }
}

/// The error and its causes, outermost first, each once: some messages already end with their cause.
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

/// Reads a file named on the command line.
pub(crate) fn read(path: &Path) -> Result<String, InputError> {
    std::fs::read_to_string(path).map_err(|source| InputError::Open { path: path.to_owned(), source })
}

/// A panic is our mistake, save where a damaged file brings a decoder down: says so, where to report it, and ends with exit code 1.
pub(crate) fn apologise_for_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if is_decoding() {
            return;
        }
        eprintln!(
            "error: searchlens has a bug: {panic}\nSorry. Please report this with the command you ran: {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        );
        std::process::exit(1);
    }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_said_once() {
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
        assert!(message.starts_with("mazes.jsonl: line 3: a graph has no pixels"), "{message}");
        assert_eq!(fault, Fault::BadInput);
    }
}
