//! Affine maps of rows: edits with their numbers at hand.

use crate::address::Picked;
use searchlens_model::kernels::real::Real;

/// What an edit does to a row, ready to be applied.
#[derive(Clone, Debug)]
pub(crate) enum RowMap<'a> {
    /// `row ↦ scale · row + shift`, entry by entry.
    Entries { scale: f64, shift: Option<Source<'a>> },
    /// `row ↦ row + strength · P (source − row)`. Without a basis `P` is the identity, without a source the source is 0.
    Towards { basis: Option<Basis>, strength: f64, source: Option<Source<'a>> },
    /// `row ↦ P row`.
    Onto { basis: Basis },
    /// Scores of masked keys.
    KnockOut,
}

/// A place of a row: sequence, position, head.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RowIndex {
    pub(crate) sequence: usize,
    pub(crate) pos: usize,
    pub(crate) head: usize,
}

/// Entries of a row that an edit may touch.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entries<'a> {
    pub(crate) picked: &'a Picked,
    /// Whether entries at −∞ are masked keys.
    pub(crate) scores: bool,
}

impl Entries<'_> {
    fn include<F: Real>(self, i: usize, value: F) -> bool {
        self.picked.contains(i) && !(self.scores && value == F::NEG_INFINITY)
    }
}

impl RowMap<'_> {
    /// Applies the map to a row in place. Returns the number of entries edited.
    pub(crate) fn apply<F: Real>(&self, row: &mut [F], index: RowIndex, entries: Entries<'_>) -> usize {
        match self {
            RowMap::Entries { scale, shift } => each(row, entries, |i, old| {
                let shift = shift.as_ref().map(|shift| F::of(shift.value(index, i)));
                match (*scale, shift) {
                    (0.0, shift) => shift.unwrap_or(F::ZERO),
                    (1.0, Some(shift)) => old + shift,
                    (scale, None) => old * F::of(scale),
                    (scale, Some(shift)) => old * F::of(scale) + shift,
                }
            }),
            RowMap::Towards { basis: None, strength, source } => each(row, entries, |i, old| {
                let source = source.as_ref().map_or(F::ZERO, |source| F::of(source.value(index, i)));
                if *strength == 1.0 { source } else { old + F::of(*strength) * (source - old) }
            }),
            RowMap::Towards { basis: Some(basis), strength, source } => {
                let target = |i: usize| source.as_ref().map_or(0.0, |source| source.value(index, i));
                basis.add_components(row, |i, old| strength * (target(i) - old));
                row.len()
            }
            RowMap::Onto { basis } => {
                basis.project(row);
                row.len()
            }
            RowMap::KnockOut => each(row, entries, |_, _| F::NEG_INFINITY),
        }
    }

    /// Multiplies the gradient of the new row by the transposed Jacobian of the map.
    pub(crate) fn pull_back<F: Real>(&self, gradient: &mut [F], picked: &Picked) {
        let entries = Entries { picked, scores: false };
        match self {
            RowMap::Entries { scale, .. } => {
                each(gradient, entries, |_, g| if *scale == 0.0 { F::ZERO } else { g * F::of(*scale) });
            }
            RowMap::Towards { basis: None, strength, .. } => {
                each(gradient, entries, |_, g| if *strength == 1.0 { F::ZERO } else { g * F::of(1.0 - strength) });
            }
            RowMap::Towards { basis: Some(basis), strength, .. } => {
                basis.add_components(gradient, |_, g| -strength * g);
            }
            RowMap::Onto { basis } => basis.project(gradient),
            RowMap::KnockOut => {
                each(gradient, entries, |_, _| F::ZERO);
            }
        }
    }
}

fn each<F: Real>(row: &mut [F], entries: Entries<'_>, mut new: impl FnMut(usize, F) -> F) -> usize {
    let mut edited = 0;
    for (i, v) in row.iter_mut().enumerate() {
        if entries.include(i, *v) {
            *v = new(i, *v);
            edited += 1;
        }
    }
    edited
}

/// Numbers for every row of a site: a tensor that broadcasts to the site's value.
#[derive(Clone, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) values: Numbers<'a>,
    /// Of sequence, position, head and entry.
    pub(crate) strides: [usize; 4],
    pub(crate) factor: f64,
}

#[derive(Clone, Debug)]
pub(crate) enum Numbers<'a> {
    Plan(Vec<f64>),
    Reference(&'a [f32]),
}

impl Source<'_> {
    fn value(&self, index: RowIndex, entry: usize) -> f64 {
        let [sequence, pos, head, inner] = self.strides;
        let i = index.sequence * sequence + index.pos * pos + index.head * head + entry * inner;
        self.factor
            * match &self.values {
                Numbers::Plan(values) => values[i],
                Numbers::Reference(values) => f64::from(values[i]),
            }
    }
}

/// An orthonormal basis of a subspace.
#[derive(Clone, Debug)]
pub(crate) struct Basis {
    /// `[rank, width]`
    vectors: Vec<f64>,
    width: usize,
}

/// A vector whose component outside the span of those before it is shorter than this share of it counts as dependent: what
/// rounding to f32 leaves of an exact dependence is a tenth of it.
const INDEPENDENT: f64 = 1e-6;

impl Basis {
    /// Orthonormalises vectors of equal length. `Err` is the index of the first that depends on those before it.
    pub(crate) fn orthonormal(vectors: &[Vec<f64>], width: usize) -> Result<Basis, usize> {
        let mut basis = Basis { vectors: Vec::with_capacity(vectors.len() * width), width };
        for (index, vector) in vectors.iter().enumerate() {
            let mut rest = vector.clone();
            // Gram-Schmidt twice is orthogonal to rounding; once is not where vectors are nearly dependent.
            for _ in 0..2 {
                basis.add_components(&mut rest, |_, v| -v);
            }
            let length = norm(&rest);
            if length.is_nan() || length <= INDEPENDENT * norm(vector) {
                return Err(index);
            }
            basis.vectors.extend(rest.iter().map(|v| v / length));
        }
        Ok(basis)
    }

    /// `row += P v`, with `v[i] = of(i, row[i])`.
    fn add_components<F: Real>(&self, row: &mut [F], of: impl Fn(usize, f64) -> f64) {
        let v: Vec<f64> = row.iter().enumerate().map(|(i, x)| of(i, x.to_f64())).collect();
        let mut sum = vec![0.0; row.len()];
        for b in self.vectors.chunks_exact(self.width) {
            let coefficient: f64 = b.iter().zip(&v).map(|(b, v)| b * v).sum();
            sum.iter_mut().zip(b).for_each(|(sum, b)| *sum += coefficient * b);
        }
        for (x, sum) in row.iter_mut().zip(sum) {
            // Adding 0 would turn −0 into 0, and a run patched with itself must keep its bits.
            if sum != 0.0 {
                *x = F::of(x.to_f64() + sum);
            }
        }
    }

    /// `row = P row`.
    fn project<F: Real>(&self, row: &mut [F]) {
        let v: Vec<f64> = row.iter().map(|x| x.to_f64()).collect();
        row.fill(F::ZERO);
        self.add_components(row, |i, _| v[i]);
    }
}

fn norm(v: &[f64]) -> f64 {
    v.iter().map(|v| v * v).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basis_is_orthonormal_and_spans_what_was_given() {
        let given = [vec![3.0, 0.0, 4.0], vec![3.0, 1e-3, 4.0]];
        let basis = Basis::orthonormal(&given, 3).unwrap();
        let (a, b) = basis.vectors.split_at(3);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        for (got, want) in [(dot(a, a), 1.0), (dot(b, b), 1.0), (dot(a, b), 0.0)] {
            assert!((got - want).abs() < 1e-12);
        }
        let mut row = [3.0, 7.0, 4.0];
        basis.project(&mut row);
        assert!(row.iter().zip([3.0f64, 7.0, 4.0]).all(|(a, b)| (a - b).abs() < 1e-12));
    }

    #[test]
    fn dependent_vectors_are_no_basis() {
        for given in [[vec![0.0, 0.0], vec![1.0, 0.0]], [vec![1.0, 2.0], vec![0.1, 0.2]]] {
            assert!(Basis::orthonormal(&given, 2).is_err());
        }
        assert_eq!(Basis::orthonormal(&[vec![1.0, 0.0], vec![0.0, 1.0], vec![1.0, 1.0]], 2).unwrap_err(), 2);
    }
}
