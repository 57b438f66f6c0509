//! Names of Searchlens' own tokenizers: independent choices.
//!
//! A name is the form of the maze, then every choice that is not the default, joined by `+`:
//! `edges`, `walls+query-first`, `row-col+by-distance+forks+workspace-8`.

use std::fmt;
use std::str::FromStr;

use crate::name::choice::{ChoiceError, Numbered, WEIGHTS, beginning, choose, number, take_weights};

/// One of Searchlens' own tokenizers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Choices {
    /// How the maze is written.
    pub form: Form,
    /// The order of the passages.
    pub order: PassageOrder,
    /// Where origin and target are written.
    pub query: QueryPlace,
    /// The order of origin and target.
    pub ends: Ends,
    /// How the path is written.
    pub path: PathForm,
    /// Tokens without content between the problem and the path, in which a network can compute.
    pub workspace: Workspace,
    /// `weights-N`: a word after each passage (in `walls`: in its place) for its weight, from 1 to `N`. 0, the default: no
    /// such words, so weighted mazes cannot be written.
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

/// The order of the passages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PassageOrder {
    /// Shuffled, and so is the orientation where one is written.
    Drawn,
    /// `sorted`: by the smaller cell, then by the larger; smaller cell first.
    Sorted,
    /// `by-distance`: nearest to the origin first, nearer cell first; ties shuffled.
    ByDistance,
}

/// Where origin and target are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueryPlace {
    /// After the maze.
    Last,
    /// `query-first`: before the maze.
    First,
}

/// The order of origin and target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ends {
    /// Target, then origin.
    TargetFirst,
    /// `origin-first`: origin, then target.
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
    /// `workspace-N`: `N` tokens; none by default.
    Tokens(usize),
    /// `workspace-cells`: one token per cell of the maze.
    OneEachCell,
}

/// `workspace-N`, and the maximum `N`.
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

/// Every form and its name.
pub const FORMS: [(Form, &str); 4] =
    [(Form::Edges, "edges"), (Form::Walls, "walls"), (Form::Cells, "cells"), (Form::RowCol, "row-col")];

/// Every choice without a number, in the order in which names are printed.
pub const CHOICES: [&str; 7] =
    ["sorted", "by-distance", "query-first", "origin-first", "directions", "forks", "workspace-cells"];

impl FromStr for Choices {
    type Err = ChoiceError;

    /// Choices may come in any order. The form must be one of [`FORMS`].
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
    fn an_unknown_choice_names_the_known_ones() {
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
                .ends_with("`directions` repeats or contradicts an earlier choice; remove one of the two")
        );
        assert!(error("walls+sorted").contains("`walls` writes every pair of cells in a fixed order"));
    }
}
