//! Where a number first ceased to be finite: asked once loss or gradient are not, answered by going through the step again with
//! every tensor looked at, in f32.

use crate::acts::Acts;
use crate::backward::{ActGrads, Reach, backward};
use crate::config::{AttentionDir, ModelConfig};
use crate::forward::forward;
use crate::kernels::loss::cross_entropy;
use crate::net::{Net, Products};
use crate::sites::{At, Axes, Site};
use crate::tap::Tap;
use crate::train::Group;
use std::fmt;

/// The first tensor of a step that is not all finite: parameters first, then the losses' weights, then the batch's groups in
/// order, each forward and back.
#[derive(Clone, Debug, PartialEq)]
pub enum Origin {
    /// A parameter.
    Parameter {
        /// Its name.
        tensor: String,
        /// What it holds.
        value: f32,
    },
    /// The weight of a token's loss.
    Weight {
        /// Where.
        token: TokenPlace,
        /// What it is.
        value: f32,
    },
    /// An activation.
    Activation {
        /// Its site.
        at: At,
        /// Where.
        token: TokenPlace,
        /// What it holds.
        value: f32,
    },
    /// The gradient of an activation.
    Gradient {
        /// Its site.
        at: At,
        /// Where.
        token: TokenPlace,
        /// What it holds.
        value: f32,
    },
    /// The gradient of a parameter, summed over the tokens up to this group.
    ParameterGradient {
        /// The parameter.
        tensor: String,
        /// Number of the group.
        group: usize,
    },
    /// None in f32: it came from factors rounded to bf16, or from the sum over groups.
    NotInF32,
}

/// A token of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenPlace {
    /// Number of its group in the batch.
    pub group: usize,
    /// Number of its sequence in the group.
    pub sequence: usize,
    /// Its position in the sequence.
    pub position: usize,
}

impl fmt::Display for TokenPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {}, sequence {}, position {}", self.group, self.sequence, self.position)
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
            Origin::ParameterGradient { tensor, group } => {
                write!(f, "first in the gradient of `{tensor}` (group {group})")
            }
            Origin::NotInF32 => f.write_str("nowhere in f32: from bf16 products, or the sum over groups"),
        }
    }
}

/// Goes through the step again.
pub(crate) fn origin(net: Net<'_, f32>, groups: &[Group], scale: f64, reach: Reach) -> Origin {
    let net = Net { products: Products::Plain, ..net };
    for tensor in &net.layout.tensors {
        if let Some(&value) = tensor.slot.of(net.params).iter().find(|p| !p.is_finite()) {
            return Origin::Parameter { tensor: tensor.name.clone(), value };
        }
    }
    for (number, group) in groups.iter().enumerate() {
        if let Some(i) = group.weights.iter().position(|w| !w.is_finite()) {
            let (sequence, position) = (i / (group.seq - 1), i % (group.seq - 1));
            let token = TokenPlace { group: number, sequence, position };
            return Origin::Weight { token, value: group.weights[i] };
        }
    }
    let (mut acts, mut grads, mut param_grads) = (Acts::default(), ActGrads::default(), vec![0.0; net.params.len()]);
    for (number, group) in groups.iter().enumerate() {
        let sequences = group.sequences();
        let mut finder = Finder { config: net.config, seq: group.seq, group: number, forward: None, backward: None };
        forward(net, sequences, &mut acts, &mut finder);
        grads.resize(net.config, sequences.n_seq(), group.seq);
        cross_entropy(group.seq, &acts.logits, group.targets().tokens, &group.weights, scale, &mut grads.logits);
        if finder.forward.is_none() {
            backward(net, sequences, &acts, reach, &mut grads, &mut param_grads, &mut finder);
        }
        if let Some((at, token, value)) = finder.forward {
            return Origin::Activation { at, token, value };
        }
        if let Some((at, token, value)) = finder.backward {
            return Origin::Gradient { at, token, value };
        }
        let broken = |t: &&crate::params::Tensor| t.slot.of(&param_grads).iter().any(|g| !g.is_finite());
        if let Some(tensor) = net.layout.tensors.iter().find(broken) {
            return Origin::ParameterGradient { tensor: tensor.name.clone(), group: number };
        }
    }
    Origin::NotInF32
}

/// Remembers the first entries that are not finite; scores of masked keys are meant to be −∞.
struct Finder<'a> {
    config: &'a ModelConfig,
    seq: usize,
    group: usize,
    forward: Option<(At, TokenPlace, f32)>,
    backward: Option<(At, TokenPlace, f32)>,
}

impl Finder<'_> {
    fn find(&self, at: At, values: &[f32]) -> Option<(At, TokenPlace, f32)> {
        let (seq, axes) = (self.seq, at.site.info().axes);
        let is_masked = |i: usize| {
            axes == Axes::Square && self.config.attention_dir == AttentionDir::Causal && i % seq > i / seq % seq
        };
        let i = (0..values.len()).find(|&i| !values[i].is_finite() && !is_masked(i))?;
        let width: usize = at.site.shape(self.config, 1, seq).iter().product();
        let (sequence, rest) = (i / width, i % width);
        let position = if axes == Axes::Square { rest / seq % seq } else { rest / (width / seq) };
        Some((at, TokenPlace { group: self.group, sequence, position }, values[i]))
    }
}

impl Tap<f32> for Finder<'_> {
    fn wants(&self, at: At) -> bool {
        // Copies of the residual stream, which cost much and tell nothing.
        !matches!(at.site, Site::AttnIn | Site::QInput | Site::KInput | Site::VInput)
    }

    fn read(&mut self, at: At, value: &[f32]) {
        self.forward = self.forward.or_else(|| self.find(at, value));
    }

    fn read_gradient(&mut self, at: At, gradient: &[f32]) {
        self.backward = self.backward.or_else(|| self.find(at, gradient));
    }
}
