//! The report's tables.

use crate::document::Table;
use crate::number::{NOTHING, count, k_star, percent, plain, points};
use crate::prose::{Comparison, compare};
use searchlens_results::{EvalResult, Gallery, ProbePoint, ProbeResult, Specimen};
use searchlens_stats::estimate::Estimate;

/// Returns every metric of an evaluation with its interval, its n and its definition.
pub(crate) fn scores(eval: &EvalResult) -> Table {
    let row = |name: &str, value: String, n: usize, meaning: &str| {
        vec![name.to_string(), value, count(n as u64), meaning.to_string()]
    };
    let share = |name, e: &Estimate, meaning| row(name, percent(e), e.n, meaning);
    Table {
        caption: format!("Scores on the {} split (problem seed {})", eval.split, eval.seed),
        columns: vec!["Metric", "Value [95% interval]", "n", "Definition"],
        rows: vec![
            share("Exact path", &eval.exact_path, "an optimal path, closed by the end token"),
            share(
                "Valid path",
                &eval.valid_path,
                "from the origin through open passages to the target, closed by the end token; any length",
            ),
            share("Reaches target", &eval.reaches_target, "the last cell is the target; walls ignored"),
            share("First fork", &eval.first_fork, "the right branch at the first fork (problems with a fork)"),
            row(
                "Path length ratio",
                plain(&eval.path_length_ratio),
                eval.path_length_ratio.n,
                "steps divided by optimal steps (valid paths only)",
            ),
            share(
                "Wall jumps",
                &eval.wall_jumps,
                "invalid moves: generated steps through a wall or to a cell that is not adjacent",
            ),
            share(
                "End errors",
                &eval.end_errors,
                "answers without a proper end token, or that end in another cell than the target",
            ),
            row(
                "Effective lookahead k*",
                k_star(&eval.k_star),
                eval.k_star.n,
                "the k of the k-lookahead policy with the same score, in steps",
            ),
        ],
    }
}

/// Returns the scores of the no-search policies beside the model's.
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
    rows.push(row("Greedy".to_string(), &eval.baselines.greedy));
    rows.extend(eval.baselines.k_lookahead.iter().map(|(&k, score)| row(format!("{k}-step lookahead"), score)));
    Table {
        caption: format!(
            "Exact path of the model and of policies that do not search, on the same {} problems",
            count(model.n as u64)
        ),
        columns: vec!["Policy", "Exact path [95% interval]", "Model − policy, points", "Intervals"],
        rows,
    }
}

/// Returns the scores by the lookahead needed at the first fork.
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

/// Returns the passage probes by site.
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

/// Returns the future-cell probes by step and site.
pub(crate) fn future(probes: &ProbeResult) -> Table {
    let row = |k: usize, floor: &Estimate, p: &ProbePoint| {
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

/// Returns the future-cell probes on problems with a fork between step 1 and step k.
pub(crate) fn fork_conditioned(probes: &ProbeResult) -> Table {
    let rows = probes.future.iter().filter(|f| f.k > 1).map(|f| match &f.fork_conditioned {
        None => {
            let dash = || NOTHING.to_string();
            vec![f.k.to_string(), dash(), "fewer than 50".to_string(), dash(), dash(), dash(), dash()]
        }
        Some(c) => {
            let verdict = match compare(&c.trained, &c.corridor_floor) {
                Comparison::Above => "above F",
                Comparison::Below => "below F",
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
        caption: "Which cell does the path visit at step k? Only problems with a fork between step 1 and step k"
            .to_string(),
        columns: vec!["Step k", "Site", "n", "Trained", "Corridor floor F", "Trained − F, points", "Intervals"],
        rows: rows.collect(),
    }
}

/// Returns the problems of the gallery.
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
        caption: "Problems and answers; cells are (row,column), from 0 at the top left".to_string(),
        columns: vec!["Problem", "Answer", "Optimal steps", "An optimal path", "The model's path"],
        rows: gallery.specimens.iter().map(row).collect(),
    }
}

/// Returns `optimal`, or what went wrong.
pub(crate) fn verdict(specimen: &Specimen) -> String {
    match (specimen.exact, specimen.failure.as_str()) {
        (true, _) => "optimal".to_string(),
        (false, "") => "failure".to_string(),
        (false, failure) => format!("failure: {failure}"),
    }
}

/// Returns a path as `(0,1) (0,2) …`.
fn cells(specimen: &Specimen, path: &[usize]) -> String {
    path.iter().map(|cell| format!("({},{})", cell / specimen.cols, cell % specimen.cols)).collect::<Vec<_>>().join(" ")
}
