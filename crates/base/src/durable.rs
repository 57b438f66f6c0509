//! Files that appear whole or not at all, and stay after a crash.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failpoint::{Stage, Write};
use crate::fault::{Fault, HasFault};

/// How the name of a file begins that is not finished yet. A crash leaves it behind; it may be removed.
pub const UNFINISHED: &str = ".tmp-";

/// A file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}", path = path.display())]
pub struct FileError {
    /// What was tried.
    pub action: Action,
    /// On which file.
    pub path: PathBuf,
    /// What the system said.
    pub source: io::Error,
}

/// What was tried with a file or folder.
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
    /// The error of this action on a file.
    pub fn failed(self, path: &Path) -> impl Fn(io::Error) -> FileError + Copy + '_ {
        move |source| FileError { action: self, path: path.into(), source }
    }
}

impl HasFault for FileError {
    /// What cannot be read was named wrongly; what cannot be written is a matter of disks and rights.
    fn fault(&self) -> Fault {
        match self.action {
            Action::Read | Action::List => Fault::BadInput,
            Action::Write | Action::MakeFolder | Action::Remove => Fault::Failure,
        }
    }
}

/// A file on its way: it is written beside its place, and moved there when it is whole. Dropped before that, it is removed.
#[derive(Debug)]
pub struct StagedFile {
    file: NamedTempFile,
    path: PathBuf,
    write: Write,
}

impl StagedFile {
    /// Begins a file for `path`. What stands there is kept until [`StagedFile::persist`].
    ///
    /// # Errors
    /// If the folder of `path` is not there or may not be written to.
    pub fn create(path: &Path) -> io::Result<StagedFile> {
        let write = Write::begin()?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(UNFINISHED);
        // Temporary files are made for their owner only; results are for whom the user's umask allows to read them.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        // The error names the temporary file, which nobody asked for: keep its kind.
        let file = builder.tempfile_in(folder_of(path)).map_err(|error| io::Error::from(error.kind()))?;
        write.reached(Stage::Made);
        Ok(StagedFile { file, path: path.into(), write })
    }

    /// The file to write to.
    pub fn as_file(&self) -> &File {
        self.file.as_file()
    }

    /// Flushes the file to the disk and moves it to its place.
    ///
    /// # Errors
    /// If the disk is full or the place cannot be replaced; what stood there is then left as it was.
    pub fn persist(self) -> io::Result<()> {
        let StagedFile { file, path, write } = self;
        write.reached(Stage::Written);
        file.as_file().sync_all()?;
        write.reached(Stage::Synced);
        file.persist(&path).map_err(|error| error.error)?;
        write.reached(Stage::Renamed);
        // The rename itself lasts only once the folder is on the disk; file systems without folder handles do not need it.
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

/// Writes a file so that at any moment either the old or the new one is there, whole. A device or pipe is written to as it
/// stands: a file must not take its place.
///
/// # Errors
/// If the folder cannot be written or the disk is full; an existing file is then left as it was.
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

/// The folder that a path lies in.
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
