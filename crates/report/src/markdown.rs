//! Renders a document as Markdown. Figures are links to their plotly JSON.

use crate::ReportPaths;
use crate::document::{Block, Caption, Document, Facts, Figure, MazeGallery, Table};
use std::path::Path;

/// Renders the document; links are relative to the place of the Markdown file in `paths`.
pub(crate) fn render(document: &Document<'_>, paths: &ReportPaths) -> String {
    let mut out = vec![format!("# Searchlens report: {}", document.title)];
    document.summary.iter().for_each(|block| push_block(&mut out, block, paths));
    for section in &document.sections {
        out.push(format!("## {}", section.heading));
        section.blocks.iter().for_each(|block| push_block(&mut out, block, paths));
    }
    out.join("\n\n") + "\n"
}

/// Appends the paragraphs of a block.
fn push_block(out: &mut Vec<String>, block: &Block<'_>, paths: &ReportPaths) {
    match block {
        Block::Lead(sentences) => out.push(sentences.join(" ")),
        Block::Paragraph(text) | Block::Notice(text) => out.push(text.clone()),
        Block::Facts(facts) => out.push(facts_table(facts)),
        Block::Table(table) => push_table(out, table),
        Block::Figures(figures) => figures.iter().for_each(|figure| push_figure(out, figure, paths)),
        Block::Mazes(mazes) => push_mazes(out, mazes),
        Block::Listing(listing) => out.push(format!("```{}\n{}\n```", listing.language, listing.text)),
    }
}

fn push_table(out: &mut Vec<String>, table: &Table) {
    out.push(format!("**{}**", table.caption));
    out.push(grid(&table.columns, table.rows.iter().map(|cells| row(cells))));
}

fn facts_table(facts: &Facts) -> String {
    grid(&[facts.caption, ""], facts.rows.iter().map(|(label, value)| row(&[label, value.as_str()])))
}

fn grid(columns: &[&str], rows: impl Iterator<Item = String>) -> String {
    let head = [row(columns), row(&vec!["---"; columns.len()])];
    head.into_iter().chain(rows).collect::<Vec<_>>().join("\n")
}

fn row(cells: &[impl AsRef<str>]) -> String {
    let escape = |cell: &str| cell.replace('|', "\\|").replace('\n', " ");
    let cells: Vec<String> = cells.iter().map(|cell| format!(" {} |", escape(cell.as_ref()))).collect();
    format!("|{}", cells.concat())
}

fn push_figure(out: &mut Vec<String>, figure: &Figure, paths: &ReportPaths) {
    let links = figure.plots.iter().map(|plot| {
        let title = if plot.title.is_empty() { &figure.title } else { &plot.title };
        format!("[{title}]({})", link(&plot.name, paths))
    });
    let links = links.collect::<Vec<_>>().join(", ");
    out.push(format!("**Figure: {}** (plotly JSON: {links})", figure.title));
    out.push(quoted(&figure.caption));
    figure.numbers.iter().for_each(|table| push_table(out, table));
}

/// The address of a figure: relative to the document where both lie in the run folder, else the path of the figure.
fn link(name: &str, paths: &ReportPaths) -> String {
    let file = format!("{name}.json");
    let path = paths.figures.iter().find(|path| path.ends_with(&file)).map_or(Path::new(&file), |path| path);
    let folder = paths.markdown.parent().unwrap_or(Path::new(""));
    path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace(' ', "%20")
}

fn quoted(caption: &Caption) -> String {
    caption.parts().map(|(label, text)| format!("> *{label}:* {text}")).join("  \n")
}

fn push_mazes(out: &mut Vec<String>, mazes: &MazeGallery<'_>) {
    push_table(out, &mazes.table);
    out.push("The HTML page draws the attention; its values are in results/gallery.json.".to_string());
    out.push(quoted(&mazes.caption));
}
