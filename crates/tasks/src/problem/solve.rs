//! Distances to a target, optimal steps, and numbers of shortest paths: by breadth-first search, or Dijkstra's algorithm
//! where edges have weights.
//!
//! In a weighted graph "distance", "shortest" and "steps away" mean the sum of weights.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use rand::Rng;

use crate::problem::graph::Graph;
use searchlens_base::stream::below;

/// The distance of every node to a target, or to the nearest of several.
///
/// ```
/// use searchlens_tasks::problem::graph::Graph;
/// use searchlens_tasks::problem::solve::DistanceField;
///
/// let square = Graph::undirected(4, &[(0, 1), (1, 3), (0, 2), (2, 3)]);
/// let field = DistanceField::to(&square, 3);
/// assert_eq!(field.distance(0), Some(2));
/// assert_eq!(field.successors(&square, 0).collect::<Vec<_>>(), [1, 2]);
/// assert_eq!(field.count_paths(&square, 0), 2);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistanceField {
    /// By node; [`UNREACHABLE`] if no path leads to the target.
    distances: Vec<u32>,
    /// Nodes that reach the target, nearest first.
    order: Vec<u32>,
}

const UNREACHABLE: u32 = u32::MAX;

impl DistanceField {
    /// Computes distances to `target` along the graph's arcs.
    ///
    /// # Panics
    /// If `target` is not a node of the graph.
    pub fn to(graph: &Graph, target: usize) -> DistanceField {
        if graph.is_directed() { flood(&graph.reversed(), target) } else { flood(graph, target) }
    }

    /// Computes distances to the nearest of several targets along the graph's arcs, never through a closed node. `None` if
    /// there is no target.
    ///
    /// Closed nodes are unreachable. The caller must list open targets only.
    ///
    /// # Panics
    /// If a target is not a node of the graph.
    pub fn to_nearest(graph: &Graph, targets: &[usize], closed: impl Fn(usize) -> bool) -> Option<DistanceField> {
        if targets.is_empty() {
            return None;
        }
        let reversed;
        let backwards = if graph.is_directed() {
            reversed = graph.reversed();
            &reversed
        } else {
            graph
        };
        Some(flood_from(backwards, targets, closed))
    }

    /// Returns the target; the first listed, if there are several.
    pub fn target(&self) -> usize {
        self.order[0] as usize
    }

    /// Lists the targets that shortest paths from `node` end in, ascending; empty if unreachable.
    pub fn ends_from(&self, graph: &Graph, node: usize) -> Vec<usize> {
        if self.distances[node] == UNREACHABLE {
            return Vec::new();
        }
        let (mut ends, mut met, mut found) = (BTreeSet::new(), BTreeSet::from([node]), vec![node]);
        while let Some(v) = found.pop() {
            if self.distances[v] == 0 {
                ends.insert(v);
            }
            found.extend(self.successors(graph, v).filter(|&next| met.insert(next)));
        }
        ends.into_iter().collect()
    }

    /// Returns the distance from `node` to the target; `None` if unreachable.
    pub fn distance(&self, node: usize) -> Option<usize> {
        let d = self.distances[node];
        (d != UNREACHABLE).then_some(d as usize)
    }

    /// Lists the optimal next nodes from `node`, ascending: those on a shortest path. Empty at the target, and where it is
    /// unreachable.
    pub fn successors<'a>(&'a self, graph: &'a Graph, node: usize) -> impl Iterator<Item = usize> + Clone + 'a {
        let here = self.distances[node];
        // An unreachable neighbour has the largest distance, so the first comparison excludes it; the sum may wrap.
        let leads_on = move |&(v, weight): &(usize, u32)| {
            self.distances[v] < here && self.distances[v].wrapping_add(weight) == here
        };
        graph.weighted_neighbours(node).filter(leads_on).map(|(v, _)| v)
    }

    /// Counts the shortest paths from `node` to the target: 0 if unreachable, 1 at the target itself. Saturates at
    /// `u128::MAX`, which open lattices exceed from about 67×67 on.
    pub fn count_paths(&self, graph: &Graph, node: usize) -> u128 {
        match self.distances[node] {
            UNREACHABLE => 0,
            farthest => self.path_counts(graph, farthest)[node],
        }
    }

    /// Returns [`DistanceField::count_paths`] of every node at most `farthest` steps away; 0 for the others.
    fn path_counts(&self, graph: &Graph, farthest: u32) -> Vec<u128> {
        let mut counts = vec![0u128; self.distances.len()];
        for &node in self.order.iter().take_while(|&&v| self.distances[v as usize] <= farthest) {
            let node = node as usize;
            counts[node] = match self.distances[node] {
                0 => 1,
                _ => self.successors(graph, node).fold(0, |sum, v| sum.saturating_add(counts[v])),
            };
        }
        counts
    }
}

/// Returns a shortest path from `origin` to the field's target, both included; among optimal steps, the one to the lowest
/// node. `None` if unreachable.
pub fn shortest_path(graph: &Graph, field: &DistanceField, origin: usize) -> Option<Vec<usize>> {
    walk(field, origin, |node| field.successors(graph, node).next())
}

/// Draws a shortest path from `origin` to the field's target, both included, uniformly. `None` if unreachable.
///
/// Draws from `rng` only where several steps are optimal. (Where [`DistanceField::count_paths`] saturates, steps near the
/// origin are no longer weighted exactly.)
pub fn random_shortest_path(
    graph: &Graph,
    field: &DistanceField,
    origin: usize,
    rng: &mut impl Rng,
) -> Option<Vec<usize>> {
    // Count lazily: mazes without loops never need it.
    let mut counts: Option<Vec<u128>> = None;
    walk(field, origin, |node| {
        let mut successors = field.successors(graph, node);
        if successors.clone().count() < 2 {
            return successors.next();
        }
        let counts = counts.get_or_insert_with(|| field.path_counts(graph, field.distances[node]));
        let total = successors.clone().fold(0u128, |sum, v| sum.saturating_add(counts[v]));
        let mut ticket = wide_below(rng, total);
        successors.find(|&v| {
            let found = ticket < counts[v];
            ticket = ticket.saturating_sub(counts[v]);
            found
        })
    })
}

/// Computes the distance from `source` to every node along the graph's arcs, never through a closed node; `u64::MAX` if
/// unreachable.
pub(crate) fn steps_from(graph: &Graph, source: usize, closed: impl Fn(usize) -> bool) -> Vec<u64> {
    let steps = |&d: &u32| if d == UNREACHABLE { u64::MAX } else { u64::from(d) };
    flood_from(graph, &[source], closed).distances.iter().map(steps).collect()
}

/// Searches from a node along the graph's arcs.
fn flood(graph: &Graph, source: usize) -> DistanceField {
    flood_from(graph, &[source], |_| false)
}

/// Searches from several nodes at once, never entering a closed node.
fn flood_from(graph: &Graph, sources: &[usize], closed: impl Fn(usize) -> bool) -> DistanceField {
    if graph.is_weighted() {
        return dijkstra(graph, sources, closed);
    }
    let mut distances = vec![UNREACHABLE; graph.n_nodes()];
    let mut order = Vec::with_capacity(graph.n_nodes());
    for &source in sources {
        distances[source] = 0;
        order.push(source as u32);
    }
    let mut next = 0;
    while next < order.len() {
        let node = order[next] as usize;
        next += 1;
        for v in graph.neighbours(node) {
            if distances[v] == UNREACHABLE && !closed(v) {
                distances[v] = distances[node] + 1;
                order.push(v as u32);
            }
        }
    }
    DistanceField { distances, order }
}

/// Searches as [`flood_from`] does, where edges have weights. Source: Dijkstra 1959, "A note on two problems in
/// connexion with graphs".
fn dijkstra(graph: &Graph, sources: &[usize], closed: impl Fn(usize) -> bool) -> DistanceField {
    let mut distances = vec![UNREACHABLE; graph.n_nodes()];
    let mut is_settled = vec![false; graph.n_nodes()];
    let mut order = Vec::with_capacity(graph.n_nodes());
    // Sources keep their listed order; other nodes go by distance, then by index.
    let mut queue: BinaryHeap<_> = sources.iter().enumerate().map(|(i, &source)| Reverse((0, i, source))).collect();
    sources.iter().for_each(|&source| distances[source] = 0);
    while let Some(Reverse((distance, _, node))) = queue.pop() {
        if std::mem::replace(&mut is_settled[node], true) {
            continue;
        }
        order.push(node as u32);
        for (v, weight) in graph.weighted_neighbours(node) {
            let through = distance + weight;
            if through < distances[v] && !closed(v) {
                distances[v] = through;
                queue.push(Reverse((through, v, v)));
            }
        }
    }
    DistanceField { distances, order }
}

/// Walks from `origin` to a target, taking the steps that `step` returns.
fn walk(field: &DistanceField, origin: usize, mut step: impl FnMut(usize) -> Option<usize>) -> Option<Vec<usize>> {
    let mut path = Vec::with_capacity(field.distance(origin)? + 1);
    path.push(origin);
    let mut at = origin;
    while field.distances[at] > 0 {
        at = step(at).expect("every node that reaches the target has a successor nearer to it");
        path.push(at);
    }
    Some(path)
}

/// Draws uniformly from `0..n`, for `n` of any size.
fn wide_below(rng: &mut impl Rng, n: u128) -> u128 {
    if let Ok(n) = u32::try_from(n) {
        return below(rng, n as usize) as u128;
    }
    let mask = u128::MAX >> (n - 1).leading_zeros();
    loop {
        let draw = (u128::from(rng.next_u64()) << 64 | u128::from(rng.next_u64())) & mask;
        if draw < n {
            return draw;
        }
    }
}
