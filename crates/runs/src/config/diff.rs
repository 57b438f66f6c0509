//! The keys in which two configs differ.

use toml::Value;

/// Lists the differing keys of two resolved configs, each as `train.lr (0.004 and 0.005)`.
pub(super) fn differences(a: &str, b: &str) -> Vec<String> {
    let table = |text: &str| Value::Table(text.parse().expect("a resolved config is TOML"));
    let mut out = Vec::new();
    differing("", &table(a), &table(b), &mut out);
    out
}

fn differing(path: &str, a: &Value, b: &Value, out: &mut Vec<String>) {
    let (Value::Table(a), Value::Table(b)) = (a, b) else {
        if a != b {
            out.push(format!("{path} ({a} and {b})"));
        }
        return;
    };
    let mut keys: Vec<&String> = a.keys().chain(b.keys()).collect();
    keys.sort_unstable();
    keys.dedup();
    for key in keys {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (a.get(key), b.get(key)) {
            (Some(a), Some(b)) => differing(&path, a, b, out),
            _ => out.push(path),
        }
    }
}
