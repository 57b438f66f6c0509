//! The run folder in: every file read, checked and named when it is wrong.

use crate::error::ReportError;
use searchlens_results::{EvalResult, FORMAT_VERSION, Gallery, Mark, Metric, ProbeResult, RunInfo, Specimen};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::path::Path;

/// A run as its folder tells it.
#[derive(Clone, Debug)]
pub struct Run {
    /// Name of the folder.
    pub name: String,
    /// `config.toml`, as it stands.
    pub config_text: String,
    /// What the report quotes from `config.toml`.
    pub setup: Setup,
    /// `run.json`.
    pub info: RunInfo,
    /// `metrics.jsonl`.
    pub metrics: Metrics,
    /// `results/eval.json`, if the run has been evaluated.
    pub eval: Option<EvalResult>,
    /// `results/probes.json`, if the run has been probed.
    pub probes: Option<ProbeResult>,
    /// `results/gallery.json`, if there is one.
    pub gallery: Option<Gallery>,
}

/// The lines of `metrics.jsonl`, in the order of steps.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    /// [`Metric::Train`] lines.
    pub train: Vec<Metric>,
    /// [`Metric::Eval`] lines.
    pub eval: Vec<Metric>,
    /// Whether a half-written last line was left out.
    pub cut: bool,
}

/// What the report quotes from the config; `None` where the config does not say it.
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
    /// Steps the run was to take.
    pub steps: Option<u64>,
    /// Problems per step.
    pub batch_problems: Option<u64>,
    /// Which predictions the loss scores, e.g. `path`.
    pub loss_on: Option<String>,
}

/// Reads the run in `dir`.
///
/// # Errors
/// If `config.toml`, `run.json` or `metrics.jsonl` is absent, a file does not parse, is of another format version, or the
/// gallery contradicts itself. A last line of `metrics.jsonl` without its end is left out: the run was stopped while writing.
pub fn read_run(dir: &Path) -> Result<Run, ReportError> {
    if !dir.is_dir() {
        return Err(ReportError::NoFolder { path: dir.to_path_buf() });
    }
    let info = dir.join("run.json");
    let Some(info) = read_versioned(&info, "restore the file or train anew")? else {
        return Err(ReportError::NotARun { path: info });
    };
    let (config_text, setup) = read_config(&dir.join("config.toml"))?;
    let results = dir.join("results");
    let gallery_path = results.join("gallery.json");
    let gallery: Option<Gallery> = read_versioned(&gallery_path, EVALUATE_ANEW)?;
    if let Some(gallery) = &gallery {
        check_gallery(gallery).map_err(|(field, message)| ReportError::Gallery {
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
        eval: read_versioned(&results.join("eval.json"), EVALUATE_ANEW)?,
        probes: read_versioned(&results.join("probes.json"), EVALUATE_ANEW)?,
        gallery,
    })
}

const EVALUATE_ANEW: &str = "write it anew with `searchlens eval`, or delete it to leave its section out";

fn folder_name(dir: &Path) -> String {
    let whole = dir.canonicalize().unwrap_or_else(|_| dir.to_path_buf());
    whole.file_name().map_or_else(|| "run".to_string(), |name| name.to_string_lossy().into_owned())
}

fn read_bytes(path: &Path) -> Result<Option<Vec<u8>>, ReportError> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(ReportError::Read { path: path.to_path_buf(), source }),
    }
}

/// A JSON file whose `format_version` is [`FORMAT_VERSION`]; `None` if it does not exist. The version is looked at first:
/// the fields of another version mean nothing here.
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
            // A path of `.` is the whole text, one with `?` was lost on the way.
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
    let text = std::str::from_utf8(&bytes)
        .map_err(|error| config_error(error.valid_up_to(), "these bytes are no UTF-8 text"))?;
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
        let whole = line.ends_with(b"\n");
        if line.trim_ascii().is_empty() {
            continue;
        }
        let remedy = "delete that line, or resume the run, which writes the lines after its checkpoint anew";
        match parse(path, index + 1, line, remedy) {
            Ok(metric) => metrics.push(metric),
            Err(_) if !whole => metrics.cut = true,
            Err(error) => return Err(error),
        }
    }
    Ok(metrics)
}

impl Metrics {
    /// A resumed run repeats the steps since its last checkpoint: the later line counts.
    fn push(&mut self, metric: Metric) {
        let lines = match metric {
            Metric::Train { .. } => &mut self.train,
            Metric::Eval { .. } => &mut self.eval,
        };
        while lines.last().is_some_and(|last| step(last) >= step(&metric)) {
            lines.pop();
        }
        lines.push(metric);
    }
}

/// Steps done when a line was written.
pub(crate) fn step(metric: &Metric) -> u64 {
    match metric {
        Metric::Train { step, .. } | Metric::Eval { step, .. } => *step,
    }
}

type Fault = (String, String);

fn check_gallery(gallery: &Gallery) -> Result<(), Fault> {
    for (i, specimen) in gallery.specimens.iter().enumerate() {
        check_specimen(gallery, specimen).map_err(|(field, message)| (format!("specimens[{i}].{field}"), message))?;
    }
    Ok(())
}

fn check_specimen(gallery: &Gallery, specimen: &Specimen) -> Result<(), (&'static str, String)> {
    let Specimen { rows, cols, tokens, marks, .. } = specimen;
    let cells = rows.checked_mul(*cols).ok_or(("rows", format!("{rows} × {cols} cells are too many")))?;
    let in_maze = |field: &'static str, cell: usize| match cell < cells {
        true => Ok(()),
        false => Err((field, format!("cell {cell} lies outside a maze of {rows} × {cols} cells"))),
    };
    in_maze("origin", specimen.origin)?;
    in_maze("target", specimen.target)?;
    specimen.optimum.iter().try_for_each(|&cell| in_maze("optimum", cell))?;
    specimen.answer.iter().try_for_each(|&cell| in_maze("answer", cell))?;
    for &(a, b) in &specimen.passages {
        in_maze("passages", a).and(in_maze("passages", b))?;
        if !are_adjacent((*rows, *cols), a, b) {
            return Err(("passages", format!("cells {a} and {b} are not adjacent")));
        }
    }
    for mark in marks {
        match *mark {
            Mark::Edge(a, b) => in_maze("marks", a).and(in_maze("marks", b))?,
            Mark::Cell(cell) => in_maze("marks", cell)?,
            Mark::Other => {}
        }
    }
    if marks.len() != tokens.len() {
        return Err(("marks", format!("{} marks for {} tokens", marks.len(), tokens.len())));
    }
    if specimen.path_start >= tokens.len() {
        return Err(("path_start", format!("position {} of {} tokens", specimen.path_start, tokens.len())));
    }
    let sizes = [gallery.n_heads, tokens.len(), tokens.len()];
    let want = sizes.into_iter().try_fold(gallery.n_layers, usize::checked_mul).unwrap_or(usize::MAX);
    match base64_len(&specimen.attention) {
        None => Err(("attention", "not base64 (standard alphabet, with padding)".to_string())),
        Some(got) if got != want => Err((
            "attention",
            format!(
                "{got} bytes, but {} layers × {} heads × {n} × {n} tokens make {want}",
                gallery.n_layers,
                gallery.n_heads,
                n = tokens.len()
            ),
        )),
        Some(_) => Ok(()),
    }
}

/// Whether two cells lie side by side, or at opposite sides of a torus.
fn are_adjacent((rows, cols): (usize, usize), a: usize, b: usize) -> bool {
    let (down, right) = ((a / cols).abs_diff(b / cols), (a % cols).abs_diff(b % cols));
    let round = |apart: usize, side: usize| side > 2 && apart + 1 == side;
    match (down, right) {
        (0, right) => right == 1 || round(right, cols),
        (down, 0) => down == 1 || round(down, rows),
        _ => false,
    }
}

/// Number of bytes that a base64 text stands for; `None` if it is none. The page decodes it, so only its length matters here.
fn base64_len(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let sound = digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    (sound && text.len().is_multiple_of(4) && padding <= 2).then(|| text.len() / 4 * 3 - padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_measured_without_decoding() {
        let cases =
            [("", Some(0)), ("AA==", Some(1)), ("AAA=", Some(2)), ("AAAA", Some(3)), ("A===", None), ("A-_A", None)];
        for (text, want) in cases {
            assert_eq!(base64_len(text), want, "{text}");
        }
    }
}
