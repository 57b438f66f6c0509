//! Every activation and gradient of a batch, to and from files: what `searchlens activations` does.

use crate::plan::{Plan, PlanError, PlanTap, Receipt};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use searchlens_base::durable::{FileError, read_file};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::Model;
use searchlens_model::checkpoint::{CheckpointError, NamedTensor, write_tensors};
use searchlens_model::forward::Sequences;
use searchlens_model::model::TokensError;
use searchlens_model::record::{Recorder, run};
use searchlens_model::sites::{At, SiteError};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A batch of tokens from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenBatch {
    /// `[batch, pos]`
    pub tokens: Vec<u32>,
    /// Sequences.
    pub n_seq: usize,
    /// Length of each.
    pub seq: usize,
    /// `[batch, pos − 1]`, weights of the next-token losses; all 1 if the file has none.
    pub weights: Vec<f32>,
}

/// What is wrong with a request for activations.
#[derive(Debug, thiserror::Error)]
pub enum ActivationsError {
    /// The token file cannot be read.
    #[error("{0}; name a safetensors file that holds `tokens`")]
    File(#[from] FileError),
    /// A file cannot be written, or its content is not a whole safetensors file.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A tensor of the token file is absent or of the wrong kind.
    #[error("{path}: {reason}", path = path.display())]
    Tensor {
        /// The file.
        path: PathBuf,
        /// Which tensor, what it is, what was wanted.
        reason: String,
    },
    /// The tokens do not fit the network.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// A site's name.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// The plan.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl HasFault for ActivationsError {
    fn fault(&self) -> Fault {
        match self {
            ActivationsError::File(error) => error.fault(),
            ActivationsError::Checkpoint(error) => error.fault(),
            ActivationsError::Tokens(error) => error.fault(),
            ActivationsError::Site(error) => error.fault(),
            ActivationsError::Plan(error) => error.fault(),
            ActivationsError::Tensor { .. } => Fault::BadInput,
        }
    }
}

/// Reads `tokens` (`[batch, pos]`, whole numbers) and the optional `loss_mask` (`[batch, pos − 1]`, f32).
///
/// # Errors
/// If the file is not whole or a tensor has another type or shape.
pub fn read_tokens(path: &Path) -> Result<TokenBatch, ActivationsError> {
    let bytes = read_file(path)?;
    let file =
        SafeTensors::deserialize(&bytes).map_err(|source| CheckpointError::Format { path: path.into(), source })?;
    let wrong = |reason: String| ActivationsError::Tensor { path: path.into(), reason };
    let view = file.tensor("tokens").map_err(|_absent| wrong("no tensor `tokens` (int64, [batch, pos])".into()))?;
    let &[n_seq, seq] = view.shape() else {
        return Err(wrong(format!("`tokens` has shape {:?}, wanted [batch, pos]", view.shape())));
    };
    let numbers: Vec<i64> = match view.dtype() {
        Dtype::I64 => view.data().as_chunks().0.iter().map(|&b| i64::from_le_bytes(b)).collect(),
        Dtype::I32 => view.data().as_chunks().0.iter().map(|&b| i32::from_le_bytes(b).into()).collect(),
        Dtype::U32 => view.data().as_chunks().0.iter().map(|&b| u32::from_le_bytes(b).into()).collect(),
        other => return Err(wrong(format!("`tokens` is {other:?}, wanted I64"))),
    };
    let token =
        |&n: &i64| u32::try_from(n).map_err(|_range| wrong(format!("`tokens` holds {n}, wanted ids from 0 on")));
    let tokens = numbers.iter().map(token).collect::<Result<Vec<_>, _>>()?;
    let scored = seq.saturating_sub(1);
    let weights = match file.tensor("loss_mask") {
        Err(_) => vec![1.0; n_seq * scored],
        Ok(view) if view.dtype() == Dtype::F32 && view.shape() == [n_seq, scored] => {
            view.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect()
        }
        Ok(view) => {
            return Err(wrong(format!(
                "`loss_mask` is {:?} {:?}, wanted F32 [{n_seq}, {scored}]",
                view.dtype(),
                view.shape()
            )));
        }
    };
    if let Some(weight) = weights.iter().find(|w: &&f32| !w.is_finite() || **w < 0.0) {
        return Err(wrong(format!("`loss_mask` holds {weight}, wanted weights from 0 on")));
    }
    Ok(TokenBatch { tokens, n_seq, seq, weights })
}

/// Which sites are asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum SiteChoice {
    /// Every one that the network has.
    All,
    /// These.
    These(Vec<At>),
}

impl SiteChoice {
    /// Reads `all`, or names separated by commas, for this network.
    ///
    /// # Errors
    /// An unknown name, or a site that the network lacks.
    pub fn parse(text: &str, model: &Model) -> Result<SiteChoice, SiteError> {
        if text == "all" {
            return Ok(SiteChoice::All);
        }
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        Ok(SiteChoice::These(names.map(|name| At::parse_for(name, &model.config)).collect::<Result<_, _>>()?))
    }
}

/// A tensor of a result: its shape and its values, row-major.
pub type Shaped = (Vec<usize>, Vec<f32>);

/// Activations of a batch: tensors by the names of the file (`acts.*`, `logits`, `loss`, `act_grads.*`, `grads.*`), and what
/// the plan did.
#[derive(Clone, Debug, PartialEq)]
pub struct Activations {
    /// By name.
    pub tensors: BTreeMap<String, Shaped>,
    /// One for each step of the plan.
    pub receipts: Vec<Receipt>,
}

/// Runs the network on a batch, under a plan of edits, and keeps what is asked for. Gradients are those of the weighted mean
/// next-token loss.
///
/// # Errors
/// If tokens or plan do not fit the network, or a step of the plan never fired.
pub fn activations(
    model: &Model,
    batch: &TokenBatch,
    sites: &SiteChoice,
    gradients: bool,
    plan: &Plan,
) -> Result<Activations, ActivationsError> {
    let TokenBatch { ref tokens, n_seq, seq, ref weights } = *batch;
    let sequences = Sequences { tokens, seq };
    model.check(sequences)?;
    let sites = match sites {
        SiteChoice::All => At::all(&model.config),
        SiteChoice::These(sites) => sites.clone(),
    };
    let mut edits = PlanTap::new(plan, &model.config, seq)?;
    let mut recorder = Recorder::new(sites, &mut edits);
    let result = run(model.net(), sequences, weights, gradients, &mut recorder);
    let recording = recorder.recording;
    let mut tensors = BTreeMap::new();
    let kinds = [("acts", recording.values), ("act_grads", recording.gradients)];
    for (kind, values) in kinds {
        for (at, values) in values {
            tensors.insert(format!("{kind}.{at}"), (at.site.shape(&model.config, n_seq, seq), values));
        }
    }
    if gradients {
        for tensor in &model.layout.tensors {
            let grads = (tensor.shape.clone(), tensor.gather(&result.param_grads));
            tensors.insert(format!("grads.{}", tensor.name), grads);
        }
    }
    tensors.insert("logits".into(), (vec![n_seq, seq, model.config.d_vocab], result.logits));
    tensors.insert("loss".into(), (vec![1], vec![result.loss as f32]));
    Ok(Activations { tensors, receipts: edits.receipts()? })
}

/// Writes activations as a safetensors file.
///
/// # Errors
/// If the file cannot be written.
pub fn write_activations(path: &Path, activations: &Activations) -> Result<(), ActivationsError> {
    let tensor = |(name, (shape, values)): (&String, &Shaped)| NamedTensor {
        name: name.clone(),
        shape: shape.clone(),
        values: values.clone().into(),
    };
    let tensors: Vec<_> = activations.tensors.iter().map(tensor).collect();
    Ok(write_tensors(path, &tensors, &BTreeMap::new())?)
}
