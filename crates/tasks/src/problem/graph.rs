//! Graphs in compressed sparse rows, shared by every solver, measure and task.

/// A graph on nodes `0..n_nodes`, with sorted neighbour lists in one array (compressed sparse rows).
///
/// An undirected edge stands in both lists. There are no loops and no parallel edges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Graph {
    /// `neighbours[offsets[v]..offsets[v + 1]]` are the out-neighbours of `v`, ascending.
    offsets: Vec<u32>,
    neighbours: Vec<u32>,
    /// Weight of each arc, parallel to `neighbours`; empty if every weight is 1.
    weights: Vec<u32>,
    directed: bool,
}

impl Graph {
    /// Makes an undirected graph from edges, in any order; repeated edges count once.
    ///
    /// # Panics
    /// If an edge names a node `>= n_nodes` or joins a node to itself.
    pub fn undirected(n_nodes: usize, edges: &[(usize, usize)]) -> Graph {
        Graph::from_arcs(n_nodes, edges.iter().flat_map(|&(u, v)| [(u, v), (v, u)]), false)
    }

    /// Makes a directed graph from arcs `(from, to)`, in any order; repeated arcs count once.
    ///
    /// # Panics
    /// If an arc names a node `>= n_nodes` or joins a node to itself.
    pub fn directed(n_nodes: usize, arcs: &[(usize, usize)]) -> Graph {
        Graph::from_arcs(n_nodes, arcs.iter().copied(), true)
    }

    fn from_arcs(n_nodes: usize, arcs: impl Iterator<Item = (usize, usize)>, directed: bool) -> Graph {
        // Single integers sort faster than pairs.
        let key = |(u, v): (usize, usize)| {
            assert!(u < n_nodes && v < n_nodes && u != v, "an edge leaves 0..{n_nodes} or is a loop");
            (u as u64) << 32 | v as u64
        };
        let mut arcs: Vec<u64> = arcs.map(key).collect();
        arcs.sort_unstable();
        arcs.dedup();
        let mut offsets = vec![0u32; n_nodes + 1];
        for arc in &arcs {
            offsets[(arc >> 32) as usize + 1] += 1;
        }
        for v in 0..n_nodes {
            offsets[v + 1] += offsets[v];
        }
        Graph { offsets, neighbours: arcs.into_iter().map(|arc| arc as u32).collect(), weights: Vec::new(), directed }
    }

    /// Makes an undirected graph from neighbour lists in the form that [`Graph`] stores.
    pub(crate) fn from_sorted_neighbours(offsets: Vec<u32>, neighbours: Vec<u32>) -> Graph {
        let graph = Graph { offsets, neighbours, weights: Vec::new(), directed: false };
        debug_assert_eq!(graph, Graph::undirected(graph.n_nodes(), &graph.edges().collect::<Vec<_>>()));
        graph
    }

    /// Returns the graph with a weight on every edge. `weight` is called once per edge, in the order of [`Graph::edges`]. If
    /// all weights are 1, the graph counts as unweighted.
    ///
    /// # Panics
    /// If a weight is 0, or so large that the cost of a path through all nodes does not fit in 32 bits.
    pub fn with_weights(mut self, mut weight: impl FnMut(usize, usize) -> u32) -> Graph {
        let mut weights = vec![1; self.neighbours.len()];
        for (u, v) in self.edges().collect::<Vec<_>>() {
            let w = weight(u, v);
            let fits = u64::from(w) * (self.n_nodes() as u64) < u64::from(u32::MAX);
            assert!(w > 0 && fits, "an edge has the weight {w}");
            weights[self.arc(u, v).expect("the edge is there")] = w;
            if !self.directed {
                weights[self.arc(v, u).expect("the edge is there both ways")] = w;
            }
        }
        self.weights = if weights.iter().all(|&w| w == 1) { Vec::new() } else { weights };
        self
    }

    /// Returns the graph with every arc reversed; an undirected graph is its own reverse.
    pub fn reversed(&self) -> Graph {
        let n_nodes = self.n_nodes();
        let mut offsets = vec![0u32; n_nodes + 1];
        self.neighbours.iter().for_each(|&v| offsets[v as usize] += 1);
        let mut n_arcs = 0;
        for offset in &mut offsets {
            n_arcs += std::mem::replace(offset, n_arcs);
        }
        // Tails come in ascending order, so each head's list is sorted without sorting.
        let mut neighbours = vec![0u32; self.neighbours.len()];
        for u in 0..n_nodes {
            for v in self.neighbours(u) {
                neighbours[offsets[v] as usize] = u as u32;
                offsets[v] += 1;
            }
        }
        // Each row's start has moved to its end, which is the start of the next row.
        offsets.copy_within(..n_nodes, 1);
        offsets[0] = 0;
        let reversed = Graph { offsets, neighbours, weights: Vec::new(), directed: self.directed };
        if !self.is_weighted() {
            return reversed;
        }
        reversed.with_weights(|u, v| self.weight(v, u).expect("every arc is another's reverse"))
    }

    /// Returns the number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Returns the number of edges (an undirected edge counts once).
    pub fn n_edges(&self) -> usize {
        if self.directed { self.neighbours.len() } else { self.neighbours.len() / 2 }
    }

    /// Returns whether edges have a direction.
    pub fn is_directed(&self) -> bool {
        self.directed
    }

    /// Iterates over the out-neighbours of `node`, ascending.
    pub fn neighbours(&self, node: usize) -> impl ExactSizeIterator<Item = usize> + Clone + '_ {
        self.neighbours[self.offsets[node] as usize..self.offsets[node + 1] as usize].iter().map(|&v| v as usize)
    }

    /// Iterates over the out-neighbours of `node`, ascending, each with the weight of the edge.
    pub fn weighted_neighbours(&self, node: usize) -> impl ExactSizeIterator<Item = (usize, u32)> + Clone + '_ {
        let arcs = self.offsets[node] as usize..self.offsets[node + 1] as usize;
        let weights = if self.weights.is_empty() { &[] } else { &self.weights[arcs] };
        self.neighbours(node).enumerate().map(move |(i, v)| (v, if weights.is_empty() { 1 } else { weights[i] }))
    }

    /// Returns whether some edge has a weight other than 1.
    pub fn is_weighted(&self) -> bool {
        !self.weights.is_empty()
    }

    /// Returns the weight of an edge; `None` if there is no such edge.
    pub fn weight(&self, from: usize, to: usize) -> Option<u32> {
        self.arc(from, to).map(|arc| self.weights.get(arc).copied().unwrap_or(1))
    }

    /// Returns the cost of a walk: the sum of its edges' weights, or their number if the graph is unweighted. `None` if a
    /// step is not an edge, or leaves the graph.
    pub fn cost(&self, walk: &[usize]) -> Option<u64> {
        let step = |w: &[usize]| if w[0] < self.n_nodes() { self.weight(w[0], w[1]).map(u64::from) } else { None };
        walk.windows(2).map(step).sum()
    }

    /// Returns the number of out-neighbours of `node`.
    pub fn degree(&self, node: usize) -> usize {
        (self.offsets[node + 1] - self.offsets[node]) as usize
    }

    /// Returns whether an edge leads from `from` to `to`.
    pub fn has_edge(&self, from: usize, to: usize) -> bool {
        self.neighbours(from).any(|v| v == to)
    }

    /// Returns the index of an arc in `neighbours`.
    fn arc(&self, from: usize, to: usize) -> Option<usize> {
        let index = self.neighbours(from).position(|v| v == to)?;
        Some(self.offsets[from] as usize + index)
    }

    /// Iterates over the edges, ascending; undirected edges once, with the smaller node first.
    pub fn edges(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        let directed = self.directed;
        (0..self.n_nodes())
            .flat_map(move |u| self.neighbours(u).map(move |v| (u, v)))
            .filter(move |&(u, v)| directed || u < v)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_undirected_edge_can_be_walked_both_ways() {
        let g = Graph::undirected(3, &[(2, 1), (0, 1), (1, 2)]);
        assert_eq!((g.n_nodes(), g.n_edges(), g.degree(1)), (3, 2, 2));
        assert!(g.has_edge(2, 1) && g.has_edge(1, 2) && !g.has_edge(0, 2));
        assert_eq!(g.edges().collect::<Vec<_>>(), [(0, 1), (1, 2)]);
    }

    #[test]
    fn neighbours_ascend_once_each_in_whatever_order_arcs_come() {
        let g = Graph::directed(4, &[(3, 1), (0, 2), (3, 0), (0, 1), (3, 1), (0, 2), (0, 3), (3, 1)]);
        assert_eq!(g.edges().collect::<Vec<_>>(), [(0, 1), (0, 2), (0, 3), (3, 0), (3, 1)]);
        assert_eq!(g.reversed().edges().collect::<Vec<_>>(), [(0, 3), (1, 0), (1, 3), (2, 0), (3, 0)]);
        assert_eq!(g.reversed().reversed(), g);
        let u = Graph::undirected(4, &[(3, 1), (1, 3), (2, 1)]);
        assert_eq!((u.edges().collect::<Vec<_>>(), u.reversed()), (vec![(1, 2), (1, 3)], u));
    }

    #[test]
    fn weights_are_kept_for_both_ways() {
        let g = Graph::undirected(3, &[(0, 1), (1, 2)]).with_weights(|u, v| (10 * u + v) as u32);
        assert!(g.is_weighted());
        assert_eq!((g.weight(1, 0), g.weight(2, 1), g.weight(0, 2)), (Some(1), Some(12), None));
        assert_eq!(g.weighted_neighbours(1).collect::<Vec<_>>(), [(0, 1), (2, 12)]);
        assert_eq!(
            (g.cost(&[0, 1, 2]), g.cost(&[0, 2]), g.cost(&[7, 2]), g.cost(&[1])),
            (Some(13), None, None, Some(0))
        );
        let d = Graph::directed(2, &[(0, 1)]).with_weights(|_, _| 5).reversed();
        assert_eq!((d.weight(1, 0), d.weight(0, 1)), (Some(5), None));
        assert!(!Graph::undirected(2, &[(0, 1)]).with_weights(|_, _| 1).is_weighted());
    }

    #[test]
    fn a_directed_arc_can_be_walked_one_way() {
        let g = Graph::directed(3, &[(2, 1)]);
        assert!(g.has_edge(2, 1) && !g.has_edge(1, 2));
        assert_eq!(g.edges().collect::<Vec<_>>(), [(2, 1)]);
    }
}
