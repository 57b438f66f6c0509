//! Runs through the binary: trained, stopped, killed, resumed, evaluated, reported.

use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use serde_json::Value;

use crate::run::{Ran, command, searchlens};

/// A run that takes a second or two.
const CONFIG: &str = r#"
[task.maze]
generator = "dfs"
rows = 3
cols = 3
[tokenizer]
name = "edges"
[model]
n_layers = 1
d_model = 16
n_heads = 2
[train]
seed = 3
batch_problems = 16
steps = STEPS
lr = 4e-3
warmup = 10
checkpoint_every = 20
log_every = 10
[eval]
problems = 40
every = 100
"#;

/// A scratch folder with a config in it.
pub(crate) struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    fn new(steps: usize) -> Scratch {
        Scratch::with_checkpoints(steps, 20)
    }

    pub(crate) fn with_checkpoints(steps: usize, every: usize) -> Scratch {
        let scratch = Scratch { folder: tempfile::tempdir().unwrap() };
        let every = format!("checkpoint_every = {every}");
        let config = CONFIG.replace("STEPS", &steps.to_string()).replace("checkpoint_every = 20", &every);
        std::fs::write(scratch.path("config.toml"), config).unwrap();
        scratch
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the binary; `@` in its arguments is this folder.
    pub(crate) fn run(&self, arguments: &str) -> Ran {
        let root = self.folder.path().display().to_string();
        let Ran { code, stdout, stderr } = searchlens(&arguments.replace('@', &root));
        Ran { code, stdout: stdout.replace(&root, "@"), stderr: stderr.replace(&root, "@") }
    }

    /// Starts the binary and waits until the run `name` has a checkpoint.
    fn start_and_wait(&self, arguments: &str, name: &str) -> Child {
        let arguments = arguments.replace('@', &self.folder.path().display().to_string());
        let child = command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while !self.path(name).join("checkpoints/step-00000040.training.safetensors").exists() {
            assert!(begun.elapsed() < Duration::from_secs(120), "no checkpoint within two minutes");
            std::thread::sleep(Duration::from_millis(2));
        }
        child
    }
}

/// Returns what must not depend on interruptions: the bytes of the last checkpoint, and metrics and scores without timings.
pub(crate) fn reproducible(run: &Path, steps: usize) -> (Vec<u8>, Vec<u8>, Vec<Value>, String) {
    let read = |name: String| std::fs::read(run.join(&name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    let metrics = String::from_utf8(read("metrics.jsonl".into())).unwrap();
    let timeless = |line: &str| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().retain(|key, _| !["seconds", "tokens_per_s"].contains(&key.as_str()));
        line
    };
    (
        read(format!("checkpoints/step-{steps:08}.safetensors")),
        read(format!("checkpoints/step-{steps:08}.training.safetensors")),
        metrics.lines().map(timeless).collect(),
        String::from_utf8(read("results/eval.json".into())).unwrap(),
    )
}

#[test]
fn a_killed_run_resumes_exactly() {
    const STEPS: usize = 400;
    let scratch = Scratch::new(STEPS);
    scratch.run("train @/config.toml --out @/whole --threads 1");
    let mut child = scratch.start_and_wait("train @/config.toml --out @/killed --threads 2", "killed");
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "the run was over before it could be killed");
    let resumed = scratch.run("train @/config.toml --out @/killed --resume --threads 2");
    resumed.good();
    assert!(
        reproducible(&scratch.path("whole"), STEPS) == reproducible(&scratch.path("killed"), STEPS),
        "the runs differ"
    );
}

/// A limit on the size of files (in the shell's blocks of 512 or 1024 bytes) simulates a full disk: writes fail the same
/// way.
#[cfg(unix)]
#[test]
fn a_full_disk_leaves_the_last_checkpoint_whole() {
    const STEPS: usize = 100;
    let scratch = Scratch::new(STEPS);
    scratch.run("train @/config.toml --out @/whole");
    let mut child = scratch.start_and_wait("train @/config.toml --out @/run", "run");
    child.kill().unwrap();
    child.wait().unwrap();
    let run = scratch.path("run");
    let last = |run: &Path| {
        let names = std::fs::read_dir(run.join("checkpoints")).unwrap().map(|entry| entry.unwrap().file_name());
        let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
        names.retain(|name| name.ends_with(".training.safetensors"));
        names.into_iter().max().unwrap()
    };
    let before = last(&run);
    let bytes = std::fs::read(run.join("checkpoints").join(&before)).unwrap();
    let resume = format!(
        "trap '' XFSZ; ulimit -f 16; exec {} train {} --resume",
        env!("CARGO_BIN_EXE_searchlens"),
        run.join("config.toml").display()
    );
    let full = std::process::Command::new("sh").args(["-c", &resume]).output().unwrap();
    let stderr = String::from_utf8(full.stderr).unwrap();
    assert_eq!(full.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("cannot write") && stderr.contains(".safetensors: File too large"), "{stderr}");
    assert_eq!((last(&run), std::fs::read(run.join("checkpoints").join(&before)).unwrap()), (before, bytes));
    let resumed = scratch.run("train @/run/config.toml --resume");
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    assert!(reproducible(&scratch.path("whole"), STEPS) == reproducible(&run, STEPS), "the runs differ");
}

/// Checks that a run stopped by signals in quick succession saves a checkpoint, says how to resume, and exits with a code.
#[cfg(unix)]
#[track_caller]
fn check_signals(signals: &[&str], code: i32) {
    const STEPS: usize = 400;
    let scratch = Scratch::new(STEPS);
    let child = scratch.start_and_wait("train @/config.toml --out @/run", "run");
    for signal in signals {
        let sent = std::process::Command::new("kill").args([*signal, &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("saving a checkpoint; interrupt again to exit without it"), "{stderr}");
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(code), "{stdout}");
    let step: u64 = stdout.strip_prefix("stopped after step ").unwrap().split(' ').next().unwrap().parse().unwrap();
    assert!(scratch.path(&format!("run/checkpoints/step-{step:08}.training.safetensors")).exists(), "{stdout}");
    assert!(stdout.contains("run/config.toml --resume"), "{stdout}");
    let resumed = scratch.run("train @/run/config.toml --resume");
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    scratch.run("train @/config.toml --out @/whole");
    assert!(
        reproducible(&scratch.path("whole"), STEPS) == reproducible(&scratch.path("run"), STEPS),
        "the runs differ"
    );
}

#[cfg(unix)]
#[test]
fn signals_save_and_say_how_to_resume() {
    check_signals(&["-INT"], 130);
    check_signals(&["-TERM"], 143);
}

/// `timeout` signals a command and then its process group.
#[cfg(unix)]
#[test]
fn signals_in_quick_succession_are_one_request() {
    check_signals(&["-INT", "-INT"], 130);
    check_signals(&["-TERM", "-TERM", "-INT"], 143);
}

#[test]
fn a_run_is_trained_evaluated_probed_and_reported() {
    let scratch = Scratch::new(60);
    let trained = scratch.run("train @/config.toml --out @/run");
    // Without a terminal no progress is shown.
    let stdout = trained.good();
    assert!(stdout.contains("exact path (a shortest path)"), "{stdout}");

    let scores: Value = serde_json::from_str(&scratch.run("eval @/run --json").good()).unwrap();
    let written = std::fs::read_to_string(scratch.path("run/results/eval.json")).unwrap();
    assert_eq!(scores, serde_json::from_str::<Value>(&written).unwrap());
    for key in [
        "exact_path",
        "valid_path",
        "reaches_target",
        "first_fork",
        "path_length_ratio",
        "wall_jumps",
        "end_errors",
        "k_star",
    ] {
        for part in ["value", "low", "high", "n"] {
            // All test problems are in one class, so only shares have an interval.
            let is_open = ["k_star", "path_length_ratio"].contains(&key) && ["low", "high"].contains(&part);
            assert!(!scores[key][part].is_null() || scores[key]["n"] == 0 || is_open, "{key}.{part}");
        }
    }
    assert!(scores["by_lookahead"].is_array() && scores["baselines"]["greedy"]["value"].is_number());

    let elsewhere = "eval @/run/checkpoints/best.safetensors --maze wilson --rows 3 --cols 3 --count 20 --split train";
    assert!(scratch.run(elsewhere).good().contains("on 20 train problems"));

    let page = scratch.run("report @/run --out @/page.html").good();
    assert_eq!(page, "wrote @/page.html and @/page.md\n");
    assert!(std::fs::read_to_string(scratch.path("page.html")).unwrap().starts_with("<!DOCTYPE html>"));
}

#[test]
fn a_run_on_graphs_is_not_probed() {
    let scratch = Scratch::new(1);
    let graphs = CONFIG
        .replace("STEPS", "20")
        .replace(
            "[task.maze]\ngenerator = \"dfs\"\nrows = 3\ncols = 3",
            "[task.dag]\nkind = \"balanced\"\nvertices = 8\nmax_lookahead = 2",
        )
        .replace("name = \"edges\"", "name = \"saparov\"");
    std::fs::write(scratch.path("graphs.toml"), graphs).unwrap();
    assert_eq!(scratch.run("train @/graphs.toml --out @/run").code, 0);
    let score: Value = serde_json::from_str(&scratch.run("eval @/run --count 50 --json").good()).unwrap();
    assert_eq!(score["exact_path"]["n"], 50);
    scratch.run("report @/run").good();
    let gallery = std::fs::read_to_string(scratch.path("run/results/gallery.json")).unwrap();
    let gallery: Value = serde_json::from_str(&gallery).unwrap();
    assert_eq!(gallery["selection"], "The gallery draws mazes; the problems of this task are graphs.");
    let refused = scratch.run("lens probe @/run").bad(2);
    expect![[r#"
        error: @/run: probes need mazes of a single size, but this run's task draws graphs or mazes of several sizes
    "#]]
    .assert_eq(&refused);
}

#[test]
fn the_demo_in_a_few_seconds() {
    let scratch = Scratch::new(1);
    let ran = scratch.run("demo --minutes 0.02 --sketch --out @/demo");
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""));
    for text in [
        "exact path (a shortest path)",
        "greedy (towards the target)",
        "effective lookahead",
        "report: @/demo/report.html",
        "Try next:",
    ] {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.stdout);
    }
    for file in ["report.html", "report.md", "results/probes.json", "results/gallery.json", "config.toml", "run.json"] {
        assert!(scratch.path("demo").join(file).exists(), "{file}");
    }
    let again = scratch.run("demo --minutes 0.02 --sketch --out @/demo");
    assert_eq!(again.code, 2);
    assert!(again.stderr.contains("already holds a run"), "{}", again.stderr);
}

#[test]
fn a_run_stays_on_its_tier() {
    let scratch = Scratch::new(20);
    assert_eq!(scratch.run("train @/config.toml --out @/run --tier portable").code, 0);
    let read = |name: &str| std::fs::read_to_string(scratch.path("run").join(name)).unwrap();
    assert!(read("run.json").contains("\"tier\": \"f32-portable\""), "{}", read("run.json"));
    assert!(read("config.toml").contains("tier = \"portable\""), "{}", read("config.toml"));
    assert_eq!(scratch.run("train @/run/config.toml --resume").code, 0);
    scratch.run("eval @/run --tier portable --json").good();
}

#[test]
fn a_warm_up_longer_than_the_run_is_warned_of() {
    let scratch = Scratch::new(4);
    let ran = scratch.run("train @/config.toml --out @/run");
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.starts_with("warning: train.warmup = 10 is more than train.steps = 4: "), "{}", ran.stderr);
}

#[test]
fn resuming_on_another_tier_needs_a_flag() {
    const STEPS: usize = 400;
    let scratch = Scratch::new(STEPS);
    let mut child = scratch.start_and_wait("train @/config.toml --out @/run --tier avx2", "run");
    child.kill().unwrap();
    child.wait().unwrap();
    let elsewhere = "train @/run/config.toml --resume --tier portable";
    expect![[r#"
        error: @/run: the run has used tier f32-avx2, this machine uses f32-portable, and the two round differently; resume on f32-avx2, or give `--other-tier`: run.json then records the step of the change
    "#]]
    .assert_eq(&scratch.run(elsewhere).bad(2));
    scratch.run(&format!("{elsewhere} --other-tier")).good();
    let info: Value = serde_json::from_slice(&std::fs::read(scratch.path("run/run.json")).unwrap()).unwrap();
    assert_eq!((info["tier"].as_str(), info["tiers"][0]["tier"].as_str()), (Some("f32-portable"), Some("f32-avx2")));
    assert_eq!((&info["tiers"][0]["from_step"], &info["tiers"][1]["tier"]), (&0.into(), &"f32-portable".into()));
    assert!(info["tiers"][1]["from_step"].as_u64() >= Some(40), "{info}");
    // The folder's config now names the new tier, so the run resumes on it without a warning.
    scratch.run("train @/run/config.toml --resume").good();
    scratch.run("report @/run").good();
}

#[test]
fn bad_run_folders() {
    let scratch = Scratch::new(20);
    scratch.run("train @/config.toml --out @/run");
    let check = |arguments: &str, want: Expect| want.assert_eq(&scratch.run(arguments).bad(2));
    check(
        "train @/config.toml --out @/run",
        expect![[r#"
        error: @/run: already holds a run; resume it with `--resume`, or choose another folder with `--out`
    "#]],
    );
    check(
        "train @/config.toml --out @/new --resume",
        expect![[r#"
        error: @/new: holds no run to resume (no config.toml); to start one there, leave out `--resume`
    "#]],
    );
    check(
        "train @/config.toml --out @/run --resume --seed 4",
        expect![[r#"
        error: @/run: this run has another config; it differs in train.seed (3 and 4); use the config.toml of the folder, or train in another folder
    "#]],
    );
    check(
        "train @/absent.toml",
        expect![[r#"
            error: cannot read @/absent.toml: No such file or directory (os error 2); give a config that exists and can be read (`searchlens train --help` shows one)
        "#]],
    );
    check(
        "eval @/absent",
        expect![[r#"
            error: @/absent: no such file or folder; pass a run folder, or a checkpoint such as RUN/checkpoints/best.safetensors
        "#]],
    );
    check(
        "eval @",
        expect![[r#"
            error: @: the run has no checkpoint yet; resume it: searchlens train @/config.toml --resume
        "#]],
    );
    check(
        "eval @/run --maze dfs --rows 4 --cols 4",
        expect![[r#"
            error: @/run/checkpoints/step-00000020.safetensors: the network has a vocabulary of 26 tokens, but the tokenizer `edges` has 45 for this task; use the task and tokenizer that the network was trained on
        "#]],
    );
    check(
        "eval /",
        expect![[r#"
        error: /: not a run folder; pass the folder that `searchlens train` or `searchlens demo` wrote
    "#]],
    );
    check(
        "eval @/run --split tset",
        expect![[r#"
        error: split `tset` does not exist (did you mean `test`?); it is train, validation or test
    "#]],
    );
    check(
        "report @",
        expect![[r#"
        error: @/run.json: no such file, so its folder is not a run; name a folder written by `searchlens train` or `searchlens demo`
    "#]],
    );
    check(
        "lens probe @/run/checkpoints/best.safetensors",
        expect![[r#"
            error: @/run/checkpoints/best.safetensors: not a run folder; pass the folder that `searchlens train` or `searchlens demo` wrote
        "#]],
    );
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/model/gpt2_style.safetensors");
    let foreign = scratch.run(&format!("eval {golden}")).bad(2).replace(golden, "GOLDEN");
    expect![[r#"
        error: GOLDEN: the checkpoint does not name its task; pass --task or --maze
    "#]]
    .assert_eq(&foreign);
}

#[test]
fn bad_configs() {
    let scratch = Scratch::new(20);
    let check = |from: &str, to: &str, want: Expect| {
        let config = CONFIG.replace("STEPS", "20");
        assert!(config.contains(from), "{from}");
        std::fs::write(scratch.path("wrong.toml"), config.replacen(from, to, 1)).unwrap();
        want.assert_eq(&scratch.run("train @/wrong.toml --out @/run").bad(2));
        assert!(!scratch.path("run").exists());
    };
    check(
        "warmup",
        "warmpu",
        expect![[r#"
        error: @/wrong.toml, line 17: unknown key `train.warmpu` (did you mean `warmup`?); known: seed, batch_problems, accumulate, steps, lr, warmup, schedule, beta1, beta2, eps, weight_decay, decay, clip, average_steps, myopic, loss_on, precision, slots, tier, checkpoint_every, log_every, init
    "#]],
    );
    check(
        "[train]",
        "[trian]",
        expect![[r#"
        error: @/wrong.toml, line 12: unknown key `trian` (did you mean `train`?); known: task, tokenizer, model, train, eval
    "#]],
    );
    check(
        "\"edges\"",
        "\"egdes\"",
        expect![[r#"
        error: @/wrong.toml, line 7: `tokenizer.name`: unknown tokenizer `egdes` (did you mean `edges`?); known: AOTP_UT_rasterized, AOTP_UT_uniform, AOTP_CTT_indexed, edges, walls, cells, row-col, saparov, brinkmann, bachmann, labelled, hops, countdown, sliding, some with choices behind a `+`, and maze-dataset's `MazeTokenizerModular-..`
    "#]],
    );
    check(
        "n_heads = 2",
        "n_heads = 3",
        expect![[r#"
        error: @/wrong.toml, line 10: model.d_model = 16 is not a multiple of n_heads = 3; change one of them, or give d_head
    "#]],
    );
    check(
        "lr = 4e-3",
        "lr = -1.0",
        expect![[r#"
        error: @/wrong.toml, line 16: train.lr = -1: wanted a positive number
    "#]],
    );
    check(
        "rows = 3",
        "rows = 0",
        expect![[r#"
        error: @/wrong.toml, line 2: `task.maze`: rows = 0: a maze needs at least one row and one column; give rows a value of 1 or more
    "#]],
    );
}

#[test]
fn damaged_checkpoints_are_skipped() {
    let scratch = Scratch::new(60);
    scratch.run("train @/config.toml --out @/run");
    let last = scratch.path("run/checkpoints/step-00000060.safetensors");
    let mut bytes = std::fs::read(&last).unwrap();
    let middle = bytes.len() / 2;
    std::fs::write(&last, &bytes[..middle]).unwrap();
    expect![[r#"
        error: @/run/checkpoints/step-00000060.safetensors: not a complete safetensors file (incomplete metadata, file not fully covered); it may be truncated: use another checkpoint
    "#]].assert_eq(&scratch.run("eval @/run").bad(2));
    bytes[middle] ^= 1;
    std::fs::write(&last, &bytes).unwrap();
    expect![[r#"
        error: @/run/checkpoints/step-00000060.safetensors: the numbers do not match the fingerprint of the checkpoint; the file is damaged: use another checkpoint
    "#]].assert_eq(&scratch.run("eval @/run").bad(2));
    let resumed = scratch.run("train @/config.toml --out @/run --resume");
    assert_eq!(resumed.code, 0, "{}", resumed.stderr);
    expect![[r#"
        warning: the checkpoint of step 60 cannot be used: @/run/checkpoints/step-00000060.safetensors: the numbers do not match the fingerprint of the checkpoint; the file is damaged: use another checkpoint
    "#]].assert_eq(&resumed.stderr);
}

#[test]
fn a_diverged_run_names_the_last_good_checkpoint() {
    let scratch = Scratch::new(400);
    let config = CONFIG.replace("STEPS", "400").replace("lr = 4e-3", "lr = 1e30").replace("warmup = 10", "warmup = 0");
    std::fs::write(scratch.path("hot.toml"), config).unwrap();
    let ran = scratch.run("train @/hot.toml --out @/run");
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    let message = ran.stderr.lines().last().unwrap();
    assert!(message.starts_with("error: step ") && message.contains("lower the learning rate"), "{message}");
}

#[cfg(target_os = "linux")]
#[test]
fn an_unwritable_run_is_a_failure() {
    let scratch = Scratch::new(20);
    let ran = scratch.run("train @/config.toml --out /proc/searchlens");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""));
    assert!(ran.stderr.contains("/proc/searchlens"), "{}", ran.stderr);
    std::fs::write(scratch.path("file"), "").unwrap();
    let ran = scratch.run("train @/config.toml --out @/file");
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{}", ran.stderr);
}
