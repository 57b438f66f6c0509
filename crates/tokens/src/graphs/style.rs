//! Tokenizers of graphs that are no mazes: whose they are, their arms, and the grammar of their names.

use std::fmt;
use std::str::FromStr;

use searchlens_tasks::text::{listed, near_names};

/// A tokenizer of graphs. Nodes are their numbers; every style ends the path with an end token of ours, since its
/// authors cut at the known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Style {
    /// `saparov`: `E u v` for each edge, `Q origin goal P`, then the path with its origin.
    ///
    /// Source: Saparov et al. 2024, "Transformers Struggle to Learn to Search" (arXiv 2412.04703).
    Saparov,
    /// `brinkmann`: `a >b` for each edge, commas between them, `| goal : root >x >y ..`.
    ///
    /// Source: Brinkmann et al. 2024, "A Mechanistic Analysis of a Transformer Trained on a Symbolic Multi-Step
    /// Reasoning Task" (arXiv 2402.11917).
    Brinkmann(BrinkmannOrder),
    /// `bachmann`: `a b` for each edge, `|` between them, `/ origin goal = p_1 .. p_l`.
    ///
    /// Source: Bachmann and Nagarajan 2024, "The pitfalls of next-token prediction" (arXiv 2403.06963).
    Bachmann {
        /// `reverse`: the path is written goal first.
        reverse: bool,
        /// `teacherless`: a network is shown `$` in place of every node of the path, in training and when it answers: it
        /// answers at once.
        teacherless: bool,
    },
    /// `labelled`: every node with its label, a word for each coordinate (`7 x3 y0`); `E u v` for each edge; `Q origin
    /// P`, then the path with its origin. The goal is not written: it is what is to be learnt. Nodes come in drawn
    /// order.
    Labelled {
        /// `prompted`: examples with their paths stand before the question, each written like it.
        prompted: bool,
    },
    /// `hops`: `E u v` for each arc, `Q origin h3 P` for three hops, then the path with its origin.
    Hops {
        /// `end`: of the path the last node alone is written, as in the papers on k hops: all hops must be made before the
        /// first token.
        end: bool,
    },
}

/// In which order Brinkmann's trees are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BrinkmannOrder {
    /// Drawn.
    Drawn,
    /// `backward`: edges farther from the origin first, drawn among equals.
    Backward,
    /// `mixed`: a coin decides for each problem between the two, as in the paper.
    Mixed,
}

/// Every style with its name and what may follow it, each with a `+`, in the order in which names are printed.
pub const STYLES: [(&str, &[&str]); 5] = [
    ("saparov", &[]),
    ("brinkmann", &["backward", "mixed"]),
    ("bachmann", &["reverse", "teacherless"]),
    ("labelled", &["prompted"]),
    ("hops", &["end"]),
];

/// A text that is no name of a graph tokenizer, though it begins like one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StyleError {
    /// The style has no such arm.
    #[error("tokenizer `{name}`: unknown choice `{choice}`{}; {}", near_names(choice, arms(name)), known(name))]
    Unknown {
        /// The whole name.
        name: String,
        /// The choice.
        choice: String,
    },
    /// Two choices that exclude each other, or one twice.
    #[error("tokenizer `{name}`: `{choice}` chooses what is chosen already; leave one of the two out")]
    Twice {
        /// The whole name.
        name: String,
        /// The second choice.
        choice: String,
    },
}

fn arms(name: &str) -> impl Iterator<Item = &'static str> {
    let style = name.split('+').next().unwrap_or_default();
    let found = STYLES.iter().find(|(known, _)| *known == style);
    found.map_or(&[] as &[&str], |(_, arms)| arms).iter().copied()
}

fn known(name: &str) -> String {
    let arms = listed(arms(name));
    if arms.is_empty() { "it takes none".to_owned() } else { format!("known: {arms}") }
}

impl FromStr for Style {
    type Err = StyleError;

    /// Choices may stand in any order. The style must be known: see [`STYLES`].
    fn from_str(name: &str) -> Result<Style, StyleError> {
        let mut words = name.split('+');
        let unknown = |choice: &str| StyleError::Unknown { name: name.to_owned(), choice: choice.to_owned() };
        let style = words.next().unwrap_or_default();
        let mut style = match style {
            "saparov" => Style::Saparov,
            "brinkmann" => Style::Brinkmann(BrinkmannOrder::Drawn),
            "bachmann" => Style::Bachmann { reverse: false, teacherless: false },
            "labelled" => Style::Labelled { prompted: false },
            "hops" => Style::Hops { end: false },
            _ => return Err(unknown(style)),
        };
        for word in words {
            let fresh = match (&mut style, word) {
                (Style::Brinkmann(order), "backward" | "mixed") => {
                    let new = if word == "mixed" { BrinkmannOrder::Mixed } else { BrinkmannOrder::Backward };
                    std::mem::replace(order, new) == BrinkmannOrder::Drawn
                }
                (Style::Bachmann { reverse, .. }, "reverse") => !std::mem::replace(reverse, true),
                (Style::Bachmann { teacherless, .. }, "teacherless") => !std::mem::replace(teacherless, true),
                (Style::Labelled { prompted }, "prompted") => !std::mem::replace(prompted, true),
                (Style::Hops { end }, "end") => !std::mem::replace(end, true),
                _ => return Err(unknown(word)),
            };
            if !fresh {
                return Err(StyleError::Twice { name: name.to_owned(), choice: word.to_owned() });
            }
        }
        Ok(style)
    }
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Style::Saparov => f.write_str("saparov"),
            Style::Brinkmann(BrinkmannOrder::Drawn) => f.write_str("brinkmann"),
            Style::Brinkmann(BrinkmannOrder::Backward) => f.write_str("brinkmann+backward"),
            Style::Brinkmann(BrinkmannOrder::Mixed) => f.write_str("brinkmann+mixed"),
            Style::Labelled { prompted } => {
                f.write_str("labelled")?;
                f.write_str(if *prompted { "+prompted" } else { "" })
            }
            Style::Hops { end } => f.write_str(if *end { "hops+end" } else { "hops" }),
            Style::Bachmann { reverse, teacherless } => {
                f.write_str("bachmann")?;
                f.write_str(if *reverse { "+reverse" } else { "" })?;
                f.write_str(if *teacherless { "+teacherless" } else { "" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_printed() {
        let names = [
            "saparov",
            "brinkmann",
            "brinkmann+backward",
            "brinkmann+mixed",
            "bachmann",
            "bachmann+reverse",
            "bachmann+teacherless",
            "bachmann+reverse+teacherless",
            "labelled",
            "labelled+prompted",
            "hops",
            "hops+end",
        ];
        for name in names {
            assert_eq!(name.parse::<Style>().map(|style| style.to_string()).as_deref(), Ok(name));
        }
        assert_eq!(
            "bachmann+teacherless+reverse".parse::<Style>().unwrap().to_string(),
            "bachmann+reverse+teacherless"
        );
    }

    #[test]
    fn a_wrong_arm_is_told_what_is_right() {
        let error = |name: &str| name.parse::<Style>().unwrap_err().to_string();
        assert_eq!(
            error("bachmann+revers"),
            "tokenizer `bachmann+revers`: unknown choice `revers` (did you mean `reverse`?); known: reverse, teacherless"
        );
        assert_eq!(error("saparov+mixed"), "tokenizer `saparov+mixed`: unknown choice `mixed`; it takes none");
        assert!(
            error("brinkmann+mixed+backward")
                .ends_with("`backward` chooses what is chosen already; leave one of the two out")
        );
    }
}
