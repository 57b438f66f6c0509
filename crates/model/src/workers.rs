//! The worker threads: a fixed number, each pinned to its own core.
//!
//! On virtual machines two unpinned threads that wait for each other often share one core. Work is cut by the batch, never by
//! the number of threads, so results do not depend on it.

use crate::kernels::tier::{Tier, force_tier, forced_tier};
use rayon::{ThreadPool, ThreadPoolBuilder};
use searchlens_base::fault::{Fault, HasFault};

/// A pool of pinned worker threads.
pub struct Workers {
    pool: ThreadPool,
    tier: Tier,
}

/// Errors of starting worker threads.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum WorkersError {
    #[error("--threads 0: at least one worker thread is needed")]
    Zero,
    #[error("cannot start {threads} worker threads: {source}")]
    Start { threads: usize, source: rayon::ThreadPoolBuildError },
}

impl HasFault for WorkersError {
    fn fault(&self) -> Fault {
        match self {
            WorkersError::Zero => Fault::BadInput,
            WorkersError::Start { .. } => Fault::Failure,
        }
    }
}

impl Workers {
    /// Starts `threads` workers, or one for each core this process may use. With `pin`, worker `i` stays on the `i`-th such
    /// core. A tier that is forced on this thread is forced on them too (see [`crate::kernels::tier::force_tier`]).
    ///
    /// # Errors
    /// If `threads` is 0, or the operating system refuses to start them.
    pub fn new(threads: Option<usize>, pin: bool) -> Result<Workers, WorkersError> {
        let cores = core_affinity::get_core_ids().unwrap_or_default();
        let threads = threads.unwrap_or_else(|| cores.len().max(1));
        if threads == 0 {
            return Err(WorkersError::Zero);
        }
        let tier = forced_tier();
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|i| format!("worker-{i}"))
            .start_handler(move |i| {
                if tier != Tier::Amx {
                    force_tier(tier).expect("the thread that makes the workers was held to it");
                }
                // More workers than cores: let the system spread them.
                if pin && threads <= cores.len() {
                    core_affinity::set_for_current(cores[i]);
                }
            })
            .build()
            .map_err(|source| WorkersError::Start { threads, source })?;
        Ok(Workers { pool, tier })
    }

    /// Returns the tier that is forced on them; [`Tier::Amx`] if none is.
    pub fn forced_tier(&self) -> Tier {
        self.tier
    }

    /// Returns the number of workers.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `job` on the workers; rayon's parallel iterators inside it use no other threads.
    pub fn run<R: Send>(&self, job: impl FnOnce() -> R + Send) -> R {
        self.pool.install(job)
    }
}
