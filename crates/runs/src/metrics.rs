//! Writing `metrics.jsonl`, and cutting it back to the checkpoint when a run resumes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use searchlens_base::durable::{Action, FileError, read_file};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_results::Metric;

/// Writes metrics, one JSON object per line.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    file: File,
}

/// A line of `metrics.jsonl` that cannot be parsed.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path}, line {line}: {error}; a run cannot resume with a damaged line before its checkpoint: restore the file from a copy, or train again in \
     another folder",
    path = path.display()
)]
pub struct MetricsError {
    /// The file.
    pub path: PathBuf,
    /// Line number, from 1.
    pub line: usize,
    /// The parser's error.
    pub error: serde_json::Error,
}

impl HasFault for MetricsError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Errors of resuming `metrics.jsonl`.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ResumeMetricsError {
    #[error("{path}: another process is training this run; wait for it, or end it first", path = path.display())]
    Busy { path: PathBuf },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Line(#[from] MetricsError),
}

impl HasFault for ResumeMetricsError {
    fn fault(&self) -> Fault {
        match self {
            ResumeMetricsError::Busy { .. } => Fault::BadInput,
            ResumeMetricsError::File(error) => error.fault(),
            ResumeMetricsError::Line(error) => error.fault(),
        }
    }
}

impl MetricsWriter {
    /// Creates an empty file.
    ///
    /// # Errors
    /// If the file cannot be created.
    pub fn create(path: &Path) -> Result<MetricsWriter, FileError> {
        let file = File::create(path).map_err(Action::Write.failed(path))?;
        // Locks the file for `resume` of other processes. A new file has no other writer, so this cannot fail for that reason.
        let _ = file.try_lock();
        Ok(MetricsWriter { path: path.into(), file })
    }

    /// Opens the file of a run that resumes after `step`, cuts it back to that step, and returns the remaining lines. The cut removes everything
    /// from the first line of a later step on, and an unfinished last line.
    ///
    /// # Errors
    /// If the file cannot be read or written, another process holds its lock, or a line before the cut is damaged.
    pub fn resume(path: &Path, step: u64) -> Result<(MetricsWriter, Vec<Metric>), ResumeMetricsError> {
        let failed = Action::Write.failed(path);
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        // Two writers would damage each other's checkpoints. The system releases the lock when the process ends, however it ends. On file
        // systems without locks there is no protection.
        if let Err(TryLockError::WouldBlock) = file.try_lock() {
            return Err(ResumeMetricsError::Busy { path: path.into() });
        }
        let bytes = read_file(path)?;
        let mut lines = Vec::new();
        let mut whole = 0;
        for (index, line) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
            if !line.ends_with(b"\n") {
                break;
            }
            let metric: Metric = match serde_json::from_slice(line) {
                Ok(metric) => metric,
                Err(error) => return Err(MetricsError { path: path.into(), line: index + 1, error }.into()),
            };
            if metric.step() > step {
                break;
            }
            whole += line.len();
            lines.push(metric);
        }
        file.set_len(whole as u64).map_err(failed)?;
        Ok((MetricsWriter { path: path.into(), file }, lines))
    }

    /// Appends a line.
    ///
    /// # Errors
    /// If the line cannot be written.
    pub fn write(&mut self, metric: &Metric) -> Result<(), FileError> {
        let failed = Action::Write.failed(&self.path);
        let mut line = serde_json::to_vec(metric).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(failed)
    }

    /// Syncs all lines to disk.
    ///
    /// # Errors
    /// If the sync fails.
    pub fn sync(&self) -> Result<(), FileError> {
        self.file.sync_data().map_err(Action::Write.failed(&self.path))
    }
}
