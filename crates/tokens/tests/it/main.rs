//! Tests of the tokens room: its tokenizers against maze-dataset's own output, and properties of all of them.

mod corrupt;
mod edges;
mod golden;
mod mazes;
mod roundtrip;
