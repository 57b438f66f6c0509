//! The header of a file of JSON lines: a second file, `FILE.header.json`.
//!
//! The lines contain problems only. The header stores their size and checksum, and is ignored if they differ, as in edited
//! files.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use flate2::Crc;
use serde::{Deserialize, Serialize};

use crate::files::fault::FileFault;
use crate::files::header::{self, Header};

/// The header with one more key.
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

/// Returns the path of the header of a file of JSON lines.
pub fn header_path(lines: &Path) -> PathBuf {
    let mut name = OsString::from(lines);
    name.push(".header.json");
    name.into()
}

/// Returns the content of the [`header_path`] of a complete file of JSON lines.
///
/// # Errors
/// [`FileFault::Read`], if the lines cannot be read.
pub fn header_of_lines(lines: &Path, header: &Header) -> Result<String, FileFault> {
    let lines = Lines::of(lines).map_err(FileFault::Read)?;
    Ok(serde_json::to_string(&Written { header, lines }).expect("numbers, strings and maps are JSON") + "\n")
}

/// Reads the header of a file of JSON lines; `None` if there is none, or it belongs to other lines.
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
        .map_err(|error| FileFault::part(part, format!("does not say which lines it belongs to: {error}")))?;
    // A pipe has no length, and must not be read here.
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
