//! Problems as records, and their JSON lines.

pub mod error;
pub mod graph;
mod json;
pub mod maze;

use std::fmt;

use searchlens_tasks::task::Instance;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

pub use self::error::{RecordError, RecordFault};
pub use self::graph::GraphRecord;
pub use self::maze::{MazeRecord, read_records};

/// A line of a maze or of a graph.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// A maze.
    Maze(MazeRecord),
    /// Any other graph.
    Graph(GraphRecord),
}

impl Record {
    /// The line of a problem, without a line feed.
    pub fn line_of(instance: &Instance) -> String {
        match MazeRecord::of(instance) {
            Some(maze) => maze.to_line(instance.class),
            None => GraphRecord::of(instance).to_line(instance.class),
        }
    }

    /// Reads one line: a graph if it has the key `n`, a maze otherwise.
    ///
    /// # Errors
    /// [`RecordError`], as the two readers have them.
    pub fn parse(line_number: usize, line: &str) -> Result<Record, RecordError> {
        match Record::is_graph(line) {
            true => GraphRecord::parse(line_number, line).map(Record::Graph),
            false => MazeRecord::parse(line_number, line).map(Record::Maze),
        }
    }

    /// Whether a line is a graph's: whether it has the key `n`. What comes after the key may be anything: what is wrong
    /// with a graph is for the reader of graphs to say.
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
        // A line that cannot be read to its end has shown its first keys.
        let _ = serde_json::Deserializer::from_str(line).deserialize_map(Keys(&mut has_n));
        has_n
    }
}
