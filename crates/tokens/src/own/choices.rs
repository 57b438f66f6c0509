//! What can be chosen of our own tokenizers, and the one grammar of their names.
//!
//! A name is the form of the maze, then every choice that is not the default, joined by `+`:
//! `edges`, `walls+query-first`, `row-col+by-distance+forks+workspace-8`.

use std::fmt;
use std::str::FromStr;

use searchlens_tasks::text::{listed, near_names};

/// One of our tokenizers: independent choices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Choices {
    /// How the maze is written.
    pub form: Form,
    /// In which order its passages come.
    pub order: PassageOrder,
    /// Where origin and target stand.
    pub query: QueryPlace,
    /// Which of the two comes first.
    pub ends: Ends,
    /// How the path is written.
    pub path: PathForm,
    /// Tokens between the problem and the path that say nothing: room to work in.
    pub workspace: Workspace,
    /// `weights-N`: behind each passage (in `walls`: in its place) a word for what it costs, 1 to so many. 0, the
    /// default: no such words, and mazes with weights cannot be written.
    pub weights: u32,
}

/// How the maze is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Form {
    /// `edges`: a passage is one token.
    Edges,
    /// `walls`: one token for each pair of adjacent cells, in fixed order, open or wall.
    Walls,
    /// `cells`: a passage is two cells.
    Cells,
    /// `row-col`: a passage is two cells, and every cell a row and a column.
    RowCol,
}

/// In which order passages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PassageOrder {
    /// Drawn, like the orientation where it is written.
    Drawn,
    /// `sorted`: by the smaller cell, then by the larger; smaller cell first.
    Sorted,
    /// `by-distance`: nearest to the origin first, nearer cell first; order drawn among equals.
    ByDistance,
}

/// Where origin and target stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueryPlace {
    /// Behind the maze.
    Last,
    /// `query-first`: before the maze.
    First,
}

/// Whether origin or target comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ends {
    /// The target.
    TargetFirst,
    /// `origin-first`: the origin.
    OriginFirst,
}

/// How the path is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathForm {
    /// Every cell after the origin.
    Cells,
    /// `directions`: the direction of every step.
    Directions,
    /// `forks`: the direction of the first step, and of each step out of a cell with more than two passages.
    Forks,
}

/// Tokens between the problem and the path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Workspace {
    /// `workspace-N`: so many; none by default.
    Tokens(usize),
    /// `workspace-cells`: as many as the maze has cells.
    OneEachCell,
}

/// The most workspace tokens that a name can ask for.
pub const MAX_WORKSPACE: usize = 4096;

/// The largest weight that a name can ask for a word for.
pub const MAX_WEIGHT: u32 = 1000;

impl Choices {
    /// `edges`.
    pub const EDGES: Choices = Choices {
        form: Form::Edges,
        order: PassageOrder::Drawn,
        query: QueryPlace::Last,
        ends: Ends::TargetFirst,
        path: PathForm::Cells,
        workspace: Workspace::Tokens(0),
        weights: 0,
    };
}

/// Every form with its name.
pub const FORMS: [(Form, &str); 4] =
    [(Form::Edges, "edges"), (Form::Walls, "walls"), (Form::Cells, "cells"), (Form::RowCol, "row-col")];

/// What may follow the form, in the order in which names are printed.
pub const CHOICES: [&str; 7] =
    ["sorted", "by-distance", "query-first", "origin-first", "directions", "forks", "workspace-cells"];

/// A text that is no name of one of our tokenizers, though it begins like one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// There is no such choice.
    #[error(
        "tokenizer `{name}`: unknown choice `{choice}`{}; known: {}, workspace-N (N up to {MAX_WORKSPACE}), \
         weights-N (N up to {MAX_WEIGHT})",
        near_names(choice, CHOICES),
        listed(CHOICES)
    )]
    Unknown {
        /// The whole name.
        name: String,
        /// The choice.
        choice: String,
    },
    /// The same thing is chosen twice.
    #[error("tokenizer `{name}`: `{choice}` chooses what is chosen already; leave one of the two out")]
    Twice {
        /// The whole name.
        name: String,
        /// The second choice.
        choice: String,
    },
    /// An order for a form that has its own.
    #[error("tokenizer `{name}`: `walls` writes every pair of cells in a fixed order; leave the order out")]
    FixedOrder {
        /// The whole name.
        name: String,
    },
}

impl FromStr for Choices {
    type Err = ChoiceError;

    /// Choices may stand in any order. The form must be known: see [`FORMS`].
    fn from_str(name: &str) -> Result<Choices, ChoiceError> {
        let mut words = name.split('+');
        let unknown = |choice: &str| ChoiceError::Unknown { name: name.to_owned(), choice: choice.to_owned() };
        let form = words.next().unwrap_or_default();
        let known = FORMS.iter().find(|(_, known)| *known == form);
        let mut choices = Choices { form: known.ok_or_else(|| unknown(form))?.0, ..Choices::EDGES };
        for word in words {
            let default = Choices::EDGES;
            let fresh = match word {
                "sorted" | "by-distance" => {
                    let order = if word == "sorted" { PassageOrder::Sorted } else { PassageOrder::ByDistance };
                    std::mem::replace(&mut choices.order, order) == default.order
                }
                "query-first" => std::mem::replace(&mut choices.query, QueryPlace::First) == default.query,
                "origin-first" => std::mem::replace(&mut choices.ends, Ends::OriginFirst) == default.ends,
                "directions" | "forks" => {
                    let path = if word == "forks" { PathForm::Forks } else { PathForm::Directions };
                    std::mem::replace(&mut choices.path, path) == default.path
                }
                _ if word.starts_with("weights-") => {
                    let weights = number(word, "weights-").filter(|&n| n <= MAX_WEIGHT as usize);
                    let weights = weights.ok_or_else(|| unknown(word))? as u32;
                    std::mem::replace(&mut choices.weights, weights) == default.weights
                }
                _ => {
                    let workspace = workspace(word).ok_or_else(|| unknown(word))?;
                    std::mem::replace(&mut choices.workspace, workspace) == default.workspace
                }
            };
            if !fresh {
                return Err(ChoiceError::Twice { name: name.to_owned(), choice: word.to_owned() });
            }
        }
        if choices.form == Form::Walls && choices.order != PassageOrder::Drawn {
            return Err(ChoiceError::FixedOrder { name: name.to_owned() });
        }
        Ok(choices)
    }
}

fn workspace(word: &str) -> Option<Workspace> {
    if word == "workspace-cells" {
        return Some(Workspace::OneEachCell);
    }
    number(word, "workspace-").filter(|&n| n <= MAX_WORKSPACE).map(Workspace::Tokens)
}

/// A number of at least 1 behind a word.
fn number(word: &str, prefix: &str) -> Option<usize> {
    let digits = word.strip_prefix(prefix)?;
    let n: usize = digits.parse().ok().filter(|&n| n >= 1)?;
    // One spelling for each number: no `+8`, no `08`.
    (digits == n.to_string()).then_some(n)
}

impl fmt::Display for Choices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FORMS[self.form as usize].1)?;
        match self.order {
            PassageOrder::Drawn => Ok(()),
            PassageOrder::Sorted => f.write_str("+sorted"),
            PassageOrder::ByDistance => f.write_str("+by-distance"),
        }?;
        if self.query == QueryPlace::First {
            f.write_str("+query-first")?;
        }
        if self.ends == Ends::OriginFirst {
            f.write_str("+origin-first")?;
        }
        match self.path {
            PathForm::Cells => Ok(()),
            PathForm::Directions => f.write_str("+directions"),
            PathForm::Forks => f.write_str("+forks"),
        }?;
        match self.workspace {
            Workspace::Tokens(0) => Ok(()),
            Workspace::Tokens(n) => write!(f, "+workspace-{n}"),
            Workspace::OneEachCell => f.write_str("+workspace-cells"),
        }?;
        if self.weights > 0 { write!(f, "+weights-{}", self.weights) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every combination of choices, with no workspace, three tokens, and one each cell.
    fn all() -> Vec<Choices> {
        let mut all = Vec::new();
        for (form, _) in FORMS {
            for order in [PassageOrder::Drawn, PassageOrder::Sorted, PassageOrder::ByDistance] {
                for query in [QueryPlace::Last, QueryPlace::First] {
                    for ends in [Ends::TargetFirst, Ends::OriginFirst] {
                        for path in [PathForm::Cells, PathForm::Directions, PathForm::Forks] {
                            for workspace in [Workspace::Tokens(0), Workspace::Tokens(3), Workspace::OneEachCell] {
                                let weights = if path == PathForm::Forks { 9 } else { 0 };
                                all.push(Choices { form, order, query, ends, path, workspace, weights });
                            }
                        }
                    }
                }
            }
        }
        all.retain(|choices| choices.form != Form::Walls || choices.order == PassageOrder::Drawn);
        all
    }

    #[test]
    fn every_name_is_read_as_it_is_printed() {
        let all = all();
        assert_eq!(all.len(), (3 * 3 + 1) * 2 * 2 * 3 * 3);
        for choices in all {
            assert_eq!(choices.to_string().parse(), Ok(choices));
        }
        assert_eq!("edges+forks+sorted".parse::<Choices>().unwrap().to_string(), "edges+sorted+forks");
    }

    #[test]
    fn a_wrong_choice_is_told_what_is_right() {
        let error = |name: &str| name.parse::<Choices>().unwrap_err().to_string();
        assert_eq!(
            error("edges+querry-first"),
            "tokenizer `edges+querry-first`: unknown choice `querry-first` (did you mean `query-first`?); known: \
             sorted, by-distance, query-first, origin-first, directions, forks, workspace-cells, workspace-N (N up to 4096), \
             weights-N (N up to 1000)"
        );
        assert!(error("edges+workspace-0").contains("unknown choice `workspace-0`"));
        assert!(error("edges+workspace-08").contains("unknown choice `workspace-08`"));
        assert!(error("edges+").contains("unknown choice ``"));
        assert!(
            error("edges+forks+directions")
                .ends_with("`directions` chooses what is chosen already; leave one of the two out")
        );
        assert!(error("walls+sorted").contains("`walls` writes every pair of cells in a fixed order"));
    }
}
