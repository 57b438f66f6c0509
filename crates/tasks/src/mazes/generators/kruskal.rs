//! Kruskal's algorithm: opens passages in random order, unless both ends are connected already.

use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, shuffle};

/// Carves a spanning tree into a lattice whose passages are all closed: the minimum spanning tree under independent random
/// weights. Every tree is possible, but not equally likely.
pub(super) fn carve(rng: &mut Stream, open: &mut PassageSet) {
    let lattice = open.lattice();
    let mut pairs: Vec<(u32, u32)> = lattice.adjacent_pairs().map(|(a, b)| (a as u32, b as u32)).collect();
    shuffle(rng, &mut pairs);
    let mut sets = DisjointSets::apart(lattice.n_cells());
    for (a, b) in pairs {
        if sets.join(a as usize, b as usize) {
            open.open(a as usize, b as usize);
        }
    }
}

/// Disjoint sets of cells (union by size, path halving).
struct DisjointSets {
    /// The cell's parent, or for a root, minus the size of its set.
    parent: Vec<i32>,
}

impl DisjointSets {
    fn apart(n: usize) -> DisjointSets {
        DisjointSets { parent: vec![-1; n] }
    }

    fn root(&mut self, mut cell: usize) -> usize {
        while self.parent[cell] >= 0 {
            let parent = self.parent[cell] as usize;
            if self.parent[parent] >= 0 {
                self.parent[cell] = self.parent[parent];
            }
            cell = parent;
        }
        cell
    }

    /// Joins the sets of two cells, and returns whether they were different.
    fn join(&mut self, a: usize, b: usize) -> bool {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return false;
        }
        let (small, large) = if self.parent[a] > self.parent[b] { (a, b) } else { (b, a) };
        self.parent[large] += self.parent[small];
        self.parent[small] = large as i32;
        true
    }
}
