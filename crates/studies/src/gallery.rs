//! The gallery: problems with the network's answer beside the shortest path, and the attention pattern of every layer and head.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use searchlens_lens::address::Address;
use searchlens_lens::capture::{Input, Pass, Request, capture};
use searchlens_lens::tensor::Tensors;
use searchlens_model::Model;
use searchlens_model::generate::{Decoder, GenerateError};
use searchlens_model::sites::{At, Site};
use searchlens_model::workers::Workers;
use searchlens_results::{FORMAT_VERSION, Gallery, Specimen, TokenPlace};
use searchlens_runs::eval_set::{EvalProblem, GradedAnswer, draw_problems, generate_answers, grade};
use searchlens_tasks::problem::Problem;
use searchlens_tasks::splits::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::sequence::role::{Place, Role};
use searchlens_tokens::tokenizer::Tokenizer;

/// Which problems to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GalleryPlan {
    /// Number of problems to show.
    pub specimens: usize,
    /// How many of them are failures, if the search finds that many.
    pub failures: usize,
    /// Problems of the split to search.
    pub search: usize,
}

impl Default for GalleryPlan {
    /// 10 problems, 4 of them failures, from the first 5,000.
    fn default() -> GalleryPlan {
        GalleryPlan { specimens: 10, failures: 4, search: 5000 }
    }
}

/// Problems answered together while searching.
const CHUNK: usize = 500;

/// Collects the first failures of a split, and its first exact answers to problems with a fork, by index.
///
/// The attention patterns come from one forward pass over prompt and answer. A gallery shows only mazes; for graph tasks it is empty, and its
/// `selection` says why.
///
/// ```no_run
/// use searchlens_model::workers::Workers;
/// use searchlens_runs::config::RunConfig;
/// use searchlens_runs::snapshot;
/// use searchlens_studies::gallery::{GalleryPlan, gallery};
/// use searchlens_tasks::splits::Split;
///
/// let parts = RunConfig::read("runs/first/config.toml".as_ref())?.parts();
/// let model = snapshot::load("runs/first/checkpoints/best.safetensors".as_ref())?.model;
/// let workers = Workers::new(None, true)?;
/// let plan = GalleryPlan::default();
/// let shown = gallery(&model, &parts.tokenizer, &parts.task, 1, Split::Test, plan, &workers)?;
/// println!("{}", shown.selection);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If a prompt does not fit the network.
pub fn gallery(
    model: &Model,
    tokenizer: &Tokenizer,
    task: &Task,
    seed: u64,
    split: Split,
    plan: GalleryPlan,
    workers: &Workers,
) -> Result<Gallery, GenerateError> {
    let (n_layers, n_heads) = (model.config.n_layers, model.config.n_heads);
    if task.lattice().is_none() {
        let selection = "The gallery draws mazes; the problems of this task are graphs.".into();
        return Ok(Gallery { format_version: FORMAT_VERSION, selection, n_layers, n_heads, specimens: Vec::new() });
    }
    let mut found = Found::default();
    while found.searched < plan.search && !found.enough(plan) {
        let end = (found.searched + CHUNK).min(plan.search);
        let problems = draw_problems(task, tokenizer, seed, split, found.searched as u64..end as u64, workers);
        let answers = generate_answers(&Decoder::plain(model), tokenizer, &problems, workers)?;
        let graded = grade(tokenizer, &problems, &answers);
        for ((asked, tokens), graded) in problems.into_iter().zip(answers).zip(graded) {
            found.add(Answered { asked, tokens, graded }, plan);
        }
        found.searched = end;
    }
    let n_failures = plan.failures.max(plan.specimens.saturating_sub(found.right.len())).min(found.wrong.len());
    found.wrong.truncate(n_failures);
    found.right.truncate(plan.specimens.saturating_sub(n_failures));
    let selection = format!(
        "The first {} failures and the first {} right answers to problems with a fork, by index, among the first {} problems of the {split} split \
         ({} of which were answered wrongly).",
        found.wrong.len(),
        found.right.len(),
        found.searched,
        found.n_wrong,
    );
    let chosen: Vec<Answered> = found.wrong.into_iter().chain(found.right).collect();
    let attention = attention(model, tokenizer, &chosen, workers);
    let specimens = chosen
        .iter()
        .zip(attention)
        .map(|(answered, pattern)| specimen(model, tokenizer, answered, &pattern))
        .collect();
    Ok(Gallery { format_version: FORMAT_VERSION, selection, n_layers, n_heads, specimens })
}

/// A problem with the network's answer.
struct Answered {
    asked: EvalProblem,
    tokens: Vec<u32>,
    graded: GradedAnswer,
}

/// Result of the search so far.
#[derive(Default)]
struct Found {
    searched: usize,
    n_wrong: usize,
    wrong: Vec<Answered>,
    right: Vec<Answered>,
}

impl Found {
    fn add(&mut self, answered: Answered, plan: GalleryPlan) {
        let is_exact = answered.graded.is_exact();
        self.n_wrong += usize::from(!is_exact);
        let (list, is_wanted) = match is_exact {
            true => (&mut self.right, answered.graded.verdict.first_fork.is_some()),
            false => (&mut self.wrong, true),
        };
        if is_wanted && list.len() < plan.specimens {
            list.push(answered);
        }
    }

    fn enough(&self, plan: GalleryPlan) -> bool {
        self.wrong.len() >= plan.failures && self.wrong.len() + self.right.len() >= plan.specimens
    }
}

impl Answered {
    /// Prompt and answer, as far as the network reads them. If the answer fills the context, its last token is not an input.
    fn ids(&self, model: &Model) -> Vec<u32> {
        let mut ids = [&self.asked.prompt.ids[..], &self.tokens].concat();
        ids.truncate(model.config.n_ctx);
        ids
    }
}

fn specimen(model: &Model, tokenizer: &Tokenizer, answered: &Answered, attention: &[u8]) -> Specimen {
    let Answered { asked, graded, .. } = answered;
    let problem = &asked.instance.problem;
    let maze = problem.maze().expect("`gallery` checks that the task draws mazes");
    let ids = answered.ids(model);
    let roles = asked.prompt.roles.iter().chain(&graded.answer.roles).take(ids.len());
    let name = |&id: &u32| tokenizer.vocab().name(id).unwrap_or("?").to_owned();
    Specimen {
        index: asked.index,
        rows: maze.lattice.rows,
        cols: maze.lattice.cols,
        passages: maze.passages().collect(),
        origin: problem.origin,
        target: problem.target(),
        optimum: asked.instance.path.clone(),
        answer: graded.answer.cells.clone(),
        exact: graded.is_exact(),
        failure: failure(problem, &asked.instance.path, graded),
        tokens: ids.iter().map(name).collect(),
        marks: roles.map(|&role| mark_of(role)).collect(),
        path_start: asked.prompt.len() - 1,
        attention: STANDARD.encode(attention),
    }
}

fn mark_of(role: Role) -> TokenPlace {
    match role.place() {
        Place::Edge(a, b) => TokenPlace::Edge(a, b),
        Place::Cell(cell) => TokenPlace::Cell(cell),
        Place::Nowhere => TokenPlace::Other,
    }
}

/// Attention patterns of each answer, `[layer][head][query][key]`, in steps of 1/255. A network trained without teacher forcing
/// reads the mask token in place of its answer.
fn attention(model: &Model, tokenizer: &Tokenizer, chosen: &[Answered], workers: &Workers) -> Vec<Vec<u8>> {
    if chosen.is_empty() {
        return Vec::new();
    }
    let read_by_network = |answered: &Answered| {
        let mut ids = answered.ids(model);
        if let Some(mask) = tokenizer.mask_id() {
            ids[answered.asked.prompt.len()..].fill(mask);
        }
        ids
    };
    let sequences: Vec<Vec<u32>> = chosen.iter().map(read_by_network).collect();
    let inputs: Vec<Input<'_>> = sequences.iter().map(|ids| Input { ids, roles: None, weights: None }).collect();
    let layers = (0..model.config.n_layers).map(|layer| Address::whole(At::new(Site::Pattern, layer)));
    let addresses: Vec<Address> = layers.collect();
    let request = Request { addresses: &addresses, plan: &[], references: &Tensors::new(), pass: Pass::Forward };
    let captured = capture(model, &inputs, request, workers).expect("the network has read these tokens before");
    let mut bytes = vec![Vec::new(); chosen.len()];
    for layer in &captured.values {
        for (bytes, pattern) in bytes.iter_mut().zip(layer.parts()) {
            bytes.extend(pattern.iter().map(|p| (p * 255.0).round() as u8));
        }
    }
    bytes
}

/// Describes the first fault of an answer in a few words; empty if the answer is exact.
fn failure(problem: &Problem, optimum: &[usize], graded: &GradedAnswer) -> String {
    let GradedAnswer { answer, verdict } = graded;
    if graded.is_exact() {
        return String::new();
    }
    if let Some(position) = answer.invalid_tokens.first() {
        return format!("token {} of the answer cannot stand there", position + 1);
    }
    if !verdict.starts_at_origin {
        return "does not start at the origin".into();
    }
    if let Some(step) = answer.cells.windows(2).position(|w| !problem.graph.has_edge(w[0], w[1])) {
        let (from, to) = (answer.cells[step], answer.cells[step + 1]);
        let is_beside = problem.lattice().is_some_and(|lattice| lattice.manhattan(from, to) == 1);
        return format!("step {} {}", step + 1, if is_beside { "goes through a wall" } else { "jumps" });
    }
    if !answer.ended {
        return "does not end".into();
    }
    match (verdict.reaches_target, verdict.first_fork) {
        (true, _) => format!("takes {} steps where {} do", verdict.steps, optimum.len() - 1),
        (false, _) if optimum.starts_with(&answer.cells) => "stops before the target".into(),
        (false, Some(false)) => "wrong turn at the first fork".into(),
        (false, _) => "wrong turn at a later fork".into(),
    }
}
