//! Runs that checkpoint every step are killed again and again, at random moments and during file writes, and must resume
//! exactly.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::time::Duration;

use searchlens::base::stream::{Purpose, Stream, below, stream};

use crate::run::command;
use crate::runs::{Scratch, reproducible};

const STEPS: usize = 24;
const SIGKILL: i32 = 9;

/// Number of kills.
#[derive(Debug, Default, PartialEq)]
struct Kills {
    /// At a random moment.
    outside: usize,
    /// During a file write, at a stage or after some bytes.
    inside: usize,
}

/// Starts or resumes the run, and kills it unless it ends first; returns whether it completed.
fn start(scratch: &Scratch, rng: &mut Stream, kills: &mut Kills) -> bool {
    let root = scratch.path("").display().to_string();
    // A run that is killed before its config is written has not started.
    let resume = if scratch.path("run/config.toml").exists() { "--resume" } else { "" };
    let mut command = command(&format!("train {root}/config.toml --out {root}/run --threads 2 {resume}"));
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let inside = below(rng, 2) == 0;
    if inside {
        // A step writes two files, of about 25 and 75 kB.
        let write = 1 + below(rng, 11);
        let stage = match below(rng, 8) {
            0 => "made".to_owned(),
            1 => "written".to_owned(),
            2 => "synced".to_owned(),
            3 => "renamed".to_owned(),
            4 => "kept".to_owned(),
            _ => (1 + below(rng, 60_000)).to_string(),
        };
        command.env("SEARCHLENS_DIE_IN_WRITE", format!("{write}:{stage}"));
    }
    let mut child = command.spawn().unwrap();
    if !inside {
        std::thread::sleep(Duration::from_micros(below(rng, 120_000) as u64));
        child.kill().unwrap();
    }
    let output = child.wait_with_output().unwrap();
    if output.status.signal() == Some(SIGKILL) {
        *(if inside { &mut kills.inside } else { &mut kills.outside }) += 1;
        return false;
    }
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    true
}

/// Kills runs until both counts are reached, and compares every run that completes with an uninterrupted one.
#[expect(clippy::print_stdout, reason = "a long test says what it did")]
#[track_caller]
fn check(seed: u64, min: &Kills) {
    let whole = Scratch::with_checkpoints(STEPS, 1);
    assert_eq!(whole.run("train @/config.toml --out @/whole --threads 1").code, 0);
    let want = reproducible(&whole.path("whole"), STEPS);
    let (mut rng, mut kills, mut runs) = (stream(seed, Purpose::Sample, 0), Kills::default(), 0);
    while kills.outside < min.outside || kills.inside < min.inside {
        let scratch = Scratch::with_checkpoints(STEPS, 1);
        while !start(&scratch, &mut rng, &mut kills) {}
        assert!(reproducible(&scratch.path("run"), STEPS) == want, "after {kills:?} a run differs");
        let names = std::fs::read_dir(scratch.path("run/checkpoints")).unwrap();
        let left = names.filter(|name| name.as_ref().unwrap().file_name().to_string_lossy().starts_with(".tmp"));
        assert_eq!(left.count(), 0, "a half-written file was left");
        runs += 1;
    }
    println!("{kills:?} over {runs} runs of {STEPS} steps, all as the one that was left alone");
}

#[test]
fn ten_kills_leave_no_trace() {
    check(1, &Kills { outside: 4, inside: 6 });
}

#[test]
#[ignore = "takes minutes: ten_kills_leave_no_trace is a sample of it"]
fn two_hundred_kills_leave_no_trace() {
    check(2, &Kills { outside: 100, inside: 100 });
}

#[test]
fn a_malformed_failpoint_is_an_error() {
    let scratch = Scratch::with_checkpoints(STEPS, 1);
    let root = scratch.path("").display().to_string();
    let mut command = command(&format!("train {root}/config.toml --out {root}/run"));
    let output = command.env("SEARCHLENS_DIE_IN_WRITE", "soon").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("SEARCHLENS_DIE_IN_WRITE=soon: wanted N:STAGE"));
}
