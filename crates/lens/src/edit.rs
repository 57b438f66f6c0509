//! Edits: what an intervention does to a row, as plain data.
//!
//! A row is the innermost axis of a site's value at one sequence, position and head: `d_model` numbers of the residual stream,
//! `d_head` of one head's `z`, the scores of one query's keys. Every edit is affine in its row, so gradients flow through it
//! exactly. With `P` the projection onto a subspace and `s` the source:
//!
//! | edit | row becomes | gradient is multiplied by |
//! |---|---|---|
//! | `zero` | 0 | 0 |
//! | `scale` a | a · row | a |
//! | `set` s, `mean` s | s | 0 |
//! | `add` d, a | row + a · d | 1 |
//! | `project` onto | P row | P |
//! | `project` out of | row − P row | 1 − P |
//! | `interchange` s, a | row + a · P (s − row) | 1 − a P |
//! | `knock_out` | −∞: the query no longer attends to these keys | 0 |
//!
//! Attention entries that a causal network masks are never touched: setting scores to 0 does not unmask the future.

use serde::{Deserialize, Serialize};

/// What an intervention does to a row. In JSON: `"zero"`, `{"scale": 0.5}`, `{"set": [1, 2, 3]}`,
/// `{"add": {"direction": [1, 0, 0], "scale": 2}}`, `{"mean": "train_mean"}`, `{"project": {"out_of": [[1, 0, 0]]}}`,
/// `{"interchange": {"source": "acts.blocks.1.hook_resid_post", "subspace": [[0, 1, 0]]}}`, `"knock_out"`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Edit {
    /// Sets the row to 0 (zero ablation).
    Zero,
    /// Multiplies the row by a number.
    Scale(f64),
    /// Sets the row to given values.
    Set(Values),
    /// Adds `scale · direction` to the row (steering, path patching).
    Add {
        /// The direction.
        direction: Values,
        /// Its factor.
        scale: f64,
    },
    /// Sets the row to a mean, computed elsewhere (mean ablation).
    Mean(Values),
    /// Keeps or removes the row's component in a subspace.
    Project(Projection),
    /// Moves the row's component in a subspace to that of a source row (interchange intervention, activation patching).
    Interchange {
        /// The source row: usually another run's value at this site.
        source: Values,
        /// The subspace; the whole row if absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        subspace: Option<Subspace>,
        /// How far: 0 leaves the row, 1 takes the source's component.
        #[serde(default = "whole", skip_serializing_if = "is_whole")]
        strength: f64,
    },
    /// Removes attention edges before the softmax: at `attn_scores`, sets the scores of the address's queries and keys to −∞. A
    /// query that is left without keys attends to nothing.
    KnockOut,
}

fn whole() -> f64 {
    1.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
#[expect(clippy::float_cmp, reason = "only the default itself is left out")]
fn is_whole(strength: &f64) -> bool {
    *strength == 1.0
}

/// Which component of a row a projection keeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Projection {
    /// The one inside the subspace.
    Onto(Subspace),
    /// The one orthogonal to the subspace.
    OutOf(Subspace),
}

/// Values of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a number, a list of numbers, or the name of a reference tensor")]
pub enum Values {
    /// One number for every entry.
    One(f64),
    /// One row, the same at every position and head.
    Row(Vec<f64>),
    /// A reference tensor. Its shape broadcasts to the site's as in NumPy: `[d_head]` is one row, `[n_heads, d_head]` a row for
    /// each head, `[seq, 1, d_head]` one for each position, `[batch, seq, n_heads, d_head]` one for each row.
    Reference(String),
}

/// A subspace of row space, given by vectors that span it. They are orthonormalised when a plan is resolved, and must be
/// linearly independent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a list of vectors, or the name of a reference tensor")]
pub enum Subspace {
    /// The spanning vectors.
    Vectors(Vec<Vec<f64>>),
    /// A reference tensor `[rank, width]`: the spanning vectors are its rows.
    Reference(String),
}
