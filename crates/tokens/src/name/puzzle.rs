//! Names of puzzle tokenizers.

/// A puzzle that has a tokenizer, which bears its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Puzzle {
    /// `countdown`.
    Countdown,
    /// `sliding`.
    Sliding,
}

impl Puzzle {
    /// Every puzzle with its tokenizer's name.
    pub const ALL: [(Puzzle, &'static str); 2] = [(Puzzle::Countdown, "countdown"), (Puzzle::Sliding, "sliding")];

    /// The tokenizer's name.
    pub fn name(self) -> &'static str {
        Puzzle::ALL[self as usize].1
    }
}
