//! Ranges of the values in `[train]` and `[eval]`.

use searchlens_model::optimiser::Schedule;

use super::error::ConfigProblem;
use super::tables::{EvalSettings, TrainSettings};

/// The largest integer that TOML can hold.
const MAX_INTEGER: u64 = i64::MAX as u64;

/// Checks every value of `[train]`.
pub(super) fn train(train: &TrainSettings) -> Result<(), ConfigProblem> {
    count("train.batch_problems", train.batch_problems as u64, 1 << 20)?;
    count("train.accumulate", train.accumulate, 1 << 20)?;
    count("train.steps", train.steps, MAX_INTEGER)?;
    count("train.slots", train.slots as u64, 64)?;
    count("train.checkpoint_every", train.checkpoint_every, MAX_INTEGER)?;
    count("train.log_every", train.log_every, MAX_INTEGER)?;
    for (key, value) in
        [("train.seed", train.seed), ("train.warmup", train.warmup), ("train.average_steps", train.average_steps)]
    {
        check(value <= MAX_INTEGER, key, value, "a whole number below 2^63")?;
    }
    let problems = u128::from(train.steps) * u128::from(train.accumulate) * train.batch_problems as u128;
    let few_enough = problems <= u128::from(MAX_INTEGER);
    check(few_enough, "train.steps", train.steps, "steps * batch_problems * accumulate below 2^63")?;
    check(is_positive(train.lr), "train.lr", train.lr, "a positive number")?;
    check(is_beta(train.beta1), "train.beta1", train.beta1, "a number from 0 to below 1")?;
    check(is_beta(train.beta2), "train.beta2", train.beta2, "a number from 0 to below 1")?;
    check(is_positive(train.eps), "train.eps", train.eps, "a positive number")?;
    let decays = train.weight_decay >= 0.0 && train.weight_decay.is_finite();
    check(decays, "train.weight_decay", train.weight_decay, "0 or a positive number")?;
    check(train.clip > 0.0, "train.clip", train.clip, "a positive number, or inf for no clipping")?;
    match train.schedule {
        Schedule::Cosine { floor } => {
            check(is_share(floor), "train.schedule.cosine.floor", floor, "a number from 0 to 1")
        }
        Schedule::Linear { decay } => {
            check(is_share(decay), "train.schedule.linear.decay", decay, "a number from 0 to 1")
        }
        Schedule::Constant => Ok(()),
    }
}

/// Checks every value of `[eval]`.
pub(super) fn eval(eval: &EvalSettings) -> Result<(), ConfigProblem> {
    count("eval.problems", eval.problems as u64, 1 << 32)?;
    count("eval.every", eval.every, MAX_INTEGER)
}

fn count(key: &str, value: u64, max: u64) -> Result<(), ConfigProblem> {
    let wanted = match max {
        MAX_INTEGER => "a whole number from 1 on".to_owned(),
        max => format!("a whole number from 1 to {max}"),
    };
    check((1..=max).contains(&value), key, value, &wanted)
}

fn check(is_good: bool, key: &str, value: impl ToString, wanted: &str) -> Result<(), ConfigProblem> {
    match is_good {
        true => Ok(()),
        false => Err(ConfigProblem::Range { key: key.into(), value: value.to_string(), wanted: wanted.into() }),
    }
}

fn is_positive(x: f64) -> bool {
    x > 0.0 && x.is_finite()
}

fn is_beta(x: f64) -> bool {
    (0.0..1.0).contains(&x)
}

fn is_share(x: f64) -> bool {
    (0.0..=1.0).contains(&x)
}
