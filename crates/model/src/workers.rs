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

/// Why there are no workers.
#[derive(Debug, thiserror::Error)]
pub enum WorkersError {
    /// Zero threads were asked for.
    #[error("--threads 0: at least one worker thread is needed")]
    Zero,
    /// The operating system refused.
    #[error("cannot start {threads} worker threads: {source}")]
    Start {
        /// How many were asked for.
        threads: usize,
        /// What it said.
        source: rayon::ThreadPoolBuildError,
    },
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
    /// `threads` workers, or one for each core this process may use. With `pin`, worker `i` stays on the `i`-th such core. They
    /// are held to the tier that this thread is held to (see [`force_tier`]).
    ///
    /// # Errors
    /// Zero threads, or the operating system refuses to start them.
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

    /// The tier that they are held to; [`Tier::Amx`] if to none.
    pub fn forced_tier(&self) -> Tier {
        self.tier
    }

    /// How many there are.
    pub fn threads(&self) -> usize {
        self.pool.current_num_threads()
    }

    /// Runs `job` on the workers: rayon's parallel iterators inside it use them and no others.
    pub fn run<R: Send>(&self, job: impl FnOnce() -> R + Send) -> R {
        self.pool.install(job)
    }
}
