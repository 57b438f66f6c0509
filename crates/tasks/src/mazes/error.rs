//! Errors of maze configs, and the limits they check.

use crate::mazes::option_name::OptionName;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::{listed, near_names};

/// The largest maze, in cells: a thousand by a thousand.
pub const MAX_CELLS: usize = 1_000_000;

/// The longest side of a maze made by random walks: the time of `wilson` and `aldous_broder` grows with the square of the
/// longer side. (Corridors are exempt.)
pub const MAX_WALK_SIDE: usize = 10_000;

/// The largest weight of a passage, so that every distance fits in 32 bits.
pub const MAX_WEIGHT: u32 = 1000;

/// Errors of maze configs. Each is bad input; the message names the remedy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum MazeError {
    /// `rows` or `cols` is 0.
    #[error("{field} = 0: a maze needs at least one row and one column; give {field} a value of 1 or more")]
    ZeroSide { field: &'static str },
    /// One cell only.
    #[error(
        "rows = 1, cols = 1: a maze of one cell has no two different endpoints; make rows or cols at least 2, or set \
         endpoints_not_equal to false"
    )]
    OneCell,
    /// More than [`MAX_CELLS`].
    #[error("rows = {rows}, cols = {cols}: more than {MAX_CELLS} cells; make the maze smaller")]
    TooManyCells { rows: usize, cols: usize },
    /// A torus on which two cells would be adjacent twice.
    #[error(
        "torus = true, rows = {rows}, cols = {cols}: a torus needs at least three rows and three columns; make it larger, \
         or leave `torus` out"
    )]
    NarrowTorus { rows: usize, cols: usize },
    /// The generator needs sides.
    #[error(
        "torus = true: the generator `{generator}` works from side to side, and a torus has no sides; use another, such \
         as dfs or wilson, or leave `torus` out"
    )]
    NoTorus { generator: &'static str },
    /// The generator's random walks would take too long.
    #[error(
        "rows = {rows}, cols = {cols}: the walks of `{generator}` take too long if a side is longer than \
         {MAX_WALK_SIDE}; make the maze shorter, or use another generator"
    )]
    WalkTooLong { generator: &'static str, rows: usize, cols: usize },
    /// No generator has that name.
    #[error(
        "generator = \"{name}\": there is no such generator{}; available: {}",
        near_names(name.strip_prefix("gen_").unwrap_or(name), known.iter().copied()),
        listed(known.iter().copied())
    )]
    UnknownGenerator { name: String, known: Vec<&'static str> },
    /// The generator does not take that option.
    #[error("{option} = {value}: the generator `{generator}` takes no such option; remove it ({})", takes_what(takes))]
    UnusedOption { option: OptionName, value: String, generator: &'static str, takes: &'static [OptionName] },
    /// The value has the wrong form for its option.
    #[error("{option} = {value}: it must be {form}")]
    Value { option: &'static str, value: String, form: &'static str },
    /// maze-dataset's start, on a single row or column.
    #[error(
        "start = \"maze-dataset\": such a start never lies in the last row or column, and a {rows}x{cols} maze has no \
         other cell; leave `start` out, or give the maze two rows and two columns"
    )]
    NoStartCell { rows: usize, cols: usize },
    /// A cell outside the maze.
    #[error("{field} = [{row}, {col}]: there is no such cell in a {rows}x{cols} maze; rows and columns count from 0")]
    CellOutside { field: &'static str, row: usize, col: usize, rows: usize, cols: usize },
    /// The limit leaves a maze of one cell.
    #[error(
        "{option} = {value}: that leaves a maze of one cell, without two different endpoints; make it at least 2, or set \
         endpoints_not_equal to false"
    )]
    NothingCarved { option: OptionName, value: usize },
    /// No maze can meet the endpoint rule.
    #[error("{field} = {value}: {reason}")]
    Rule { field: &'static str, value: String, reason: &'static str },
    /// No drawn maze met the endpoint rules.
    #[error(
        "in {n_draws} draws from `{generator}` on {rows}x{cols} no problem met the endpoint rules; loosen them, \
         or choose mazes that can meet them"
    )]
    NeverMet { n_draws: usize, generator: &'static str, rows: usize, cols: usize },
    /// No drawn problem needs a lookahead that balancing asks for.
    #[error(
        "balance_lookahead: in {n_draws} draws from `{generator}` on {rows}x{cols} no problem needed {lookahead} steps \
         of lookahead at its first fork; choose a narrower `lookahead`, or larger mazes"
    )]
    LookaheadNeverMet { lookahead: usize, n_draws: usize, generator: &'static str, rows: usize, cols: usize },
}

impl HasFault for MazeError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

fn takes_what(options: &[OptionName]) -> String {
    match options {
        [] => "it takes none".to_owned(),
        _ => format!("it takes {}", listed(options.iter().map(|option| option.name()))),
    }
}
