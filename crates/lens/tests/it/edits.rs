//! Every kind of edit at every kind of site: what it does, its gradients by finite differences in f64, and the same result in
//! cached generation.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use searchlens_lens::address::{Address, Sequence};
use searchlens_lens::capture::{Capture, Input, Pass, Request, capture};
use searchlens_lens::plan::Plan;
use searchlens_lens::resolved::ResolvedPlan;
use searchlens_lens::tensor::{Tensor, Tensors};
use searchlens_model::Model;
use searchlens_model::config::{AttentionDir, ModelConfig, PositionEmbedding};
use searchlens_model::generate::{Sampling, Stop, generate_tapped, likeliest};
use searchlens_model::net::{Net, Products, Sequences};
use searchlens_model::record::run;
use searchlens_model::sites::{At, Axes, Site};
use searchlens_model::tap::{Window, WindowTap};
use searchlens_model::workers::Workers;
use searchlens_tokens::sequence::role::Role;

const SEQ: usize = 7;
const N_SEQ: usize = 2;

fn workers(threads: usize) -> Workers {
    Workers::new(Some(threads), false).unwrap()
}

/// All dimensions distinct.
fn config() -> ModelConfig {
    ModelConfig { d_head: 5, d_mlp: 17, attn_scale: 5f64.sqrt(), ..ModelConfig::new(2, 9, 3, 13, 11) }
}

fn architectures() -> [ModelConfig; 3] {
    let rotary = PositionEmbedding::Rotary { dim: 4, base: 100.0 };
    let bidirectional = ModelConfig { attention_dir: AttentionDir::Bidirectional, ..config() };
    [config(), ModelConfig { positions: rotary, attn_only: true, ..config() }, bidirectional]
}

/// A network none of whose parameters is 0 or 1.
fn network(config: &ModelConfig) -> Model {
    let mut rng = ChaCha8Rng::seed_from_u64(5);
    let mut model = Model::init(config.clone(), &mut rng);
    model.params.iter_mut().for_each(|p| *p += rng.random_range(-0.3..0.3));
    model
}

fn tokens() -> Vec<u32> {
    let mut rng = ChaCha8Rng::seed_from_u64(6);
    (0..N_SEQ * SEQ).map(|_| rng.random_range(0..13)).collect()
}

/// Roles of [`SEQ`] tokens; the target is at another position in every other sequence.
fn roles(row: usize) -> Vec<Role> {
    let mut roles = vec![Role::Workspace { index: 0 }; SEQ];
    roles[1 + row % 2] = Role::Target { cell: 3 };
    roles[4] = Role::PathStart;
    roles
}

/// References that fit every site: a mean row, and values for every row.
fn references(config: &ModelConfig, at: At) -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let mut tensor = |shape: Vec<usize>| {
        let values = (0..shape.iter().product()).map(|_| rng.random_range(0.2..1.0)).collect();
        Tensor { shape, values }
    };
    let whole = at.site.shape(config, N_SEQ, SEQ);
    let width = whole[whole.len() - 1];
    Tensors::from([
        ("mean".into(), tensor(vec![width])),
        ("run".into(), tensor(whole)),
        ("plane".into(), tensor(vec![2.min(width), width])),
    ])
}

/// Every kind of edit that a site takes, as JSON.
fn edits(at: At) -> Vec<&'static str> {
    let mut edits = vec![
        r#"{"scale":0.8}"#,
        r#"{"set":0.7}"#,
        r#"{"set":"mean"}"#,
        r#"{"add":{"direction":"mean","scale":0.3}}"#,
        r#"{"add":{"direction":"run","scale":-0.2}}"#,
        r#"{"mean":"mean"}"#,
        r#"{"interchange":{"source":"run"}}"#,
        r#"{"interchange":{"source":"run","strength":0.4}}"#,
    ];
    let no_zero = matches!(at.site, Site::Ln1Scale | Site::Ln2Scale | Site::LnFinalScale);
    if !no_zero {
        edits.push(r#""zero""#);
    }
    if at.site == Site::AttnScores {
        edits.push(r#""knock_out""#);
    }
    if at.site.info().axes != Axes::Square && !no_zero {
        edits.extend([
            r#"{"project":{"onto":"plane"}}"#,
            r#"{"project":{"out_of":"plane"}}"#,
            r#"{"interchange":{"source":"run","subspace":"plane"}}"#,
            r#"{"interchange":{"source":"run","subspace":"plane","strength":0.5}}"#,
        ]);
    }
    edits
}

/// A part of each site's value, so that edits meet what they leave alone.
fn part(at: At) -> String {
    let head = if at.site.has_heads() { "head=1," } else { "" };
    let key = if at.site.info().axes == Axes::Square { ",key_role=target" } else { "" };
    format!("{at}[{head}pos=2..6{key}]")
}

fn plan_of(address: &str, edit: &str) -> Plan {
    serde_json::from_str(&format!(r#"[{{"at":"{address}","edit":{edit}}}]"#)).unwrap()
}

/// Weighted mean loss and the gradient of the parameters, in f64.
fn loss_and_gradient(
    model: &Model,
    params: &[f64],
    plan: &Plan,
    references: &Tensors,
    gradient: bool,
) -> (f64, Vec<f64>) {
    let roles: Vec<Vec<Role>> = (0..N_SEQ).map(roles).collect();
    let sequences: Vec<Sequence<'_>> = roles.iter().map(|roles| Sequence { len: SEQ, roles: Some(roles) }).collect();
    let resolved = ResolvedPlan::new(plan, references, &model.config, &sequences).unwrap();
    let mut tap = resolved.tap();
    let window = Window { rows: &[0, 1], first: &[0, 0], seq: SEQ, n_keys: SEQ };
    WindowTap::<f64>::window(&mut tap, window);
    let net = Net { config: &model.config, layout: &model.layout, params, products: Products::Plain };
    let tokens = tokens();
    let run = run(net, Sequences { tokens: &tokens, seq: SEQ }, &[1.0; N_SEQ * (SEQ - 1)], gradient, &mut tap);
    resolved.receipts(&[tap.into_counts()]).unwrap();
    (run.loss, run.param_grads)
}

#[track_caller]
fn check_gradient(model: &Model, plan: &Plan, references: &Tensors) {
    let params = model.params_f64();
    let (_, gradient) = loss_and_gradient(model, &params, plan, references, true);
    let mut rng = ChaCha8Rng::seed_from_u64(8);
    let direction: Vec<f64> = params.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
    let slope: f64 = direction.iter().zip(&gradient).map(|(d, g)| d * g).sum();
    let loss = |h: f64| {
        let moved: Vec<f64> = params.iter().zip(&direction).map(|(p, d)| p + h * d).collect();
        loss_and_gradient(model, &moved, plan, references, false).0
    };
    let best = [1e-4, 1e-5]
        .map(|h| {
            let central = (8.0 * (loss(h) - loss(-h)) - (loss(2.0 * h) - loss(-2.0 * h))) / (12.0 * h);
            (central - slope).abs() / slope.abs().max(central.abs()).max(1e-4)
        })
        .into_iter()
        .fold(f64::INFINITY, f64::min);
    assert!(best < 1e-6, "{}: slope {slope:e}, relative error {best:e}", serde_json::to_string(plan).unwrap());
}

#[test]
fn gradients_flow_exactly_through_every_edit_at_every_site() {
    for config in architectures() {
        let model = network(&config);
        for at in At::all(&config).into_iter().filter(|at| at.layer == 0) {
            let references = references(&config, at);
            for edit in edits(at) {
                check_gradient(&model, &plan_of(&part(at), edit), &references);
            }
        }
    }
}

#[test]
fn gradients_flow_exactly_through_edits_on_top_of_each_other() {
    let config = config();
    let model = network(&config);
    // Two edits of one site that do not commute, per-head inputs with the norm they go through, a knocked-out edge set again.
    let at = At::new(Site::QInput, 1);
    for plan in [
        r#"[{"at":"q_input.1","edit":{"project":{"out_of":"plane"}}},{"at":"q_input.1[head=1]","edit":{"interchange":{"source":"run","subspace":[[1,1,0,0,0,0,0,0,0]]}}}]"#,
        r#"[{"at":"attn_in.1[head=0]","edit":{"scale":0.5}},{"at":"ln1_scale.1","edit":{"set":0.9}},{"at":"v_input.1[role=target]","edit":"zero"}]"#,
        r#"[{"at":"ln1.1[pos=2]","edit":{"add":{"direction":"mean","scale":1}}},{"at":"k_input.1","edit":{"scale":0.7}}]"#,
        r#"[{"at":"attn_scores.0[key=1]","edit":"knock_out"},{"at":"attn_scores.0[key=1..3]","edit":{"set":0.2}},{"at":"pattern.0","edit":{"scale":0.9}}]"#,
    ] {
        check_gradient(&model, &serde_json::from_str(plan).unwrap(), &references(&config, at));
    }
}

fn captured(model: &Model, addresses: &[&str], plan: &Plan, references: &Tensors, threads: usize) -> Capture {
    let (tokens, roles): (Vec<u32>, Vec<Vec<Role>>) = (tokens(), (0..N_SEQ).map(roles).collect());
    let input = |row: usize| Input { ids: &tokens[row * SEQ..][..SEQ], roles: Some(&roles[row]), weights: None };
    let inputs: Vec<Input<'_>> = (0..N_SEQ).map(input).collect();
    let addresses: Vec<Address> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    let request = Request { addresses: &addresses, plan, references, pass: Pass::Gradients };
    capture(model, &inputs, request, &workers(threads)).unwrap()
}

#[test]
fn a_run_patched_with_itself_keeps_its_bits() {
    for config in architectures() {
        let model = network(&config);
        for at in At::all(&config) {
            let clean = captured(&model, &[&at.to_string(), "logits"], &Vec::new(), &Tensors::new(), 1);
            let run = clean.values[0].clone().stacked().unwrap();
            // Heads with inputs of their own go through other products than heads that share one, and attention is computed
            // with its pattern once z is edited: there the bits differ before the patch.
            let per_head = matches!(at.site, Site::AttnIn | Site::QInput | Site::KInput | Site::VInput);
            let bound = if per_head || at.site == Site::Z { 1e-5 } else { 0.0 };
            let mut references = references(&config, at);
            references.insert("run".into(), run);
            for edit in edits(at).into_iter().filter(|edit| edit.contains("interchange")) {
                let plan = plan_of(&at.to_string(), edit);
                let patched = captured(&model, &[&at.to_string(), "logits"], &plan, &references, 1);
                for (patched, clean) in patched.values.iter().zip(&clean.values) {
                    let near = |(a, b): (&f32, &f32)| a == b || (a - b).abs() <= bound;
                    assert!(patched.values.iter().zip(&clean.values).all(near), "{at} {edit}: {}", patched.address);
                }
            }
        }
    }
}

#[test]
fn knocked_out_edges_carry_no_attention() {
    let model = network(&config());
    let plan = plan_of("attn_scores.1[head=2,role=path_start,key_role=target]", r#""knock_out""#);
    let addresses = ["pattern.1[head=2,role=path_start]", "pattern.1[head=1,role=path_start]"];
    let cut = captured(&model, &addresses, &plan, &Tensors::new(), 1);
    let clean = captured(&model, &addresses, &Vec::new(), &Tensors::new(), 1);
    assert_eq!(cut.values[0].stacked_shape(), Some(vec![N_SEQ, 1, 1, SEQ]));
    for (row, (after, before)) in cut.values[0].parts().zip(clean.values[0].parts()).enumerate() {
        let target = 1 + row;
        let kept = 1.0 - before[target];
        for key in 0..SEQ {
            let want = if key == target { 0.0 } else { before[key] / kept };
            assert!((after[key] - want).abs() < 1e-6, "row {row}, key {key}");
        }
    }
    assert_eq!(cut.values[1].values, clean.values[1].values);
    assert_eq!((cut.receipts[0].rows, cut.receipts[0].entries), (N_SEQ, N_SEQ));
    // A query without keys attends to nothing.
    let nothing = captured(&model, &addresses, &plan_of("attn_scores.1[head=2]", r#""knock_out""#), &Tensors::new(), 1);
    assert!(nothing.values[0].values.iter().all(|&p| p == 0.0) && nothing.loss.unwrap().is_finite());
    assert!(nothing.param_grads.iter().all(|g| g.is_finite()));
}

#[test]
fn captures_are_cut_to_their_addresses() {
    let model = network(&config());
    let addresses = [
        "resid_post.0",
        "resid_post.0[role=target]",
        "z.1",
        "z.1[head=2,pos=3..5]",
        "pattern.0",
        "pattern.0[head=1,pos=4,key=1..3]",
    ];
    let one = captured(&model, &addresses, &Vec::new(), &Tensors::new(), 1);
    assert_eq!(one, captured(&model, &addresses, &Vec::new(), &Tensors::new(), 2));
    let [resid, target, z, head, pattern, keys] = &one.values[..] else { panic!("six addresses") };
    for row in 0..N_SEQ {
        let (of_resid, of_target) = (resid.parts().nth(row).unwrap(), target.parts().nth(row).unwrap());
        assert_eq!(of_target, &of_resid[(1 + row) * 9..][..9]);
        let (of_z, of_head) = (z.parts().nth(row).unwrap(), head.parts().nth(row).unwrap());
        assert_eq!(of_head, [&of_z[(3 * 3 + 2) * 5..][..5], &of_z[(4 * 3 + 2) * 5..][..5]].concat());
        let (of_pattern, of_keys) = (pattern.parts().nth(row).unwrap(), keys.parts().nth(row).unwrap());
        assert_eq!(of_keys, &of_pattern[(SEQ + 4) * SEQ + 1..][..2]);
    }
    assert_eq!((target.stacked_shape(), head.stacked_shape()), (Some(vec![2, 1, 9]), Some(vec![2, 2, 1, 5])));
    assert_eq!(keys.stacked_shape(), Some(vec![2, 1, 1, 2]));
    assert_eq!(resid.gradients.len(), resid.values.len());
    // Sequences of unequal length: each has a shape of its own.
    let inputs = [&[1, 2, 3][..], &[4, 5]].map(|ids| Input { ids, roles: None, weights: None });
    let (addresses, references) = (["pattern.0[head=0]".parse().unwrap()], Tensors::new());
    let request = Request { addresses: &addresses, plan: &[], references: &references, pass: Pass::Forward };
    let ragged = capture(&model, &inputs, request, &workers(1)).unwrap();
    assert_eq!(ragged.values[0].shapes, [[1, 3, 3], [1, 2, 2]]);
    assert_eq!((ragged.values[0].stacked_shape(), ragged.values[0].values.len(), ragged.loss), (None, 13, None));
    let nowhere = ["z.0[role=target]".parse().unwrap()];
    let inputs = inputs.map(|input| Input { roles: Some(&[Role::End; 3][..input.ids.len()]), ..input });
    let error = capture(&model, &inputs, Request { addresses: &nowhere, ..request }, &workers(1)).unwrap_err();
    assert!(error.to_string().contains("picks nothing"), "{error}");
}

/// In cached generation a plan has the same effect as in a pass over the finished sequence.
#[track_caller]
fn check_generation(model: &Model, plan: &Plan, references: &Tensors) {
    let (tokens, roles) = (tokens(), (0..N_SEQ).map(roles).collect::<Vec<_>>());
    let prompts: Vec<&[u32]> = (0..N_SEQ).map(|row| &tokens[row * SEQ..][..5 + row]).collect();
    let known = |row: usize| Some(&roles[row][..prompts[row].len()]);
    let sequences: Vec<Sequence<'_>> = (0..N_SEQ).map(|row| Sequence { len: SEQ, roles: known(row) }).collect();
    let resolved = ResolvedPlan::new(plan, references, &model.config, &sequences).unwrap();
    let mut tap = resolved.tap();
    let stop = Stop { end: None, max_new_tokens: 2 };
    let rng_of = |row: usize| ChaCha8Rng::seed_from_u64(row as u64);
    let got = generate_tapped(model.net(), &prompts, stop, Sampling::Greedy, rng_of, &mut tap).unwrap();
    resolved.receipts(&[tap.into_counts()]).unwrap();
    for (row, (prompt, new)) in prompts.iter().zip(&got).enumerate() {
        let tokens = [prompt, &new[..new.len() - 1]].concat();
        let seq = tokens.len();
        let mut tap = resolved.tap();
        WindowTap::<f32>::window(&mut tap, Window { rows: &[row], first: &[0], seq, n_keys: seq });
        let run = run(model.net(), Sequences { tokens: &tokens, seq }, &vec![0.0; seq - 1], false, &mut tap);
        let best: Vec<u32> = run.logits.chunks_exact(13).skip(prompt.len() - 1).map(likeliest).collect();
        assert_eq!(&best, new, "{}", serde_json::to_string(plan).unwrap());
    }
}

#[test]
fn plans_do_the_same_in_cached_generation() {
    for config in architectures().into_iter().filter(|config| config.attention_dir == AttentionDir::Causal) {
        let model = network(&config);
        for at in At::all(&config) {
            let references = references(&config, at);
            for edit in edits(at) {
                check_generation(&model, &plan_of(&part(at), edit), &references);
            }
        }
    }
}

#[test]
fn old_plans_still_read() {
    let text = r#"[{"at":"L1H2","edit":"zero"},{"at":"z.0[head=1,pos=3..5]","edit":{"scale":-2}},{"at":"resid_mid.0[pos=4]","edit":{"set":1.5}},{"at":"q.1","edit":{"add":{"direction":[1,0,0,0,0],"scale":0.5}}},{"at":"q.0","edit":{"set":[1,2,3,4,5]}}]"#;
    let plan: Plan = serde_json::from_str(text).unwrap();
    let written = serde_json::to_string(&plan).unwrap();
    assert_eq!(
        written,
        r#"[{"at":"blocks.1.attn.hook_z[head=2]","edit":"zero"},{"at":"blocks.0.attn.hook_z[head=1,pos=3..5]","edit":{"scale":-2.0}},{"at":"blocks.0.hook_resid_mid[pos=4]","edit":{"set":1.5}},{"at":"blocks.1.attn.hook_q","edit":{"add":{"direction":[1.0,0.0,0.0,0.0,0.0],"scale":0.5}}},{"at":"blocks.0.attn.hook_q","edit":{"set":[1.0,2.0,3.0,4.0,5.0]}}]"#
    );
    assert_eq!(serde_json::from_str::<Plan>(&written).unwrap(), plan);
}
