//! What every family of tokenizers can do: the one interface behind [`crate::tokenizer::Tokenizer`].

use crate::sequence::answer::{Answer, Question};
use crate::sequence::decoded::Decoded;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::io::{Reader, Writer};
use crate::sequence::vocab::Vocab;

/// How problems and paths are written as ids, and read back.
pub(crate) trait Grammar {
    fn vocab(&self) -> &Vocab;

    /// The token that ends an answer.
    fn end_id(&self) -> u32;

    /// The token that fills the end of a row.
    fn pad_id(&self) -> u32;

    /// Writes the problem: everything before the path-start token. Nodes named are nodes of the graph.
    fn write_problem(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError>;

    fn write_path_start(&self, out: &mut Writer<'_>);

    /// Writes a path that is not empty, and the end token.
    fn write_answer(&self, example: &Example<'_>, path: &[usize], out: &mut Writer<'_>) -> Result<(), EncodeError>;

    fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError>;

    fn decode_answer(&self, question: &Question<'_>, generated: &[u32]) -> Answer;

    /// Tokens before the path-start token, at most, of a problem with that many edges.
    fn max_problem_len(&self, max_edges: usize) -> usize;

    /// Tokens of the longest answer that visits no node twice (in puzzles: of the longest shortest path), end token
    /// included.
    fn max_answer_len(&self) -> usize;

    /// How many leading tokens carry no meaning in their order if every problem has so many edges.
    fn unordered_prefix(&self, _n_edges: usize) -> Option<usize> {
        None
    }
}

/// Writes an example: the problem, and the path if there is one.
pub(crate) fn write(
    grammar: &(impl Grammar + ?Sized),
    example: &Example<'_>,
    order: EdgeOrder<'_>,
    out: &mut Writer<'_>,
) -> Result<(), EncodeError> {
    example.check()?;
    grammar.write_problem(example, order, out)?;
    if let Some(path) = example.path {
        grammar.write_path_start(out);
        grammar.write_answer(example, path, out)?;
    }
    Ok(())
}

/// Checks that a reading is written as what was read: readers need not look out for what the writer never does.
pub(crate) fn check_reading(
    grammar: &impl Grammar,
    decoded: &Decoded,
    reader: &mut Reader<'_>,
) -> Result<(), DecodeError> {
    let (mut ids, mut roles, mut edges) = (Vec::new(), Vec::new(), Vec::new());
    let mut out = Writer { ids: &mut ids, roles: &mut roles, edges: &mut edges };
    match write(grammar, &decoded.example(), EdgeOrder::Given(&decoded.passages), &mut out) {
        Ok(()) => reader.compare(&ids),
        Err(reason) => Err(DecodeError::Unwritable { reason: Box::new(reason) }),
    }
}
