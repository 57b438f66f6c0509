//! Classes of problems on graphs: hashes that are invariant under renaming the nodes.

use crate::problem::region::Region;
use crate::problem::solve::{DistanceField, steps_from};
use crate::problem::{Goal, Problem};
use crate::splits::{SymmetryClass, mix};

/// Rounds of refinement. Every round is invariant, so stopping early only coarsens the classes. The initial colours hold
/// distances from the origin and to the goal already, which is most of what many rounds would find.
const ROUNDS: usize = 4;

/// Returns the class of a problem up to renaming its nodes: equal for all renamings, and almost always different for
/// anything else.
///
/// Colour refinement (Weisfeiler and Leman 1968) with origin, goal and labels marked: nodes start with a colour of their own
/// and absorb their neighbours' colours, round by round; the class is a hash of all final colours.
///
/// `field` holds the distances to the goal ([`Problem::distances`]).
pub fn relabelling_class(problem: &Problem, field: &DistanceField) -> SymmetryClass {
    let graph = &problem.graph;
    let n = graph.n_nodes();
    let from_origin = steps_from(graph, problem.origin, |_| false);
    let mut colours: Vec<u64> = (0..n)
        .map(|v| {
            let to_goal = field.distance(v).map_or(u64::MAX, |d| d as u64);
            let at = mix(mix(from_origin[v]) ^ to_goal);
            problem.labels.as_ref().map_or(at, |labels| hash_floats(at, labels.of(v)))
        })
        .collect();
    let mut next = vec![0u64; n];
    for _ in 0..ROUNDS {
        for (v, new) in next.iter_mut().enumerate() {
            *new = colours[v].rotate_left(1);
        }
        for u in 0..n {
            // Sums ignore order. The message of an arc to its head differs from that to its tail.
            let message = mix(colours[u]);
            for (v, weight) in graph.weighted_neighbours(u) {
                let weight = u64::from(weight);
                next[v] = next[v].wrapping_add(message.wrapping_mul(2 * weight - 1));
                if graph.is_directed() {
                    next[u] = next[u].wrapping_add(mix(!colours[v]).wrapping_mul(2 * weight - 1));
                }
            }
        }
        for (colour, new) in colours.iter_mut().zip(&next) {
            *colour = mix(*new);
        }
    }
    let shape = mix((n as u64) << 1 | u64::from(graph.is_directed()));
    let all = colours.iter().fold(0u64, |sum, &colour| sum.wrapping_add(mix(colour)));
    SymmetryClass(mix(hash_goal(shape ^ mix(all), &problem.goal)))
}

/// Returns the class of a problem with fixed node names: only identical problems share it. Puzzles are distinguished by the
/// states of origin and goal, which determine the rest.
pub fn exact_class(problem: &Problem) -> SymmetryClass {
    let graph = &problem.graph;
    let start = mix((graph.n_nodes() as u64) << 1 | u64::from(graph.is_directed()));
    SymmetryClass(match (&problem.labels, &problem.goal) {
        (Some(states), Goal::Node(goal)) => {
            hash_floats(hash_floats(start, states.of(problem.origin)), states.of(*goal))
        }
        (_, goal) => {
            let arcs = (0..graph.n_nodes()).flat_map(|u| graph.weighted_neighbours(u).map(move |(v, w)| (u, v, w)));
            let arcs = arcs.fold(start, |hash, (u, v, w)| mix(mix(hash ^ (u as u64) << 32 ^ v as u64) ^ u64::from(w)));
            let origin = mix(arcs ^ problem.origin as u64);
            match goal {
                Goal::Node(node) => mix(origin ^ *node as u64),
                _ => hash_goal(origin, goal),
            }
        }
    })
}

fn hash_floats(hash: u64, values: &[f64]) -> u64 {
    // Adding 0 maps -0 to 0.
    values.iter().fold(hash, |hash, x| mix(hash ^ (x + 0.0).to_bits()))
}

/// Mixes in a goal. A goal node needs nothing: the distances to it are in the colours.
fn hash_goal(hash: u64, goal: &Goal) -> u64 {
    match goal {
        Goal::Node(_) => hash,
        Goal::Hops(hops) => mix(hash ^ *hops as u64),
        Goal::Nearest { within, avoid } => {
            let hash = hash_region(mix(hash ^ 1), within);
            avoid.as_ref().map_or(hash, |avoid| hash_region(mix(hash ^ 2), avoid))
        }
    }
}

fn hash_region(hash: u64, region: &Region) -> u64 {
    match region {
        Region::Interval { axis, low, high } => hash_floats(mix(hash ^ 3 ^ (*axis as u64) << 8), &[*low, *high]),
        Region::Box { low, high } => hash_floats(hash_floats(mix(hash ^ 4), low), high),
        Region::Ball { centre, radius } => hash_floats(hash_floats(mix(hash ^ 5), centre), &[*radius]),
        Region::HalfSpace { normal, offset } => hash_floats(hash_floats(mix(hash ^ 6), normal), &[*offset]),
        Region::Union(parts) => parts.iter().fold(mix(hash ^ 7), hash_region),
        Region::Intersection(parts) => parts.iter().fold(mix(hash ^ 8), hash_region),
        Region::Complement(part) => hash_region(mix(hash ^ 9), part),
    }
}
