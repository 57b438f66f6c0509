//! Problems as records, and their JSON lines.

pub mod error;
pub mod graph;
mod json;
pub mod maze;

use std::fmt;

use searchlens_tasks::instance::Instance;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

pub use self::error::{RecordError, RecordFault};
pub use self::graph::GraphRecord;
pub use self::maze::{MazeRecord, read_records};

/// A problem that is stored in a file.
///
/// ```
/// use searchlens_formats::record::Record;
///
/// let line = r#"{"n":2,"directed":false,"edges":[[0,1]],"origin":0,"goal":{"node":1}}"#;
/// let Record::Graph(graph) = Record::parse(1, line)? else { panic!("it has the key `n`") };
/// assert_eq!(graph.solution, [0, 1]);
/// # Ok::<(), searchlens_formats::record::RecordError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A maze.
    Maze(MazeRecord),
    /// Any other graph.
    Graph(GraphRecord),
}

impl Record {
    /// Returns the JSON line of a problem, without a line feed.
    pub fn line_of(instance: &Instance) -> String {
        match MazeRecord::of(instance) {
            Some(maze) => maze.to_line(instance.class),
            None => GraphRecord::of(instance).to_line(instance.class),
        }
    }

    /// Parses a line: a graph if it has the key `n`, a maze otherwise.
    ///
    /// # Errors
    /// [`RecordError`] with the given line number, if the line is invalid.
    pub fn parse(line_number: usize, line: &str) -> Result<Record, RecordError> {
        match Record::is_graph(line) {
            true => GraphRecord::parse(line_number, line).map(Record::Graph),
            false => MazeRecord::parse(line_number, line).map(Record::Maze),
        }
    }

    /// Whether a line has the key `n`, as graphs do. Its value may be anything: the parser of graphs reports errors.
    pub(crate) fn is_graph(line: &str) -> bool {
        struct Keys<'f>(&'f mut bool);
        impl<'de> Visitor<'de> for Keys<'_> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                while let Some(key) = map.next_key::<String>()? {
                    *self.0 |= key == "n";
                    map.next_value::<IgnoredAny>()?;
                }
                Ok(())
            }
        }
        let mut has_n = false;
        // In an invalid line the keys before the error count.
        let _ = serde_json::Deserializer::from_str(line).deserialize_map(Keys(&mut has_n));
        has_n
    }
}
