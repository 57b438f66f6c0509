//! The text form of modular tokenizers' names, as maze-dataset prints it.
//!
//! ```text
//! MazeTokenizerModular-AOTP(UT(), AdjListCoord(pre=F, post=T, shuffle_d0=T, Ungrouped(connection_token_ordinal=1),
//! ConnectionEdges(walls=F), RandomCoords()), Unlabeled(post=F), StepSequence(Singles(), step_tokenizers=(Coord(), ),
//! pre=F, intra=F, post=F))
//! ```
//!
//! on one line.

use std::fmt;
use std::str::FromStr;

use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::{listed, near_names};

use super::{
    Coords, EdgeList, Elements, Grouping, Part, Parts, Permuter, Prompt, StepSequence, StepSize, Subset, Trailing,
};

/// The prefix of every name.
pub const PREFIX: &str = "MazeTokenizerModular-";

/// Errors of parsing the name of a modular tokenizer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ModularNameError {
    #[error("{}: unknown {kind} `{found}`{}; known: {}", place(.within), near_names(found, known.iter().copied()), listed(known.iter().copied()))]
    Unknown { within: Vec<&'static str>, kind: &'static str, found: String, known: Vec<&'static str> },
    #[error("{}: expected `{wanted}`, found {}", place(.within), if found.is_empty() { "the end of the name".to_owned() } else { format!("`{found}`") })]
    Expected { within: Vec<&'static str>, wanted: &'static str, found: String },
    #[error(
        "{}: step_tokenizers must be one to four different tokenizers, and not Distance() alone",
        place(.within)
    )]
    Parts { within: Vec<&'static str> },
}

impl HasFault for ModularNameError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// `in AOTP(AdjListCoord(..))`.
fn place(within: &[&'static str]) -> String {
    if within.is_empty() { "tokenizer name".to_owned() } else { format!("in `{}`", within.join(" > ")) }
}

struct Flag(&'static str, bool);

impl fmt::Display for Flag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.0, if self.1 { "T" } else { "F" })
    }
}

impl fmt::Display for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Elements { prompt, coords, edges, path } = self;
        match prompt {
            Prompt::Aotp { target_post } => {
                let post = Flag("post", *target_post);
                write!(f, "{PREFIX}AOTP({coords}, {edges}, Unlabeled({post}), {path})")
            }
            Prompt::Aop => write!(f, "{PREFIX}AOP({coords}, {edges}, {path})"),
        }
    }
}

impl fmt::Display for Coords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Coords::Ut => write!(f, "UT()"),
            Coords::Ctt { pre, intra, post } => {
                write!(f, "CTT({}, {}, {})", Flag("pre", pre), Flag("intra", intra), Flag("post", post))
            }
        }
    }
}

impl fmt::Display for EdgeList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let EdgeList { trailing, pre, post, shuffle_d0, grouping, subset, permuter } = *self;
        let list = ["AdjListCoord", "AdjListCardinal"][trailing as usize];
        write!(f, "{list}({}, {}, {}, ", Flag("pre", pre), Flag("post", post), Flag("shuffle_d0", shuffle_d0))?;
        match grouping {
            Grouping::Ungrouped { connector } => write!(f, "Ungrouped(connection_token_ordinal={connector})")?,
            Grouping::ByLeadingCoord { intra, shuffle_group, connector } => {
                let (intra, shuffle) = (Flag("intra", intra), Flag("shuffle_group", shuffle_group));
                write!(f, "ByLeadingCoord({intra}, {shuffle}, connection_token_ordinal={connector})")?;
            }
        }
        let subset = match subset {
            Subset::All => "AllLatticeEdges()",
            Subset::Passages => "ConnectionEdges(walls=F)",
            Subset::Walls => "ConnectionEdges(walls=T)",
        };
        write!(f, ", {subset}, {}())", ["SortedCoords", "RandomCoords", "BothCoords"][permuter as usize])
    }
}

impl fmt::Display for StepSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StepSequence { size, parts, pre, intra, post } = self;
        let size = SIZES[*size as usize].0;
        write!(f, "StepSequence({size}(), step_tokenizers=(")?;
        parts.iter().try_for_each(|part| write!(f, "{}(), ", PARTS[part as usize].0))?;
        write!(f, "), {}, {}, {})", Flag("pre", *pre), Flag("intra", *intra), Flag("post", *post))
    }
}

const SIZES: [(&str, StepSize); 4] = [
    ("Singles", StepSize::Singles),
    ("Straightaways", StepSize::Straightaways),
    ("Forks", StepSize::Forks),
    ("ForksAndStraightaways", StepSize::ForksAndStraightaways),
];

const PARTS: [(&str, Part); 4] =
    [("Coord", Part::Coord), ("Cardinal", Part::Cardinal), ("Relative", Part::Relative), ("Distance", Part::Distance)];

impl FromStr for Elements {
    type Err = ModularNameError;

    /// Spaces between the parts of a name may be left out or doubled.
    fn from_str(name: &str) -> Result<Elements, ModularNameError> {
        let mut cursor = Cursor { rest: name, within: Vec::new() };
        cursor.sign(PREFIX)?;
        let has_target = cursor.choose("prompt sequencer", &[("AOTP", true), ("AOP", false)])?;
        let coords = cursor.argument(Cursor::coords)?;
        let edges = cursor.argument(Cursor::edges)?;
        let prompt = if has_target {
            cursor.argument(|cursor| {
                cursor.choose("target tokenizer", &[("Unlabeled", ())])?;
                let target_post = cursor.flag("post=")?;
                cursor.close().map(|()| Prompt::Aotp { target_post })
            })?
        } else {
            Prompt::Aop
        };
        let path = cursor.path()?;
        cursor.close()?;
        if cursor.rest.is_empty() {
            Ok(Elements { prompt, coords, edges, path })
        } else {
            Err(cursor.expected("the end of the name"))
        }
    }
}

/// A name being parsed.
struct Cursor<'a> {
    rest: &'a str,
    /// Elements whose parentheses are open, outermost first.
    within: Vec<&'static str>,
}

impl Cursor<'_> {
    fn coords(&mut self) -> Result<Coords, ModularNameError> {
        let is_tuple = self.choose("coordinate tokenizer", &[("UT", false), ("CTT", true)])?;
        let coords = if is_tuple {
            let pre = self.argument(|cursor| cursor.flag("pre="))?;
            let intra = self.argument(|cursor| cursor.flag("intra="))?;
            Coords::Ctt { pre, intra, post: self.flag("post=")? }
        } else {
            Coords::Ut
        };
        self.close().map(|()| coords)
    }

    fn edges(&mut self) -> Result<EdgeList, ModularNameError> {
        let lists = [("AdjListCoord", Trailing::Coord), ("AdjListCardinal", Trailing::Cardinal)];
        let trailing = self.choose("adjacency list tokenizer", &lists)?;
        let pre = self.argument(|cursor| cursor.flag("pre="))?;
        let post = self.argument(|cursor| cursor.flag("post="))?;
        let shuffle_d0 = self.argument(|cursor| cursor.flag("shuffle_d0="))?;
        let grouping = self.argument(Cursor::grouping)?;
        let subset = self.argument(|cursor| {
            let subsets = [("AllLatticeEdges", None), ("ConnectionEdges", Some(()))];
            let subset = match cursor.choose("edge subset", &subsets)? {
                None => Subset::All,
                Some(()) if cursor.flag("walls=")? => Subset::Walls,
                Some(()) => Subset::Passages,
            };
            cursor.close().map(|()| subset)
        })?;
        let permuters =
            [("SortedCoords", Permuter::Sorted), ("RandomCoords", Permuter::Random), ("BothCoords", Permuter::Both)];
        let permuter = self.choose("edge permuter", &permuters)?;
        self.close()?;
        self.close()?;
        Ok(EdgeList { trailing, pre, post, shuffle_d0, grouping, subset, permuter })
    }

    fn grouping(&mut self) -> Result<Grouping, ModularNameError> {
        let ordinal = "connection_token_ordinal=";
        let grouping = if self.choose("edge grouping", &[("Ungrouped", false), ("ByLeadingCoord", true)])? {
            let intra = self.argument(|cursor| cursor.flag("intra="))?;
            let shuffle_group = self.argument(|cursor| cursor.flag("shuffle_group="))?;
            Grouping::ByLeadingCoord { intra, shuffle_group, connector: self.value(ordinal, &[("0", 0), ("1", 1)])? }
        } else {
            Grouping::Ungrouped { connector: self.value(ordinal, &[("0", 0), ("1", 1), ("2", 2)])? }
        };
        self.close().map(|()| grouping)
    }

    fn path(&mut self) -> Result<StepSequence, ModularNameError> {
        self.choose("path tokenizer", &[("StepSequence", ())])?;
        let size = self.argument(|cursor| {
            let size = cursor.choose("step size", &SIZES)?;
            cursor.close().map(|()| size)
        })?;
        self.sign("step_tokenizers=(")?;
        let mut parts = Vec::new();
        while !self.skip(")") {
            parts.push(self.choose("step tokenizer", &PARTS)?);
            self.close()?;
            self.sign(",")?;
        }
        let parts = Parts::new(&parts).ok_or_else(|| ModularNameError::Parts { within: self.within.clone() })?;
        self.sign(",")?;
        let pre = self.argument(|cursor| cursor.flag("pre="))?;
        let intra = self.argument(|cursor| cursor.flag("intra="))?;
        let post = self.flag("post=")?;
        self.close().map(|()| StepSequence { size, parts, pre, intra, post })
    }

    /// Reads the name of one of these elements and opens its parenthesis.
    fn choose<T: Copy>(&mut self, kind: &'static str, known: &[(&'static str, T)]) -> Result<T, ModularNameError> {
        let (name, chosen) = self.named(kind, known)?;
        self.within.push(name);
        self.sign("(")?;
        Ok(chosen)
    }

    fn close(&mut self) -> Result<(), ModularNameError> {
        self.sign(")")?;
        self.within.pop();
        Ok(())
    }

    /// Reads an argument that others follow.
    fn argument<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, ModularNameError>,
    ) -> Result<T, ModularNameError> {
        let argument = read(self)?;
        self.sign(",")?;
        Ok(argument)
    }

    fn flag(&mut self, name: &'static str) -> Result<bool, ModularNameError> {
        self.value(name, &[("F", false), ("T", true)])
    }

    /// Reads `name=` and one of these values.
    fn value<T: Copy>(&mut self, name: &'static str, known: &[(&'static str, T)]) -> Result<T, ModularNameError> {
        self.sign(name)?;
        self.named(name.trim_end_matches('='), known).map(|(_, value)| value)
    }

    fn named<T: Copy>(
        &mut self,
        kind: &'static str,
        known: &[(&'static str, T)],
    ) -> Result<(&'static str, T), ModularNameError> {
        let rest = self.rest.trim_start();
        let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (word, after) = rest.split_at(length);
        let Some(&(name, chosen)) = known.iter().find(|(name, _)| *name == word) else {
            let known = known.iter().map(|(name, _)| *name).collect();
            let found = word.chars().take(SHOWN).collect();
            return Err(ModularNameError::Unknown { within: self.within.clone(), kind, found, known });
        };
        self.rest = after;
        Ok((name, chosen))
    }

    fn skip(&mut self, sign: &str) -> bool {
        let after = self.rest.trim_start().strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn sign(&mut self, wanted: &'static str) -> Result<(), ModularNameError> {
        if self.skip(wanted) { Ok(()) } else { Err(self.expected(wanted)) }
    }

    fn expected(&self, wanted: &'static str) -> ModularNameError {
        let found = self.rest.trim_start().chars().take(SHOWN).collect();
        ModularNameError::Expected { within: self.within.clone(), wanted, found }
    }
}

/// Maximum number of characters of an invalid name in a message.
const SHOWN: usize = 24;
