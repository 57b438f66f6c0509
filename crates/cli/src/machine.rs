//! Facts about this program and the machine it runs on.

use searchlens::runs::run::Origin;

/// Returns program version, commit and machine, for `run.json`.
pub(crate) fn origin() -> Origin {
    Origin {
        program_version: env!("CARGO_PKG_VERSION").to_owned(),
        commit: env!("SEARCHLENS_COMMIT").to_owned(),
        machine: processor().unwrap_or_else(|| std::env::consts::ARCH.to_owned()),
    }
}

/// Returns the processor's name (Linux only).
fn processor() -> Option<String> {
    let info = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let name = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'))?.1;
    Some(name.trim().to_owned())
}

/// Returns a field of `/proc/self/status`, such as `VmRSS`, in bytes (Linux only).
pub(crate) fn memory(line: &str) -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'))?;
    let kilobytes: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Returns peak resident memory minus `resident_before`, in bytes.
pub(crate) fn peak_above(resident_before: Option<u64>) -> Option<u64> {
    memory("VmHWM").zip(resident_before).map(|(peak, before)| peak.saturating_sub(before))
}
