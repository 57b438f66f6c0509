//! SIGINT (Ctrl-C) and SIGTERM: the first requests an orderly stop, the second exits at once.

use std::ffi::c_int;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use searchlens::base::fault::{Fault, HasFault};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether a stop was requested.
static STOP_REQUESTED: AtomicBool = AtomicBool::new(false);

/// The signal that requested it.
static SIGNAL: AtomicUsize = AtomicUsize::new(SIGINT as usize);

/// A signal handler that could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot install a handler for signal {signal}: {source}")]
pub(crate) struct HandlerError {
    signal: c_int,
    source: io::Error,
}

impl HasFault for HandlerError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}

/// Installs the handlers. SIGHUP has none, because `nohup` ignores it and that must not change.
pub(crate) fn watch() -> Result<(), HandlerError> {
    for signal in [SIGINT, SIGTERM] {
        // The order matters: only a second signal finds the flag set.
        flag::register_conditional_shutdown(signal, 128 + signal, &STOP_REQUESTED)
            .and_then(|_| flag::register_usize(signal, &SIGNAL, signal as usize))
            .and_then(|_| flag::register(signal, &STOP_REQUESTED))
            .map_err(|source| HandlerError { signal, source })?;
    }
    Ok(())
}

/// Returns whether a stop was requested.
pub(crate) fn stop_requested() -> bool {
    STOP_REQUESTED.load(Ordering::SeqCst)
}

/// Returns the exit code of a stopped command: 128 plus the signal's number, so 130 for Ctrl-C and 143 for SIGTERM.
pub(crate) fn exit_code() -> u8 {
    128 + SIGNAL.load(Ordering::SeqCst) as u8
}
