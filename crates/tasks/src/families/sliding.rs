//! Sliding puzzles on a few cells, usually 2×3: a node is an arrangement of tiles, a step slides a tile into the gap.
//!
//! All problems share one graph: every arrangement reachable from the solved one (360 on 2×3), sorted by label. A label lists
//! the tiles in raster order, the gap as 0.

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range};
use crate::problem::graph::Graph;
use crate::problem::maze::Lattice;
use crate::problem::{Goal, Labels, Problem};
use searchlens_base::stream::{Stream, below};

/// A validated config of sliding puzzles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawSlidingConfig", into = "RawSlidingConfig")]
pub struct SlidingConfig(RawSlidingConfig);

/// An unvalidated [`SlidingConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawSlidingConfig {
    /// Rows. Default: 2.
    #[serde(default = "two")]
    pub rows: usize,
    /// Columns. Default: 3. At most 6 cells in all.
    #[serde(default = "three")]
    pub cols: usize,
    /// The goal arrangement.
    #[serde(default)]
    pub goal: PuzzleGoal,
}

/// The goal arrangement of a puzzle.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PuzzleGoal {
    /// Any other arrangement, uniformly.
    #[default]
    Any,
    /// Tiles in order, the gap last: 359 problems in all on 2×3.
    Solved,
}

/// 7 cells would have 2520 arrangements in every problem.
const MAX_CELLS: usize = 6;

impl TryFrom<RawSlidingConfig> for SlidingConfig {
    type Error = TaskError;

    fn try_from(raw: RawSlidingConfig) -> Result<SlidingConfig, TaskError> {
        checked_range("rows", raw.rows, 2, MAX_CELLS / 2)?;
        checked_range("cols", raw.cols, 2, MAX_CELLS / raw.rows)?;
        Ok(SlidingConfig(raw))
    }
}

impl From<SlidingConfig> for RawSlidingConfig {
    fn from(config: SlidingConfig) -> RawSlidingConfig {
        config.0
    }
}

impl SlidingConfig {
    /// Returns the config's fields.
    pub fn table(&self) -> &RawSlidingConfig {
        &self.0
    }

    pub(crate) fn name(&self) -> String {
        format!("sliding-{}x{}", self.0.rows, self.0.cols)
    }
}

/// All valid shapes: rows and columns.
pub const SHAPES: [(usize, usize); 3] = [(2, 2), (2, 3), (3, 2)];

/// Returns the graph of all arrangements reachable from the solved one, sorted by label, and the labels: the tiles in raster
/// order, the gap as 0.
///
/// # Panics
/// If there are no cells.
pub fn board(rows: usize, cols: usize) -> (Graph, Labels) {
    let lattice = Lattice::new(rows, cols);
    let solved = solved(lattice);
    let mut states = std::collections::BTreeSet::from([solved.clone()]);
    let mut fresh = vec![solved];
    while let Some(state) = fresh.pop() {
        fresh.extend(slides(lattice, &state).into_iter().filter(|next| states.insert(next.clone())));
    }
    let states: Vec<Vec<u8>> = states.into_iter().collect();
    let index = |state: &Vec<u8>| states.binary_search(state).expect("slides lead to reachable states");
    let mut edges = Vec::new();
    for (i, state) in states.iter().enumerate() {
        edges.extend(slides(lattice, state).iter().map(|next| (i, index(next))));
    }
    let values = states.iter().flatten().map(|&tile| f64::from(tile)).collect();
    (Graph::undirected(states.len(), &edges), Labels::new(lattice.n_cells(), values))
}

/// Returns the solved arrangement: tiles in order, the gap last.
fn solved(lattice: Lattice) -> Vec<u8> {
    (1..lattice.n_cells() as u8).chain([0]).collect()
}

/// Sliding puzzles, with their graph.
#[derive(Clone, Debug)]
pub(crate) struct SlidingFamily {
    goal: PuzzleGoal,
    graph: Graph,
    labels: Labels,
    solved: usize,
}

impl SlidingFamily {
    pub(crate) fn new(config: &SlidingConfig) -> SlidingFamily {
        let RawSlidingConfig { rows, cols, goal } = config.0;
        let (graph, labels) = board(rows, cols);
        let solved = solved(Lattice::new(rows, cols));
        let is_solved = |label: &[f64]| label.iter().zip(&solved).all(|(&x, &tile)| x == f64::from(tile));
        let solved = labels.iter().position(is_solved).expect("the solved arrangement is one of all");
        SlidingFamily { goal, graph, labels, solved }
    }

    pub(crate) fn problem(&self, rng: &mut Stream) -> Problem {
        let n = self.graph.n_nodes();
        let goal = match self.goal {
            PuzzleGoal::Any => below(rng, n),
            PuzzleGoal::Solved => self.solved,
        };
        let other = below(rng, n - 1);
        let origin = other + usize::from(other >= goal);
        Problem { labels: Some(self.labels.clone()), ..Problem::on(self.graph.clone(), origin, Goal::Node(goal)) }
    }
}

/// Lists every arrangement one slide away.
fn slides(lattice: Lattice, state: &[u8]) -> Vec<Vec<u8>> {
    let gap = state.iter().position(|&tile| tile == 0).expect("every arrangement has a gap");
    let slid = |cell| {
        let mut next = state.to_vec();
        next.swap(gap, cell);
        next
    };
    lattice.adjacent(gap).map(slid).collect()
}

fn two() -> usize {
    2
}

fn three() -> usize {
    3
}
