//! A fail point that kills the process in the middle of writing a file, so that tests can show that no crash does harm.
//!
//! With `SEARCHLENS_DIE_IN_WRITE=N:STAGE` in its environment, a process kills itself (SIGKILL, without cleanup) in the N-th
//! file that it writes through [`crate::durable`], counted from 1, at the given stage: `made` (the temporary
//! file is there, empty), a number (of bytes written; all of them if the file has fewer), `written`, `synced`, `renamed` or
//! `kept` (the folder is synced too). Without the variable, writes are unaffected.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The progress of a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Made,
    Bytes(usize),
    Written,
    Synced,
    Renamed,
    Kept,
}

const VARIABLE: &str = "SEARCHLENS_DIE_IN_WRITE";

/// One file being written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    /// The stage at which to die.
    fatal: Option<Stage>,
}

impl Write {
    /// Counts one more write.
    ///
    /// # Errors
    /// If the variable is set and invalid, since the test would test nothing.
    pub(crate) fn begin() -> std::io::Result<Write> {
        static ASKED: OnceLock<Option<Result<(u64, Stage), String>>> = OnceLock::new();
        static WRITES: AtomicU64 = AtomicU64::new(0);
        let asked = ASKED.get_or_init(|| std::env::var(VARIABLE).ok().map(|text| parse(&text).ok_or(text)));
        let number = WRITES.fetch_add(1, Ordering::Relaxed) + 1;
        match asked {
            None => Ok(Write { fatal: None }),
            Some(Ok((n, stage))) => Ok(Write { fatal: (*n == number).then_some(*stage) }),
            Some(Err(text)) => {
                Err(std::io::Error::other(format!("{VARIABLE}={text}: wanted N:STAGE, as 3:synced or 3:4096")))
            }
        }
    }

    /// Returns how many bytes to write before dying; `None` to live.
    pub(crate) fn fatal_bytes(self) -> Option<usize> {
        match self.fatal {
            Some(Stage::Bytes(n)) => Some(n),
            _ => None,
        }
    }

    /// Records that the write reached a stage, and dies if that is the fatal one.
    pub(crate) fn reached(self, stage: Stage) {
        if self.fatal == Some(stage) {
            die();
        }
    }
}

fn parse(text: &str) -> Option<(u64, Stage)> {
    let (number, stage) = text.split_once(':')?;
    let stage = match stage {
        "made" => Stage::Made,
        "written" => Stage::Written,
        "synced" => Stage::Synced,
        "renamed" => Stage::Renamed,
        "kept" => Stage::Kept,
        bytes => Stage::Bytes(bytes.parse().ok()?),
    };
    Some((number.parse().ok()?, stage))
}

/// Kills the process as `kill -9` does, where available.
fn die() -> ! {
    let _ = std::process::Command::new("kill").args(["-KILL", &std::process::id().to_string()]).status();
    std::process::abort()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_names_a_write_and_a_stage() {
        assert_eq!(parse("3:synced"), Some((3, Stage::Synced)));
        assert_eq!(parse("12:4096"), Some((12, Stage::Bytes(4096))));
        for wrong in ["", "3", "3:", "made", "x:made", "3:soon", "3:-1"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
