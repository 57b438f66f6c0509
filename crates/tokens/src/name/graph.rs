//! Names of graph tokenizers: the paper, its variants, and their grammar.

use std::fmt;
use std::str::FromStr;

use crate::name::choice::{ChoiceError, WEIGHTS, beginning, choose, take_weights};

/// A tokenizer of graphs: a style, and words for weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GraphChoices {
    /// The format, after the paper that uses it.
    pub style: Style,
    /// `weights-N`: a word after each edge for its weight, from 1 to `N`. 0, the default: no such words, so weighted graphs
    /// cannot be written.
    pub weights: u32,
}

/// The format of a graph tokenizer. Nodes are written as numbers. Every style adds an end token after the path, where its
/// authors cut generation at the known length.
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
        /// `reverse`: the path is written from goal to origin.
        reverse: bool,
        /// `teacherless`: the network sees `$` in place of every node of the path, in training and in generation, and
        /// predicts all of them at once.
        teacherless: bool,
    },
    /// `labelled`: every node with its label, a word for each coordinate (`7 x3 y0`); `E u v` for each edge; `Q origin
    /// P`, then the path with its origin. The goal is not written: the network must learn it. The order of the nodes
    /// is shuffled.
    Labelled {
        /// `prompted`: few-shot demonstrations with their paths come first, each written like the question.
        prompted: bool,
    },
    /// `hops`: `E u v` for each arc, `Q origin h3 P` for three hops, then the path with its origin.
    Hops {
        /// `end`: only the last node of the path is written, as in the papers on k hops: the network must make all hops
        /// before the first token.
        end: bool,
    },
}

/// Edge order of `brinkmann`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BrinkmannOrder {
    /// Shuffled.
    Drawn,
    /// `backward`: edges farther from the origin first, ties shuffled.
    Backward,
    /// `mixed`: one of the two at random for each problem, as in the paper.
    Mixed,
}

/// Every style and its choices, in the order in which names are printed; all styles also take `weights-N`.
pub const STYLES: [(&str, &[&str]); 5] = [
    ("saparov", &[]),
    ("brinkmann", &["backward", "mixed"]),
    ("bachmann", &["reverse", "teacherless"]),
    ("labelled", &["prompted"]),
    ("hops", &["end"]),
];

impl GraphChoices {
    /// Returns a style without words for weights.
    pub const fn plain(style: Style) -> GraphChoices {
        GraphChoices { style, weights: 0 }
    }
}

impl FromStr for GraphChoices {
    type Err = ChoiceError;

    /// Choices may come in any order. The style must be one of [`STYLES`].
    fn from_str(name: &str) -> Result<GraphChoices, ChoiceError> {
        let (style, arms) = *beginning(name, &STYLES, |(style, _)| style)?;
        let mut style = match style {
            "brinkmann" => Style::Brinkmann(BrinkmannOrder::Drawn),
            "bachmann" => Style::Bachmann { reverse: false, teacherless: false },
            "labelled" => Style::Labelled { prompted: false },
            "hops" => Style::Hops { end: false },
            _ => Style::Saparov,
        };
        let mut weights = 0;
        choose(name, arms, &[WEIGHTS], |choice| {
            let fresh = match (&mut style, choice) {
                (Style::Brinkmann(order), "backward" | "mixed") => {
                    let new = if choice == "mixed" { BrinkmannOrder::Mixed } else { BrinkmannOrder::Backward };
                    std::mem::replace(order, new) == BrinkmannOrder::Drawn
                }
                (Style::Bachmann { reverse, .. }, "reverse") => !std::mem::replace(reverse, true),
                (Style::Bachmann { teacherless, .. }, "teacherless") => !std::mem::replace(teacherless, true),
                (Style::Labelled { prompted }, "prompted") => !std::mem::replace(prompted, true),
                (Style::Hops { end }, "end") => !std::mem::replace(end, true),
                _ => return take_weights(choice, &mut weights),
            };
            Some(fresh)
        })?;
        Ok(GraphChoices { style, weights })
    }
}

impl fmt::Display for GraphChoices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.style {
            Style::Saparov => f.write_str("saparov"),
            Style::Brinkmann(BrinkmannOrder::Drawn) => f.write_str("brinkmann"),
            Style::Brinkmann(BrinkmannOrder::Backward) => f.write_str("brinkmann+backward"),
            Style::Brinkmann(BrinkmannOrder::Mixed) => f.write_str("brinkmann+mixed"),
            Style::Labelled { prompted } => {
                f.write_str("labelled")?;
                f.write_str(if prompted { "+prompted" } else { "" })
            }
            Style::Hops { end } => f.write_str(if end { "hops+end" } else { "hops" }),
            Style::Bachmann { reverse, teacherless } => {
                f.write_str("bachmann")?;
                f.write_str(if reverse { "+reverse" } else { "" })?;
                f.write_str(if teacherless { "+teacherless" } else { "" })
            }
        }?;
        if self.weights > 0 { write!(f, "+weights-{}", self.weights) } else { Ok(()) }
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
        let printed = |name: &str| name.parse::<GraphChoices>().map(|choices| choices.to_string());
        for name in names {
            let weighted = format!("{name}+weights-9");
            assert_eq!((printed(name), printed(&weighted)), (Ok(name.to_owned()), Ok(weighted)));
        }
        let any_order = printed("bachmann+weights-12+teacherless+reverse");
        assert_eq!(any_order.as_deref(), Ok("bachmann+reverse+teacherless+weights-12"));
    }

    #[test]
    fn an_unknown_choice_names_the_known_ones() {
        let error = |name: &str| name.parse::<GraphChoices>().unwrap_err().to_string();
        assert_eq!(
            error("bachmann+revers"),
            "tokenizer `bachmann+revers`: unknown choice `revers` (did you mean `reverse`?); known: reverse, \
             teacherless, weights-N (N up to 1000)"
        );
        assert_eq!(
            error("saparov+mixed"),
            "tokenizer `saparov+mixed`: unknown choice `mixed`; known: weights-N (N up to 1000)"
        );
        assert!(error("hops+weights-1001").contains("unknown choice `weights-1001`"));
        assert!(error("hops+weights-3+weights-3").contains("`weights-3` repeats or contradicts an earlier choice"));
        assert!(
            error("brinkmann+mixed+backward")
                .ends_with("`backward` repeats or contradicts an earlier choice; remove one of the two")
        );
    }
}
