//! Directed acyclic graphs: the naive, the balanced and the star distribution of Saparov et al. 2024, "Transformers
//! Struggle to Learn to Search" (arXiv 2412.04703).
//!
//! All three draw vertex names at random and leave unused names as isolated nodes. The balanced distribution first draws the
//! [`lookahead`] uniformly, then a graph that needs it.

use serde::{Deserialize, Serialize};

use crate::difficulty::measure::lookahead;
use crate::error::{TaskError, checked_range};
use crate::problem::graph::Graph;
use crate::problem::solve::{DistanceField, shortest_path};
use crate::problem::{Goal, Problem};
use searchlens_base::stream::{Stream, below, between, shuffle};

/// The three distributions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DagKind {
    /// 3 to `vertices - 1` vertices; each has one to three parents among the earlier ones (one, half of the time). Start and
    /// goal are random, conditioned on a path between them. Rarely needs more than two steps of lookahead.
    Naive,
    /// A chain to the goal beside rival chains of equal length or one longer, an optional chain of ancestors, and further
    /// vertices with preferential attachment. Lookahead is uniform.
    Balanced,
    /// The goal at the end of one of several spokes of equal length; the length, which is the lookahead, is uniform.
    Star,
}

/// A validated config of Saparov's graphs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "RawDagConfig", into = "RawDagConfig")]
pub struct DagConfig {
    kind: DagKind,
    vertices: usize,
    lookaheads: Option<(usize, usize)>,
}

/// An unvalidated [`DagConfig`], as written in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RawDagConfig {
    /// `naive`, `balanced` or `star`.
    pub kind: DagKind,
    /// Maximum number of vertices, maximum number of edges, and number of names: `(n - 5) / 3` for the paper's inputs of `n`
    /// tokens (41 for its main model).
    pub vertices: usize,
    /// Minimum lookahead. Default: 0 (1 in stars). Not for `naive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_lookahead: Option<usize>,
    /// Maximum lookahead. Default: `(vertices - 1) / 2`, the largest possible. Not for `naive`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_lookahead: Option<usize>,
}

/// The maximum number of vertices: reachability is stored as bit sets.
const MAX_VERTICES: usize = 1024;

impl TryFrom<RawDagConfig> for DagConfig {
    type Error = TaskError;

    fn try_from(raw: RawDagConfig) -> Result<DagConfig, TaskError> {
        let RawDagConfig { kind, vertices, min_lookahead, max_lookahead } = raw;
        let fewest = if kind == DagKind::Naive { 4 } else { 3 };
        checked_range("vertices", vertices, fewest, MAX_VERTICES)?;
        if kind == DagKind::Naive {
            let given = [("min_lookahead", min_lookahead), ("max_lookahead", max_lookahead)];
            if let Some((field, Some(value))) = given.into_iter().find(|(_, value)| value.is_some()) {
                let wanted = "left out: the naive distribution does not choose its lookahead".to_owned();
                return Err(TaskError::Range { field, value: value.to_string(), wanted });
            }
            return Ok(DagConfig { kind, vertices, lookaheads: None });
        }
        let least = usize::from(kind == DagKind::Star);
        let largest = (vertices - 1) / 2;
        let min = min_lookahead.unwrap_or(least);
        let max = max_lookahead.unwrap_or(largest);
        checked_range("max_lookahead", max, least, largest)?;
        checked_range("min_lookahead", min, least, max)?;
        Ok(DagConfig { kind, vertices, lookaheads: Some((min, max)) })
    }
}

impl From<DagConfig> for RawDagConfig {
    fn from(config: DagConfig) -> RawDagConfig {
        let DagConfig { kind, vertices, lookaheads } = config;
        let (min_lookahead, max_lookahead) = lookaheads.unzip();
        RawDagConfig { kind, vertices, min_lookahead, max_lookahead }
    }
}

impl DagConfig {
    /// Returns the distribution.
    pub fn kind(&self) -> DagKind {
        self.kind
    }

    /// Returns the number of names, which is the number of nodes of the graph.
    pub fn vertices(&self) -> usize {
        self.vertices
    }

    /// Returns the minimum and maximum lookahead; `None` for the naive distribution, which does not choose it.
    pub fn lookaheads(&self) -> Option<(usize, usize)> {
        self.lookaheads
    }

    pub(crate) fn name(&self) -> String {
        let kind = match self.kind {
            DagKind::Naive => "naive",
            DagKind::Balanced => "balanced",
            DagKind::Star => "star",
        };
        format!("dag-{kind}-{}", self.vertices)
    }

    pub(crate) fn problem(&self, rng: &mut Stream) -> (Problem, DistanceField) {
        let names = {
            let mut names: Vec<usize> = (0..self.vertices).collect();
            shuffle(rng, &mut names);
            names
        };
        let (mut draft, lookaheads) = (Draft::default(), self.lookaheads);
        let steps = lookaheads.map(|(min, max)| between(rng, min, max));
        loop {
            match (self.kind, steps) {
                (DagKind::Naive, _) | (_, None) => draft.naive(self.vertices, rng),
                (DagKind::Balanced, Some(steps)) => draft.balanced(self.vertices, steps, rng),
                (DagKind::Star, Some(steps)) => draft.star(self.vertices, steps, rng),
            }
            if draft.arcs.len() > self.vertices || draft.start == draft.goal {
                continue;
            }
            draft.arcs.iter_mut().for_each(|(u, v)| (*u, *v) = (names[*u], names[*v]));
            let (start, goal) = (names[draft.start], names[draft.goal]);
            let problem = Problem::on(Graph::directed(self.vertices, &draft.arcs), start, Goal::Node(goal));
            let field = DistanceField::to(&problem.graph, goal);
            if field.distance(start).is_some() && steps.is_none_or(|steps| needs(&problem, &field, steps)) {
                return (problem, field);
            }
        }
    }
}

/// Returns whether every shortest path needs this lookahead at its first step.
fn needs(problem: &Problem, field: &DistanceField, steps: usize) -> bool {
    let graph = &problem.graph;
    field.successors(graph, problem.origin).all(|next| {
        let mut path = shortest_path(graph, field, next).expect("a successor reaches the goal");
        path.insert(0, problem.origin);
        lookahead(graph, &path, 0) == steps
    })
}

/// A graph under construction, vertices numbered in order of creation.
#[derive(Default)]
struct Draft {
    arcs: Vec<(usize, usize)>,
    start: usize,
    goal: usize,
}

impl Draft {
    /// Draws from the naive distribution.
    fn naive(&mut self, vertices: usize, rng: &mut Stream) {
        self.arcs.clear();
        let n = between(rng, 3, vertices - 1);
        for child in 1..n {
            let n_parents = if below(rng, 2) == 0 { 1 } else { between(rng, 1, 3) }.min(child);
            let first = self.arcs.len();
            while self.arcs.len() < first + n_parents {
                let arc = (below(rng, child), child);
                if !self.arcs[first..].contains(&arc) {
                    self.arcs.push(arc);
                }
            }
        }
        // As in the authors' generator, the last vertex is neither.
        self.start = below(rng, n - 1);
        self.goal = below(rng, n - 1);
    }

    /// Draws a star with centre 0.
    fn star(&mut self, vertices: usize, length: usize, rng: &mut Stream) {
        self.arcs.clear();
        let spokes = between(rng, 2, (vertices - 1) / length);
        (0..spokes).for_each(|spoke| self.chain(0, 1 + spoke * length, length));
        (self.start, self.goal) = (0, length);
    }

    /// Draws from the balanced distribution; vertex 0 is the start.
    fn balanced(&mut self, vertices: usize, steps: usize, rng: &mut Stream) {
        self.arcs.clear();
        let branches = match steps {
            0 => between(rng, 1, 2),
            _ => between(rng, 2, (vertices - 1) / steps),
        };
        let n = (steps * branches + 1 + below(rng, 6)).min(vertices).max(2);
        self.chain(0, 1, steps.max(1));
        (self.start, self.goal) = (0, steps.max(1));
        let mut next = 1 + steps.max(1);
        if steps > 0 {
            for branch in 1..branches {
                // A rival may be one longer if enough vertices are left for the next ones.
                let spare = n - next - steps * (branches - branch);
                let length = steps + if spare > 0 { below(rng, 2) } else { 0 };
                self.chain(0, next, length);
                next += length;
            }
        }
        // Ancestors of the start, in a chain.
        let n_ancestors = below(rng, n - next + 1);
        let mut below_it = 0;
        for ancestor in next..next + n_ancestors {
            self.arcs.push((ancestor, below_it));
            below_it = ancestor;
        }
        self.attach(next + n_ancestors, n, rng);
    }

    /// Adds a chain of new vertices `first..first + length` below a vertex.
    fn chain(&mut self, top: usize, first: usize, length: usize) {
        let arc = |v: usize| (if v == first { top } else { v - 1 }, v);
        self.arcs.extend((first..first + length).map(arc));
    }

    /// Attaches vertices `first..n`, each with up to three children and up to three parents among the earlier ones, drawn
    /// with weights 1/2 + in-degree and 1/2 + out-degree, without making a cycle.
    fn attach(&mut self, first: usize, n: usize, rng: &mut Stream) {
        if first == n {
            return;
        }
        let mut reachability = Reachability::of(n, &self.arcs);
        let (mut in_degree, mut out_degree) = (vec![0usize; n], vec![0usize; n]);
        for &(u, v) in &self.arcs {
            out_degree[u] += 1;
            in_degree[v] += 1;
        }
        for new in first..n {
            let n_children = below(rng, 4);
            let n_parents = between(rng, usize::from(n_children == 0), 3);
            let mut taken = Vec::with_capacity(3);
            for child in draw_by_degree(&in_degree[..new], |_| true, n_children, &mut taken, rng) {
                self.arcs.push((new, *child));
                (out_degree[new], in_degree[*child]) = (out_degree[new] + 1, in_degree[*child] + 1);
                reachability.add(new, *child);
            }
            reachability.follow(new);
            let open = |v: usize| !reachability.reached(v);
            taken.clear();
            for parent in draw_by_degree(&out_degree[..new], open, n_parents, &mut taken, rng) {
                self.arcs.push((*parent, new));
                (out_degree[*parent], in_degree[new]) = (out_degree[*parent] + 1, in_degree[new] + 1);
            }
            taken.iter().for_each(|&parent| reachability.add(parent, new));
        }
    }
}

/// Draws up to `count` different vertices with weights 1/2 + degree.
fn draw_by_degree<'a>(
    degrees: &[usize],
    open: impl Fn(usize) -> bool,
    count: usize,
    taken: &'a mut Vec<usize>,
    rng: &mut Stream,
) -> &'a [usize] {
    for _ in 0..count {
        let weight = |v: usize| if open(v) && !taken.contains(&v) { 2 * degrees[v] + 1 } else { 0 };
        let total: usize = (0..degrees.len()).map(weight).sum();
        if total == 0 {
            break;
        }
        let mut ticket = below(rng, total);
        let drawn = (0..degrees.len()).find(|&v| {
            let weight = weight(v);
            let found = ticket < weight;
            ticket = ticket.saturating_sub(weight);
            found
        });
        taken.push(drawn.expect("the ticket is below the sum of the weights"));
    }
    taken
}

/// The successors of each vertex, as bit sets, and the vertices reachable from one of them.
struct Reachability {
    words: usize,
    rows: Vec<u64>,
    reached: Vec<u64>,
    /// Reached vertices whose successors are not yet explored.
    todo: Vec<usize>,
}

impl Reachability {
    fn of(n: usize, arcs: &[(usize, usize)]) -> Reachability {
        let words = n.div_ceil(64);
        let mut reachability =
            Reachability { words, rows: vec![0; n * words], reached: vec![0; words], todo: Vec::new() };
        arcs.iter().for_each(|&(u, v)| reachability.add(u, v));
        reachability
    }

    fn add(&mut self, tail: usize, head: usize) {
        self.rows[tail * self.words + head / 64] |= 1 << (head % 64);
    }

    /// Finds all vertices reachable from `from`. Few vertices are attached, so this is cheaper than maintaining the transitive
    /// closure.
    fn follow(&mut self, from: usize) {
        self.reached.fill(0);
        self.todo.push(from);
        while let Some(v) = self.todo.pop() {
            for (word, reached) in self.reached.iter_mut().enumerate() {
                let mut found = self.rows[v * self.words + word] & !*reached;
                *reached |= found;
                while found != 0 {
                    self.todo.push(64 * word + found.trailing_zeros() as usize);
                    found &= found - 1;
                }
            }
        }
    }

    /// Returns whether the last [`Reachability::follow`] reached a vertex.
    fn reached(&self, v: usize) -> bool {
        self.reached[v / 64] >> (v % 64) & 1 == 1
    }
}
