//! Reads a run folder: every file is parsed and checked, and an error names the file, the place and the remedy.

mod gallery;

use crate::error::ReportError;
use searchlens_results::{EvalResult, FORMAT_VERSION, Gallery, Metric, ProbeResult, RunInfo};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// The content of a run folder.
#[derive(Clone, Debug)]
pub struct Run {
    /// Name of the folder.
    pub name: String,
    /// `config.toml`, verbatim.
    pub config_text: String,
    /// The fields of `config.toml` that the report shows.
    pub setup: Setup,
    /// `run.json`.
    pub info: RunInfo,
    /// `metrics.jsonl`.
    pub metrics: Metrics,
    /// `results/eval.json`, if the run has been evaluated.
    pub eval: Option<EvalResult>,
    /// `results/probes.json`, if the run has been probed.
    pub probes: Option<ProbeResult>,
    /// `results/gallery.json`, if answers have been stored.
    pub gallery: Option<Gallery>,
}

/// The lines of `metrics.jsonl`, by step.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// [`Metric::Train`] lines.
    pub train: Vec<Metric>,
    /// [`Metric::Eval`] lines.
    pub eval: Vec<Metric>,
    /// Whether the last line was truncated, and ignored.
    pub truncated: bool,
}

/// The fields of the config that the report shows; `None` if the config does not set them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Setup {
    /// Kind of task, e.g. `maze`.
    pub task: Option<String>,
    /// Generator of the mazes, e.g. `dfs`.
    pub generator: Option<String>,
    /// Rows and columns of the mazes.
    pub size: Option<(u64, u64)>,
    /// Name of the tokenizer.
    pub tokenizer: Option<String>,
    /// Layers of the model.
    pub n_layers: Option<u64>,
    /// Width of the residual stream.
    pub d_model: Option<u64>,
    /// Heads per layer.
    pub n_heads: Option<u64>,
    /// Planned training steps.
    pub steps: Option<u64>,
    /// Problems per training step.
    pub batch_problems: Option<u64>,
    /// The tokens whose prediction the loss scores, e.g. `path`.
    pub loss_on: Option<String>,
}

/// Reads the run in `dir`.
///
/// # Errors
/// If `config.toml`, `run.json` or `metrics.jsonl` is missing, a file does not parse or has another format version, or the
/// gallery is inconsistent. A truncated last line of `metrics.jsonl` is ignored: the run stopped while writing it.
pub fn read_run(dir: &Path) -> Result<Run, ReportError> {
    if !dir.is_dir() {
        return Err(ReportError::NoFolder { path: dir.to_path_buf() });
    }
    let info = dir.join("run.json");
    let Some(info) = read_versioned(&info, "restore the file or train again")? else {
        return Err(ReportError::NotARun { path: info });
    };
    let (config_text, setup) = read_config(&dir.join("config.toml"))?;
    let results = dir.join("results");
    let gallery_path = results.join("gallery.json");
    let gallery: Option<Gallery> = read_versioned(&gallery_path, EVALUATE_AGAIN)?;
    if let Some(gallery) = &gallery {
        gallery::check(gallery).map_err(|gallery::Inconsistency { field, message }| ReportError::Gallery {
            path: gallery_path,
            field,
            message,
        })?;
    }
    Ok(Run {
        name: folder_name(dir),
        config_text,
        setup,
        info,
        metrics: read_metrics(&dir.join("metrics.jsonl"))?,
        eval: read_versioned(&results.join("eval.json"), EVALUATE_AGAIN)?,
        probes: read_versioned(&results.join("probes.json"), PROBE_AGAIN)?,
        gallery,
    })
}

const EVALUATE_AGAIN: &str = "rewrite it with `searchlens eval RUN`, or delete it to omit its section";
const PROBE_AGAIN: &str = "rewrite it with `searchlens lens probe RUN`, or delete it to omit its section";

fn folder_name(dir: &Path) -> String {
    let absolute = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    absolute.file_name().map_or_else(|| "run".to_string(), |name| name.to_string_lossy().into_owned())
}

fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, ReportError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReportError::Read { path: path.to_path_buf(), source }),
    }
}

/// Reads a JSON file whose `format_version` is [`FORMAT_VERSION`]; `None` if it does not exist. The version is checked first:
/// the fields of another version have no meaning here.
fn read_versioned<T: DeserializeOwned>(path: &Path, remedy: &'static str) -> Result<Option<T>, ReportError> {
    #[derive(Deserialize)]
    struct Versioned {
        format_version: u64,
    }
    let Some(bytes) = read_bytes(path)? else { return Ok(None) };
    let Versioned { format_version: found } = parse(path, 1, &bytes, remedy)?;
    if found != u64::from(FORMAT_VERSION) {
        return Err(ReportError::Version { path: path.to_path_buf(), found, known: FORMAT_VERSION });
    }
    parse(path, 1, &bytes, remedy).map(Some)
}

/// Parses JSON that starts on line `first_line` of `path`.
fn parse<T: DeserializeOwned>(
    path: &Path,
    first_line: usize,
    json: &[u8],
    remedy: &'static str,
) -> Result<T, ReportError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    serde_path_to_error::deserialize(&mut reader)
        .and_then(|value| {
            reader.end().map_err(|e| serde_path_to_error::Error::new(serde_path_to_error::Track::new().path(), e))?;
            Ok(value)
        })
        .map_err(|error| {
            let field = error.path().to_string();
            // The path is `.` for the whole text, and contains `?` where serde could not follow it.
            let field = (field != "." && !field.contains('?')).then_some(field);
            let inner = error.into_inner();
            let message = inner.to_string();
            let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(what, _)| what).to_string();
            let line = first_line + inner.line().saturating_sub(1);
            ReportError::Json { path: path.to_path_buf(), line, column: inner.column(), field, message, remedy }
        })
}

fn read_config(path: &Path) -> Result<(String, Setup), ReportError> {
    let bytes = read_bytes(path)?.ok_or_else(|| ReportError::NotARun { path: path.to_path_buf() })?;
    let config_error = |at: usize, message: &str| ReportError::Config {
        path: path.to_path_buf(),
        line: 1 + bytes[..at.min(bytes.len())].iter().filter(|&&b| b == b'\n').count(),
        message: message.trim().replace('\n', " "),
    };
    let text = std::str::from_utf8(&bytes).map_err(|error| config_error(error.valid_up_to(), "not valid UTF-8"))?;
    let table: toml::Table = text
        .parse()
        .map_err(|error: toml::de::Error| config_error(error.span().map_or(0, |s| s.start), error.message()))?;
    Ok((text.to_string(), setup(&table)))
}

fn setup(config: &toml::Table) -> Setup {
    let number = |table: &str, key: &str| u64::try_from(config.get(table)?.get(key)?.as_integer()?).ok();
    let word = |table: &str, key: &str| Some(config.get(table)?.get(key)?.as_str()?.to_string());
    let task = config.get("task").and_then(toml::Value::as_table).and_then(|tasks| tasks.iter().next());
    let of_task = |key: &str| task.and_then(|(_, options)| options.get(key));
    let side = |key: &str| of_task(key).and_then(toml::Value::as_integer).and_then(|n| u64::try_from(n).ok());
    Setup {
        task: task.map(|(kind, _)| kind.clone()),
        generator: of_task("generator").and_then(|name| Some(name.as_str()?.to_string())),
        size: side("rows").zip(side("cols")),
        tokenizer: word("tokenizer", "name"),
        n_layers: number("model", "n_layers"),
        d_model: number("model", "d_model"),
        n_heads: number("model", "n_heads"),
        steps: number("train", "steps"),
        batch_problems: number("train", "batch_problems"),
        loss_on: word("train", "loss_on"),
    }
}

fn read_metrics(path: &Path) -> Result<Metrics, ReportError> {
    let bytes = read_bytes(path)?.ok_or_else(|| ReportError::NotARun { path: path.to_path_buf() })?;
    let mut metrics = Metrics::default();
    for (index, line) in bytes.split_inclusive(|&b| b == b'\n').enumerate() {
        let is_complete = line.ends_with(b"\n");
        if line.trim_ascii().is_empty() {
            continue;
        }
        let remedy = "delete that line, or resume the run, which rewrites the lines after its checkpoint";
        match parse(path, index + 1, line, remedy) {
            Ok(metric) => metrics.push(metric),
            Err(_) if !is_complete => metrics.truncated = true,
            Err(error) => return Err(error),
        }
    }
    Ok(metrics)
}

impl Metrics {
    /// Appends a line. A resumed run repeats the steps since its last checkpoint; the later line replaces the earlier.
    fn push(&mut self, metric: Metric) {
        let lines = match metric {
            Metric::Train { .. } => &mut self.train,
            Metric::Eval { .. } => &mut self.eval,
        };
        while lines.last().is_some_and(|last| last.step() >= metric.step()) {
            lines.pop();
        }
        lines.push(metric);
    }
}
