//! Cross-entropy of next-token predictions, in nats, with its gradient.

use super::lanes::{max, sum_of};
use super::real::Real;
use super::tier::vectorised;

/// Weighted sum of next-token losses: position `p` of a sequence predicts token `p + 1`.
///
/// Fills `dlogits` with the gradient of `scale · loss`: `scale · weight · (softmax(logits) − onehot(next token))`.
///
/// # Shapes
/// - `logits`, `dlogits` (out): `[n_seq, seq, d_vocab]`
/// - `tokens`: `[n_seq, seq]`; `weights`: `[n_seq, seq − 1]`
pub fn cross_entropy<F: Real>(
    seq: usize,
    logits: &[F],
    tokens: &[u32],
    weights: &[f32],
    scale: f64,
    dlogits: &mut [F],
) -> f64 {
    vectorised(
        #[inline(always)]
        move || {
            let d_vocab = logits.len() / tokens.len();
            let rows = logits.chunks_exact(d_vocab).zip(dlogits.chunks_exact_mut(d_vocab));
            let mut loss = 0.0;
            for (i, (row, grad)) in rows.enumerate() {
                let (b, p) = (i / seq, i % seq);
                let weight = if p + 1 < seq { weights[b * (seq - 1) + p] } else { 0.0 };
                if weight == 0.0 {
                    grad.fill(F::ZERO);
                    continue;
                }
                let next = tokens[i + 1] as usize;
                let top = max(row);
                for (g, &l) in grad.iter_mut().zip(row) {
                    *g = (l - top).exp();
                }
                let sum = sum_of(grad, |v| v);
                loss += f64::from(weight) * (sum.to_f64().ln() + top.to_f64() - row[next].to_f64());
                let factor = F::of(scale * f64::from(weight)) / sum;
                for g in grad.iter_mut() {
                    *g *= factor;
                }
                grad[next] -= F::of(scale * f64::from(weight));
            }
            loss
        },
    )
}
