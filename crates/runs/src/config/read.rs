//! Config files: TOML in, checked config out, and back.

use std::path::Path;

use searchlens_base::durable::read_file;
use searchlens_base::text::near_names;
use searchlens_tasks::config::TaskConfig;
use searchlens_tokens::tokenizer::TokenizerConfig;
use serde::{Deserialize, Serialize};

use super::tables::{EvalSettings, ModelSettings, ModelTable, TrainSettings};
use super::{ConfigError, ConfigProblem, RunConfig};

/// The tables of a file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tables {
    task: TaskConfig,
    tokenizer: TokenizerConfig,
    model: ModelTable,
    train: TrainSettings,
    #[serde(default)]
    eval: EvalSettings,
}

/// The tables of a resolved config.
#[derive(Serialize)]
struct Resolved<'a> {
    task: &'a TaskConfig,
    tokenizer: &'a TokenizerConfig,
    model: &'a ModelSettings,
    train: &'a TrainSettings,
    eval: &'a EvalSettings,
}

pub(super) fn file(path: &Path) -> Result<RunConfig, ConfigError> {
    let here = |problem| ConfigError { path: Some(path.into()), line: None, problem: Box::new(problem) };
    let bytes =
        read_file(path).map_err(|error| ConfigError { path: None, line: None, problem: Box::new(error.into()) })?;
    let content = String::from_utf8(bytes)
        .map_err(|error| here(ConfigProblem::Syntax { message: format!("the file is no UTF-8 text ({error})") }))?;
    text(&content, Some(path))
}

pub(super) fn text(text: &str, path: Option<&Path>) -> Result<RunConfig, ConfigError> {
    let located = |line, problem| ConfigError { path: path.map(Into::into), line, problem: Box::new(problem) };
    let line_of =
        |error: &toml::de::Error| error.span().map(|span| 1 + text[..span.start.min(text.len())].matches('\n').count());
    let document = toml::de::Deserializer::parse(text).map_err(|error| {
        located(line_of(&error), ConfigProblem::Syntax { message: error.message().trim().replace('\n', ", ") })
    })?;
    let tables: Tables = serde_path_to_error::deserialize(document).map_err(|error| {
        let key = error.path().to_string();
        let error = error.into_inner();
        located(line_of(&error), problem(key, error.message()))
    })?;
    let Tables { task, tokenizer, model, train, eval } = tables;
    RunConfig::new(task, tokenizer, model, train, eval).map_err(|problem| located(None, problem))
}

pub(super) fn write(config: &RunConfig) -> String {
    let RunConfig { task, tokenizer, model, train, eval } = config;
    let tables = Resolved { task, tokenizer, model, train, eval };
    toml::to_string(&tables).expect("tables of numbers and names, all within TOML's range, can be written")
}

pub(super) fn differences(a: &RunConfig, b: &RunConfig) -> Vec<String> {
    let table = |config| write(config).parse::<toml::Table>().expect("what was written can be read").into();
    let mut out = Vec::new();
    differing("", &table(a), &table(b), &mut out);
    out
}

fn differing(path: &str, a: &toml::Value, b: &toml::Value, out: &mut Vec<String>) {
    let (toml::Value::Table(a), toml::Value::Table(b)) = (a, b) else {
        if a != b {
            out.push(format!("{path} ({a} and {b})"));
        }
        return;
    };
    let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (a.get(key), b.get(key)) {
            (Some(a), Some(b)) => differing(&path, a, b, out),
            _ => out.push(path),
        }
    }
}

/// What serde's message says, as facts. Serde hands unknown names over in its message alone: the first name in backquotes is the unknown
/// one, the others are those it knows. Tables that are read by hand list those they know behind `there are`.
fn problem(key: String, message: &str) -> ConfigProblem {
    let message = message.trim();
    let near = |wanted: &str, known: &[String]| match OTHER_NAMES.iter().find(|(other, _)| *other == wanted) {
        Some((_, ours)) if known.iter().any(|known| known == ours) => format!(" (did you mean `{ours}`?)"),
        _ => near_names(wanted, known.iter().map(String::as_str)),
    };
    let names = || message.split('`').skip(1).step_by(2).map(str::to_owned);
    let named = |prefix: &str| {
        let mut names = message.starts_with(prefix).then(names)?;
        let unknown = names.next()?;
        let known: Vec<String> = match message.split_once("; there are: ") {
            Some((_, listed)) => listed.split(", ").map(str::to_owned).collect(),
            None => names.collect(),
        };
        let near = near(&unknown, &known);
        Some((unknown, near, known))
    };
    if let Some((unknown, near, known)) = named("unknown field ") {
        let table = key.strip_suffix(&unknown).unwrap_or(&key).trim_matches('.');
        let key = if table.is_empty() { unknown } else { format!("{table}.{unknown}") };
        return ConfigProblem::UnknownKey { key, near, known };
    }
    if let Some((value, near, known)) = named("unknown variant ") {
        let key = key.strip_suffix(&value).unwrap_or(&key).trim_matches('.').to_owned();
        return ConfigProblem::UnknownChoice { key, value, near, known };
    }
    // What the `toml` crate says of tables inside of enums, before serde sees them.
    if let Some((unknown, known)) =
        message.strip_prefix("unexpected keys in table: ").and_then(|rest| rest.split_once(", available keys: "))
    {
        let known: Vec<String> = known.split(", ").map(str::to_owned).collect();
        let unknown = unknown.split(", ").next().unwrap_or(unknown);
        return ConfigProblem::UnknownKey { key: format!("{key}.{unknown}"), near: near(unknown, &known), known };
    }
    let message = in_words(&key, &message.replace('\n', ", "));
    ConfigProblem::Value { key, message }
}

/// What other programs call the keys that we have.
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

/// Serde's words for what was wanted, as people say them, with a remedy where it is known.
fn in_words(key: &str, message: &str) -> String {
    if message == "invalid type: unit variant, expected struct variant" {
        let table = match key {
            _ if key.starts_with("train.schedule") => "{ cosine = { floor = 0.1 } } or { linear = { decay = 0.4 } }",
            _ if key.starts_with("model.positions") => "{ rotary = { base = 10000.0 } }",
            _ => "{ NAME = { .. } }",
        };
        return format!("this choice has values of its own; write them with it, as {table}");
    }
    let Some((got, wanted)) = message.split_once(", expected ") else { return message.to_owned() };
    let wanted = match wanted {
        "f64" | "f32" => "a number",
        "usize" | "u64" | "u32" => "a whole number from 0 on",
        "i64" | "i32" => "a whole number",
        _ => return message.to_owned(),
    };
    let quoted = got.split('"').nth(1).is_some_and(|text| text.parse::<f64>().is_ok());
    format!("{got}, expected {wanted}{}", if quoted { "; leave out the quotes" } else { "" })
}
