//! Named random streams: the draws for an example depend only on (seed, purpose, index), never on earlier draws, threads or
//! order.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A counter-based generator: ChaCha with 8 rounds, whose key names the stream and whose nonce is the index.
pub type Stream = ChaCha8Rng;

/// The purpose of a stream. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u64)]
pub enum Purpose {
    /// Problems of the training split.
    Train = 1,
    /// Problems of the validation split.
    Validation = 2,
    /// Problems of the test split.
    Test = 3,
    /// The order of edge tokens and other free choices of a tokenizer.
    Tokenize = 4,
    /// Initial weights.
    Init = 5,
    /// Sampling from a model.
    Sample = 6,
    /// Bootstrap resampling and permutations.
    Resample = 7,
    /// Labels of control tasks.
    Control = 8,
    /// Problems of a task's whole distribution, whatever their split.
    Natural = 9,
    /// Probing which splits a task can fill.
    Probe = 10,
    /// Problems whose every path to the target set crosses the avoid set.
    Unavoidable = 11,
}

/// Returns the stream of `purpose` for example `index` under `seed`. Cheap: only a key set-up.
///
/// ```
/// use searchlens_base::stream::{Purpose, below, stream};
///
/// let draw = |index| below(&mut stream(1, Purpose::Train, index), 1000);
/// assert_eq!(draw(7), draw(7));
/// assert_ne!(draw(7), draw(8));
/// ```
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> Stream {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..].copy_from_slice(b"searchlens/v1\0\0\0");
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(index);
    rng
}

/// Draws uniformly from `0..n`, using one word of the stream, rarely two, and none if `n` is 1.
///
/// Not the `rand` crate's, so that problems stay the same when that crate changes. Takes the high half of a product, and
/// redraws where that would be biased: Lemire 2019, "Fast random integer generation in an
/// interval".
///
/// # Panics
/// If `n` is 0 or does not fit in 32 bits.
pub fn below(rng: &mut impl Rng, n: usize) -> usize {
    let n = u32::try_from(n).expect("draws are from at most 2^32 - 1 values");
    assert!(n > 0, "a draw from nothing");
    if n == 1 {
        return 0;
    }
    let mut product = u64::from(rng.next_u32()) * u64::from(n);
    if (product as u32) < n {
        let uneven = n.wrapping_neg() % n;
        while (product as u32) < uneven {
            product = u64::from(rng.next_u32()) * u64::from(n);
        }
    }
    (product >> 32) as usize
}

/// Draws uniformly from `low..=high`.
pub fn between(rng: &mut impl Rng, low: usize, high: usize) -> usize {
    low + below(rng, high - low + 1)
}

/// Returns true with probability `p`, to 32 binary digits; draws one word for every `p`.
pub fn with_chance(rng: &mut impl Rng, p: f64) -> bool {
    f64::from(rng.next_u32()) < p * (f64::from(u32::MAX) + 1.0)
}

/// Shuffles `items` uniformly (Fisher and Yates).
pub fn shuffle<T>(rng: &mut impl Rng, items: &mut [T]) {
    for i in (1..items.len()).rev() {
        items.swap(i, below(rng, i + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_by_every_part_of_their_name() {
        let first = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        let names = [(1, Purpose::Train, 0), (2, Purpose::Train, 0), (1, Purpose::Test, 0), (1, Purpose::Train, 1)];
        let draws: std::collections::BTreeSet<_> = names.map(|(s, p, i)| first(s, p, i)).into();
        assert_eq!(draws.len(), names.len());
        assert_eq!(first(1, Purpose::Train, 7), first(1, Purpose::Train, 7));
    }

    #[test]
    fn draws_below_n_are_even() {
        let mut rng = stream(1, Purpose::Sample, 0);
        let mut counts = [0usize; 3];
        (0..30_000).for_each(|_| counts[below(&mut rng, 3)] += 1);
        assert!(counts.iter().all(|c| c.abs_diff(10_000) < 350), "{counts:?}: more than four standard deviations off");
    }

    #[test]
    fn a_shuffle_reaches_every_order() {
        let mut rng = stream(1, Purpose::Sample, 1);
        let orders: std::collections::BTreeSet<[u8; 3]> = (0..200)
            .map(|_| {
                let mut items = [0, 1, 2];
                shuffle(&mut rng, &mut items);
                items
            })
            .collect();
        assert_eq!(orders.len(), 6);
    }
}
