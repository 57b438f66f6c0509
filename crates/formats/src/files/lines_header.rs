//! The header of a file of JSON lines, which lies beside it as `FILE.header.json`.
//!
//! Lines stay plain: whoever reads them takes each for a problem. The header says how many bytes its lines have and what their
//! checksum is, and counts only beside those; lines that were edited, or another file's, have none.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::Crc;
use serde::{Deserialize, Serialize};

use crate::files::fault::FileFault;
use crate::files::header::{self, Header};

/// What is written: the header with a key more.
#[derive(Serialize)]
struct Written<'a> {
    #[serde(flatten)]
    header: &'a Header,
    lines: Lines,
}

/// The key `lines`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Lines {
    bytes: u64,
    /// CRC-32 as in zip files, in hexadecimal digits.
    crc32: String,
}

/// Where the header of a file of lines lies.
pub fn header_path(lines: &Path) -> PathBuf {
    let mut name = OsString::from(lines);
    name.push(".header.json");
    name.into()
}

/// What is to stand in the [`header_path`] of a file of lines, which is whole.
///
/// # Errors
/// [`FileFault::Read`], if the lines cannot be read.
pub fn header_of_lines(lines: &Path, header: &Header) -> Result<String, FileFault> {
    let lines = Lines::of(lines).map_err(FileFault::Read)?;
    Ok(serde_json::to_string(&Written { header, lines }).expect("numbers, strings and maps are JSON") + "\n")
}

/// The header of a file of lines; `None` if there is none beside it, or one of other lines.
pub(crate) fn read(lines: &Path) -> Result<Option<Header>, FileFault> {
    #[derive(Deserialize)]
    struct OfLines {
        lines: Lines,
    }
    let path = header_path(lines);
    let mut json = Vec::new();
    match File::open(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file.and_then(|file| file.take(header::MAX_BYTES as u64 + 1).read_to_end(&mut json)),
    }
    .map_err(FileFault::Read)?;
    let part = path.file_name().unwrap_or_default().to_string_lossy();
    let header = Header::from_json(&part, &json)?;
    let said: OfLines = serde_json::from_slice(&json)
        .map_err(|error| FileFault::part(part, format!("does not say which lines it is of: {error}")))?;
    // A pipe has no length; what it holds must not be read here.
    let bytes = lines.metadata().map_err(FileFault::Read)?.len();
    let is_ours = said.lines.bytes == bytes && Lines::of(lines).map_err(FileFault::Read)? == said.lines;
    Ok(is_ours.then_some(header))
}

impl Lines {
    fn of(path: &Path) -> io::Result<Lines> {
        let mut file = File::open(path)?;
        let mut buffer = vec![0; 1 << 16];
        let (mut bytes, mut crc) = (0, Crc::new());
        loop {
            let n = file.read(&mut buffer)?;
            if n == 0 {
                return Ok(Lines { bytes, crc32: format!("{:08x}", crc.sum()) });
            }
            bytes += n as u64;
            crc.update(&buffer[..n]);
        }
    }
}
