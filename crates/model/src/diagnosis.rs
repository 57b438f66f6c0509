//! Finds where a step first produced a number that is not finite, by running the step again in f32 and inspecting every tensor.

use crate::acts::Acts;
use crate::backward::{ActGrads, backward};
use crate::config::{AttentionDir, ModelConfig};
use crate::forward::forward;
use crate::kernels::attention::KvGradient;
use crate::kernels::loss::cross_entropy;
use crate::micro_batch::MicroBatch;
use crate::net::{Net, Products};
use crate::sites::{At, Axes, Site};
use crate::tap::Tap;
use std::fmt;

/// The first tensor of a step that is not all finite: parameters first, then the losses' weights, then the batch's
/// micro-batches in order, each forward and back.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields say it")]
pub enum Origin {
    /// A parameter.
    Parameter { tensor: String, value: f32 },
    /// The weight of a token's loss.
    Weight { token: TokenIndex, value: f32 },
    /// An activation.
    Activation { at: At, token: TokenIndex, value: f32 },
    /// The gradient of an activation.
    Gradient { at: At, token: TokenIndex, value: f32 },
    /// The gradient of a parameter, summed over the tokens up to this micro-batch.
    ParameterGradient {
        tensor: String,
        /// Index of the micro-batch.
        micro_batch: usize,
    },
    /// None in f32: it arose in bf16 products, or in the sum over micro-batches.
    NotInF32,
}

/// A token of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenIndex {
    /// Index of its micro-batch in the batch.
    pub micro_batch: usize,
    /// Index of its sequence in the micro-batch.
    pub sequence: usize,
    /// Its position in the sequence.
    pub position: usize,
}

impl fmt::Display for TokenIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "micro-batch {}, sequence {}, position {}", self.micro_batch, self.sequence, self.position)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Parameter { tensor, value } => write!(f, "parameter `{tensor}` holds {value}"),
            Origin::Weight { token, value } => write!(f, "the weight of a loss is {value} ({token})"),
            Origin::Activation { at, token, value } => write!(f, "first at `{at}`, which is {value} ({token})"),
            Origin::Gradient { at, token, value } => {
                write!(f, "first in the gradient of `{at}`, which is {value} ({token})")
            }
            Origin::ParameterGradient { tensor, micro_batch } => {
                write!(f, "first in the gradient of `{tensor}` (micro-batch {micro_batch})")
            }
            Origin::NotInF32 => f.write_str("nowhere in f32: from bf16 products, or the sum over micro-batches"),
        }
    }
}

/// Runs the step again and returns the first tensor that is not finite.
pub(crate) fn origin(net: Net<'_, f32>, micro_batches: &[MicroBatch], scale: f64, kv_gradient: KvGradient) -> Origin {
    let net = Net { products: Products::Plain, ..net };
    for tensor in &net.layout.tensors {
        if let Some(&value) = tensor.slot.of(net.params).iter().find(|p| !p.is_finite()) {
            return Origin::Parameter { tensor: tensor.name.clone(), value };
        }
    }
    for (number, micro_batch) in micro_batches.iter().enumerate() {
        if let Some(i) = micro_batch.weights.iter().position(|w| !w.is_finite()) {
            let (sequence, position) = (i / (micro_batch.seq - 1), i % (micro_batch.seq - 1));
            let token = TokenIndex { micro_batch: number, sequence, position };
            return Origin::Weight { token, value: micro_batch.weights[i] };
        }
    }
    let (mut acts, mut grads, mut param_grads) = (Acts::default(), ActGrads::default(), vec![0.0; net.params.len()]);
    for (number, micro_batch) in micro_batches.iter().enumerate() {
        let sequences = micro_batch.sequences();
        let mut finder =
            Finder { config: net.config, seq: micro_batch.seq, micro_batch: number, forward: None, backward: None };
        forward(net, sequences, &mut acts, &mut finder);
        grads.resize(net.config, sequences.n_seq(), micro_batch.seq);
        cross_entropy(
            micro_batch.seq,
            &acts.logits,
            micro_batch.targets().tokens,
            &micro_batch.weights,
            scale,
            &mut grads.logits,
        );
        if finder.forward.is_none() {
            backward(net, sequences, &acts, kv_gradient, &mut grads, &mut param_grads, &mut finder);
        }
        if let Some((at, token, value)) = finder.forward {
            return Origin::Activation { at, token, value };
        }
        if let Some((at, token, value)) = finder.backward {
            return Origin::Gradient { at, token, value };
        }
        let broken = |t: &&crate::params::Tensor| t.slot.of(&param_grads).iter().any(|g| !g.is_finite());
        if let Some(tensor) = net.layout.tensors.iter().find(broken) {
            return Origin::ParameterGradient { tensor: tensor.name.clone(), micro_batch: number };
        }
    }
    Origin::NotInF32
}

/// Finds the first entries that are not finite; scores of masked keys are −∞ on purpose.
struct Finder<'a> {
    config: &'a ModelConfig,
    seq: usize,
    micro_batch: usize,
    forward: Option<(At, TokenIndex, f32)>,
    backward: Option<(At, TokenIndex, f32)>,
}

impl Finder<'_> {
    fn find(&self, at: At, values: &[f32]) -> Option<(At, TokenIndex, f32)> {
        let (seq, axes) = (self.seq, at.site.info().axes);
        let is_masked = |i: usize| {
            axes == Axes::Square && self.config.attention_dir == AttentionDir::Causal && i % seq > i / seq % seq
        };
        let i = (0..values.len()).find(|&i| !values[i].is_finite() && !is_masked(i))?;
        let width: usize = at.site.shape(self.config, 1, seq).iter().product();
        let (sequence, rest) = (i / width, i % width);
        let position = if axes == Axes::Square { rest / seq % seq } else { rest / (width / seq) };
        Some((at, TokenIndex { micro_batch: self.micro_batch, sequence, position }, values[i]))
    }
}

impl Tap<f32> for Finder<'_> {
    fn wants(&self, at: At) -> bool {
        // Copies of the residual stream: expensive, and nothing new.
        !matches!(at.site, Site::AttnIn | Site::QInput | Site::KInput | Site::VInput)
    }

    fn read(&mut self, at: At, value: &[f32]) {
        self.forward = self.forward.or_else(|| self.find(at, value));
    }

    fn read_gradient(&mut self, at: At, gradient: &[f32]) {
        self.backward = self.backward.or_else(|| self.find(at, gradient));
    }
}
