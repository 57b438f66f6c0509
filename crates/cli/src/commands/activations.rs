//! `searchlens activations`: saves a network's activations on given tokens.

use std::path::{Path, PathBuf};

use clap::Args;
use searchlens::lens::activations::{SiteChoice, activations, read_tokens, write_activations};
use searchlens::lens::plan::{Plan, Receipt};
use searchlens::model::checkpoint::load_model;
use serde::Serialize;

use crate::error::{InputError, Result, read};
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
    /// Sites to save, separated by commas, or all (see `searchlens sites`)
    #[arg(long, value_name = "NAMES", default_value = "all")]
    sites: String,
    /// Also save the gradient of the loss at these sites and for every parameter
    #[arg(long)]
    gradients: bool,
    /// Interventions on the forward pass (JSON, see below)
    #[arg(long, value_name = "PLAN.json")]
    plan: Option<PathBuf>,
    /// Output safetensors file: acts.SITE, logits, loss, act_grads.SITE, grads.PARAMETER
    #[arg(long, value_name = "A")]
    out: PathBuf,
    /// Print the loss and the number of edited entries as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str =
    "The loss is the mean next-token loss in nats, weighted by loss_mask (default: every position counts).

A plan:
  [{\"at\": \"blocks.2.attn.hook_z[head=1]\", \"edit\": \"zero\"},
   {\"at\": \"resid_post.0\", \"edit\": {\"scale\": 0.5}}]

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

pub(crate) fn run(args: ActivationsArgs) -> Result<()> {
    let plan = args.plan.as_deref().map_or(Ok(Plan::new()), read_plan)?;
    let model = load_model(&args.checkpoint)?.model;
    let batch = read_tokens(&args.tokens)?;
    let sites = SiteChoice::parse(&args.sites, &model)?;
    let result = activations(&model, &batch, &sites, args.gradients, &plan)?;
    write_activations(&args.out, &result)?;
    let loss = result.tensors["loss"].1[0];
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
    serde_json::from_str(&read(path)?).map_err(|error| InputError::File {
        path: path.to_owned(),
        message: format!("not a plan of interventions: {error}"),
    })
}
