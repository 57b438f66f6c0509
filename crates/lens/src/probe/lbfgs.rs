//! Minimises a smooth convex function: limited-memory BFGS with a diagonal preconditioner.
//!
//! Directions by the two-loop recursion over the last [`MEMORY`] steps, started from the preconditioner; steps by bisection
//! until the weak Wolfe conditions hold. Stops when the Euclidean norm of the gradient is at most the tolerance. No randomness
//! and no threads: the same input gives the same bits.
//!
//! Sources: Nocedal & Wright 2006, algorithms 7.4 and 7.5; Lewis & Overton 2013, algorithm 2.6 (the line search).

/// Number of past steps in the Hessian estimate.
const MEMORY: usize = 10;
/// Weak Wolfe conditions: a step must achieve this share of the decrease that the slope predicts ...
const DECREASE: f64 = 1e-4;
/// ... and reduce the slope to at most this share.
const CURVATURE: f64 = 0.9;
/// Bisections before a line search gives up, which happens only where rounding hides any decrease.
const MAX_TRIALS: usize = 40;
/// Values this close (relatively) count as equal in the test for decrease: f64 sums cannot tell them apart.
const ROUNDING: f64 = 1e-14;

/// Stopping criteria.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Stop {
    /// Gradient norm at which it has converged.
    pub(super) tolerance: f64,
    /// Maximum number of steps.
    pub(super) max_iterations: usize,
}

/// How a minimisation ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Convergence {
    /// Steps taken.
    pub iterations: usize,
    /// Euclidean norm of the gradient where it stopped.
    pub gradient_norm: f64,
    /// Whether that norm is within the tolerance.
    pub converged: bool,
}

/// Moves `x` to the minimum of `f`. `f` gets a point, fills the gradient and returns the value; `inverse_curvature` (positive)
/// is a rough guess of the inverse of the Hessian's diagonal.
pub(super) fn minimise(
    x: &mut [f64],
    inverse_curvature: &[f64],
    stop: Stop,
    mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
) -> Convergence {
    let n = x.len();
    let mut gradient = vec![0.0; n];
    let mut value = f(x, &mut gradient);
    let mut past: Vec<Step> = Vec::with_capacity(MEMORY);
    let (mut trial, mut trial_gradient) = (vec![0.0; n], vec![0.0; n]);
    let mut iterations = 0;
    while norm(&gradient) > stop.tolerance && iterations < stop.max_iterations {
        let mut direction = descent_direction(&gradient, &past, inverse_curvature);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding has corrupted the curvature history: restart from the preconditioned gradient.
            past.clear();
            direction = descent_direction(&gradient, &past, inverse_curvature);
            slope = dot(&direction, &gradient);
        }

        let (mut low, mut high, mut length) = (0.0, f64::INFINITY, 1.0);
        let mut found = None;
        for _ in 0..MAX_TRIALS {
            for (t, (x, d)) in trial.iter_mut().zip(x.iter().zip(&direction)) {
                *t = x + length * d;
            }
            let trial_value = f(&trial, &mut trial_gradient);
            if trial_value.is_nan() || trial_value > value + DECREASE * length * slope + ROUNDING * value.abs() {
                high = length;
            } else {
                found = Some(trial_value);
                if dot(&direction, &trial_gradient) >= CURVATURE * slope {
                    break;
                }
                low = length;
            }
            length = if high.is_finite() { 0.5 * (low + high) } else { 2.0 * low };
        }
        // `trial` may be a rejected point when the trials ran out; then there is nothing more to gain.
        let Some(trial_value) = found.filter(|_| dot(&direction, &trial_gradient) >= CURVATURE * slope) else { break };

        let step: Vec<f64> = trial.iter().zip(x.iter()).map(|(t, x)| t - x).collect();
        let change: Vec<f64> = trial_gradient.iter().zip(&gradient).map(|(t, g)| t - g).collect();
        let curvature = dot(&step, &change);
        if curvature > 1e-12 * norm(&step) * norm(&change) {
            if past.len() == MEMORY {
                past.remove(0);
            }
            past.push(Step { step, change, curvature });
        }
        x.copy_from_slice(&trial);
        gradient.copy_from_slice(&trial_gradient);
        value = trial_value;
        iterations += 1;
    }
    let gradient_norm = norm(&gradient);
    Convergence { iterations, gradient_norm, converged: gradient_norm <= stop.tolerance }
}

/// A past step, the change of the gradient along it, and their product (> 0).
struct Step {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

/// The descent direction: minus the estimated inverse Hessian times the gradient (Nocedal & Wright, algorithm 7.4).
fn descent_direction(gradient: &[f64], past: &[Step], inverse_curvature: &[f64]) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = vec![0.0; past.len()];
    for (alpha, p) in alphas.iter_mut().zip(past).rev() {
        *alpha = dot(&p.step, &q) / p.curvature;
        add_scaled(&mut q, -*alpha, &p.change);
    }
    let scale = past.last().map_or(1.0, |p| {
        let weighted: f64 = p.change.iter().zip(inverse_curvature).map(|(y, h)| y * h * y).sum();
        p.curvature / weighted
    });
    for (q, h) in q.iter_mut().zip(inverse_curvature) {
        *q *= scale * h;
    }
    for (alpha, p) in alphas.iter().zip(past) {
        let beta = dot(&p.change, &q) / p.curvature;
        add_scaled(&mut q, alpha - beta, &p.step);
    }
    q
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

fn add_scaled(a: &mut [f64], scale: f64, b: &[f64]) {
    for (a, b) in a.iter_mut().zip(b) {
        *a += scale * b;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STOP: Stop = Stop { tolerance: 1e-9, max_iterations: 500 };

    #[test]
    fn a_badly_scaled_quadratic_is_solved() {
        let scales: Vec<f64> = (0..30).map(|i| 10f64.powf(f64::from(i) / 10.0)).collect();
        let solve = |preconditioner: Vec<f64>| {
            let mut x = vec![1.0; 30];
            let end = minimise(&mut x, &preconditioner, STOP, |x, g| {
                for i in 0..30 {
                    g[i] = scales[i] * (x[i] - i as f64);
                }
                (0..30).map(|i| 0.5 * scales[i] * (x[i] - i as f64).powi(2)).sum()
            });
            assert!(end.converged && (0..30).all(|i| (x[i] - i as f64).abs() < 1e-8), "{end:?} {x:?}");
            end.iterations
        };
        let exact = solve(scales.iter().map(|s| 1.0 / s).collect());
        assert!(exact <= 3, "{exact} steps with the true inverse Hessian");
        assert!(solve(vec![1.0; 30]) > exact);
    }

    #[test]
    fn a_function_that_is_not_quadratic_is_solved() {
        // sum of log cosh: minimum at the shift, flat far away.
        let mut x = vec![30.0, -20.0, 0.0];
        let end = minimise(&mut x, &[1.0; 3], STOP, |x, g| {
            let shifted = [x[0] - 1.0, x[1] + x[0] - 2.0, x[2]];
            let t = shifted.map(f64::tanh);
            g.copy_from_slice(&[t[0] + t[1], t[1], t[2]]);
            shifted.iter().map(|s| s.abs() + (-2.0 * s.abs()).exp().ln_1p()).sum()
        });
        assert!(end.converged, "{end:?}");
        assert!((x[0] - 1.0).abs() < 1e-8 && (x[1] - 1.0).abs() < 1e-8 && x[2].abs() < 1e-8, "{x:?}");
    }

    #[test]
    fn a_function_without_minimum_is_reported_as_not_converged() {
        let stop = Stop { tolerance: 1e-9, max_iterations: 5 };
        let end = minimise(&mut [0.0], &[1.0], stop, |x, g| {
            g[0] = -(-x[0]).exp();
            (-x[0]).exp()
        });
        assert!(!end.converged && end.gradient_norm > 0.0, "{end:?}");
    }
}
