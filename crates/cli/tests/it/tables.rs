//! JSON output of `sites` and `bench`.

use serde_json::Value;

use crate::run::searchlens;

fn json(arguments: &str) -> Value {
    serde_json::from_str(&searchlens(arguments).good()).unwrap()
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn sites() {
    let any = json("sites --json");
    assert_eq!(keys(&any[0]), ["editable", "formula", "name", "shape", "short"]);
    let pattern = any.as_array().unwrap().iter().find(|row| row["name"] == "blocks.{i}.attn.hook_pattern").unwrap();
    assert_eq!(pattern["short"], "pattern.{i}");
    assert_eq!(pattern["shape"], Value::from(vec!["batch", "n_heads", "query_pos", "key_pos"]));

    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/golden/model/attn_only.safetensors");
    let its = json(&format!("sites --json --checkpoint {golden}"));
    let its: Vec<&str> = its.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert!(its.contains(&"blocks.1.attn.hook_z") && !its.iter().any(|name| name.contains("mlp")), "{its:?}");
    // Both names of every site are accepted.
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("a.safetensors");
    let both = format!("{},z.1", its.join(","));
    searchlens(&format!("activations --checkpoint {golden} --tokens {golden} --sites {both} --out {}", out.display()))
        .good();
}

#[test]
fn timings_have_stable_keys() {
    let train = json("bench train --shape xs --precision f32 --seconds 0.01 --threads 2 --json");
    assert_eq!(keys(&train), ["ms_per_step", "peak_bytes", "tier", "tokens_per_s"]);
    let tokens_per_step = train["ms_per_step"].as_f64().unwrap() / 1e3 * train["tokens_per_s"].as_f64().unwrap();
    assert!((tokens_per_step - 64.0 * 128.0).abs() < 1e-3, "{train}");
    assert!(train["tier"].as_str().unwrap().starts_with("f32-"), "{train}");
    if cfg!(target_os = "linux") {
        // At least the gradient and the two moments.
        assert!(train["peak_bytes"].as_u64().unwrap() > 3 * 4 * 200_000, "{train}");
    }
    let profiled = json("bench train --shape xs --precision f32 --profile --seconds 0.01 --threads 1 --json");
    let stages = profiled["stages"].as_array().unwrap();
    assert!(stages.iter().all(|stage| stage["ms"].as_f64().unwrap() > 0.0), "{profiled}");
    let shares: Vec<f64> = stages.iter().filter_map(|stage| stage["share_of_peak"].as_f64()).collect();
    assert!(shares.len() == 5 && shares.iter().all(|&share| share > 0.0 && share < 1.2), "{profiled}");
    let generated = json("bench generate --shape xs --count 3 --prompt 4 --new 2 --seconds 0.01 --threads 1 --json");
    assert_eq!(keys(&generated), ["new_tokens_per_s", "peak_bytes", "problems_per_s", "seconds", "tier"]);
    assert!(generated["new_tokens_per_s"].as_f64().unwrap() > 0.0, "{generated}");
    let problems = json("bench problems --seconds 0.05 --threads 1 --json");
    assert_eq!(keys(&problems), ["items_per_s", "ns_per_cell", "rounds", "task", "threads"]);
    assert!(problems["items_per_s"].as_f64().unwrap() > 0.0 && problems["threads"] == 1);
    assert_eq!(problems["task"], "dfs-7x7");
    let wide = json("bench problems --maze kruskal --rows 3 --cols 9 --seconds 0.05 --threads 1 --json");
    assert!(wide["task"] == "kruskal-3x9" && wide["rounds"].as_array().unwrap().len() == 5, "{wide}");
}

#[test]
fn tiers() {
    let free = json("bench tiers --json");
    assert_eq!(keys(&free), ["best", "chosen", "machine"]);
    assert_eq!(free["machine"].as_array().unwrap().last().unwrap(), "portable");
    assert_eq!(free["best"], free["machine"][0]);
    let forced = json("bench tiers --tier portable --json");
    assert_eq!((&forced["machine"], &forced["best"]), (&free["machine"], &Value::from("portable")));
    assert_eq!(forced["chosen"]["auto"], "f32-portable");
    let error = searchlens("bench tiers --tier avx1024").bad(2);
    assert!(error.contains("unknown tier `avx1024`") && error.contains("avx512, avx2, portable"), "{error}");
    let error = searchlens("bench train --tier portable --precision bf16").bad(2);
    assert_eq!(error, "error: precision bf16 needs tier amx or avx512-bf16, and tier portable is forced; use f32\n");
}
