//! What can be chosen of our own tokenizers, and the one grammar of their names.
//!
//! A name is the form of the maze, then every choice that is not the default, joined by `+`:
//! `edges`, `walls+query-first`, `row-col+by-distance+forks+workspace-8`.

use std::fmt;
use std::str::FromStr;

use crate::name::choice::{ChoiceError, Numbered, WEIGHTS, beginning, choose, number, take_weights};

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

/// `workspace-N`, and the most workspace tokens that a name can ask for.
const WORKSPACE: Numbered = ("workspace", 4096);

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

impl FromStr for Choices {
    type Err = ChoiceError;

    /// Choices may stand in any order. The form must be known: see [`FORMS`].
    fn from_str(name: &str) -> Result<Choices, ChoiceError> {
        let (form, _) = *beginning(name, &FORMS, |(_, form)| form)?;
        let default = Choices::EDGES;
        let mut choices = Choices { form, ..default };
        choose(name, &CHOICES, &[WORKSPACE, WEIGHTS], |choice| {
            let fresh = match choice {
                "sorted" | "by-distance" => {
                    let order = if choice == "sorted" { PassageOrder::Sorted } else { PassageOrder::ByDistance };
                    std::mem::replace(&mut choices.order, order) == default.order
                }
                "query-first" => std::mem::replace(&mut choices.query, QueryPlace::First) == default.query,
                "origin-first" => std::mem::replace(&mut choices.ends, Ends::OriginFirst) == default.ends,
                "directions" | "forks" => {
                    let path = if choice == "forks" { PathForm::Forks } else { PathForm::Directions };
                    std::mem::replace(&mut choices.path, path) == default.path
                }
                _ => {
                    let Some(workspace) = workspace(choice) else {
                        return take_weights(choice, &mut choices.weights);
                    };
                    std::mem::replace(&mut choices.workspace, workspace) == default.workspace
                }
            };
            Some(fresh)
        })?;
        if choices.form == Form::Walls && choices.order != PassageOrder::Drawn {
            return Err(ChoiceError::FixedOrder { name: name.to_owned() });
        }
        Ok(choices)
    }
}

fn workspace(choice: &str) -> Option<Workspace> {
    if choice == "workspace-cells" {
        return Some(Workspace::OneEachCell);
    }
    number(choice, WORKSPACE).map(Workspace::Tokens)
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
