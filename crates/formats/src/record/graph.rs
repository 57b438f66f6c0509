//! Records of graphs: one JSON object per line.
//!
//! `{"n":..,"directed":..,"edges":[[u,v],..],"weights":[..],"labels":[[x1,..],..],"origin":..,"goal":GOAL,
//! "solution":[..],"class":"..","shown":[EXAMPLE,..]}`, where GOAL is `{"node":7}`, `{"nearest":{"in":SET,"avoid":SET}}`
//! or `{"hops":3}`, and EXAMPLE is such an object without `class` and `shown` and with `"graph_shown":true`. `weights`
//! (one for each edge), `labels`, `solution`, `class` and `shown` may be absent; without a solution, the reader solves
//! the problem. A solution must follow edges and end in a node that satisfies the goal (not required of EXAMPLEs, whose
//! labels may be shuffled); it need not be the shortest, nor respect the avoid set. `class` is trusted, because it depends
//! on the task, which the line does not name; if it is absent, [`GraphRecord::class`] is used.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::error::{RecordError, RecordFault};
use crate::record::json::{Object, form, json_fault};
use searchlens_tasks::families::structure::MAX_NODES;
use searchlens_tasks::instance::{Demonstration, Instance};
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::solve::shortest_path;
use searchlens_tasks::problem::{Goal, Labels, Problem};
use searchlens_tasks::splits::SymmetryClass;
use searchlens_tasks::splits::refine::relabelling_class;

/// A problem on a graph, with its solution and few-shot demonstrations.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphRecord {
    /// The problem.
    pub problem: Problem,
    /// A path from the origin to a node that satisfies the goal, not necessarily the shortest.
    pub solution: Vec<usize>,
    /// The few-shot demonstrations that precede it.
    pub shown: Vec<Demonstration>,
}

/// Maximum number of edges of a line's graph.
pub const MAX_EDGES: usize = 2_000_000;

/// Maximum number of coordinates of a label.
pub const MAX_DIM: usize = 64;

/// The keys of a line.
pub(crate) const KEYS: &str = "n, directed, edges, weights, labels, origin, goal, solution, class, shown";

impl GraphRecord {
    /// Returns the record of a problem on any graph.
    pub fn of(instance: &Instance) -> GraphRecord {
        let Instance { problem, path, demonstrations: shown, .. } = instance;
        GraphRecord { problem: problem.clone(), solution: path.clone(), shown: shown.clone() }
    }

    /// Computes the class up to renaming the nodes, by colour refinement: the class of most tasks, and coarser (which is
    /// safe) than that of tasks with exact equivalence.
    pub fn class(&self) -> SymmetryClass {
        // If every path crosses the avoid set, tasks use distances that ignore it.
        let blind = || match &self.problem.goal {
            Goal::Nearest { within, .. } => {
                let goal = Goal::Nearest { within: within.clone(), avoid: None };
                Problem { goal, ..self.problem.clone() }.distances()
            }
            Goal::Node(_) | Goal::Hops(_) => None,
        };
        let field = self.problem.distances().or_else(blind).expect("the solution leads to the goal");
        relabelling_class(&self.problem, &field)
    }

    /// Returns the JSON line, without a line feed. `class` is that of the problem's task, or `None` if unknown.
    pub fn to_line(&self, class: impl Into<Option<SymmetryClass>>) -> String {
        let class = class.into().map(|class| class.to_string());
        let line = Line { class, shown: self.shown_lines(), ..Line::of(&self.problem, &self.solution) };
        serde_json::to_string(&line).expect("lists of finite numbers are JSON")
    }

    /// Returns the demonstrations as one JSON list, as in a line; `None` if there are none.
    pub(crate) fn shown_json(&self) -> Option<String> {
        let json = || serde_json::to_string(&self.shown_lines()).expect("lists of finite numbers are JSON");
        (!self.shown.is_empty()).then(json)
    }

    fn shown_lines(&self) -> Vec<Line<'_>> {
        let seen = |shown: &Demonstration| Some(shown.graph_shown);
        self.shown.iter().map(|s| Line { graph_shown: seen(s), ..Line::of(&s.problem, &s.path) }).collect()
    }

    /// Parses a line.
    ///
    /// # Errors
    /// [`RecordError`] with the given line number, if the line is not as the module describes.
    pub fn parse(line_number: usize, line: &str) -> Result<GraphRecord, RecordError> {
        parse(line).map(|(record, _)| record).map_err(|fault| RecordError { line: line_number, fault })
    }
}

/// A line as it is written.
#[derive(Serialize)]
struct Line<'a> {
    n: usize,
    directed: bool,
    edges: Vec<(usize, usize)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<Vec<u32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    labels: Option<Vec<&'a [f64]>>,
    origin: usize,
    goal: &'a Goal,
    solution: &'a [usize],
    #[serde(skip_serializing_if = "Option::is_none")]
    graph_shown: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    shown: Vec<Line<'a>>,
}

impl<'a> Line<'a> {
    fn of(problem: &'a Problem, solution: &'a [usize]) -> Line<'a> {
        let graph = &problem.graph;
        let edges: Vec<(usize, usize)> = graph.edges().collect();
        let weight = |&(u, v): &(usize, usize)| graph.weight(u, v).expect("the edge is there");
        Line {
            n: graph.n_nodes(),
            directed: graph.is_directed(),
            weights: graph.is_weighted().then(|| edges.iter().map(weight).collect()),
            edges,
            labels: problem.labels.as_ref().map(|labels| labels.iter().collect()),
            origin: problem.origin,
            goal: &problem.goal,
            solution,
            graph_shown: None,
            class: None,
            shown: Vec::new(),
        }
    }
}

/// A line as it is read. Values are checked one by one, so that an error can name the place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    n: Option<Value>,
    directed: Option<Value>,
    edges: Option<Value>,
    weights: Option<Value>,
    labels: Option<Value>,
    origin: Option<Value>,
    goal: Option<Value>,
    solution: Option<Value>,
    graph_shown: Option<Value>,
    class: Option<Value>,
    shown: Option<Vec<Object<RawLine>>>,
}

/// Parses a line into its record and class, if it has one.
pub(crate) fn parse(line: &str) -> Result<(GraphRecord, Option<SymmetryClass>), RecordFault> {
    let Object(raw) = serde_json::from_str(line).map_err(|error| json_fault(&error, line, KEYS))?;
    parse_raw(raw)
}

/// [`parse`] of a JSON value.
pub(crate) fn parse_value(line: Value) -> Result<(GraphRecord, Option<SymmetryClass>), RecordFault> {
    let Object(raw) = Object::deserialize(line).map_err(|error| json_fault(&error, "", KEYS))?;
    parse_raw(raw)
}

fn parse_raw(mut raw: RawLine) -> Result<(GraphRecord, Option<SymmetryClass>), RecordFault> {
    let class = match raw.class.take() {
        None => None,
        Some(value) => {
            let digits = value.as_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_hexdigit()));
            let class = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
            let wanted = "a string of 16 hexadecimal digits, as `generate` writes it, or left out";
            Some(SymmetryClass(class.ok_or_else(|| form("class", &value, wanted))?))
        }
    };
    if let Some(value) = raw.graph_shown.take() {
        return Err(form("graph_shown", &value, "left out: it is for the examples in `shown`"));
    }
    let shown = raw.shown.take().unwrap_or_default().into_iter();
    let shown = shown.map(|Object(shown)| parse_shown(shown)).collect::<Result<Vec<_>, _>>()?;
    let (problem, solution) = parse_problem(raw)?;
    if let Some(path) = solution {
        let end = path[path.len() - 1];
        if !problem.is_target(end) {
            return Err(RecordFault::WrongGoal { end });
        }
        return Ok((GraphRecord { problem, solution: path, shown }, class));
    }
    let field = problem.distances();
    let path = field.and_then(|field| shortest_path(&problem.graph, &field, problem.origin));
    let solution = path.ok_or(RecordFault::Unreachable { origin: problem.origin })?;
    Ok((GraphRecord { problem, solution, shown }, class))
}

fn parse_shown(mut raw: RawLine) -> Result<Demonstration, RecordFault> {
    for (field, given) in [("class", raw.class.is_some()), ("shown", raw.shown.is_some())] {
        if given {
            return Err(form(field, &Value::Null, "left out inside `shown`"));
        }
    }
    let graph_shown = match raw.graph_shown.take() {
        None => true,
        Some(Value::Bool(shown)) => shown,
        Some(value) => return Err(form("graph_shown", &value, "true or false")),
    };
    let (problem, path) = parse_problem(raw)?;
    let path = path.ok_or(RecordFault::Missing { field: "solution", form: "every example in `shown` has one" })?;
    Ok(Demonstration { problem, path, graph_shown })
}

/// Parses the problem, and the solution if there is one.
fn parse_problem(raw: RawLine) -> Result<(Problem, Option<Vec<usize>>), RecordFault> {
    let missing = |field, form| RecordFault::Missing { field, form };
    let n = raw.n.ok_or(missing("n", "the number of nodes"))?;
    let n = count(&n)
        .filter(|n| (1..=MAX_NODES).contains(n))
        .ok_or_else(|| form("n", &n, format!("a whole number from 1 to {MAX_NODES}")))?;
    let directed = match raw.directed.ok_or(missing("directed", "true or false"))? {
        Value::Bool(directed) => directed,
        value => return Err(form("directed", &value, "true or false")),
    };
    let edges = parse_edges(n, directed, &raw.edges.ok_or(missing("edges", "[[from, to], ..]"))?)?;
    let graph = if directed { Graph::directed(n, &edges) } else { Graph::undirected(n, &edges) };
    let graph = match raw.weights {
        None => graph,
        Some(weights) => weighted(graph, &edges, &weights)?,
    };
    let labels = raw.labels.map(|labels| parse_labels(n, &labels)).transpose()?;
    let origin = parse_node("origin".to_owned(), n, &raw.origin.ok_or(missing("origin", "a node"))?)?;
    let goal = raw.goal.ok_or(missing("goal", "{\"node\":7}, {\"nearest\":{\"in\":SET}} or {\"hops\":3}"))?;
    let goal = parse_goal(&graph, labels.as_ref(), origin, &goal)?;
    let solution = raw.solution.map(|value| parse_path(&graph, origin, &value)).transpose()?;
    Ok((Problem { labels, ..Problem::on(graph, origin, goal) }, solution))
}

fn parse_edges(n: usize, directed: bool, value: &Value) -> Result<Vec<(usize, usize)>, RecordFault> {
    let list = value.as_array().ok_or_else(|| form("edges", value, "a list of [from, to]"))?;
    if list.len() > MAX_EDGES {
        return Err(form("edges", value, format!("a list of at most {MAX_EDGES}")));
    }
    let mut edges = Vec::with_capacity(list.len());
    for (i, edge) in list.iter().enumerate() {
        let ends = edge.as_array().filter(|ends| ends.len() == 2);
        let ends = ends.ok_or_else(|| form(format!("edges[{i}]"), edge, "[from, to]"))?;
        let u = parse_node(format!("edges[{i}][0]"), n, &ends[0])?;
        let v = parse_node(format!("edges[{i}][1]"), n, &ends[1])?;
        if u == v {
            return Err(form(format!("edges[{i}]"), edge, "between two different nodes"));
        }
        edges.push((u, v));
    }
    let mut sorted: Vec<_> = edges.iter().map(|&(u, v)| if directed { (u, v) } else { (u.min(v), u.max(v)) }).collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(RecordFault::RepeatedEdge { from: pair[0].0, to: pair[0].1 }),
        None => Ok(edges),
    }
}

fn weighted(graph: Graph, edges: &[(usize, usize)], value: &Value) -> Result<Graph, RecordFault> {
    let list = value.as_array().filter(|list| list.len() == edges.len());
    let list = list.ok_or_else(|| form("weights", value, format!("a list of {}, one per edge", edges.len())))?;
    let most = (u64::from(u32::MAX) - 1) / graph.n_nodes() as u64;
    let mut by_edge = std::collections::BTreeMap::new();
    for (i, (value, &(u, v))) in list.iter().zip(edges).enumerate() {
        let weight = value.as_u64().filter(|w| (1..=most).contains(w));
        let wrong = || form(format!("weights[{i}]"), value, format!("a whole number from 1 to {most}"));
        let key = if graph.is_directed() { (u, v) } else { (u.min(v), u.max(v)) };
        by_edge.insert(key, weight.ok_or_else(wrong)? as u32);
    }
    Ok(graph.with_weights(|u, v| by_edge[&(u, v)]))
}

fn parse_labels(n: usize, value: &Value) -> Result<Labels, RecordFault> {
    let list = value.as_array().filter(|list| list.len() == n);
    let list = list.ok_or_else(|| form("labels", value, format!("a list of {n} labels, one per node")))?;
    let dim = list[0].as_array().map_or(0, Vec::len);
    if !(1..=MAX_DIM).contains(&dim) {
        return Err(form("labels[0]", &list[0], format!("a list of 1 to {MAX_DIM} numbers")));
    }
    let mut values = Vec::with_capacity(n * dim);
    for (v, label) in list.iter().enumerate() {
        let numbers = label.as_array().filter(|numbers| numbers.len() == dim);
        let wrong = || form(format!("labels[{v}]"), label, format!("a list of {dim} numbers, as long as the first"));
        for number in numbers.ok_or_else(wrong)? {
            values.push(number.as_f64().filter(|x| x.is_finite()).ok_or_else(wrong)?);
        }
    }
    Ok(Labels::new(dim, values))
}

fn parse_goal(graph: &Graph, labels: Option<&Labels>, origin: usize, value: &Value) -> Result<Goal, RecordFault> {
    let what = "{\"node\":7}, {\"nearest\":{\"in\":SET}} or {\"hops\":3}";
    let goal = Goal::deserialize(value).map_err(|error| form("goal", value, format!("{what} ({error})")))?;
    let n = graph.n_nodes();
    match &goal {
        Goal::Node(node) if *node >= n => return Err(form("goal.node", value, format!("a node below {n}"))),
        Goal::Node(_) => {}
        Goal::Hops(hops) => {
            // More hops than nodes add nothing, and could take arbitrarily long.
            if !(1..n).contains(hops) {
                return Err(form("goal.hops", value, format!("from 1 to {}", n - 1)));
            }
            let mut at = origin;
            for _ in 0..*hops {
                let mut ways = graph.neighbours(at);
                at = match (ways.next(), ways.next()) {
                    (Some(next), None) => next,
                    _ => {
                        return Err(form(
                            "goal.hops",
                            value,
                            format!("fewer hops: node {at} does not have exactly one successor"),
                        ));
                    }
                };
            }
        }
        Goal::Nearest { within, avoid } => {
            let labels = labels.ok_or(RecordFault::Missing { field: "labels", form: "the goal refers to them" })?;
            let check = |field, region: &searchlens_tasks::problem::region::Region| {
                region.check(labels.dim()).map_err(|error| RecordFault::Region { field, error })
            };
            check("goal.nearest.in", within)?;
            avoid.as_ref().map_or(Ok(()), |avoid| check("goal.nearest.avoid", avoid))?;
        }
    }
    Ok(goal)
}

fn parse_path(graph: &Graph, origin: usize, value: &Value) -> Result<Vec<usize>, RecordFault> {
    let nodes = value.as_array().filter(|nodes| !nodes.is_empty());
    let nodes = nodes.ok_or_else(|| form("solution", value, "a list of at least one node"))?;
    let node = |(i, value)| parse_node(format!("solution[{i}]"), graph.n_nodes(), value);
    let path = nodes.iter().enumerate().map(node).collect::<Result<Vec<_>, _>>()?;
    if path[0] != origin {
        return Err(form("solution[0]", &nodes[0], format!("{origin}, the origin")));
    }
    match path.windows(2).position(|step| !graph.has_edge(step[0], step[1])) {
        Some(i) => Err(RecordFault::NoEdge { index: i + 1, from: path[i], to: path[i + 1] }),
        None => Ok(path),
    }
}

fn parse_node(field: String, n: usize, value: &Value) -> Result<usize, RecordFault> {
    count(value)
        .filter(|&v| v < n)
        .ok_or_else(|| form(field, value, format!("a node: a whole number from 0 to {}", n - 1)))
}

fn count(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}
