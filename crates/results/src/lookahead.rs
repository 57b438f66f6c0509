//! A number of lookahead steps, or the end of the measurable range that it lies beyond.

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};
use std::fmt;

/// A lookahead in steps, measured against policies with k = 0 to some largest k. In JSON a number, or `"<0"`, `">=24"`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Lookahead {
    /// Worse than the policy with k = 0. Written `<0`.
    Below,
    /// Steps, interpolated between two policies.
    Steps(f64),
    /// At least as good as the policy with the largest k. Written `>=k`.
    AtLeast(usize),
}

impl fmt::Display for Lookahead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lookahead::Below => f.write_str("<0"),
            Lookahead::Steps(steps) => steps.fmt(f),
            Lookahead::AtLeast(largest) => write!(f, ">={largest}"),
        }
    }
}

impl Serialize for Lookahead {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Lookahead::Steps(steps) => serializer.serialize_f64(*steps),
            Lookahead::Below | Lookahead::AtLeast(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Lookahead {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Lookahead, D::Error> {
        deserializer.deserialize_any(LookaheadVisitor)
    }
}

struct LookaheadVisitor;

impl Visitor<'_> for LookaheadVisitor {
    type Value = Lookahead;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number of steps, \"<0\" or \">=K\"")
    }

    fn visit_f64<E: Error>(self, steps: f64) -> Result<Lookahead, E> {
        Ok(Lookahead::Steps(steps))
    }

    fn visit_u64<E: Error>(self, steps: u64) -> Result<Lookahead, E> {
        Ok(Lookahead::Steps(steps as f64))
    }

    fn visit_i64<E: Error>(self, steps: i64) -> Result<Lookahead, E> {
        Ok(Lookahead::Steps(steps as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Lookahead, E> {
        let largest = || text.strip_prefix(">=")?.parse().ok();
        match text {
            "<0" => Ok(Lookahead::Below),
            _ => largest().map(Lookahead::AtLeast).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_a_number_or_a_range() {
        let cases =
            [("6.25", Lookahead::Steps(6.25)), ("\"<0\"", Lookahead::Below), ("\">=24\"", Lookahead::AtLeast(24))];
        for (json, k) in cases {
            assert_eq!(serde_json::from_str::<Lookahead>(json).unwrap(), k);
            assert_eq!(serde_json::to_string(&k).unwrap(), json);
        }
        assert_eq!(serde_json::from_str::<Lookahead>("6").unwrap(), Lookahead::Steps(6.0));
        for wrong in ["\"24\"", "\">=x\"", "\"\"", "null", "[]"] {
            let error = serde_json::from_str::<Lookahead>(wrong).unwrap_err().to_string();
            assert!(error.contains("expected a number of steps, \"<0\" or \">=K\""), "{wrong}: {error}");
        }
    }
}
