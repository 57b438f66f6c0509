//! Checkpoints: round trip, same bytes, and every way a file can be wrong.

use crate::{architectures, rng, shaken};
use rand::RngExt;
use searchlens_model::checkpoint::{CheckpointError, load_model, load_training, save_model, save_training};
use searchlens_model::optimiser::Moments;
use searchlens_model::train::Average;
use serde_json::json;
use std::path::Path;

#[test]
fn what_is_saved_is_loaded_in_every_architecture() {
    let dir = tempfile::tempdir().unwrap();
    for (i, (name, config)) in architectures().into_iter().enumerate() {
        let model = shaken(&config, i as u64);
        let path = dir.path().join(format!("{i}.safetensors"));
        save_model(&path, &model.config, &model.layout, &model.params, &json!({"step": i, "tokenizer": "edges"}))
            .unwrap();
        let loaded = load_model(&path).unwrap();
        assert_eq!((&loaded.model.params, &loaded.model.config), (&model.params, &config), "{name}");
        assert_eq!(loaded.metadata["step"], json!(i));
        let first = std::fs::read(&path).unwrap();
        save_model(&path, &model.config, &model.layout, &model.params, &json!({"step": i, "tokenizer": "edges"}))
            .unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), first, "the same network gives the same bytes");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), architectures().len(), "no temporary file is left");
}

#[test]
fn training_states_come_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("t.safetensors");
    let mut rng = rng(1);
    let mut numbers = || (0..100).map(|_| rng.random()).collect::<Vec<f32>>();
    let (params, moments) = (numbers(), Moments { mean: numbers(), square: numbers(), step: 1 << 40 });
    for average in [None, Some(Average { horizon: 200.0, params: numbers() })] {
        save_training(&path, &params, &moments, average.as_ref()).unwrap();
        let state = load_training(&path, 100).unwrap();
        assert_eq!((state.params, state.moments, state.average), (params.clone(), moments.clone(), average));
        assert!(matches!(load_training(&path, 99), Err(CheckpointError::Shape { .. })));
    }
}

/// A whole checkpoint, spoilt by `spoil`, must be refused with a message that contains each of `says`.
#[track_caller]
fn check_refused(spoil: impl Fn(&Path), says: &[&str]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("c.safetensors");
    let model = shaken(&architectures()[0].1, 1);
    save_model(&path, &model.config, &model.layout, &model.params, &json!({})).unwrap();
    spoil(&path);
    let message = load_model(&path).unwrap_err().to_string();
    assert!(says.iter().chain(&["c.safetensors"]).all(|s| message.contains(s)), "{message}");
}

/// Replaces text in the header by text of the same length.
fn replace(from: &'static str, to: &'static str) -> impl Fn(&Path) {
    assert_eq!(from.len(), to.len());
    move |path| {
        let bytes = std::fs::read(path).unwrap();
        let at = bytes.windows(from.len()).position(|w| w == from.as_bytes()).unwrap();
        let changed = [&bytes[..at], to.as_bytes(), &bytes[at + from.len()..]].concat();
        std::fs::write(path, changed).unwrap();
    }
}

#[test]
fn broken_files_are_refused_with_what_is_wrong() {
    let cut = |keep: usize| move |path: &Path| std::fs::write(path, &std::fs::read(path).unwrap()[..keep]).unwrap();
    for keep in [0, 5, 100, 3000, 8000] {
        check_refused(cut(keep), &["not a complete safetensors file"]);
    }
    check_refused(|path| std::fs::write(path, vec![0xff; 5000]).unwrap(), &["not a complete safetensors file"]);
    check_refused(|path| std::fs::remove_file(path).unwrap(), &["cannot read"]);
    check_refused(replace("attn.W_Q", "attn.W_X"), &["blocks.0.attn.W_X", "did you mean", "attn.W_"]);
    check_refused(replace("[3,9,5]", "[3,5,9]"), &["blocks.0.attn.W_", "F32 [3, 5, 9]", "[3, 9, 5]"]);
    check_refused(replace("\\\"n_layers\\\":2", "\\\"n_layers\\\":x"), &["`config` is not JSON"]);
    check_refused(replace("\\\"n_layers\\\":2", "\\\"n_layerz\\\":2"), &["unknown field `n_layerz`", "`n_layers`"]);
    check_refused(replace("\\\"d_mlp\\\":17", "\\\"d_mlp\\\":16"), &["mlp", "16"]);
    check_refused(replace("\"config\"", "\"konfig\""), &["no `config`"]);
    let infinite = |path: &Path| {
        let mut bytes = std::fs::read(path).unwrap();
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::INFINITY.to_le_bytes());
        std::fs::write(path, bytes).unwrap();
    };
    check_refused(infinite, &["holds inf at entry"]);
}
