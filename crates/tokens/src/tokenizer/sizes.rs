//! One tokenizer for mazes of several sizes: its words are those of the smallest rectangle that covers every size, and each
//! size has a tokenizer of its own whose ids are mapped to them.

use searchlens_tasks::problem::maze::Lattice;

use crate::sequence::answer::Answer;
use crate::sequence::decoded::Decoded;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::grammar::Grammar;
use crate::sequence::io::Writer;
use crate::sequence::vocab::Vocab;
use crate::tokenizer::error::TokenizerError;
use crate::tokenizer::{Tokenizer, TokenizerConfig};

/// A tokenizer for mazes of several sizes.
///
/// A sequence does not contain the size of its maze. It is decoded as the smallest possible size, so a maze whose last rows
/// or columns are isolated may come back smaller, as in maze-dataset, which infers the size from the largest coordinate. In
/// `walls`, which writes no cells, sizes with equally many pairs are distinguished only by endpoints and path.
#[derive(Clone, Debug)]
pub struct Sizes {
    /// For the smallest rectangle that covers all mazes, which need not be one of the sizes. Its ids are shared by all.
    covering: Box<Tokenizer>,
    /// By size, smallest first.
    parts: Vec<Part>,
}

/// The tokenizer of one size.
#[derive(Clone, Debug)]
struct Part {
    lattice: Lattice,
    tokenizer: Tokenizer,
    /// By id of this size: the shared id.
    shared: Vec<u32>,
    /// By shared id: the id of this size, [`NO_WORD`] if it lacks the word.
    own: Vec<u32>,
}

/// Not a word of any size. (`u32::MAX` already stands for absent words.)
const NO_WORD: u32 = u32::MAX - 1;

impl Sizes {
    /// Returns the tokenizer of a config for mazes on these rectangles, smallest first.
    ///
    /// # Errors
    /// [`TokenizerError`], if there is none for the rectangle that covers them all.
    pub(crate) fn new(config: &TokenizerConfig, lattices: &[Lattice]) -> Result<Sizes, TokenizerError> {
        let covering = Tokenizer::new(config, covering(lattices))?;
        // Its config is explicit, so that a legacy mode has the same grid for all sizes.
        let config = covering.config();
        let part = |&lattice: &Lattice| {
            let tokenizer = Tokenizer::new(&config, lattice)?;
            let (words, all) = (tokenizer.vocab(), covering.vocab());
            let find = |name: &String| all.find(name).expect("the larger rectangle has every word of the smaller");
            let shared: Vec<u32> = words.names().iter().map(find).collect();
            let mut own = vec![NO_WORD; all.len()];
            shared.iter().zip(0..).for_each(|(&shared, id)| own[shared as usize] = id);
            Ok(Part { lattice, tokenizer, shared, own })
        };
        let parts = lattices.iter().map(part).collect::<Result<_, TokenizerError>>()?;
        Ok(Sizes { covering: Box::new(covering), parts })
    }

    /// Returns the tokenizer of the smallest rectangle that covers all mazes.
    pub fn covering(&self) -> &Tokenizer {
        &self.covering
    }

    /// Returns the sizes, smallest first.
    pub fn lattices(&self) -> Vec<Lattice> {
        self.parts.iter().map(|part| part.lattice).collect()
    }

    fn part(&self, lattice: Option<Lattice>) -> Result<&Part, EncodeError> {
        let got = lattice.ok_or(EncodeError::NotAMaze)?;
        let found = self.parts.iter().find(|part| part.lattice == got);
        found.ok_or_else(|| EncodeError::Lattice { got, want: self.largest().lattice })
    }

    fn largest(&self) -> &Part {
        &self.parts[self.parts.len() - 1]
    }
}

/// Returns the smallest rectangle that covers all of these.
fn covering(lattices: &[Lattice]) -> Lattice {
    let most = |side: fn(&Lattice) -> usize| lattices.iter().map(side).max().unwrap_or(1);
    Lattice::new(most(|lattice| lattice.rows), most(|lattice| lattice.cols))
}

impl Part {
    /// Writes with this size's grammar, and replaces its ids by the shared ones.
    fn write(
        &self,
        out: &mut Writer<'_>,
        write: impl FnOnce(&dyn Grammar, &mut Writer<'_>) -> Result<(), EncodeError>,
    ) -> Result<(), EncodeError> {
        let begin = out.ids.len();
        write(self.tokenizer.grammar(), out)?;
        out.ids[begin..].iter_mut().for_each(|id| *id = self.shared[*id as usize]);
        Ok(())
    }

    fn own_ids(&self, ids: &[u32]) -> Vec<u32> {
        ids.iter().map(|&id| self.own.get(id as usize).copied().unwrap_or(NO_WORD)).collect()
    }
}

impl Grammar for Sizes {
    fn vocab(&self) -> &Vocab {
        self.covering.vocab()
    }

    fn end_id(&self) -> u32 {
        self.covering.end_id()
    }

    fn pad_id(&self) -> u32 {
        self.covering.pad_id()
    }

    fn write_problem(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        self.part(example.lattice)?.write(out, |grammar, out| grammar.write_problem(example, order, out))
    }

    fn write_path_start(&self, out: &mut Writer<'_>) {
        self.covering.grammar().write_path_start(out);
    }

    fn write_answer(&self, example: &Example<'_>, path: &[usize], out: &mut Writer<'_>) -> Result<(), EncodeError> {
        self.part(example.lattice)?.write(out, |grammar, out| grammar.write_answer(example, path, out))
    }

    fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        let read = self.parts.iter().find_map(|part| part.tokenizer.decode(&part.own_ids(ids)).ok());
        if let Some(decoded) = read {
            return Ok(decoded);
        }
        // The covering rectangle knows all words, so its error is the relevant one.
        let decoded = self.covering.decode(ids)?;
        let reason = EncodeError::Lattice {
            got: decoded.lattice.unwrap_or(covering(&self.lattices())),
            want: self.largest().lattice,
        };
        Err(DecodeError::Unwritable { reason: Box::new(reason) })
    }

    /// An answer to a maze of another size is read as one to the largest.
    fn decode_answer(&self, example: &Example<'_>, generated: &[u32]) -> Answer {
        let part = self.part(example.lattice).unwrap_or(self.largest());
        part.tokenizer.grammar().decode_answer(example, &part.own_ids(generated))
    }

    fn max_problem_len(&self, max_edges: usize) -> usize {
        self.parts.iter().map(|part| part.tokenizer.grammar().max_problem_len(max_edges)).max().unwrap_or(0)
    }

    fn max_answer_len(&self) -> usize {
        self.parts.iter().map(|part| part.tokenizer.max_answer_len()).max().unwrap_or(0)
    }

    fn unordered_prefix(&self, n_edges: usize) -> Option<usize> {
        self.covering.unordered_prefix(n_edges)
    }
}
