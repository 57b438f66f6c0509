//! Plans: interventions as plain data, so that an experiment can be saved, shared and run again.
//!
//! A plan is a list of steps, each an address and an edit. They apply in the order of the forward pass and, at one site, in the
//! order of the list. [`crate::resolved::ResolvedPlan`] checks a plan against a network and carries it out.

use crate::address::{Address, AddressError};
use crate::edit::Edit;
use searchlens_base::fault::{Fault, HasFault};
use serde::{Deserialize, Serialize};

/// A list of interventions.
pub type Plan = Vec<Step>;

/// One intervention. In JSON: `{"at": "blocks.2.attn.hook_z[head=1]", "edit": "zero"}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Where.
    pub at: Address,
    /// What is done to each row there.
    pub edit: Edit,
}

/// What a step of a plan did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Its address.
    pub at: Address,
    /// Shape of the site's value over all sequences, as long as the longest.
    pub shape: Vec<usize>,
    /// Number of passes that offered the site.
    pub fired: usize,
    /// Number of rows edited, over all passes.
    pub rows: usize,
    /// Number of entries edited, over all passes.
    pub entries: usize,
}

/// Errors of plans. Steps are numbered from 0.
#[derive(Debug, thiserror::Error, PartialEq)]
#[expect(missing_docs, reason = "the message says it")]
pub enum PlanError {
    #[error("step {step} of the plan: {source}")]
    Address { step: usize, source: AddressError },
    #[error("step {step} of the plan: {got} numbers, but `{at}` has {want} along its innermost axis")]
    Width { step: usize, at: String, got: usize, want: usize },
    #[error("step {step} of the plan: all numbers must be finite")]
    NotFinite { step: usize },
    #[error("step {step} of the plan: unknown reference `{name}`{near}")]
    UnknownReference { step: usize, name: String, near: String },
    #[error(
        "step {step} of the plan: reference `{name}` has shape {got:?}, which does not broadcast to `{at}`'s shape {want:?}"
    )]
    ReferenceShape { step: usize, name: String, at: String, got: Vec<usize>, want: Vec<usize> },
    #[error("step {step} of the plan: reference `{name}` has NaN entries")]
    ReferenceNan { step: usize, name: String },
    #[error("step {step} of the plan: the subspace `{name}` has shape {got:?}; it must be [rank, {want}]")]
    SubspaceShape { step: usize, name: String, got: Vec<usize>, want: usize },
    #[error("step {step} of the plan: the subspace has no vectors")]
    NoVectors { step: usize },
    #[error("step {step} of the plan: vector {vector} of the subspace depends on those before it; remove it")]
    Dependent { step: usize, vector: usize },
    #[error(
        "step {step} of the plan: `{at}` has no subspaces, since its rows end at the query; edit whole rows, or q, k or z \
         instead"
    )]
    SubspaceOfAttention { step: usize, at: String },
    #[error("step {step} of the plan: `knock_out` acts on attn_scores, not on `{at}`")]
    KnockOutElsewhere { step: usize, at: String },
    #[error("step {step} of the plan never fired: `{at}` picks no entry that the network computes")]
    NeverFired { step: usize, at: String },
}

impl HasFault for PlanError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}
