//! Training batches: from problems to micro-batches of token ids.
//!
//! Batch `s` (from 0) holds problems `s · batch .. (s + 1) · batch` of the training stream, each with an edge order drawn
//! from its own stream. A batch is a function of the config and its index, so a resumed run needs no data state.

use rayon::prelude::*;
use searchlens_base::stream::{Purpose, Stream, stream};
use searchlens_model::micro_batch::{MicroBatch, micro_batch_size};
use searchlens_model::workers::Workers;
use searchlens_tasks::instance::Instance;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::sequence::batch::{Padded, micro_batches};
use searchlens_tokens::sequence::encoded::{Encoded, LossOn};
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::tokenizer::Tokenizer;

use crate::config::RunConfig;
use crate::setup::Parts;

/// The training data of a run.
#[derive(Clone, Copy, Debug)]
pub struct TrainingStream<'a> {
    /// Draws the problems.
    pub task: &'a Task,
    /// Encodes them.
    pub tokenizer: &'a Tokenizer,
    /// Seed of the run.
    pub seed: u64,
    /// Problems per batch.
    pub batch_problems: usize,
    /// Which tokens the loss counts.
    pub loss_on: LossOn,
}

/// One batch: encoded, sorted by length and cut into padded micro-batches.
#[derive(Clone, Debug)]
pub struct Batch {
    /// Micro-batches of sequences of similar length.
    pub groups: Vec<MicroBatch>,
    /// Tokens without padding.
    pub n_tokens: u64,
}

impl<'a> TrainingStream<'a> {
    /// Returns the training stream of a config.
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

    /// Draws and encodes batch `number`, counted from 0 over the whole run. The result does not depend on the number of
    /// workers.
    pub fn batch(&self, number: u64, workers: &Workers) -> Batch {
        self.assemble(number, workers, |index| self.example(index))
    }

    /// Encodes batch `number` from the given problems instead of drawing them: [`TrainingStream::batch`] without the cost
    /// of drawing, for benchmarks.
    ///
    /// # Panics
    /// If `instances` has fewer than `batch_problems` entries, or the tokenizer cannot write one.
    pub fn batch_of(&self, instances: &[Instance], number: u64, workers: &Workers) -> Batch {
        let place = |index: u64| (index % self.batch_problems as u64) as usize;
        self.assemble(number, workers, |index| self.encode(&instances[place(index)], index))
    }

    /// Encodes the problems of a batch in parallel and cuts them into micro-batches.
    fn assemble(&self, number: u64, workers: &Workers, encode: impl Fn(u64) -> Encoded + Send + Sync) -> Batch {
        let first = number * self.batch_problems as u64;
        let indices = first..first + self.batch_problems as u64;
        let sequences: Vec<Encoded> = workers.run(|| indices.into_par_iter().map(encode).collect());
        let n_tokens: usize = sequences.iter().map(Encoded::len).sum();
        let size = rows_per_group(self.batch_problems, n_tokens / self.batch_problems);
        let padded = micro_batches(&sequences, size, self.tokenizer.pad_id());
        let groups = padded.into_iter().map(|padded| self.as_shown(padded, &sequences));
        Batch { groups: groups.collect(), n_tokens: n_tokens as u64 }
    }

    /// Converts padded sequences into the trainer's form, with the inputs masked where the tokenizer masks them.
    fn as_shown(&self, padded: Padded, sequences: &[Encoded]) -> MicroBatch {
        let Padded { ids, len: seq, loss_weights: weights, rows, .. } = padded;
        if self.tokenizer.mask_id().is_none() {
            return MicroBatch { tokens: ids, targets: None, seq, weights };
        }
        let mut tokens = ids.clone();
        for (row, &index) in tokens.chunks_exact_mut(seq).zip(&rows) {
            let shown = self.tokenizer.masked_ids(&sequences[index]).unwrap_or_default();
            row[..shown.len()].copy_from_slice(&shown);
        }
        MicroBatch { tokens, targets: Some(ids), seq, weights }
    }

    /// Draws and encodes example `index` of the training stream.
    pub fn example(&self, index: u64) -> Encoded {
        self.encode(&self.task.instance(self.seed, Split::Train, index), index)
    }

    fn encode(&self, instance: &Instance, index: u64) -> Encoded {
        let example = Example::of_instance(instance);
        let mut order = edge_order_stream(self.seed, Split::Train, index);
        let encoded = self.tokenizer.encode(&example, EdgeOrder::Shuffled(&mut order), self.loss_on);
        encoded.expect("the tokenizer was made for the task")
    }
}

/// Returns the random stream of a problem's edge order. Problems of the same index in different splits have different
/// streams.
pub fn edge_order_stream(seed: u64, split: Split, index: u64) -> Stream {
    // A split has fewer than 2^62 problems.
    stream(seed, Purpose::Tokenize, index | (split as u64) << 62)
}

/// The number of micro-batches per batch is a multiple of this, so that they spread evenly over the trainer's slots.
const EVEN: usize = 8;

/// Sequences per micro-batch: about the engine's preferred size for their mean length, adjusted so that micro-batches
/// spread evenly.
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
