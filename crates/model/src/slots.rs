//! Gradient slots: which groups of a batch each adds up, and the room that workers do it in.
//!
//! Groups belong to slots in turn, workers take slots, and whoever sums the slots does so in index order. So the bits of a
//! gradient depend on the batch and the number of slots, never on the number of threads.

use crate::profile::{Nanos, Profiled, Stage};
use crate::train::Group;
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// One room for each worker that has ever been at work: made when first needed, then reused.
#[derive(Debug)]
pub(crate) struct Rooms<R> {
    idle: Mutex<Vec<R>>,
    /// Whether stages are timed.
    profiled: bool,
}

impl<R> Default for Rooms<R> {
    fn default() -> Rooms<R> {
        Rooms { idle: Mutex::default(), profiled: false }
    }
}

impl<R> Rooms<R> {
    /// Looks at all idle rooms, or takes one out, or puts one back.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Vec<R>) -> T) -> T {
        look(&mut self.idle.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl<R: Default + Send + Profiled> Rooms<R> {
    /// Clears the slots that `groups` need, and adds each group to its slot; returns these slots and the sum of `add`'s results
    /// in each.
    pub(crate) fn add_up<'a, S: Send>(
        &self,
        slots: &'a mut [S],
        groups: &[Group],
        clear: impl Fn(&mut S) + Sync,
        add: impl Fn(&Group, &mut S, &mut R) -> f64 + Sync,
    ) -> (&'a [S], Vec<f64>) {
        let used = slots.len().min(groups.len());
        let slots = &mut slots[..used];
        let sums = slots.par_iter_mut().enumerate().map(|(s, slot)| {
            let mut room = self.with(|rooms| rooms.pop()).unwrap_or_default();
            clear(slot);
            let mine = groups.iter().skip(s).step_by(used).map(|group| {
                room.profile().start(self.profiled);
                add(group, slot, &mut room)
            });
            let sum = mine.sum();
            self.with(|rooms| rooms.push(room));
            sum
        });
        let sums = sums.collect();
        (slots, sums)
    }

    /// From now on stages are timed.
    pub(crate) fn start_profile(&mut self) {
        self.profiled = true;
    }

    /// Time spent in each stage so far.
    pub(crate) fn profile(&self) -> Nanos {
        let mut sum = [0; Stage::ALL.len()];
        self.with(|rooms| {
            for room in rooms {
                sum.iter_mut().zip(room.profile().nanos).for_each(|(sum, nanos)| *sum += nanos);
            }
        });
        sum
    }
}
