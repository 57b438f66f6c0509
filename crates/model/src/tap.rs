//! Taps: what an observer is shown of a forward and backward pass, and what it may change.

use crate::kernels::real::Real;
use crate::sites::At;
use crate::stage::Stage;

/// An observer of the network. At every site it wants, the forward pass offers the value before going on with it, and the
/// backward pass offers the gradient. Order at a site: the tap edits first and records then, so that a record holds what the
/// next layer saw.
///
/// Values have the shape of [`crate::sites::Site::shape`], row-major, in TransformerLens' axis order.
///
/// What a tap does not say it does, it does not: such methods compile to nothing.
pub trait Tap<F: Real> {
    /// Whether the tap is to be shown this site. Sites that cost extra are computed only if it is.
    #[inline(always)]
    fn wants(&self, _at: At) -> bool {
        false
    }

    /// Whether the tap may change the value at this site.
    #[inline(always)]
    fn edits(&self, _at: At) -> bool {
        false
    }

    /// The value at a site; what is left in it is what the network goes on with.
    #[inline(always)]
    fn forward(&mut self, _at: At, _value: &mut [F]) {}

    /// The gradient with respect to the value the network went on with. If `forward` edited the value, this must turn it into
    /// the gradient with respect to the value before the edit (0 where the edit replaced the value).
    #[inline(always)]
    fn backward(&mut self, _at: At, _gradient: &mut [F]) {}

    /// The time since the last call belongs to `stage`.
    #[inline(always)]
    fn over(&mut self, _stage: Stage) {}
}

/// Which tokens the values of the next pass belong to. A pass over whole sequences is a window on all of their positions; in
/// generation the prompts come first, then a position at a time, of those rows that still go on.
///
/// In a window, the values of a site are `[n_seq, seq, ..]` over its sequences and positions; scores and patterns are
/// `[n_seq, n_heads, seq, n_keys]` over the keys from position 0 on, those after the query masked.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// Number of each sequence, as the caller counts them.
    pub rows: &'a [usize],
    /// Position of each sequence's first token in the window.
    pub first: &'a [usize],
    /// Positions of each sequence in the window.
    pub seq: usize,
    /// Keys of a row of scores: as many as the longest sequence has positions by now.
    pub n_keys: usize,
}

/// A tap that can follow generation, in which a sequence passes in several windows.
pub trait WindowTap<F: Real>: Tap<F> {
    /// Told before each pass what it runs on.
    fn window(&mut self, window: Window<'_>);
}

/// Nobody looks.
#[derive(Clone, Copy, Debug)]
pub struct NoTap;

impl<F: Real> Tap<F> for NoTap {}

impl<F: Real> WindowTap<F> for NoTap {
    #[inline(always)]
    fn window(&mut self, _: Window<'_>) {}
}
