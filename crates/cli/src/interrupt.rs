//! Ctrl-C, and SIGTERM, by which systems end a program: the first asks for an orderly end, the second ends at once.

use std::ffi::c_int;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use searchlens::base::fault::{Fault, HasFault};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

/// Whether an end was asked for.
static ASKED: AtomicBool = AtomicBool::new(false);

/// The signal that asked.
static SIGNAL: AtomicUsize = AtomicUsize::new(SIGINT as usize);

/// A signal cannot be watched for.
#[derive(Debug, thiserror::Error)]
#[error("signal {signal} cannot be watched for: {source}")]
pub(crate) struct WatchError {
    signal: c_int,
    source: io::Error,
}

impl HasFault for WatchError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}

/// From now on these signals are answered here. SIGHUP is not among them: `nohup` has it ignored, and it must stay so.
pub(crate) fn watch() -> Result<(), WatchError> {
    for signal in [SIGINT, SIGTERM] {
        // In this order: what the first signal sets, only the second finds.
        flag::register_conditional_shutdown(signal, 128 + signal, &ASKED)
            .and_then(|_| flag::register_usize(signal, &SIGNAL, signal as usize))
            .and_then(|_| flag::register(signal, &ASKED))
            .map_err(|source| WatchError { signal, source })?;
    }
    Ok(())
}

/// Whether an end was asked for.
pub(crate) fn asked() -> bool {
    ASKED.load(Ordering::SeqCst)
}

/// Exit code of a command that was asked to end, as shells have it: 128 and the signal's number, 130 after Ctrl-C and 143 after SIGTERM.
pub(crate) fn exit_code() -> u8 {
    128 + SIGNAL.load(Ordering::SeqCst) as u8
}
