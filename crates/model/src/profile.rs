//! Profiles of training steps: time by stage.

use crate::kernels::real::Real;
use crate::stage::Stage;
use crate::tap::Tap;
use std::time::Instant;

/// Nanoseconds spent in each [`Stage`], summed over workers.
pub type Nanos = [u64; Stage::ALL.len()];

/// Time that one worker spent in each stage, if it is measured. On the plain passes it is a tap that reads only the clock.
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

    /// Adds the time since the last call to `stage`.
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
