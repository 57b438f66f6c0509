//! Random graphs, for `[task.graph]` and `[task.labelled]`.

use serde::{Deserialize, Serialize};

use crate::error::{TaskError, checked_range, checked_share};
use crate::problem::graph::Graph;
use searchlens_base::stream::{Stream, below, shuffle, with_chance};

/// The maximum number of nodes of a graph.
pub const MAX_NODES: usize = 100_000;

/// A distribution of graphs. Node names carry no information: nodes of grids and rings are renamed at random too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Structure {
    /// A tree, uniform over labelled trees (by Prüfer code; Prüfer 1918).
    Tree {
        /// Number of nodes.
        nodes: usize,
    },
    /// Every pair of nodes is joined with the same probability (Erdős and Rényi 1959; Gilbert 1959).
    ErdosRenyi {
        /// Number of nodes.
        nodes: usize,
        /// Probability of an edge.
        edge_probability: f64,
    },
    /// Every node has the same degree; approximately uniform over such graphs (Steger and Wormald 1999).
    Regular {
        /// Number of nodes; times `degree` it must be even.
        nodes: usize,
        /// The degree, below `nodes`.
        degree: usize,
    },
    /// A ring whose nodes are joined to their nearest `neighbours`; some edges have one end rewired (Watts and Strogatz
    /// 1998).
    SmallWorld {
        /// Number of nodes.
        nodes: usize,
        /// Number of nearest neighbours: even, below `nodes`.
        neighbours: usize,
        /// Probability that an edge is rewired.
        rewired: f64,
    },
    /// A full grid, with extra edges between non-adjacent nodes.
    Grid {
        /// Rows.
        rows: usize,
        /// Columns.
        cols: usize,
        /// Number of extra edges.
        shortcuts: usize,
    },
}

/// Direction of the edges of a random graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Arcs {
    /// Both ways.
    #[default]
    Undirected,
    /// One way, either with probability 1/2.
    Random,
    /// One way along a random order of the nodes, so that the graph is acyclic.
    Acyclic,
}

/// The maximum expected number of edges.
const MAX_EDGES: usize = 1_000_000;

impl Structure {
    /// Returns the number of nodes.
    pub fn n_nodes(&self) -> usize {
        match *self {
            Structure::Tree { nodes }
            | Structure::ErdosRenyi { nodes, .. }
            | Structure::Regular { nodes, .. }
            | Structure::SmallWorld { nodes, .. } => nodes,
            Structure::Grid { rows, cols, .. } => rows.saturating_mul(cols),
        }
    }

    pub(crate) fn name(&self) -> String {
        match self {
            Structure::Tree { nodes } => format!("tree-{nodes}"),
            Structure::ErdosRenyi { nodes, .. } => format!("erdos-renyi-{nodes}"),
            Structure::Regular { nodes, degree } => format!("regular-{nodes}x{degree}"),
            Structure::SmallWorld { nodes, .. } => format!("small-world-{nodes}"),
            Structure::Grid { rows, cols, .. } => format!("grid-{rows}x{cols}"),
        }
    }

    /// Checks every field.
    ///
    /// # Errors
    /// [`TaskError::Range`].
    pub fn check(&self) -> Result<(), TaskError> {
        let n = self.n_nodes();
        let refuse =
            |field, value: usize, wanted: String| Err(TaskError::Range { field, value: value.to_string(), wanted });
        match *self {
            Structure::Grid { rows, cols, shortcuts } => {
                checked_range("rows", rows, 1, MAX_NODES)?;
                checked_range("cols", cols, 1, MAX_NODES)?;
                if !(2..=MAX_NODES).contains(&n) {
                    return refuse("cols", cols, format!("such that rows · cols is from 2 to {MAX_NODES}"));
                }
                let joined = rows * (cols - 1) + (rows - 1) * cols;
                // Rejection sampling is slow beyond half of the free pairs.
                let free = (n * (n - 1) / 2 - joined) / 2;
                checked_range("shortcuts", shortcuts, 0, free.min(MAX_EDGES))?;
            }
            _ => checked_range("nodes", n, 2, MAX_NODES)?,
        }
        match *self {
            Structure::Tree { .. } | Structure::Grid { .. } => {}
            Structure::ErdosRenyi { edge_probability, .. } => {
                checked_share("edge_probability", edge_probability)?;
                checked_range("nodes", n, 2, 5000)?;
                let expected = edge_probability * (n * (n - 1) / 2) as f64;
                if expected > MAX_EDGES as f64 {
                    return refuse("nodes", n, format!("fewer: {expected:.0} edges are expected, {MAX_EDGES} at most"));
                }
            }
            Structure::Regular { degree, .. } => {
                checked_range("degree", degree, 1, (n - 1).min(MAX_EDGES / n))?;
                if n * degree % 2 == 1 {
                    return refuse("degree", degree, "even, or `nodes` must be".to_owned());
                }
            }
            Structure::SmallWorld { neighbours, rewired, .. } => {
                checked_share("rewired", rewired)?;
                checked_range("neighbours", neighbours, 2, ((n - 1) / 2).min(MAX_EDGES / n).max(2))?;
                if neighbours % 2 == 1 || neighbours >= n {
                    return refuse("neighbours", neighbours, "even and below `nodes`".to_owned());
                }
            }
        }
        Ok(())
    }

    /// Draws a graph.
    pub(crate) fn graph(&self, arcs: Arcs, rng: &mut Stream) -> Graph {
        let n = self.n_nodes();
        let mut edges = match *self {
            Structure::Tree { nodes } => prufer_tree(nodes, rng),
            Structure::ErdosRenyi { nodes, edge_probability } => {
                let pairs = (0..nodes).flat_map(|v| (0..v).map(move |u| (u, v)));
                pairs.filter(|_| with_chance(rng, edge_probability)).collect()
            }
            Structure::Regular { nodes, degree } => loop {
                if let Some(edges) = regular(nodes, degree, rng) {
                    break edges;
                }
            },
            Structure::SmallWorld { nodes, neighbours, rewired } => small_world(nodes, neighbours, rewired, rng),
            Structure::Grid { rows, cols, shortcuts } => grid(rows, cols, shortcuts, rng),
        };
        if !matches!(self, Structure::Tree { .. } | Structure::ErdosRenyi { .. }) {
            let mut names: Vec<usize> = (0..n).collect();
            shuffle(rng, &mut names);
            edges.iter_mut().for_each(|(u, v)| (*u, *v) = (names[*u], names[*v]));
        }
        match arcs {
            Arcs::Undirected => return Graph::undirected(n, &edges),
            Arcs::Random => edges.iter_mut().for_each(|e| *e = if below(rng, 2) == 0 { *e } else { (e.1, e.0) }),
            Arcs::Acyclic => {
                let mut rank: Vec<usize> = (0..n).collect();
                shuffle(rng, &mut rank);
                edges.iter_mut().for_each(|e| *e = if rank[e.0] < rank[e.1] { *e } else { (e.1, e.0) });
            }
        }
        Graph::directed(n, &edges)
    }
}

/// Draws the tree of a random Prüfer code: each code of `n - 2` nodes is one tree.
fn prufer_tree(n: usize, rng: &mut Stream) -> Vec<(usize, usize)> {
    let code: Vec<usize> = (2..n).map(|_| below(rng, n)).collect();
    let mut degree = vec![1usize; n];
    code.iter().for_each(|&v| degree[v] += 1);
    let mut edges = Vec::with_capacity(n - 1);
    // The smallest leaf is either the next one of the first pass, or a smaller node that has just become a leaf.
    let mut pass = 0;
    let mut leaf = None;
    for &v in &code {
        let least = leaf.take().unwrap_or_else(|| {
            while degree[pass] != 1 {
                pass += 1;
            }
            pass += 1;
            pass - 1
        });
        edges.push((least, v));
        degree[least] = 0;
        degree[v] -= 1;
        leaf = (degree[v] == 1 && v < pass).then_some(v);
    }
    let mut last = (0..n).filter(|&v| degree[v] == 1);
    edges.extend(last.next().zip(last.next()));
    edges
}

/// Draws a regular graph by joining free half-edges in pairs that make a new edge. `None` if it gets stuck.
fn regular(n: usize, degree: usize, rng: &mut Stream) -> Option<Vec<(usize, usize)>> {
    let mut ends: Vec<usize> = (0..n).flat_map(|v| std::iter::repeat_n(v, degree)).collect();
    let mut joined = vec![Vec::with_capacity(degree); n];
    let mut edges = Vec::with_capacity(n * degree / 2);
    while !ends.is_empty() {
        // This many failures in a row mean that almost no pair is left.
        let (a, b) = (0..10 * ends.len() + 100).find_map(|_| {
            let (a, b) = (below(rng, ends.len()), below(rng, ends.len()));
            let (u, v) = (ends[a], ends[b]);
            (u != v && !joined[u].contains(&v)).then_some((a, b))
        })?;
        let (u, v) = (ends[a], ends[b]);
        edges.push((u, v));
        joined[u].push(v);
        joined[v].push(u);
        ends.swap_remove(a.max(b));
        ends.swap_remove(a.min(b));
    }
    Some(edges)
}

fn small_world(n: usize, neighbours: usize, rewired: f64, rng: &mut Stream) -> Vec<(usize, usize)> {
    let mut joined: Vec<Vec<usize>> = vec![Vec::new(); n];
    let mut edges: Vec<(usize, usize)> = Vec::with_capacity(n * neighbours / 2);
    for step in 1..=neighbours / 2 {
        edges.extend((0..n).map(|v| (v, (v + step) % n)));
    }
    for &(u, v) in &edges {
        joined[u].push(v);
        joined[v].push(u);
    }
    for (u, v) in edges.iter_mut() {
        if !with_chance(rng, rewired) || joined[*u].len() + 1 >= n {
            continue;
        }
        let to = loop {
            let to = below(rng, n);
            if to != *u && !joined[*u].contains(&to) {
                break to;
            }
        };
        joined[*u].retain(|w| w != v);
        joined[*v].retain(|w| w != u);
        joined[*u].push(to);
        joined[to].push(*u);
        *v = to;
    }
    edges
}

fn grid(rows: usize, cols: usize, shortcuts: usize, rng: &mut Stream) -> Vec<(usize, usize)> {
    let n = rows * cols;
    let lattice = crate::problem::maze::Lattice::new(rows, cols);
    let mut edges: Vec<(usize, usize)> = lattice.adjacent_pairs().collect();
    let mut extra = std::collections::BTreeSet::new();
    while extra.len() < shortcuts {
        let (u, v) = (below(rng, n), below(rng, n));
        if u < v && lattice.manhattan(u, v) > 1 {
            extra.insert((u, v));
        }
    }
    edges.extend(extra);
    edges
}
