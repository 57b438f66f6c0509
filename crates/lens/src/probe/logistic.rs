//! The objective of a linear probe: multinomial logistic regression with a ridge penalty on the weights, not on the intercepts.
//!
//! `L(W, b) = mean over examples of −ln p(label | x) + (λ/2) ‖W‖²`, with `p = softmax(x W + b)`; for two classes `p` is the
//! logistic function of *one* output, the log-odds of class 1. λ is per example and per unit of a standardised feature, so
//! the same value means the same strength for any number of examples.

use faer::{Accum, MatMut, MatRef};

use super::design::Coordinates;
use super::lbfgs::{self, Convergence, Stop};
use super::products::{multiply, weigh_rows};

/// Number of outputs of a probe with `n_classes` classes: one (log-odds) for two classes.
pub(super) fn n_outputs(n_classes: usize) -> usize {
    if n_classes == 2 { 1 } else { n_classes }
}

/// The objective on some examples.
pub(super) struct Objective<'a> {
    pub(super) x: &'a Coordinates,
    /// Class of each example, `0..n_classes`.
    pub(super) labels: &'a [usize],
    pub(super) n_classes: usize,
    pub(super) lambda: f64,
}

impl Objective<'_> {
    /// Value and gradient at `parameters`, `[r + 1, n_outputs]` row-major, the last row being the intercepts.
    /// `outputs` is scratch of length `n · n_outputs`.
    pub(super) fn evaluate(&self, parameters: &[f64], gradient: &mut [f64], outputs: &mut [f64]) -> f64 {
        let (n, r, c) = (self.x.n, self.x.r, n_outputs(self.n_classes));
        let weights = &parameters[..r * c];
        let loss = if c == 1 {
            self.one_output(parameters, gradient)
        } else {
            self.several_outputs(parameters, gradient, outputs)
        };
        for g in gradient.iter_mut() {
            *g /= n as f64;
        }
        for (g, w) in gradient.iter_mut().zip(weights) {
            *g += self.lambda * w;
        }
        loss / n as f64 + 0.5 * self.lambda * weights.iter().map(|w| w * w).sum::<f64>()
    }

    /// Summed loss and its gradient, one output, in one pass over the examples.
    fn one_output(&self, parameters: &[f64], gradient: &mut [f64]) -> f64 {
        let r = self.x.r;
        let (mut loss, mut gradient_b) = (0.0, 0.0);
        gradient.fill(0.0);
        let error = |i: usize, dot: f64| {
            let z = dot + parameters[r];
            // p = 1 / (1 + e^−z), written so that neither sign overflows.
            let tail = (-z.abs()).exp();
            let p = if z >= 0.0 { 1.0 } else { tail } / (1.0 + tail);
            let error = p - self.labels[i] as f64;
            let wrong = if self.labels[i] == 1 { -z } else { z };
            loss += wrong.max(0.0) + (1.0 + tail).ln();
            gradient_b += error;
            error
        };
        weigh_rows(self.x.n, &self.x.data, &parameters[..r], &mut gradient[..r], error);
        gradient[r] = gradient_b;
        loss
    }

    /// Summed loss and its gradient, one output for each class.
    fn several_outputs(&self, parameters: &[f64], gradient: &mut [f64], outputs: &mut [f64]) -> f64 {
        let (n, r, c) = (self.x.n, self.x.r, self.n_classes);
        forward(self.x, parameters, c, outputs);
        let (gradient_w, gradient_b) = gradient.split_at_mut(r * c);
        gradient_b.fill(0.0);
        let mut loss = 0.0;
        for (row, &label) in outputs.chunks_exact_mut(c).zip(self.labels) {
            loss += softmax_error(row, label);
            for (g, e) in gradient_b.iter_mut().zip(row) {
                *g += *e;
            }
        }
        let out = MatMut::from_row_major_slice_mut(gradient_w, r, c);
        multiply(out, Accum::Replace, self.x.matrix().transpose(), MatRef::from_row_major_slice(&*outputs, n, c), 1.0);
        loss
    }

    /// Moves `parameters` to the minimum. `variance[j]` is the mean square of coordinate `j`.
    pub(super) fn minimise(&self, parameters: &mut [f64], variance: &[f64], stop: Stop) -> Convergence {
        let mut outputs = vec![0.0; self.x.n * n_outputs(self.n_classes)];
        let preconditioner = self.preconditioner(variance);
        lbfgs::minimise(parameters, &preconditioner, stop, |p, g| self.evaluate(p, g, &mut outputs))
    }

    /// Inverse of a diagonal bound on the Hessian: `p(1−p) ≤ 1/4` for one output, `diag(p) − p pᵀ ≤ I/2` for several
    /// (Böhning 1992), and the coordinates are uncorrelated and centred.
    fn preconditioner(&self, variance: &[f64]) -> Vec<f64> {
        let c = n_outputs(self.n_classes);
        let bound = if c == 1 { 0.25 } else { 0.5 };
        let weights = variance.iter().flat_map(|v| vec![1.0 / (bound * v + self.lambda); c]);
        weights.chain(vec![1.0 / bound; c]).collect()
    }
}

/// `outputs = x W + b`, `[n, n_outputs]`.
pub(super) fn forward(x: &Coordinates, parameters: &[f64], n_outputs: usize, outputs: &mut [f64]) {
    let (weights, intercepts) = parameters.split_at(x.r * n_outputs);
    for row in outputs.chunks_exact_mut(n_outputs) {
        row.copy_from_slice(intercepts);
    }
    let out = MatMut::from_row_major_slice_mut(outputs, x.n, n_outputs);
    multiply(out, Accum::Add, x.matrix(), MatRef::from_row_major_slice(weights, x.r, n_outputs), 1.0);
}

/// Replaces an example's logits by their gradient, `p − onehot(label)`, and returns `−ln p(label)` in nats.
fn softmax_error(row: &mut [f64], label: usize) -> f64 {
    let max = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let own = row[label] - max;
    let mut sum = 0.0;
    for z in row.iter_mut() {
        *z = (*z - max).exp();
        sum += *z;
    }
    for z in row.iter_mut() {
        *z /= sum;
    }
    row[label] -= 1.0;
    sum.ln() - own
}

/// `−ln p(label)` in nats, from an example's outputs.
pub(super) fn nll(outputs: &[f64], label: usize) -> f64 {
    match outputs {
        [z] => {
            let wrong = if label == 1 { -z } else { *z };
            wrong.max(0.0) + (-wrong.abs()).exp().ln_1p()
        }
        _ => {
            let max = outputs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            max + outputs.iter().map(|z| (z - max).exp()).sum::<f64>().ln() - outputs[label]
        }
    }
}

/// The class with the largest output; ties go to the first.
pub(super) fn favourite(outputs: &[f64]) -> usize {
    match outputs {
        [z] => usize::from(*z > 0.0),
        _ => (1..outputs.len()).fold(0, |best, c| if outputs[c] > outputs[best] { c } else { best }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;
    use searchlens_base::stream::{Purpose, stream};

    /// Analytic gradient against central differences, every parameter, at a random point.
    #[track_caller]
    fn check_gradient(n: usize, r: usize, n_classes: usize) {
        let mut rng = stream(3, Purpose::Sample, (n * r * n_classes) as u64);
        let x = Coordinates { data: (0..n * r).map(|_| rng.random_range(-2.0..2.0)).collect(), n, r };
        let labels: Vec<usize> = (0..n).map(|_| rng.random_range(0..n_classes)).collect();
        let objective = Objective { x: &x, labels: &labels, n_classes, lambda: 0.3 };
        let c = n_outputs(n_classes);
        let mut at: Vec<f64> = (0..(r + 1) * c).map(|_| rng.random_range(-1.0..1.0)).collect();
        let (mut gradient, mut unused, mut scratch) = (vec![0.0; at.len()], vec![0.0; at.len()], vec![0.0; n * c]);
        objective.evaluate(&at, &mut gradient, &mut scratch);
        for i in 0..at.len() {
            let (here, h) = (at[i], 1e-5);
            let mut value_at = |x: f64| {
                at[i] = x;
                objective.evaluate(&at, &mut unused, &mut scratch)
            };
            let numeric = (value_at(here + h) - value_at(here - h)) / (2.0 * h);
            at[i] = here;
            assert!((numeric - gradient[i]).abs() < 1e-8, "parameter {i}: {numeric} against {}", gradient[i]);
        }
    }

    #[test]
    fn gradients_agree_with_finite_differences() {
        for (n, r, n_classes) in [(7, 3, 2), (9, 5, 3), (1, 1, 2), (33, 8, 7), (4, 9, 4)] {
            check_gradient(n, r, n_classes);
        }
    }

    #[test]
    fn losses_do_not_overflow() {
        assert_eq!(nll(&[1000.0], 0), 1000.0);
        assert_eq!(nll(&[1000.0], 1), 0.0);
        assert_eq!(nll(&[1000.0, 0.0, -1000.0], 2), 2000.0);
    }

    #[test]
    fn one_output_and_two_say_the_same() {
        for (z, label) in [(0.7, 0), (0.7, 1), (-3.0, 1)] {
            assert!((nll(&[z], label) - nll(&[0.0, z], label)).abs() < 1e-12);
        }
        assert_eq!((favourite(&[0.0]), favourite(&[1.0, 1.0, 0.5])), (0, 0));
    }
}
