//! How far every node is from a target, which steps are optimal, and how many shortest paths there are: breadth-first
//! search, or Dijkstra's where edges have weights.
//!
//! In a weighted graph "distance", "shortest" and "steps away" speak of the sum of the weights.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use rand::Rng;

use crate::problem::graph::Graph;
use searchlens_base::stream::below;

/// How many steps every node is from one target, or from the nearest of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DistanceField {
    /// By node; [`UNREACHABLE`] where no path leads to the target.
    distances: Vec<u32>,
    /// Nodes that reach the target, nearest first.
    order: Vec<u32>,
}

const UNREACHABLE: u32 = u32::MAX;

impl DistanceField {
    /// Distances to `target` along the graph's arcs.
    ///
    /// # Panics
    /// If `target` is no node of the graph.
    pub fn to(graph: &Graph, target: usize) -> DistanceField {
        if graph.is_directed() { flood(&graph.reversed(), target) } else { flood(graph, target) }
    }

    /// Distances to the nearest of several targets along the graph's arcs, never through a closed node. `None` if there
    /// is no target.
    ///
    /// Closed nodes are at no distance from anything. That a target is open is left to whoever lists them.
    ///
    /// # Panics
    /// If a target is no node of the graph.
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

    /// The target; where there are several, the first that was listed.
    pub fn target(&self) -> usize {
        self.order[0] as usize
    }

    /// The targets that shortest paths from `node` end in, ascending; none if no path leads to one.
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

    /// Steps from `node` to the target, or what they cost; `None` if no path leads there.
    pub fn distance(&self, node: usize) -> Option<usize> {
        let d = self.distances[node];
        (d != UNREACHABLE).then_some(d as usize)
    }

    /// All optimal next nodes from `node`, ascending: those that a shortest path goes on to. None in the target itself,
    /// none where it cannot be reached.
    pub fn successors<'a>(&'a self, graph: &'a Graph, node: usize) -> impl Iterator<Item = usize> + Clone + 'a {
        let here = self.distances[node];
        // An unreachable neighbour is farther than anything, and a sum that overflows is none of its.
        let leads_on = move |&(v, weight): &(usize, u32)| {
            self.distances[v] < here && self.distances[v].wrapping_add(weight) == here
        };
        graph.weighted_neighbours(node).filter(leads_on).map(|(v, _)| v)
    }

    /// Number of shortest paths from `node` to the target: 0 if there is none, 1 in the target itself. Saturates at
    /// `u128::MAX`, which open lattices pass from about 67×67 on.
    pub fn count_paths(&self, graph: &Graph, node: usize) -> u128 {
        match self.distances[node] {
            UNREACHABLE => 0,
            farthest => self.path_counts(graph, farthest)[node],
        }
    }

    /// [`DistanceField::count_paths`] of every node at most `farthest` steps away; 0 for the others.
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

/// A shortest path from `origin` to the field's target, both included; where several steps are optimal, the one to the
/// lowest node. `None` if no path leads there.
pub fn shortest_path(graph: &Graph, field: &DistanceField, origin: usize) -> Option<Vec<usize>> {
    walk(field, origin, |node| field.successors(graph, node).next())
}

/// A shortest path from `origin` to the field's target, both included, each as likely. `None` if no path leads there.
///
/// Draws from `rng` only where several steps are optimal. (Beyond the saturation of [`DistanceField::count_paths`] the
/// steps near the origin are no longer weighed exactly.)
pub fn random_shortest_path(
    graph: &Graph,
    field: &DistanceField,
    origin: usize,
    rng: &mut impl Rng,
) -> Option<Vec<usize>> {
    // Counting is put off until a choice asks for it: mazes without loops never do.
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

/// Steps from `source` to every node along the graph's arcs, never through a closed node; `u64::MAX` where no path
/// leads.
pub(crate) fn steps_from(graph: &Graph, source: usize, closed: impl Fn(usize) -> bool) -> Vec<u64> {
    let steps = |&d: &u32| if d == UNREACHABLE { u64::MAX } else { u64::from(d) };
    flood_from(graph, &[source], closed).distances.iter().map(steps).collect()
}

/// Breadth-first search along the graph's arcs.
fn flood(graph: &Graph, source: usize) -> DistanceField {
    flood_from(graph, &[source], |_| false)
}

/// Search from several nodes at once that enters no closed node.
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

/// [`flood_from`] where edges have weights. Source: Dijkstra 1959, "A note on two problems in connexion with graphs".
fn dijkstra(graph: &Graph, sources: &[usize], closed: impl Fn(usize) -> bool) -> DistanceField {
    let mut distances = vec![UNREACHABLE; graph.n_nodes()];
    let mut is_settled = vec![false; graph.n_nodes()];
    let mut order = Vec::with_capacity(graph.n_nodes());
    // The place in the list of sources keeps them in order; nodes in general go by distance, then by number.
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

/// From `origin` to a target by the steps that `step` names.
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

/// A uniform draw from `0..n`, for `n` of any size.
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
