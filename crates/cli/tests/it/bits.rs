//! Problems, splits, tokens, policy scores, training and results have the same bits as at commit 0cb31c7. To change bits on
//! purpose, update these tables (`UPDATE_EXPECT=1`) and record it in the CHANGELOG.

use std::fmt::Write;
use std::path::Path;

use expect_test::{Expect, expect};
use searchlens::model::kernels::tier::available_tiers;
use serde_json::Value;

use crate::run::{searchlens, searchlens_on};

/// Returns the 64-bit FNV-1a hash.
fn hash(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Checks the hashes of what commands print; `@` is a folder with the tasks of [`TASKS`].
#[track_caller]
fn check(commands: &[&str], want: Expect) {
    let folder = tempfile::tempdir().unwrap();
    for (name, toml) in TASKS {
        std::fs::write(folder.path().join(name), toml).unwrap();
    }
    let mut table = String::new();
    for &command in commands {
        let mut output = String::new();
        for part in command.replace('@', &folder.path().display().to_string()).split(" | ") {
            output = searchlens_on(part, &output).good();
        }
        writeln!(table, "{:016x} {command}", hash(output.as_bytes())).unwrap();
    }
    want.assert_eq(&table);
}

const TASKS: [(&str, &str); 9] = [
    ("star", "[task.star]\narms = 3\nlength = 4\nnames = 50"),
    ("dag", "[task.dag]\nkind = 'balanced'\nvertices = 9"),
    ("tree", "[task.tree]\nnodes = 16"),
    ("graph", "[task.graph]\nstructure = { regular = { nodes = 14, degree = 3 } }\nmax_weight = 9\nmin_distance = 12"),
    ("hops", "[task.hops]\nnodes = 12\nmin_hops = 2\nmax_hops = 6"),
    ("countdown", "[task.countdown]\nnumbers = 3\nmax_number = 20\nmin_target = 10\nmax_target = 100"),
    ("sliding", "[task.sliding]"),
    (
        "labelled",
        "[task.labelled]\nbinning = { bins = 20 }\nstructure = { tree = { nodes = 10 } }
labels = { uniform = { low = [0.0], high = [1.0] } }\ntarget = { interval = { low = 0.3, high = 0.5 } }
avoid = { interval = { low = 0.7, high = 0.9 } }\ndetour_share = 0.5",
    ),
    (
        "prompted",
        "[task.prompted]\nexamples = 3\nfollow = 'other'\nother = { interval = { low = 0.6, high = 0.8 } }\nspoilt = 'shuffled'
[task.prompted.graph]\nbinning = { bins = 20 }\nstructure = { tree = { nodes = 10 } }
labels = { uniform = { low = [0.0], high = [1.0] } }\ntarget = { interval = { low = 0.3, high = 0.5 } }",
    ),
];

#[test]
fn problems_and_splits() {
    check(
        &[
            "generate --maze dfs --rows 7 --cols 7 --count 100",
            "generate --maze dfs --rows 5 --cols 5 --count 50 --split test --seed 3",
            "generate --maze dfs --rows 6 --cols 5 --count 50 --split validation --do-forks false",
            "generate --maze wilson --rows 5 --cols 8 --count 50 --split train --lookahead 1..4",
            "generate --maze kruskal --rows 6 --cols 6 --count 50 --torus",
            "generate --maze prim --rows 6 --cols 6 --count 50 --max-weight 5",
            "generate --maze percolation --rows 6 --cols 6 --count 50 --p 0.5",
            "generate --maze dfs_percolation --rows 6 --cols 6 --count 50 --p 0.2",
            "generate --maze recursive_division --rows 6 --cols 6 --count 50",
            "generate --maze aldous_broder --rows 5 --cols 5 --count 50 --deadend-start --path-length 5..12",
            "generate --task @/star --count 50",
            "generate --task @/dag --count 50",
            "generate --task @/tree --count 50 --split test",
            "generate --task @/graph --count 50",
            "generate --task @/hops --count 50",
            "generate --task @/countdown --count 50",
            "generate --task @/sliding --count 50",
            "generate --task @/labelled --count 50 --split train",
            "generate --task @/labelled --count 50 --split train --forced",
            "generate --task @/prompted --count 50",
        ],
        expect![[r#"
            bf86b5555192c252 generate --maze dfs --rows 7 --cols 7 --count 100
            0edd88b44b840cdb generate --maze dfs --rows 5 --cols 5 --count 50 --split test --seed 3
            3ad4081ab7660974 generate --maze dfs --rows 6 --cols 5 --count 50 --split validation --do-forks false
            e3b18ffc082f7261 generate --maze wilson --rows 5 --cols 8 --count 50 --split train --lookahead 1..4
            3f3314f2eae9e69f generate --maze kruskal --rows 6 --cols 6 --count 50 --torus
            5e793ab84e324672 generate --maze prim --rows 6 --cols 6 --count 50 --max-weight 5
            5c548094ef1be335 generate --maze percolation --rows 6 --cols 6 --count 50 --p 0.5
            1371fbeaf5514c43 generate --maze dfs_percolation --rows 6 --cols 6 --count 50 --p 0.2
            42c430e43f791876 generate --maze recursive_division --rows 6 --cols 6 --count 50
            0139bc9ee734c543 generate --maze aldous_broder --rows 5 --cols 5 --count 50 --deadend-start --path-length 5..12
            3d748a0e36dbb1fd generate --task @/star --count 50
            432645863e414e23 generate --task @/dag --count 50
            8691e6dd32cba88c generate --task @/tree --count 50 --split test
            3905cf3e800402b6 generate --task @/graph --count 50
            69f4c374d7d39930 generate --task @/hops --count 50
            6b9eb8bf673cbc13 generate --task @/countdown --count 50
            01678ad9810f319a generate --task @/sliding --count 50
            9787c3c18381fd58 generate --task @/labelled --count 50 --split train
            7ded7d1b44ff28f1 generate --task @/labelled --count 50 --split train --forced
            0167cf07d0e49106 generate --task @/prompted --count 50
        "#]],
    );
}

#[test]
fn tokens() {
    const MAZES: &str = "generate --maze dfs --rows 5 --cols 5 --count 30 | tokenize --tokenizer";
    let of_mazes = |rest: &str| format!("{MAZES} {rest}");
    let of_graphs =
        |task: &str, rest: &str| format!("generate --task @/{task} --count 30 | tokenize --tokenizer {rest}");
    let commands = [
        of_mazes("AOTP_UT_rasterized"),
        of_mazes("AOTP_UT_uniform --seed 5"),
        of_mazes("AOTP_CTT_indexed --unshuffled"),
        of_mazes("edges"),
        of_mazes("walls"),
        of_mazes("cells"),
        of_mazes("row-col+sorted+query-first+forks"),
        of_graphs("star", "bachmann"),
        of_graphs("dag", "saparov"),
        of_graphs("tree", "brinkmann"),
        of_graphs("hops", "hops"),
        of_graphs("countdown", "countdown"),
        of_graphs("sliding", "sliding"),
        of_graphs("labelled", "labelled --bins 20"),
        of_graphs("prompted", "labelled+prompted --bins 20"),
    ];
    check(
        &commands.each_ref().map(String::as_str),
        expect![[r#"
            ec8077125a5581c9 generate --maze dfs --rows 5 --cols 5 --count 30 | tokenize --tokenizer AOTP_UT_rasterized
            8ec9d4b2c262e425 generate --maze dfs --rows 5 --cols 5 --count 30 | tokenize --tokenizer AOTP_UT_uniform --seed 5
            82b24bff1b409eab generate --maze dfs --rows 5 --cols 5 --count 30 | tokenize --tokenizer AOTP_CTT_indexed --unshuffled
            200c6a4b022f6a2b generate --maze dfs --rows 5 --cols 5 --count 30 | tokenize --tokenizer edges
            191fce529894058b generate --maze dfs --rows 5 --cols 5 --count 30 | tokenize --tokenizer walls
            2d294b9d9439d106 generate --maze dfs --rows 5 --cols 5 --count 30 | tokenize --tokenizer cells
            8b6f5557576f2cd5 generate --maze dfs --rows 5 --cols 5 --count 30 | tokenize --tokenizer row-col+sorted+query-first+forks
            21069e15e5d3a97b generate --task @/star --count 30 | tokenize --tokenizer bachmann
            6dc46aa7ba078b87 generate --task @/dag --count 30 | tokenize --tokenizer saparov
            492349ce9fb3ef77 generate --task @/tree --count 30 | tokenize --tokenizer brinkmann
            a6074ece4308b3d5 generate --task @/hops --count 30 | tokenize --tokenizer hops
            3ba7c8043ccc8f7b generate --task @/countdown --count 30 | tokenize --tokenizer countdown
            04333bd389d3ada7 generate --task @/sliding --count 30 | tokenize --tokenizer sliding
            d5664dcdd3780b35 generate --task @/labelled --count 30 | tokenize --tokenizer labelled --bins 20
            2be1209daac3af83 generate --task @/prompted --count 30 | tokenize --tokenizer labelled+prompted --bins 20
        "#]],
    );
}

#[test]
fn scores_of_policies_and_counts() {
    check(
        &[
            "baselines --maze dfs --rows 5 --cols 5 --count 300 --json",
            "baselines --maze wilson --rows 7 --cols 7 --count 100 --seed 2 --json",
            "baselines --maze dfs_percolation --p 0.1 --rows 5 --cols 5 --count 100 --json",
            "baselines --task @/labelled --count 100 --json",
            "count --maze dfs --rows 4 --cols 4 --json",
            "count --maze wilson --rows 7 --cols 7 --json",
        ],
        expect![[r#"
            25b85c62049fb76d baselines --maze dfs --rows 5 --cols 5 --count 300 --json
            627b0ddca8249305 baselines --maze wilson --rows 7 --cols 7 --count 100 --seed 2 --json
            7c39f3c3beb0fc8f baselines --maze dfs_percolation --p 0.1 --rows 5 --cols 5 --count 100 --json
            3045ac2cbb74214d baselines --task @/labelled --count 100 --json
            4bd20a0c924a9cd7 count --maze dfs --rows 4 --cols 4 --json
            595d3972c457bf24 count --maze wilson --rows 7 --cols 7 --json
        "#]],
    );
}

const RUN: &str = r#"
[task.maze]
generator = "dfs"
rows = 3
cols = 3
[tokenizer]
name = "edges"
[model]
n_layers = 2
d_model = 32
n_heads = 2
[train]
seed = 3
batch_problems = 32
steps = 60
lr = 4e-3
warmup = 10
average_steps = 20
checkpoint_every = 30
log_every = 10
precision = "PRECISION"
[eval]
problems = 40
every = 30
"#;

/// Trains, evaluates and probes on a tier, and hashes what is reproducible: checkpoint tensors, metrics without timings and
/// results.
fn trained(tier: &str, precision: &str, with_probes: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("c.toml"), RUN.replace("PRECISION", precision)).unwrap();
    let (config, run) = (at("c.toml").display().to_string(), at("run").display().to_string());
    searchlens(&format!("train {config} --out {run} --tier {tier}")).good();
    let mut table = String::new();
    let mut line = |name: &str, hash: u64| writeln!(table, "{hash:016x} {name}").unwrap();
    for name in ["step-00000060.safetensors", "step-00000060.training.safetensors", "best.safetensors"] {
        line(name, tensors(&at("run/checkpoints").join(name)));
    }
    let metrics = std::fs::read_to_string(at("run/metrics.jsonl")).unwrap();
    let numbers = metrics.lines().flat_map(|line| {
        let line: Value = serde_json::from_str(line).unwrap();
        ["step", "loss", "grad_norm", "lr"].map(|key| line[key].as_f64().unwrap_or_default().to_le_bytes()).concat()
    });
    line("metrics.jsonl", hash(&numbers.collect::<Vec<u8>>()));
    let result = |name: &str| hash(&std::fs::read(at("run/results").join(name)).unwrap());
    line("eval.json", result("eval.json"));
    line("gallery.json", result("gallery.json"));
    if with_probes {
        searchlens(&format!("lens probe {run} --tier {tier}")).good();
        line("probes.json", result("probes.json"));
    }
    table
}

/// Hashes the tensors of a file in order of their names: name, shape and bytes.
fn tensors(path: &Path) -> u64 {
    let bytes = std::fs::read(path).unwrap();
    let file = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors = file.tensors();
    tensors.sort_by(|a, b| a.0.cmp(&b.0));
    let whole = |(name, view): &(String, safetensors::tensor::TensorView<'_>)| {
        [name.as_bytes(), format!("{:?}", view.shape()).as_bytes(), view.data()].concat()
    };
    hash(&tensors.iter().flat_map(whole).collect::<Vec<u8>>())
}

/// Checks the hashes of training on a tier, if this machine has it.
fn check_training(tier: &str, precision: &str, with_probes: bool, want: Expect) {
    if available_tiers().iter().any(|there| there.name() == tier) {
        want.assert_eq(&trained(tier, precision, with_probes));
    }
}

#[test]
fn training_and_results() {
    check_training(
        "portable",
        "f32",
        false,
        expect![[r#"
            e5567d6818759ad7 step-00000060.safetensors
            7d51d7c2c34e8c62 step-00000060.training.safetensors
            3c1f47544d23d938 best.safetensors
            84dc5f4202e3f8b5 metrics.jsonl
            27b1b8bc849461f2 eval.json
            7d4390b6690519d2 gallery.json
        "#]],
    );
    check_training(
        "avx2",
        "f32",
        false,
        expect![[r#"
            f56688e8fd5db81c step-00000060.safetensors
            42f95ad1940c471a step-00000060.training.safetensors
            7a58e403ba327c2a best.safetensors
            5664b64e3e195338 metrics.jsonl
            27b1b8bc849461f2 eval.json
            7d4390b6690519d2 gallery.json
        "#]],
    );
    // Probes are fitted in f64 by a library that selects its own instruction set.
    check_training(
        "avx512",
        "f32",
        true,
        expect![[r#"
            06023eb99970f538 step-00000060.safetensors
            01aea55073cc5b3c step-00000060.training.safetensors
            b3949225813460b7 best.safetensors
            ba63a27a77881d8f metrics.jsonl
            27b1b8bc849461f2 eval.json
            7d4390b6690519d2 gallery.json
            d87fa43e22f73a60 probes.json
        "#]],
    );
    check_training(
        "avx512-bf16",
        "bf16",
        false,
        expect![[r#"
            3ee213369aef4a55 step-00000060.safetensors
            78ca8807f14bdca8 step-00000060.training.safetensors
            e0df30c07fb0d225 best.safetensors
            d887345fef436944 metrics.jsonl
            27b1b8bc849461f2 eval.json
            89508da91a2381a2 gallery.json
        "#]],
    );
    check_training(
        "amx",
        "bf16",
        false,
        expect![[r#"
            c649cecc9ea265c0 step-00000060.safetensors
            44ff37e13722726d step-00000060.training.safetensors
            e8769469f0b4e432 best.safetensors
            4c04a06f726315ba metrics.jsonl
            27b1b8bc849461f2 eval.json
            7427bb9a667a3286 gallery.json
        "#]],
    );
}
