//! Gradient slots: which micro-batches of a batch each one sums, and the workspaces of the workers that do it.
//!
//! Micro-batches are dealt to slots in turn, workers take slots, and slots are summed in index order. So the bits of a
//! gradient depend on the batch and the number of slots, never on the number of threads.

use crate::micro_batch::MicroBatch;
use crate::profile::{Nanos, Profiled};
use crate::stage::Stage;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// One workspace per worker: created when first needed, then reused.
#[derive(Debug)]
pub(crate) struct Workspaces<R> {
    idle: Mutex<Vec<R>>,
    /// Whether stages are timed.
    profiled: bool,
}

impl<R> Default for Workspaces<R> {
    fn default() -> Workspaces<R> {
        Workspaces { idle: Mutex::default(), profiled: false }
    }
}

impl<R> Workspaces<R> {
    /// Gives access to the idle workspaces.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Vec<R>) -> T) -> T {
        look(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<R: Default + Send + Profiled> Workspaces<R> {
    /// Clears the slots in use and adds each micro-batch to its slot; returns these slots and, for each, the sum of `add`'s
    /// results.
    pub(crate) fn add_up<'a, S: Send>(
        &self,
        slots: &'a mut [S],
        micro_batches: &[MicroBatch],
        clear: impl Fn(&mut S) + Sync,
        add: impl Fn(&MicroBatch, &mut S, &mut R) -> f64 + Sync,
    ) -> (&'a [S], Vec<f64>) {
        let used = slots.len().min(micro_batches.len());
        let slots = &mut slots[..used];
        let sums = slots.par_iter_mut().enumerate().map(|(s, slot)| {
            let mut workspace = self.with(|workspaces| workspaces.pop()).unwrap_or_default();
            clear(slot);
            let mine = micro_batches.iter().skip(s).step_by(used).map(|micro_batch| {
                workspace.profile().start(self.profiled);
                add(micro_batch, slot, &mut workspace)
            });
            let sum = mine.sum();
            self.with(|workspaces| workspaces.push(workspace));
            sum
        });
        let sums = sums.collect();
        (slots, sums)
    }

    /// Starts timing stages.
    pub(crate) fn start_profile(&mut self) {
        self.profiled = true;
    }

    /// Returns the time spent in each stage so far.
    pub(crate) fn profile(&self) -> Nanos {
        let mut sum = [0; Stage::ALL.len()];
        self.with(|workspaces| {
            for workspace in workspaces {
                sum.iter_mut().zip(workspace.profile().nanos).for_each(|(sum, nanos)| *sum += nanos);
            }
        });
        sum
    }
}
