//! Features shared by all probes of the same activations: standardised and rotated to their principal axes.
//!
//! The penalty `‖W‖²` does not change under a rotation, so the fit may work in any orthonormal basis of the standardised
//! features. In the basis of their right singular vectors the data part of the Hessian is bounded by a *diagonal* matrix
//! (`preconditioner` in `logistic.rs`), which makes quasi-Newton steps few; and with more features than examples the fit needs
//! only as many axes as there are examples, because a minimum has no weight outside their span.

use faer::{Accum, Mat, MatMut, MatRef};

use super::products::{leave_wide_registers, multiply};
use super::{Features, ProbeError};

/// Features whose spread is below this share of their size are constant as far as f32 can tell.
const CONSTANT: f64 = 1e-6;
/// Axes shorter than this share of the longest are rounding noise.
const NEGLIGIBLE: f64 = 1e-7;

/// Mean and scale of every feature on the examples a probe is fitted on, and the principal axes of the standardised features.
#[derive(Debug)]
pub(super) struct Axes {
    mean: Vec<f64>,
    /// 1 / standard deviation; 0 for a constant feature.
    inverse_sd: Vec<f64>,
    /// `[d, r]`, orthonormal columns.
    v: Mat<f64>,
    /// `[r]`: mean square of the examples along each axis, descending.
    pub(super) variance: Vec<f64>,
}

/// Examples in the coordinates of some [`Axes`]: `[n, r]`, row-major.
#[derive(Debug)]
pub(super) struct Coordinates {
    pub(super) data: Vec<f64>,
    pub(super) n: usize,
    pub(super) r: usize,
}

impl Coordinates {
    pub(super) fn matrix(&self) -> MatRef<'_, f64> {
        MatRef::from_row_major_slice(&self.data, self.n, self.r)
    }
}

impl Axes {
    /// The axes of the chosen rows.
    pub(super) fn of(features: Features<'_>, rows: &[usize]) -> Result<Axes, ProbeError> {
        let (n, d) = (rows.len(), features.d);
        let mut mean = vec![0.0; d];
        for &row in rows {
            for (m, &x) in mean.iter_mut().zip(features.row(row)) {
                *m += f64::from(x) / n as f64;
            }
        }
        let mut variance = vec![0.0; d];
        for &row in rows {
            for (v, (m, &x)) in variance.iter_mut().zip(mean.iter().zip(features.row(row))) {
                *v += (f64::from(x) - m).powi(2) / n as f64;
            }
        }
        let inverse_sd =
            variance.iter().zip(&mean).map(|(v, m)| if v.sqrt() > CONSTANT * m.abs() { 1.0 / v.sqrt() } else { 0.0 });
        let mut axes = Axes { inverse_sd: inverse_sd.collect(), mean, v: Mat::zeros(d, 0), variance: vec![] };
        if n == 0 || d == 0 {
            return Ok(axes);
        }
        let standard = axes.standardise(features, rows);
        let svd = MatRef::from_row_major_slice(&standard, n, d).thin_svd().map_err(ProbeError::Decomposition)?;
        leave_wide_registers();
        let lengths: Vec<f64> = svd.S().column_vector().iter().copied().collect();
        let longest = lengths.first().copied().unwrap_or(0.0);
        let r = lengths.iter().take_while(|&&l| l > NEGLIGIBLE * longest).count();
        axes.v = svd.V().subcols(0, r).to_owned();
        axes.variance = lengths[..r].iter().map(|l| l * l / n as f64).collect();
        Ok(axes)
    }

    /// Number of axes.
    pub(super) fn r(&self) -> usize {
        self.variance.len()
    }

    /// The chosen rows, standardised: `[rows, d]`, row-major.
    fn standardise(&self, features: Features<'_>, rows: &[usize]) -> Vec<f64> {
        let mut out = Vec::with_capacity(rows.len() * features.d);
        for &row in rows {
            let scaled = features.row(row).iter().zip(self.mean.iter().zip(&self.inverse_sd));
            out.extend(scaled.map(|(&x, (m, s))| (f64::from(x) - m) * s));
        }
        out
    }

    /// The chosen rows in the coordinates of these axes.
    pub(super) fn project(&self, features: Features<'_>, rows: &[usize]) -> Coordinates {
        let (n, r) = (rows.len(), self.r());
        let standard = self.standardise(features, rows);
        let mut data = vec![0.0; n * r];
        let out = MatMut::from_row_major_slice_mut(&mut data, n, r);
        multiply(out, Accum::Replace, MatRef::from_row_major_slice(&standard, n, features.d), self.v.as_ref(), 1.0);
        Coordinates { data, n, r }
    }

    /// Turns parameters `[r + 1, n_outputs]` (last row: intercepts) into weights on the raw features, `[n_outputs, d]`, and
    /// their intercepts.
    pub(super) fn to_raw(&self, parameters: &[f64], n_outputs: usize) -> (Vec<f64>, Vec<f64>) {
        let (d, r) = (self.mean.len(), self.r());
        let rotated = MatRef::from_row_major_slice(&parameters[..r * n_outputs], r, n_outputs);
        let mut standard = Mat::zeros(d, n_outputs);
        multiply(standard.as_mut(), Accum::Replace, self.v.as_ref(), rotated, 1.0);
        let mut weights = vec![0.0; n_outputs * d];
        let mut intercepts = parameters[r * n_outputs..].to_vec();
        for c in 0..n_outputs {
            for j in 0..d {
                let weight = standard[(j, c)] * self.inverse_sd[j];
                weights[c * d + j] = weight;
                intercepts[c] -= weight * self.mean[j];
            }
        }
        (weights, intercepts)
    }
}
