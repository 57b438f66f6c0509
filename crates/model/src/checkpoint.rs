//! Checkpoints: safetensors files with TransformerLens' parameter names and shapes, replaced atomically, and checked tensor by
//! tensor when read. The only module of this crate that touches files.

use crate::config::{ConfigError, ModelConfig};
use crate::model::Model;
use crate::optimiser::Moments;
use crate::params::{Layout, Tensor};
use crate::train::Average;
use safetensors::tensor::{Dtype, TensorView};
use safetensors::{SafeTensorError, SafeTensors};
use searchlens_base::durable::{FileError, read_file, write_atomically};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::near_names;
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

/// Metadata key of the architecture: TransformerLens' config as JSON.
const CONFIG: &str = "config";
/// Metadata key of our own metadata (tokenizer, task, step): a JSON object.
const METADATA: &str = "searchlens";
/// Version of the training-state file.
const TRAINING_VERSION: u64 = 1;

/// Errors of reading or writing a checkpoint.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum CheckpointError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{path}: not a complete safetensors file ({source}); it may be truncated: use another checkpoint", path = path.display())]
    Format { path: PathBuf, source: SafeTensorError },
    #[error("{path}: no `config` in the metadata: a checkpoint stores TransformerLens' config there as JSON", path = path.display())]
    NoConfig { path: PathBuf },
    #[error("{path}: metadata `{key}` is not JSON: {source}", path = path.display())]
    Json { path: PathBuf, key: &'static str, source: serde_json::Error },
    #[error("{path}: {source}", path = path.display())]
    Config { path: PathBuf, source: ConfigError },
    #[error("{path}: parameter `{name}` is missing", path = path.display())]
    Missing { path: PathBuf, name: String },
    #[error("{path}: `{name}` is {got}, but the config needs {want}", path = path.display())]
    Shape { path: PathBuf, name: String, got: String, want: String },
    #[error("{path}: tensor `{name}` is no parameter of this architecture{near}", path = path.display())]
    Unknown {
        path: PathBuf,
        name: String,
        /// ` (did you mean ..?)`, or empty.
        near: String,
    },
    #[error("{path}: `{name}` holds {value} at entry {index}", path = path.display())]
    NotFinite { path: PathBuf, name: String, value: f32, index: usize },
    #[error("{path}: not a training state that this program can read: {reason}", path = path.display())]
    Training { path: PathBuf, reason: String },
}

impl HasFault for CheckpointError {
    fn fault(&self) -> Fault {
        match self {
            CheckpointError::File(error) => error.fault(),
            _ => Fault::BadInput,
        }
    }
}

/// A network from a file.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    /// The network.
    pub model: Model,
    /// Our own metadata (tokenizer, task, step): a JSON object, empty for files made elsewhere.
    pub metadata: Value,
}

/// Everything that resuming needs besides the evaluated weights.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingState {
    /// The weights being trained (not their average).
    pub params: Vec<f32>,
    /// Optimizer state, with the number of steps done.
    pub moments: Moments,
    /// The running average of the weights, if there is one.
    pub average: Option<Average>,
}

/// A tensor to write.
pub struct NamedTensor<'a> {
    /// Key in the file.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// Values, row-major.
    pub values: std::borrow::Cow<'a, [f32]>,
}

/// Writes f32 tensors and metadata as a safetensors file. The same input gives the same bytes.
///
/// # Errors
/// If the file cannot be written.
pub fn write_tensors(
    path: &Path,
    tensors: &[NamedTensor<'_>],
    metadata: &BTreeMap<&str, String>,
) -> Result<(), CheckpointError> {
    let bytes: Vec<Vec<u8>> = tensors.iter().map(|t| t.values.iter().flat_map(|v| v.to_le_bytes()).collect()).collect();
    let views = tensors
        .iter()
        .zip(&bytes)
        .map(|(t, bytes)| TensorView::new(Dtype::F32, t.shape.clone(), bytes).map(|view| (t.name.as_str(), view)));
    let format = |source| CheckpointError::Format { path: path.into(), source };
    let views: Vec<_> = views.collect::<Result<_, _>>().map_err(format)?;
    let metadata = metadata.iter().map(|(&key, value)| (key.to_owned(), value.clone())).collect::<HashMap<_, _>>();
    let bytes = safetensors::serialize(views, Some(metadata)).map_err(format)?;
    Ok(write_atomically(path, &sort_header(bytes))?)
}

/// Sorts the keys of the header: the library writes metadata in hash order, which changes from run to run.
fn sort_header(bytes: Vec<u8>) -> Vec<u8> {
    let Some((length, rest)) = bytes.split_first_chunk::<8>() else { return bytes };
    let (header, data) = rest.split_at(u64::from_le_bytes(*length) as usize);
    let Ok(header) = serde_json::from_slice::<BTreeMap<String, Value>>(header) else { return bytes };
    let mut sorted = serde_json::to_vec(&header).unwrap_or_default();
    sorted.resize(sorted.len().next_multiple_of(8), b' ');
    [&(sorted.len() as u64).to_le_bytes()[..], &sorted, data].concat()
}

/// Saves a network: every parameter under TransformerLens' name, the config, and our own metadata (tokenizer, task, step …).
///
/// # Errors
/// If the file cannot be written.
pub fn save_model(
    path: &Path,
    config: &ModelConfig,
    layout: &Layout,
    params: &[f32],
    own: &Value,
) -> Result<(), CheckpointError> {
    let tensor =
        |t: &Tensor| NamedTensor { name: t.name.clone(), shape: t.shape.clone(), values: t.gather(params).into() };
    let tensors: Vec<_> = layout.tensors.iter().map(tensor).collect();
    let metadata = [(CONFIG, config.to_transformer_lens().to_string()), (METADATA, own.to_string())].into();
    write_tensors(path, &tensors, &metadata)
}

/// Loads a network. `unembed.b_U` may be absent (it is then 0); TransformerLens' mask and rotary buffers are ignored. In a file
/// of reference values, the weights may be named `weights.*`.
///
/// # Errors
/// If the file is incomplete, or its tensors do not match its config or are not finite.
pub fn load_model(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let bytes = read_file(path)?;
    let format = |source| CheckpointError::Format { path: path.into(), source };
    let file = SafeTensors::deserialize(&bytes).map_err(format)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(format)?;
    let metadata = header.metadata().clone().unwrap_or_default();
    let json = |key: &'static str, text: &str| {
        serde_json::from_str(text).map_err(|source| CheckpointError::Json { path: path.into(), key, source })
    };
    let config = metadata.get(CONFIG).ok_or_else(|| CheckpointError::NoConfig { path: path.into() })?;
    let config = ModelConfig::from_transformer_lens(&json(CONFIG, config)?)
        .map_err(|source| CheckpointError::Config { path: path.into(), source })?;
    let own = metadata.get(METADATA).map_or(Ok(json!({})), |text| json(METADATA, text))?;
    let layout = Layout::new(&config);
    let params = read_params(path, &file, &layout)?;
    Ok(Checkpoint { model: Model { config, layout, params }, metadata: own })
}

fn read_params(path: &Path, file: &SafeTensors<'_>, layout: &Layout) -> Result<Vec<f32>, CheckpointError> {
    let reference = layout.tensors.iter().all(|t| file.tensor(&t.name).is_err());
    let prefix = if reference && file.names().iter().any(|n| n.starts_with("weights.")) { "weights." } else { "" };
    if prefix.is_empty() {
        let mut names = file.names();
        names.sort_unstable();
        for name in names {
            let buffer =
                ["mask", "IGNORE", "rotary_sin", "rotary_cos"].iter().any(|b| name.ends_with(&format!(".attn.{b}")));
            if !buffer && layout.tensor(name).is_none() {
                let near = near_names(name, layout.tensors.iter().map(|t| t.name.as_str()));
                return Err(CheckpointError::Unknown { path: path.into(), name: name.into(), near });
            }
        }
    }
    let name_of = |tensor: &Tensor| format!("{prefix}{}", tensor.name);
    // Check before allocating: a config may promise more than memory holds.
    for tensor in &layout.tensors {
        let name = name_of(tensor);
        match file.tensor(&name) {
            Ok(view) => check_f32(path, &name, &view, &tensor.shape)?,
            Err(_) if tensor.name == "unembed.b_U" => {}
            Err(_) => return Err(CheckpointError::Missing { path: path.into(), name }),
        }
    }
    let mut params = vec![0.0; layout.n_params()];
    for tensor in &layout.tensors {
        let name = name_of(tensor);
        if let Ok(view) = file.tensor(&name) {
            tensor.scatter(&f32_values(path, &name, &view, &tensor.shape)?, &mut params);
        }
    }
    Ok(params)
}

/// Checks that a tensor is f32 and has the expected shape.
fn check_f32(path: &Path, name: &str, view: &TensorView<'_>, want: &[usize]) -> Result<(), CheckpointError> {
    if view.dtype() == Dtype::F32 && view.shape() == want {
        return Ok(());
    }
    let got = format!("{:?} {:?}", view.dtype(), view.shape());
    Err(CheckpointError::Shape { path: path.into(), name: name.into(), got, want: format!("F32 {want:?}") })
}

/// Returns the values of a tensor, which must be f32, have the expected shape and be finite.
fn f32_values(path: &Path, name: &str, view: &TensorView<'_>, want: &[usize]) -> Result<Vec<f32>, CheckpointError> {
    check_f32(path, name, view, want)?;
    let values: Vec<f32> = view.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    match values.iter().position(|v| !v.is_finite()) {
        None => Ok(values),
        Some(index) => {
            Err(CheckpointError::NotFinite { path: path.into(), name: name.into(), value: values[index], index })
        }
    }
}

/// Saves what resuming needs besides the evaluated weights.
///
/// # Errors
/// If the file cannot be written.
pub fn save_training(
    path: &Path,
    params: &[f32],
    moments: &Moments,
    average: Option<&Average>,
) -> Result<(), CheckpointError> {
    let mut parts = vec![("params", params), ("moments.mean", &moments.mean), ("moments.square", &moments.square)];
    if let Some(average) = average {
        parts.push(("average", &average.params));
    }
    let tensors: Vec<_> = parts
        .into_iter()
        .map(|(name, values)| NamedTensor { name: name.into(), shape: vec![values.len()], values: values.into() })
        .collect();
    let metadata = json!({
        "training_version": TRAINING_VERSION, "step": moments.step, "average_horizon": average.map(|a| a.horizon),
    });
    write_tensors(path, &tensors, &[(METADATA, metadata.to_string())].into())
}

/// Loads what [`save_training`] saved, for a network of `n_params` parameters.
///
/// # Errors
/// If the file is incomplete, or belongs to another network or version of this program.
pub fn load_training(path: &Path, n_params: usize) -> Result<TrainingState, CheckpointError> {
    let bytes = read_file(path)?;
    let format = |source| CheckpointError::Format { path: path.into(), source };
    let file = SafeTensors::deserialize(&bytes).map_err(format)?;
    let (_, header) = SafeTensors::read_metadata(&bytes).map_err(format)?;
    let wrong = |reason: &str| CheckpointError::Training { path: path.into(), reason: reason.into() };
    let metadata = header
        .metadata()
        .as_ref()
        .and_then(|m| m.get(METADATA))
        .ok_or_else(|| wrong("it has no `searchlens` metadata"))?;
    let metadata: Value = serde_json::from_str(metadata).map_err(|source| CheckpointError::Json {
        path: path.into(),
        key: METADATA,
        source,
    })?;
    if metadata["training_version"] != json!(TRAINING_VERSION) {
        return Err(wrong(&format!("it has version {}, expected {TRAINING_VERSION}", metadata["training_version"])));
    }
    let step = metadata["step"].as_u64().ok_or_else(|| wrong("its metadata have no `step`"))?;
    let part = |name: &str| match file.tensor(name) {
        Ok(view) => f32_values(path, name, &view, &[n_params]),
        Err(_) => Err(CheckpointError::Missing { path: path.into(), name: name.into() }),
    };
    let average = match metadata["average_horizon"].as_f64() {
        Some(horizon) => Some(Average { horizon, params: part("average")? }),
        None => None,
    };
    let moments = Moments { mean: part("moments.mean")?, square: part("moments.square")?, step };
    Ok(TrainingState { params: part("params")?, moments, average })
}
