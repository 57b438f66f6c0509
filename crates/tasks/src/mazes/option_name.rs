//! Names of the generators' options, with their help.

use std::fmt;

/// Every option. A generator takes some of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OptionName {
    /// The cell to start from.
    Start,
    /// The number of cells to reach.
    AccessibleCells,
    /// The maximum depth.
    MaxTreeDepth,
    /// Whether to backtrack.
    DoForks,
    /// Whether to continue from any cell instead of the last.
    RandomizedStack,
    /// A probability.
    P,
    /// The probability of continuing from the newest cell.
    Newest,
}

impl OptionName {
    /// All variants.
    pub const ALL: [OptionName; 7] = [
        OptionName::Start,
        OptionName::AccessibleCells,
        OptionName::MaxTreeDepth,
        OptionName::DoForks,
        OptionName::RandomizedStack,
        OptionName::P,
        OptionName::Newest,
    ];

    /// Returns the name in config files; maze-dataset's, if it has the option.
    pub fn name(self) -> &'static str {
        match self {
            OptionName::Start => "start",
            OptionName::AccessibleCells => "accessible_cells",
            OptionName::MaxTreeDepth => "max_tree_depth",
            OptionName::DoForks => "do_forks",
            OptionName::RandomizedStack => "randomized_stack",
            OptionName::P => "p",
            OptionName::Newest => "newest",
        }
    }

    /// Returns the name of the command-line flag, with hyphens.
    pub fn flag(self) -> &'static str {
        match self {
            OptionName::AccessibleCells => "accessible-cells",
            OptionName::MaxTreeDepth => "max-tree-depth",
            OptionName::DoForks => "do-forks",
            OptionName::RandomizedStack => "randomized-stack",
            OptionName::Start | OptionName::P | OptionName::Newest => self.name(),
        }
    }

    /// Returns an alias: maze-dataset calls a given start `start_coord`.
    pub fn alias(self) -> Option<&'static str> {
        (self == OptionName::Start).then_some("start_coord")
    }

    /// Returns the option of a name or alias.
    pub fn parse(name: &str) -> Option<OptionName> {
        OptionName::ALL.into_iter().find(|option| option.name() == name || option.alias() == Some(name))
    }

    /// Returns the valid values, for error messages.
    pub fn form(self) -> &'static str {
        match self {
            OptionName::Start => "`uniform`, `maze-dataset` or a cell [row, col]",
            OptionName::AccessibleCells => "a number of cells, or a share of all cells from 0.0 to 1.0",
            OptionName::MaxTreeDepth => "a whole number, or a share of rows + cols from 0.0 to 1.0",
            OptionName::DoForks | OptionName::RandomizedStack => "true or false",
            OptionName::P | OptionName::Newest => "a probability from 0 to 1",
        }
    }

    /// Returns the one-line help text.
    pub fn help(self) -> &'static str {
        match self {
            OptionName::Start => {
                "Cell to start carving from: uniform, maze-dataset or a cell ROW,COL [default: uniform]"
            }
            OptionName::AccessibleCells => "Stop after reaching this many cells: a number, or a share such as 0.5",
            OptionName::MaxTreeDepth => "Carve no deeper than this: a number, or a share of rows + cols such as 0.5",
            OptionName::DoForks => {
                "Backtrack to cells with unvisited neighbours; false makes one corridor [default: true]"
            }
            OptionName::RandomizedStack => "Continue from any open cell instead of the last one [default: false]",
            OptionName::P => "Probability of a passage: of each, eastwards in sidewinder, upwards in binary_tree",
            OptionName::Newest => "Probability of growing from the newest cell instead of any [default: 0.5]",
        }
    }
}

impl fmt::Display for OptionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
