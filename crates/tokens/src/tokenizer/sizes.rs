//! One tokenizer for mazes of several sizes: the words are those of the smallest rectangle that holds every size, and each
//! size has a tokenizer of its own, whose words are looked up among them.

use searchlens_tasks::problem::maze::Lattice;

use crate::sequence::answer::{Answer, Question};
use crate::sequence::decoded::Decoded;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::grammar::Grammar;
use crate::sequence::io::Writer;
use crate::sequence::vocab::Vocab;
use crate::tokenizer::{Tokenizer, TokenizerConfig, TokenizerError};

/// A tokenizer for mazes of several sizes.
///
/// A sequence does not say the size of its maze. It is read back as the smallest of them that it can be a maze of, so a maze
/// whose last rows or columns nothing leads to may come back smaller, as in maze-dataset, which takes the largest
/// coordinate written for the size; in `walls`, which writes no cell of the maze, sizes of equally many pairs are told
/// apart by ends and path alone.
#[derive(Clone, Debug)]
pub struct Sizes {
    /// For the smallest rectangle that holds all mazes: its words are everyone's. It need not be one of the sizes.
    covering: Box<Tokenizer>,
    /// By size, smallest first.
    parts: Vec<Part>,
}

/// The tokenizer of one size.
#[derive(Clone, Debug)]
struct Part {
    lattice: Lattice,
    tokenizer: Tokenizer,
    /// By id of this size: the id that all sizes share.
    shared: Vec<u32>,
    /// By shared id: the id of this size, [`NO_WORD`] if it lacks the word.
    own: Vec<u32>,
}

/// No word of any size. (Absent words are `u32::MAX` in places: this must be none of them either.)
const NO_WORD: u32 = u32::MAX - 1;

impl Sizes {
    /// The tokenizer that a config asks for, for mazes on these rectangles, smallest first.
    ///
    /// # Errors
    /// [`TokenizerError`], if there is none for the rectangle that holds them all.
    pub(crate) fn new(config: &TokenizerConfig, lattices: &[Lattice]) -> Result<Sizes, TokenizerError> {
        let covering = Tokenizer::new(config, covering(lattices))?;
        // Every choice is written out in it: a legacy mode's grid is the same for all.
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

    /// The tokenizer of the smallest rectangle that holds all mazes.
    pub fn covering(&self) -> &Tokenizer {
        &self.covering
    }

    /// The sizes, smallest first.
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

/// The smallest rectangle that holds all of these.
fn covering(lattices: &[Lattice]) -> Lattice {
    let most = |side: fn(&Lattice) -> usize| lattices.iter().map(side).max().unwrap_or(1);
    Lattice::new(most(|lattice| lattice.rows), most(|lattice| lattice.cols))
}

impl Part {
    /// Lets this size's grammar write, and puts the shared ids in place of its own.
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
        // The rectangle that holds all sizes knows all words, and so what is wrong.
        let decoded = self.covering.decode(ids)?;
        let reason = EncodeError::Lattice {
            got: decoded.lattice.unwrap_or(covering(&self.lattices())),
            want: self.largest().lattice,
        };
        Err(DecodeError::Unwritable { reason: Box::new(reason) })
    }

    /// Without the problem's lattice the answer is read as one to a maze of the largest size.
    fn decode_answer(&self, question: &Question<'_>, generated: &[u32]) -> Answer {
        let part = self.part(question.lattice).unwrap_or(self.largest());
        part.tokenizer.grammar().decode_answer(question, &part.own_ids(generated))
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
