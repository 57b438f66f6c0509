//! Difficulty of a problem: the forks of its path, and the lookahead each needs.

use crate::problem::graph::Graph;

/// Returns the forks of a path: indices of its nodes, except the last, with two or more neighbours besides the one just
/// left. Since no path turns back, every other step is forced.
pub fn forks<'a>(graph: &'a Graph, path: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    let n_steps = path.len().saturating_sub(1);
    (0..n_steps).filter(|&i| onward(graph, previous(path, i), path[i]).nth(1).is_some())
}

/// Returns the first fork of a path, if it has one.
pub fn first_fork(graph: &Graph, path: &[usize]) -> Option<usize> {
    forks(graph, path).next()
}

/// Lists the neighbours of `at`, ascending, except `from`, the node just left.
pub fn onward(graph: &Graph, from: Option<usize>, at: usize) -> impl Iterator<Item = usize> + Clone + '_ {
    graph.neighbours(at).filter(move |&v| Some(v) != from)
}

/// Returns the node before `path[index]`.
pub(crate) fn previous(path: &[usize], index: usize) -> Option<usize> {
    Some(path[index.checked_sub(1)?])
}

/// Returns how many steps a breadth-first search from `path[index]` must look ahead to know that the path's next node is
/// right. 0 if there is no choice, or no next node.
///
/// The search explores all branches in parallel and ends when it meets the path's end, or when only branches through the
/// next node are left. On trees this is the minimum of the steps left and the height of the tallest rival branch, the
/// branch's root counting 1. Nodes of the path up to `index` are not entered again.
///
/// ```
/// use searchlens_tasks::difficulty::measure::lookahead;
/// use searchlens_tasks::problem::graph::Graph;
///
/// // 0 - 1 - 2 - 3 - 4 with a dead end 1 - 5: one step shows that 5 leads nowhere.
/// let graph = Graph::undirected(6, &[(0, 1), (1, 2), (2, 3), (3, 4), (1, 5)]);
/// assert_eq!(lookahead(&graph, &[0, 1, 2, 3, 4], 1), 1);
/// assert_eq!(lookahead(&graph, &[0, 1, 2, 3, 4], 2), 0);
/// ```
///
/// Source: Saparov et al. 2024, "Transformers Struggle to Learn to Search" (arXiv 2412.04703).
pub fn lookahead(graph: &Graph, path: &[usize], index: usize) -> usize {
    let Some((&useful, &goal)) = path.get(index + 1).zip(path.last()) else { return 0 };
    let mut visited = vec![false; graph.n_nodes()];
    path[..=index].iter().for_each(|&v| visited[v] = true);
    // Nodes of the frontier, each with whether it was reached through the useful node.
    let mut frontier: Vec<(usize, bool)> = Vec::new();
    for child in
        onward(graph, previous(path, index), path[index]).filter(|&v| v == useful || !visited[v]).collect::<Vec<_>>()
    {
        visited[child] = true;
        frontier.push((child, child == useful));
    }
    let mut steps = 0;
    while !frontier.iter().all(|&(_, through_useful)| through_useful) {
        steps += 1;
        let mut next: Vec<(usize, bool)> = Vec::new();
        for &(node, through_useful) in &frontier {
            if node == goal {
                return steps;
            }
            for child in graph.neighbours(node) {
                if !visited[child] {
                    visited[child] = true;
                    next.push((child, through_useful));
                } else if through_useful && let Some(met) = next.iter_mut().find(|(v, _)| *v == child) {
                    // A rival reached it at the same depth: the useful branch is just as good.
                    met.1 = true;
                }
            }
        }
        frontier = next;
    }
    steps
}

/// Returns the [`lookahead`] needed at the first fork of a path; 0 if it has none.
pub fn first_fork_lookahead(graph: &Graph, path: &[usize]) -> usize {
    first_fork(graph, path).map_or(0, |fork| lookahead(graph, path, fork))
}

/// Measures of the difficulty of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difficulty {
    /// Cells of the path, both ends included.
    pub path_cells: usize,
    /// Forks on the path.
    pub forks: usize,
    /// The [`lookahead`] needed at the first fork; 0 if the path has none.
    pub first_fork_lookahead: usize,
    /// The maximum [`lookahead`] over all forks; 0 if the path has none.
    pub max_lookahead: usize,
}

/// Measures the difficulty of a path.
pub fn difficulty(graph: &Graph, path: &[usize]) -> Difficulty {
    let needed: Vec<usize> = forks(graph, path).map(|i| lookahead(graph, path, i)).collect();
    Difficulty {
        path_cells: path.len(),
        forks: needed.len(),
        first_fork_lookahead: needed.first().copied().unwrap_or(0),
        max_lookahead: needed.iter().copied().max().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `0 - 1 - 2 - 3 - 4`, with dead ends `1 - 5` and `2 - 6 - 7 - 8`.
    fn comb() -> Graph {
        Graph::undirected(9, &[(0, 1), (1, 2), (2, 3), (3, 4), (1, 5), (2, 6), (6, 7), (7, 8)])
    }

    #[track_caller]
    fn check_lookahead(path: &[usize], index: usize, want: usize) {
        assert_eq!(lookahead(&comb(), path, index), want);
    }

    #[test]
    fn forks_leave_out_the_way_back_and_the_end() {
        assert_eq!(forks(&comb(), &[0, 1, 2, 3, 4]).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(forks(&comb(), &[2, 1, 5]).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(first_fork(&comb(), &[3, 4]), Some(0));
        assert_eq!(first_fork(&comb(), &[4, 3]), None);
        assert_eq!(first_fork(&comb(), &[4]), None);
    }

    #[test]
    fn lookahead_is_the_lesser_of_the_way_left_and_the_tallest_rival() {
        check_lookahead(&[0, 1, 2, 3, 4], 0, 0);
        check_lookahead(&[0, 1, 2, 3, 4], 1, 1);
        check_lookahead(&[0, 1, 2, 3, 4], 2, 2);
        check_lookahead(&[1, 2, 6, 7, 8], 1, 2);
        check_lookahead(&[5, 1, 2, 3, 4], 1, 1);
        check_lookahead(&[3, 2, 1, 5], 1, 2);
        check_lookahead(&[4], 0, 0);
    }

    #[test]
    fn a_rival_that_rejoins_the_way_is_no_rival_any_more() {
        // Two ways round a square to 3, then on to 4 and 5.
        let square = Graph::undirected(6, &[(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (4, 5)]);
        assert_eq!(lookahead(&square, &[0, 1, 3, 4, 5], 0), 1);
        assert_eq!(difficulty(&square, &[0, 1, 3, 4, 5]).forks, 2);
    }
}
