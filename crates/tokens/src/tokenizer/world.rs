//! What a tokenizer must know of a task: the lattice or nodes of its problems, and their maximum number of edges.

use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::families::labelled::LabelledConfig;
use searchlens_tasks::families::star::RawStarConfig;
use searchlens_tasks::families::structure::{Arcs, Structure};
use searchlens_tasks::problem::maze::Lattice;

use crate::graphs::Nodes;
use crate::puzzles::game::Game;
use crate::tokenizer::error::TokenizerError;

/// What the problems of a tokenizer have in common.
#[derive(Clone, Debug, PartialEq)]
pub enum World {
    /// Mazes on this lattice.
    Lattice(Lattice),
    /// Mazes on these rectangles: at least two, distinct, sorted by number of cells.
    Lattices(Vec<Lattice>),
    /// Graphs with these nodes.
    Graph(Nodes),
    /// States of a puzzle.
    Puzzle(Game),
}

impl World {
    /// Returns what the problems of a task have in common, or a bound where they differ.
    ///
    /// # Errors
    /// [`TokenizerError::NoWords`], if no tokenizer has words for the task's problems.
    pub fn of(task: &TaskConfig) -> Result<World, TokenizerError> {
        let nodes = match task {
            TaskConfig::Maze(maze) => return Ok(World::Lattice(maze.lattice())),
            TaskConfig::Star(star) => Nodes::plain(star.names(), RawStarConfig::from(star.clone()).directed),
            TaskConfig::Dag(dag) => Nodes::plain(dag.vertices(), true),
            TaskConfig::Tree(tree) => Nodes::plain(tree.table().nodes, true),
            TaskConfig::Graph(graph) => {
                let table = graph.table();
                Nodes::plain(table.structure.n_nodes(), table.arcs != Arcs::Undirected)
            }
            TaskConfig::Labelled(labelled) => labelled_nodes(labelled, 0),
            TaskConfig::Prompted(prompted) => labelled_nodes(&prompted.table().graph, prompted.table().examples),
            TaskConfig::Mixture(mixture) => {
                let parts: Vec<World> =
                    mixture.parts().iter().map(|part| World::of(&part.task)).collect::<Result<_, _>>()?;
                let joined = parts.into_iter().map(Some).reduce(|a, b| World::joined(a?, b?)).flatten();
                return joined.ok_or_else(|| TokenizerError::NoWords { task: task.name() });
            }
            TaskConfig::Hops(hops) => {
                let table = hops.table();
                Nodes { max_hops: table.max_hops, ..Nodes::plain(table.nodes, true) }
            }
            TaskConfig::Countdown(countdown) => {
                let table = countdown.table();
                let (numbers, max_number) = (table.numbers, table.max_number as u64);
                return Ok(World::Puzzle(Game::Countdown { numbers, max_number }));
            }
            TaskConfig::Sliding(sliding) => {
                let table = sliding.table();
                return Ok(World::Puzzle(Game::Sliding { rows: table.rows, cols: table.cols }));
            }
        };
        Ok(World::Graph(nodes))
    }

    /// Returns the smallest world that includes both: mazes (on tori of one shape), or graphs of one kind with names for
    /// the nodes of the larger. `None` if there is none.
    fn joined(a: World, b: World) -> Option<World> {
        match (a, b) {
            (World::Lattice(a), World::Lattice(b)) if a != b => World::lattices(vec![a, b]),
            (World::Lattices(mut all), World::Lattice(other)) | (World::Lattice(other), World::Lattices(mut all)) => {
                all.push(other);
                World::lattices(all)
            }
            (World::Graph(a), World::Graph(b)) if (a.directed, &a.labels) == (b.directed, &b.labels) => {
                // No tokenizer writes both goals that are hops and other goals.
                if (a.max_hops == 0) != (b.max_hops == 0) {
                    return None;
                }
                let (n_nodes, examples) = (a.n_nodes.max(b.n_nodes), a.examples.max(b.examples));
                Some(World::Graph(Nodes { n_nodes, examples, max_hops: a.max_hops.max(b.max_hops), ..a }))
            }
            (
                World::Puzzle(Game::Countdown { numbers: a, max_number: x }),
                World::Puzzle(Game::Countdown { numbers: b, max_number: y }),
            ) if a == b => Some(World::Puzzle(Game::Countdown { numbers: a, max_number: x.max(y) })),
            (a, b) => (a == b).then_some(a),
        }
    }

    /// Returns mazes of several sizes; `None` for tori: a larger torus has no word for the wrapping passage of a smaller one.
    fn lattices(mut all: Vec<Lattice>) -> Option<World> {
        all.sort_unstable_by_key(|lattice| (lattice.n_cells(), lattice.rows));
        all.dedup();
        all.iter().all(|lattice| !lattice.wraps).then_some(World::Lattices(all))
    }
}

impl From<Lattice> for World {
    fn from(lattice: Lattice) -> World {
        World::Lattice(lattice)
    }
}

impl From<Game> for World {
    fn from(game: Game) -> World {
        World::Puzzle(game)
    }
}

impl From<Nodes> for World {
    fn from(nodes: Nodes) -> World {
        World::Graph(nodes)
    }
}

fn labelled_nodes(labelled: &LabelledConfig, examples: usize) -> Nodes {
    let table = labelled.table();
    let labels = Some(table.binning.clone());
    Nodes { labels, examples, ..Nodes::plain(table.structure.n_nodes(), table.arcs != Arcs::Undirected) }
}

/// Returns the maximum number of edges of a task's problems (in mazes: open passages), and whether all have that many.
pub fn edges(task: &TaskConfig) -> (usize, bool) {
    match task {
        TaskConfig::Maze(maze) => (maze.max_passages(), maze.has_fixed_passages()),
        TaskConfig::Star(star) => (star.arms() * (star.length() - 1), true),
        TaskConfig::Dag(dag) => (pairs(dag.vertices()), false),
        TaskConfig::Tree(tree) => (tree.table().nodes - 1, true),
        TaskConfig::Graph(graph) => structure_edges(&graph.table().structure),
        TaskConfig::Labelled(labelled) => structure_edges(&labelled.table().structure),
        TaskConfig::Prompted(prompted) => structure_edges(&prompted.table().graph.table().structure),
        TaskConfig::Mixture(mixture) => {
            let of_parts = || mixture.parts().iter().map(|part| edges(&part.task));
            let most = of_parts().map(|(n, _)| n).max().unwrap_or(0);
            (most, of_parts().all(|part| part == (most, true)))
        }
        TaskConfig::Hops(hops) => (hops.table().nodes, true),
        // A puzzle's graph is not written.
        TaskConfig::Countdown(_) | TaskConfig::Sliding(_) => (0, true),
    }
}

fn structure_edges(structure: &Structure) -> (usize, bool) {
    match *structure {
        Structure::Tree { nodes } => (nodes - 1, true),
        Structure::ErdosRenyi { nodes, .. } => (pairs(nodes), false),
        Structure::Regular { nodes, degree } => (nodes * degree / 2, true),
        Structure::SmallWorld { nodes, neighbours, .. } => (nodes * neighbours / 2, true),
        Structure::Grid { rows, cols, shortcuts } => (rows * (cols - 1) + (rows - 1) * cols + shortcuts, true),
    }
}

fn pairs(nodes: usize) -> usize {
    nodes * (nodes - 1) / 2
}
