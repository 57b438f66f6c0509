//! Every tier that this machine has, against the network in f64.

use crate::{architectures, batch, on_each_tier, shaken};
use searchlens_model::config::AttentionDir;
use searchlens_model::generate::{Decoder, Sampling, Stop, generate};
use searchlens_model::kernels::tier::{Precision, Tier, fastest_precision, forced_tier};
use searchlens_model::net::{Net, Products, Sequences};
use searchlens_model::record::run;
use searchlens_model::tap::NoTap;
use searchlens_model::workers::Workers;

/// Logits, loss and gradients of f32 in units of the largest entry of each tensor.
const BOUND: f64 = 2e-5;

#[test]
fn passes_of_every_tier_are_near_those_in_f64() {
    for (name, config) in architectures() {
        let model = shaken(&config, 21);
        let (tokens, weights) = batch(&config, 3, 10, 22);
        let sequences = Sequences { tokens: &tokens, seq: 10 };
        let params = model.params_f64();
        let exact = Net { config: &config, layout: &model.layout, params: &params, products: Products::Plain };
        let want = run(exact, sequences, &weights, true, &mut NoTap);
        on_each_tier(|tier| {
            let got = run(model.net(), sequences, &weights, true, &mut NoTap);
            let near = |what: &str, got: &[f32], want: &[f64], measure: &[f64]| {
                let size = measure.iter().fold(0.0f64, |size, w| size.max(w.abs())).max(1e-3);
                let error = got.iter().zip(want).map(|(&g, w)| (f64::from(g) - w).abs()).fold(0.0, f64::max);
                assert!(error <= BOUND * size, "{name}, {tier}: {what} off by {error:e}, largest {size:e}");
            };
            near("logits", &got.logits, &want.logits, &want.logits);
            near("loss", &[got.loss as f32], &[want.loss], &[want.loss]);
            for tensor in &model.layout.tensors {
                // Without rotary positions the gradient of b_K is 0: its error is measured against the gradient of b_Q.
                let measure = model.layout.tensor(&tensor.name.replace("b_K", "b_Q")).unwrap().slot;
                let [want, measure] = [tensor.slot, measure].map(|slot| slot.of(&want.param_grads));
                near(&tensor.name, tensor.slot.of(&got.param_grads), want, measure);
            }
        });
    }
}

#[test]
fn workers_are_held_to_the_tier_of_the_thread_that_makes_them() {
    on_each_tier(|tier| {
        let workers = Workers::new(Some(2), true).unwrap();
        assert_eq!((workers.forced_tier(), workers.run(forced_tier)), (tier, tier));
        // On tier avx512-bf16 it depends on whose processor it is.
        if tier != Tier::Avx512Bf16 {
            assert_eq!(fastest_precision() == Precision::Bf16, tier == Tier::Amx);
        }
    });
    assert_eq!(forced_tier(), Tier::Amx);
}

#[test]
fn every_tier_generates_the_same() {
    for (name, config) in architectures() {
        if config.attention_dir == AttentionDir::Bidirectional {
            continue;
        }
        let model = shaken(&config, 23);
        let (tokens, _) = batch(&config, 20, 4, 24);
        let prompts: Vec<&[u32]> = tokens.chunks(4).collect();
        let stop = Stop { end: None, max_new_tokens: 6 };
        let all = on_each_tier(|_| {
            let workers = Workers::new(Some(2), false).unwrap();
            generate(&Decoder::plain(&model), &prompts, stop, None, Sampling::Greedy, |_| crate::rng(0), &workers)
                .unwrap()
        });
        assert!(all.iter().all(|tokens| *tokens == all[0]), "{name}");
    }
}
