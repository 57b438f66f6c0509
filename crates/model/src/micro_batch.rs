//! Micro-batches: the sequences that go forward and backward together.

use crate::net::Sequences;

/// Sequences of equal padded length, with the weights of their next-token losses.
#[derive(Clone, Debug)]
pub struct MicroBatch {
    /// `[n_seq, seq]`
    pub tokens: Vec<u32>,
    /// `[n_seq, seq]`: the tokens to predict, if they differ from the input `tokens` ("teacherless" training); `None` for
    /// ordinary next-token prediction.
    pub targets: Option<Vec<u32>>,
    /// Length of each sequence.
    pub seq: usize,
    /// `[n_seq, seq − 1]`: weights of the next-token losses; 0 leaves a prediction out.
    pub weights: Vec<f32>,
}

impl MicroBatch {
    /// Returns the input sequences.
    pub fn sequences(&self) -> Sequences<'_> {
        Sequences { tokens: &self.tokens, seq: self.seq }
    }

    /// Returns the loss weight of the prediction at row `row` of `[n_seq · seq]`; 0 at the end of a sequence.
    pub fn weight(&self, row: usize) -> f32 {
        if (row + 1).is_multiple_of(self.seq) { 0.0 } else { self.weights[row - row / self.seq] }
    }

    /// Returns the sequences to predict.
    pub fn targets(&self) -> Sequences<'_> {
        Sequences { tokens: self.targets.as_ref().unwrap_or(&self.tokens), seq: self.seq }
    }
}

/// Returns how many sequences of `seq` tokens make a micro-batch: few enough to stay in cache, and the number that fills blocks
/// of 32 rows best (of two that fill equally well, the larger).
pub fn micro_batch_size(seq: usize) -> usize {
    let share_filled = |n: usize| (n * seq) as f64 / (n * seq).next_multiple_of(32) as f64;
    let max = (320 / seq.max(1)).max(1);
    (1..=max).max_by(|&a, &b| share_filled(a).total_cmp(&share_filled(b))).unwrap_or(1)
}
