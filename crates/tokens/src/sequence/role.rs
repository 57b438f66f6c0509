//! Roles: what a token of a sequence refers to. The vocabulary says what a token *is*; its role says what it is *for*:
//! this cell is the target, that one is step 3 of the path.
//!
//! [`crate::sequence::query::RoleQuery`] finds the positions of a role in a sequence.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The role of one token of a sequence: what it refers to. Cells are nodes of the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Role {
    /// A passage, in one token.
    Edge {
        /// The smaller cell.
        from: usize,
        /// The larger cell.
        to: usize,
    },
    /// A wall between two adjacent cells, in one token.
    Wall {
        /// The smaller cell.
        from: usize,
        /// The larger cell.
        to: usize,
    },
    /// The first cell of a passage (or of a wall, where walls are listed) that is written in parts.
    EdgeFrom {
        /// The cell written first, which this token (part) names.
        from: usize,
        /// The cell written second.
        to: usize,
    },
    /// The sign between the two cells of a passage.
    Connector {
        /// The cell written first.
        from: usize,
        /// The cell written second.
        to: usize,
    },
    /// The second cell of a passage that is written in parts.
    EdgeTo {
        /// The cell written first.
        from: usize,
        /// The cell written second, which this token (part) names.
        to: usize,
    },
    /// A sign that opens or closes a passage, or a group of passages (then it refers to the first or last).
    Separator {
        /// The cell written first.
        from: usize,
        /// The cell written second.
        to: usize,
    },
    /// The cell from which all passages of a group lead, written once.
    GroupLead {
        /// The cell.
        cell: usize,
    },
    /// The weight of an edge.
    Weight {
        /// The node written first.
        from: usize,
        /// The node written second.
        to: usize,
    },
    /// One coordinate of a node's label, or (in labelled graphs) the node before it.
    Label {
        /// The node.
        cell: usize,
    },
    /// Any token of a few-shot demonstration.
    Shown {
        /// Index of the demonstration.
        example: usize,
    },
    /// A workspace token: it has no content.
    Workspace {
        /// Index of the workspace token.
        index: usize,
    },
    /// The cell where the path starts.
    Origin {
        /// The cell.
        cell: usize,
    },
    /// The cell that the path must reach.
    Target {
        /// The cell.
        cell: usize,
    },
    /// The number of hops that is the goal.
    Hops {
        /// The number.
        n: usize,
    },
    /// The token after which the path begins: the last one of a prompt.
    PathStart,
    /// The cell reached after `step` steps. Step 0 is the origin, where a tokenizer repeats it at the head of the path.
    PathStep {
        /// Steps made so far.
        step: usize,
        /// The cell reached.
        cell: usize,
    },
    /// The token that ends the path.
    End,
    /// Padding after the end of a sequence.
    Pad,
    /// A token that opens or closes a region.
    Delimiter(Delimiter),
    /// A generated token that was not read: it is invalid in its position, part of an incomplete cell, or after the end.
    Unread,
}

/// Tokens that open or close a region of the prompt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Delimiter {
    /// Before the passages.
    EdgesStart,
    /// After the passages.
    EdgesEnd,
    /// Before the origin.
    OriginStart,
    /// After the origin.
    OriginEnd,
    /// Before the target.
    TargetStart,
    /// After the target.
    TargetEnd,
}

/// The place on the maze that a token refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The passage between two cells, smaller first.
    Edge(usize, usize),
    /// A cell.
    Cell(usize),
    /// No place.
    Nowhere,
}

impl Role {
    /// Returns the place on the maze that a token with this role refers to.
    pub fn place(self) -> Place {
        match self {
            Role::Edge { from, to }
            | Role::Wall { from, to }
            | Role::Weight { from, to }
            | Role::EdgeFrom { from, to }
            | Role::Connector { from, to }
            | Role::EdgeTo { from, to }
            | Role::Separator { from, to } => Place::Edge(from.min(to), from.max(to)),
            Role::GroupLead { cell }
            | Role::Label { cell }
            | Role::Origin { cell }
            | Role::Target { cell }
            | Role::PathStep { cell, .. } => Place::Cell(cell),
            Role::PathStart
            | Role::End
            | Role::Pad
            | Role::Delimiter(_)
            | Role::Shown { .. }
            | Role::Workspace { .. }
            | Role::Hops { .. }
            | Role::Unread => Place::Nowhere,
        }
    }

    /// Returns the role without its fields.
    pub fn kind(self) -> RoleKind {
        match self {
            Role::Edge { .. } => RoleKind::Edge,
            Role::Wall { .. } => RoleKind::Wall,
            Role::EdgeFrom { .. } => RoleKind::EdgeFrom,
            Role::Connector { .. } => RoleKind::Connector,
            Role::EdgeTo { .. } => RoleKind::EdgeTo,
            Role::Separator { .. } => RoleKind::Separator,
            Role::GroupLead { .. } => RoleKind::GroupLead,
            Role::Weight { .. } => RoleKind::Weight,
            Role::Label { .. } => RoleKind::Label,
            Role::Shown { .. } => RoleKind::Shown,
            Role::Workspace { .. } => RoleKind::Workspace,
            Role::Origin { .. } => RoleKind::Origin,
            Role::Target { .. } => RoleKind::Target,
            Role::PathStart => RoleKind::PathStart,
            Role::PathStep { .. } => RoleKind::PathStep,
            Role::End => RoleKind::End,
            Role::Pad => RoleKind::Pad,
            Role::Delimiter(Delimiter::EdgesStart) => RoleKind::EdgesStart,
            Role::Delimiter(Delimiter::EdgesEnd) => RoleKind::EdgesEnd,
            Role::Delimiter(Delimiter::OriginStart) => RoleKind::OriginStart,
            Role::Delimiter(Delimiter::OriginEnd) => RoleKind::OriginEnd,
            Role::Delimiter(Delimiter::TargetStart) => RoleKind::TargetStart,
            Role::Delimiter(Delimiter::TargetEnd) => RoleKind::TargetEnd,
            Role::Unread => RoleKind::Unread,
            Role::Hops { .. } => RoleKind::Hops,
        }
    }
}

/// The kind of role, and which cell or passage: `target:14`, `edge:3-8`, `path_step:2:9` (step 2, to cell 9),
/// `path_start`.
impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind();
        match *self {
            Role::Edge { from, to }
            | Role::Wall { from, to }
            | Role::Weight { from, to }
            | Role::EdgeFrom { from, to }
            | Role::Connector { from, to }
            | Role::EdgeTo { from, to }
            | Role::Separator { from, to } => write!(f, "{kind}:{from}-{to}"),
            Role::GroupLead { cell } | Role::Label { cell } | Role::Origin { cell } | Role::Target { cell } => {
                write!(f, "{kind}:{cell}")
            }
            Role::Shown { example } => write!(f, "{kind}:{example}"),
            Role::Workspace { index } => write!(f, "{kind}:{index}"),
            Role::Hops { n } => write!(f, "{kind}:{n}"),
            Role::PathStep { step, cell } => write!(f, "{kind}:{step}:{cell}"),
            Role::PathStart | Role::End | Role::Pad | Role::Delimiter(_) | Role::Unread => write!(f, "{kind}"),
        }
    }
}

/// A role without its fields. Its text form is the snake-case name: `path_step`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoleKind {
    /// [`Role::Edge`].
    Edge,
    /// [`Role::Wall`].
    Wall,
    /// [`Role::EdgeFrom`].
    EdgeFrom,
    /// [`Role::Connector`].
    Connector,
    /// [`Role::EdgeTo`].
    EdgeTo,
    /// [`Role::Separator`].
    Separator,
    /// [`Role::GroupLead`].
    GroupLead,
    /// [`Role::Weight`].
    Weight,
    /// [`Role::Label`].
    Label,
    /// [`Role::Shown`].
    Shown,
    /// [`Role::Workspace`].
    Workspace,
    /// [`Role::Origin`].
    Origin,
    /// [`Role::Target`].
    Target,
    /// [`Role::PathStart`].
    PathStart,
    /// [`Role::PathStep`].
    PathStep,
    /// [`Role::End`].
    End,
    /// [`Role::Pad`].
    Pad,
    /// [`Delimiter::EdgesStart`].
    EdgesStart,
    /// [`Delimiter::EdgesEnd`].
    EdgesEnd,
    /// [`Delimiter::OriginStart`].
    OriginStart,
    /// [`Delimiter::OriginEnd`].
    OriginEnd,
    /// [`Delimiter::TargetStart`].
    TargetStart,
    /// [`Delimiter::TargetEnd`].
    TargetEnd,
    /// [`Role::Unread`].
    Unread,
    /// [`Role::Hops`].
    Hops,
}

impl RoleKind {
    /// Every kind of role with its name.
    pub const ALL: [(RoleKind, &'static str); 25] = [
        (RoleKind::Edge, "edge"),
        (RoleKind::Wall, "wall"),
        (RoleKind::EdgeFrom, "edge_from"),
        (RoleKind::Connector, "connector"),
        (RoleKind::EdgeTo, "edge_to"),
        (RoleKind::Separator, "separator"),
        (RoleKind::GroupLead, "group_lead"),
        (RoleKind::Weight, "weight"),
        (RoleKind::Label, "label"),
        (RoleKind::Shown, "shown"),
        (RoleKind::Workspace, "workspace"),
        (RoleKind::Origin, "origin"),
        (RoleKind::Target, "target"),
        (RoleKind::PathStart, "path_start"),
        (RoleKind::PathStep, "path_step"),
        (RoleKind::End, "end"),
        (RoleKind::Pad, "pad"),
        (RoleKind::EdgesStart, "edges_start"),
        (RoleKind::EdgesEnd, "edges_end"),
        (RoleKind::OriginStart, "origin_start"),
        (RoleKind::OriginEnd, "origin_end"),
        (RoleKind::TargetStart, "target_start"),
        (RoleKind::TargetEnd, "target_end"),
        (RoleKind::Unread, "unread"),
        (RoleKind::Hops, "hops"),
    ];
}

impl fmt::Display for RoleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(RoleKind::ALL[*self as usize].1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_kinds_is_in_order() {
        for (index, (kind, name)) in RoleKind::ALL.into_iter().enumerate() {
            assert_eq!((kind as usize, kind.to_string()), (index, name.to_owned()));
        }
    }
}
