//! A network that owns its parameters.

use crate::config::ModelConfig;
use crate::net::{Net, Products, Sequences};
use crate::params::Layout;
use rand::Rng;

/// Architecture, parameter table and parameters of one network.
#[derive(Clone, Debug)]
pub struct Model {
    /// Architecture.
    pub config: ModelConfig,
    /// Parameter table.
    pub layout: Layout,
    /// All parameters, flat, laid out as `layout` says.
    pub params: Vec<f32>,
}

/// What is wrong with a batch of tokens.
#[derive(Debug, thiserror::Error, PartialEq)]
pub enum TokensError {
    /// A sequence is longer than the network's context.
    #[error("sequences of {seq} tokens, but the network's context holds {n_ctx}")]
    TooLong {
        /// Length of the sequences.
        seq: usize,
        /// The network's `n_ctx`.
        n_ctx: usize,
    },
    /// A token the network does not know.
    #[error("token {token} at [{row}, {pos}], but the network knows 0..{d_vocab}")]
    Unknown {
        /// The token.
        token: i64,
        /// Sequence it stands in.
        row: usize,
        /// Its position.
        pos: usize,
        /// The network's `d_vocab`.
        d_vocab: usize,
    },
    /// Nothing to run on.
    #[error("no tokens")]
    Empty,
}

impl Model {
    /// A network with fresh weights.
    pub fn init(config: ModelConfig, rng: &mut impl Rng) -> Model {
        let layout = Layout::new(&config);
        let params = layout.init(rng);
        Model { config, layout, params }
    }

    /// The network as the passes read it, all arithmetic in f32.
    pub fn net(&self) -> Net<'_, f32> {
        Net { config: &self.config, layout: &self.layout, params: &self.params, products: Products::Plain }
    }

    /// The parameters in f64, for disputes: run [`Net`] on them.
    pub fn params_f64(&self) -> Vec<f64> {
        self.params.iter().map(|&p| f64::from(p)).collect()
    }

    /// Checks that the network can run on these sequences.
    ///
    /// # Errors
    /// No tokens, a token out of range, or sequences beyond the context.
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
