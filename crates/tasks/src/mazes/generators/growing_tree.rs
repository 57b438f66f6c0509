//! The growing tree: depth-first search and its random opposite, mixed.

use super::options::{Probability, Start};
use super::sides::UnvisitedSides;
use crate::problem::passages::PassageSet;
use searchlens_base::stream::{Stream, below};

/// Carves a spanning tree into a lattice whose passages are all closed; the cell it started in.
///
/// Again and again a cell that is reached is chosen, with chance `newest` the one reached last, else any, each as
/// likely; from it a passage is opened to an unvisited neighbour, each as likely. A chosen cell without one is chosen
/// no more. So `newest` = 1 is depth-first search, and 0 makes short winding ways.
pub(super) fn carve(start: Start, newest: Probability, rng: &mut Stream, open: &mut PassageSet) -> usize {
    let start = start.draw(open.lattice(), rng);
    let mut unvisited = UnvisitedSides::new(open.lattice());
    unvisited.visit(start);
    // In the order of their visits. A cell that is done with leaves a gap, and at least half are no gaps.
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

/// The place of an active cell, each as likely.
fn any_active(active: &[Option<u32>], rng: &mut Stream) -> usize {
    loop {
        let place = below(rng, active.len());
        if active[place].is_some() {
            return place;
        }
    }
}
