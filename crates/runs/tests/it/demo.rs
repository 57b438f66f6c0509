//! The demo's recipe.

use crate::tiny;
use searchlens_model::optimiser::Schedule;
use searchlens_runs::config::RunConfig;
use searchlens_runs::demo::{demo_config, ms_per_step};

#[test]
fn the_budget_fixes_steps_and_schedule() {
    let check = |minutes, ms, steps, schedule| {
        let config = demo_config(minutes, ms, 1, 2).unwrap();
        assert_eq!((config.train().steps, config.train().schedule), (steps, schedule));
        assert_eq!(RunConfig::parse(&config.to_toml()).unwrap(), config);
        assert!((4..=20).contains(&config.train().steps.div_ceil(config.eval().every)));
    };
    check(10.0, 25.0, 24_000, Schedule::Linear { decay: 0.4 });
    check(1.0, 60.0, 1000, Schedule::Cosine { floor: 0.02 });
    check(0.001, 60.0, 20, Schedule::Cosine { floor: 0.02 });
    assert!(demo_config(0.0, 25.0, 1, 2).unwrap_err().to_string().contains("minutes = 0: wanted a positive number"));
    assert!(demo_config(f64::NAN, 25.0, 1, 2).is_err() && demo_config(1.0, 0.0, 1, 2).is_err());
}

#[test]
fn timing_takes_the_median_step() {
    // A clock that goes by 0.2 s at every look: a step takes one tick.
    let time = std::cell::Cell::new(0.0);
    let clock = || {
        time.set(time.get() + 0.2);
        time.get()
    };
    let ms = ms_per_step(&tiny::config(&[]), &tiny::workers(1), &clock).unwrap();
    assert!((ms - 200.0).abs() < 1e-6, "{ms}");
}
