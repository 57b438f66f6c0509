//! maze-dataset's tokenizers, token for token as version 1.4.2 writes them: the modular family of 5,878,656 supported
//! tokenizers (and the unsupported elements), and its three legacy modes, which are modular tokenizers with small
//! vocabularies of their own.
//!
//! ```text
//! <ADJLIST_START> edges <ADJLIST_END> <ORIGIN_START> o <ORIGIN_END> <TARGET_START> t <TARGET_END>
//! <PATH_START> steps <PATH_END>
//! ```
//!
//! [`Elements`] are the choices, [`words`] the vocabularies.

mod edges;
pub mod words;

use std::sync::Arc;

use searchlens_tasks::problem::maze::Lattice;

use self::words::{SIGNS, Sign};
use crate::mazes::path_steps::{PathSteps, PathWords};
use crate::mazes::spelling::{Names, Piece, Spelling};
use crate::name::TokenizerName;
use crate::name::legacy::LegacyMode;
use crate::name::modular::{Coords, Elements, Grouping, Part, Permuter, Prompt, Subset, Trailing};
use crate::sequence::answer::Answer;
use crate::sequence::decoded::Decoded;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::grammar::Grammar;
use crate::sequence::io::{Reader, Writer};
use crate::sequence::role::{Delimiter, Role};
use crate::sequence::vocab::Vocab;
use crate::sequence::weights::WeightWords;

/// A modular tokenizer for mazes of one shape.
#[derive(Clone, Debug)]
pub struct Modular {
    elements: Elements,
    lattice: Lattice,
    vocab: Arc<Vocab>,
    /// Ids of [`SIGNS`].
    signs: [u32; SIGNS.len()],
    spelling: Spelling,
    path_steps: PathSteps,
}

impl Modular {
    /// Returns the tokenizer with maze-dataset's 4096 words. The caller has checked that they name every cell.
    pub(crate) fn full(elements: Elements, lattice: Lattice) -> Modular {
        Modular::new(elements, lattice, Arc::clone(words::universal()))
    }

    /// Returns the tokenizer with only the words that it can write. The caller has checked that the 4096 name every cell.
    pub(crate) fn compact(elements: Elements, lattice: Lattice) -> Modular {
        Modular::new(elements, lattice, Arc::new(Vocab::new(words::compact(&elements, lattice))))
    }

    /// Returns a legacy mode with words for grids of up to `max_grid_size` rows and columns.
    pub(crate) fn legacy(mode: LegacyMode, lattice: Lattice, max_grid_size: usize) -> Modular {
        debug_assert!(lattice.rows.max(lattice.cols) <= max_grid_size);
        Modular::new(mode.elements(), lattice, Arc::new(Vocab::new(words::legacy(mode, max_grid_size))))
    }

    fn new(elements: Elements, lattice: Lattice, vocab: Arc<Vocab>) -> Modular {
        let signs = words::sign_ids(&vocab);
        let sign = |sign: Sign| signs[sign as usize];
        let coordinates = words::coordinates(&vocab, elements.coords);
        let (pieces, names) = match elements.coords {
            Coords::Ut => (vec![Piece::Cell], Names { cells: coordinates, ..Names::default() }),
            Coords::Ctt { pre, intra, post } => {
                let piece = |wanted: bool, it: Sign, name| wanted.then_some(Piece::Sign(sign(it), name));
                let pieces = [
                    piece(pre, Sign::Open, "`(`"),
                    Some(Piece::Row),
                    piece(intra, Sign::Comma, "`,`"),
                    Some(Piece::Col),
                    piece(post, Sign::Close, "`)`"),
                ];
                let numbers: Vec<(usize, u32)> = coordinates.iter().map(|&((n, _), id)| (n, id)).collect();
                let names = Names { rows: numbers.clone(), cols: numbers, ..Names::default() };
                (pieces.into_iter().flatten().collect(), names)
            }
        };
        let path = elements.path;
        let first_distance = vocab.find("+1");
        let distances = vocab.names().iter().filter(|name| name.starts_with('+') && *name != "+0").count();
        let path_steps = PathSteps {
            lattice,
            size: path.size,
            parts: path.parts,
            leading: path.parts.contains(Part::Coord),
            words: PathWords {
                pre: path.pre.then_some(sign(Sign::Step)),
                intra: path.intra.then_some(sign(Sign::Colon)),
                post: path.post.then_some(sign(Sign::Then)),
                cardinal: [Sign::North, Sign::South, Sign::East, Sign::West].map(sign),
                relative: [Sign::Forward, Sign::Backward, Sign::Left, Sign::Right].map(sign),
                distance: (first_distance.unwrap_or(u32::MAX), distances),
                end: sign(Sign::PathEnd),
            },
        };
        Modular { elements, lattice, spelling: Spelling::new(lattice, pieces, &names), vocab, signs, path_steps }
    }

    /// Returns the elements of the tokenizer's name.
    pub fn elements(&self) -> &Elements {
        &self.elements
    }

    /// Returns the lattice of the mazes that it writes.
    pub fn lattice(&self) -> Lattice {
        self.lattice
    }

    #[inline]
    fn sign(&self, sign: Sign) -> u32 {
        self.signs[sign as usize]
    }
}

impl Grammar for Modular {
    fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    fn end_id(&self) -> u32 {
        self.sign(Sign::PathEnd)
    }

    fn pad_id(&self) -> u32 {
        self.sign(Sign::Padding)
    }

    fn write_problem(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        example.check_lattice(self.lattice)?;
        WeightWords::NONE.check(example.graph, TokenizerName::EDGES)?;
        let mut list = std::mem::take(out.edges);
        let listed = self.list_edges(example, order, &mut list);
        if listed.is_ok() {
            out.push(self.sign(Sign::AdjlistStart), Role::Delimiter(Delimiter::EdgesStart));
            self.write_edges(example.graph, &list, out);
            out.push(self.sign(Sign::AdjlistEnd), Role::Delimiter(Delimiter::EdgesEnd));
        }
        *out.edges = list;
        listed?;
        if let Some(cell) = example.origin {
            out.push(self.sign(Sign::OriginStart), Role::Delimiter(Delimiter::OriginStart));
            self.spelling.write(cell, Role::Origin { cell }, out);
            out.push(self.sign(Sign::OriginEnd), Role::Delimiter(Delimiter::OriginEnd));
        }
        if let Some(cell) = example.target {
            out.push(self.sign(Sign::TargetStart), Role::Delimiter(Delimiter::TargetStart));
            if let Prompt::Aotp { target_post } = self.elements.prompt {
                self.spelling.write(cell, Role::Target { cell }, out);
                if target_post {
                    out.push(self.sign(Sign::Bars), Role::Delimiter(Delimiter::TargetEnd));
                }
            }
            out.push(self.sign(Sign::TargetEnd), Role::Delimiter(Delimiter::TargetEnd));
        }
        Ok(())
    }

    fn write_path_start(&self, out: &mut Writer<'_>) {
        out.push(self.sign(Sign::PathStart), Role::PathStart);
    }

    fn write_answer(&self, example: &Example<'_>, path: &[usize], out: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.path_steps.write(&self.spelling, example.graph, path, out)
    }

    fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        if !self.elements.is_lossless() {
            return Err(DecodeError::Lossy);
        }
        let mut reader = Reader::new(ids, &self.vocab, self.pad_id())?;
        reader.expect(self.sign(Sign::AdjlistStart), "`<ADJLIST_START>`")?;
        let edges = self.read_edges(&mut reader)?;
        let graph = self.maze(&edges);
        let origin = if reader.skip(self.sign(Sign::OriginStart)) {
            let cell = self.spelling.read(&mut reader, "a cell")?;
            reader.expect(self.sign(Sign::OriginEnd), "`<ORIGIN_END>`")?;
            Some(cell)
        } else {
            None
        };
        let mut target = None;
        let has_target = reader.skip(self.sign(Sign::TargetStart));
        if has_target {
            if let Prompt::Aotp { target_post } = self.elements.prompt {
                target = Some(self.spelling.read(&mut reader, "a cell")?);
                if target_post {
                    reader.expect(self.sign(Sign::Bars), "`||`")?;
                }
            }
            reader.expect(self.sign(Sign::TargetEnd), "`<TARGET_END>`")?;
        }
        let path = if reader.skip(self.sign(Sign::PathStart)) {
            let problem = Example { origin, target, ..Example::of_graph(&graph) };
            let wanted = if self.path_steps.leading { "a cell" } else { "a step" };
            let path =
                read_path(&self.path_steps, &self.spelling, &problem, &mut reader, wanted, "a cell or `<PATH_END>`")?;
            Some(path)
        } else {
            None
        };
        reader.finish()?;
        // An empty target region still means that there is a target: the end of the path.
        let named = target.is_some();
        let target =
            target.or_else(|| has_target.then(|| path.as_ref().and_then(|path| path.last().copied())).flatten());
        if has_target && !named && target.is_none() {
            return Err(DecodeError::Lossy);
        }
        let lattice = Some(self.lattice);
        let decoded = Decoded { lattice, passages: edges.list, origin, target, path, ..Decoded::of_graph(graph) };
        crate::sequence::grammar::check_reading(self, &decoded, &mut reader)?;
        Ok(decoded)
    }

    fn decode_answer(&self, example: &Example<'_>, generated: &[u32]) -> Answer {
        self.path_steps.read(&self.spelling, example, generated)
    }

    fn max_problem_len(&self, max_edges: usize) -> usize {
        let edges = &self.elements.edges;
        let (cell, pairs) = (self.spelling.len(), self.lattice.adjacent_pairs().count());
        let listed = match edges.subset {
            Subset::All | Subset::Walls => pairs,
            Subset::Passages => max_edges.min(pairs),
        };
        let listed = if edges.permuter == Permuter::Both { 2 * listed } else { listed };
        let signs = usize::from(edges.pre) + usize::from(edges.post);
        let trailing = if edges.trailing == Trailing::Coord { cell } else { 1 };
        let edges_len = match edges.grouping {
            Grouping::Ungrouped { .. } => listed * (cell + 1 + trailing + signs),
            Grouping::ByLeadingCoord { intra, .. } => {
                listed.min(self.lattice.n_cells()) * (cell + signs) + listed * (1 + trailing + usize::from(intra))
            }
        };
        let target = match self.elements.prompt {
            Prompt::Aotp { target_post } => cell + usize::from(target_post),
            Prompt::Aop => 0,
        };
        2 + edges_len + cell + 2 + target + 2
    }

    fn max_answer_len(&self) -> usize {
        self.path_steps.max_len(&self.spelling)
    }
}

/// Reads a path and its end token.
pub(crate) fn read_path(
    path_steps: &PathSteps,
    spelling: &Spelling,
    example: &Example<'_>,
    reader: &mut Reader<'_>,
    first: &'static str,
    later: &'static str,
) -> Result<Vec<usize>, DecodeError> {
    let begin = reader.position();
    let answer = path_steps.read(spelling, example, reader.rest());
    let is_first = |position: usize| path_steps.leading && position == 0;
    if let Some(&position) = answer.invalid_tokens.first() {
        reader.go_to(begin + position);
        return Err(reader.unexpected(if is_first(position) { first } else { later }));
    }
    let end = answer.roles.iter().position(|&role| role == Role::End);
    let Some(end) = end.filter(|_| answer.ended) else {
        reader.go_to(reader.ids().len());
        return Err(reader.unexpected(later));
    };
    reader.go_to(begin + end);
    if answer.cells.is_empty() {
        return Err(reader.unexpected(first));
    }
    reader.go_to(begin + end + 1);
    Ok(answer.cells)
}
