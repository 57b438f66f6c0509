//! Ranges of whole numbers, as written in rules and filters: `9`, `"5.."`, `"5..9"`, `"..9"`; both ends are included.

use std::fmt;
use std::str::FromStr;

use searchlens_base::fault::{Fault, HasFault};
use serde::{Deserialize, Serialize};

/// The numbers from `min` to `max`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct Band {
    /// Minimum.
    pub min: usize,
    /// Maximum; `None` if unbounded.
    pub max: Option<usize>,
}

impl Band {
    /// Returns the range of one number.
    pub fn exactly(value: usize) -> Band {
        Band { min: value, max: Some(value) }
    }

    /// Returns the range of this number and all larger ones.
    pub fn at_least(min: usize) -> Band {
        Band { min, max: None }
    }

    /// Returns whether a number lies in the range.
    pub fn contains(self, value: usize) -> bool {
        value >= self.min && self.max.is_none_or(|max| value <= max)
    }
}

impl fmt::Display for Band {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Band { min, max: Some(max) } if min == max => write!(f, "{min}"),
            Band { min, max: Some(max) } => write!(f, "{min}..{max}"),
            Band { min, max: None } => write!(f, "{min}.."),
        }
    }
}

/// Error of parsing a [`Band`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a range; write one number (9), or two with dots between (5..9, 5.., ..9), the smaller first")]
pub struct InvalidBand {
    /// The invalid text.
    pub text: String,
}

impl HasFault for InvalidBand {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl FromStr for Band {
    type Err = InvalidBand;

    fn from_str(text: &str) -> Result<Band, InvalidBand> {
        let wrong = || InvalidBand { text: text.to_owned() };
        let number = |part: &str| part.trim().parse::<usize>().map_err(|_no_number| wrong());
        let Some((min, max)) = text.split_once("..") else { return number(text).map(Band::exactly) };
        if min.trim().is_empty() && max.trim().is_empty() {
            return Err(wrong());
        }
        let min = if min.trim().is_empty() { 0 } else { number(min)? };
        let max = if max.trim().is_empty() { None } else { Some(number(max)?) };
        if max.is_some_and(|max| max < min) {
            return Err(wrong());
        }
        Ok(Band { min, max })
    }
}

/// A band as written in a file.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Number(usize),
    Text(String),
}

impl TryFrom<Written> for Band {
    type Error = InvalidBand;

    fn try_from(written: Written) -> Result<Band, InvalidBand> {
        match written {
            Written::Number(number) => Ok(Band::exactly(number)),
            Written::Text(text) => text.parse(),
        }
    }
}

impl From<Band> for Written {
    fn from(band: Band) -> Written {
        match band {
            Band { min, max: Some(max) } if min == max => Written::Number(min),
            _ => Written::Text(band.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: Option<(usize, Option<usize>)>) {
        assert_eq!(text.parse::<Band>().ok(), want.map(|(min, max)| Band { min, max }), "{text}");
    }

    #[test]
    fn bands_are_read_and_written() {
        check("9", Some((9, Some(9))));
        check("5..9", Some((5, Some(9))));
        check("5..", Some((5, None)));
        check("..9", Some((0, Some(9))));
        ["", "..", "9..5", "a", "1.5", "-1", "3..x", "5...9"].into_iter().for_each(|text| check(text, None));
        for text in ["9", "5..9", "5..", "0..9"] {
            assert_eq!(text.parse::<Band>().unwrap().to_string(), text);
        }
    }
}
