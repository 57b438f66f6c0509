//! Readers of a run's config and of its folder.

use searchlens_report::read::read_run;
use searchlens_report::write_report;
use searchlens_runs::config::RunConfig;

use crate::text;

/// A training config: it reads the same after being written.
pub fn run_toml(data: &[u8]) {
    let Some(config) = text(data).and_then(|text| RunConfig::parse(text).ok()) else { return };
    let written = config.to_toml();
    let again = RunConfig::parse(&written).expect("it can be read again");
    assert!(again.differences(&config).is_empty(), "{written}");
}

/// The files of a run folder, in their order in an input, separated by zero bytes.
const FILES: [&str; 6] =
    ["run.json", "config.toml", "metrics.jsonl", "results/eval.json", "results/probes.json", "results/gallery.json"];

/// A run folder: a folder that can be read can be reported.
pub fn run_folder(data: &[u8]) {
    let folder = tempfile::tempdir().expect("the folder of temporary files can be written");
    std::fs::create_dir(folder.path().join("results")).expect("a folder can be made");
    for (name, content) in FILES.iter().zip(data.split(|&byte| byte == 0)) {
        if !content.is_empty() {
            std::fs::write(folder.path().join(name), content).expect("a file can be written");
        }
    }
    if read_run(folder.path()).is_ok() {
        let shown = write_report(folder.path(), None);
        assert!(shown.is_ok(), "{:?}", shown.err());
    }
}
