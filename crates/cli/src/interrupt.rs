//! SIGINT (Ctrl-C) and SIGTERM: the first requests an orderly stop, one that comes later exits at once.

use std::ffi::c_int;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use searchlens::base::fault::{Fault, HasFault};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level;

/// Signals that follow the first this soon are the same request: `timeout` signals the command and then its process group, and
/// a key may bounce.
const SAME_REQUEST: Duration = Duration::from_secs(1);

/// Whether a stop was requested.
static STOP_REQUESTED: AtomicBool = AtomicBool::new(false);

/// The signal that requested it.
static SIGNAL: AtomicUsize = AtomicUsize::new(SIGINT as usize);

/// Signal handlers that could not be installed.
#[derive(Debug, thiserror::Error)]
#[error("cannot install handlers for SIGINT and SIGTERM: {0}")]
pub(crate) struct HandlerError(io::Error);

impl HasFault for HandlerError {
    fn fault(&self) -> Fault {
        Fault::Failure
    }
}

/// Installs the handlers. SIGHUP has none, because `nohup` ignores it and that must not change.
pub(crate) fn watch() -> Result<(), HandlerError> {
    let signals = Signals::new([SIGINT, SIGTERM]).map_err(HandlerError)?;
    thread::Builder::new().name("signals".to_owned()).spawn(move || obey(signals)).map_err(HandlerError)?;
    Ok(())
}

/// Requests a stop at the first signal, and exits at the first that is another request.
fn obey(mut signals: Signals) {
    let mut requested: Option<Instant> = None;
    for signal in signals.forever() {
        match requested {
            None => {
                requested = Some(Instant::now());
                SIGNAL.store(signal as usize, Ordering::SeqCst);
                STOP_REQUESTED.store(true, Ordering::SeqCst);
                eprintln!("saving a checkpoint; interrupt again to exit without it");
            }
            Some(first) if first.elapsed() >= SAME_REQUEST => low_level::exit(exit_code_of(signal)),
            Some(_) => {}
        }
    }
}

/// Returns whether a stop was requested.
pub(crate) fn stop_requested() -> bool {
    STOP_REQUESTED.load(Ordering::SeqCst)
}

/// Returns the exit code of a stopped command: 128 plus the signal's number, so 130 for Ctrl-C and 143 for SIGTERM.
pub(crate) fn exit_code() -> u8 {
    exit_code_of(SIGNAL.load(Ordering::SeqCst) as c_int) as u8
}

fn exit_code_of(signal: c_int) -> c_int {
    128 + signal
}
