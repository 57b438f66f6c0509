//! Atomic, durable file writes: a file appears whole or not at all, and survives a crash.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failpoint::{Stage, Write};
use crate::fault::{Fault, HasFault};

/// Prefix of the names of unfinished files. A crash may leave them behind; they may be removed.
pub const UNFINISHED: &str = ".tmp-";

/// Error of reading or writing a file.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}", path = path.display())]
pub struct FileError {
    /// The failed action.
    pub action: Action,
    /// The file or folder.
    pub path: PathBuf,
    /// The error of the operating system.
    pub source: io::Error,
}

/// An action on a file or folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Read a file.
    Read,
    /// List a folder.
    List,
    /// Write a file.
    Write,
    /// Make a folder.
    MakeFolder,
    /// Remove a file.
    Remove,
}

impl std::fmt::Display for Action {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Action::Read => "read",
            Action::List => "list",
            Action::Write => "write",
            Action::MakeFolder => "make the folder",
            Action::Remove => "remove",
        })
    }
}

impl Action {
    /// Returns a function that makes the error of this action on a file.
    pub fn failed(self, path: &Path) -> impl Fn(io::Error) -> FileError + Copy + '_ {
        move |source| FileError { action: self, path: path.into(), source }
    }
}

impl HasFault for FileError {
    /// Reading fails because the path is wrong; writing fails because of disks and permissions.
    fn fault(&self) -> Fault {
        match self.action {
            Action::Read | Action::List => Fault::BadInput,
            Action::Write | Action::MakeFolder | Action::Remove => Fault::Failure,
        }
    }
}

/// A file written next to its final path, and renamed there once it is complete. Dropped earlier, it is removed.
#[derive(Debug)]
pub struct StagedFile {
    file: NamedTempFile,
    path: PathBuf,
    write: Write,
}

impl StagedFile {
    /// Creates a staged file for `path`. An existing file stays until [`StagedFile::persist`].
    ///
    /// # Errors
    /// If the folder of `path` is missing or not writable.
    pub fn create(path: &Path) -> io::Result<StagedFile> {
        let write = Write::begin()?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        // Temporary files are readable by their owner only; results follow the user's umask.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // The error names the temporary file, which means nothing to the user: keep only its kind.
        let file = builder.tempfile_in(folder_of(path)).map_err(|error| io::Error::from(error.kind()))?;
        write.reached(Stage::Made);
        Ok(StagedFile { file, path: path.into(), write })
    }

    /// Returns the file to write to.
    pub fn as_file(&self) -> &File {
        self.file.as_file()
    }

    /// Syncs the file to disk and renames it to its final path.
    ///
    /// # Errors
    /// If the disk is full or the path cannot be replaced; an existing file is then unchanged.
    pub fn persist(self) -> io::Result<()> {
        let StagedFile { file, path, write } = self;
        write.reached(Stage::Written);
        file.as_file().sync_all()?;
        write.reached(Stage::Synced);
        file.persist(&path).map_err(|error| error.error)?;
        write.reached(Stage::Renamed);
        // The rename is durable only once the folder is synced; file systems without folder handles do not need it.
        if let Ok(folder) = File::open(folder_of(&path)) {
            folder.sync_all()?;
        }
        write.reached(Stage::Kept);
        Ok(())
    }
}

impl io::Write for StagedFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_file_mut().flush()
    }
}

/// Writes a file atomically: at any moment either the old or the new one is there, complete. Devices and pipes are written
/// directly, since a file must not replace them.
///
/// # Errors
/// If the folder is not writable or the disk is full; an existing file is then unchanged.
pub fn write_atomically(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let write = || {
        if path.metadata().is_ok_and(|there| !there.is_file() && !there.is_dir()) {
            return File::options().write(true).open(path)?.write_all(bytes);
        }
        let mut staged = StagedFile::create(path)?;
        if let Some(n) = staged.write.fatal_bytes() {
            staged.write_all(&bytes[..n.min(bytes.len())])?;
            staged.write.reached(Stage::Bytes(n));
        }
        staged.write_all(bytes)?;
        staged.persist()
    };
    write().map_err(Action::Write.failed(path))
}

/// Reads a whole file.
///
/// # Errors
/// If it cannot be read.
pub fn read_file(path: &Path) -> Result<Vec<u8>, FileError> {
    std::fs::read(path).map_err(Action::Read.failed(path))
}

/// Returns the folder of a path.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_replaced_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        write_atomically(&path, b"old").unwrap();
        let error = write_atomically(&dir.path().join("missing/new"), b"new").unwrap_err();
        assert!(error.to_string().contains("missing/new"), "{error}");
        let mut staged = StagedFile::create(&path).unwrap();
        staged.write_all(b"half").unwrap();
        drop(staged);
        assert_eq!((read_file(&path).unwrap(), dir.path().read_dir().unwrap().count()), (b"old".to_vec(), 1));
        write_atomically(&path, b"new").unwrap();
        assert_eq!((read_file(&path).unwrap(), dir.path().read_dir().unwrap().count()), (b"new".to_vec(), 1));
    }
}
