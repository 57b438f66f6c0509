//! The header of a problem file: how its problems were drawn, their number and statistics.

use serde::{Deserialize, Serialize};

use crate::files::fault::FileFault;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::sets::filter::Filter;
use searchlens_tasks::sets::statistics::Statistics;
use searchlens_tasks::splits::Split;

/// Format version: 2 since files can store tori. Readers refuse later versions.
pub const VERSION: u32 = 2;

/// Maximum size of a header in bytes.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// The header of a problem file: one JSON object in every format; each format's module says where it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`VERSION`] of the writer.
    pub searchlens: u32,
    /// Name and version of the program that wrote the file.
    pub program: String,
    /// How the problems were drawn, if known.
    pub source: Option<Source>,
    /// Number of problems.
    pub n: u64,
    /// Statistics of the problems with both ends and a solution; `None` if there are none. They do not count distinct
    /// problems, which would need all of them in memory.
    pub statistics: Option<Statistics>,
}

/// How problems were drawn: enough, with the program's version, to draw them again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The task, with every field explicit.
    pub task: TaskConfig,
    /// The seed.
    pub seed: u64,
    /// The split they were drawn from; `None` for all splits. (Each file of a folder has the problems of its split.)
    pub split: Option<Split>,
    /// Whether only problems were drawn whose every path crosses the avoid set ([`Task::unavoidable_instance`]).
    ///
    /// [`Task::unavoidable_instance`]: searchlens_tasks::task::Task::unavoidable_instance
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// Range of problem indices: first, and last plus one.
    pub indices: [u64; 2],
    /// The filters that were applied, in order.
    pub filters: Vec<Filter>,
}

impl Header {
    /// Returns the header of `n` problems written by this program.
    pub fn new(source: Option<Source>, n: u64, statistics: Option<Statistics>) -> Header {
        let program = concat!("searchlens ", env!("CARGO_PKG_VERSION")).to_owned();
        Header { searchlens: VERSION, program, source, n, statistics }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers, strings and maps with whole-number keys are JSON")
    }

    /// Parses a header; `part` is where it was stored, for errors.
    pub(crate) fn from_json(part: &str, json: &[u8]) -> Result<Header, FileFault> {
        #[derive(Deserialize)]
        struct Version {
            searchlens: u32,
        }
        if json.len() > MAX_BYTES {
            return Err(FileFault::too_long(part, json.len(), MAX_BYTES));
        }
        let wrong = |error: serde_json::Error| FileFault::part(part, format!("is not a valid header: {error}"));
        let Version { searchlens: version } = serde_json::from_slice(json).map_err(wrong)?;
        if version > VERSION {
            let what = format!("is of format version {version}, and this program reads up to {VERSION}");
            return Err(FileFault::Part { part: part.to_owned(), what, remedy: "read it with a newer searchlens" });
        }
        serde_json::from_slice(json).map_err(wrong)
    }
}
