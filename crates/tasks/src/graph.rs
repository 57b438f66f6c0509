//! Graphs in compressed sparse rows: the one structure every solver, measure and task works on.

/// A graph on nodes `0..n_nodes`, with sorted neighbour lists in one array (compressed sparse rows).
///
/// An undirected edge stands in both lists. There are no loops and no parallel edges.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Graph {
    /// `neighbours[offsets[v]..offsets[v + 1]]` are the out-neighbours of `v`, ascending.
    offsets: Vec<u32>,
    neighbours: Vec<u32>,
    directed: bool,
}

impl Graph {
    /// The undirected graph with the given edges. Repeated edges count once; order does not matter.
    ///
    /// # Panics
    /// If an edge names a node `>= n_nodes` or joins a node to itself.
    pub fn undirected(n_nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let both: Vec<_> = edges.iter().flat_map(|&(u, v)| [(u, v), (v, u)]).collect();
        Graph::from_arcs(n_nodes, both, false)
    }

    /// The directed graph with the given arcs `(from, to)`. Repeated arcs count once; order does not matter.
    ///
    /// # Panics
    /// If an arc names a node `>= n_nodes` or joins a node to itself.
    pub fn directed(n_nodes: usize, arcs: &[(usize, usize)]) -> Graph {
        Graph::from_arcs(n_nodes, arcs.to_vec(), true)
    }

    fn from_arcs(n_nodes: usize, mut arcs: Vec<(usize, usize)>, directed: bool) -> Graph {
        assert!(
            arcs.iter().all(|&(u, v)| u < n_nodes && v < n_nodes && u != v),
            "an edge leaves 0..{n_nodes} or is a loop"
        );
        arcs.sort_unstable();
        arcs.dedup();
        let mut offsets = vec![0u32; n_nodes + 1];
        for &(u, _) in &arcs {
            offsets[u + 1] += 1;
        }
        for v in 0..n_nodes {
            offsets[v + 1] += offsets[v];
        }
        Graph { offsets, neighbours: arcs.into_iter().map(|(_, v)| v as u32).collect(), directed }
    }

    /// The undirected graph whose neighbour lists are given ready-made, as [`Graph`] describes them.
    pub(crate) fn from_sorted_neighbours(offsets: Vec<u32>, neighbours: Vec<u32>) -> Graph {
        let graph = Graph { offsets, neighbours, directed: false };
        debug_assert_eq!(graph, Graph::undirected(graph.n_nodes(), &graph.edges().collect::<Vec<_>>()));
        graph
    }

    /// The graph with every arc turned round; an undirected graph is its own reverse.
    pub fn reversed(&self) -> Graph {
        let arcs = (0..self.n_nodes()).flat_map(|u| self.neighbours(u).map(move |v| (v, u))).collect();
        Graph::from_arcs(self.n_nodes(), arcs, self.directed)
    }

    /// Number of nodes.
    pub fn n_nodes(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Number of edges (an undirected edge counts once).
    pub fn n_edges(&self) -> usize {
        if self.directed { self.neighbours.len() } else { self.neighbours.len() / 2 }
    }

    /// Whether edges have a direction.
    pub fn is_directed(&self) -> bool {
        self.directed
    }

    /// Out-neighbours of `node`, ascending.
    pub fn neighbours(&self, node: usize) -> impl ExactSizeIterator<Item = usize> + Clone + '_ {
        self.neighbours[self.offsets[node] as usize..self.offsets[node + 1] as usize].iter().map(|&v| v as usize)
    }

    /// Number of out-neighbours of `node`.
    pub fn degree(&self, node: usize) -> usize {
        (self.offsets[node + 1] - self.offsets[node]) as usize
    }

    /// Whether one can step from `from` to `to`.
    pub fn has_edge(&self, from: usize, to: usize) -> bool {
        self.neighbours(from).any(|v| v == to)
    }

    /// Every edge once, in ascending order; undirected edges with the smaller node first.
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
    fn a_directed_arc_can_be_walked_one_way() {
        let g = Graph::directed(3, &[(2, 1)]);
        assert!(g.has_edge(2, 1) && !g.has_edge(1, 2));
        assert_eq!(g.edges().collect::<Vec<_>>(), [(2, 1)]);
    }
}
