//! Training batches: problems in, groups of token sequences out.
//!
//! Step `s` (from 0) trains on problems `s · batch .. (s + 1) · batch` of the training stream (where steps accumulate several batches, batch
//! `s` of them all), each with an order of its edges drawn from
//! its own stream. A batch is a function of config and step, so a run that is taken up again needs to remember neither.

use rayon::prelude::*;
use searchlens_base::stream::{Purpose, Stream, stream};
use searchlens_model::micro_batch::{MicroBatch, micro_batch_size};
use searchlens_model::workers::Workers;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::sequence::batch::{self, Padded};
use searchlens_tokens::sequence::encoded::{Encoded, LossOn};
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::Tokenizer;

use crate::config::RunConfig;
use crate::setup::Parts;

/// What to train on.
#[derive(Clone, Copy, Debug)]
pub struct TrainingStream<'a> {
    /// Where problems come from.
    pub task: &'a Task,
    /// How they are written.
    pub tokenizer: &'a Tokenizer,
    /// Seed of the run.
    pub seed: u64,
    /// Problems a step.
    pub batch_problems: usize,
    /// Which tokens the loss counts.
    pub loss_on: LossOn,
}

/// One step's problems, encoded, padded and grouped.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Sequences of like length.
    pub groups: Vec<MicroBatch>,
    /// Tokens without padding.
    pub n_tokens: u64,
}

impl<'a> TrainingStream<'a> {
    /// The stream that a config describes.
    pub fn of(config: &RunConfig, parts: &'a Parts) -> TrainingStream<'a> {
        let train = config.train();
        TrainingStream {
            task: &parts.task,
            tokenizer: &parts.tokenizer,
            seed: train.seed,
            batch_problems: train.batch_problems,
            loss_on: train.loss_on,
        }
    }

    /// A batch, counted from 0 over the whole run. The same for any number of workers.
    pub fn batch(&self, step: u64, workers: &Workers) -> Batch {
        let first = step * self.batch_problems as u64;
        let indices = first..first + self.batch_problems as u64;
        let encode = |index| self.example(index);
        let sequences: Vec<Encoded> = workers.run(|| indices.into_par_iter().map(encode).collect());
        let n_tokens: usize = sequences.iter().map(Encoded::len).sum();
        let size = rows_per_group(self.batch_problems, n_tokens / self.batch_problems);
        let groups = batch::group(&sequences, size, self.tokenizer.pad_id());
        let groups = groups.into_iter().map(|padded| self.as_shown(padded, &sequences));
        Batch { groups: groups.collect(), n_tokens: n_tokens as u64 }
    }

    /// A group of padded sequences, with what the network is shown of them.
    fn as_shown(&self, padded: Padded, sequences: &[Encoded]) -> MicroBatch {
        let Padded { ids, len: seq, loss_weights: weights, rows, .. } = padded;
        if self.tokenizer.mask_id().is_none() {
            return MicroBatch { tokens: ids, targets: None, seq, weights };
        }
        let mut tokens = ids.clone();
        for (row, &index) in tokens.chunks_exact_mut(seq).zip(&rows) {
            let shown = self.tokenizer.shown_ids(&sequences[index]).unwrap_or_default();
            row[..shown.len()].copy_from_slice(&shown);
        }
        MicroBatch { tokens, targets: Some(ids), seq, weights }
    }

    /// Example `index` of the training stream.
    pub fn example(&self, index: u64) -> Encoded {
        let instance = self.task.instance(self.seed, Split::Train, index);
        let example = Example::of_instance(&instance);
        let mut order = edge_order_stream(self.seed, Split::Train, index);
        let encoded = self.tokenizer.encode(&example, EdgeOrder::Shuffled(&mut order), self.loss_on);
        encoded.expect("the tokenizer was made for the task")
    }
}

/// The stream from which the order of a problem's edge tokens is drawn. Problems of the same index in different splits have their own.
pub fn edge_order_stream(seed: u64, split: Split, index: u64) -> Stream {
    // A split has fewer than 2^62 problems.
    stream(seed, Purpose::Tokenize, index | (split as u64) << 62)
}

/// Groups a batch is cut into are a multiple of this, so that they spread evenly over the trainer's slots and so over cores.
const EVEN: usize = 8;

/// Sequences per group of a batch: about what the engine likes for their mean length, adjusted so that groups spread evenly.
fn rows_per_group(batch: usize, mean_len: usize) -> usize {
    let wanted = batch.div_ceil(micro_batch_size(mean_len)).max(1);
    let n_groups = wanted.next_multiple_of(EVEN);
    batch.div_ceil(n_groups).max(1)
}

#[cfg(test)]
mod tests {
    use super::{EVEN, micro_batch_size, rows_per_group};

    #[test]
    fn groups_spread_over_the_slots() {
        for (batch, mean_len) in [(128usize, 36), (256, 36), (64, 200), (1024, 20)] {
            let groups = batch.div_ceil(rows_per_group(batch, mean_len));
            let over = groups.next_multiple_of(EVEN) - groups;
            assert!(groups >= EVEN && over <= 2, "{batch} sequences of {mean_len} in {groups} groups");
            assert!(rows_per_group(batch, mean_len) <= micro_batch_size(mean_len).max(1));
        }
        assert_eq!((rows_per_group(4, 36), rows_per_group(1, 10_000)), (1, 1));
    }
}
