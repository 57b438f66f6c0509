//! The gallery: problems with the model's answer, the shortest path, and attention at every layer and head.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use searchlens_lens::address::Address;
use searchlens_lens::capture::{Input, Pass, Request, capture};
use searchlens_lens::tensor::Tensors;
use searchlens_model::Model;
use searchlens_model::generate::{GenerateError, Reader};
use searchlens_model::sites::{At, Site};
use searchlens_model::workers::Workers;
use searchlens_tasks::problem::Problem;
use searchlens_tasks::split::Split;
use searchlens_tasks::task::Task;
use searchlens_tokens::role::{Place, Role};
use searchlens_tokens::tokenizer::Tokenizer;

use searchlens_results::{FORMAT_VERSION, Gallery, Mark, Specimen};
use searchlens_runs::exam::{Marking, Question, answers, draw, mark};

/// Which problems to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GalleryPlan {
    /// Number of problems.
    pub specimens: usize,
    /// Number of these answered wrongly, if that many are found.
    pub failures: usize,
    /// Number of problems of the split to search.
    pub search: usize,
}

impl Default for GalleryPlan {
    /// 10 problems, 4 of them failures if 4 are found among the first 5,000.
    fn default() -> GalleryPlan {
        GalleryPlan { specimens: 10, failures: 4, search: 5000 }
    }
}

/// Problems answered together while searching.
const CHUNK: usize = 500;

/// Collects, by index, the first failures and the first correct answers to problems with a fork among the problems of a split, each
/// with its attention over prompt and answer.
///
/// Only mazes can be drawn: for a task of graphs the gallery is empty and says so.
///
/// # Errors
/// If the prompts do not fit the network.
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
        let questions = draw(task, tokenizer, seed, split, found.searched as u64..end as u64, workers);
        let tokens = answers(&Reader::plain(model), tokenizer, &questions, workers)?;
        let markings = mark(tokenizer, &questions, &tokens);
        for ((question, tokens), marking) in questions.into_iter().zip(tokens).zip(markings) {
            found.add(Answered { question, tokens, marking }, plan);
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
    let shown = chosen.iter().zip(attention);
    let specimens = shown.map(|(answered, attention)| specimen(model, tokenizer, answered, &attention)).collect();
    Ok(Gallery { format_version: FORMAT_VERSION, selection, n_layers, n_heads, specimens })
}

struct Answered {
    question: Question,
    tokens: Vec<u32>,
    marking: Marking,
}

#[derive(Default)]
struct Found {
    searched: usize,
    n_wrong: usize,
    wrong: Vec<Answered>,
    right: Vec<Answered>,
}

impl Found {
    fn add(&mut self, answered: Answered, plan: GalleryPlan) {
        let is_exact = answered.marking.is_exact();
        self.n_wrong += usize::from(!is_exact);
        let (list, is_wanted) = match is_exact {
            true => (&mut self.right, answered.marking.verdict.first_fork.is_some()),
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
    /// Prompt and answer, as far as the network has read them: the last token of an answer that fills the context is never fed
    /// back.
    fn ids(&self, model: &Model) -> Vec<u32> {
        let mut ids = [&self.question.prompt.ids[..], &self.tokens].concat();
        ids.truncate(model.config.n_ctx);
        ids
    }
}

fn specimen(model: &Model, tokenizer: &Tokenizer, answered: &Answered, attention: &[u8]) -> Specimen {
    let Answered { question, marking, .. } = answered;
    let problem = &question.instance.problem;
    let maze = problem.maze().expect("`gallery` asked whether the task draws mazes");
    let ids = answered.ids(model);
    let roles = question.prompt.roles.iter().chain(&marking.answer.roles).take(ids.len());
    let name = |&id: &u32| tokenizer.vocab().name(id).unwrap_or("?").to_owned();
    Specimen {
        index: question.index,
        rows: maze.lattice.rows,
        cols: maze.lattice.cols,
        passages: maze.passages().collect(),
        origin: problem.origin,
        target: problem.target(),
        optimum: question.instance.path.clone(),
        answer: marking.answer.cells.clone(),
        exact: marking.is_exact(),
        failure: failure(problem, &question.instance.path, marking),
        tokens: ids.iter().map(name).collect(),
        marks: roles.map(|&role| mark_of(role)).collect(),
        path_start: question.prompt.len() - 1,
        attention: STANDARD.encode(attention),
    }
}

fn mark_of(role: Role) -> Mark {
    match role.place() {
        Place::Edge(a, b) => Mark::Edge(a, b),
        Place::Cell(cell) => Mark::Cell(cell),
        Place::Nowhere => Mark::Other,
    }
}

/// Attention patterns of each answer, `[layer][head][query][key]`, in steps of 1/255. A network trained without a teacher sees the
/// mask in place of its answer.
fn attention(model: &Model, tokenizer: &Tokenizer, chosen: &[Answered], workers: &Workers) -> Vec<Vec<u8>> {
    let shown = |answered: &Answered| {
        let mut ids = answered.ids(model);
        if let Some(mask) = tokenizer.mask_id() {
            ids[answered.question.prompt.len()..].fill(mask);
        }
        ids
    };
    if chosen.is_empty() {
        return Vec::new();
    }
    let shown: Vec<Vec<u32>> = chosen.iter().map(shown).collect();
    let inputs: Vec<Input<'_>> = shown.iter().map(|ids| Input { ids, roles: None, weights: None }).collect();
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

/// Describes in a few words why an answer is wrong; empty if it is not.
fn failure(problem: &Problem, optimum: &[usize], marking: &Marking) -> String {
    let Marking { answer, verdict } = marking;
    if marking.is_exact() {
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
