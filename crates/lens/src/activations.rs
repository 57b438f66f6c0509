//! Activations and gradients of a batch of tokens, to and from files: the work of `searchlens activations`.

use crate::address::{Address, AddressError};
use crate::capture::{CaptureError, Captured, Input, Pass, Request, capture};
use crate::plan::{Receipt, Step};
use crate::tensor::{Tensor, Tensors};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;
use searchlens_base::durable::{FileError, read_file};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::Model;
use searchlens_model::checkpoint::{CheckpointError, NamedTensor, write_tensors};
use searchlens_model::sites::{At, Site};
use searchlens_model::workers::Workers;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A batch of tokens from a file.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenBatch {
    /// `[batch, pos]`
    pub tokens: Vec<u32>,
    /// Number of sequences.
    pub n_seq: usize,
    /// Length of each.
    pub seq: usize,
    /// `[batch, pos − 1]`, weights of the next-token losses; all 1 if the file has none.
    pub weights: Vec<f32>,
}

/// Errors of `searchlens activations`.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ActivationsError {
    #[error("{0}; name a safetensors file that holds `tokens`")]
    File(#[from] FileError),
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    #[error("{path}: {reason}", path = path.display())]
    Tensor { path: PathBuf, reason: String },
    #[error(transparent)]
    Capture(#[from] CaptureError),
}

impl HasFault for ActivationsError {
    fn fault(&self) -> Fault {
        match self {
            ActivationsError::File(error) => error.fault(),
            ActivationsError::Checkpoint(error) => error.fault(),
            ActivationsError::Capture(error) => error.fault(),
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

/// Reads every f32 tensor of a safetensors file, for plans to name.
///
/// # Errors
/// If the file cannot be read or is not whole.
pub fn read_references(path: &Path) -> Result<Tensors, CheckpointError> {
    let bytes = read_file(path)?;
    let file =
        SafeTensors::deserialize(&bytes).map_err(|source| CheckpointError::Format { path: path.into(), source })?;
    let tensors = file.tensors().into_iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    let tensor = |(name, view): (String, safetensors::tensor::TensorView<'_>)| {
        let values = view.data().as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
        (name, Tensor { shape: view.shape().to_vec(), values })
    };
    Ok(tensors.map(tensor).collect())
}

/// Which values to write.
#[derive(Clone, Debug, PartialEq)]
pub enum SiteChoice {
    /// Every site of the network.
    All,
    /// These.
    These(Vec<Address>),
}

impl SiteChoice {
    /// Reads `all`, or addresses separated by commas, for this network.
    ///
    /// # Errors
    /// An address that cannot be read, or a site that the network lacks.
    pub fn parse(text: &str, model: &Model) -> Result<SiteChoice, AddressError> {
        if text == "all" {
            return Ok(SiteChoice::All);
        }
        let read = |address| Address::parse_for(address, &model.config);
        Ok(SiteChoice::These(split(text).into_iter().map(read).collect::<Result<_, _>>()?))
    }

    fn addresses(&self, model: &Model) -> Vec<Address> {
        match self {
            SiteChoice::All => At::all(&model.config).into_iter().map(Address::whole).collect(),
            SiteChoice::These(addresses) => addresses.clone(),
        }
    }
}

/// Splits a list at the commas outside brackets.
fn split(text: &str) -> Vec<&str> {
    let mut in_brackets = false;
    let at_comma = |c: char| {
        in_brackets = match c {
            '[' => true,
            ']' => false,
            _ => in_brackets,
        };
        c == ',' && !in_brackets
    };
    text.split(at_comma).map(str::trim).filter(|name| !name.is_empty()).collect()
}

/// Activations of a batch: tensors under the names of the file (`acts.*`, `logits`, `loss`, `act_grads.*`, `grads.*`), and what
/// the plan did.
#[derive(Clone, Debug, PartialEq)]
pub struct Activations {
    /// By name.
    pub tensors: Tensors,
    /// One for each step of the plan.
    pub receipts: Vec<Receipt>,
}

/// Runs the network on a batch under a plan of edits. Gradients are those of the weighted mean next-token loss.
///
/// # Errors
/// If tokens, sites or plan do not fit the network, a step of the plan never edits anything, or an address names a role: bare
/// tokens have none.
pub fn activations(
    model: &Model,
    batch: &TokenBatch,
    sites: &SiteChoice,
    gradients: bool,
    plan: &[Step],
    references: &Tensors,
    workers: &Workers,
) -> Result<Activations, CaptureError> {
    let TokenBatch { ref tokens, n_seq, seq, ref weights } = *batch;
    let input = |row: usize| Input {
        ids: &tokens[row * seq..(row + 1) * seq],
        roles: None,
        weights: Some(&weights[row * seq.saturating_sub(1)..(row + 1) * seq.saturating_sub(1)]),
    };
    let inputs: Vec<Input<'_>> = (0..n_seq).map(input).collect();
    let logits = Address::whole(At::new(Site::UnembedOut, 0));
    let addresses: Vec<Address> = sites.addresses(model).into_iter().chain([logits]).collect();
    let pass = if gradients { Pass::Gradients } else { Pass::Loss };
    let request = Request { addresses: &addresses, plan, references, pass };
    let captured = capture(model, &inputs, request, workers)?;
    let mut tensors = Tensors::new();
    let mut values = captured.values;
    if let Some(logits) = values.pop().and_then(Captured::stacked) {
        tensors.insert("logits".into(), logits);
    }
    for mut captured in values {
        let (address, gradients) = (captured.address.to_string(), std::mem::take(&mut captured.gradients));
        // Sequences of equal length and addresses without roles: all shapes are equal.
        let Some(acts) = captured.stacked() else { continue };
        if !gradients.is_empty() {
            let grads = Tensor { shape: acts.shape.clone(), values: gradients };
            tensors.insert(format!("act_grads.{address}"), grads);
        }
        tensors.insert(format!("acts.{address}"), acts);
    }
    if gradients {
        for tensor in &model.layout.tensors {
            let grads = Tensor { shape: tensor.shape.clone(), values: tensor.gather(&captured.param_grads) };
            tensors.insert(format!("grads.{}", tensor.name), grads);
        }
    }
    let loss = captured.loss.unwrap_or(0.0) as f32;
    tensors.insert("loss".into(), Tensor { shape: vec![1], values: vec![loss] });
    Ok(Activations { tensors, receipts: captured.receipts })
}

/// Writes activations as a safetensors file.
///
/// # Errors
/// If the file cannot be written.
pub fn write_activations(path: &Path, activations: &Activations) -> Result<(), ActivationsError> {
    let tensor = |(name, tensor): (&String, &Tensor)| NamedTensor {
        name: name.clone(),
        shape: tensor.shape.clone(),
        values: tensor.values.clone().into(),
    };
    let tensors: Vec<_> = activations.tensors.iter().map(tensor).collect();
    Ok(write_tensors(path, &tensors, &BTreeMap::new())?)
}
