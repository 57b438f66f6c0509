//! The interface of every family of tokenizers, behind [`crate::tokenizer::Tokenizer`].

use crate::sequence::answer::Answer;
use crate::sequence::decoded::Decoded;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::io::{Reader, Writer};
use crate::sequence::vocab::Vocab;

/// Writes problems and paths as ids, and reads them.
pub(crate) trait Grammar {
    fn vocab(&self) -> &Vocab;

    /// The token that ends an answer.
    fn end_id(&self) -> u32;

    /// The padding token.
    fn pad_id(&self) -> u32;

    /// Writes the problem: everything before the path-start token. The example has been checked.
    fn write_problem(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError>;

    fn write_path_start(&self, out: &mut Writer<'_>);

    /// Writes a non-empty path and the end token.
    fn write_answer(&self, example: &Example<'_>, path: &[usize], out: &mut Writer<'_>) -> Result<(), EncodeError>;

    fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError>;

    /// Reads the tokens generated after the prompt of `example`, well-formed or not.
    fn decode_answer(&self, example: &Example<'_>, generated: &[u32]) -> Answer;

    /// Maximum number of tokens before the path-start token, for problems of at most this many edges.
    fn max_problem_len(&self, max_edges: usize) -> usize;

    /// Maximum number of tokens of a path without repeated nodes (in puzzles: of a shortest path), end token included.
    fn max_answer_len(&self) -> usize;

    /// Number of leading tokens whose order has no meaning, if every problem has this many edges.
    fn unordered_prefix(&self, _n_edges: usize) -> Option<usize> {
        None
    }
}

/// Writes an example: the problem, and the path if it has one.
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

/// Checks that a decoded sequence encodes to the same ids. Readers can therefore accept more than the writer writes.
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
