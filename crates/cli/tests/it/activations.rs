//! `searchlens activations` on the golden networks, and its errors.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use expect_test::{Expect, expect};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

use crate::run::searchlens;

/// The f32 tensors of a file, by name.
type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

fn read(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let values = |data: &[u8]| data.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    let tensors = file.tensors().into_iter().filter(|(_, view)| view.dtype() == Dtype::F32);
    tensors.map(|(name, view)| (name, (view.shape().to_vec(), values(view.data())))).collect()
}

fn golden(variant: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/model").join(format!("{variant}.safetensors"))
}

/// Runs a golden network on its own tokens and returns the tensors written.
fn activations(variant: &str, arguments: &str) -> Tensors {
    let folder = tempfile::tempdir().unwrap();
    let (file, out) = (golden(variant), folder.path().join("a.safetensors"));
    let (file, shown) = (file.display(), out.display());
    let output =
        searchlens(&format!("activations --checkpoint {file} --tokens {file} --out {shown} {arguments}")).good();
    assert!(output.contains(" tensors to "), "{output}");
    read(&out)
}

/// Returns the largest difference between entries; equal infinities differ by 0.
fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    let apart = |(a, b): (&f32, &f32)| if a == b { 0.0 } else { (a - b).abs() };
    ours.iter().zip(theirs).map(apart).fold(0.0, f32::max)
}

#[track_caller]
fn check_golden(variant: &str) {
    let (ours, theirs) = (activations(variant, "--gradients"), read(&golden(variant)));
    let of_kind = |kind: &str| {
        let names = theirs.keys().filter(|name| name.starts_with(kind) || (kind == "acts." && *name == "logits"));
        names.cloned().collect::<Vec<_>>()
    };
    let largest = |name: &str| theirs[name].1.iter().map(|x| x.abs()).fold(0.0, f32::max);
    for kind in ["acts.", "act_grads.", "grads."] {
        let names = of_kind(kind);
        assert!(names.len() > 10, "{variant}: {} tensors {kind}*", names.len());
        let largest_of_kind = names.iter().map(|name| largest(name)).fold(0.0, f32::max);
        // Without rotary embeddings no loss depends on the key bias, so its golden gradient is rounding error.
        for name in names.iter().filter(|name| !name.ends_with("attn.b_K")) {
            let ((shape, ours), (their_shape, theirs)) = (&ours[name], &theirs[name]);
            assert_eq!(shape, their_shape, "{variant}: {name}");
            let allowed = if kind == "acts." { 2e-4 } else { 1e-4 * largest(name).max(1e-3 * largest_of_kind) };
            let found = difference(ours, theirs);
            assert!(found <= allowed, "{variant}: {name} is off by {found:e}, allowed {allowed:e}");
        }
    }
    assert!(difference(&ours["loss"].1, &theirs["loss"].1) < 1e-5, "{variant}");
}

#[test]
fn golden_networks_agree() {
    ["gpt2_style", "rotary_rms_relu", "attn_only", "bidirectional", "wide_heads"].into_iter().for_each(check_golden);
}

#[test]
fn only_the_chosen_sites_are_written() {
    let names: Vec<String> = activations("gpt2_style", "--sites z.1,blocks.0.hook_resid_post").into_keys().collect();
    assert_eq!(names, ["acts.blocks.0.hook_resid_post", "acts.blocks.1.attn.hook_z", "logits", "loss"]);
    let part = activations("gpt2_style", "--sites z.1[head=2,pos=3..5],logits");
    assert_eq!(part["acts.blocks.1.attn.hook_z[head=2,pos=3..5]"].0, [3, 2, 1, 6]);
}

#[test]
fn a_plan_takes_values_from_another_run() {
    let folder = tempfile::tempdir().unwrap();
    let [clean, plan] = ["clean.safetensors", "plan.json"].map(|name| folder.path().join(name));
    let golden = golden("gpt2_style").display().to_string();
    searchlens(&format!("activations --checkpoint {golden} --tokens {golden} --out {}", clean.display())).good();
    let edit = r#"[{"at":"resid_post.0","edit":{"scale":2}},
                   {"at":"resid_post.0","edit":{"interchange":{"source":"acts.blocks.0.hook_resid_post"}}}]"#;
    std::fs::write(&plan, edit).unwrap();
    let patched = activations("gpt2_style", &format!("--plan {} --references {}", plan.display(), clean.display()));
    assert_eq!(patched["logits"], activations("gpt2_style", "")["logits"]);
}

#[test]
fn a_plan_edits_its_sites() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    std::fs::write(&plan, r#"[{"at":"blocks.0.attn.hook_z[head=1]","edit":"zero"}]"#).unwrap();
    let edited = activations("gpt2_style", &format!("--plan {}", plan.display()));
    let plain = activations("gpt2_style", "");
    let (shape, z) = &edited["acts.blocks.0.attn.hook_z"];
    let (n_heads, d_head) = (shape[2], shape[3]);
    let before = &plain["acts.blocks.0.attn.hook_z"].1;
    for (i, (&after, &before)) in z.iter().zip(before).enumerate() {
        assert_eq!(after, if i / d_head % n_heads == 1 { 0.0 } else { before });
    }
    assert_ne!(edited["logits"], plain["logits"]);
    assert_eq!(edited["acts.blocks.0.attn.hook_pattern"], plain["acts.blocks.0.attn.hook_pattern"]);
}

#[track_caller]
fn check_bad(arguments: &str, code: i32, want: Expect) {
    let golden = golden("attn_only").display().to_string();
    let message = searchlens(&format!("activations {}", arguments.replace("GOLDEN", &golden))).bad(code);
    want.assert_eq(&message.replace(&golden, "GOLDEN"));
}

#[test]
fn bad_requests() {
    check_bad(
        "--checkpoint GOLDEN --tokens GOLDEN --sites z.0,atn_out.1 --out x",
        2,
        expect![[r#"
            error: unknown site `atn_out.1` (did you mean `attn_out.1` or `mlp_out.1` or `attn_in.1`?); `searchlens sites` lists them
        "#]],
    );
    check_bad(
        "--checkpoint GOLDEN --tokens GOLDEN --sites mlp_out.0 --out x",
        2,
        expect![[r#"
        error: site `blocks.0.hook_mlp_out`: this network's architecture has no such site (`searchlens sites --checkpoint C` lists its own)
    "#]],
    );
    check_bad(
        "--checkpoint absent --tokens GOLDEN --out x",
        2,
        expect![[r#"
        error: cannot read absent: No such file or directory (os error 2)
    "#]],
    );
    check_bad(
        "--checkpoint GOLDEN --tokens absent --out x",
        2,
        expect![[r#"
            error: cannot read absent: No such file or directory (os error 2); name a safetensors file that holds `tokens`
        "#]],
    );
    check_bad(
        "--checkpoint GOLDEN --tokens GOLDEN --plan absent.json --out x",
        2,
        expect![[r#"
            error: absent.json: cannot be read: No such file or directory (os error 2); check the path and its permissions
        "#]],
    );
}

#[test]
fn an_unwritable_path_is_a_failure() {
    let golden = golden("attn_only").display().to_string();
    let ran = searchlens(&format!("activations --checkpoint {golden} --tokens {golden} --out /nowhere/x"));
    assert_eq!(ran.bad(1), "error: cannot write /nowhere/x: entity not found\n");
    // A full disk. The path is a device and must not be replaced.
    if cfg!(target_os = "linux") {
        let ran = searchlens(&format!("activations --checkpoint {golden} --tokens {golden} --out /dev/full"));
        assert_eq!(ran.bad(1), "error: cannot write /dev/full: No space left on device (os error 28)\n");
        assert!(!Path::new("/dev/full").metadata().unwrap().is_file());
    }
}

#[test]
fn bad_plans() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.json");
    let check = |text: &str, want: Expect| {
        std::fs::write(&plan, text).unwrap();
        let golden = golden("attn_only").display().to_string();
        let arguments =
            format!("activations --checkpoint {golden} --tokens {golden} --plan {} --out x", plan.display());
        want.assert_eq(&searchlens(&arguments).bad(2).replace(&folder.path().display().to_string(), "FOLDER"));
    };
    check(
        "[{}]",
        expect![[r#"
            error: FOLDER/plan.json: not a plan of edits: missing field `at` at line 1 column 3
        "#]],
    );
    check(
        r#"[{"at":"resid_pst.0","edit":"zero"}]"#,
        expect![[r#"
            error: FOLDER/plan.json: not a plan of edits: unknown site `resid_pst.0` (did you mean `resid_post.0` or `resid_pre.0` or `resid_mid.0`?); `searchlens sites` lists them at line 1 column 20
        "#]],
    );
    check(
        r#"[{"at":"resid_post.0","edit":"zap"}]"#,
        expect![[r#"
        error: FOLDER/plan.json: not a plan of edits: unknown variant `zap`, expected one of `zero`, `scale`, `set`, `add`, `mean`, `project`, `interchange`, `knock_out` at line 1 column 34
    "#]],
    );
    check(
        r#"[{"at":"q_input.0[role=target]","edit":"zero"}]"#,
        expect![[r#"
        error: step 0 of the plan: address `blocks.0.hook_q_input[role=target]`: these tokens have no roles; give positions as numbers, `pos=P`
    "#]],
    );
    check(
        r#"[{"at":"resid_post.7","edit":"zero"}]"#,
        expect![[r#"
        error: step 0 of the plan: site `blocks.7.hook_resid_post`: the network has 2 layers, numbered from 0
    "#]],
    );
    check(
        r#"[{"at":"z.0[head=9]","edit":"zero"}]"#,
        expect![[r#"
        error: step 0 of the plan: address `blocks.0.attn.hook_z[head=9]`: head 9 is out of range 0..2
    "#]],
    );
    check(
        r#"[{"at":"z.0","edit":{"set":[1.0]}}]"#,
        expect![[r#"
        error: step 0 of the plan: 1 numbers, but `blocks.0.attn.hook_z` has 8 along its innermost axis
    "#]],
    );
}

#[test]
fn broken_checkpoints() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.safetensors");
    let check = |bytes: &[u8], want: Expect| {
        std::fs::write(&path, bytes).unwrap();
        let message = searchlens(&format!("sites --checkpoint {}", path.display())).bad(2);
        want.assert_eq(&message.replace(&folder.path().display().to_string(), "FOLDER"));
    };
    let whole = std::fs::read(golden("attn_only")).unwrap();
    check(
        &whole[..whole.len() / 2],
        expect![[r#"
        error: FOLDER/c.safetensors: not a complete safetensors file (incomplete metadata, file not fully covered); it may be truncated: use another checkpoint
    "#]],
    );
    check(
        &whole[..5],
        expect![[r#"
        error: FOLDER/c.safetensors: not a complete safetensors file (header too small); it may be truncated: use another checkpoint
    "#]],
    );
    check(
        b"",
        expect![[r#"
        error: FOLDER/c.safetensors: not a complete safetensors file (header too small); it may be truncated: use another checkpoint
    "#]],
    );
    let mut corrupted = whole.clone();
    corrupted[20] ^= 0xff;
    check(
        &corrupted,
        expect![[r#"
        error: FOLDER/c.safetensors: not a complete safetensors file (invalid UTF-8 in header: invalid utf-8 sequence of 1 bytes from index 12); it may be truncated: use another checkpoint
    "#]],
    );
}
