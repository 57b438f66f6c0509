//! Micro-batches: the sequences that go forward and backward together.

use crate::forward::Sequences;

/// Sequences of equal padded length, with the weights of their next-token losses.
#[derive(Clone, Debug)]
pub struct MicroBatch {
    /// `[n_seq, seq]`
    pub tokens: Vec<u32>,
    /// `[n_seq, seq]`: the tokens to be predicted, each from those before it, where the network is shown others than these
    /// ("teacherless" training); `None` where it is shown what it must predict.
    pub targets: Option<Vec<u32>>,
    /// Length of each.
    pub seq: usize,
    /// `[n_seq, seq − 1]`; 0 where nothing is scored.
    pub weights: Vec<f32>,
}

impl MicroBatch {
    /// The sequences that the network is shown.
    pub fn sequences(&self) -> Sequences<'_> {
        Sequences { tokens: &self.tokens, seq: self.seq }
    }

    /// Weight of the loss of the prediction at a token, the `row`-th of all; 0 at the end of a sequence.
    pub fn weight(&self, row: usize) -> f32 {
        if (row + 1).is_multiple_of(self.seq) { 0.0 } else { self.weights[row - row / self.seq] }
    }

    /// The sequences whose tokens it must predict.
    pub fn targets(&self) -> Sequences<'_> {
        Sequences { tokens: self.targets.as_ref().unwrap_or(&self.tokens), seq: self.seq }
    }
}

/// How many sequences of `seq` tokens make a micro-batch: few enough to stay in cache, as many as fill whole blocks of 32 rows best
/// (the larger micro-batch of two that fill equally well).
pub fn micro_batch_size(seq: usize) -> usize {
    let share_filled = |n: usize| (n * seq) as f64 / (n * seq).next_multiple_of(32) as f64;
    let most = (320 / seq.max(1)).max(1);
    (1..=most).max_by(|&a, &b| share_filled(a).total_cmp(&share_filled(b))).unwrap_or(1)
}
