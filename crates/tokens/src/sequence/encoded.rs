//! An encoded example: token ids, loss mask and roles.

use std::fmt;
use std::str::FromStr;

use searchlens_tasks::difficulty::measure::forks;
use searchlens_tasks::problem::graph::Graph;
use serde::{Deserialize, Serialize};

use crate::sequence::query::RoleQuery;
use crate::sequence::role::Role;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::near_names;

/// A token sequence. The three lists have one entry per token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Encoded {
    /// Token ids.
    pub ids: Vec<u32>,
    /// Whether the loss includes the prediction of this token from those before it. Always false for the first token.
    pub loss_mask: Vec<bool>,
    /// The role of each token.
    pub roles: Vec<Role>,
}

impl Encoded {
    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is no token.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Returns the positions that match a query, ascending.
    pub fn positions(&self, query: RoleQuery) -> Vec<usize> {
        query.positions(&self.roles)
    }
}

/// Which tokens the loss includes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LossOn {
    /// Everything after the path-start token: the cells of the path and the end token.
    #[default]
    Path,
    /// Every token but the first.
    All,
    /// The first step of the path, in all its tokens; the end token if the path has no step (origin = target).
    FirstStep,
    /// The steps taken at the path's forks, as [`forks`] finds them.
    Forks,
}

impl LossOn {
    /// Every variant and its name.
    pub const ALL: [(LossOn, &'static str); 4] =
        [(LossOn::Path, "path"), (LossOn::All, "all"), (LossOn::FirstStep, "first_step"), (LossOn::Forks, "forks")];

    /// Returns the loss mask of a sequence with these roles, whose path is `path` on `graph`.
    pub fn mask(self, roles: &[Role], graph: &Graph, path: &[usize]) -> Vec<bool> {
        let steps =
            || roles.iter().filter_map(|role| if let Role::PathStep { step, .. } = role { Some(*step) } else { None });
        // A written step may cover several moves; its role holds the last of them.
        let first = if self == LossOn::FirstStep { steps().filter(|&step| step > 0).min() } else { None };
        let mut chosen: Vec<bool> = Vec::new();
        if self == LossOn::Forks {
            // A written step counts if one of its moves leaves a fork.
            chosen.resize(path.len().max(1), false);
            let mut ends: Vec<usize> = steps().filter(|&step| step > 0).collect();
            ends.sort_unstable();
            for fork in forks(graph, path) {
                if let Some(&end) = ends.get(ends.partition_point(|&end| end <= fork)) {
                    chosen[end] = true;
                }
            }
        }
        let counts = |role: Role| match (self, role) {
            (_, Role::Pad | Role::Unread) => false,
            (LossOn::All, _) => true,
            (LossOn::Path, Role::PathStep { .. } | Role::End) => true,
            (LossOn::FirstStep, Role::PathStep { step, .. }) => Some(step) == first,
            (LossOn::FirstStep, Role::End) => first.is_none(),
            (LossOn::Forks, Role::PathStep { step, .. }) => chosen[step],
            _ => false,
        };
        roles.iter().enumerate().map(|(position, &role)| position > 0 && counts(role)).collect()
    }
}

impl fmt::Display for LossOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(LossOn::ALL[*self as usize].1)
    }
}

/// Error of parsing a [`LossOn`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown loss `{name}`{}; known: path, all, first_step, forks", .near)]
pub struct UnknownLoss {
    /// The text.
    pub name: String,
    /// ` (did you mean ..?)`, or empty.
    pub near: String,
}

impl HasFault for UnknownLoss {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl FromStr for LossOn {
    type Err = UnknownLoss;

    fn from_str(name: &str) -> Result<LossOn, UnknownLoss> {
        let found = LossOn::ALL.iter().find(|(_, known)| *known == name).map(|(loss, _)| *loss);
        found.ok_or_else(|| UnknownLoss {
            name: name.to_owned(),
            near: near_names(name, LossOn::ALL.iter().map(|(_, known)| *known)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_those_of_the_config_file() {
        for (loss, name) in LossOn::ALL {
            assert_eq!((name.parse(), loss.to_string().as_str()), (Ok(loss), name));
            assert_eq!(serde_json::to_string(&loss).unwrap(), format!("{name:?}"));
        }
        assert_eq!("fork".parse::<LossOn>().unwrap_err().near, " (did you mean `forks`?)");
    }
}
