//! A network that owns its parameters.

use searchlens_base::fault::{Fault, HasFault};

use crate::acts::Acts;
use crate::backward::{ActGrads, backward};
use crate::config::ModelConfig;
use crate::forward::forward;
use crate::kernels::attention::KvGradient;
use crate::net::{Net, Products, Sequences};
use crate::params::Layout;
use crate::tap::Tap;
use rand::Rng;

/// Architecture, parameter table and parameters of one network.
#[derive(Clone, Debug)]
pub struct Model {
    /// Architecture.
    pub config: ModelConfig,
    /// Parameter table.
    pub layout: Layout,
    /// All parameters, flat, in the order of `layout`.
    pub params: Vec<f32>,
}

/// Errors of token batches.
#[derive(Debug, thiserror::Error, PartialEq)]
#[expect(missing_docs, reason = "the message says it")]
pub enum TokensError {
    #[error("sequences of {seq} tokens exceed the context of {n_ctx} (`n_ctx`)")]
    TooLong { seq: usize, n_ctx: usize },
    #[error("token {token} at [{row}, {pos}] is not in the vocabulary, 0 to {} (`d_vocab` is {d_vocab})", d_vocab - 1)]
    Unknown { token: i64, row: usize, pos: usize, d_vocab: usize },
    #[error("no tokens")]
    Empty,
}

impl HasFault for TokensError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl Model {
    /// Draws the weights of a new network.
    pub fn init(config: ModelConfig, rng: &mut impl Rng) -> Model {
        let layout = Layout::new(&config);
        let params = layout.init(rng);
        Model { config, layout, params }
    }

    /// Returns the network as the passes read it, in f32.
    pub fn net(&self) -> Net<'_, f32> {
        Net { config: &self.config, layout: &self.layout, params: &self.params, products: Products::Plain }
    }

    /// Runs the network on sequences of equal length and leaves every activation in `acts`.
    ///
    /// Compiled here, once: other crates should prefer this to the generic [`forward`].
    ///
    /// # Panics
    /// As [`forward`]: check input with [`Model::check`].
    pub fn forward(&self, sequences: Sequences<'_>, acts: &mut Acts<f32>, tap: &mut dyn Tap<f32>) {
        forward(self.net(), sequences, acts, tap);
    }

    /// Runs the network backward from `grads.logits`, and adds the exact gradients of the parameters to `param_grads`.
    ///
    /// `acts` must be those of [`Model::forward`] on the same sequences with the same tap. Compiled here, once.
    pub fn backward(
        &self,
        sequences: Sequences<'_>,
        acts: &Acts<f32>,
        grads: &mut ActGrads<f32>,
        param_grads: &mut [f32],
        tap: &mut dyn Tap<f32>,
    ) {
        backward(self.net(), sequences, acts, KvGradient::AllQueries, grads, param_grads, tap);
    }

    /// Converts the parameters to f64: a [`Net`] on them shows which differences are rounding.
    pub fn params_f64(&self) -> Vec<f64> {
        self.params.iter().map(|&p| f64::from(p)).collect()
    }

    /// Checks that the network can run on these sequences.
    ///
    /// # Errors
    /// If there are no tokens, a token is out of range, or the sequences exceed the context.
    pub fn check(&self, sequences: Sequences<'_>) -> Result<(), TokensError> {
        self.net().check(sequences)
    }
}

impl<F> Net<'_, F> {
    /// Checks that the network can run on these sequences.
    ///
    /// # Errors
    /// As [`Model::check`].
    pub fn check(&self, sequences: Sequences<'_>) -> Result<(), TokensError> {
        let Sequences { tokens, seq } = sequences;
        let &ModelConfig { n_ctx, d_vocab, .. } = self.config;
        if seq == 0 || tokens.is_empty() {
            return Err(TokensError::Empty);
        }
        if seq > n_ctx {
            return Err(TokensError::TooLong { seq, n_ctx });
        }
        match tokens.iter().position(|&t| t as usize >= d_vocab) {
            None => Ok(()),
            Some(i) => Err(TokensError::Unknown { token: tokens[i].into(), row: i / seq, pos: i % seq, d_vocab }),
        }
    }
}
