//! Solved problems: what a task draws.

use crate::problem::Problem;
use crate::splits::SymmetryClass;

/// A problem with one of its answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// What to solve.
    pub problem: Problem,
    /// A shortest path, both ends included; where there are several, each is as likely.
    pub path: Vec<usize>,
    /// The class of the problem (of a maze: without its endpoints), which decides its split.
    pub class: SymmetryClass,
    /// Examples to be shown before the problem, in order; none but in prompts. Their graphs lie in the problem's split.
    pub shown: Vec<Shown>,
}

/// A problem with an answer, shown before the question: one example of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Shown {
    /// The graph and its labels as they are shown; the goal is the one that the path follows, whatever the question's.
    pub problem: Problem,
    /// The path shown. If the arm shuffles labels, it is right for the labels that were there before.
    pub path: Vec<usize>,
    /// Whether the graph is shown, or its path alone (the control for copying).
    pub graph_shown: bool,
}
