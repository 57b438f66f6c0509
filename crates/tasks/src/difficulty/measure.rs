//! How hard a problem is: where its path forks, and how far ahead one must look to choose right.

use crate::problem::graph::Graph;

/// Where a walker on `path` has a choice: indices of the cells, the last excepted, with two or more neighbours that are
/// not the cell just left. Nobody turns back, so every other step is forced.
pub fn forks<'a>(graph: &'a Graph, path: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
    (0..path.len().saturating_sub(1)).filter(|&i| onward(graph, path, i).nth(1).is_some())
}

/// The first fork of a path, if it has one.
pub fn first_fork(graph: &Graph, path: &[usize]) -> Option<usize> {
    forks(graph, path).next()
}

/// Neighbours of `path[index]` a walker can go on to: all but the cell it came from.
pub fn onward<'a>(graph: &'a Graph, path: &[usize], index: usize) -> impl Iterator<Item = usize> + Clone + 'a {
    let behind = index.checked_sub(1).map(|i| path[i]);
    graph.neighbours(path[index]).filter(move |&v| Some(v) != behind)
}

/// How many steps ahead a breadth-first search from `path[index]` must look to know that the path's next cell is a
/// right one. 0 if there is no choice, or no next cell.
///
/// The search runs down all branches at once and ends when it meets the path's end, or when only branches through the
/// next cell are left. On trees this is the lesser of the steps left and the height of the tallest rival branch, the
/// branch's root counting 1. Cells of the path up to `index` are not entered again.
///
/// Source: Saparov et al. 2024, "Transformers Struggle to Learn to Search" (arXiv 2412.04703).
pub fn lookahead(graph: &Graph, path: &[usize], index: usize) -> usize {
    let Some((&useful, &goal)) = path.get(index + 1).zip(path.last()) else { return 0 };
    let mut visited = vec![false; graph.n_nodes()];
    path[..=index].iter().for_each(|&v| visited[v] = true);
    // Each node of the frontier with whether the search came to it through the useful cell.
    let mut frontier: Vec<(usize, bool)> = Vec::new();
    for child in onward(graph, path, index).filter(|&v| v == useful || !visited[v]).collect::<Vec<_>>() {
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
                    // Reached at the same depth by a rival too: the useful branch is as good a way there.
                    met.1 = true;
                }
            }
        }
        frontier = next;
    }
    steps
}

/// Steps of [`lookahead`] needed at the first fork of a path; 0 if it has none.
pub fn first_fork_lookahead(graph: &Graph, path: &[usize]) -> usize {
    first_fork(graph, path).map_or(0, |fork| lookahead(graph, path, fork))
}

/// What makes a problem hard, in numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Difficulty {
    /// Cells of the path, both ends included.
    pub path_cells: usize,
    /// Forks on the path.
    pub forks: usize,
    /// Steps of [`lookahead`] needed at the first fork; 0 if the path has none.
    pub first_fork_lookahead: usize,
    /// Steps of [`lookahead`] needed at the fork that needs most; 0 if the path has none.
    pub max_lookahead: usize,
}

/// The difficulty of walking `path`.
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
