//! `searchlens sites`: the table of sites.

use std::path::PathBuf;

use clap::Args;
use searchlens::model::checkpoint::load_model;
use searchlens::model::config::ModelConfig;
use searchlens::model::sites::{At, Axes, SITES, Site};
use serde::Serialize;

use crate::error::Result;
use crate::output::{print, print_json};

/// List the sites (hook points) of a network
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SitesArgs {
    /// Checkpoint of a network whose sites to list, with their sizes
    #[arg(long, value_name = "C")]
    checkpoint: Option<PathBuf>,
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str =
    "Names and shapes are those of TransformerLens; commands also accept the short names. {i} stands for \
the layer. All sites can be read, edited and differentiated.

Examples:
  searchlens sites
  searchlens sites --checkpoint run/checkpoints/best.safetensors --json";

/// A row of the table.
#[derive(Serialize)]
struct Row {
    name: String,
    short: String,
    shape: Vec<String>,
    formula: &'static str,
    /// Whether plans can edit it: so far, every site.
    editable: bool,
}

pub(crate) fn run(args: SitesArgs) -> Result<()> {
    let rows: Vec<Row> = match &args.checkpoint {
        None => SITES.iter().map(|info| Row::of_any(info.site)).collect(),
        Some(path) => {
            let config = load_model(path)?.model.config;
            At::all(&config).into_iter().map(|at| Row::of_network(at, &config)).collect()
        }
    };
    if args.json { print_json(&rows) } else { print(table(&rows)) }
}

impl Row {
    /// Describes a site with symbolic sizes.
    fn of_any(site: Site) -> Row {
        Row::new(site, "{i}", |axis| axis.to_owned())
    }

    /// Describes a site of one network; batch and sequence length stay symbolic.
    fn of_network(at: At, config: &ModelConfig) -> Row {
        let size = |axis: &str| match axis {
            "d_model" => config.d_model.to_string(),
            "n_heads" => config.n_heads.to_string(),
            "d_head" => config.d_head.to_string(),
            "d_mlp" => config.d_mlp.to_string(),
            "d_vocab" => config.d_vocab.to_string(),
            other => other.to_owned(),
        };
        Row::new(at.site, &at.layer.to_string(), size)
    }

    fn new(site: Site, layer: &str, size: impl Fn(&str) -> String) -> Row {
        let info = site.info();
        let axes: &[&str] = match info.axes {
            Axes::Model => &["batch", "pos", "d_model"],
            Axes::One => &["batch", "pos", "1"],
            Axes::Heads => &["batch", "pos", "n_heads", "d_head"],
            Axes::Square => &["batch", "n_heads", "query_pos", "key_pos"],
            Axes::HeadsModel => &["batch", "pos", "n_heads", "d_model"],
            Axes::Mlp => &["batch", "pos", "d_mlp"],
            Axes::Vocab => &["batch", "pos", "d_vocab"],
        };
        Row {
            name: info.name.replace("{i}", layer),
            short: if site.in_block() { format!("{}.{layer}", info.short) } else { info.short.to_owned() },
            shape: axes.iter().map(|axis| size(axis)).collect(),
            formula: info.formula,
            editable: true,
        }
    }
}

fn table(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let edit = if row.editable { "yes" } else { "no" };
        [row.name.clone(), row.short.clone(), format!("[{}]", row.shape.join(", ")), edit.to_owned()]
    };
    let head = ["name", "short", "shape", "editable"].map(str::to_owned);
    let all: Vec<_> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let widths: Vec<usize> = (0..4).map(|i| all.iter().map(|row| row[i].len()).max().unwrap_or(0)).collect();
    let formulas = std::iter::once("formula").chain(rows.iter().map(|row| row.formula));
    let lines = all.iter().zip(formulas).map(|(row, formula)| {
        let columns: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}  {formula}", columns.join("  "))
    });
    lines.collect::<Vec<_>>().join("\n")
}
