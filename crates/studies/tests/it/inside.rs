//! Gallery and probes of a small trained network.

use crate::tiny;
use searchlens_lens::probe::ProbeConfig;
use searchlens_model::Model;
use searchlens_results::{Gallery, ProbeResult, TokenPlace};
use searchlens_runs::run::untrained_model;
use searchlens_runs::setup::Parts;
use searchlens_studies::gallery::{GalleryPlan, gallery};
use searchlens_studies::probing::{ProbePlan, probe};
use searchlens_tasks::splits::Split;

/// A network trained on 3×3 mazes for a few seconds, and the untrained network.
fn networks() -> (Parts, Model, Model) {
    let dir = tempfile::tempdir().unwrap();
    let config = tiny::config(&[("steps = 60", "steps = 300"), ("every = 30", "every = 300")]);
    let parts = config.parts();
    let untrained = untrained_model(3, &parts);
    (parts, tiny::train_fresh(&config, dir.path()).unwrap().model, untrained)
}

fn gallery_of(model: &Model, parts: &Parts, plan: GalleryPlan, threads: usize) -> Gallery {
    let workers = tiny::workers(threads);
    gallery(model, &parts.tokenizer, &parts.task, 3, Split::Train, plan, &workers).unwrap()
}

#[test]
fn the_gallery_shows_failures_and_right_answers_with_their_attention() {
    let (parts, trained, untrained) = networks();
    let plan = GalleryPlan { specimens: 9, failures: 3, search: 700 };
    let shown = gallery_of(&trained, &parts, plan, 2);
    assert_eq!(shown, gallery_of(&trained, &parts, plan, 1));
    assert_eq!((shown.specimens.len(), shown.specimens.iter().filter(|s| !s.exact).count()), (9, 3));
    assert!(shown.selection.starts_with("The first 3 failures and the first 6 right answers"), "{}", shown.selection);
    for specimen in &shown.specimens {
        assert_eq!(specimen.exact, specimen.failure.is_empty(), "{}", specimen.failure);
        assert_eq!(specimen.exact, specimen.answer == specimen.optimum);
        assert_eq!((specimen.answer[0], specimen.passages.len()), (specimen.origin, 8));
        let n = specimen.tokens.len();
        assert_eq!((specimen.marks.len(), specimen.tokens[specimen.path_start].as_str()), (n, "PATH"));
        assert_eq!(specimen.marks[specimen.path_start + 1..][..1], [TokenPlace::Cell(specimen.answer[1])]);
        check_attention(&specimen.attention, 2, n);
    }
    // An untrained network fills the gallery with failures.
    let wrong = gallery_of(&untrained, &parts, plan, 2);
    let n_wrong = wrong.specimens.iter().filter(|s| !s.failure.is_empty()).count();
    assert!(wrong.specimens.len() == 9 && n_wrong >= 5, "{}", wrong.selection);
}

/// Checks that attention rows sum to one and are causal.
fn check_attention(base64: &str, n_heads: usize, n: usize) {
    use base64::Engine;
    let bytes = base64::engine::general_purpose::STANDARD.decode(base64).unwrap();
    assert_eq!(bytes.len(), n_heads * n * n);
    for (i, row) in bytes.chunks(n).enumerate() {
        let query = i % n;
        let sum: u32 = row.iter().map(|&b| u32::from(b)).sum();
        assert!(sum.abs_diff(255) <= n as u32 / 2 && row[query + 1..].iter().all(|&b| b == 0), "{row:?}");
    }
}

fn probes(trained: &Model, untrained: &Model, parts: &Parts, threads: usize) -> ProbeResult {
    let fit = ProbeConfig { lambdas: vec![1.0, 1e-2], tolerance: 1e-3, ..ProbeConfig::default() };
    let plan = ProbePlan { n_train: 500, n_test: 600, k_max: 12, fit };
    probe(trained, untrained, &parts.tokenizer, &parts.task, 3, &plan, &tiny::workers(threads)).unwrap()
}

#[test]
fn probes_stand_beside_their_controls() {
    let (parts, trained, untrained) = networks();
    let result = probes(&trained, &untrained, &parts, 2);
    assert_eq!(result, probes(&trained, &untrained, &parts, 1));
    assert_eq!((result.n_train, result.n_test, result.position.as_str()), (500, 600, "path_start"));
    let sites: Vec<&str> = result.wall.iter().map(|p| p.site.as_str()).collect();
    assert_eq!(sites, ["blocks.0.hook_resid_pre", "blocks.0.hook_resid_post"]);
    // Before the first block the path-start token has the same vector in every problem, so a probe can only predict the majority.
    for point in [&result.wall[0].trained, &result.wall[0].untrained] {
        assert_eq!((point.value, point.n), (result.wall_prior.value, 600));
    }
    // Steps that fewer than 50 problems reach are omitted, and step 1 needs no planning.
    let steps: Vec<usize> = result.future.iter().map(|f| f.k).collect();
    assert_eq!(steps, (1..=steps.len()).collect::<Vec<_>>());
    assert!((3..8).contains(&steps.len()), "{steps:?}");
    let first = &result.future[0];
    assert_eq!((first.corridor_floor.value, first.fork_conditioned.clone()), (Some(1.0), None));
    let [before, after] = [&first.sites[0], &first.sites[1]];
    // The network is about to generate the first step, so a probe must find it.
    assert!(after.trained.value > Some(0.6) && after.trained.value > after.untrained.value, "{after:?}");
    assert!(before.trained.value < Some(0.4) && after.control.value < after.trained.value, "{before:?} {after:?}");
    assert!(result.future.iter().any(|f| f.fork_conditioned.is_some()));
}
