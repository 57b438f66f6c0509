//! How a run begins, and how it is taken up again.

use std::path::Path;

use searchlens_base::durable::write_atomically;
use searchlens_base::stream::{Purpose, stream};
use searchlens_model::Model;
use searchlens_model::checkpoint::{CheckpointError, load_model};
use searchlens_model::config::ModelConfig;
use searchlens_model::kernels::attention::KvGradient;
use searchlens_model::kernels::tier::tier_for;
use searchlens_model::optimiser::{AdamW, Moments};
use searchlens_model::params::Slot;
use searchlens_model::train::{Average, Trainer, TrainerOptions};
use searchlens_model::workers::Workers;

use crate::config::RunConfig;
use crate::config::tables::TrainSettings;
use crate::folder::{RunFolder, write_json};
use crate::metrics::MetricsWriter;
use crate::setup::Parts;
use crate::snapshot::{self, Tally};
use searchlens_results::{FORMAT_VERSION, Metric, RunInfo, TierFrom};

use super::{Origin, Progress, RunError, Session, Start};

/// What the loop starts from.
pub(super) struct Started {
    pub(super) trainer: Trainer,
    pub(super) metrics: MetricsWriter,
    pub(super) tally: Tally,
    pub(super) info: RunInfo,
    pub(super) best_exact: Option<f64>,
    pub(super) seconds: f64,
}

/// The network before the first step: fresh weights drawn from the seed, those that stay frozen at 0, or the weights of `init`.
///
/// # Errors
/// If `init` cannot be read, or does not fit.
pub fn initial_model(config: &RunConfig, parts: &Parts) -> Result<Model, RunError> {
    match &config.train().init {
        None => Ok(untrained_model(config.train().seed, parts)),
        Some(path) => init_from(path, parts),
    }
}

/// The network with fresh weights drawn from the seed of a run, whatever it was trained from: what probes are compared with.
pub fn untrained_model(seed: u64, parts: &Parts) -> Model {
    let mut model = Model::init(parts.architecture.clone(), &mut stream(seed, Purpose::Init, 0));
    for (_, slot) in parts.frozen() {
        slot.of_mut(&mut model.params).fill(0.0);
    }
    model
}

fn init_from(path: &Path, parts: &Parts) -> Result<Model, RunError> {
    let loaded = load_model(path).map_err(|error| match error {
        CheckpointError::File(error) => RunError::InitFile(error),
        other => RunError::Init(other),
    });
    let model = loaded?.model;
    if model.config != parts.architecture {
        let differences = differences(&model.config, &parts.architecture);
        return Err(RunError::InitArchitecture { path: path.into(), differences });
    }
    for (tensor, slot) in parts.frozen() {
        if slot.of(&model.params).iter().any(|&p| p != 0.0) {
            let remedy = match tensor {
                "unembed.b_U" => "set model.output_bias = true",
                _ => "set model.positions = \"learned\"",
            };
            return Err(RunError::InitFrozen { path: path.into(), tensor, remedy });
        }
    }
    Ok(model)
}

/// Fields in which two architectures differ, with both values.
fn differences(got: &ModelConfig, want: &ModelConfig) -> Vec<String> {
    let (got, want) = (got.to_transformer_lens(), want.to_transformer_lens());
    let fields = |value: &serde_json::Value| value.as_object().cloned().unwrap_or_default();
    let (got, want) = (fields(&got), fields(&want));
    let mut names: Vec<&String> = got.keys().chain(want.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let show = |value: Option<&serde_json::Value>| value.map_or("absent".to_owned(), ToString::to_string);
    let differ = names.into_iter().filter(|&name| got.get(name) != want.get(name));
    differ.map(|name| format!("{name} ({} and {})", show(got.get(name)), show(want.get(name)))).collect()
}

/// The optimiser that `[train]` describes.
pub fn optimiser_of(train: &TrainSettings) -> AdamW {
    AdamW {
        beta1: train.beta1,
        beta2: train.beta2,
        eps: train.eps,
        weight_decay: train.weight_decay,
        decay: train.decay.clone(),
        clip: train.clip.is_finite().then_some(train.clip),
    }
}

/// A trainer before the first step.
pub(crate) fn first_trainer(config: &RunConfig, parts: &Parts) -> Result<Trainer, RunError> {
    let model = initial_model(config, parts)?;
    let train = config.train();
    let average = (train.average_steps > 0).then(|| Average::new(train.average_steps as f64, &model.params));
    let moments = Moments::new(model.params.len());
    trainer(train, parts, model, moments, average)
}

fn trainer(
    train: &TrainSettings,
    parts: &Parts,
    model: Model,
    moments: Moments,
    average: Option<Average>,
) -> Result<Trainer, RunError> {
    let options = TrainerOptions {
        precision: train.precision.here(),
        kv_gradient: if train.myopic { KvGradient::OwnQuery } else { KvGradient::AllQueries },
        slots: train.slots,
        frozen: frozen(parts),
    };
    Ok(Trainer::new(model, optimiser_of(train), moments, average, options)?)
}

fn frozen(parts: &Parts) -> Vec<Slot> {
    parts.frozen().into_iter().map(|(_, slot)| slot).collect()
}

pub(super) fn fresh(
    config: &RunConfig,
    parts: &Parts,
    folder: &RunFolder,
    session: &Session<'_>,
) -> Result<Started, RunError> {
    if folder.holds_a_run() {
        return Err(RunError::Exists { dir: folder.root().into() });
    }
    let trainer = first_trainer(config, parts)?;
    folder.make()?;
    let info = info(config, session.workers, session.origin, trainer.model.params.len())?;
    write_json(&folder.info(), &info)?;
    let metrics = MetricsWriter::create(&folder.metrics())?;
    write_atomically(&folder.config(), config.to_toml().as_bytes())?;
    Ok(Started { trainer, metrics, tally: Tally::default(), info, best_exact: None, seconds: 0.0 })
}

pub(super) fn resume(
    config: &RunConfig,
    parts: &Parts,
    folder: &RunFolder,
    start: Start,
    session: &mut Session<'_>,
) -> Result<Started, RunError> {
    let dir = folder.root();
    if !folder.config().exists() {
        return Err(RunError::NoRun { dir: dir.into() });
    }
    // The instruction set that a config is held to matters by what comes of it: the tier.
    let differences = RunConfig::read(&folder.config())?.held_to(config.train().tier).differences(config);
    if !differences.is_empty() {
        return Err(RunError::Changed { dir: dir.into(), differences });
    }
    let before = read_info(folder)?;
    let now = info(config, session.workers, session.origin, before.n_params)?;
    let is_other = before.tier != now.tier;
    if is_other && start != Start::ResumeOnAnyTier {
        return Err(RunError::Tier { dir: dir.into(), was: before.tier, now: now.tier });
    }
    let mut started = first_trainer(config, parts)?;
    let mut tally = Tally::default();
    if let Some((notes, state)) = last_whole(folder, session.progress)? {
        let model = Model { params: state.params, ..started.model };
        started = trainer(config.train(), parts, model, state.moments, state.average)?;
        tally = notes.tally;
    }
    let step = started.steps_done();
    let (metrics, lines) = MetricsWriter::resume(&folder.metrics(), step)?;
    folder.forget_after(step)?;
    let exact = lines.iter().filter_map(|line| match line {
        Metric::Eval { exact_path, .. } => exact_path.value,
        Metric::Train { .. } => None,
    });
    let best_exact = exact.reduce(f64::max);
    let seconds = lines.last().map_or(0.0, Metric::seconds);
    let mut info = RunInfo { threads: now.threads, ..before };
    if is_other {
        info = moved(info, now, step);
        write_json(&folder.info(), &info)?;
        write_atomically(&folder.config(), config.to_toml().as_bytes())?;
    }
    Ok(Started { trainer: started, metrics, tally, info, best_exact, seconds })
}

/// What `run.json` says of a run that goes on after `step` steps on another tier, which is that of `now`.
fn moved(before: RunInfo, now: RunInfo, step: u64) -> RunInfo {
    let of = |from_step, info: &RunInfo| TierFrom { from_step, tier: info.tier.clone(), machine: info.machine.clone() };
    let mut tiers = if before.tiers.is_empty() { vec![of(0, &before)] } else { before.tiers.clone() };
    // Steps that are made anew leave no trace of where they were made first.
    tiers.retain(|tier| tier.from_step < step);
    if tiers.last().is_none_or(|last| last.tier != now.tier) {
        tiers.push(of(step, &now));
    }
    if tiers.len() == 1 {
        tiers.clear();
    }
    RunInfo { threads: now.threads, tier: now.tier, precision: now.precision, machine: now.machine, tiers, ..before }
}

/// The last checkpoint of which both files are whole; `None` if there is no complete one at all.
fn last_whole(
    folder: &RunFolder,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<(snapshot::Notes, searchlens_model::checkpoint::TrainingState)>, RunError> {
    let mut reasons = Vec::new();
    for kept in folder.kept()?.into_iter().rev().filter(|k| k.model && k.training) {
        match snapshot::load_complete(folder, kept.step) {
            Ok(loaded) => return Ok(Some(loaded)),
            Err(error) => {
                let reason = error.to_string();
                progress(Progress::Skipped { step: kept.step, reason: &reason });
                reasons.push(reason);
            }
        }
    }
    if reasons.is_empty() { Ok(None) } else { Err(RunError::NoWholeCheckpoint { dir: folder.root().into(), reasons }) }
}

fn info(config: &RunConfig, workers: &Workers, origin: &Origin, n_params: usize) -> Result<RunInfo, RunError> {
    let precision = config.train().precision.here();
    Ok(RunInfo {
        format_version: FORMAT_VERSION,
        program_version: origin.program_version.clone(),
        commit: origin.commit.clone(),
        seed: config.train().seed,
        threads: workers.threads(),
        tier: tier_for(precision)?.to_string(),
        precision: precision.to_string(),
        n_params,
        machine: origin.machine.clone(),
        tiers: Vec::new(),
        train_seconds: 0.0,
    })
}

fn read_info(folder: &RunFolder) -> Result<RunInfo, RunError> {
    let path = folder.info();
    let bytes = searchlens_base::durable::read_file(&path)?;
    let info: RunInfo = serde_json::from_slice(&bytes)
        .map_err(|error| RunError::Broken { path: path.clone(), message: error.to_string() })?;
    if info.format_version != FORMAT_VERSION {
        let message = format!("format version {}, this program reads {FORMAT_VERSION}", info.format_version);
        return Err(RunError::Broken { path, message });
    }
    Ok(info)
}
