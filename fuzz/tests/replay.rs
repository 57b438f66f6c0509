//! Replays the corpus: inputs that fuzzing found, and valid ones of every kind.

use std::path::{Path, PathBuf};

use searchlens_fuzz::TARGETS;

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("a folder can be listed").path()).collect();
    files.sort();
    files
}

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus")
}

#[test]
fn every_input_of_the_corpus_is_read_or_refused() {
    for target in TARGETS {
        let files = files(&corpus().join(target.name));
        assert!(!files.is_empty(), "{} has no corpus", target.name);
        for file in files {
            // If a file panics, its name is the last one printed.
            println!("{}", file.display());
            (target.run)(&std::fs::read(&file).unwrap());
        }
    }
}

#[test]
fn the_corpus_is_small_and_belongs_to_targets() {
    let folders = files(&corpus());
    let mut names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    names.sort_unstable();
    assert_eq!(folders.iter().filter_map(|f| f.file_name()?.to_str()).collect::<Vec<_>>(), names);
    let bytes: u64 = folders.iter().flat_map(|folder| files(folder)).map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes < 500_000, "{bytes} bytes");
}
