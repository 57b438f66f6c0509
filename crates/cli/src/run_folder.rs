//! The default folder of a run: `runs/DATE-TASK-HASH`.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use searchlens::runs::config::RunConfig;

/// Parent of all default run folders.
const RUNS: &str = "runs";

/// Returns a path that does not exist yet, named after today's date, the task and a hash of the config.
pub(crate) fn new(config: &RunConfig) -> PathBuf {
    let name = format!("{}-{}", date(SystemTime::now()), name(config));
    let numbered = (2..).map(|n| format!("{name}-{n}"));
    let mut names = std::iter::once(name.clone()).chain(numbered).map(|name| Path::new(RUNS).join(name));
    names.find(|path| !path.exists()).expect("the numbers are endless")
}

/// Returns the latest folder that [`new`] has named for this config.
pub(crate) fn latest(config: &RunConfig) -> Option<PathBuf> {
    let name = name(config);
    let is_ours = |path: &PathBuf| path.file_name().is_some_and(|file| file.to_string_lossy().contains(&name));
    let folders = std::fs::read_dir(RUNS).ok()?.filter_map(|entry| Some(entry.ok()?.path())).filter(is_ours);
    let dated = folders.filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)));
    Some(dated.max()?.1)
}

/// Returns task and hash: `dfs-5x5-1f2e3d4c`.
fn name(config: &RunConfig) -> String {
    format!("{}-{:08x}", config.task().name(), hash(config.to_toml().as_bytes()))
}

/// Returns the 32-bit FNV-1a hash (Fowler, Noll and Vo), which no release of Rust changes.
fn hash(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x811c_9dc5, |hash, &byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Returns the date in UTC, such as 2026-11-23.
fn date(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let (year, month, day) = civil(since.as_secs() / 86_400);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Returns the Gregorian year, month and day that lie `days` days after 1 January 1970.
fn civil(days: u64) -> (u64, u64, u64) {
    // Counting years from March puts the leap day last. 400 years have 146,097 days.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let month = if months_since_march < 10 { months_since_march + 3 } else { months_since_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::{civil, hash};

    #[test]
    fn known_dates() {
        let known = [
            (0, (1970, 1, 1)),
            (59, (1970, 3, 1)),
            (11_016, (2000, 2, 29)),
            (19_782, (2024, 2, 29)),
            (20_454, (2026, 1, 1)),
        ];
        known.into_iter().for_each(|(days, date)| assert_eq!(civil(days), date));
    }

    #[test]
    fn published_hashes() {
        assert_eq!((hash(b""), hash(b"foobar")), (0x811c_9dc5, 0xbf9c_f968));
    }
}
