//! Why mazes of some kind cannot be drawn.

use crate::mazes::generators::KINDS;
use crate::mazes::generators::options::OptionName;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::{listed, near_names};

/// The largest maze, in cells: a thousand by a thousand.
pub const MAX_CELLS: usize = 1_000_000;

/// The longest side of a maze made by random walks that look for what is left: `wilson` and `aldous_broder` take a time
/// that grows with the square of the longer side. (Corridors are exempt.)
pub const MAX_WALK_SIDE: usize = 10_000;

/// The greatest weight of a passage, so that no distance leaves 32 bits.
pub const MAX_WEIGHT: u32 = 1000;

/// What is wrong with a table of mazes. Every one is a matter of input: the remedy is in the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MazeError {
    /// `rows` or `cols` is 0.
    #[error("{field} = 0: a maze needs at least one row and one column; give {field} a value of 1 or more")]
    ZeroSide {
        /// `rows` or `cols`.
        field: &'static str,
    },
    /// One cell only.
    #[error(
        "rows = 1, cols = 1: a maze of one cell has no two different endpoints; make rows or cols at least 2, or set \
         endpoints_not_equal to false"
    )]
    OneCell,
    /// More than [`MAX_CELLS`].
    #[error("rows = {rows}, cols = {cols}: more than {MAX_CELLS} cells; make the maze smaller")]
    TooManyCells {
        /// What was asked for.
        rows: usize,
        /// What was asked for.
        cols: usize,
    },
    /// A torus on which two cells would be adjacent twice.
    #[error(
        "torus = true, rows = {rows}, cols = {cols}: a torus needs three rows and three columns at least; make it larger, \
         or leave `torus` out"
    )]
    NarrowTorus {
        /// What was asked for.
        rows: usize,
        /// What was asked for.
        cols: usize,
    },
    /// A generator that works from side to side.
    #[error(
        "torus = true: the generator `{generator}` works from side to side, and a torus has no sides; take another, such \
         as dfs or wilson, or leave `torus` out"
    )]
    NoTorus {
        /// The generator.
        generator: &'static str,
    },
    /// A random walk would not come to an end.
    #[error(
        "rows = {rows}, cols = {cols}: the walks of `{generator}` take too long where a side is longer than \
         {MAX_WALK_SIDE}; make the maze shorter, or take another generator"
    )]
    WalkTooLong {
        /// The generator.
        generator: &'static str,
        /// What was asked for.
        rows: usize,
        /// What was asked for.
        cols: usize,
    },
    /// No generator of that name.
    #[error(
        "generator = \"{name}\": there is no such generator{}; available: {}",
        near_names(name.strip_prefix("gen_").unwrap_or(name), generator_names()),
        listed(generator_names())
    )]
    UnknownGenerator {
        /// What was asked for.
        name: String,
    },
    /// An option that the generator has no use for.
    #[error("{option} = {value}: the generator `{generator}` takes no such option; remove it ({})", takes_what(takes))]
    UnusedOption {
        /// The option.
        option: OptionName,
        /// Its value.
        value: String,
        /// The generator.
        generator: &'static str,
        /// The options it does take.
        takes: &'static [OptionName],
    },
    /// A value that is not of its option's form.
    #[error("{option} = {value}: it must be {form}")]
    Value {
        /// The option.
        option: &'static str,
        /// What stands there.
        value: String,
        /// What should.
        form: &'static str,
    },
    /// maze-dataset's start on a single row or column.
    #[error(
        "start = \"maze-dataset\": it never lies in the last row or column, and a {rows}x{cols} maze has no \
         other cell; leave `start` out or give the maze two rows and two columns"
    )]
    NoStartCell {
        /// Rows of the maze.
        rows: usize,
        /// Columns of the maze.
        cols: usize,
    },
    /// A cell outside the maze.
    #[error("{field} = [{row}, {col}]: there is no such cell in a {rows}x{cols} maze; rows and columns count from 0")]
    CellOutside {
        /// The option.
        field: &'static str,
        /// The cell's row.
        row: usize,
        /// The cell's column.
        col: usize,
        /// Rows of the maze.
        rows: usize,
        /// Columns of the maze.
        cols: usize,
    },
    /// A limit under which nothing is carved.
    #[error(
        "{option} = {value}: that leaves a maze of one cell, without two different endpoints; make it at least 2, or set \
         endpoints_not_equal to false"
    )]
    NothingCarved {
        /// The option.
        option: OptionName,
        /// What it comes to on this lattice.
        value: usize,
    },
    /// A rule for endpoints that no maze can meet.
    #[error("{field} = {value}: {reason}")]
    Rule {
        /// The rule.
        field: &'static str,
        /// Its value.
        value: String,
        /// Why it cannot be met, and the remedy.
        reason: &'static str,
    },
    /// A rule for endpoints that no drawn maze has met.
    #[error(
        "in {n_draws} draws from `{generator}` on {rows}x{cols} no problem met the rules for endpoints; loosen them, \
         or make mazes that allow them"
    )]
    NeverMet {
        /// How many mazes were drawn.
        n_draws: usize,
        /// The generator.
        generator: &'static str,
        /// Rows of the maze.
        rows: usize,
        /// Columns of the maze.
        cols: usize,
    },
    /// A lookahead that balancing asks for and no drawn problem needs.
    #[error(
        "balance_lookahead: in {n_draws} draws from `{generator}` on {rows}x{cols} no problem needed {lookahead} steps \
         of lookahead at its first fork; choose a narrower `lookahead`, or larger mazes"
    )]
    LookaheadNeverMet {
        /// The steps that are missing.
        lookahead: usize,
        /// How many mazes were drawn.
        n_draws: usize,
        /// The generator.
        generator: &'static str,
        /// Rows of the maze.
        rows: usize,
        /// Columns of the maze.
        cols: usize,
    },
}

impl HasFault for MazeError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Names of all generators.
pub(crate) fn generator_names() -> impl Iterator<Item = &'static str> + Clone {
    KINDS.iter().map(|kind| kind.name)
}

fn takes_what(options: &[OptionName]) -> String {
    match options {
        [] => "it takes none".to_owned(),
        _ => format!("it takes {}", listed(options.iter().map(|option| option.name()))),
    }
}
