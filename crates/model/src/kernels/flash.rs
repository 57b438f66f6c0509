//! Softmax attention without storing the pattern: [`super::attention`], one block of queries of one head at a time.
//!
//! The forward pass stores two numbers per query, the largest score and the inverse of the sum of exponentials, from which the
//! backward pass recomputes the pattern (Dao et al. 2022, section 3.1). So memory grows with the sequence, not with its square,
//! a head's scores stay in the first-level cache, and keys that no query of a block sees are skipped. Letters as in
//! [`super::attention`].

use super::attention::{AttnDims, KvGradient};
use super::lanes::{LANES, dot, fold, sum_lanes};
use super::product::{HeadScratch, Packing, Store, View, ViewMut, view, view_mut};
use super::real::Real;
use super::tier::vectorised;

/// Softmax statistics of a query, from which the backward pass recomputes its pattern: `exp((score − top) / attn_scale) ·
/// inverse`, scores being those before the division.
#[derive(Clone, Copy, Debug, Default)]
pub struct Softmax<F> {
    /// The largest visible score.
    pub top: F,
    /// Inverse of the sum of exponentials.
    pub inverse: F,
}

/// `z = softmax(q kᵀ / attn_scale) v`, head by head.
///
/// # Shapes
/// - `q`, `k`, `v`, `z` (out): `[n_seq, seq, n_heads, d_head]`
/// - `softmax` (out): `[n_seq, n_heads, seq]`
pub fn attend<F: Real>(
    dims: AttnDims,
    q: &[F],
    k: &[F],
    v: &[F],
    z: &mut [F],
    softmax: &mut [Softmax<F>],
    packing: &mut Packing<F>,
) {
    let mut scratch = std::mem::take(&mut packing.head);
    for ((b, h), softmax) in dims.pairs().zip(softmax.chunks_exact_mut(dims.seq)) {
        let q = dims.head(q, b, h);
        scratch.k_columns.pack(dims.head(k, b, h).transpose());
        scratch.v.pack(dims.head(v, b, h));
        for (t0, rows, keys) in dims.query_blocks() {
            let width = keys.next_multiple_of(LANES);
            scratch.pattern.resize(rows * width, F::ZERO);
            let scores = view_mut(&mut scratch.pattern, width).subcols_mut(0, keys);
            let k_columns = scratch.k_columns.part(dims.d_head, keys);
            packing.multiply_strips(q.subrows(t0, rows), k_columns, Store::Set, scores);
            let softmax = &mut softmax[t0..t0 + rows];
            exponentials(dims, t0, &mut scratch.pattern, softmax);
            let mut z = dims.head_mut(z, b, h).subrows_mut(t0, rows);
            let pattern = view(&scratch.pattern, width).subcols(0, keys);
            packing.multiply_strips(pattern, scratch.v.part(keys, dims.d_head), Store::Set, z.as_mut());
            divide(z, softmax);
        }
    }
    packing.head = scratch;
}

/// Replaces scores by exponentials of their difference from the row's largest, 0 where masked.
fn exponentials<F: Real>(dims: AttnDims, t0: usize, scores: &mut [F], softmax: &mut [Softmax<F>]) {
    vectorised(
        #[inline(always)]
        move || {
            let (width, scale) = (scores.len() / softmax.len(), F::of(1.0 / dims.attn_scale));
            for (i, (row, softmax)) in scores.chunks_exact_mut(width).zip(softmax).enumerate() {
                let row = masked(dims.visible(t0 + i), row);
                // NaNs are skipped here: the exponential of one is NaN again.
                let larger = |a: F, b: F| if a > b { a } else { b };
                let mut tops = [F::NEG_INFINITY; LANES];
                for chunk in &*row {
                    for i in 0..LANES {
                        tops[i] = larger(chunk[i], tops[i]);
                    }
                }
                let top = fold(tops, larger);
                let mut sums = [F::ZERO; LANES];
                for chunk in row {
                    for i in 0..LANES {
                        chunk[i] = (scale * (chunk[i] - top)).exp();
                        sums[i] += chunk[i];
                    }
                }
                *softmax = Softmax { top, inverse: F::ONE / sum_lanes(sums) };
            }
        },
    )
}

/// Masks a row of scores after the first `seen`: −∞ up to whole vectors, which are returned, 0 after them.
#[inline(always)]
fn masked<F: Real>(seen: usize, row: &mut [F]) -> &mut [[F; LANES]] {
    let (whole, after) = row.as_chunks_mut::<LANES>().0.split_at_mut(seen.div_ceil(LANES));
    let last = &mut whole[seen.div_ceil(LANES) - 1];
    for i in 0..LANES {
        last[i] = if i <= (seen - 1) % LANES { last[i] } else { F::NEG_INFINITY };
    }
    after.fill([F::ZERO; LANES]);
    whole
}

/// Divides `z` of a block of queries by their sums of exponentials.
fn divide<F: Real>(mut z: ViewMut<'_, F>, softmax: &[Softmax<F>]) {
    vectorised(
        #[inline(always)]
        move || {
            for (i, softmax) in softmax.iter().enumerate() {
                for z in z.row_mut(i) {
                    *z *= softmax.inverse;
                }
            }
        },
    )
}

/// Reverses [`attend`].
///
/// `dpattern = dz vᵀ`; `dscores = pattern · (dpattern − z · dz) / attn_scale`, the sum over keys of `pattern · dpattern` being
/// `z · dz`; `dq = dscores k`, `dk = dscoresᵀ q`, `dv = patternᵀ dz`.
pub fn attend_bwd<F: Real>(
    dims: AttnDims,
    kv_gradient: KvGradient,
    [q, k, v]: [&[F]; 3],
    softmax: &[Softmax<F>],
    z: &[F],
    dz: &[F],
    [dq, dk, dv]: [&mut [F]; 3],
    packing: &mut Packing<F>,
) {
    let mut scratch = std::mem::take(&mut packing.head);
    for ((b, h), softmax) in dims.pairs().zip(softmax.chunks_exact(dims.seq)) {
        let [q, k, v, z, dz] = [q, k, v, z, dz].map(|x| dims.head(x, b, h));
        scratch.k_columns.pack(k.transpose());
        scratch.k.pack(k);
        scratch.v.pack(v.transpose());
        // The last queries see all keys: they set the gradients that the others add to.
        let mut store = Store::Set;
        for (t0, rows, keys) in dims.query_blocks().rev() {
            let HeadScratch { k, k_columns, v, q_block, dz_block, pattern, dscores } = &mut scratch;
            let (q, z, dz) = (q.subrows(t0, rows), z.subrows(t0, rows), dz.subrows(t0, rows));
            let width = keys.next_multiple_of(LANES);
            for (left, right, out) in [(q, k_columns, &mut *pattern), (dz, v, &mut *dscores)] {
                out.resize(rows * width, F::ZERO);
                let out = view_mut(out, width).subcols_mut(0, keys);
                packing.multiply_strips(left, right.part(dims.d_head, keys), Store::Set, out);
            }
            pattern_and_dscores(dims, t0, &softmax[t0..t0 + rows], z, dz, pattern, dscores);
            let [pattern, dscores] = [pattern, dscores].map(|x| view(x, width).subcols(0, keys));
            let dq = dims.head_mut(dq, b, h).subrows_mut(t0, rows);
            packing.multiply_strips(dscores, k.part(keys, dims.d_head), Store::Set, dq);
            let [mut dk, mut dv] = [&mut *dk, &mut *dv].map(|x| dims.head_mut(x, b, h).subrows_mut(0, keys));
            match kv_gradient {
                KvGradient::AllQueries => {
                    q_block.pack(q);
                    dz_block.pack(dz);
                    packing.multiply_strips(dscores.transpose(), q_block.whole(), store, dk);
                    packing.multiply_strips(pattern.transpose(), dz_block.whole(), store, dv);
                    store = Store::Add;
                }
                KvGradient::OwnQuery => {
                    for (i, j) in (0..rows).flat_map(|i| (0..dims.d_head).map(move |j| (i, j))) {
                        dk[(t0 + i, j)] = dscores[(i, t0 + i)] * q[(i, j)];
                        dv[(t0 + i, j)] = pattern[(i, t0 + i)] * dz[(i, j)];
                    }
                }
            }
        }
    }
    packing.head = scratch;
}

/// Replaces scores by the pattern, and the pattern's gradient by that of the scores; both 0 where masked.
fn pattern_and_dscores<F: Real>(
    dims: AttnDims,
    t0: usize,
    softmax: &[Softmax<F>],
    z: View<'_, F>,
    dz: View<'_, F>,
    scores: &mut [F],
    dpattern: &mut [F],
) {
    vectorised(
        #[inline(always)]
        move || {
            let (width, scale) = (scores.len() / softmax.len(), F::of(1.0 / dims.attn_scale));
            let rows = scores.chunks_exact_mut(width).zip(dpattern.chunks_exact_mut(width));
            for (i, (p, ds)) in rows.enumerate() {
                let [z, dz] = [z, dz].map(|x| x.row(i));
                let (Softmax { top, inverse }, mean) = (softmax[i], dot(z, dz));
                let p = masked(dims.visible(t0 + i), p);
                let (ds, after) = ds.as_chunks_mut::<LANES>().0.split_at_mut(p.len());
                after.fill([F::ZERO; LANES]);
                for (p, ds) in p.iter_mut().zip(ds) {
                    for i in 0..LANES {
                        p[i] = (scale * (p[i] - top)).exp() * inverse;
                        ds[i] = scale * p[i] * (ds[i] - mean);
                    }
                }
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::super::attention::{
        attn_mix, attn_mix_bwd, attn_scores, attn_scores_bwd, softmax_rows, softmax_rows_bwd,
    };
    use super::super::tier::{Tier, available_tiers, force_tier};
    use super::*;

    fn numbers<F: Real>(len: usize, seed: u64) -> Vec<F> {
        let mut state = seed;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f64 / f64::from(1 << 23) - 1.0
        };
        (0..len).map(|_| F::of(next())).collect()
    }

    /// Against attention that holds its whole pattern, in f64: the largest error, entries being about 1.
    #[track_caller]
    fn check<F: Real>(dims: AttnDims, bound: f64) {
        let len = dims.n_seq * dims.seq * dims.n_heads * dims.d_head;
        let squares = dims.n_seq * dims.n_heads * dims.seq * dims.seq;
        let [q, k, v, dz] = [1, 2, 3, 4].map(|seed| numbers::<f64>(len, seed));
        let (mut pattern, mut dscores, mut z) = (vec![0.0; squares], vec![0.0; squares], vec![0.0; len]);
        let [mut dq, mut dk, mut dv] = [vec![0.0; len], vec![0.0; len], vec![0.0; len]];
        let mut packing = Packing::default();
        attn_scores(&mut packing, dims, &q, &k, &mut pattern);
        softmax_rows(dims, &mut pattern);
        attn_mix(&mut packing, dims, &pattern, &v, &mut z);
        attn_mix_bwd(&mut packing, dims, &pattern, &v, &dz, false, &mut dscores, &mut dv);
        softmax_rows_bwd(dims, &pattern, &mut dscores);
        attn_scores_bwd(&mut packing, dims, &q, &k, &dscores, &mut dq, &mut dk);

        let [q, k, v, dz] = [1, 2, 3, 4].map(|seed| numbers::<F>(len, seed));
        let mut sums = vec![Softmax::default(); dims.n_seq * dims.n_heads * dims.seq];
        let (mut packing, mut got_z) = (Packing::default(), vec![F::ZERO; len]);
        attend(dims, &q, &k, &v, &mut got_z, &mut sums, &mut packing);
        // What lies in the outputs before must not show.
        let [mut got_q, mut got_k, mut got_v] = [5, 6, 7].map(|seed| numbers::<F>(len, seed));
        let grads = [&mut got_q[..], &mut got_k, &mut got_v];
        attend_bwd(dims, KvGradient::AllQueries, [&q, &k, &v], &sums, &got_z, &dz, grads, &mut packing);
        for (what, got, want) in [("z", got_z, z), ("dq", got_q, dq), ("dk", got_k, dk), ("dv", got_v, dv)] {
            let error = got.iter().zip(&want).map(|(g, w)| (g.to_f64() - w).abs()).fold(0.0, f64::max);
            assert!(error <= bound, "{dims:?}: {what} is off by {error:e}");
        }
    }

    #[test]
    fn it_is_attention_with_its_pattern_at_odd_sizes_on_every_tier() {
        let on_tier = |tier: Tier| {
            force_tier(tier).unwrap();
            for (n_seq, seq, n_heads, d_head) in [(1, 1, 1, 1), (2, 113, 3, 19), (1, 48, 2, 32), (3, 97, 1, 5)] {
                for causal in [true, false] {
                    let dims = AttnDims { n_seq, seq, n_heads, d_head, causal, attn_scale: 1.7 };
                    check::<f64>(dims, 1e-12);
                    check::<f32>(dims, 5e-6);
                }
            }
        };
        for tier in available_tiers() {
            std::thread::scope(|scope| scope.spawn(|| on_tier(tier)).join().unwrap());
        }
    }
}
