//! What goes wrong, how it is told, and with which exit code.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use searchlens::base::durable::Action;
use searchlens::lens::activations::ActivationsError;
use searchlens::model::checkpoint::CheckpointError;
use searchlens::report::ReportError;
use searchlens::runs::run::RunError;
use searchlens::runs::snapshot::SnapshotError;
use searchlens::tokens::tokenizer::TokenizerName;
use searchlens::{formats, lens, model, runs, tasks, tokens};

use crate::output::ReaderGone;

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

/// Prints an error with its causes and gives the exit code that goes with it.
pub(crate) fn report(error: &anyhow::Error) -> ExitCode {
    if error.chain().any(|cause| cause.is::<ReaderGone>()) {
        // Whoever read our output has enough: `searchlens .. | head` is no failure.
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {}", told(error));
    if error.chain().any(is_bad_input) { ExitCode::from(2) } else { ExitCode::FAILURE }
}

/// The error and its causes, outermost first, each once: some messages already end with their cause.
fn told(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).fold(String::new(), |told, cause| match told.as_str() {
        "" => cause,
        before if before.contains(&cause) => told,
        before => format!("{before}: {cause}"),
    })
}

/// Whether an error is the input's fault. Everything else is a failure.
fn is_bad_input(error: &(dyn std::error::Error + 'static)) -> bool {
    error.is::<InputError>()
        || error.is::<tasks::config::TaskError>()
        || error.is::<tasks::config::MazeError>()
        || error.is::<tasks::filter::FilterError>()
        || error.is::<tasks::count::CountError>()
        || error.downcast_ref::<formats::files::FileError>().is_some_and(|error| error.fault.is_bad_input())
        || error.is::<tasks::split::UnknownSplit>()
        || error.is::<tokens::example::EncodeError>()
        || error.is::<tokens::tokenizer::TokenizerError>()
        || error.is::<tokens::name::NameError>()
        || error.is::<model::config::ConfigError>()
        || error.is::<runs::config::ConfigError>()
        || error.is::<runs::config::ConfigProblem>()
        || error.is::<model::generate::GenerateError>()
        || error.downcast_ref::<ReportError>().is_some_and(|error| !matches!(error, ReportError::Write { .. }))
        || error.downcast_ref::<SnapshotError>().is_some_and(is_bad_snapshot)
        || error.downcast_ref::<RunError>().is_some_and(RunError::is_bad_input)
        || error.downcast_ref::<CheckpointError>().is_some_and(is_bad_checkpoint)
        || error.downcast_ref::<ActivationsError>().is_some_and(is_bad_request)
        || error.is::<model::model::TokensError>()
        || error.is::<lens::address::AddressError>()
        || error.is::<lens::capture::CaptureError>()
        || error.is::<model::kernels::tier::TierError>()
}

fn is_bad_checkpoint(error: &CheckpointError) -> bool {
    !matches!(error, CheckpointError::File(file) if file.action == Action::Write)
}

fn is_bad_snapshot(error: &SnapshotError) -> bool {
    match error {
        SnapshotError::File(file) => file.action != Action::Write,
        SnapshotError::Checkpoint(error) => is_bad_checkpoint(error),
        SnapshotError::Notes { .. } | SnapshotError::Fingerprint { .. } => true,
    }
}

fn is_bad_request(error: &ActivationsError) -> bool {
    match error {
        ActivationsError::Checkpoint(error) => is_bad_checkpoint(error),
        ActivationsError::File(_) | ActivationsError::Tensor { .. } | ActivationsError::Capture(_) => true,
    }
}

/// Reads a file named on the command line.
pub(crate) fn read(path: &Path) -> Result<String, InputError> {
    std::fs::read_to_string(path).map_err(|source| InputError::Open { path: path.to_owned(), source })
}

/// A panic is our mistake, save where a damaged file brings a decoder down: says so, where to report it, and ends with exit code 1.
pub(crate) fn apologise_for_panics() {
    std::panic::set_hook(Box::new(|panic| {
        if formats::files::is_decoding() {
            return;
        }
        eprintln!(
            "error: searchlens has a bug: {panic}\nSorry. Please report this with the command you ran: {}/issues",
            env!("CARGO_PKG_REPOSITORY")
        );
        std::process::exit(1);
    }));
}
