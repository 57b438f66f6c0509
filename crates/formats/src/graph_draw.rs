//! Graphs as text and pictures.

use std::fmt::Write;

use crate::record::GraphRecord;
use searchlens_tasks::problem::{Goal, Problem};

/// Returns a problem as text: its goal, the neighbours of every node, and the path.
///
/// ```
/// use searchlens_formats::graph_draw::text;
/// use searchlens_formats::record::GraphRecord;
///
/// let line = r#"{"n":2,"directed":true,"edges":[[0,1]],"origin":0,"goal":{"node":1}}"#;
/// let record = GraphRecord::parse(1, line)?;
/// assert_eq!(text(&record, true), "2 nodes, 1 edges, directed; from 0 to 1\n0 -> 1\npath: 0 1");
/// # Ok::<(), searchlens_formats::record::RecordError>(())
/// ```
pub fn text(record: &GraphRecord, with_path: bool) -> String {
    let mut text = String::new();
    for shown in &record.shown {
        if shown.graph_shown {
            describe(&shown.problem, &mut text);
        }
        text.push_str(&path_line(&shown.path));
        text.push_str("\n\n");
    }
    describe(&record.problem, &mut text);
    if with_path {
        text.push_str(&path_line(&record.solution));
    }
    text.trim_end().to_owned()
}

fn describe(problem: &Problem, text: &mut String) {
    let graph = &problem.graph;
    let (arrow, kind) = if graph.is_directed() { ("->", "directed") } else { ("--", "undirected") };
    let goal = goal_words(&problem.goal);
    let (n, m) = (graph.n_nodes(), graph.n_edges());
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{n} nodes, {m} edges, {kind}; from {} to {goal}", problem.origin);
    for node in (0..n).filter(|&v| graph.degree(v) > 0 || problem.labels.is_some()) {
        let label = problem.labels.as_ref().map_or(String::new(), |labels| format!(" {:?}", labels.of(node)));
        let ways: Vec<String> = graph
            .weighted_neighbours(node)
            .map(|(v, weight)| if graph.is_weighted() { format!("{v}({weight})") } else { v.to_string() })
            .collect();
        let _ = writeln!(text, "{}", format!("{node}{label} {arrow} {}", ways.join(" ")).trim_end());
    }
}

fn goal_words(goal: &Goal) -> String {
    match goal {
        Goal::Node(node) => format!("{node}"),
        Goal::Hops(hops) => format!("where {hops} steps lead"),
        Goal::Nearest { .. } => {
            let words = serde_json::to_string(goal).expect("sets of finite numbers are JSON");
            format!("the node that is {words}")
        }
    }
}

fn path_line(path: &[usize]) -> String {
    format!("path: {}", path.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
}

/// Returns one `<svg>` element: nodes on a circle in order, the origin green, target nodes red, nodes of the avoid set grey,
/// the path drawn over the edges.
pub fn svg(record: &GraphRecord, with_path: bool) -> String {
    let GraphRecord { problem, solution, .. } = record;
    let n = problem.graph.n_nodes();
    let radius = (12.0 * n as f64 / std::f64::consts::PI).max(40.0);
    let middle = radius + 20.0;
    let place = |v: usize| {
        let angle = std::f64::consts::TAU * v as f64 / n as f64;
        (middle + radius * libm::sin(angle), middle - radius * libm::cos(angle))
    };
    let mut svg = format!("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0} {0:.0}\">\n", 2.0 * middle);
    if problem.graph.is_directed() {
        svg.push_str(
            "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"16\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
             orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" fill=\"#888\"/></marker></defs>\n",
        );
    }
    let tip = if problem.graph.is_directed() { " marker-end=\"url(#tip)\"" } else { "" };
    let mut line = |u: usize, v: usize, style: &str| {
        let ((x1, y1), (x2, y2)) = (place(u), place(v));
        let _ = writeln!(svg, "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" {style}/>");
    };
    problem.graph.edges().for_each(|(u, v)| line(u, v, &format!("stroke=\"#888\"{tip}")));
    if with_path {
        solution.windows(2).for_each(|step| line(step[0], step[1], "stroke=\"#36c\" stroke-width=\"3\""));
    }
    let targets = problem.nearest_targets();
    for v in 0..n {
        let fill = match v {
            v if v == problem.origin => "#7c7",
            v if targets.contains(&v) => "#e66",
            v if problem.is_avoided(v) => "#bbb",
            _ => "#fff",
        };
        let (x, y) = place(v);
        let _ = writeln!(svg, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"9\" fill=\"{fill}\" stroke=\"#333\"/>");
        let _ = writeln!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" font-size=\"9\" text-anchor=\"middle\" font-family=\"sans-serif\">{v}</text>",
            y + 3.0
        );
    }
    svg.push_str("</svg>");
    svg
}
