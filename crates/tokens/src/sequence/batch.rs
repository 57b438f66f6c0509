//! Padded batches: sequences of similar length side by side, so that little padding is computed.

use crate::sequence::encoded::Encoded;

/// Sequences padded to one length, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Padded {
    /// Number of sequences.
    pub n: usize,
    /// Tokens per row.
    pub len: usize,
    /// Token ids, `[n, len]`.
    pub ids: Vec<u32>,
    /// Weights of the next-token losses, `[n, len - 1]`: the weight at `(row, p)` belongs to the prediction of token
    /// `p + 1` from tokens `0..=p`. It is 1 where the loss mask is set, and 0 elsewhere and on padding.
    pub loss_weights: Vec<f32>,
    /// Tokens of each sequence without padding, `[n]`.
    pub lengths: Vec<usize>,
    /// Index of each row's sequence in the list that was batched, `[n]`.
    pub rows: Vec<usize>,
}

/// Cuts sequences into micro-batches of `n_rows` sequences of similar length (the last may have fewer), each padded to
/// its own longest sequence.
///
/// Shorter sequences come first; sequences of equal length keep their order, so the result depends on the sequences
/// alone.
///
/// # Panics
/// If `n_rows` is 0 or a sequence is empty.
pub fn micro_batches(sequences: &[Encoded], n_rows: usize, pad_id: u32) -> Vec<Padded> {
    let mut order: Vec<usize> = (0..sequences.len()).collect();
    order.sort_by_key(|&index| sequences[index].len());
    let padded = order.chunks(n_rows).map(|rows| {
        let members: Vec<&Encoded> = rows.iter().map(|&index| &sequences[index]).collect();
        let longest = members.iter().map(|sequence| sequence.len()).max().unwrap_or(0);
        Padded { rows: rows.to_vec(), ..pad(&members, longest, pad_id) }
    });
    padded.collect()
}

/// Pads sequences, in the order given, to `len` tokens each.
///
/// # Panics
/// If `len` is 0 or a sequence is longer.
fn pad(sequences: &[&Encoded], len: usize, pad_id: u32) -> Padded {
    assert!(len > 0, "rows of a batch hold at least one token");
    let n = sequences.len();
    let mut ids = Vec::with_capacity(n * len);
    let mut loss_weights = Vec::with_capacity(n * (len - 1));
    for sequence in sequences {
        assert!(sequence.len() <= len, "a sequence of {} tokens does not fit in rows of {len}", sequence.len());
        let padding = len - sequence.len();
        ids.extend_from_slice(&sequence.ids);
        ids.extend(std::iter::repeat_n(pad_id, padding));
        let weights = sequence.loss_mask.iter().map(|&counts| f32::from(counts));
        loss_weights.extend(weights.chain(std::iter::repeat_n(0.0, padding)).skip(1));
    }
    let lengths = sequences.iter().map(|sequence| sequence.len()).collect();
    Padded { n, len, ids, loss_weights, lengths, rows: (0..n).collect() }
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
    fn micro_batches_hold_every_sequence_once_and_each_is_as_long_as_its_longest() {
        let lengths = [5, 2, 9, 2, 7, 5, 1];
        let sequences: Vec<_> = lengths.iter().zip(0..).map(|(&len, i)| sequence(len, 10 * i)).collect();
        let batches = micro_batches(&sequences, 3, 99);
        let shape: Vec<_> = batches.iter().map(|g| (g.n, g.len, g.rows.clone())).collect();
        assert_eq!(shape, [(3, 2, vec![6, 1, 3]), (3, 7, vec![0, 5, 4]), (1, 9, vec![2])]);
        for padded in &batches {
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
