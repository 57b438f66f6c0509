//! Plans at work: checked against a network and its sequences, then carried out by a tap.

use crate::address::{Picked, Sequence};
use crate::edit::{Edit, Projection, Subspace, Values};
use crate::plan::{PlanError, Receipt, Step};
use crate::row_map::{Basis, Entries, Numbers, RowIndex, RowMap, Source};
use crate::tensor::Tensors;
use searchlens_base::text::near_names;
use searchlens_model::config::{AttentionDir, ModelConfig};
use searchlens_model::kernels::real::Real;
use searchlens_model::sites::{At, Axes, Site};
use searchlens_model::tap::{Tap, Window, WindowTap};

/// A plan whose addresses, references and subspaces are resolved for one network and certain sequences.
#[derive(Clone, Debug)]
pub struct ResolvedPlan<'a> {
    steps: Vec<ResolvedStep<'a>>,
    config: &'a ModelConfig,
}

#[derive(Clone, Debug)]
struct ResolvedStep<'a> {
    step: &'a Step,
    map: RowMap<'a>,
    /// By sequence.
    positions: Vec<Picked>,
    /// By sequence.
    keys: Vec<Picked>,
    /// Shape of the site's value over all sequences.
    shape: Vec<usize>,
}

impl<'a> ResolvedPlan<'a> {
    /// Resolves a plan. In generation, a sequence's length is what it can grow to.
    ///
    /// # Errors
    /// If a step cannot be carried out in this network, names a role while roles are not known, or names an unknown or
    /// ill-shaped reference.
    pub fn new(
        plan: &'a [Step],
        references: &'a Tensors,
        config: &'a ModelConfig,
        sequences: &[Sequence<'_>],
    ) -> Result<ResolvedPlan<'a>, PlanError> {
        let longest = sequences.iter().map(|sequence| sequence.len).max().unwrap_or(0);
        let resolve = |(number, step): (usize, &'a Step)| {
            let address = |source| PlanError::Address { step: number, source };
            step.at.check(config, longest).map_err(address)?;
            let shape = step.at.at.site.shape(config, sequences.len(), longest);
            let resolver = Resolver { number, step, references, shape: &shape };
            let map = resolver.row_map()?;
            let (mut positions, mut keys) = (Vec::new(), Vec::new());
            for &sequence in sequences {
                positions.push(step.at.positions_in(sequence).map_err(address)?);
                keys.push(step.at.keys_in(sequence).map_err(address)?);
            }
            Ok(ResolvedStep { step, map, positions, keys, shape })
        };
        let steps = plan.iter().enumerate().map(resolve).collect::<Result<_, _>>()?;
        Ok(ResolvedPlan { steps, config })
    }

    /// A tap that carries out the plan. Needs a [`Window`] before each pass, with sequences numbered as in
    /// [`ResolvedPlan::new`].
    pub fn tap(&self) -> PlanTap<'_> {
        let counts = vec![Counts::default(); self.steps.len()];
        PlanTap { plan: self, rows: Vec::new(), first: Vec::new(), seq: 0, counts }
    }

    /// What each step did, from the counts of one or several taps.
    ///
    /// # Errors
    /// If a step never edited anything.
    pub fn receipts(&self, counts: &[PlanCounts]) -> Result<Vec<Receipt>, PlanError> {
        let receipt = |(number, resolved): (usize, &ResolvedStep<'_>)| {
            let at = &resolved.step.at;
            let sum = |of: fn(&Counts) -> usize| counts.iter().map(|counts| of(&counts.0[number])).sum();
            let (fired, rows, entries) = (sum(|c| c.fired), sum(|c| c.rows), sum(|c| c.entries));
            if entries == 0 {
                return Err(PlanError::NeverFired { step: number, at: at.to_string() });
            }
            Ok(Receipt { at: at.clone(), shape: resolved.shape.clone(), fired, rows, entries })
        };
        self.steps.iter().enumerate().map(receipt).collect()
    }
}

/// What resolving one step needs.
struct Resolver<'a, 's> {
    number: usize,
    step: &'a Step,
    references: &'a Tensors,
    shape: &'s [usize],
}

impl<'a> Resolver<'a, '_> {
    fn row_map(&self) -> Result<RowMap<'a>, PlanError> {
        let entries = |scale, shift| RowMap::Entries { scale, shift };
        Ok(match &self.step.edit {
            Edit::Zero => entries(0.0, None),
            Edit::Scale(scale) => entries(self.finite(*scale)?, None),
            Edit::Set(values) | Edit::Mean(values) => entries(0.0, Some(self.source(values, 1.0)?)),
            Edit::Add { direction, scale } => entries(1.0, Some(self.source(direction, self.finite(*scale)?)?)),
            Edit::Project(Projection::Onto(subspace)) => RowMap::Onto { basis: self.basis(subspace)? },
            Edit::Project(Projection::OutOf(subspace)) => {
                RowMap::Towards { basis: Some(self.basis(subspace)?), strength: 1.0, source: None }
            }
            Edit::Interchange { source, subspace, strength } => RowMap::Towards {
                basis: subspace.as_ref().map(|subspace| self.basis(subspace)).transpose()?,
                strength: self.finite(*strength)?,
                source: Some(self.source(source, 1.0)?),
            },
            Edit::KnockOut if self.step.at.at.site == Site::AttnScores => RowMap::KnockOut,
            Edit::KnockOut => return Err(PlanError::KnockOutElsewhere { step: self.number, at: self.site() }),
        })
    }

    fn site(&self) -> String {
        self.step.at.at.to_string()
    }

    fn width(&self) -> usize {
        self.shape[self.shape.len() - 1]
    }

    fn finite(&self, x: f64) -> Result<f64, PlanError> {
        if x.is_finite() { Ok(x) } else { Err(PlanError::NotFinite { step: self.number }) }
    }

    fn check_row(&self, row: &[f64]) -> Result<(), PlanError> {
        let (step, got, want) = (self.number, row.len(), self.width());
        if got != want {
            return Err(PlanError::Width { step, at: self.site(), got, want });
        }
        row.iter().try_for_each(|&x| self.finite(x).map(drop))
    }

    fn reference(&self, name: &str) -> Result<(&'a [usize], &'a [f32]), PlanError> {
        let (step, known) = (self.number, self.references);
        let tensor = known.get(name).ok_or_else(|| PlanError::UnknownReference {
            step,
            name: name.into(),
            near: near_names(name, known.keys().map(String::as_str)),
        })?;
        if tensor.values.iter().any(|x| x.is_nan()) {
            return Err(PlanError::ReferenceNan { step, name: name.into() });
        }
        Ok((&tensor.shape, &tensor.values))
    }

    fn source(&self, values: &Values, factor: f64) -> Result<Source<'a>, PlanError> {
        Ok(match values {
            Values::One(x) => Source { values: Numbers::Plan(vec![self.finite(*x)?]), strides: [0; 4], factor },
            Values::Row(row) => {
                self.check_row(row)?;
                Source { values: Numbers::Plan(row.clone()), strides: [0, 0, 0, 1], factor }
            }
            Values::Reference(name) => {
                let (shape, values) = self.reference(name)?;
                let strides = self.strides(shape).ok_or_else(|| PlanError::ReferenceShape {
                    step: self.number,
                    name: name.clone(),
                    at: self.site(),
                    got: shape.to_vec(),
                    want: self.shape.to_vec(),
                })?;
                Source { values: Numbers::Reference(values), strides, factor }
            }
        })
    }

    /// Strides by sequence, position, head and entry of a tensor that broadcasts to the site's shape; `None` if it does not.
    fn strides(&self, shape: &[usize]) -> Option<[usize; 4]> {
        let axes: &[usize] = match self.step.at.at.site.info().axes {
            Axes::Square => &[0, 2, 1, 3],
            Axes::Heads | Axes::HeadsModel => &[0, 1, 2, 3],
            Axes::Model | Axes::One | Axes::Mlp | Axes::Vocab => &[0, 1, 3],
        };
        if shape.len() > axes.len() {
            return None;
        }
        let (mut strides, mut stride) = ([0; 4], 1);
        for back in 1..=shape.len() {
            let (size, want, axis) =
                (shape[shape.len() - back], self.shape[self.shape.len() - back], axes[axes.len() - back]);
            if size != want && size != 1 {
                return None;
            }
            strides[axis] = if size == 1 { 0 } else { stride };
            stride *= size;
        }
        Some(strides)
    }

    fn basis(&self, subspace: &Subspace) -> Result<Basis, PlanError> {
        let (step, width) = (self.number, self.width());
        if self.step.at.at.site.info().axes == Axes::Square {
            return Err(PlanError::SubspaceOfAttention { step, at: self.site() });
        }
        let read;
        let vectors = match subspace {
            Subspace::Vectors(vectors) => {
                vectors.iter().try_for_each(|vector| self.check_row(vector))?;
                vectors
            }
            Subspace::Reference(name) => {
                let (shape, values) = self.reference(name)?;
                if shape.len() != 2 || shape[1] != width {
                    let (name, got) = (name.clone(), shape.to_vec());
                    return Err(PlanError::SubspaceShape { step, name, got, want: width });
                }
                read = values.chunks_exact(width).map(|row| row.iter().map(|&x| x.into()).collect()).collect();
                &read
            }
        };
        if vectors.is_empty() {
            return Err(PlanError::NoVectors { step });
        }
        Basis::orthonormal(vectors, width).map_err(|vector| PlanError::Dependent { step, vector })
    }
}

/// A tap that carries out a plan.
#[derive(Clone, Debug)]
pub struct PlanTap<'a> {
    plan: &'a ResolvedPlan<'a>,
    /// Numbers of the window's sequences.
    rows: Vec<usize>,
    /// Position of each one's first token in the window.
    first: Vec<usize>,
    seq: usize,
    counts: Vec<Counts>,
}

/// What the steps of a plan did under one tap.
#[derive(Clone, Debug)]
pub struct PlanCounts(Vec<Counts>);

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    fired: usize,
    rows: usize,
    entries: usize,
}

impl PlanTap<'_> {
    /// What the steps did so far.
    pub fn into_counts(self) -> PlanCounts {
        PlanCounts(self.counts)
    }

    /// Calls `work` on every picked row of a value, cut to the entries that its query may see.
    fn for_each_row<F: Real>(
        &self,
        resolved: &ResolvedStep<'_>,
        value: &mut [F],
        mut work: impl FnMut(&mut [F], RowIndex, &Picked),
    ) {
        if self.rows.is_empty() {
            return;
        }
        let (address, config) = (&resolved.step.at, self.plan.config);
        let is_square = address.at.site.info().axes == Axes::Square;
        let n_heads = if address.at.site.has_heads() { config.n_heads } else { 1 };
        let heads = address.head.map_or(0..n_heads, |head| head..head + 1);
        let width = value.len() / (self.rows.len() * self.seq * n_heads);
        for (b, (&sequence, &first)) in self.rows.iter().zip(&self.first).enumerate() {
            for t in (0..self.seq).filter(|t| resolved.positions[sequence].contains(first + t)) {
                let pos = first + t;
                let seen = if is_square && config.attention_dir == AttentionDir::Causal { pos + 1 } else { width };
                for head in heads.clone() {
                    let row = if is_square {
                        (b * n_heads + head) * self.seq + t
                    } else {
                        (b * self.seq + t) * n_heads + head
                    };
                    let row = &mut value[row * width..][..seen];
                    work(row, RowIndex { sequence, pos, head }, &resolved.keys[sequence]);
                }
            }
        }
    }
}

impl<F: Real> Tap<F> for PlanTap<'_> {
    fn wants(&self, at: At) -> bool {
        self.plan.steps.iter().any(|resolved| resolved.step.at.at == at)
    }

    fn edits(&self, at: At) -> bool {
        Tap::<F>::wants(self, at)
    }

    fn edit(&mut self, at: At, value: &mut [F]) {
        for (number, resolved) in self.plan.steps.iter().enumerate().filter(|(_, r)| r.step.at.at == at) {
            let (mut rows, mut entries) = (0, 0);
            self.for_each_row(resolved, value, |row, index, picked| {
                let touched = Entries { picked, scores: at.site == Site::AttnScores };
                let edited = resolved.map.apply(row, index, touched);
                rows += usize::from(edited > 0);
                entries += edited;
            });
            let counts = &mut self.counts[number];
            counts.fired += 1;
            counts.rows += rows;
            counts.entries += entries;
        }
    }

    fn pull_back(&mut self, at: At, gradient: &mut [F]) {
        for resolved in self.plan.steps.iter().rev().filter(|r| r.step.at.at == at) {
            self.for_each_row(resolved, gradient, |row, _, picked| resolved.map.pull_back(row, picked));
        }
    }
}

impl<F: Real> WindowTap<F> for PlanTap<'_> {
    fn window(&mut self, window: Window<'_>) {
        (self.rows, self.first, self.seq) = (window.rows.to_vec(), window.first.to_vec(), window.seq);
    }
}
