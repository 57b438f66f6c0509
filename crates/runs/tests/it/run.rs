//! Training runs: files, resuming, damage, errors.

use crate::tiny::{config, train_fresh, train_until};
use searchlens_base::fault::{Fault, HasFault};
use searchlens_model::kernels::tier::{Precision, best_f32_tier, fastest_precision, tier_for};
use searchlens_results::{Metric, RunInfo};
use searchlens_runs::config::RunConfig;
use searchlens_runs::folder::RunFolder;
use searchlens_runs::metrics::MetricsWriter;
use searchlens_runs::run::{Outcome, RunError, Start};
use searchlens_runs::snapshot;
use std::collections::BTreeMap;
use std::path::Path;

fn resume(config: &RunConfig, dir: &Path) -> Result<Outcome, RunError> {
    train_until(config, dir, Start::Resume, 2, None)
}

/// Everything in a run folder that must not depend on time or threads: checkpoints byte for byte, config, metrics without times.
fn essence(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let folder = RunFolder::at(dir);
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder.checkpoints()).unwrap() {
        let entry = entry.unwrap();
        files.insert(entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap());
    }
    files.insert("config.toml".into(), std::fs::read(folder.config()).unwrap());
    files.insert("metrics.jsonl".into(), format!("{:#?}", metrics(dir)).into_bytes());
    files
}

/// The lines of metrics, with times set to 0.
fn metrics(dir: &Path) -> Vec<Metric> {
    let text = std::fs::read_to_string(RunFolder::at(dir).metrics()).unwrap();
    let mut lines: Vec<Metric> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    for line in &mut lines {
        match line {
            Metric::Train { seconds, tokens_per_s, .. } => (*seconds, *tokens_per_s) = (0.0, 0.0),
            Metric::Eval { seconds, .. } => *seconds = 0.0,
        }
    }
    lines
}

/// Training losses of a run of the tiny config, edited.
fn losses(edits: &[(&str, &str)]) -> Vec<f64> {
    let dir = tempfile::tempdir().unwrap();
    train_fresh(&config(edits), dir.path()).unwrap();
    let lines = metrics(dir.path());
    lines.iter().filter_map(|line| if let Metric::Train { loss, .. } = line { Some(*loss) } else { None }).collect()
}

#[test]
fn batches_accumulate_to_larger_ones() {
    let precise = ("log_every = 7", "log_every = 7\nprecision = \"f32\"");
    let (whole, parts) =
        (losses(&[precise]), losses(&[("batch_problems = 16", "batch_problems = 4\naccumulate = 4"), precise]));
    assert_eq!(whole.len(), parts.len());
    for (a, b) in whole.iter().zip(&parts) {
        assert!((a - b).abs() < 2e-3, "{whole:?} {parts:?}");
    }
    let myopic = losses(&[("log_every = 7", "log_every = 7\nprecision = \"f32\"\nmyopic = true")]);
    assert!(myopic.iter().all(|loss| loss.is_finite()) && myopic != whole);
}

#[track_caller]
fn check_same(a: &Path, b: &Path) {
    let (a, b) = (essence(a), essence(b));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    for (name, bytes) in &a {
        assert!(b[name] == *bytes, "{name} differs");
    }
}

/// A folder in which the tiny run has been stopped after `at` steps.
fn stopped(config: &RunConfig, at: u64) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let outcome = train_until(config, dir.path(), Start::Fresh, 2, Some(at)).unwrap();
    assert_eq!((outcome.step, outcome.finished), (at, false));
    dir
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = essence(dir).into_keys().filter(|n| n.ends_with("safetensors")).collect();
    names.sort();
    names
}

#[test]
fn a_tiny_network_learns_and_leaves_its_folder() {
    let dir = tempfile::tempdir().unwrap();
    let config = config(&[("steps = 60", "steps = 400"), ("checkpoint_every = 20", "checkpoint_every = 150")]);
    let outcome = train_fresh(&config, dir.path()).unwrap();
    let losses: Vec<f64> = metrics(dir.path())
        .into_iter()
        .filter_map(|line| match line {
            Metric::Train { loss, .. } => Some(loss),
            Metric::Eval { .. } => None,
        })
        .collect();
    // Guessing among the 26 tokens is 3.26 nats; knowing that a cell follows, or the end, about 2.2.
    assert!(losses[0] > 2.5 && losses[losses.len() - 1] < 0.8, "{losses:?}");
    assert!(outcome.finished && outcome.step == 400);
    let model = |step: u64| format!("step-{step:08}.safetensors");
    let training = |step: u64| format!("step-{step:08}.training.safetensors");
    let mut want = vec!["best.safetensors".to_owned()];
    want.extend([1, 2, 4, 8, 16, 32, 64, 128, 256].map(model));
    want.extend([300, 400].map(model));
    want.extend([300, 400].map(training));
    want.sort();
    assert_eq!(names(dir.path()), want);
    let info: RunInfo = serde_json::from_slice(&std::fs::read(RunFolder::at(dir.path()).info()).unwrap()).unwrap();
    assert_eq!(info.train_seconds, outcome.train_seconds);
    assert!(info.train_seconds > 0.0 && info.n_params == outcome.model.params.len());
    let last = snapshot::load(&outcome.checkpoint.unwrap()).unwrap();
    assert_eq!((last.model.params, last.metadata.step), (outcome.model.params, 400));
}

#[test]
fn frozen_weights_stay_at_zero() {
    let dir = tempfile::tempdir().unwrap();
    let model = train_fresh(&config(&[]), dir.path()).unwrap().model;
    let w_pos = model.layout.w_pos.unwrap().of(&model.params);
    let rows: Vec<bool> = w_pos.chunks(32).map(|row| row.iter().all(|&p| p == 0.0)).collect();
    // A tree on 3×3 has 8 passages.
    assert_eq!(rows.iter().position(|zero| !zero), Some(8));
    assert!(model.layout.b_u.of(&model.params).iter().all(|&p| p == 0.0));
    let trained = train_fresh(
        &config(&[("n_heads = 2", "n_heads = 2\npositions = \"learned\"\noutput_bias = true")]),
        &dir.path().join("other"),
    );
    let model = trained.unwrap().model;
    assert!(model.layout.b_u.of(&model.params).iter().all(|&p| p != 0.0));
    assert!(model.layout.w_pos.unwrap().of(&model.params)[..8 * 32].iter().all(|&p| p != 0.0));
}

#[test]
fn threads_change_no_bit() {
    // `auto` is bf16 where the machine has it.
    for precision in ["auto", "f32"] {
        let config = config(&[("seed = 3", &format!("seed = 3\nprecision = {precision:?}"))]);
        let dirs = [1, 2, 3].map(|threads| {
            let dir = tempfile::tempdir().unwrap();
            train_until(&config, dir.path(), Start::Fresh, threads, None).unwrap();
            dir
        });
        check_same(dirs[0].path(), dirs[1].path());
        check_same(dirs[0].path(), dirs[2].path());
    }
}

#[test]
fn the_folder_records_the_precision_of_training() {
    let trained = |precision: &str| -> Result<RunInfo, RunError> {
        let dir = tempfile::tempdir().unwrap();
        let edit = format!("seed = 3\nprecision = {precision:?}");
        train_fresh(&config(&[("seed = 3", &edit), ("steps = 60", "steps = 1")]), dir.path())?;
        Ok(serde_json::from_slice(&std::fs::read(RunFolder::at(dir.path()).info()).unwrap()).unwrap())
    };
    let f32 = trained("f32").unwrap();
    assert_eq!((f32.precision, f32.tier), ("f32".to_owned(), best_f32_tier().to_string()));
    match tier_for(Precision::Bf16) {
        Ok(tier) => {
            let bf16 = trained("bf16").unwrap();
            assert_eq!((bf16.precision, bf16.tier), ("bf16".to_owned(), tier.to_string()));
        }
        Err(_) => check_error(trained("bf16"), true, &["train.precision", "use f32"]),
    }
    assert_eq!(trained("auto").unwrap().precision, fastest_precision().to_string());
}

#[test]
fn a_resumed_run_is_the_run_that_never_stopped() {
    let whole = tempfile::tempdir().unwrap();
    train_fresh(&config(&[]), whole.path()).unwrap();
    // Before the first checkpoint, on one, on a line of metrics, on an evaluation, off everything, on a power of two, just before the end.
    for at in [5, 20, 28, 30, 32, 33, 59] {
        let dir = stopped(&config(&[]), at);
        assert!(resume(&config(&[]), dir.path()).unwrap().finished);
        check_same(whole.path(), dir.path());
    }
    // Again and again.
    let dir = stopped(&config(&[]), 3);
    for at in [10, 41, 42] {
        train_until(&config(&[]), dir.path(), Start::Resume, 1, Some(at)).unwrap();
    }
    resume(&config(&[]), dir.path()).unwrap();
    check_same(whole.path(), dir.path());
    // A finished run has nothing left to do.
    resume(&config(&[]), dir.path()).unwrap();
    check_same(whole.path(), dir.path());
}

/// Runs to step 50, breaks something, resumes, and compares with the run that never stopped.
#[track_caller]
fn check_survives(break_it: impl Fn(&RunFolder)) {
    let whole = tempfile::tempdir().unwrap();
    train_fresh(&config(&[]), whole.path()).unwrap();
    let dir = stopped(&config(&[]), 50);
    break_it(&RunFolder::at(dir.path()));
    resume(&config(&[]), dir.path()).unwrap();
    check_same(whole.path(), dir.path());
}

fn cut(path: &Path, keep: impl Fn(usize) -> usize) {
    let bytes = std::fs::read(path).unwrap();
    std::fs::write(path, &bytes[..keep(bytes.len())]).unwrap();
}

#[test]
fn a_kill_between_two_files_costs_steps_and_nothing_else() {
    // Killed after the checkpoint's weights were written, before its training state.
    check_survives(|folder| std::fs::remove_file(folder.training(50)).unwrap());
    // Killed before either; the metrics were ahead.
    check_survives(|folder| {
        std::fs::remove_file(folder.training(50)).unwrap();
        std::fs::remove_file(folder.model(50)).unwrap();
    });
    // Killed before the first checkpoint.
    check_survives(|folder| {
        for files in folder.checkpoint_files().unwrap().into_iter().filter(|files| files.training) {
            std::fs::remove_file(folder.training(files.step)).unwrap();
        }
    });
}

#[test]
fn truncated_files_are_skipped() {
    check_survives(|folder| cut(&folder.training(50), |len| len - 5));
    check_survives(|folder| cut(&folder.training(50), |_| 3));
    check_survives(|folder| cut(&folder.model(50), |len| len / 2));
    check_survives(|folder| cut(&folder.model(50), |_| 0));
    // An unfinished line after the checkpoint.
    check_survives(|folder| {
        let mut text = std::fs::read_to_string(folder.metrics()).unwrap();
        text.push_str("{\"kind\":\"train\",\"step\":5");
        std::fs::write(folder.metrics(), text).unwrap();
    });
    // What an interrupted write leaves.
    check_survives(|folder| std::fs::write(folder.checkpoints().join(".tmp-x7"), "half").unwrap());
}

#[test]
fn a_flipped_bit_is_noticed() {
    let flip = |path: &Path| {
        let mut bytes = std::fs::read(path).unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        std::fs::write(path, bytes).unwrap();
    };
    check_survives(|folder| flip(&folder.training(50)));
    check_survives(|folder| flip(&folder.model(50)));
    let dir = stopped(&config(&[]), 50);
    let path = RunFolder::at(dir.path()).model(50);
    flip(&path);
    assert!(snapshot::load(&path).unwrap_err().to_string().contains("the file is damaged"));
}

#[track_caller]
fn check_error(result: Result<impl std::fmt::Debug, RunError>, is_bad_input: bool, wanted: &[&str]) {
    let error = result.unwrap_err();
    let message = error.to_string();
    assert_eq!(error.fault() == Fault::BadInput, is_bad_input, "{message}");
    for part in wanted {
        assert!(message.contains(part), "`{part}` is not in: {message}");
    }
}

#[test]
fn a_run_is_neither_overwritten_nor_resumed_by_mistake() {
    let dir = stopped(&config(&[]), 20);
    check_error(train_fresh(&config(&[]), dir.path()), true, &["already holds a run", "--resume", "--out"]);
    let f32 = config(&[("log_every = 7", "log_every = 7\nprecision = \"f32\"")]);
    check_error(resume(&f32, dir.path()), true, &["train.precision (\"auto\" and \"f32\")"]);
    let other = config(&[("lr = 4e-3", "lr = 5e-3"), ("seed = 3", "seed = 4")]);
    check_error(resume(&other, dir.path()), true, &["train.lr (0.004 and 0.005)", "train.seed (3 and 4)"]);
    let empty = tempfile::tempdir().unwrap();
    check_error(resume(&config(&[]), empty.path()), true, &["no run to resume"]);
    let info = RunFolder::at(dir.path()).info();
    let text = std::fs::read_to_string(&info).unwrap();
    let now = serde_json::from_str::<RunInfo>(&text).unwrap().tier;
    std::fs::write(&info, text.replace(&format!("\"tier\": {now:?}"), "\"tier\": \"f32-other\"")).unwrap();
    check_error(
        resume(&config(&[]), dir.path()),
        true,
        &["has used tier f32-other, this machine uses", "--other-tier", &now],
    );
    std::fs::write(&info, "{").unwrap();
    check_error(resume(&config(&[]), dir.path()), true, &["run.json", "restore the file"]);
}

/// `run.json` of a folder.
fn info(dir: &Path) -> RunInfo {
    serde_json::from_str(&std::fs::read_to_string(RunFolder::at(dir).info()).unwrap()).unwrap()
}

#[test]
fn a_run_resumed_on_another_tier_records_the_step() {
    let dir = stopped(&config(&[]), 30);
    let other = |tier: &str| {
        let info = RunInfo { tier: tier.into(), ..info(dir.path()) };
        std::fs::write(RunFolder::at(dir.path()).info(), serde_json::to_string(&info).unwrap()).unwrap();
    };
    let here = info(dir.path()).tier;
    let on = |at| train_until(&config(&[]), dir.path(), Start::ResumeOnAnyTier, 2, at).unwrap();
    let tiers = || info(dir.path()).tiers.into_iter().map(|t| (t.from_step, t.tier)).collect::<Vec<_>>();
    // As if the first 30 steps had been made elsewhere.
    other("f32-other");
    on(Some(40));
    assert_eq!(tiers(), [(0, "f32-other".into()), (30, here.clone())]);
    assert_eq!(info(dir.path()).tier, here);
    // On the same tier nothing changes, and the flag is not needed.
    train_until(&config(&[]), dir.path(), Start::Resume, 2, Some(50)).unwrap();
    assert_eq!(tiers(), [(0, "f32-other".into()), (30, here.clone())]);
    // There and back.
    other("f32-other");
    on(None);
    assert_eq!(info(dir.path()).tier, here);
}

#[test]
fn two_processes_do_not_train_one_run() {
    let dir = stopped(&config(&[]), 20);
    let (writer, _) = MetricsWriter::resume(&RunFolder::at(dir.path()).metrics(), 20).unwrap();
    check_error(resume(&config(&[]), dir.path()), true, &["another process is training this run"]);
    drop(writer);
    assert!(resume(&config(&[]), dir.path()).unwrap().finished);
}

#[test]
fn without_a_complete_checkpoint_resuming_is_an_error() {
    let dir = stopped(&config(&[]), 50);
    let folder = RunFolder::at(dir.path());
    for files in folder.checkpoint_files().unwrap().into_iter().filter(|files| files.training) {
        cut(&folder.training(files.step), |len| len / 2);
    }
    let wanted = ["no checkpoint is complete", "step-00000040.training.safetensors", "restore one from a copy"];
    check_error(resume(&config(&[]), dir.path()), true, &wanted);
}

#[test]
fn a_broken_line_before_the_checkpoint_is_an_error() {
    let dir = stopped(&config(&[]), 50);
    let path = RunFolder::at(dir.path()).metrics();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("\"kind\"", "\"knd\"", 1)).unwrap();
    check_error(resume(&config(&[]), dir.path()), true, &["metrics.jsonl, line 1", "restore the file from a copy"]);
}

#[test]
fn a_loss_that_is_not_finite_stops_the_run_and_spares_the_checkpoint() {
    let dir = tempfile::tempdir().unwrap();
    let wild = config(&[
        ("lr = 4e-3", "lr = 1e36"),
        ("warmup = 10", "warmup = 1000000000000"),
        ("steps = 60", "steps = 2000"),
    ]);
    // The rate grows by 1e24 a step: good for no step at all.
    check_error(
        train_fresh(&wild, dir.path()),
        false,
        &["step ", "lower the learning rate", "no checkpoint has been written"],
    );
    // Weight decay that overshoots makes the weights 2.5 times larger with every step: still numbers after 20 steps, not after 60.
    let dir = tempfile::tempdir().unwrap();
    let swelling = config(&[
        ("lr = 4e-3", "lr = 1e-3\nweight_decay = 3.5e3\nprecision = \"f32\""),
        ("warmup = 10", "warmup = 0"),
        ("average_steps = 20", "average_steps = 0"),
    ]);
    let wanted = ["lower the learning rate", "the last good checkpoint is", "step-00000020.safetensors"];
    check_error(train_fresh(&swelling, dir.path()), false, &wanted);
    let folder = RunFolder::at(dir.path());
    assert!(snapshot::load(&folder.model(20)).unwrap().model.params.iter().all(|p| p.is_finite()));
    // And it stops there again.
    check_error(resume(&swelling, dir.path()), false, &wanted);
}

#[test]
fn an_unwritable_folder_is_a_failure_that_names_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    check_error(train_fresh(&config(&[]), &file.join("run")), false, &["cannot make the folder", "file/run"]);
    // The folder of checkpoints goes away under way: what was written before is not touched.
    let run = stopped(&config(&[]), 20);
    let folder = RunFolder::at(run.path());
    let kept = std::fs::read(folder.model(20)).unwrap();
    std::fs::create_dir(folder.model(32)).unwrap();
    check_error(resume(&config(&[]), run.path()), false, &["step-00000032.safetensors"]);
    assert_eq!(std::fs::read(folder.model(20)).unwrap(), kept);
}

#[test]
fn fine_tuning_starts_from_the_checkpoint_named() {
    let first = tempfile::tempdir().unwrap();
    let trained = train_fresh(&config(&[]), first.path()).unwrap();
    let best = RunFolder::at(first.path()).model(60);
    let line = format!("log_every = 7\ninit = {best:?}");
    let tuned = tempfile::tempdir().unwrap();
    let tune = |more: &[(&str, &str)]| {
        let edits =
            [&[("log_every = 7", &line[..]), ("steps = 60", "steps = 1"), ("lr = 4e-3", "lr = 1e-9")], more].concat();
        config(&edits)
    };
    let outcome = train_fresh(&tune(&[]), tuned.path()).unwrap();
    let far = outcome.model.params.iter().zip(&trained.model.params).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(far > 0.0 && far < 1e-6, "{far}");
    let other = tempfile::tempdir().unwrap();
    let wider = tune(&[("d_model = 32", "d_model = 34")]);
    check_error(train_fresh(&wider, other.path()), true, &["train.init", "d_model (32 and 34)"]);
    std::fs::write(&best, "no checkpoint").unwrap();
    check_error(train_fresh(&tune(&[]), other.path()), true, &["train.init", "step-00000060.safetensors"]);
}
