//! Errors of deserializing a config, as facts.
//!
//! serde passes the facts of an error (the unknown key, the known keys) to the error type of the deserializer. The `toml` crate's error type
//! makes a sentence of them at once. [`DocumentError`] keeps them, with the path of the value and its span, so that the message can name near
//! keys and no code has to parse a library's English.

use std::fmt;
use std::ops::Range;

use serde::de::{self, Expected, Unexpected};

/// An error of deserializing a value.
#[derive(Debug)]
pub(super) struct DocumentError {
    /// Keys from the root to the value, outermost first; `[i]` for an array item.
    pub(super) path: Vec<String>,
    /// Byte range in the document.
    pub(super) span: Option<Range<usize>>,
    /// The kind of error, with its facts.
    pub(super) kind: ErrorKind,
}

/// Error kind.
#[derive(Debug)]
pub(super) enum ErrorKind {
    /// The table has no such key.
    UnknownKey { key: String, known: &'static [&'static str] },
    /// The table lacks a required key.
    MissingKey { key: &'static str },
    /// The value is none of the choices.
    UnknownChoice { value: String, known: &'static [&'static str] },
    /// The choice needs values and got none. `fields` is empty if it takes one value without a name.
    BareChoice { choice: String, fields: &'static [&'static str] },
    /// The value has the wrong type or is out of range. [`DocumentError::at`] fills in `value`.
    Value { value: Option<String>, wanted: String },
    /// A check of the type itself failed.
    Other { message: String },
}

impl DocumentError {
    /// An error whose place is not yet known.
    pub(super) fn new(kind: ErrorKind) -> DocumentError {
        DocumentError { path: Vec::new(), span: None, kind }
    }

    /// A value that is not what is wanted.
    pub(super) fn wanted(wanted: impl fmt::Display) -> DocumentError {
        DocumentError::new(ErrorKind::Value { value: None, wanted: wanted.to_string() })
    }

    /// Adds the span and the text of the value, unless an inner value already did.
    pub(super) fn at(mut self, span: &Range<usize>, written: &str) -> DocumentError {
        self.span.get_or_insert_with(|| span.clone());
        if let ErrorKind::Value { value, .. } = &mut self.kind {
            value.get_or_insert_with(|| written.to_owned());
        }
        self
    }

    /// Adds the key under which the value stands.
    pub(super) fn under(mut self, key: String) -> DocumentError {
        self.path.insert(0, key);
        self
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.kind)
    }
}

impl std::error::Error for DocumentError {}

impl de::Error for DocumentError {
    fn custom<T: fmt::Display>(message: T) -> DocumentError {
        DocumentError::new(ErrorKind::Other { message: message.to_string() })
    }

    fn invalid_type(_: Unexpected<'_>, wanted: &dyn Expected) -> DocumentError {
        DocumentError::wanted(wanted)
    }

    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> DocumentError {
        DocumentError::wanted(wanted)
    }

    fn invalid_length(_: usize, wanted: &dyn Expected) -> DocumentError {
        DocumentError::wanted(wanted)
    }

    fn unknown_variant(value: &str, known: &'static [&'static str]) -> DocumentError {
        DocumentError::new(ErrorKind::UnknownChoice { value: value.to_owned(), known })
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> DocumentError {
        DocumentError::new(ErrorKind::UnknownKey { key: key.to_owned(), known })
    }

    fn missing_field(key: &'static str) -> DocumentError {
        DocumentError::new(ErrorKind::MissingKey { key })
    }
}
