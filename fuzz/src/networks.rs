//! Readers of checkpoints, token files and interventions.

use std::sync::OnceLock;

use searchlens_base::stream::{Purpose, stream};
use searchlens_lens::activations::{SiteChoice, read_tokens};
use searchlens_lens::address::{Address, Sequence};
use searchlens_lens::plan::Plan;
use searchlens_lens::resolved::ResolvedPlan;
use searchlens_lens::tensor::Tensors;
use searchlens_model::Model;
use searchlens_model::checkpoint::{load_model, load_training};
use searchlens_model::config::ModelConfig;
use searchlens_runs::snapshot::CheckpointMetadata;

use crate::{as_file, text};

/// A safetensors file, read as a network and as a training state; and the bytes as a JSON config.
pub fn checkpoint(data: &[u8]) {
    as_file(data, |path| {
        if let Ok(checkpoint) = load_model(path) {
            assert!(checkpoint.model.params.iter().all(|p| p.is_finite()));
            drop(CheckpointMetadata::of(&checkpoint, path));
        }
        drop(load_training(path, 3));
    });
    let Ok(config) = serde_json::from_slice(data) else { return };
    if let Ok(config) = ModelConfig::from_transformer_lens(&config) {
        let again = ModelConfig::from_transformer_lens(&config.to_transformer_lens());
        assert_eq!(again.as_ref(), Ok(&config));
    }
}

/// A safetensors file of token ids.
pub fn token_file(data: &[u8]) {
    as_file(data, |path| {
        let Ok(batch) = read_tokens(path) else { return };
        assert_eq!(batch.tokens.len(), batch.n_seq * batch.seq);
        assert_eq!(batch.weights.len(), batch.n_seq * batch.seq.saturating_sub(1));
    });
}

/// A plan of interventions as JSON, an address, or a list of sites.
pub fn plan(data: &[u8]) {
    static MODEL: OnceLock<Model> = OnceLock::new();
    let model = MODEL.get_or_init(|| {
        let config = ModelConfig::new(2, 4, 2, 5, 6).validated().expect("a good config");
        Model::init(config, &mut stream(0, Purpose::Init, 0))
    });
    let Some(text) = text(data) else { return };
    drop(SiteChoice::parse(text, model));
    if let Ok(address) = text.parse::<Address>() {
        assert_eq!(address.to_string().parse(), Ok(address.clone()));
        if address.check(&model.config, 4).is_ok() {
            assert!(address.width(&model.config, 4) > 0);
        }
    }
    let Ok(plan) = serde_json::from_str::<Plan>(text) else { return };
    let written = serde_json::to_string(&plan).expect("a plan that was read can be written");
    assert_eq!(serde_json::from_str::<Plan>(&written).expect("it can be read again"), plan, "{written}");
    drop(ResolvedPlan::new(&plan, &Tensors::new(), &model.config, &[Sequence { len: 4, roles: None }]));
}
