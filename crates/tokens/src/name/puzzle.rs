//! Names of puzzle tokenizers.

/// A puzzle; its tokenizer has the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Puzzle {
    /// `countdown`.
    Countdown,
    /// `sliding`.
    Sliding,
}

impl Puzzle {
    /// Every puzzle and the name of its tokenizer.
    pub const ALL: [(Puzzle, &'static str); 2] = [(Puzzle::Countdown, "countdown"), (Puzzle::Sliding, "sliding")];

    /// Returns the name of its tokenizer.
    pub fn name(self) -> &'static str {
        Puzzle::ALL[self as usize].1
    }
}
