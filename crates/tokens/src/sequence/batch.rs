//! Padded batches: sequences of like length side by side, so that little padding is computed.

use crate::sequence::encoded::{Encoded, LossOn};
use crate::sequence::error::EncodeError;
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::io::Writer;
use crate::sequence::role::Role;
use crate::tokenizer::Tokenizer;

/// Sequences padded to one length, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Padded {
    /// Number of sequences.
    pub n: usize,
    /// Tokens of each row.
    pub len: usize,
    /// Token ids, `[n, len]`.
    pub ids: Vec<u32>,
    /// Weights of the next-token losses, `[n, len - 1]`: the weight at `(row, p)` is that of predicting token `p + 1`
    /// from those up to `p`, 1 where the loss mask says so and 0 elsewhere and on padding.
    pub loss_weights: Vec<f32>,
    /// Tokens of each sequence without padding, `[n]`.
    pub lengths: Vec<usize>,
    /// Which of the given sequences each row is, `[n]`.
    pub rows: Vec<usize>,
}

/// A batch being written: the tokenizer's ids go straight into its rows. Once warm it allocates nothing.
#[derive(Debug)]
pub struct Rows<'t> {
    tokenizer: &'t Tokenizer,
    loss_on: LossOn,
    batch: Padded,
    /// Of the row last written.
    roles: Vec<Role>,
    edges: Vec<(usize, usize)>,
}

impl<'t> Rows<'t> {
    /// No row yet; rows will have `len` tokens.
    ///
    /// # Panics
    /// If `len` is 0.
    pub fn new(tokenizer: &'t Tokenizer, loss_on: LossOn, len: usize) -> Rows<'t> {
        assert!(len > 0, "rows of a batch hold at least one token");
        let batch =
            Padded { n: 0, len, ids: Vec::new(), loss_weights: Vec::new(), lengths: Vec::new(), rows: Vec::new() };
        Rows { tokenizer, loss_on, batch, roles: Vec::new(), edges: Vec::new() }
    }

    /// Writes an example as the next row.
    ///
    /// # Errors
    /// If the tokenizer cannot write it, or it does not fit in a row; then there is no new row.
    pub fn push(&mut self, example: &Example<'_>, order: EdgeOrder<'_>) -> Result<(), EncodeError> {
        let Padded { n, len: room, ids, loss_weights, lengths, rows } = &mut self.batch;
        let begin = *n * *room;
        self.roles.clear();
        let mut out = Writer { ids: &mut *ids, roles: &mut self.roles, edges: &mut self.edges };
        let written = self.tokenizer.write(example, order, &mut out);
        let length = ids.len() - begin;
        if written.is_err() || length > *room {
            ids.truncate(begin);
            return written.and(Err(EncodeError::TooLong { length, room: *room }));
        }
        ids.resize(begin + *room, self.tokenizer.pad_id());
        let path = example.path.unwrap_or_default();
        let mut is_first = true;
        self.loss_on.each(&self.roles, example.graph, path, |counts| {
            // The weight of a token stands where it is predicted from: at the token before it.
            if !std::mem::take(&mut is_first) {
                loss_weights.push(f32::from(counts));
            }
        });
        loss_weights.resize((*n + 1) * (*room - 1), 0.0);
        lengths.push(length);
        rows.push(*n);
        *n += 1;
        Ok(())
    }

    /// The roles of the row last written, without padding.
    pub fn last_roles(&self) -> &[Role] {
        &self.roles
    }

    /// What was written.
    pub fn batch(&self) -> &Padded {
        &self.batch
    }

    /// Takes all rows out, keeping the room they took.
    pub fn clear(&mut self) {
        let Padded { n, ids, loss_weights, lengths, rows, .. } = &mut self.batch;
        *n = 0;
        ids.clear();
        loss_weights.clear();
        lengths.clear();
        rows.clear();
    }
}

/// Pads sequences, in the order given, to `len` tokens each.
///
/// # Panics
/// If `len` is 0 or a sequence is longer.
pub fn pad(sequences: &[&Encoded], len: usize, pad_id: u32) -> Padded {
    assert!(len > 0, "rows of a batch hold at least one token");
    let n = sequences.len();
    let mut ids = Vec::with_capacity(n * len);
    let mut loss_weights = Vec::with_capacity(n * (len - 1));
    for sequence in sequences {
        assert!(sequence.len() <= len, "a sequence of {} tokens does not fit in rows of {len}", sequence.len());
        let filling = len - sequence.len();
        ids.extend_from_slice(&sequence.ids);
        ids.extend(std::iter::repeat_n(pad_id, filling));
        let weights = sequence.loss_mask.iter().map(|&counts| f32::from(counts));
        loss_weights.extend(weights.chain(std::iter::repeat_n(0.0, filling)).skip(1));
    }
    let lengths = sequences.iter().map(|sequence| sequence.len()).collect();
    Padded { n, len, ids, loss_weights, lengths, rows: (0..n).collect() }
}

/// Cuts sequences into groups of `group_size` of like length (the last may be smaller), each padded to its own longest.
///
/// Shorter sequences come first; those of equal length stay in the order given, so the outcome is a function of the
/// sequences alone.
///
/// # Panics
/// If `group_size` is 0 or a sequence is empty.
pub fn group(sequences: &[Encoded], group_size: usize, pad_id: u32) -> Vec<Padded> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&index| sequences[index].len());
    let groups = order.chunks(group_size).map(|rows| {
        let members: Vec<&Encoded> = rows.iter().map(|&index| &sequences[index]).collect();
        let longest = members.iter().map(|sequence| sequence.len()).max().unwrap_or(0);
        Padded { rows: rows.to_vec(), ..pad(&members, longest, pad_id) }
    });
    groups.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sequence::role::Role;

    fn sequence(len: usize, first: u32) -> Encoded {
        let ids = (first..).take(len).collect();
        let loss_mask = (0..len).map(|p| p > 0 && p + 2 >= len).collect();
        Encoded { ids, loss_mask, roles: vec![Role::End; len] }
    }

    #[test]
    fn a_row_is_the_sequence_then_padding() {
        let (a, b) = (sequence(3, 10), sequence(1, 20));
        let batch = pad(&[&a, &b], 4, 99);
        assert_eq!((batch.n, batch.len, &batch.lengths[..], &batch.rows[..]), (2, 4, &[3, 1][..], &[0, 1][..]));
        assert_eq!(batch.ids, [10, 11, 12, 99, 20, 99, 99, 99]);
        assert_eq!(batch.loss_weights, [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn groups_hold_every_sequence_once_and_each_is_as_long_as_its_longest() {
        let lengths = [5, 2, 9, 2, 7, 5, 1];
        let sequences: Vec<_> = lengths.iter().zip(0..).map(|(&len, i)| sequence(len, 10 * i)).collect();
        let groups = group(&sequences, 3, 99);
        let shape: Vec<_> = groups.iter().map(|g| (g.n, g.len, g.rows.clone())).collect();
        assert_eq!(shape, [(3, 2, vec![6, 1, 3]), (3, 7, vec![0, 5, 4]), (1, 9, vec![2])]);
        for padded in &groups {
            for (row, &index) in padded.rows.iter().enumerate() {
                let ids = &padded.ids[row * padded.len..][..padded.lengths[row]];
                let weights = &padded.loss_weights[row * (padded.len - 1)..][..padded.len - 1];
                assert_eq!(ids, sequences[index].ids);
                let counted = sequences[index].loss_mask.iter().filter(|&&counts| counts).count();
                assert_eq!(weights.iter().sum::<f32>(), counted as f32);
            }
        }
    }

    #[test]
    #[should_panic(expected = "a sequence of 3 tokens does not fit in rows of 2")]
    fn a_sequence_that_is_too_long_is_no_silent_cut() {
        pad(&[&sequence(3, 0)], 2, 99);
    }
}
