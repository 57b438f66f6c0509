//! Which words a graph tokenizer writes where.

use super::Nodes;
use crate::name::graph::{GraphChoices, Style};
use crate::sequence::weights::WeightWords;

/// Which words are written where, by id. Node `v` is the word `v`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scheme {
    /// The word of the first bin of the first coordinate; bins of a coordinate, then coordinates, follow.
    pub(super) label: Option<u32>,
    /// Opens an edge.
    pub(super) edge: Option<u32>,
    /// Separates two edges.
    pub(super) between: Option<u32>,
    /// Follows the edges.
    pub(super) after: Option<u32>,
    /// Opens the query.
    pub(super) query: Option<u32>,
    /// Whether the query names the origin, before the target.
    pub(super) origin_in_query: bool,
    /// Whether the query names the target.
    pub(super) target_in_query: bool,
    /// The word for one hop; the words for more follow.
    pub(super) hop: Option<u32>,
    /// Offset of the words for the second node of an edge and for path steps, or 0 if they have no words of their own.
    pub(super) child: u32,
    /// The path-start token.
    pub(super) start: u32,
    /// Whether the path is written goal first.
    pub(super) reverse: bool,
    /// Whether only the last node of the path is written.
    pub(super) last_only: bool,
    /// The token that the network sees in place of the path.
    pub(super) mask: Option<u32>,
    pub(super) end: u32,
    pub(super) pad: u32,
    /// Follow each edge.
    pub(super) weights: WeightWords,
}

impl Scheme {
    /// Returns the scheme of a tokenizer for graphs of these nodes, and its vocabulary in id order.
    pub(super) fn new(choices: GraphChoices, nodes: &Nodes) -> (Scheme, Vec<String>) {
        let style = choices.style;
        let n = nodes.n_nodes;
        let mut words: Vec<String> = (0..n).map(|node| node.to_string()).collect();
        let mut signs: Vec<&str> = Vec::new();
        let children = matches!(style, Style::Brinkmann(_));
        if children {
            words.extend((0..n).map(|node| format!(">{node}")));
        }
        let first_label = words.len() as u32;
        let binning = nodes.labels.as_ref().filter(|_| matches!(style, Style::Labelled { .. }));
        for (binning, axis) in binning.into_iter().flat_map(|binning| (0..binning.dim).map(move |axis| (binning, axis)))
        {
            words.extend((0..binning.bins).map(|bin| format!("{}{bin}", AXES[axis])));
        }
        let first = words.len() as u32;
        let mut sign = |name| {
            signs.push(name);
            first + signs.len() as u32 - 1
        };
        let blank = |start, end, pad| Scheme {
            label: None,
            edge: None,
            between: None,
            after: None,
            query: None,
            origin_in_query: true,
            target_in_query: true,
            hop: None,
            child: 0,
            start,
            reverse: false,
            last_only: false,
            mask: None,
            end,
            pad,
            weights: WeightWords::NONE,
        };
        let mut scheme = match style {
            Style::Saparov => {
                let (start, edge, pad, query) = (sign("P"), sign("E"), sign("PAD"), sign("Q"));
                Scheme { edge: Some(edge), query: Some(query), ..blank(start, sign("END"), pad) }
            }
            Style::Labelled { .. } => {
                let (start, edge, pad, query) = (sign("P"), sign("E"), sign("PAD"), sign("Q"));
                let (label, edge, query) = (Some(first_label), Some(edge), Some(query));
                Scheme { label, edge, query, target_in_query: false, ..blank(start, sign("END"), pad) }
            }
            Style::Hops { end: last_only } => {
                let (start, edge, pad, query) = (sign("P"), sign("E"), sign("PAD"), sign("Q"));
                let (edge, query) = (Some(edge), Some(query));
                Scheme { edge, query, target_in_query: false, last_only, ..blank(start, sign("END"), pad) }
            }
            Style::Brinkmann(_) => {
                let (between, start, after) = (sign(","), sign(":"), sign("|"));
                let scheme = blank(start, sign("END"), sign("PAD"));
                let (between, after) = (Some(between), Some(after));
                Scheme { between, after, origin_in_query: false, child: n as u32, ..scheme }
            }
            Style::Bachmann { reverse, teacherless } => {
                let (between, start, after, mask) = (sign("|"), sign("="), sign("/"), sign("$"));
                let scheme = blank(start, sign("END"), sign("PAD"));
                let mask = teacherless.then_some(mask);
                Scheme { between: Some(between), after: Some(after), reverse, mask, ..scheme }
            }
        };
        words.extend(signs.into_iter().map(str::to_owned));
        scheme.weights = WeightWords::behind(&mut words, choices.weights);
        if matches!(style, Style::Hops { .. }) {
            // After all other words, whose ids therefore do not depend on the number of hops.
            scheme.hop = Some(words.len() as u32);
            words.extend((1..=nodes.max_hops).map(|hops| format!("h{hops}")));
        }
        (scheme, words)
    }
}

/// Names of the coordinates of labels.
const AXES: [&str; 3] = ["x", "y", "z"];
