//! Renders a document as one HTML file with its style, its script, plotly and its data inside. The page makes no network
//! request, and a Content-Security-Policy holds it to that.

mod mazes;
mod script;

use crate::MAX_PAGE_BYTES;
use crate::document::{Block, Caption, Document, Facts, Figure, Listing, MazeGallery, NamedPlot, Section, Table};
use crate::tables;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use mazes::Walk;
use plotly::Plot;
use script::{PAGE_SCRIPT, plotly_script};
use searchlens_results::{Gallery, Specimen};

const STYLE: &str = include_str!("html/page.css");
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";

/// Bytes of the page outside body, scripts, style and data: the head, and the tags around the data.
const FRAME_BYTES: usize = 100_000;

/// Renders the page.
pub(crate) fn render(document: &Document<'_>) -> String {
    let body = body(document).into_string();
    let plotly = plotly_script();
    let used = body.len() + plotly.len() + STYLE.len() + PAGE_SCRIPT.len();
    let data = gallery_data(document, MAX_PAGE_BYTES.saturating_sub(used + FRAME_BYTES));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "Searchlens: " (document.title) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
                (PreEscaped(plotly))
            }
            body {
                (PreEscaped(body))
                @for (id, json) in data {
                    script type="application/json" id=(id) { (PreEscaped(json)) }
                }
                script { (PreEscaped(PAGE_SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Returns every gallery as `(element id, JSON)`. Attention that does not fit into `budget` bytes is left out, last specimens
/// first, as an empty string; the page says so where it would draw it.
fn gallery_data(document: &Document<'_>, budget: usize) -> Vec<(String, String)> {
    let mut used = 0;
    let mut data = Vec::new();
    for section in &document.sections {
        for block in &section.blocks {
            if let Block::Mazes(mazes) = block {
                let gallery = within_budget(mazes.gallery, &mut used, budget);
                let json = serde_json::to_string(&gallery).expect("plain data with string keys always becomes JSON");
                // No tag can begin inside the script element.
                data.push((format!("{}-data", section.id), json.replace('<', "\\u003c")));
            }
        }
    }
    data
}

fn within_budget(gallery: &Gallery, used: &mut usize, budget: usize) -> Gallery {
    let mut gallery = gallery.clone();
    *used +=
        gallery.specimens.iter().map(|s| s.tokens.iter().map(|t| t.len() + 40).sum::<usize>() + 1000).sum::<usize>();
    for specimen in &mut gallery.specimens {
        *used += specimen.attention.len();
        if *used > budget {
            specimen.attention.clear();
        }
    }
    gallery
}

fn body(document: &Document<'_>) -> Markup {
    html! {
        header class="text" {
            p class="kind" { "Searchlens report" }
            h1 { (document.title) }
            @for block in &document.summary { (render_block("summary", block)) }
            nav aria-label="Sections" {
                @for section in &document.sections { a href={ "#" (section.id) } { (section.name) } " " }
            }
            noscript { p class="note" { "Without JavaScript the plots and the attention are not drawn; every number is in the tables." } }
        }
        main { @for section in &document.sections { (render_section(section)) } }
    }
}

fn render_section(section: &Section<'_>) -> Markup {
    html! {
        section id=(section.id) {
            h2 { (section.heading) }
            @for block in &section.blocks { (render_block(&section.id, block)) }
        }
    }
}

/// Renders a block of the section whose id is `section`.
fn render_block(section: &str, block: &Block<'_>) -> Markup {
    match block {
        Block::Lead(sentences) => lead(sentences),
        Block::Paragraph(text) => html! { p class="text" { (with_code(text)) } },
        Block::Notice(text) => html! { p class="note" { (with_code(text)) } },
        Block::Facts(facts) => facts_list(facts),
        Block::Table(table) => render_table(table),
        Block::Figures(figures) => render_figures(section, figures),
        Block::Mazes(mazes) => maze_gallery(section, mazes),
        Block::Listing(listing) => render_listing(listing),
    }
}

fn lead(sentences: &[String]) -> Markup {
    html! {
        @for (i, sentence) in sentences.iter().enumerate() {
            p class=[(i == 0).then_some("lead")] { (with_code(sentence)) }
        }
    }
}

fn facts_list(facts: &Facts) -> Markup {
    html! {
        dl class="facts" {
            @for (label, value) in &facts.rows { dt { (label) } dd { (value) } }
        }
    }
}

fn render_table(table: &Table) -> Markup {
    html! {
        div class="table" tabindex="0" role="region" aria-label=(table.caption) {
            table {
                caption { (table.caption) }
                thead { tr { @for column in &table.columns { th scope="col" { (column) } } } }
                tbody { @for row in &table.rows { tr { @for cell in row { td { (cell) } } } } }
            }
        }
    }
}

fn render_figures(section: &str, figures: &[Figure]) -> Markup {
    html! {
        div class=[(figures.len() > 1).then_some("side-by-side")] {
            @for figure in figures { (render_figure(section, figure)) }
        }
    }
}

fn render_figure(section: &str, figure: &Figure) -> Markup {
    html! {
        figure class="chart" {
            figcaption { (figure.title) }
            @if !figure.key.is_empty() {
                ul class="key" {
                    @for entry in &figure.key {
                        li { span style={ "color:" (entry.color) } aria-hidden="true" { (entry.marker) } (entry.name) }
                    }
                }
            }
            div class=(if figure.plots.len() > 1 { "panels" } else { "panel" }) {
                @for plot in &figure.plots { div { (render_plot(section, plot)) } }
            }
            (render_caption(&figure.caption))
            @if let Some(table) = &figure.numbers {
                details { summary { "The same in numbers" } (render_table(table)) }
            }
        }
    }
}

fn render_plot(section: &str, plot: &NamedPlot) -> Markup {
    let id = format!("{section}-{}", plot.name);
    html! {
        @if !plot.title.is_empty() { h4 { (plot.title) } }
        div class="plot" { (PreEscaped(without_legend(&plot.plot).to_inline_html(Some(&id)))) }
    }
}

/// The key above the figure replaces plotly's legend.
fn without_legend(plot: &Plot) -> Plot {
    let mut plot = plot.clone();
    plot.set_layout(plot.layout().clone().show_legend(false));
    plot
}

fn render_caption(caption: &Caption) -> Markup {
    html! {
        p class="caption" {
            @for (label, text) in caption.parts() { b { (label) } " " (text) " " }
        }
    }
}

/// The mazes as static drawings, and the place where the script draws the attention.
fn maze_gallery(section: &str, mazes: &MazeGallery<'_>) -> Markup {
    html! {
        (mazes::key())
        ol class="specimens" {
            @for (i, specimen) in mazes.gallery.specimens.iter().enumerate() { li { (card(section, i, specimen)) } }
        }
        figure class="attention" data-gallery=(section) {
            figcaption { "Attention on the maze, every layer and head" }
            noscript { p class="note" { "Attention is drawn with JavaScript; its values are in results/gallery.json." } }
            div class="attention-view" {}
            (render_caption(&mazes.caption))
        }
    }
}

fn card(section: &str, i: usize, specimen: &Specimen) -> Markup {
    let steps = |path: &[usize]| path.len().saturating_sub(1);
    html! {
        article class={ "specimen " (if specimen.exact { "exact" } else { "failure" }) } {
            h3 {
                a href={ "#gallery=" (section) "&specimen=" (i) } { "Problem " (specimen.index) }
                span class="verdict" { (if specimen.exact { "✓ " } else { "✗ " }) (tables::verdict(specimen)) }
            }
            div class="pair" {
                div { (mazes::draw(specimen, Walk::Optimum)) p { "optimal, " (steps(&specimen.optimum)) " steps" } }
                div { (mazes::draw(specimen, Walk::Answer)) p { "model, " (steps(&specimen.answer)) " steps" } }
            }
        }
    }
}

fn render_listing(listing: &Listing<'_>) -> Markup {
    html! { details class="text" { summary { (listing.name) } pre { code { (listing.text) } } } }
}

/// Renders text whose parts between backticks are code.
fn with_code(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}
