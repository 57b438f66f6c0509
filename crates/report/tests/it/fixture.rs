//! A synthetic run folder: plausible curves, scores and probes, and mazes with right and wrong answers whose "attention" follows
//! simple rules. No network is involved.

use searchlens_results::{
    BaselineScores, ByLookahead, EvalResult, FORMAT_VERSION, ForkConditioned, FutureProbe, Gallery, KStar, Lookahead,
    Metric, ProbePoint, ProbeResult, RunInfo, Specimen, TokenPlace,
};
use searchlens_stats::estimate::Estimate;
use std::path::Path;

const CONFIG: &str = r#"[task.maze]
generator = "dfs"
rows = 5
cols = 5
[tokenizer]
name = "edges"
[model]
n_layers = 4
d_model = 128
n_heads = 4
[train]
seed = 1
batch_problems = 128
steps = 23600
lr = 2e-3
loss_on = "path"
[eval]
problems = 1000
every = 1200
"#;

/// The content of a run folder. Change a part, then [`Fixture::write`] it.
pub(crate) struct Fixture {
    /// `run.json`.
    pub(crate) info: RunInfo,
    /// `config.toml`.
    pub(crate) config: String,
    /// `metrics.jsonl`.
    pub(crate) metrics: String,
    /// `results/eval.json`.
    pub(crate) eval: Option<EvalResult>,
    /// `results/probes.json`.
    pub(crate) probes: Option<ProbeResult>,
    /// `results/gallery.json`.
    pub(crate) gallery: Option<Gallery>,
}

impl Fixture {
    /// A finished, evaluated, probed run.
    pub(crate) fn whole() -> Fixture {
        Fixture {
            info: RunInfo {
                format_version: FORMAT_VERSION,
                program_version: "0.1.0".to_string(),
                commit: "0123abc".to_string(),
                seed: 1,
                threads: 2,
                tier: "f32-avx512".to_string(),
                precision: "f32".to_string(),
                n_params: 822_144,
                machine: "Example CPU, 2 cores".to_string(),
                tiers: Vec::new(),
                train_seconds: 560.2,
            },
            config: CONFIG.to_string(),
            metrics: metrics(),
            eval: Some(eval()),
            probes: Some(probes()),
            gallery: Some(gallery(4, 4)),
        }
    }

    /// Writes the folder.
    pub(crate) fn write(&self, dir: &Path) {
        std::fs::create_dir_all(dir.join("results")).expect("the folder can be made");
        let put =
            |name: &str, text: String| std::fs::write(dir.join(name), text).expect("the folder can be written to");
        put("run.json", serde_json::to_string_pretty(&self.info).expect("plain data becomes JSON"));
        put("config.toml", self.config.clone());
        put("metrics.jsonl", self.metrics.clone());
        let json = |value: serde_json::Value| serde_json::to_string_pretty(&value).expect("plain data becomes JSON");
        if let Some(eval) = &self.eval {
            put("results/eval.json", json(serde_json::to_value(eval).expect("plain data becomes JSON")));
        }
        if let Some(probes) = &self.probes {
            put("results/probes.json", json(serde_json::to_value(probes).expect("plain data becomes JSON")));
        }
        if let Some(gallery) = &self.gallery {
            put("results/gallery.json", serde_json::to_string(gallery).expect("plain data becomes JSON"));
        }
    }
}

/// An estimate with its interval.
pub(crate) fn estimate(value: f64, low: f64, high: f64, n: usize) -> Estimate {
    Estimate { value: Some(value), low: Some(low), high: Some(high), n }
}

/// A share of `n` problems with a normal 95 % interval, clamped to 0..1.
pub(crate) fn share(value: f64, n: usize) -> Estimate {
    let half = 1.96 * (value * (1.0 - value) / n as f64).sqrt();
    estimate(value, (value - half).max(0.0), (value + half).min(1.0), n)
}

fn metrics() -> String {
    let mut lines = String::new();
    let mut dice = Dice(5);
    for i in 1..=590u64 {
        let step = 40 * i;
        let t = step as f64 / 23_600.0;
        let loss = (1.9 * (-14.0 * t).exp() + 0.32 * (-2.2 * t).exp() - 0.015) * (1.0 + 0.08 * (dice.uniform() - 0.5));
        push(
            &mut lines,
            &Metric::Train {
                step,
                sequences: step * 128,
                tokens: step * 128 * 36,
                loss,
                grad_norm: 0.4 + 0.3 * dice.uniform(),
                lr: 2e-3 * (1.0 - t).min(1.0),
                seconds: 560.2 * t,
                tokens_per_s: 181_000.0 + 4_000.0 * dice.uniform(),
            },
        );
        if step % 1200 == 0 {
            let fork = 0.98 - 0.6 * (-4.0 * t).exp();
            push(
                &mut lines,
                &Metric::Eval {
                    step,
                    exact_path: share((fork - 0.4 * (-9.0 * t).exp()).max(0.0), 1000),
                    first_fork: share(fork, 968),
                    seconds: 560.2 * t,
                },
            );
        }
    }
    lines
}

fn push(lines: &mut String, metric: &Metric) {
    lines.push_str(&serde_json::to_string(metric).expect("plain data becomes JSON"));
    lines.push('\n');
}

/// An evaluation on 1,000 problems: exact path .931, greedy .560.
pub(crate) fn eval() -> EvalResult {
    let by_k = [
        (0, 0.564),
        (1, 0.564),
        (2, 0.666),
        (3, 0.751),
        (4, 0.814),
        (6, 0.917),
        (8, 0.979),
        (12, 1.0),
        (16, 1.0),
        (24, 1.0),
    ];
    let by_lookahead = [
        (0, 31, 1.0, 1.0),
        (1, 262, 0.985, 0.81),
        (2, 190, 0.968, 0.62),
        (3, 141, 0.943, 0.47),
        (4, 120, 0.925, 0.41),
        (6, 110, 0.89, 0.33),
        (8, 84, 0.82, 0.29),
        (11, 62, 0.74, 0.24),
    ];
    EvalResult {
        format_version: FORMAT_VERSION,
        split: "test".to_string(),
        seed: 1,
        step: Some(23_600),
        exact_path: share(0.931, 1000),
        valid_path: share(0.948, 1000),
        reaches_target: share(0.957, 1000),
        first_fork: share(0.939, 969),
        path_length_ratio: estimate(1.0021, 1.0004, 1.0043, 948),
        wall_jumps: share(0.0021, 7360),
        end_errors: share(0.043, 1000),
        k_star: KStar {
            value: Some(Lookahead::Steps(6.45)),
            low: Some(Lookahead::Steps(5.9)),
            high: Some(Lookahead::Steps(7.1)),
            n: 1000,
        },
        by_lookahead: by_lookahead
            .map(|(lookahead, n, model, greedy)| ByLookahead {
                lookahead,
                exact_path: share(model, n),
                greedy: share(greedy, n),
            })
            .to_vec(),
        baselines: BaselineScores {
            random: share(0.331, 1000),
            greedy: share(0.560, 1000),
            k_lookahead: by_k.map(|(k, exact)| (k, share(exact, 1000))).into(),
        },
    }
}

fn probes() -> ProbeResult {
    let sites: Vec<String> = std::iter::once("hook_embed".to_string())
        .chain((0..4).map(|i| format!("blocks.{i}.hook_resid_post")))
        .collect();
    let floors = [1.0, 0.94, 0.886, 0.841, 0.799, 0.759, 0.721, 0.686];
    let point = |site: &String, trained: f64, control: f64, untrained: f64, n: usize| ProbePoint {
        site: site.clone(),
        trained: share(trained, n),
        control: share(control, n),
        untrained: share(untrained, n),
    };
    let wall = [(0.62, 0.5, 0.62), (0.79, 0.51, 0.64), (0.86, 0.51, 0.65), (0.84, 0.5, 0.65), (0.78, 0.5, 0.64)];
    ProbeResult {
        format_version: FORMAT_VERSION,
        n_train: 4000,
        n_test: 1000,
        position: "path_start".to_string(),
        wall: sites.iter().zip(wall).map(|(site, (t, c, u))| point(site, t, c, u, 40_000)).collect(),
        wall_prior: share(0.631, 40_000),
        future: floors
            .iter()
            .enumerate()
            .map(|(i, &floor)| {
                let (k, n) = (i + 1, 1000 - 90 * i);
                let at = |depth: usize| (0.06 + 0.235 * depth as f64) * (1.0 - 0.055 * i as f64);
                let sites =
                    sites.iter().enumerate().map(|(d, s)| point(s, at(d), 0.05, 0.12 + 0.01 * d as f64, n)).collect();
                FutureProbe {
                    k,
                    sites,
                    corridor_floor: share(floor, n),
                    fork_conditioned: (k > 1 && k < 8).then(|| ForkConditioned {
                        site: "blocks.3.hook_resid_post".to_string(),
                        trained: share(0.83 - 0.05 * i as f64, 120 + 50 * i),
                        corridor_floor: share(0.58, 120 + 50 * i),
                    }),
                }
            })
            .collect(),
    }
}

/// Twelve 5×5 problems, the first five with wrong answers, for a model of the given shape.
pub(crate) fn gallery(n_layers: usize, n_heads: usize) -> Gallery {
    Gallery {
        format_version: FORMAT_VERSION,
        selection: "The first 5 failures of the test problems and the first 7 successes.".to_string(),
        n_layers,
        n_heads,
        specimens: (0..12).map(|i| specimen(i, n_layers, n_heads)).collect(),
    }
}

fn specimen(i: u64, n_layers: usize, n_heads: usize) -> Specimen {
    let (rows, cols) = (5, 5);
    let mut dice = Dice(1000 + i);
    let passages = carve(rows, cols, &mut dice);
    let (origin, target) = loop {
        let (a, b) = (dice.below(25), dice.below(25));
        if path(&passages, a, b).len() > 6 {
            break (a, b);
        }
    };
    let optimum = path(&passages, origin, target);
    let (answer, failure) = match i {
        0 | 3 => (wrong_turn(&passages, &optimum), "wrong turn at a fork, ends in a dead end"),
        1 => (through_a_wall(&passages, &optimum), "step 4 goes through a wall"),
        2 => (optimum[..optimum.len() - 2].to_vec(), "stops before the target"),
        4 => ([wrong_turn(&passages, &optimum), vec![target]].concat(), "jumps to the target"),
        _ => (optimum.clone(), ""),
    };
    let cell = |c: usize| format!("({},{})", c / cols, c % cols);
    let mut tokens = Vec::new();
    let mut marks = Vec::new();
    let mut shuffled = passages.clone();
    dice.shuffle(&mut shuffled);
    for &(a, b) in &shuffled {
        tokens.push(format!("{}-{}", cell(a), cell(b)));
        marks.push(TokenPlace::Edge(a, b));
    }
    for (name, at) in [("TARGET", target), ("ORIGIN", origin)] {
        tokens.extend([name.to_string(), cell(at)]);
        marks.extend([TokenPlace::Other, TokenPlace::Cell(at)]);
    }
    let path_start = tokens.len();
    tokens.push("PATH".to_string());
    marks.push(TokenPlace::Other);
    for &step in &answer[1..] {
        tokens.push(cell(step));
        marks.push(TokenPlace::Cell(step));
    }
    tokens.push("END".to_string());
    marks.push(TokenPlace::Other);
    let attention = synthetic_attention(n_layers, n_heads, &marks, &optimum);
    Specimen {
        index: 17 + 31 * i,
        rows,
        cols,
        passages,
        origin,
        target,
        optimum,
        answer,
        exact: failure.is_empty(),
        failure: failure.to_string(),
        tokens,
        marks,
        path_start,
        attention: base64(&attention),
    }
}

/// Two steps on a torus of nine cells, both around it.
pub(crate) fn torus_specimen(n_layers: usize, n_heads: usize) -> Specimen {
    let path = vec![0, 2, 8];
    let marks = vec![
        TokenPlace::Edge(0, 2),
        TokenPlace::Edge(2, 8),
        TokenPlace::Other,
        TokenPlace::Cell(2),
        TokenPlace::Cell(8),
        TokenPlace::Other,
    ];
    Specimen {
        index: 5,
        rows: 3,
        cols: 3,
        passages: vec![(0, 2), (2, 8)],
        origin: 0,
        target: 8,
        optimum: path.clone(),
        answer: path.clone(),
        exact: true,
        failure: String::new(),
        tokens: ["(0,0)-(0,2)", "(0,2)-(2,2)", "PATH", "(0,2)", "(2,2)", "END"].map(str::to_string).into(),
        path_start: 2,
        attention: base64(&synthetic_attention(n_layers, n_heads, &marks, &path)),
        marks,
    }
}

/// Heads attend to the previous token, to the target, to edges of the current cell, or along the path ahead.
fn synthetic_attention(n_layers: usize, n_heads: usize, marks: &[TokenPlace], optimum: &[usize]) -> Vec<u8> {
    let n = marks.len();
    let mut out = Vec::new();
    for layer in 0..n_layers {
        for head in 0..n_heads {
            for q in 0..n {
                let here = if let TokenPlace::Cell(c) = marks[q] { c } else { optimum[0] };
                let ahead =
                    |c: usize| optimum.iter().position(|&x| x == c).map_or(0.0, |i| i as f64 / optimum.len() as f64);
                let scores: Vec<f64> = (0..n)
                    .map(|k| match ((head + layer) % 4, &marks[k]) {
                        _ if k > q => f64::NEG_INFINITY,
                        (0, _) => -(q.abs_diff(k + 1) as f64),
                        (1, TokenPlace::Edge(a, b)) => {
                            1.3 * layer as f64 * f64::from(u8::from(*a == here || *b == here))
                        }
                        (2, TokenPlace::Edge(a, b)) => (1.0 + layer as f64) * ahead(*a).min(ahead(*b)) * 2.0,
                        (3, TokenPlace::Cell(_)) => 2.0 + layer as f64 / 2.0,
                        _ => 0.0,
                    })
                    .collect();
                let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
                let sum: f64 = weights.iter().sum();
                out.extend(weights.iter().map(|w| (255.0 * w / sum).round() as u8));
            }
        }
    }
    out
}

fn neighbors(passages: &[(usize, usize)], cell: usize) -> Vec<usize> {
    let ends = passages.iter().filter_map(|&(a, b)| if a == cell { Some(b) } else { (b == cell).then_some(a) });
    ends.collect()
}

fn path(passages: &[(usize, usize)], from: usize, to: usize) -> Vec<usize> {
    let mut stack = vec![vec![from]];
    while let Some(walk) = stack.pop() {
        let end = walk[walk.len() - 1];
        if end == to {
            return walk;
        }
        for next in neighbors(passages, end) {
            if walk.len() < 2 || walk[walk.len() - 2] != next {
                stack.push([walk.clone(), vec![next]].concat());
            }
        }
    }
    unreachable!("the maze is connected")
}

fn wrong_turn(passages: &[(usize, usize)], optimum: &[usize]) -> Vec<usize> {
    for i in 0..optimum.len() - 1 {
        let mut walk = optimum[..=i].to_vec();
        loop {
            let end = walk[walk.len() - 1];
            let next = neighbors(passages, end)
                .into_iter()
                .find(|c| !walk.contains(c) && (walk.len() > i + 1 || *c != optimum[i + 1]));
            match next {
                Some(cell) => walk.push(cell),
                None => break,
            }
        }
        if walk.len() > i + 1 {
            return walk;
        }
    }
    optimum[..optimum.len() - 1].to_vec()
}

fn through_a_wall(passages: &[(usize, usize)], optimum: &[usize]) -> Vec<usize> {
    let end = optimum[3];
    let walled = [end + 1, end.wrapping_sub(1), end + 5, end.wrapping_sub(5)];
    let beside = |c: usize| c < 25 && (c / 5).abs_diff(end / 5) + (c % 5).abs_diff(end % 5) == 1;
    let jump = walled.into_iter().find(|&c| beside(c) && !neighbors(passages, end).contains(&c)).unwrap_or(optimum[5]);
    [&optimum[..4], &path(passages, jump, optimum[optimum.len() - 1])].concat()
}

fn carve(rows: usize, cols: usize, dice: &mut Dice) -> Vec<(usize, usize)> {
    let mut seen = vec![false; rows * cols];
    let mut stack = vec![dice.below(rows * cols)];
    seen[stack[0]] = true;
    let mut passages = Vec::new();
    while let Some(&cell) = stack.last() {
        let (r, c) = (cell / cols, cell % cols);
        let mut next = Vec::new();
        next.extend((r > 0).then(|| cell - cols));
        next.extend((r + 1 < rows).then(|| cell + cols));
        next.extend((c > 0).then(|| cell - 1));
        next.extend((c + 1 < cols).then(|| cell + 1));
        next.retain(|&n| !seen[n]);
        if next.is_empty() {
            stack.pop();
        } else {
            let to = next[dice.below(next.len())];
            seen[to] = true;
            passages.push((cell.min(to), cell.max(to)));
            stack.push(to);
        }
    }
    passages
}

/// SplitMix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn uniform(&mut self) -> f64 {
        self.next() as f64 / u64::MAX as f64
    }

    fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().chain([&0, &0]).take(3).fold(0u32, |word, &b| word << 8 | u32::from(b));
        for i in 0..4 {
            let digit = if i <= chunk.len() { DIGITS[(word >> (18 - 6 * i) & 63) as usize] as char } else { '=' };
            out.push(digit);
        }
    }
    out
}
