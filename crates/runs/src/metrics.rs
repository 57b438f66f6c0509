//! `metrics.jsonl`: the one writer, and how a run that is taken up again cuts the file back to its checkpoint.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::{Path, PathBuf};

use searchlens_base::durable::{Action, FileError, read_file};
use searchlens_base::fault::{Fault, HasFault};

use searchlens_results::Metric;

/// Writes metrics, one JSON object a line.
#[derive(Debug)]
pub struct MetricsWriter {
    path: PathBuf,
    file: File,
}

/// A line of `metrics.jsonl` that is none.
#[derive(Debug, thiserror::Error)]
#[error(
    "{path}, line {line}: {error}; the lines up to the last checkpoint must be whole: restore the file from a copy, or train anew",
    path = path.display()
)]
pub struct MetricsError {
    /// The file.
    pub path: PathBuf,
    /// Which line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub error: serde_json::Error,
}

impl HasFault for MetricsError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Why metrics cannot be taken up again.
#[derive(Debug, thiserror::Error)]
pub enum ResumeMetricsError {
    /// Another process writes them.
    #[error("{path}: another process is training this run; wait for it, or end it first", path = path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The file cannot be read or cut.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line before the checkpoint is broken.
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
    /// An empty file.
    ///
    /// # Errors
    /// If it cannot be made.
    pub fn create(path: &Path) -> Result<MetricsWriter, FileError> {
        let file = File::create(path).map_err(Action::Write.failed(path))?;
        // As in `resume`; nobody else knows of a run that begins.
        let _ = file.try_lock();
        Ok(MetricsWriter { path: path.into(), file })
    }

    /// The file of a run that goes on after `step`, cut back to the lines up to there, which are returned. A last line without its end is
    /// left out; so is everything from the first line of a later step on.
    ///
    /// # Errors
    /// If the file cannot be read or written, another process writes it, or a line before the cut is broken.
    pub fn resume(path: &Path, step: u64) -> Result<(MetricsWriter, Vec<Metric>), ResumeMetricsError> {
        let failed = Action::Write.failed(path);
        let file = OpenOptions::new().append(true).open(path).map_err(failed)?;
        // Two writers would spoil each other's checkpoints. The system lets go of the lock with the process, however that ends; where a
        // file system has no locks there is no protection.
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

    /// Adds a line.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn write(&mut self, metric: &Metric) -> Result<(), FileError> {
        let failed = Action::Write.failed(&self.path);
        let mut line = serde_json::to_vec(metric).map_err(|error| failed(error.into()))?;
        line.push(b'\n');
        self.file.write_all(&line).map_err(failed)
    }

    /// Returns once every line is on the disk.
    ///
    /// # Errors
    /// If the disk does not take them.
    pub fn sync(&self) -> Result<(), FileError> {
        self.file.sync_data().map_err(Action::Write.failed(&self.path))
    }
}
