//! Hunt and kill: random walks, each starting at the first cell next to the earlier ones.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::options::Start;
use super::sides::UnvisitedSides;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Carves a spanning tree into a lattice whose passages are all closed, and returns the start.
///
/// Walks to unvisited neighbours, uniformly, until there is none ("kill"); then takes the first unvisited cell, row by row,
/// that has a visited neighbour ("hunt"), joins it to one of those, uniformly, and continues the walk from there.
pub(super) fn carve(start: Start, rng: &mut Stream, open: &mut PassageSet) -> usize {
    let lattice = open.lattice();
    let start = start.draw(lattice, rng);
    let mut unvisited = UnvisitedSides::new(lattice);
    let mut visited = vec![false; lattice.n_cells()];
    // Unvisited cells next to visited ones, first row first, so that the hunt need not scan the lattice.
    let mut prey = BinaryHeap::new();
    let visit = |cell: usize, unvisited: &mut UnvisitedSides, visited: &mut Vec<bool>| {
        unvisited.visit(cell);
        visited[cell] = true;
    };
    let mut at = start;
    visit(at, &mut unvisited, &mut visited);
    loop {
        let sides = unvisited.of(at);
        if sides != 0 {
            prey.extend(lattice.adjacent(at).filter(|&v| !visited[v]).map(Reverse));
            let (to, passage) = unvisited.choose(at, sides, rng);
            open.set_bit(passage);
            at = to;
        } else {
            while prey.peek().is_some_and(|&Reverse(cell)| visited[cell]) {
                prey.pop();
            }
            let Some(Reverse(cell)) = prey.pop() else { return start };
            let beside = lattice.adjacent(cell).filter(|&v| visited[v]);
            let n_beside = lattice.adjacent(cell).filter(|&v| visited[v]).count();
            let joined = beside.clone().nth(below(rng, n_beside)).unwrap_or(start);
            open.open(joined, cell);
            at = cell;
        }
        visit(at, &mut unvisited, &mut visited);
    }
}
