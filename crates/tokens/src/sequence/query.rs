//! Queries by role: the text form by which addresses pick positions, `blocks.2.attn.hook_z[role=path_step:0]`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::sequence::role::{Place, Role, RoleKind};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::near_names;

/// A query for positions in a sequence, in text form `target`, `path_step:3` or `edge:3-8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum RoleQuery {
    /// Every token of this kind: `target`, `path_step`.
    Kind(RoleKind),
    /// Every token of the cell reached after this many steps: `path_step:3`. Step 0 is the origin at the start of the path
    /// or, if the tokenizer does not repeat the origin there, the path-start token: in both cases the token from which the
    /// first step is predicted.
    Step(usize),
    /// Every token that refers to the passage between these two cells, in either order: `edge:3-8`.
    Passage(usize, usize),
}

impl RoleQuery {
    /// Returns the matching positions in a sequence with these roles, ascending. A cell that is written in several tokens
    /// matches with all of them.
    pub fn positions(self, roles: &[Role]) -> Vec<usize> {
        let find = |wanted: &dyn Fn(Role) -> bool| (0..roles.len()).filter(|&p| wanted(roles[p])).collect::<Vec<_>>();
        match self {
            RoleQuery::Kind(kind) => find(&|role| role.kind() == kind),
            RoleQuery::Passage(a, b) => find(&|role| role.place() == Place::Edge(a.min(b), a.max(b))),
            RoleQuery::Step(wanted) => {
                let found = find(&|role| matches!(role, Role::PathStep { step, .. } if step == wanted));
                if found.is_empty() && wanted == 0 { find(&|role| role == Role::PathStart) } else { found }
            }
        }
    }
}

/// Errors of parsing a [`RoleQuery`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum RoleQueryError {
    #[error("unknown role `{name}`{}; known: {}", .near, known())]
    UnknownKind { name: String, near: String },
    #[error("role `{text}`: `{kind}` takes {takes}")]
    Argument { text: String, kind: RoleKind, takes: &'static str },
}

impl HasFault for RoleQueryError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

fn known() -> String {
    RoleKind::ALL.map(|(_, name)| name).join(", ")
}

impl FromStr for RoleQuery {
    type Err = RoleQueryError;

    fn from_str(text: &str) -> Result<RoleQuery, RoleQueryError> {
        let (name, argument) = text.split_once(':').map_or((text, None), |(name, argument)| (name, Some(argument)));
        let kind = RoleKind::ALL.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
        let kind = kind.ok_or_else(|| RoleQueryError::UnknownKind {
            name: name.to_owned(),
            near: near_names(name, RoleKind::ALL.iter().map(|(_, known)| *known)),
        })?;
        let Some(argument) = argument else { return Ok(RoleQuery::Kind(kind)) };
        let (query, takes) = match kind {
            RoleKind::PathStep => {
                (argument.parse().ok().map(RoleQuery::Step), "a number of steps, as in `path_step:3`")
            }
            RoleKind::Edge => {
                let cells = argument.split_once('-').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
                (cells.map(|(a, b)| RoleQuery::Passage(a, b)), "two cells, as in `edge:3-8`")
            }
            _ => (None, "nothing after its name"),
        };
        query.ok_or(RoleQueryError::Argument { text: text.to_owned(), kind, takes })
    }
}

impl fmt::Display for RoleQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RoleQuery::Kind(kind) => write!(f, "{kind}"),
            RoleQuery::Step(step) => write!(f, "{}:{step}", RoleKind::PathStep),
            RoleQuery::Passage(a, b) => write!(f, "{}:{a}-{b}", RoleKind::Edge),
        }
    }
}

impl TryFrom<String> for RoleQuery {
    type Error = RoleQueryError;

    fn try_from(text: String) -> Result<RoleQuery, RoleQueryError> {
        text.parse()
    }
}

impl From<RoleQuery> for String {
    fn from(query: RoleQuery) -> String {
        query.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_what_it_prints() {
        let plain = RoleKind::ALL.map(|(_, name)| name);
        for text in plain.into_iter().chain(["path_step:0", "path_step:31", "edge:3-8"]) {
            assert_eq!(text.parse::<RoleQuery>().map(|query| query.to_string()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn an_invalid_query_is_explained() {
        let error = |text: &str| text.parse::<RoleQuery>().unwrap_err().to_string();
        assert!(error("path_strt").starts_with("unknown role `path_strt` (did you mean `path_start`"));
        assert_eq!(
            error("path_step:x"),
            "role `path_step:x`: `path_step` takes a number of steps, as in `path_step:3`"
        );
        assert_eq!(error("edge:3"), "role `edge:3`: `edge` takes two cells, as in `edge:3-8`");
        assert_eq!(error("origin:3"), "role `origin:3`: `origin` takes nothing after its name");
    }

    #[test]
    fn step_0_is_the_path_start_where_the_origin_is_not_repeated() {
        let step = |step| Role::PathStep { step, cell: 7 };
        assert_eq!(RoleQuery::Step(0).positions(&[Role::End, Role::PathStart, step(1)]), [1]);
        assert_eq!(RoleQuery::Step(0).positions(&[Role::PathStart, step(0), step(0), step(1)]), [1, 2]);
        assert_eq!(RoleQuery::Step(2).positions(&[Role::PathStart, step(1)]), [0usize; 0]);
    }
}
