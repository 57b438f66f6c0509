//! Tokenizers of graphs that are no mazes: whose they are, their arms, and the grammar of their names.

use std::fmt;
use std::str::FromStr;

use crate::name::choice::{ChoiceError, WEIGHTS, beginning, choose, take_weights};

/// A tokenizer of graphs: a style, and what is added to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GraphChoices {
    /// Whose.
    pub style: Style,
    /// `weights-N`: behind each edge a word for what it costs, 1 to so many. 0, the default: no such words, and graphs with
    /// weights cannot be written.
    pub weights: u32,
}

/// Whose tokenizer. Nodes are their numbers; every style ends the path with an end token of ours, since its
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

/// Every style with its name and what may follow it, each with a `+`, in the order in which names are printed; `weights-N`
/// may follow all.
pub const STYLES: [(&str, &[&str]); 5] = [
    ("saparov", &[]),
    ("brinkmann", &["backward", "mixed"]),
    ("bachmann", &["reverse", "teacherless"]),
    ("labelled", &["prompted"]),
    ("hops", &["end"]),
];

impl GraphChoices {
    /// A style without words for weights.
    pub const fn plain(style: Style) -> GraphChoices {
        GraphChoices { style, weights: 0 }
    }
}

impl FromStr for GraphChoices {
    type Err = ChoiceError;

    /// Choices may stand in any order. The style must be known: see [`STYLES`].
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
    fn a_wrong_arm_is_told_what_is_right() {
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
        assert!(error("hops+weights-3+weights-3").contains("`weights-3` chooses what is chosen already"));
        assert!(
            error("brinkmann+mixed+backward")
                .ends_with("`backward` chooses what is chosen already; leave one of the two out")
        );
    }
}
