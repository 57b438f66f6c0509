//! Plans: interventions as plain data, so that an experiment can be saved, shared and run again.
//!
//! A plan is a list of steps, each an address and an edit, carried out in the order of the forward pass and, at one site, in the
//! order of the list. Every edit is affine in the value it changes, so gradients flow through it exactly.

use crate::address::{Address, AddressError};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::config::ModelConfig;
use searchlens_model::kernels::real::Real;
use searchlens_model::sites::At;
use searchlens_model::tap::Tap;
use serde::{Deserialize, Serialize};

/// A list of interventions.
pub type Plan = Vec<Step>;

/// One intervention.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Where.
    pub at: Address,
    /// What is done there.
    pub edit: Edit,
}

/// What is done with a value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Becomes 0.
    Zero,
    /// Is multiplied by this.
    Scale(f64),
    /// Becomes this: one number for all entries, or one for each entry of the innermost axis.
    Set(Numbers),
    /// `scale · direction` is added, the direction running along the innermost axis.
    Add {
        /// The direction.
        direction: Vec<f64>,
        /// How far.
        scale: f64,
    },
}

/// One number, or one for each entry of the innermost axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Numbers {
    /// The same everywhere.
    One(f64),
    /// By entry of the innermost axis.
    Each(Vec<f64>),
}

/// What is wrong with a plan.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum PlanError {
    /// A step's address.
    #[error("step {step} of the plan: {source}")]
    Address {
        /// Number of the step, from 0.
        step: usize,
        /// What is wrong.
        source: AddressError,
    },
    /// The site can be read, not edited.
    #[error("step {step} of the plan: `{at}` can be read but not edited; edit resid_pre, q, k or v instead")]
    NotEditable {
        /// Number of the step, from 0.
        step: usize,
        /// The site.
        at: At,
    },
    /// A direction of the wrong length.
    #[error("step {step} of the plan: {got} numbers, but `{at}` has {want} along its innermost axis")]
    Width {
        /// Number of the step, from 0.
        step: usize,
        /// The site.
        at: At,
        /// Numbers given.
        got: usize,
        /// Numbers wanted.
        want: usize,
    },
    /// A step that changed nothing because it selects no entry.
    #[error("step {step} of the plan never fired: `{at}` selects no entry that the network computes")]
    NeverFired {
        /// Number of the step, from 0.
        step: usize,
        /// Its address.
        at: String,
    },
}

impl HasFault for PlanError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// What a step of a plan did.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// Where.
    pub at: Address,
    /// How often the site was offered.
    pub fired: usize,
    /// How many entries were edited, over all times.
    pub entries: usize,
}

/// A tap that carries out a plan.
pub struct PlanTap<'a> {
    plan: &'a [Step],
    config: &'a ModelConfig,
    seq: usize,
    receipts: Vec<Receipt>,
}

impl<'a> PlanTap<'a> {
    /// A tap for sequences of `seq` tokens.
    ///
    /// # Errors
    /// If a step cannot be carried out in this network.
    pub fn new(plan: &'a [Step], config: &'a ModelConfig, seq: usize) -> Result<PlanTap<'a>, PlanError> {
        for (step, Step { at, edit }) in plan.iter().enumerate() {
            at.check(config, seq).map_err(|source| PlanError::Address { step, source })?;
            if !at.at.site.is_editable() {
                return Err(PlanError::NotEditable { step, at: at.at });
            }
            let (got, want) = (edit.width(), at.width(config, seq));
            if let Some(got) = got.filter(|&got| got != want) {
                return Err(PlanError::Width { step, at: at.at, got, want });
            }
        }
        let receipts = plan.iter().map(|s| Receipt { at: s.at.clone(), fired: 0, entries: 0 }).collect();
        Ok(PlanTap { plan, config, seq, receipts })
    }

    /// What each step did.
    ///
    /// # Errors
    /// If a step never did anything.
    pub fn receipts(self) -> Result<Vec<Receipt>, PlanError> {
        match self.receipts.iter().position(|r| r.entries == 0) {
            Some(step) => Err(PlanError::NeverFired { step, at: self.receipts[step].at.to_string() }),
            None => Ok(self.receipts),
        }
    }
}

impl Edit {
    fn width(&self) -> Option<usize> {
        match self {
            Edit::Set(Numbers::Each(numbers)) => Some(numbers.len()),
            Edit::Add { direction, .. } => Some(direction.len()),
            _ => None,
        }
    }

    /// The new value of entry `i` of the innermost axis.
    fn value<F: Real>(&self, old: F, i: usize) -> F {
        match self {
            Edit::Zero => F::ZERO,
            Edit::Scale(by) => old * F::of(*by),
            Edit::Set(Numbers::One(x)) => F::of(*x),
            Edit::Set(Numbers::Each(xs)) => F::of(xs[i]),
            Edit::Add { direction, scale } => old + F::of(direction[i] * scale),
        }
    }

    /// Slope of the new value in the old.
    fn slope<F: Real>(&self) -> F {
        match self {
            Edit::Zero | Edit::Set(_) => F::ZERO,
            Edit::Scale(by) => F::of(*by),
            Edit::Add { .. } => F::ONE,
        }
    }
}

impl<F: Real> Tap<F> for PlanTap<'_> {
    fn wants(&self, at: At) -> bool {
        self.plan.iter().any(|step| step.at.at == at)
    }

    fn edits(&self, at: At) -> bool {
        self.plan.iter().any(|step| step.at.at == at)
    }

    fn forward(&mut self, at: At, value: &mut [F]) {
        for (step, receipt) in self.plan.iter().zip(&mut self.receipts).filter(|(step, _)| step.at.at == at) {
            let selects = step.at.selects(self.config, self.seq);
            let width = step.at.width(self.config, self.seq);
            receipt.fired += 1;
            for (i, v) in value.iter_mut().enumerate().filter(|(i, _)| selects(*i)) {
                *v = step.edit.value(*v, i % width);
                receipt.entries += 1;
            }
        }
    }

    fn backward(&mut self, at: At, gradient: &mut [F]) {
        for step in self.plan.iter().filter(|step| step.at.at == at) {
            let selects = step.at.selects(self.config, self.seq);
            for (_, g) in gradient.iter_mut().enumerate().filter(|(i, _)| selects(*i)) {
                *g *= step.edit.slope::<F>();
            }
        }
    }
}
