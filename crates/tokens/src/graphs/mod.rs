//! Grammars of graphs other than mazes, in the formats of the papers that study them (see [`crate::name::graph`]).
//!
//! All write labels (if any), edges (optionally with weights), a query, a sign and the path. A [`Scheme`] says which words
//! are used where.

mod scheme;

use searchlens_base::stream::{Stream, below, shuffle};
use searchlens_tasks::families::labels::Binning;
use searchlens_tasks::problem::Labels;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::solve::DistanceField;

use self::scheme::Scheme;
use crate::name::TokenizerName;
use crate::name::graph::{BrinkmannOrder, GraphChoices, Style};
use crate::sequence::answer::Answer;
use crate::sequence::decoded::Decoded;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::grammar::{Grammar, check_reading};
use crate::sequence::io::{Reader, Writer};
use crate::sequence::role::{Delimiter, Role};
use crate::sequence::vocab::Vocab;

/// The nodes of the graphs that a tokenizer is made for.
#[derive(Clone, Debug, PartialEq)]
pub struct Nodes {
    /// Number of nodes of the largest graph.
    pub n_nodes: usize,
    /// Whether edges are directed.
    pub directed: bool,
    /// The bins of the labels, if nodes have labels: each bin of each coordinate has a word.
    pub labels: Option<Binning>,
    /// Maximum number of few-shot demonstrations.
    pub examples: usize,
    /// Maximum number of hops of a goal; 0 if goals are not hops.
    pub max_hops: usize,
}

impl Nodes {
    /// Returns nodes without labels, for problems without demonstrations or hops.
    pub fn plain(n_nodes: usize, directed: bool) -> Nodes {
        Nodes { n_nodes, directed, labels: None, examples: 0, max_hops: 0 }
    }
}

/// A tokenizer of graphs.
#[derive(Clone, Debug)]
pub struct GraphWords {
    choices: GraphChoices,
    nodes: Nodes,
    scheme: Scheme,
    vocab: Vocab,
}

/// Edges in the order in which they are written, and their weights if there are words for weights.
#[derive(Default)]
struct Edges {
    edges: Vec<(usize, usize)>,
    weights: Vec<u32>,
}

impl GraphWords {
    /// Returns the tokenizer for graphs of these nodes.
    pub(crate) fn new(choices: GraphChoices, nodes: Nodes) -> GraphWords {
        let (scheme, words) = Scheme::new(choices, &nodes);
        GraphWords { choices, nodes, scheme, vocab: Vocab::new(words) }
    }

    /// Returns the style and the choices of the tokenizer's name.
    pub fn choices(&self) -> GraphChoices {
        self.choices
    }

    /// Returns the nodes that it has words for.
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// Returns the token that the network sees in place of the path, if the path is masked.
    pub(crate) fn mask_id(&self) -> Option<u32> {
        self.scheme.mask
    }

    /// Writes one problem: labels, edges, query.
    fn write_one(&self, example: &Example<'_>, order: EdgeOrder<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let n_nodes = example.graph.n_nodes();
        if n_nodes > self.nodes.n_nodes {
            return Err(EncodeError::TooManyNodes { n_nodes, n_names: self.nodes.n_nodes });
        }
        let scheme = &self.scheme;
        scheme.weights.check(example.graph, TokenizerName::Graph(self.choices))?;
        let mut order = order;
        if let Some(first) = scheme.label {
            self.write_labels(first, example, &mut order, out)?;
        }
        let mut list = std::mem::take(out.edges);
        let listed = self.list(example, order, &mut list);
        let mut before = None;
        for &(from, to) in list.iter().filter(|_| listed.is_ok()) {
            if let (Some(between), Some((from, to))) = (scheme.between, before) {
                out.push(between, Role::Separator { from, to });
            }
            if let Some(edge) = scheme.edge {
                out.push(edge, Role::Separator { from, to });
            }
            out.push(from as u32, Role::EdgeFrom { from, to });
            out.push(to as u32 + scheme.child, Role::EdgeTo { from, to });
            scheme.weights.write(example.graph, from, to, out);
            before = Some((from, to));
        }
        *out.edges = list;
        listed?;
        scheme.after.into_iter().for_each(|id| out.push(id, Role::Delimiter(Delimiter::EdgesEnd)));
        self.write_query(example, out)
    }

    fn write_query(&self, example: &Example<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let scheme = &self.scheme;
        let Some(origin) = example.origin else { return Ok(()) };
        let target = match (scheme.target_in_query, example.target) {
            (true, None) => return Err(EncodeError::Goal { wanted: "nodes" }),
            (true, target) => target,
            (false, _) => None,
        };
        let hops = match (scheme.hop, example.hops) {
            (Some(_), None) => return Err(EncodeError::Goal { wanted: "numbers of hops" }),
            (Some(first), Some(n)) if (1..=self.nodes.max_hops).contains(&n) => Some((first + n as u32 - 1, n)),
            (Some(_), Some(hops)) => return Err(EncodeError::Hops { hops, most: self.nodes.max_hops }),
            (None, _) => None,
        };
        scheme.query.into_iter().for_each(|id| out.push(id, Role::Delimiter(Delimiter::OriginStart)));
        if scheme.origin_in_query {
            out.push(origin as u32, Role::Origin { cell: origin });
        }
        target.into_iter().for_each(|cell| out.push(cell as u32, Role::Target { cell }));
        hops.into_iter().for_each(|(id, n)| out.push(id, Role::Hops { n }));
        Ok(())
    }

    fn write_labels(
        &self,
        first: u32,
        example: &Example<'_>,
        order: &mut EdgeOrder<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        let labels: &Labels = example.labels.ok_or(EncodeError::NoLabels)?;
        let binning = self.nodes.labels.as_ref().ok_or(EncodeError::NoLabels)?;
        if labels.dim() != binning.dim {
            return Err(EncodeError::LabelDimension { found: labels.dim(), wanted: binning.dim });
        }
        let mut nodes: Vec<usize> = (0..labels.n_nodes()).collect();
        if let EdgeOrder::Shuffled(rng) = order {
            shuffle(*rng, &mut nodes);
        }
        for cell in nodes {
            out.push(cell as u32, Role::Label { cell });
            for (axis, &value) in labels.of(cell).iter().enumerate() {
                out.push(first + (axis * binning.bins + binning.bin(value)) as u32, Role::Label { cell });
            }
        }
        Ok(())
    }

    /// Lists the edges in the order in which they are written.
    fn list(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        list: &mut Vec<(usize, usize)>,
    ) -> Result<(), EncodeError> {
        list.clear();
        let mut rng = match order {
            EdgeOrder::Given(given) => return example.give(given, list),
            EdgeOrder::Fixed => None,
            EdgeOrder::Shuffled(rng) => Some(rng),
        };
        list.extend(example.graph.edges());
        if let Some(rng) = &mut rng {
            shuffle(rng, list);
            if !example.graph.is_directed() {
                flip(list, rng);
            }
        }
        let backward = match (self.choices.style, rng) {
            (Style::Brinkmann(BrinkmannOrder::Backward), _) => true,
            (Style::Brinkmann(BrinkmannOrder::Mixed), Some(rng)) => below(rng, 2) == 1,
            _ => false,
        };
        if backward {
            let origin = example.origin.ok_or(EncodeError::NoOrigin)?;
            let from_origin = DistanceField::to(&example.graph.reversed(), origin);
            // Edges that are unreachable from the origin come last.
            let nearness = |&(a, b): &(usize, usize)| {
                let near = from_origin.distance(a).into_iter().chain(from_origin.distance(b)).min();
                near.map_or(isize::MAX, |near| -(near as isize))
            };
            list.sort_by_key(nearness);
        }
        Ok(())
    }

    fn node(&self, id: u32) -> Option<usize> {
        Some(id as usize).filter(|&node| node < self.nodes.n_nodes)
    }

    /// Returns the node of a path step or of the second node of an edge.
    fn child(&self, id: u32) -> Option<usize> {
        id.checked_sub(self.scheme.child).and_then(|id| self.node(id))
    }

    fn read_node(&self, reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
        reader.take("a node", |id| self.node(id))
    }

    /// Reads the edges, and their weights if there are words for weights.
    fn read_edges(&self, reader: &mut Reader<'_>) -> Result<Edges, DecodeError> {
        let scheme = &self.scheme;
        let Edges { mut edges, mut weights } = Edges::default();
        loop {
            let more = match (scheme.edge, scheme.after) {
                (Some(edge), _) => reader.skip(edge),
                (None, Some(after)) if edges.is_empty() => !reader.skip(after),
                (None, Some(after)) => {
                    let between = scheme.between.filter(|&between| reader.skip(between));
                    if between.is_none() {
                        reader.expect(after, "the sign between two edges or after the last")?;
                    }
                    between.is_some()
                }
                (None, None) => false,
            };
            if !more {
                return Ok(Edges { edges, weights });
            }
            let from = self.read_node(reader)?;
            let position = reader.position();
            let to = reader.take("a node", |id| self.child(id))?;
            let same = |&(a, b): &(usize, usize)| (a, b) == (from, to) || !self.nodes.directed && (b, a) == (from, to);
            if from == to || edges.iter().any(same) {
                return Err(DecodeError::RepeatedPassage { position, from, to });
            }
            edges.push((from, to));
            scheme.weights.read(reader, &mut weights)?;
        }
    }
}

/// Returns the path from the origin to a node in a graph of out-degree 1: the origin and the node alone if the node is not
/// reached within the goal's hops.
fn path_to(node: usize, example: &Example<'_>) -> Vec<usize> {
    let Some(origin) = example.origin else { return vec![node] };
    let mut path = vec![origin];
    if let Some(hops) = example.hops {
        let graph = example.graph;
        let onward = |&at: &usize| if at < graph.n_nodes() { graph.neighbours(at).next() } else { None };
        path = std::iter::successors(Some(origin), onward).take(hops + 1).collect();
    }
    // The last visit counts: the path may pass through the node before its end.
    match path.iter().rposition(|&v| v == node) {
        Some(place) => path.truncate(place + 1),
        None => path = vec![origin, node],
    }
    path
}

fn flip(list: &mut [(usize, usize)], rng: &mut Stream) {
    for (a, b) in list {
        if below(rng, 2) == 1 {
            std::mem::swap(a, b);
        }
    }
}

impl Grammar for GraphWords {
    fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    fn end_id(&self) -> u32 {
        self.scheme.end
    }

    fn pad_id(&self) -> u32 {
        self.scheme.pad
    }

    fn write_problem(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        let prompted = self.choices.style == Style::Labelled { prompted: true };
        if !prompted && !example.shown.is_empty() {
            return Err(EncodeError::Shown { n: example.shown.len() });
        }
        let mut order = order;
        for (index, shown) in example.shown.iter().enumerate() {
            let begin = out.roles.len();
            let shown_example = Example::of_problem(&shown.problem, Some(&shown.path));
            shown_example.check()?;
            let its_order = match &mut order {
                EdgeOrder::Shuffled(rng) => EdgeOrder::Shuffled(rng),
                EdgeOrder::Fixed | EdgeOrder::Given(_) => EdgeOrder::Fixed,
            };
            if shown.graph_shown {
                self.write_one(&shown_example, its_order, out)?;
            } else {
                self.write_query(&shown_example, out)?;
            }
            self.write_path_start(out);
            self.write_answer(&shown_example, &shown.path, out)?;
            out.roles[begin..].fill(Role::Shown { example: index });
        }
        self.write_one(example, order, out)
    }

    fn write_path_start(&self, out: &mut Writer<'_>) {
        out.push(self.scheme.start, Role::PathStart);
    }

    fn write_answer(&self, _: &Example<'_>, path: &[usize], out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let mut write = |step: usize| {
            let cell = path[step];
            let child = if step == 0 { 0 } else { self.scheme.child };
            out.push(cell as u32 + child, Role::PathStep { step, cell });
        };
        if self.scheme.last_only {
            write(path.len() - 1);
        } else if self.scheme.reverse {
            (0..path.len()).rev().for_each(&mut write)
        } else {
            (0..path.len()).for_each(write)
        }
        out.push(self.scheme.end, Role::End);
        Ok(())
    }

    fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        if self.scheme.label.is_some() {
            // The goal is not written.
            return Err(DecodeError::Lossy);
        }
        let mut reader = Reader::new(ids, &self.vocab, self.scheme.pad)?;
        let reader = &mut reader;
        let Edges { edges: passages, weights } = self.read_edges(reader)?;
        let n = self.nodes.n_nodes;
        let graph = if self.nodes.directed { Graph::directed(n, &passages) } else { Graph::undirected(n, &passages) };
        let graph = self.scheme.weights.put_on(graph, &passages, &weights);
        let (mut origin, mut target, mut hops, mut path) = (None, None, None, None);
        if reader.peek().is_some() {
            self.scheme.query.map_or(Ok(()), |query| reader.expect(query, "the sign of the query"))?;
            if self.scheme.origin_in_query {
                origin = Some(self.read_node(reader)?);
            }
            if self.scheme.target_in_query {
                target = Some(self.read_node(reader)?);
            }
            if let Some(first) = self.scheme.hop {
                let n_words = self.nodes.max_hops;
                let number = |id: u32| id.checked_sub(first).map(|more| more as usize + 1).filter(|&n| n <= n_words);
                hops = Some(reader.take("a number of hops", number)?);
            }
        }
        if reader.peek().is_some() {
            reader.expect(self.scheme.start, "the sign of the path")?;
            let begin = reader.position();
            let problem = Example { origin, target, hops, ..Example::of_graph(&graph) };
            let answer = self.decode_answer(&problem, reader.rest());
            let end = answer.roles.iter().position(|&role| role == Role::End);
            let wanted = "a node or the end of the path";
            match (answer.invalid_tokens.first(), end) {
                (None, Some(end)) => reader.go_to(begin + end + 1),
                (Some(position), _) => {
                    reader.go_to(begin + position);
                    return Err(reader.unexpected(wanted));
                }
                (None, None) => {
                    reader.go_to(reader.ids().len());
                    return Err(reader.unexpected(wanted));
                }
            }
            origin = origin.or(answer.cells.first().copied());
            path = Some(answer.cells);
        }
        if target.is_some() && origin.is_none() {
            // Only the path names the origin, and there is none.
            return Err(DecodeError::Lossy);
        }
        reader.finish()?;
        if path.as_ref().is_some_and(Vec::is_empty) {
            return Err(reader.unexpected("a path"));
        }
        let decoded = Decoded { passages, origin, target, hops, path, ..Decoded::of_graph(graph) };
        check_reading(self, &decoded, reader)?;
        Ok(decoded)
    }

    fn decode_answer(&self, example: &Example<'_>, generated: &[u32]) -> Answer {
        let mut answer = Answer::new(Vec::new(), generated.len());
        for (position, &id) in generated.iter().enumerate() {
            if id == self.scheme.end {
                answer.end(position);
                break;
            }
            let first = answer.cells.is_empty() && answer.invalid_tokens.is_empty();
            match if first { self.node(id) } else { self.child(id) } {
                Some(_) if self.scheme.last_only && !answer.cells.is_empty() => answer.invalid_tokens.push(position),
                Some(node) if self.scheme.last_only => answer.walk(position..position + 1, &path_to(node, example)),
                Some(node) => answer.walk(position..position + 1, &[node]),
                None => answer.invalid_tokens.push(position),
            }
        }
        if self.scheme.reverse {
            answer.reverse();
        }
        answer
    }

    fn max_problem_len(&self, max_edges: usize) -> usize {
        let scheme = &self.scheme;
        let has = |sign: Option<u32>| usize::from(sign.is_some());
        let labels = self.nodes.labels.as_ref().filter(|_| scheme.label.is_some());
        let labels = labels.map_or(0, |binning| self.nodes.n_nodes * (1 + binning.dim));
        let weight = usize::from(scheme.weights.are_some());
        let edges = max_edges * (2 + has(scheme.edge) + weight) + max_edges.saturating_sub(1) * has(scheme.between);
        let ends = usize::from(scheme.origin_in_query) + usize::from(scheme.target_in_query);
        let query = has(scheme.query) + ends + has(scheme.hop);
        let one = labels + edges + has(scheme.after) + query;
        let shown = if self.choices.style == (Style::Labelled { prompted: true }) { self.nodes.examples } else { 0 };
        one + shown * (one + 1 + self.max_answer_len())
    }

    fn max_answer_len(&self) -> usize {
        match self.scheme.hop {
            Some(_) if self.scheme.last_only => 2,
            Some(_) => self.nodes.max_hops + 2,
            None => self.nodes.n_nodes + 1,
        }
    }
}
