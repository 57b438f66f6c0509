//! `searchlens sites`: the table of named activations.

use clap::Args;
use searchlens::model::sites::{Axes, SITES, SiteInfo};
use serde::Serialize;

use crate::output::{print, print_json};

/// List the sites: the activations that have a name
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct SitesArgs {
    /// Print the table as JSON
    #[arg(long)]
    json: bool,
}

const EXAMPLES: &str = "Names and shapes are TransformerLens'. {i} stands for the layer.

Example:
  searchlens sites --json";

/// A row of the table.
#[derive(Serialize)]
struct Row {
    name: String,
    short: String,
    shape: Vec<String>,
    formula: &'static str,
    editable: bool,
}

pub(crate) fn run(args: SitesArgs) -> anyhow::Result<()> {
    let rows: Vec<Row> = SITES.iter().map(general_row).collect();
    if args.json { print_json(&rows) } else { print(table(&rows)) }
}

/// The row of a site in networks of any size.
fn general_row(info: &SiteInfo) -> Row {
    let short = if info.site.in_block() { format!("{}.{{i}}", info.short) } else { info.short.to_owned() };
    let shape: &[&str] = match info.axes {
        Axes::Model => &["batch", "pos", "d_model"],
        Axes::One => &["batch", "pos", "1"],
        Axes::Heads => &["batch", "pos", "n_heads", "d_head"],
        Axes::Square => &["batch", "n_heads", "query_pos", "key_pos"],
        Axes::HeadsModel => &["batch", "pos", "n_heads", "d_model"],
        Axes::Mlp => &["batch", "pos", "d_mlp"],
        Axes::Vocab => &["batch", "pos", "d_vocab"],
    };
    Row {
        name: info.name.to_owned(),
        short,
        shape: shape.iter().map(|&axis| axis.to_owned()).collect(),
        formula: info.formula,
        editable: info.site.is_editable(),
    }
}

fn table(rows: &[Row]) -> String {
    let cells = |row: &Row| {
        let edit = if row.editable { "edit" } else { "read" };
        [row.name.clone(), row.short.clone(), format!("[{}]", row.shape.join(", ")), edit.to_owned()]
    };
    let head = ["name", "short", "shape", ""].map(str::to_owned);
    let all: Vec<_> = std::iter::once(head).chain(rows.iter().map(cells)).collect();
    let widths: Vec<usize> = (0..4).map(|i| all.iter().map(|row| row[i].len()).max().unwrap_or(0)).collect();
    let formulas = std::iter::once("formula").chain(rows.iter().map(|row| row.formula));
    let lines = all.iter().zip(formulas).map(|(row, formula)| {
        let columns: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}  {formula}", columns.join("  "))
    });
    lines.collect::<Vec<_>>().join("\n")
}
