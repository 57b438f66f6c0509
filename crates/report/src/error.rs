//! What can go wrong between a run folder and its report.

use std::path::PathBuf;

use searchlens_base::fault::{Fault, HasFault};

/// Why a report could not be made. Each message names the file, the place in it and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The path is no folder.
    #[error("{path}: not a folder; name the folder of a run (it holds run.json and config.toml)")]
    NoFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// A file that every run has is absent.
    #[error(
        "{path}: no such file, so its folder is no run; name a folder that `searchlens train` or `searchlens demo` wrote"
    )]
    NotARun {
        /// The absent file.
        path: PathBuf,
    },
    /// A file is there but cannot be read.
    #[error("{path}: cannot be read: {source}")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A JSON file does not parse or has a field of the wrong kind.
    #[error("{path}:{line}:{column}: {at}{message}; {remedy}", at = named(.field.as_deref()))]
    Json {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
        /// Where in the data, e.g. `specimens[2].origin`; `None` where the text itself is broken.
        field: Option<String>,
        /// What was found and what was expected.
        message: String,
        /// How to get a sound file.
        remedy: &'static str,
    },
    /// `config.toml` does not parse.
    #[error("{path}:{line}: {message}; restore the config that the run was started with")]
    Config {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// What is wrong there.
        message: String,
    },
    /// A file has a format that this program does not know.
    #[error(
        "{path}: field `format_version` is {found}, this program reads {known}; use the program that wrote the run, or write it anew"
    )]
    Version {
        /// The file.
        path: PathBuf,
        /// Version in the file.
        found: u64,
        /// Version that is read.
        known: u32,
    },
    /// The gallery contradicts itself.
    #[error("{path}: field `{field}`: {message}; write the gallery anew with `searchlens eval`")]
    Gallery {
        /// The file.
        path: PathBuf,
        /// The field, e.g. `specimens[2].attention`.
        field: String,
        /// What does not fit.
        message: String,
    },
    /// The page is to be written over a folder.
    #[error("{path}: is a folder; name the HTML file to write, e.g. {path}/report.html")]
    OutIsFolder {
        /// The path that was given.
        path: PathBuf,
    },
    /// A file of the report cannot be written.
    #[error(
        "{path}: cannot be written: {source}; nothing was replaced there, choose another place with --out or make room"
    )]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

impl HasFault for ReportError {
    fn fault(&self) -> Fault {
        match self {
            ReportError::Write { .. } => Fault::Failure,
            _ => Fault::BadInput,
        }
    }
}

fn named(field: Option<&str>) -> String {
    field.map_or(String::new(), |field| format!("field `{field}`: "))
}
