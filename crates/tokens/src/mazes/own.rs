//! Searchlens' own tokenizers of mazes: small vocabularies, and a few independent choices (see [`crate::name::own`]).
//!
//! The default, `edges`, writes a passage as one token:
//!
//! ```text
//! E_1 .. E_m TARGET t ORIGIN o PATH c_1 .. c_L END
//! ```
//!
//! where `c_1` is the first cell *after* the origin. The ids are the pairs of adjacent cells in the order of
//! [`Lattice::adjacent_pairs`], the cells row by row, then TARGET, ORIGIN, PATH, END, PAD: 40 + 25 + 5 = 70 on 5×5. A
//! tree on 5×5 takes 24 + 6 tokens and one per step of the path: at most 54.
//!
//! The others replace the pairs by other words (OPEN and WALL in `walls`, none in `cells`), the cells by rows and columns,
//! and append the directions and workspace tokens that they need after PAD.

use searchlens_base::stream::{Stream, below, shuffle};
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::Lattice;
use searchlens_tasks::problem::solve::DistanceField;

use crate::mazes::modular::read_path;
use crate::mazes::path_steps::{PathSteps, PathWords};
use crate::mazes::spelling::{Names, Piece, Spelling};
use crate::name::TokenizerName;
use crate::name::modular::{Part, Parts, StepSize};
use crate::name::own::{Choices, Ends, Form, PassageOrder, PathForm, QueryPlace, Workspace};
use crate::sequence::answer::Answer;
use crate::sequence::decoded::Decoded;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::grammar::{Grammar, check_reading};
use crate::sequence::io::{Pairs, Reader, Writer};
use crate::sequence::role::{Delimiter, Role};
use crate::sequence::vocab::Vocab;
use crate::sequence::weights::WeightWords;

/// One of Searchlens' own tokenizers, for mazes of one shape.
#[derive(Clone, Debug)]
pub struct Own {
    choices: Choices,
    lattice: Lattice,
    /// The pairs of adjacent cells, in fixed order.
    pairs: Vec<(usize, usize)>,
    /// By cell: the index of its pair with the cell to the right, if there is one.
    beside: Vec<u32>,
    vocab: Vocab,
    spelling: Spelling,
    path_steps: PathSteps,
    /// Id of the first of [`MARKERS`].
    markers: u32,
    /// Id of the first workspace token, and their number.
    workspace: (u32, usize),
    weights: WeightWords,
}

const MARKERS: [&str; 5] = ["TARGET", "ORIGIN", "PATH", "END", "PAD"];
const TARGET: u32 = 0;
const ORIGIN: u32 = 1;
const PATH: u32 = 2;
const END: u32 = 3;
const PAD: u32 = 4;

/// In `walls`: the ids of its first two words.
const OPEN: u32 = 0;
const WALL: u32 = 1;

impl Own {
    /// Returns the tokenizer for mazes on `lattice`.
    pub(crate) fn new(choices: Choices, lattice: Lattice) -> Own {
        let pairs: Vec<_> = lattice.adjacent_pairs().collect();
        let cell = |node| {
            let (r, c) = lattice.coord(node);
            format!("({r},{c})")
        };
        let mut words: Vec<String> = match choices.form {
            Form::Edges => pairs.iter().map(|&(a, b)| format!("{}-{}", cell(a), cell(b))).collect(),
            Form::Walls => vec!["OPEN".to_owned(), "WALL".to_owned()],
            Form::Cells | Form::RowCol => Vec::new(),
        };
        let mut names = Names::default();
        let pieces = if choices.form == Form::RowCol {
            names.rows = (0..lattice.rows).zip(words.len() as u32..).collect();
            words.extend((0..lattice.rows).map(|row| format!("r{row}")));
            names.cols = (0..lattice.cols).zip(words.len() as u32..).collect();
            words.extend((0..lattice.cols).map(|col| format!("c{col}")));
            vec![Piece::Row, Piece::Col]
        } else {
            names.cells = (0..lattice.n_cells()).map(|node| lattice.coord(node)).zip(words.len() as u32..).collect();
            words.extend((0..lattice.n_cells()).map(cell));
            vec![Piece::Cell]
        };
        let markers = words.len() as u32;
        words.extend(MARKERS.map(str::to_owned));
        let directions = words.len() as u32;
        let cardinal = if choices.path == PathForm::Cells {
            [u32::MAX; 4]
        } else {
            words.extend(["NORTH", "SOUTH", "EAST", "WEST"].map(str::to_owned));
            [0, 1, 2, 3].map(|i| directions + i)
        };
        let n_workspace = match choices.workspace {
            Workspace::Tokens(n) => n,
            Workspace::OneEachCell => lattice.n_cells(),
        };
        let workspace = (words.len() as u32, n_workspace);
        words.extend((0..n_workspace).map(|index| format!("WORK_{index}")));
        let weights = WeightWords::behind(&mut words, choices.weights);
        let (size, part) = match choices.path {
            PathForm::Cells => (StepSize::Singles, Part::Coord),
            PathForm::Directions => (StepSize::Singles, Part::Cardinal),
            PathForm::Forks => (StepSize::Forks, Part::Cardinal),
        };
        let path_words = PathWords {
            pre: None,
            intra: None,
            post: None,
            cardinal,
            relative: [u32::MAX; 4],
            distance: (u32::MAX, 0),
            end: markers + END,
        };
        let path_steps = PathSteps { lattice, size, parts: Parts::one(part), leading: false, words: path_words };
        let n_below = (lattice.rows - 1) * lattice.cols;
        let beside = (0..lattice.n_cells()).map(|cell| (n_below + cell - cell / lattice.cols) as u32).collect();
        let spelling = Spelling::new(lattice, pieces, &names);
        Own {
            choices,
            lattice,
            pairs,
            beside,
            vocab: Vocab::new(words),
            spelling,
            path_steps,
            markers,
            workspace,
            weights,
        }
    }

    /// Returns the choices of the tokenizer's name.
    pub fn choices(&self) -> Choices {
        self.choices
    }

    /// Returns the lattice of the mazes that it writes.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    /// Returns the number of pairs of adjacent cells. In [`Form::Edges`] their ids are `0..n_edges`.
    pub fn n_edges(&self) -> usize {
        self.pairs.len()
    }

    /// Returns the tokens of a cell: one, or its row and its column.
    pub fn cell_ids(&self, cell: usize) -> &[u32] {
        self.spelling.of(cell)
    }

    /// Returns the index of a pair of adjacent cells in [`Lattice::adjacent_pairs`]; in [`Form::Edges`] this is the token
    /// of their passage.
    #[inline]
    pub fn edge_id(&self, a: usize, b: usize) -> u32 {
        debug_assert_eq!(self.lattice.manhattan(a, b), 1);
        if self.lattice.wraps {
            // On a torus every cell has a pair below and one to the right: pairs have the indices of links.
            return self.lattice.link(a, b).map_or(u32::MAX, |link| link as u32);
        }
        let (first, second) = (a.min(b), a.max(b));
        // The cell below is `cols` on; in a single column so is the next one.
        if second - first == self.lattice.cols { first as u32 } else { self.beside[first] }
    }

    fn write_ends(&self, example: &Example<'_>, out: &mut Writer<'_>) {
        let target = |out: &mut Writer<'_>| {
            if let Some(cell) = example.target {
                out.push(self.markers + TARGET, Role::Delimiter(Delimiter::TargetStart));
                self.spelling.write(cell, Role::Target { cell }, out);
            }
        };
        let origin = |out: &mut Writer<'_>| {
            if let Some(cell) = example.origin {
                out.push(self.markers + ORIGIN, Role::Delimiter(Delimiter::OriginStart));
                self.spelling.write(cell, Role::Origin { cell }, out);
            }
        };
        if self.choices.ends == Ends::OriginFirst {
            origin(out);
            target(out);
        } else {
            target(out);
            origin(out);
        }
    }

    fn write_maze(&self, example: &Example<'_>, order: EdgeOrder<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        let graph = example.graph;
        self.weights.check(graph, TokenizerName::Own(self.choices))?;
        if self.choices.form == Form::Walls {
            for &(from, to) in &self.pairs {
                if graph.has_edge(from, to) {
                    let weight = self.weights.word(graph, from, to);
                    out.push(weight.unwrap_or(OPEN), Role::Edge { from, to });
                } else {
                    out.push(WALL, Role::Wall { from, to });
                }
            }
            return Ok(());
        }
        let mut list = std::mem::take(out.edges);
        list.clear();
        let ordered = match order {
            EdgeOrder::Given(given) => example.give(given, &mut list),
            EdgeOrder::Fixed => self.list(example, None, &mut list),
            EdgeOrder::Shuffled(rng) => self.list(example, Some(rng), &mut list),
        };
        if ordered.is_ok() {
            for &(from, to) in &list {
                if self.choices.form == Form::Edges {
                    out.push(self.edge_id(from, to), Role::Edge { from: from.min(to), to: from.max(to) });
                } else {
                    self.spelling.write(from, Role::EdgeFrom { from, to }, out);
                    self.spelling.write(to, Role::EdgeTo { from, to }, out);
                }
                self.weights.write(graph, from, to, out);
            }
        }
        *out.edges = list;
        ordered
    }

    /// Lists the passages in the chosen order. Without a stream nothing is shuffled.
    fn list(
        &self,
        example: &Example<'_>,
        mut rng: Option<&mut Stream>,
        list: &mut Vec<(usize, usize)>,
    ) -> Result<(), EncodeError> {
        example.passages(self.lattice, list);
        if self.choices.order == PassageOrder::Sorted {
            list.sort_unstable();
            return Ok(());
        }
        if let Some(rng) = &mut rng {
            shuffle(rng, list);
        }
        if self.choices.order == PassageOrder::ByDistance {
            return by_distance(example, list);
        }
        if self.choices.form != Form::Edges
            && let Some(rng) = &mut rng
        {
            for (a, b) in list.iter_mut() {
                if below(*rng, 2) == 1 {
                    std::mem::swap(a, b);
                }
            }
        }
        Ok(())
    }

    fn read_maze(&self, reader: &mut Reader<'_>) -> Result<(Vec<(usize, usize)>, Graph), DecodeError> {
        let mut passages = Pairs::new(self.lattice, false);
        let mut weights = Vec::new();
        match self.choices.form {
            Form::Walls => {
                let weighted = self.weights.are_some();
                let wanted = if weighted { "a weight or `WALL`" } else { "`OPEN` or `WALL`" };
                for &(a, b) in &self.pairs {
                    let position = reader.position();
                    // The weight of the passage, or none for a wall.
                    let weight = reader.take(wanted, |id| match id {
                        WALL => Some(None),
                        OPEN if !weighted => Some(Some(1)),
                        _ => self.weights.cost(id).map(Some),
                    })?;
                    if let Some(weight) = weight {
                        passages.push(position, a, b)?;
                        weights.push(weight);
                    }
                }
            }
            Form::Edges => {
                while let Some(&(from, to)) = reader.peek().and_then(|id| self.pairs.get(id as usize)) {
                    passages.push(reader.position(), from, to)?;
                    reader.go_to(reader.position() + 1);
                    self.weights.read(reader, &mut weights)?;
                }
            }
            Form::Cells | Form::RowCol => {
                while self.spelling.spell(&reader.rest()[..reader.rest().len().min(1)]).0 == 1 {
                    let position = reader.position();
                    let from = self.spelling.read(reader, "a cell")?;
                    passages.push(position, from, self.spelling.read(reader, "a cell")?)?;
                    self.weights.read(reader, &mut weights)?;
                }
            }
        }
        let graph = Graph::undirected(self.lattice.n_cells(), &passages.written);
        let graph = self.weights.put_on(graph, &passages.written, &weights);
        Ok((passages.written, graph))
    }

    /// Reads `(target, origin)`.
    fn read_ends(&self, reader: &mut Reader<'_>) -> Result<(Option<usize>, Option<usize>), DecodeError> {
        let end = |reader: &mut Reader<'_>, marker: u32| {
            if reader.skip(self.markers + marker) { self.spelling.read(reader, "a cell").map(Some) } else { Ok(None) }
        };
        if self.choices.ends == Ends::OriginFirst {
            let origin = end(reader, ORIGIN)?;
            Ok((end(reader, TARGET)?, origin))
        } else {
            Ok((end(reader, TARGET)?, end(reader, ORIGIN)?))
        }
    }
}

/// Sorts passages by distance from the origin, nearer cell first, unreachable ones last; ties keep their order.
fn by_distance(example: &Example<'_>, list: &mut [(usize, usize)]) -> Result<(), EncodeError> {
    let origin = example.origin.ok_or(EncodeError::NoOrigin)?;
    let field = DistanceField::to(example.graph, origin);
    let distance = |node| field.distance(node).unwrap_or(usize::MAX);
    for (a, b) in list.iter_mut() {
        if distance(*a) > distance(*b) {
            std::mem::swap(a, b);
        }
    }
    list.sort_by_key(|&(a, _)| distance(a));
    Ok(())
}

impl Grammar for Own {
    fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    fn end_id(&self) -> u32 {
        self.markers + END
    }

    fn pad_id(&self) -> u32 {
        self.markers + PAD
    }

    fn write_problem(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        example.check_lattice(self.lattice)?;
        if self.choices.query == QueryPlace::First {
            self.write_ends(example, out);
        }
        self.write_maze(example, order, out)?;
        if self.choices.query == QueryPlace::Last {
            self.write_ends(example, out);
        }
        let (first, n) = self.workspace;
        (0..n).for_each(|index| out.push(first + index as u32, Role::Workspace { index }));
        Ok(())
    }

    fn write_path_start(&self, out: &mut Writer<'_>) {
        out.push(self.markers + PATH, Role::PathStart);
    }

    /// Writes the path without its origin, which the prompt contains.
    fn write_answer(&self, example: &Example<'_>, path: &[usize], out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if example.origin != Some(path[0]) {
            return Err(EncodeError::PathNotFromOrigin { start: path[0], origin: example.origin });
        }
        self.path_steps.write(&self.spelling, example.graph, path, out)
    }

    fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        let mut reader = Reader::new(ids, &self.vocab, self.pad_id())?;
        let reader = &mut reader;
        let (passages, graph, (target, origin));
        if self.choices.query == QueryPlace::First {
            (target, origin) = self.read_ends(reader)?;
            (passages, graph) = self.read_maze(reader)?;
        } else {
            (passages, graph) = self.read_maze(reader)?;
            (target, origin) = self.read_ends(reader)?;
        }
        for index in 0..self.workspace.1 {
            reader.expect(self.workspace.0 + index as u32, "a workspace token")?;
        }
        // Without an origin there can be no path: `finish` rejects PATH.
        let path = match origin {
            Some(_) if reader.skip(self.markers + PATH) => {
                let problem = Example { origin, target, ..Example::of_graph(&graph) };
                let wanted =
                    if self.choices.path == PathForm::Cells { "a cell or `END`" } else { "a direction or `END`" };
                Some(read_path(&self.path_steps, &self.spelling, &problem, reader, wanted, wanted)?)
            }
            _ => None,
        };
        reader.finish()?;
        let lattice = Some(self.lattice);
        let decoded = Decoded { lattice, passages, origin, target, path, ..Decoded::of_graph(graph) };
        check_reading(self, &decoded, reader)?;
        Ok(decoded)
    }

    fn decode_answer(&self, example: &Example<'_>, generated: &[u32]) -> Answer {
        self.path_steps.read(&self.spelling, example, generated)
    }

    fn max_problem_len(&self, max_edges: usize) -> usize {
        let cell = self.spelling.len();
        let maze = match self.choices.form {
            Form::Edges => max_edges.min(self.pairs.len()),
            Form::Walls => self.pairs.len(),
            Form::Cells | Form::RowCol => 2 * cell * max_edges.min(self.pairs.len()),
        };
        let weights = if self.weights.are_some() && self.choices.form != Form::Walls { max_edges } else { 0 };
        maze + weights + 2 * (1 + cell) + self.workspace.1
    }

    fn max_answer_len(&self) -> usize {
        self.path_steps.max_len(&self.spelling)
    }

    fn unordered_prefix(&self, n_edges: usize) -> Option<usize> {
        let Choices { form, order, query, weights, .. } = self.choices;
        let single_drawn =
            form == Form::Edges && weights == 0 && order == PassageOrder::Drawn && query == QueryPlace::Last;
        single_drawn.then_some(n_edges)
    }
}
