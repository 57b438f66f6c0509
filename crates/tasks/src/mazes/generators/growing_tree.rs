//! The growing tree: a mixture of depth-first search and growth from random cells.

use super::options::{Probability, Start};
use super::sides::UnvisitedSides;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Carves a spanning tree into a lattice whose passages are all closed, and returns the start.
///
/// Repeatedly chooses an active cell, the newest with probability `newest`, otherwise any, uniformly, and opens a passage to
/// one of its unvisited neighbours, uniformly. A chosen cell without one is retired. So `newest` = 1 is depth-first search,
/// and 0 makes short, winding branches.
pub(super) fn carve(start: Start, newest: Probability, rng: &mut Stream, open: &mut PassageSet) -> usize {
    let start = start.draw(open.lattice(), rng);
    let mut unvisited = UnvisitedSides::new(open.lattice());
    unvisited.visit(start);
    // In visiting order. A retired cell leaves a gap; at least half of the entries are no gaps.
    let mut active: Vec<Option<u32>> = vec![Some(start as u32)];
    let mut n_active = 1;
    while n_active > 0 {
        while active.last() == Some(&None) {
            active.pop();
        }
        let chosen = if newest.toss(rng) { active.len() - 1 } else { any_active(&active, rng) };
        let cell = active[chosen].map_or(start, |cell| cell as usize);
        let sides = unvisited.of(cell);
        if sides == 0 {
            active[chosen] = None;
            n_active -= 1;
            if 2 * n_active < active.len() {
                active.retain(Option::is_some);
            }
            continue;
        }
        let (to, passage) = unvisited.choose(cell, sides, rng);
        open.set_bit(passage);
        unvisited.visit(to);
        active.push(Some(to as u32));
        n_active += 1;
    }
    start
}

/// Draws the index of an active cell, uniformly.
fn any_active(active: &[Option<u32>], rng: &mut Stream) -> usize {
    loop {
        let index = below(rng, active.len());
        if active[index].is_some() {
            return index;
        }
    }
}
