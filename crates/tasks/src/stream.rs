//! Random streams by name: what is drawn for an example depends on (seed, purpose, index) alone,
//! never on what was drawn before, by which thread, or in which order.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// A counter-based generator: ChaCha with 8 rounds, whose key names the stream and whose nonce is the index.
pub type Stream = ChaCha8Rng;

/// What a stream is drawn for. Streams of different purposes are independent.
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
}

/// The stream of `purpose` for example `index` under `seed`. Cheap: no more than a key set-up.
pub fn stream(seed: u64, purpose: Purpose, index: u64) -> Stream {
    let mut key = [0u8; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&(purpose as u64).to_le_bytes());
    key[16..].copy_from_slice(b"searchlens/v1\0\0\0");
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(index);
    rng
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_differ_by_every_part_of_their_name() {
        let first = |seed, purpose, index| stream(seed, purpose, index).next_u64();
        let names = [(1, Purpose::Train, 0), (2, Purpose::Train, 0), (1, Purpose::Test, 0), (1, Purpose::Train, 1)];
        let draws: std::collections::BTreeSet<_> = names.map(|(s, p, i)| first(s, p, i)).into();
        assert_eq!(draws.len(), names.len());
        assert_eq!(first(1, Purpose::Train, 7), first(1, Purpose::Train, 7));
    }
}
