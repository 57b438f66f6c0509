//! Solved problems: what a task draws.

use crate::problem::Problem;
use crate::splits::SymmetryClass;

/// A solved problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The problem.
    pub problem: Problem,
    /// A shortest path, both ends included; where there are several, drawn uniformly.
    pub path: Vec<usize>,
    /// The symmetry class of the problem (of a maze, endpoints aside), which decides its split.
    pub class: SymmetryClass,
    /// Few-shot demonstrations, in order; empty outside `prompted`. Their graphs lie in the problem's split.
    pub demonstrations: Vec<Demonstration>,
}

/// A few-shot demonstration: a problem with an answer, placed before the question.
#[derive(Clone, Debug, PartialEq)]
pub struct Demonstration {
    /// The graph and its labels as presented, with the goal that the path follows, which may differ from the question's.
    pub problem: Problem,
    /// The path presented. If labels were shuffled, it is a solution for the labels before shuffling.
    pub path: Vec<usize>,
    /// Whether the graph is presented, or its path alone (the control for copying).
    pub graph_shown: bool,
}
