//! What a file says of itself: how its problems were drawn, how many there are, what they are like.

use serde::{Deserialize, Serialize};

use crate::files::fault::FileFault;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::filter::Filter;
use searchlens_tasks::split::Split;
use searchlens_tasks::statistics::Statistics;

/// The version of what is written here: 2 since files hold tori. Readers refuse later ones.
pub const VERSION: u32 = 2;

/// The most bytes that a header can have.
pub(crate) const MAX_BYTES: usize = 16 << 20;

/// What a file says of itself. In every format it is one JSON object; each format's module says where it lies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`VERSION`] of the writer.
    pub searchlens: u32,
    /// The writer.
    pub program: String,
    /// How the problems were drawn, if that is known.
    pub source: Option<Source>,
    /// Number of problems.
    pub n: u64,
    /// What the problems with both ends and a solution are like; `None` if there are none. How many of them differ is
    /// not told: to know that, all would have to be held in memory.
    pub statistics: Option<Statistics>,
}

/// How problems were drawn: with the program's version, enough to draw them again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// The task, every field explicit.
    pub task: TaskConfig,
    /// The seed.
    pub seed: u64,
    /// The split they were drawn from; `None` if from all. (A folder's files hold what fell into theirs.)
    pub split: Option<Split>,
    /// Whether only problems were drawn in which the set to avoid cannot be avoided ([`Task::forced_instance`]).
    ///
    /// [`Task::forced_instance`]: searchlens_tasks::task::Task::forced_instance
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub forced: bool,
    /// Index of the first problem drawn, and one more than that of the last.
    pub indices: [u64; 2],
    /// What was kept of them, in order.
    pub filters: Vec<Filter>,
}

impl Header {
    /// The header of `n` problems, by this program.
    pub fn new(source: Option<Source>, n: u64, statistics: Option<Statistics>) -> Header {
        let program = concat!("searchlens ", env!("CARGO_PKG_VERSION")).to_owned();
        Header { searchlens: VERSION, program, source, n, statistics }
    }

    pub(crate) fn to_json(&self) -> String {
        serde_json::to_string(self).expect("numbers, strings and maps with whole-number keys are JSON")
    }

    /// Reads what [`Header::to_json`] has written; `part` is where it stood.
    pub(crate) fn from_json(part: &str, json: &[u8]) -> Result<Header, FileFault> {
        #[derive(Deserialize)]
        struct Version {
            searchlens: u32,
        }
        if json.len() > MAX_BYTES {
            return Err(FileFault::too_long(part, json.len(), MAX_BYTES));
        }
        let wrong = |error: serde_json::Error| FileFault::part(part, format!("cannot be understood: {error}"));
        let Version { searchlens: version } = serde_json::from_slice(json).map_err(wrong)?;
        if version > VERSION {
            let what = format!("is of format version {version}, and this program reads up to {VERSION}");
            return Err(FileFault::Part { part: part.to_owned(), what, remedy: "read it with a newer searchlens" });
        }
        serde_json::from_slice(json).map_err(wrong)
    }
}
