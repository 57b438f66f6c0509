//! Errors of making a report.

use searchlens_base::fault::{Fault, HasFault};
use std::path::PathBuf;

/// Error of making a report. The message names the file, the place in it and the remedy.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message says it")]
pub enum ReportError {
    #[error("{path}: not a folder; name a run folder (it contains run.json and config.toml)")]
    NoFolder { path: PathBuf },
    #[error(
        "{path}: no such file, so its folder is not a run; name a folder written by `searchlens train` or `searchlens demo`"
    )]
    NotARun { path: PathBuf },
    #[error("{path}: cannot be read: {source}")]
    Read { path: PathBuf, source: std::io::Error },
    /// A JSON file does not parse, or a field has the wrong type. `line` and `column` count from 1; `field` is e.g.
    /// `specimens[2].origin`, `None` if the JSON itself is broken.
    #[error("{path}:{line}:{column}: {at}{message}; {remedy}", at = field_prefix(.field.as_deref()))]
    Json { path: PathBuf, line: usize, column: usize, field: Option<String>, message: String, remedy: &'static str },
    #[error("{path}:{line}: {message}; restore the config that the run was started with")]
    Config { path: PathBuf, line: usize, message: String },
    #[error(
        "{path}: field `format_version` is {found}, this program reads {known}; use the program that wrote the run, or write the file again"
    )]
    Version { path: PathBuf, found: u64, known: u32 },
    /// A field of the gallery contradicts the others.
    #[error("{path}: field `{field}`: {message}; rewrite the gallery with `searchlens eval RUN`")]
    Gallery { path: PathBuf, field: String, message: String },
    #[error("{path}: is a folder; name the HTML file to write, e.g. {path}/report.html")]
    OutIsFolder { path: PathBuf },
    #[error(
        "{path}: cannot be written: {source}; nothing was replaced there, choose another place with --out or free space"
    )]
    Write { path: PathBuf, source: std::io::Error },
}

impl HasFault for ReportError {
    fn fault(&self) -> Fault {
        match self {
            ReportError::Write { .. } => Fault::Failure,
            ReportError::NoFolder { .. }
            | ReportError::NotARun { .. }
            | ReportError::Read { .. }
            | ReportError::Json { .. }
            | ReportError::Config { .. }
            | ReportError::Version { .. }
            | ReportError::Gallery { .. }
            | ReportError::OutIsFolder { .. } => Fault::BadInput,
        }
    }
}

fn field_prefix(field: Option<&str>) -> String {
    field.map_or(String::new(), |field| format!("field `{field}`: "))
}
