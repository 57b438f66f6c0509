//! Captures: what a network computes on given sequences, at given addresses, under a plan of edits.
//!
//! [`capture`] is the one way from a network and sequences to values: it runs sequences of equal length together, in parallel,
//! and returns each address's values sequence by sequence. Results do not depend on the number of threads.

use crate::address::{Address, AddressError, Picked, Sequence};
use crate::plan::{PlanError, Receipt, Step};
use crate::resolved::{PlanCounts, PlanTap, ResolvedPlan};
use crate::tensor::{Tensor, Tensors};
use rayon::prelude::*;
use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::Model;
use searchlens_model::acts::Acts;
use searchlens_model::backward::ActGrads;
use searchlens_model::config::ModelConfig;
use searchlens_model::kernels::lanes::add;
use searchlens_model::kernels::loss::cross_entropy;
use searchlens_model::model::TokensError;
use searchlens_model::net::Sequences;
use searchlens_model::sites::{At, Axes};
use searchlens_model::tap::{Tap, Window, WindowTap};
use searchlens_model::workers::Workers;
use searchlens_tokens::sequence::role::Role;
use std::ops::Range;

/// One sequence to run on.
#[derive(Clone, Copy, Debug)]
pub struct Input<'a> {
    /// Token ids.
    pub ids: &'a [u32],
    /// What each token stands for, if known. Addresses by role need it.
    pub roles: Option<&'a [Role]>,
    /// `[seq − 1]`, weights of the next-token losses; 1 everywhere if absent.
    pub weights: Option<&'a [f32]>,
}

/// What to capture.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Which values.
    pub addresses: &'a [Address],
    /// Edits on the way.
    pub plan: &'a [Step],
    /// Tensors that the plan names.
    pub references: &'a Tensors,
    /// How far the pass goes.
    pub pass: Pass,
}

/// How far a pass goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Forward.
    Forward,
    /// Forward, to the weighted mean next-token loss over all sequences.
    Loss,
    /// Forward and backward: the gradients of that loss too.
    Gradients,
}

/// What [`capture`] returns.
#[derive(Clone, Debug, PartialEq)]
pub struct Capture {
    /// In the order of the request's addresses.
    pub values: Vec<Captured>,
    /// Weighted mean next-token loss in nats, if the pass goes that far; 0 if no position has weight.
    pub loss: Option<f64>,
    /// Gradients of the loss with respect to the parameters, laid out as these; empty unless asked for.
    pub param_grads: Vec<f32>,
    /// One for each step of the plan.
    pub receipts: Vec<Receipt>,
}

/// Values at one address, sequence after sequence.
#[derive(Clone, Debug, PartialEq)]
pub struct Captured {
    /// Where.
    pub address: Address,
    /// Shape of each sequence's part: the site's axes without `batch`, cut to the address's head, positions and keys.
    pub shapes: Vec<Vec<usize>>,
    /// The parts, one after the other, row-major.
    pub values: Vec<f32>,
    /// Gradients of the loss, laid out as `values`; empty unless asked for.
    pub gradients: Vec<f32>,
}

impl Captured {
    /// Each sequence's part.
    pub fn parts(&self) -> impl Iterator<Item = &[f32]> {
        let mut rest = &self.values[..];
        self.shapes.iter().map(move |shape| {
            let (part, after) = rest.split_at(shape.iter().product());
            rest = after;
            part
        })
    }

    /// Values as one tensor `[batch, ..]`; `None` if the sequences' shapes differ.
    pub fn stacked(self) -> Option<Tensor> {
        let shape = self.stacked_shape()?;
        Some(Tensor { shape, values: self.values })
    }

    /// Shape of the values as one tensor; `None` if the sequences' shapes differ.
    pub fn stacked_shape(&self) -> Option<Vec<usize>> {
        let first = self.shapes.first()?;
        let alike = self.shapes.iter().all(|shape| shape == first);
        alike.then(|| std::iter::once(self.shapes.len()).chain(first.iter().copied()).collect())
    }
}

/// Errors of captures.
#[derive(Debug, thiserror::Error, PartialEq)]
#[expect(missing_docs, reason = "the message says it")]
pub enum CaptureError {
    #[error(transparent)]
    Tokens(#[from] TokensError),
    #[error(transparent)]
    Address(#[from] AddressError),
    #[error(transparent)]
    Plan(#[from] PlanError),
    #[error("address `{address}` picks nothing in any sequence")]
    Nothing { address: String },
}

impl HasFault for CaptureError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Sequences run together.
const ROWS: usize = 32;

/// Runs a network on sequences and returns what the request names.
///
/// ```
/// # use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
/// use searchlens_lens::capture::{Input, Pass, Request, capture};
/// use searchlens_lens::tensor::Tensors;
/// use searchlens_model::{Model, config::ModelConfig, workers::Workers};
///
/// let model = Model::init(ModelConfig::new(2, 8, 2, 10, 6), &mut ChaCha8Rng::seed_from_u64(0));
/// let inputs = [&[1, 2, 3], &[3, 2, 1]].map(|ids| Input { ids, roles: None, weights: None });
/// let request = Request {
///     addresses: &["L1H0".parse()?, "resid_post.1[pos=2]".parse()?],
///     plan: &[],
///     references: &Tensors::new(),
///     pass: Pass::Forward,
/// };
/// let captured = capture(&model, &inputs, request, &Workers::new(Some(1), false)?)?;
/// assert_eq!(captured.values[0].stacked_shape(), Some(vec![2, 3, 1, 4]));
/// assert_eq!(captured.values[1].stacked_shape(), Some(vec![2, 1, 8]));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If tokens, addresses or plan do not fit the network, an address picks nothing, or a step of the plan never edits anything.
pub fn capture(
    model: &Model,
    inputs: &[Input<'_>],
    request: Request<'_>,
    workers: &Workers,
) -> Result<Capture, CaptureError> {
    check(model, inputs)?;
    let sequences: Vec<Sequence<'_>> =
        inputs.iter().map(|input| Sequence { len: input.ids.len(), roles: input.roles }).collect();
    let plan = ResolvedPlan::new(request.plan, request.references, &model.config, &sequences)?;
    let cuts = request.addresses.iter().map(|address| Cut::new(address, &model.config, &sequences));
    let cuts: Vec<Cut<'_>> = cuts.collect::<Result<_, _>>()?;
    let weight: f64 = inputs.iter().flat_map(weights).map(f64::from).sum();
    let job = Job {
        model,
        plan: &plan,
        cuts: &cuts,
        pass: request.pass,
        scale: if weight > 0.0 { 1.0 / weight } else { 0.0 },
    };
    let batches: Vec<Batch> =
        workers.run(|| batches(inputs).into_par_iter().map(|range| job.run(inputs, range)).collect());
    collect(request, &job, &plan, batches)
}

/// Checks every sequence, naming it by its number.
fn check(model: &Model, inputs: &[Input<'_>]) -> Result<(), TokensError> {
    if inputs.is_empty() {
        return Err(TokensError::Empty);
    }
    for (row, input) in inputs.iter().enumerate() {
        model.check(Sequences { tokens: input.ids, seq: input.ids.len() }).map_err(|error| match error {
            TokensError::Unknown { token, pos, d_vocab, .. } => TokensError::Unknown { token, row, pos, d_vocab },
            other => other,
        })?;
    }
    Ok(())
}

/// Neighbouring sequences of equal length, at most [`ROWS`] together.
fn batches(inputs: &[Input<'_>]) -> Vec<Range<usize>> {
    let mut batches = Vec::new();
    let mut first = 0;
    for alike in inputs.chunk_by(|a, b| a.ids.len() == b.ids.len()) {
        for batch in alike.chunks(ROWS) {
            batches.push(first..first + batch.len());
            first += batch.len();
        }
    }
    batches
}

/// An address, resolved for every sequence.
struct Cut<'a> {
    address: &'a Address,
    /// By sequence.
    positions: Vec<Picked>,
    /// By sequence.
    keys: Vec<Picked>,
}

impl<'a> Cut<'a> {
    fn new(address: &'a Address, config: &ModelConfig, sequences: &[Sequence<'_>]) -> Result<Cut<'a>, CaptureError> {
        let longest = sequences.iter().map(|sequence| sequence.len).max().unwrap_or(0);
        address.check(config, longest)?;
        let positions = sequences.iter().map(|&s| address.positions_in(s)).collect::<Result<Vec<_>, _>>()?;
        let keys = sequences.iter().map(|&s| address.keys_in(s)).collect::<Result<Vec<_>, _>>()?;
        let picks =
            |picked: &[Picked]| picked.iter().zip(sequences).any(|(p, s)| (0..s.len).any(|pos| p.contains(pos)));
        if !picks(&positions) || !picks(&keys) {
            return Err(CaptureError::Nothing { address: address.to_string() });
        }
        Ok(Cut { address, positions, keys })
    }

    /// Appends sequence `b` of a batch, `number` of the request, to `out`. Returns the shape of what was appended.
    fn append(
        &self,
        config: &ModelConfig,
        window: Window<'_>,
        b: usize,
        value: &[f32],
        out: &mut Vec<f32>,
    ) -> Vec<usize> {
        let (number, seq) = (window.rows[b], window.seq);
        let n_heads = if self.address.at.site.has_heads() { config.n_heads } else { 1 };
        let heads = self.address.head.map_or(0..n_heads, |head| head..head + 1);
        let positions = self.positions[number].within(seq);
        let width = value.len() / (window.rows.len() * seq * n_heads);
        if self.address.at.site.info().axes == Axes::Square {
            let keys = self.keys[number].within(seq);
            for head in heads.clone() {
                for &query in &positions {
                    let row = &value[((b * n_heads + head) * seq + query) * width..][..width];
                    out.extend(keys.iter().map(|&key| row[key]));
                }
            }
            return vec![heads.len(), positions.len(), keys.len()];
        }
        for &pos in &positions {
            for head in heads.clone() {
                out.extend_from_slice(&value[((b * seq + pos) * n_heads + head) * width..][..width]);
            }
        }
        if self.address.at.site.has_heads() {
            vec![positions.len(), heads.len(), width]
        } else {
            vec![positions.len(), width]
        }
    }
}

/// What every batch of a capture needs.
struct Job<'a> {
    model: &'a Model,
    plan: &'a ResolvedPlan<'a>,
    cuts: &'a [Cut<'a>],
    pass: Pass,
    /// One over the total weight of the losses.
    scale: f64,
}

/// What one batch leaves; lists are by address.
struct Batch {
    shapes: Vec<Vec<Vec<usize>>>,
    values: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
    loss: f64,
    param_grads: Vec<f32>,
    counts: PlanCounts,
}

impl Job<'_> {
    fn run(&self, inputs: &[Input<'_>], range: Range<usize>) -> Batch {
        let inputs = &inputs[range.clone()];
        let seq = inputs[0].ids.len();
        let tokens: Vec<u32> = inputs.iter().flat_map(|input| input.ids).copied().collect();
        let sequences = Sequences { tokens: &tokens, seq };
        let (rows, first) = (range.collect::<Vec<_>>(), vec![0; inputs.len()]);
        let window = Window { rows: &rows, first: &first, seq, n_keys: seq };
        let mut edits = self.plan.tap();
        WindowTap::<f32>::window(&mut edits, window);
        let none = || vec![Vec::new(); self.cuts.len()];
        let mut tap = CaptureTap {
            job: self,
            window,
            edits,
            shapes: vec![Vec::new(); self.cuts.len()],
            values: none(),
            gradients: none(),
        };
        let (mut acts, mut grads) = (Acts::default(), ActGrads::default());
        self.model.forward(sequences, &mut acts, &mut tap);
        let (mut loss, mut param_grads) = (0.0, Vec::new());
        if self.pass != Pass::Forward {
            let weights: Vec<f32> = inputs.iter().flat_map(weights).collect();
            grads.resize(&self.model.config, inputs.len(), seq);
            loss = cross_entropy(seq, &acts.logits, &tokens, &weights, self.scale, &mut grads.logits);
        }
        if self.pass == Pass::Gradients {
            param_grads.resize(self.model.params.len(), 0.0);
            self.model.backward(sequences, &acts, &mut grads, &mut param_grads, &mut tap);
        }
        let CaptureTap { edits, shapes, values, gradients, .. } = tap;
        Batch { shapes, values, gradients, loss, param_grads, counts: edits.into_counts() }
    }
}

fn weights(input: &Input<'_>) -> Vec<f32> {
    input.weights.map_or_else(|| vec![1.0; input.ids.len() - 1], <[f32]>::to_vec)
}

/// Cuts values and gradients to the addresses, after the plan's edits.
struct CaptureTap<'a> {
    job: &'a Job<'a>,
    window: Window<'a>,
    edits: PlanTap<'a>,
    shapes: Vec<Vec<Vec<usize>>>,
    values: Vec<Vec<f32>>,
    gradients: Vec<Vec<f32>>,
}

impl Tap<f32> for CaptureTap<'_> {
    fn wants(&self, at: At) -> bool {
        self.job.cuts.iter().any(|cut| cut.address.at == at) || Tap::<f32>::wants(&self.edits, at)
    }

    fn edits(&self, at: At) -> bool {
        Tap::<f32>::edits(&self.edits, at)
    }

    fn edit(&mut self, at: At, value: &mut [f32]) {
        self.edits.edit(at, value);
    }

    fn pull_back(&mut self, at: At, gradient: &mut [f32]) {
        self.edits.pull_back(at, gradient);
    }

    fn read(&mut self, at: At, value: &[f32]) {
        for (i, cut) in self.job.cuts.iter().enumerate().filter(|(_, cut)| cut.address.at == at) {
            for b in 0..self.window.rows.len() {
                let shape = cut.append(&self.job.model.config, self.window, b, value, &mut self.values[i]);
                self.shapes[i].push(shape);
            }
        }
    }

    fn read_gradient(&mut self, at: At, gradient: &[f32]) {
        for (i, cut) in self.job.cuts.iter().enumerate().filter(|(_, cut)| cut.address.at == at) {
            for b in 0..self.window.rows.len() {
                cut.append(&self.job.model.config, self.window, b, gradient, &mut self.gradients[i]);
            }
        }
    }
}

/// Joins the batches, in order.
fn collect(
    request: Request<'_>,
    job: &Job<'_>,
    plan: &ResolvedPlan<'_>,
    batches: Vec<Batch>,
) -> Result<Capture, CaptureError> {
    let captured = |address: &Address| Captured {
        address: address.clone(),
        shapes: Vec::new(),
        values: Vec::new(),
        gradients: Vec::new(),
    };
    let mut values: Vec<Captured> = request.addresses.iter().map(captured).collect();
    let (mut loss, mut param_grads, mut counts) = (0.0, Vec::new(), Vec::new());
    for batch in batches {
        let parts = batch.shapes.into_iter().zip(batch.values).zip(batch.gradients);
        for (captured, ((shapes, values), gradients)) in values.iter_mut().zip(parts) {
            captured.shapes.extend(shapes);
            captured.values.extend(values);
            captured.gradients.extend(gradients);
        }
        loss += batch.loss;
        if param_grads.is_empty() {
            param_grads = batch.param_grads;
        } else {
            add(&mut param_grads, &batch.param_grads);
        }
        counts.push(batch.counts);
    }
    let loss = (job.pass != Pass::Forward).then_some(job.scale * loss);
    Ok(Capture { values, loss, param_grads, receipts: plan.receipts(&counts)? })
}
