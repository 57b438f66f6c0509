//! Activations and plans: against the golden files, against themselves, and every way a request can be wrong.

use searchlens_lens::activations::{Activations, SiteChoice, TokenBatch, activations, read_tokens, write_activations};
use searchlens_lens::plan::Plan;
use searchlens_lens::tensor::{Tensor, Tensors};
use searchlens_model::Model;
use searchlens_model::checkpoint::load_model;
use searchlens_model::workers::Workers;
use std::path::PathBuf;

fn workers() -> Workers {
    Workers::new(Some(2), false).unwrap()
}

fn golden(name: &str) -> (Model, TokenBatch) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/golden/model/{name}.safetensors"));
    (load_model(&path).unwrap().model, read_tokens(&path).unwrap())
}

fn read(name: &str, plan: &str) -> Activations {
    let (model, batch) = golden(name);
    let plan: Plan = serde_json::from_str(plan).unwrap();
    activations(&model, &batch, &SiteChoice::All, true, &plan, &Tensors::new(), &workers()).unwrap()
}

#[test]
fn a_written_file_holds_what_was_computed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.safetensors");
    let acts = read("gpt2_style", "[]");
    write_activations(&path, &acts).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(file.len(), acts.tensors.len());
    for (name, Tensor { shape, values }) in &acts.tensors {
        let view = file.tensor(name).unwrap();
        let same =
            view.data().as_chunks().0.iter().zip(values).all(|(&b, v)| f32::from_le_bytes(b).to_bits() == v.to_bits());
        assert!(view.shape() == &shape[..] && same, "{name}");
    }
}

/// An edit must show at its own site just as it says, and everywhere before its site nothing may have changed.
#[track_caller]
fn check_edit(plan: &str, site: &str, want: impl Fn(usize, f32) -> f32) {
    let (clean, edited) = (read("gpt2_style", "[]"), read("gpt2_style", plan));
    let name = format!("acts.{site}");
    let before = &clean.tensors[&name].values;
    let after = &edited.tensors[&name].values;
    for (i, (b, a)) in before.iter().zip(after).enumerate() {
        let want = want(i, *b);
        assert!(*a == want || (a - want).abs() < 1e-6, "{site} entry {i}: {b} became {a}, wanted {want}");
    }
    assert_eq!(clean.tensors["acts.hook_embed"], edited.tensors["acts.hook_embed"]);
    assert_ne!(clean.tensors["logits"], edited.tensors["logits"]);
}

#[test]
fn edits_do_what_they_say_and_nothing_else() {
    // 4 heads of 6, 19 positions.
    let head = |i: usize| i / 6 % 4;
    let pos = |i: usize| i / 24 % 19;
    check_edit(r#"[{"at":"L1H2","edit":"zero"}]"#, "blocks.1.attn.hook_z", |i, v| if head(i) == 2 { 0.0 } else { v });
    check_edit(r#"[{"at":"z.0[head=1,pos=3..5]","edit":{"scale":-2}}]"#, "blocks.0.attn.hook_z", |i, v| {
        if head(i) == 1 && (3..5).contains(&pos(i)) { -2.0 * v } else { v }
    });
    check_edit(r#"[{"at":"resid_mid.0[pos=4]","edit":{"set":1.5}}]"#, "blocks.0.hook_resid_mid", |i, v| {
        if pos(i) == 4 { 1.5 } else { v }
    });
    let direction: Vec<String> = (0..6).map(|i| i.to_string()).collect();
    let add = format!(r#"[{{"at":"q.1","edit":{{"add":{{"direction":[{}],"scale":0.5}}}}}}]"#, direction.join(","));
    check_edit(&add, "blocks.1.attn.hook_q", |i, v| v + 0.5 * (i % 6) as f32);
}

#[test]
fn zeroed_scores_do_not_unmask_the_future() {
    let acts = read("gpt2_style", r#"[{"at":"attn_scores.0","edit":"zero"}]"#);
    let scores = &acts.tensors["acts.blocks.0.attn.hook_attn_scores"].values;
    let pattern = &acts.tensors["acts.blocks.0.attn.hook_pattern"].values;
    for (i, (s, p)) in scores.iter().zip(pattern).enumerate() {
        let (query, key) = (i / 19 % 19, i % 19);
        if key > query {
            assert_eq!((*s, *p), (f32::NEG_INFINITY, 0.0));
        } else {
            assert!(*s == 0.0 && (p - 1.0 / (query + 1) as f32).abs() < 1e-6);
        }
    }
    assert_eq!((acts.receipts[0].fired, acts.receipts[0].rows), (1, 3 * 4 * 19));
    assert_eq!(acts.receipts[0].shape, [3, 4, 19, 19]);
    assert_eq!(acts.receipts[0].entries, 3 * 4 * (19 * 20 / 2));
}

#[test]
fn the_residual_stream_adds_up() {
    for name in ["gpt2_style", "rotary_rms_relu", "bidirectional", "wide_heads"] {
        let acts = read(name, "[]");
        let value = |site: &str| &acts.tensors[&format!("acts.{site}")].values;
        for i in 0..value("blocks.0.hook_resid_post").len() {
            let sum = value("blocks.0.hook_resid_pre")[i]
                + value("blocks.0.hook_attn_out")[i]
                + value("blocks.0.hook_mlp_out")[i];
            assert!((value("blocks.0.hook_resid_post")[i] - sum).abs() < 1e-5, "{name}");
        }
        assert_eq!(value("blocks.0.hook_resid_post"), value("blocks.1.hook_resid_pre"), "{name}");
    }
}

#[track_caller]
fn check_plan_refused(plan: &str, says: &str) {
    let (model, batch) = golden("gpt2_style");
    let references = Tensors::from([
        ("wide".into(), Tensor { shape: vec![3, 7], values: vec![0.0; 21] }),
        ("nan".into(), Tensor { shape: vec![1], values: vec![f32::NAN] }),
    ]);
    let message = match serde_json::from_str::<Plan>(plan) {
        Err(error) => error.to_string(),
        Ok(plan) => activations(&model, &batch, &SiteChoice::All, false, &plan, &references, &workers())
            .unwrap_err()
            .to_string(),
    };
    assert!(message.contains(says), "{message}");
}

#[test]
fn plans_that_cannot_be_carried_out_are_refused() {
    check_plan_refused(r#"[{"at":"z.0[head=4]","edit":"zero"}]"#, "head 4 is out of range 0..4");
    check_plan_refused(r#"[{"at":"z.0[pos=2..2]","edit":"zero"}]"#, "pos 2..2 is out of range");
    check_plan_refused(r#"[{"at":"z.7","edit":"zero"}]"#, "2 layers");
    check_plan_refused(r#"[{"at":"z.0[role=target]","edit":"zero"}]"#, "these tokens have no roles");
    check_plan_refused(r#"[{"at":"q.0","edit":{"set":[1,2]}}]"#, "2 numbers");
    check_plan_refused(
        r#"[{"at":"blocks.0.hook_residpost","edit":"zero"}]"#,
        "did you mean `blocks.0.hook_resid_post`",
    );
    check_plan_refused(r#"[{"at":"q.0","edit":"zerro"}]"#, "unknown variant `zerro`");
    check_plan_refused(r#"[{"at":"q.0","edit":"zero","why":1}]"#, "unknown field `why`");
    check_plan_refused(r#"[{"at":"q.0","edit":{"set":true}}]"#, "expected a number, a list of numbers, or the name");
    check_plan_refused(r#"[{"at":"q.0","edit":{"mean":"wid"}}]"#, "unknown reference `wid` (did you mean `wide`?)");
    check_plan_refused(r#"[{"at":"q.0","edit":{"mean":"wide"}}]"#, "does not broadcast");
    check_plan_refused(r#"[{"at":"q.0","edit":{"mean":"nan"}}]"#, "NaN");
    check_plan_refused(r#"[{"at":"q.0","edit":{"project":{"onto":"wide"}}}]"#, "must be [rank, 6]");
    check_plan_refused(r#"[{"at":"q.0","edit":{"project":{"onto":[]}}}]"#, "no vectors");
    check_plan_refused(
        r#"[{"at":"q.0","edit":{"project":{"out_of":[[1,0,0,0,0,0],[2,0,0,0,0,0]]}}}]"#,
        "vector 1 of the subspace depends",
    );
    check_plan_refused(
        r#"[{"at":"pattern.0","edit":{"project":{"onto":[[1,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0]]}}}]"#,
        "has no subspaces",
    );
    check_plan_refused(r#"[{"at":"pattern.0","edit":"knock_out"}]"#, "`knock_out` acts on attn_scores");
    // A query sees no later key.
    check_plan_refused(r#"[{"at":"attn_scores.0[pos=2,key=5]","edit":"knock_out"}]"#, "never fired");
}
