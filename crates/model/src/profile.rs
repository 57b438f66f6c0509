//! Where the time of a training step goes.

use crate::kernels::real::Real;
use crate::stage::Stage;
use crate::tap::Tap;
use std::time::Instant;

/// Nanoseconds spent in each [`Stage`], summed over workers.
pub type Nanos = [u64; Stage::ALL.len()];

/// Time spent in each stage by one worker, if asked for. A tap on the plain passes, which watches the clock alone.
#[derive(Clone, Debug, Default)]
pub(crate) struct Profile {
    last: Option<Instant>,
    pub(crate) nanos: Nanos,
}

impl Profile {
    /// Starts the clock if `wanted`.
    pub(crate) fn start(&mut self, wanted: bool) {
        self.last = wanted.then(Instant::now);
    }

    /// What happened since the last call was this.
    #[inline]
    pub(crate) fn lap(&mut self, stage: Stage) {
        if let Some(last) = &mut self.last {
            let now = Instant::now();
            self.nanos[stage as usize] += (now - *last).as_nanos() as u64;
            *last = now;
        }
    }
}

/// A worker's workspace, with its profile.
pub(crate) trait Profiled {
    fn profile(&mut self) -> &mut Profile;
}

impl<F: Real> Tap<F> for Profile {
    #[inline]
    fn over(&mut self, stage: Stage) {
        self.lap(stage);
    }
}
