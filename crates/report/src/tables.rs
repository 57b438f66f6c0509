//! The report's tables, as plain text cells: the page and the Markdown show the same ones.

use crate::number::{NOTHING, count, k_star, percent, plain, points};
use crate::prose::{Comparison, compare};
use searchlens_results::{EvalResult, Gallery, ProbeResult, Specimen};
use searchlens_stats::estimate::Estimate;

/// A table. Every row has as many cells as there are columns.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    /// What the table holds.
    pub(crate) caption: String,
    /// Heads of the columns.
    pub(crate) columns: Vec<&'static str>,
    /// The cells.
    pub(crate) rows: Vec<Vec<String>>,
}

/// Every metric of an evaluation with its interval, its n and its meaning.
pub(crate) fn scores(eval: &EvalResult) -> Table {
    let row = |name: &str, value: String, n: usize, meaning: &str| {
        vec![name.to_string(), value, count(n as u64), meaning.to_string()]
    };
    let share = |name, e: &Estimate, meaning| row(name, percent(e), e.n, meaning);
    Table {
        caption: format!("Scores on the {} split (problem seed {})", eval.split, eval.seed),
        columns: vec!["Metric", "Value [95% interval]", "n", "Meaning"],
        rows: vec![
            share("Exact path", &eval.exact_path, "an optimal path, properly ended"),
            share("Valid path", &eval.valid_path, "starts at the origin, walks open passages only, ends in the target"),
            share("Reaches target", &eval.reaches_target, "the last cell is the target, walls ignored"),
            share("First fork", &eval.first_fork, "the right branch at the first fork (problems that have one)"),
            row(
                "Path length ratio",
                plain(&eval.path_length_ratio),
                eval.path_length_ratio.n,
                "steps over optimal steps (valid paths only)",
            ),
            share("Wall jumps", &eval.wall_jumps, "generated steps that go through a wall or jump"),
            share(
                "End errors",
                &eval.end_errors,
                "answers that do not stop with the end token, or stop elsewhere than in the target",
            ),
            row(
                "Effective lookahead k*",
                k_star(&eval.k_star),
                eval.k_star.n,
                "steps that a k-lookahead policy must see to score the same",
            ),
        ],
    }
}

/// The no-search policies beside the model.
pub(crate) fn baselines(eval: &EvalResult) -> Table {
    let model = &eval.exact_path;
    let row = |name: String, e: &Estimate| {
        let verdict = match compare(model, e) {
            Comparison::Above => "model above",
            Comparison::Below => "model below",
            Comparison::Overlapping => "intervals overlap",
        };
        vec![name, percent(e), points(model, e), verdict.to_string()]
    };
    let mut rows = vec![vec!["The model".to_string(), percent(model), NOTHING.to_string(), NOTHING.to_string()]];
    rows.push(row("Random at forks".to_string(), &eval.baselines.random));
    rows.push(row("Greedy heading".to_string(), &eval.baselines.greedy));
    rows.extend(
        eval.baselines
            .k_lookahead
            .iter()
            .map(|(&k, score)| row(format!("Sees {k} {} ahead", if k == 1 { "step" } else { "steps" }), score)),
    );
    Table {
        caption: format!(
            "Exact path beside policies that do not search, on the same {} problems",
            count(model.n as u64)
        ),
        columns: vec!["Policy", "Exact path [95% interval]", "Model − policy, points", "By the intervals"],
        rows,
    }
}

/// Scores by the lookahead that the first fork needs.
pub(crate) fn by_lookahead(eval: &EvalResult) -> Table {
    Table {
        caption: "Exact path by the lookahead needed at the first fork (0: no fork on the path)".to_string(),
        columns: vec!["Lookahead needed", "n", "Model", "Greedy"],
        rows: eval
            .by_lookahead
            .iter()
            .map(|b| {
                vec![b.lookahead.to_string(), count(b.exact_path.n as u64), percent(&b.exact_path), percent(&b.greedy)]
            })
            .collect(),
    }
}

/// Wall probes by site.
pub(crate) fn wall(probes: &ProbeResult) -> Table {
    Table {
        caption: format!("Is there a passage at this edge? Accuracy; prior {}", percent(&probes.wall_prior)),
        columns: vec!["Site", "Trained", "Control task", "Untrained network"],
        rows: probes
            .wall
            .iter()
            .map(|p| vec![p.site.clone(), percent(&p.trained), percent(&p.control), percent(&p.untrained)])
            .collect(),
    }
}

/// Future-cell probes by step and site.
pub(crate) fn future(probes: &ProbeResult) -> Table {
    let row = |k: usize, floor: &Estimate, p: &searchlens_results::ProbePoint| {
        vec![
            k.to_string(),
            p.site.clone(),
            percent(&p.trained),
            percent(&p.control),
            percent(&p.untrained),
            percent(floor),
        ]
    };
    Table {
        caption: "Which cell does the path visit at step k? Accuracy".to_string(),
        columns: vec!["Step k", "Site", "Trained", "Control task", "Untrained network", "Corridor floor F"],
        rows: probes.future.iter().flat_map(|f| f.sites.iter().map(|p| row(f.k, &f.corridor_floor, p))).collect(),
    }
}

/// Future-cell probes where a fork lies between step 1 and step k.
pub(crate) fn fork_conditioned(probes: &ProbeResult) -> Table {
    let rows = probes.future.iter().filter(|f| f.k > 1).map(|f| match &f.fork_conditioned {
        None => {
            let dash = || NOTHING.to_string();
            vec![f.k.to_string(), dash(), "fewer than 50".to_string(), dash(), dash(), dash(), dash()]
        }
        Some(c) => {
            let verdict = match compare(&c.trained, &c.corridor_floor) {
                Comparison::Above => "above the floor",
                Comparison::Below => "below the floor",
                Comparison::Overlapping => "intervals overlap",
            };
            vec![
                f.k.to_string(),
                c.site.clone(),
                count(c.trained.n as u64),
                percent(&c.trained),
                percent(&c.corridor_floor),
                points(&c.trained, &c.corridor_floor),
                verdict.to_string(),
            ]
        }
    });
    Table {
        caption: "The same question, only problems with a fork between step 1 and step k".to_string(),
        columns: vec!["Step k", "Site", "n", "Trained", "Corridor floor F", "Excess, points", "By the intervals"],
        rows: rows.collect(),
    }
}

/// The gallery's problems.
pub(crate) fn specimens(gallery: &Gallery) -> Table {
    let row = |s: &Specimen| {
        vec![
            s.index.to_string(),
            verdict(s),
            s.optimum.len().saturating_sub(1).to_string(),
            cells(s, &s.optimum),
            cells(s, &s.answer),
        ]
    };
    Table {
        caption: "Problems and answers; a cell is (row,column), counted from 0 at the top left".to_string(),
        columns: vec!["Problem", "Answer", "Optimal steps", "An optimal path", "The model's path"],
        rows: gallery.specimens.iter().map(row).collect(),
    }
}

/// `optimal`, or what went wrong.
pub(crate) fn verdict(specimen: &Specimen) -> String {
    match (specimen.exact, specimen.failure.as_str()) {
        (true, _) => "optimal".to_string(),
        (false, "") => "failure".to_string(),
        (false, failure) => format!("failure: {failure}"),
    }
}

/// A path as `(0,1) (0,2) …`.
pub(crate) fn cells(specimen: &Specimen, path: &[usize]) -> String {
    path.iter().map(|cell| format!("({},{})", cell / specimen.cols, cell % specimen.cols)).collect::<Vec<_>>().join(" ")
}
