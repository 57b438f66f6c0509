//! The formats of problem files, by ending.

use std::path::Path;

use searchlens_base::text::listed;

use crate::files::fault::{FileError, FileFault};

/// A format of problem files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// JSON lines, mazes and graphs: `.jsonl`.
    Lines,
    /// A Parquet table of mazes or of graphs: `.parquet`.
    Parquet,
    /// NumPy arrays of mazes or of graphs: `.npz`.
    Npz,
    /// maze-dataset's archives of mazes: `.zanj`, and `.cat.zanj` for the form with solutions end to end.
    Zanj(ZanjForm),
    /// Bit-packed mazes: `.shard`.
    Shard,
    /// A data set folder in Hugging Face's layout, one Parquet file per split: `DIR/`, or an existing folder.
    Folder,
}

/// Every file ending; one that ends with another comes before it.
const ENDINGS: [(&str, Format); 6] = [
    (".jsonl", Format::Lines),
    (".parquet", Format::Parquet),
    (".npz", Format::Npz),
    (".cat.zanj", Format::Zanj(ZanjForm::SolutionsJoined)),
    (".zanj", Format::Zanj(ZanjForm::Minimal)),
    (".shard", Format::Shard),
];

impl Format {
    /// Returns the format of a path, by its ending.
    ///
    /// ```
    /// use searchlens_formats::files::Format;
    ///
    /// assert_eq!(Format::of("mazes.parquet".as_ref()).ok(), Some(Format::Parquet));
    /// assert!(Format::of("mazes.csv".as_ref()).is_err());
    /// ```
    ///
    /// # Errors
    /// [`FileFault::Ending`], if the ending is unknown.
    pub fn of(path: &Path) -> Result<Format, FileError> {
        let text = path.as_os_str().to_string_lossy();
        if path.is_dir() || text.ends_with('/') || text.ends_with(std::path::MAIN_SEPARATOR) {
            return Ok(Format::Folder);
        }
        let named = ENDINGS.into_iter().find(|(ending, _)| text.ends_with(ending));
        let ending = || path.extension().map_or("(none)".to_owned(), |ending| format!(".{}", ending.display()));
        named
            .map(|(_, format)| format)
            .ok_or_else(|| FileFault::Ending { ending: ending(), known: Format::endings() }.at(path))
    }

    /// Returns all endings, for messages.
    pub fn endings() -> String {
        listed(ENDINGS.map(|(ending, _)| ending))
    }
}

/// A form of maze-dataset's archives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ZanjForm {
    /// `MazeDataset:minimal`: solutions padded to the longest. maze-dataset's default from 100 mazes on.
    Minimal,
    /// `MazeDataset:minimal_soln_cat`: solutions concatenated.
    SolutionsJoined,
}

impl ZanjForm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            ZanjForm::Minimal => "MazeDataset:minimal",
            ZanjForm::SolutionsJoined => "MazeDataset:minimal_soln_cat",
        }
    }
}
