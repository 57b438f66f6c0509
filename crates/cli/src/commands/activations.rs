//! `searchlens activations`: saves a network's activations on given tokens.

use std::path::{Path, PathBuf};

use clap::Args;
use searchlens::lens::activations::{SiteChoice, activations, read_references, read_tokens, write_activations};
use searchlens::lens::plan::{Plan, Receipt};
use searchlens::lens::tensor::Tensors;
use searchlens::model::checkpoint::load_model;
use serde::Serialize;

use crate::error::{InputError, Result, read};
use crate::global::GlobalArgs;
use crate::output::{print, print_json};

/// Save a network's activations, logits, loss and gradients on given tokens
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ActivationsArgs {
    /// Checkpoint of the network
    #[arg(long, value_name = "C")]
    checkpoint: PathBuf,
    /// Safetensors file with `tokens` (int64 [batch, pos]) and optionally `loss_mask` (f32 [batch, pos-1])
    #[arg(long, value_name = "T")]
    tokens: PathBuf,
    /// Sites or addresses to save, separated by commas, or all (see `searchlens sites`)
    #[arg(long, value_name = "NAMES", default_value = "all")]
    sites: String,
    /// Also save the gradient of the loss at these sites and for every parameter
    #[arg(long)]
    gradients: bool,
    /// Interventions on the forward pass (JSON, see below)
    #[arg(long, value_name = "PLAN.json")]
    plan: Option<PathBuf>,
    /// Safetensors file with tensors that the plan names: means, directions, activations of another run
    #[arg(long, value_name = "R", requires = "plan")]
    references: Option<PathBuf>,
    /// Output safetensors file: acts.SITE, logits, loss, act_grads.SITE, grads.PARAMETER
    #[arg(long, value_name = "A")]
    out: PathBuf,
    /// Print the loss and the number of edited entries as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "The loss is the mean next-token loss in nats, weighted by loss_mask (all positions, if there is none).
An address is a site, or a part of one: z.2[head=1,pos=3..5], pattern.0[key=0].
A plan: [{\"at\": \"blocks.2.attn.hook_z[head=1]\", \"edit\": \"zero\"}, {\"at\": \"resid_post.0\", \"edit\": {\"scale\": 0.5}}]
Edits: \"zero\", \"knock_out\" (of attn_scores), {\"scale\": 0.5}, {\"set\": 1}, {\"mean\": \"NAME\"}, {\"add\": {\"direction\": [1, 0], \"scale\": 2}},
{\"project\": {\"onto\": [[1, 0]]}} or out_of, {\"interchange\": {\"source\": \"NAME\", \"subspace\": [[1, 0]]}}; NAME is a tensor of --references.

Examples:
  searchlens activations --checkpoint run/checkpoints/best.safetensors --tokens t.safetensors \\
      --out a.safetensors
  searchlens activations --checkpoint c.safetensors --tokens t.safetensors --out a.safetensors \\
      --sites z.0,pattern.0 --gradients --plan plan.json";

#[derive(Serialize)]
struct Summary<'a> {
    out: &'a Path,
    tensors: usize,
    loss: f32,
    receipts: &'a [Receipt],
}

pub(crate) fn run(args: ActivationsArgs, global: &GlobalArgs) -> Result<()> {
    let plan = args.plan.as_deref().map_or(Ok(Plan::new()), read_plan)?;
    let model = load_model(&args.checkpoint)?.model;
    let batch = read_tokens(&args.tokens)?;
    let sites = SiteChoice::parse(&args.sites, &model)?;
    let references = args.references.as_deref().map_or(Ok(Tensors::new()), read_references)?;
    let workers = global.workers()?;
    let result = activations(&model, &batch, &sites, args.gradients, &plan, &references, &workers)?;
    write_activations(&args.out, &result)?;
    let loss = result.tensors["loss"].values[0];
    if args.json {
        return print_json(&Summary {
            out: &args.out,
            tensors: result.tensors.len(),
            loss,
            receipts: &result.receipts,
        });
    }
    for receipt in &result.receipts {
        print(format_args!("{}: {} entries edited", receipt.at, receipt.entries))?;
    }
    print(format_args!("wrote {} tensors to {}; loss {loss:.4}", result.tensors.len(), args.out.display()))
}

fn read_plan(path: &Path) -> Result<Plan, InputError> {
    serde_json::from_str(&read(path)?)
        .map_err(|error| InputError::File { path: path.to_owned(), message: format!("not a plan of edits: {error}") })
}
