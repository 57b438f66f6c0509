//! Identity of problems: by the maze, by the maze with its endpoints, or by either up to symmetry.

use serde::{Deserialize, Serialize};

use crate::problem::passages::PassageSet;
use crate::problem::{Goal, Problem};
use crate::splits::mix;
use crate::splits::refine::{exact_class, relabelling_class};
use crate::splits::symmetry::{Symmetries, shape_code};

/// When two problems of a set count as the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Same {
    /// If their mazes (graphs) are equal, endpoints aside.
    Maze,
    /// If their mazes and their endpoints are equal.
    Problem,
    /// If a symmetry maps one maze to the other, endpoints aside.
    MazeClass,
    /// If a symmetry maps one maze with its endpoints to the other. (Without geometry: if a renaming of the nodes does.)
    ProblemClass,
}

/// Hashes that identify a problem: two problems collide with probability 2^-64.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Of the graph with its weights, endpoints aside.
    pub maze: u64,
    /// Of the graph with its endpoints.
    pub problem: u64,
    /// Of the class that decides the split (without geometry, of the problem's class).
    pub maze_class: u64,
    /// Of the problem up to symmetry.
    pub problem_class: u64,
}

impl Identity {
    /// Computes the hashes of a problem. Classes of weighted mazes ignore the weights.
    pub fn of(problem: &Problem) -> Identity {
        let graph = &problem.graph;
        let shape = problem.lattice().map_or(graph.n_nodes() as u64, shape_code);
        let edges = graph.edges().map(|(u, v)| (u as u64) << 32 | v as u64);
        let weights = graph.edges().filter_map(|(u, v)| graph.weight(u, v)).map(u64::from);
        let weights = weights.filter(|_| graph.is_weighted());
        let maze = hash(mix(shape), edges.chain(weights));
        match (problem.maze(), &problem.goal) {
            (Some(maze_walked), Goal::Node(target)) => {
                let (symmetries, open) = (Symmetries::of(maze_walked.lattice), PassageSet::of(&maze_walked));
                Identity {
                    maze,
                    problem: hash(maze, [problem.origin as u64, *target as u64]),
                    maze_class: symmetries.class(&open).0,
                    problem_class: symmetries.class_with(&open, &[problem.origin, *target]).0,
                }
            }
            _ => {
                let class = problem.distances().map_or(maze, |field| relabelling_class(problem, &field).0);
                Identity { maze, problem: exact_class(problem).0, maze_class: class, problem_class: class }
            }
        }
    }

    /// Returns the hash that decides whether problems are the same.
    pub fn by(&self, same: Same) -> u64 {
        match same {
            Same::Maze => self.maze,
            Same::Problem => self.problem,
            Same::MazeClass => self.maze_class,
            Same::ProblemClass => self.problem_class,
        }
    }
}

fn hash(seed: u64, values: impl IntoIterator<Item = u64>) -> u64 {
    values.into_iter().fold(seed, |hash, value| mix(hash ^ value))
}
