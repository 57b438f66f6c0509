//! JSON objects whose values are checked one by one, so that an error can name the place.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::Value;

use crate::record::error::RecordFault;

/// Deserializes from an object only: serde would also accept a list of values for a struct.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Object<T>, D::Error> {
        struct Map<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Map<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Map(PhantomData))
    }
}

/// Converts an error of the JSON parser. Keeps its column but not its line, which is always 1. Words that other programs
/// write for NaN and infinity are reported with their key.
pub(crate) fn json_fault(error: &serde_json::Error, text: &str, keys: &'static str) -> RecordFault {
    let words = error.to_string();
    let (line, column) = (error.line(), error.column());
    let words = words.strip_suffix(&format!(" at line {line} column {column}")).unwrap_or(&words);
    let message = match no_number(text, column) {
        Some((word, before)) => {
            let key = keys.split(", ").filter_map(|key| Some((before.rfind(&format!("\"{key}\""))?, key))).max();
            let place = key.map_or(String::new(), |(_, key)| format!("`{key}`: "));
            format!("column {column}: {place}{word} is not a number in JSON; remove the problem, or write a number")
        }
        None => format!("column {column}: {words}"),
    };
    RecordFault::Json { message, keys }
}

/// Returns the word around a column (from 1) of a line and the text before it, if the word means NaN or infinity.
fn no_number(line: &str, column: usize) -> Option<(&str, &str)> {
    let is_word = |c: char| c.is_ascii_alphabetic() || c == '-';
    let before = line.get(..column.checked_sub(1)?)?;
    let begin = before.trim_end_matches(is_word).len();
    let len = line[begin..].find(|c| !is_word(c)).unwrap_or(line.len() - begin);
    let word = &line[begin..begin + len];
    let known = ["nan", "inf", "infinity"].contains(&word.trim_start_matches('-').to_ascii_lowercase().as_str());
    known.then_some((word, &line[..begin]))
}

/// Returns the error of an invalid value; long values are truncated.
pub(crate) fn form(field: impl Into<String>, value: &Value, form: impl Into<String>) -> RecordFault {
    const LONGEST: usize = 60;
    let text = value.to_string();
    let value = match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    };
    RecordFault::Form { field: field.into(), value, form: form.into() }
}
