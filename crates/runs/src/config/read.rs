//! Config text: TOML to tables and back.

use std::ops::Range;
use std::path::Path;

use searchlens_base::durable::read_file;
use searchlens_base::text::near_names;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::document;
use super::document_error::{DocumentError, ErrorKind};
use super::error::{ConfigError, ConfigProblem};
use super::tables::{ModelSettings, RawConfig, TrainSettings};

/// Reads a file as text.
pub(super) fn text_of(path: &Path) -> Result<String, ConfigError> {
    let bytes =
        read_file(path).map_err(|error| ConfigError { path: None, line: None, problem: Box::new(error.into()) })?;
    String::from_utf8(bytes).map_err(|error| {
        let problem = ConfigProblem::Syntax { message: format!("the file is not UTF-8 text ({error})") };
        ConfigError { path: Some(path.into()), line: None, problem: Box::new(problem) }
    })
}

/// Parses the tables of a config. `path` is for error messages.
pub(super) fn tables(text: &str, path: Option<&Path>) -> Result<RawConfig, ConfigError> {
    let located = |span: Option<Range<usize>>, problem| {
        let line = span.map(|span| line_at(text, span));
        ConfigError { path: path.map(Into::into), line, problem: Box::new(problem) }
    };
    let document = DeTable::parse(text).map_err(|error| {
        located(error.span(), ConfigProblem::Syntax { message: error.message().trim().replace('\n', ", ") })
    })?;
    let missing = missing_key(&document);
    // A misspelt key is reported before the key that is missing because of it.
    let tables = document::read(document).and_then(|tables| missing.map_or(Ok(tables), Err));
    tables.map_err(|error| located(error.span.clone(), problem(error)))
}

/// Finds the line, from 1, of a key such as `train.lr`; `None` if the text does not give it.
pub(super) fn line_of(text: &str, key: &str) -> Option<usize> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let mut span = None;
    for name in key.split('.') {
        let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name)?;
        span = Some(key.span());
        let DeValue::Table(inner) = value.get_ref() else { break };
        table = inner;
    }
    span.map(|span| line_at(text, span))
}

fn line_at(text: &str, span: Range<usize>) -> usize {
    1 + text[..span.start.min(text.len())].matches('\n').count()
}

/// Writes the tables of a config.
pub(super) fn write(tables: &RawConfig) -> String {
    toml::to_string(tables).expect("tables of numbers and names, all within TOML's range, can be written")
}

/// Finds the first required key that a table lacks. (To serde every key of these tables is optional: they have container defaults.)
fn missing_key(document: &Spanned<DeTable<'_>>) -> Option<DocumentError> {
    document.get_ref().iter().find_map(|(name, table)| {
        let required = match name.get_ref().as_ref() {
            "model" => ModelSettings::REQUIRED,
            "train" => TrainSettings::REQUIRED,
            _ => &[],
        };
        let DeValue::Table(entries) = table.get_ref() else { return None };
        let is_missing = |key: &&&str| !entries.keys().any(|given| given.get_ref() == **key);
        let key = required.iter().find(is_missing)?;
        let path = vec![name.get_ref().to_string()];
        Some(DocumentError { path, span: Some(table.span()), kind: ErrorKind::MissingKey { key } })
    })
}

/// Puts an error of the document into the words of the config.
fn problem(error: DocumentError) -> ConfigProblem {
    let key = error.path.join(".").replace(".[", "[");
    let within = |name: &str| if key.is_empty() { name.to_owned() } else { format!("{key}.{name}") };
    match error.kind {
        ErrorKind::UnknownKey { key, known } => {
            ConfigProblem::UnknownKey { key: within(&key), near: near(&key, known), known }
        }
        ErrorKind::MissingKey { key } => ConfigProblem::MissingKey { key: within(key) },
        ErrorKind::UnknownChoice { value, known } => {
            let near = near(&value, known);
            ConfigProblem::UnknownChoice { key, value, near, known }
        }
        ErrorKind::BareChoice { choice, fields } => ConfigProblem::BareChoice { key, choice, fields },
        ErrorKind::Value { value, wanted } => ConfigProblem::Range { key, value: value.unwrap_or_default(), wanted },
        ErrorKind::Other { message } => ConfigProblem::Value { key, message },
    }
}

/// Returns ` (did you mean ..?)` with the names nearest to this one, or the key that means what other programs call by this name.
fn near(name: &str, known: &[&str]) -> String {
    match OTHER_NAMES.iter().find(|(other, ours)| *other == name && known.contains(ours)) {
        Some((_, ours)) => format!(" (did you mean `{ours}`?)"),
        None => near_names(name, known.iter().copied()),
    }
}

/// Names of other programs for our keys.
const OTHER_NAMES: [(&str, &str); 14] = [
    ("grad_clip", "clip"),
    ("gradient_clip", "clip"),
    ("max_grad_norm", "clip"),
    ("ema", "average_steps"),
    ("ema_decay", "average_steps"),
    ("learning_rate", "lr"),
    ("batch_size", "batch_problems"),
    ("warmup_steps", "warmup"),
    ("max_steps", "steps"),
    ("iterations", "steps"),
    ("layers", "n_layers"),
    ("heads", "n_heads"),
    ("hidden_size", "d_model"),
    ("activation", "act_fn"),
];
