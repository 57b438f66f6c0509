//! The parameter table: names, shapes, initial values and decay groups of a network's parameters. Offsets, checkpoint keys,
//! parameter counts and the optimiser's groups all come from it.

use crate::config::{ModelConfig, Normalization, PositionEmbedding};
use rand::Rng;
use rand::RngExt;
use serde::{Deserialize, Serialize};

/// The range of a parameter in the flat buffer of all parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// First entry.
    pub start: usize,
    /// Number of entries.
    pub len: usize,
}

impl Slot {
    /// Returns the parameter's values.
    pub fn of<F>(self, flat: &[F]) -> &[F] {
        &flat[self.start..self.start + self.len]
    }

    /// Returns the parameter's values, to write.
    pub fn of_mut<F>(self, flat: &mut [F]) -> &mut [F] {
        &mut flat[self.start..self.start + self.len]
    }
}

/// Group of a parameter, for weight decay and parameter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ParamGroup {
    /// `W_E` and `W_pos`.
    Embedding,
    /// `W_Q`, `W_K`, `W_V`, `W_O`.
    Attention,
    /// `W_in`, `W_out`.
    Mlp,
    /// `W_U`.
    Unembedding,
    /// Gains and biases.
    Vector,
}

/// Initial value of a parameter.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Init {
    /// The same value for every entry.
    Constant(f32),
    /// Normal, with mean 0 and this standard deviation.
    Normal(f32),
}

/// One named parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// TransformerLens' name, which is the key in checkpoints.
    pub name: String,
    /// TransformerLens' shape.
    pub shape: Vec<usize>,
    /// Range in the flat buffer.
    pub slot: Slot,
    /// Stride in the slot of each axis of `shape`. The engine stores `W_Q`, `W_K`, `W_V` as `[d_model, n_heads · d_head]`, so
    /// that one product serves all heads; TransformerLens' view of them is `[n_heads, d_model, d_head]`.
    pub strides: Vec<usize>,
    /// Group.
    pub group: ParamGroup,
    /// Initial value.
    pub init: Init,
}

/// Gain and bias of a norm, where it has them.
#[derive(Clone, Copy, Debug, Default)]
pub struct NormSlots {
    /// `[d_model]`
    pub w: Option<Slot>,
    /// `[d_model]`
    pub b: Option<Slot>,
}

impl NormSlots {
    /// Returns gain and bias in a flat buffer, to write.
    pub(crate) fn of_mut<F>(self, flat: &mut [F]) -> [Option<&mut [F]>; 2] {
        match (self.w, self.b) {
            (Some(w), Some(b)) => {
                let (before, after) = flat.split_at_mut(b.start);
                [Some(w.of_mut(before)), Some(&mut after[..b.len])]
            }
            (w, None) => [w.map(|w| w.of_mut(flat)), None],
            (None, b) => [None, b.map(|b| b.of_mut(flat))],
        }
    }
}

/// Parameters of an MLP.
#[derive(Clone, Copy, Debug)]
pub struct MlpSlots {
    /// The norm before it.
    pub ln2: NormSlots,
    /// `[d_model, d_mlp]`
    pub w_in: Slot,
    /// `[d_mlp]`
    pub b_in: Slot,
    /// `[d_mlp, d_model]`
    pub w_out: Slot,
    /// `[d_model]`
    pub b_out: Slot,
}

/// Parameters of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockSlots {
    /// The norm before attention.
    pub ln1: NormSlots,
    /// `[d_model, n_heads · d_head]`
    pub w_q: Slot,
    /// As `w_q`.
    pub w_k: Slot,
    /// As `w_q`.
    pub w_v: Slot,
    /// `[n_heads · d_head, d_model]`
    pub w_o: Slot,
    /// `[n_heads · d_head]`
    pub b_q: Slot,
    /// As `b_q`.
    pub b_k: Slot,
    /// As `b_q`.
    pub b_v: Slot,
    /// `[d_model]`
    pub b_o: Slot,
    /// The MLP, unless the network is attention-only.
    pub mlp: Option<MlpSlots>,
}

/// Every parameter of a network, in checkpoint order.
#[derive(Clone, Debug)]
pub struct Layout {
    /// The table.
    pub tensors: Vec<Tensor>,
    /// `[d_vocab, d_model]`
    pub w_e: Slot,
    /// `[n_ctx, d_model]`, if positions are learned.
    pub w_pos: Option<Slot>,
    /// By layer.
    pub blocks: Vec<BlockSlots>,
    /// The norm before the unembedding.
    pub ln_final: NormSlots,
    /// `[d_model, d_vocab]`
    pub w_u: Slot,
    /// `[d_vocab]`
    pub b_u: Slot,
}

impl Layout {
    /// Lays out the parameters of a network.
    pub fn new(config: &ModelConfig) -> Layout {
        let &ModelConfig { d_model: d, n_heads: h, d_head: dh, d_mlp: m, d_vocab, n_ctx, .. } = config;
        // Standard deviations: 0.1 for embeddings, 0.45/√d_model for matrices (0.04 at 128), matrices that write to the
        // residual stream smaller by √(2 · n_layers), as in GPT-2. Found good by the demo study.
        let matrix = Init::Normal(0.45 / (d as f32).sqrt());
        let writes = Init::Normal(0.45 / (d as f32).sqrt() / (2.0 * config.n_layers.max(1) as f32).sqrt());
        let embedding = Init::Normal(0.1);
        let mut t = LayoutBuilder::default();
        let w_e = t.push("embed.W_E", &[d_vocab, d], ParamGroup::Embedding, embedding);
        let w_pos = (config.positions == PositionEmbedding::Learned)
            .then(|| t.push("pos_embed.W_pos", &[n_ctx, d], ParamGroup::Embedding, embedding));
        let mut blocks = Vec::with_capacity(config.n_layers);
        for layer in 0..config.n_layers {
            let name = |rest: &str| format!("blocks.{layer}.{rest}");
            let bias = |t: &mut LayoutBuilder, rest: &str, shape: &[usize]| {
                t.push(&name(rest), shape, ParamGroup::Vector, Init::Constant(0.0))
            };
            let ln1 = t.norm(&name("ln1"), config.normalization, d);
            let [w_q, w_k, w_v] =
                ["W_Q", "W_K", "W_V"].map(|w| t.push_heads(&name(&format!("attn.{w}")), [h, d, dh], matrix));
            let w_o = t.push(&name("attn.W_O"), &[h, dh, d], ParamGroup::Attention, writes);
            let [b_q, b_k, b_v] = ["b_Q", "b_K", "b_V"].map(|b| bias(&mut t, &format!("attn.{b}"), &[h, dh]));
            let b_o = bias(&mut t, "attn.b_O", &[d]);
            let mlp = (!config.attn_only).then(|| MlpSlots {
                ln2: t.norm(&name("ln2"), config.normalization, d),
                w_in: t.push(&name("mlp.W_in"), &[d, m], ParamGroup::Mlp, matrix),
                b_in: bias(&mut t, "mlp.b_in", &[m]),
                w_out: t.push(&name("mlp.W_out"), &[m, d], ParamGroup::Mlp, writes),
                b_out: bias(&mut t, "mlp.b_out", &[d]),
            });
            blocks.push(BlockSlots { ln1, w_q, w_k, w_v, w_o, b_q, b_k, b_v, b_o, mlp });
        }
        let ln_final = t.norm("ln_final", config.final_normalization(), d);
        let w_u = t.push("unembed.W_U", &[d, d_vocab], ParamGroup::Unembedding, matrix);
        let b_u = t.push("unembed.b_U", &[d_vocab], ParamGroup::Vector, Init::Constant(0.0));
        Layout { tensors: t.tensors, w_e, w_pos, blocks, ln_final, w_u, b_u }
    }

    /// Returns the number of parameters.
    pub fn n_params(&self) -> usize {
        self.tensors.iter().map(|t| t.slot.len).sum()
    }

    /// Returns the number of parameters of one group; the groups sum to [`Layout::n_params`].
    pub fn n_params_of(&self, group: ParamGroup) -> usize {
        self.tensors.iter().filter(|t| t.group == group).map(|t| t.slot.len).sum()
    }

    /// Returns the parameter of this name.
    pub fn tensor(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|t| t.name == name)
    }

    /// Draws the initial values of every parameter.
    pub fn init(&self, rng: &mut impl Rng) -> Vec<f32> {
        let mut flat = vec![0.0; self.n_params()];
        for tensor in &self.tensors {
            for value in tensor.slot.of_mut(&mut flat) {
                *value = match tensor.init {
                    Init::Constant(c) => c,
                    Init::Normal(std) => std * standard_normal(rng),
                };
            }
        }
        flat
    }
}

/// Draws a standard normal number by Box–Muller, from two uniform draws in (0, 1].
fn standard_normal(rng: &mut impl Rng) -> f32 {
    let (u, v): (f64, f64) = (1.0 - rng.random::<f64>(), rng.random());
    ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
}

impl Tensor {
    /// Returns the parameter in TransformerLens' axis order.
    pub fn gather<F: Copy>(&self, flat: &[F]) -> Vec<F> {
        let values = self.slot.of(flat);
        self.offsets().map(|offset| values[offset]).collect()
    }

    /// Writes values that are in TransformerLens' axis order.
    ///
    /// # Panics
    /// If `values` and the parameter differ in length.
    pub fn scatter<F: Copy>(&self, values: &[F], flat: &mut [F]) {
        assert_eq!(values.len(), self.slot.len);
        let place = self.slot.of_mut(flat);
        for (offset, &value) in self.offsets().zip(values) {
            place[offset] = value;
        }
    }

    /// Returns the offsets in the slot, in row-major order of `shape`.
    fn offsets(&self) -> impl Iterator<Item = usize> + '_ {
        let mut index = vec![0; self.shape.len()];
        (0..self.slot.len).map(move |_| {
            let offset = index.iter().zip(&self.strides).map(|(i, s)| i * s).sum();
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                if index[axis] < self.shape[axis] {
                    break;
                }
                index[axis] = 0;
            }
            offset
        })
    }
}

/// A table under construction.
#[derive(Default)]
struct LayoutBuilder {
    tensors: Vec<Tensor>,
    len: usize,
}

impl LayoutBuilder {
    fn push(&mut self, name: &str, shape: &[usize], group: ParamGroup, init: Init) -> Slot {
        let mut strides = vec![1; shape.len()];
        for axis in (1..shape.len()).rev() {
            strides[axis - 1] = strides[axis] * shape[axis];
        }
        self.push_strided(name, shape, strides, group, init)
    }

    /// `[n_heads, d_model, d_head]`, stored as `[d_model, n_heads · d_head]`.
    fn push_heads(&mut self, name: &str, [h, d, dh]: [usize; 3], init: Init) -> Slot {
        self.push_strided(name, &[h, d, dh], vec![dh, h * dh, 1], ParamGroup::Attention, init)
    }

    fn norm(&mut self, name: &str, kind: Normalization, d: usize) -> NormSlots {
        let mut vector =
            |rest, value| self.push(&format!("{name}.{rest}"), &[d], ParamGroup::Vector, Init::Constant(value));
        NormSlots { w: kind.has_gain().then(|| vector("w", 1.0)), b: kind.has_bias().then(|| vector("b", 0.0)) }
    }

    fn push_strided(
        &mut self,
        name: &str,
        shape: &[usize],
        strides: Vec<usize>,
        group: ParamGroup,
        init: Init,
    ) -> Slot {
        let slot = Slot { start: self.len, len: shape.iter().product() };
        self.len += slot.len;
        self.tensors.push(Tensor { name: name.into(), shape: shape.into(), slot, strides, group, init });
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_tile_the_buffer_and_groups_add_up() {
        let layout = Layout::new(&ModelConfig::new(3, 15, 5, 11, 7));
        let mut next = 0;
        for tensor in &layout.tensors {
            assert_eq!((tensor.slot.start, tensor.slot.len), (next, tensor.shape.iter().product()), "{}", tensor.name);
            next += tensor.slot.len;
        }
        use ParamGroup::*;
        let by_group: usize =
            [Embedding, Attention, Mlp, Unembedding, Vector].map(|g| layout.n_params_of(g)).iter().sum();
        assert_eq!((next, by_group), (layout.n_params(), layout.n_params()));
    }

    #[test]
    fn heads_are_views_of_one_wide_matrix() {
        let layout = Layout::new(&ModelConfig::new(1, 4, 2, 3, 3));
        let flat: Vec<usize> = (0..layout.n_params()).collect();
        let w_q = layout.tensor("blocks.0.attn.W_Q").unwrap();
        let gathered = w_q.gather(&flat);
        // [head 1, row 2, column 0] lies in row 2, column d_head of the wide matrix.
        assert_eq!(gathered[4 * 2 + 2 * 2] - w_q.slot.start, 2 * 4 + 2);
        let mut back = vec![0; flat.len()];
        w_q.scatter(&gathered, &mut back);
        assert_eq!(w_q.slot.of(&back), w_q.slot.of(&flat));
    }
}
