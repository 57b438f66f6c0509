//! Taps: observers of a forward and backward pass that may edit what they see.

use crate::kernels::real::Real;
use crate::sites::At;
use crate::stage::Stage;

/// An observer of the network. At each site it wants, the forward pass offers the value before using it, and the backward pass
/// offers the gradient.
///
/// At a site the forward pass edits first and reads then, and the backward pass reads first: a recorded value is what the next
/// layer reads, a recorded gradient is the gradient of that value.
///
/// Values have the shape of [`crate::sites::Site::shape`], row-major, in TransformerLens' axis order.
///
/// Every method does nothing by default. Passes take taps as trait objects: a call a site costs nothing beside the work between
/// sites, and the passes are compiled once instead of once for each tap.
pub trait Tap<F: Real> {
    /// Whether the tap reads or edits this site. Sites that cost extra are computed only if it does.
    #[inline(always)]
    fn wants(&self, _at: At) -> bool {
        false
    }

    /// Whether the tap may edit this site. A tap that edits a site also wants it.
    #[inline(always)]
    fn edits(&self, _at: At) -> bool {
        false
    }

    /// Edits the value at a site in place.
    ///
    /// Called once per pass, except at `ln1.hook_scale` and `ln1.hook_normalized` of a layer whose per-head inputs are edited:
    /// there each head's queries, keys and values have a norm of their own, and each of these is edited.
    #[inline(always)]
    fn edit(&mut self, _at: At, _value: &mut [F]) {}

    /// Turns the gradient of the edited value into the gradient of the value before the edit: multiplies it by the transposed
    /// Jacobian of [`Tap::edit`].
    #[inline(always)]
    fn pull_back(&mut self, _at: At, _gradient: &mut [F]) {}

    /// Reads the value at a site, after all edits.
    #[inline(always)]
    fn read(&mut self, _at: At, _value: &[F]) {}

    /// Reads the gradient of the value that [`Tap::read`] saw.
    #[inline(always)]
    fn read_gradient(&mut self, _at: At, _gradient: &[F]) {}

    /// Offers the value at a site: to be edited, then read. Passes call this; taps leave it alone.
    #[inline(always)]
    fn forward(&mut self, at: At, value: &mut [F]) {
        self.edit(at, value);
        self.read(at, value);
    }

    /// Offers the gradient at a site: to be read, then pulled back through the edit. Passes call this; taps leave it alone.
    #[inline(always)]
    fn backward(&mut self, at: At, gradient: &mut [F]) {
        self.read_gradient(at, gradient);
        self.pull_back(at, gradient);
    }

    /// Marks the end of a stage: the time since the last call belongs to it.
    #[inline(always)]
    fn over(&mut self, _stage: Stage) {}
}

/// The tokens that the next pass runs on. A pass over whole sequences is one window on all of their positions. In generation
/// the prompts come first, then one position at a time of the rows that still go on.
///
/// In a window, values are `[n_seq, seq, ..]` over its sequences and positions. Scores and patterns are
/// `[n_seq, n_heads, seq, n_keys]` over the keys from position 0 on; keys after the query are masked.
#[derive(Clone, Copy, Debug)]
pub struct Window<'a> {
    /// The caller's number of each sequence.
    pub rows: &'a [usize],
    /// Position of each sequence's first token in the window.
    pub first: &'a [usize],
    /// Positions of each sequence in the window.
    pub seq: usize,
    /// Length of a row of scores: the positions of the longest sequence so far.
    pub n_keys: usize,
}

/// A tap that can follow generation, in which a sequence passes in several windows.
pub trait WindowTap<F: Real>: Tap<F> {
    /// Announces the window of the next pass.
    fn window(&mut self, window: Window<'_>);
}

/// The tap that does nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoTap;

impl<F: Real> Tap<F> for NoTap {}

impl<F: Real> WindowTap<F> for NoTap {
    #[inline(always)]
    fn window(&mut self, _: Window<'_>) {}
}
