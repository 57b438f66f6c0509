//! The page: one HTML file with its style, its script, plotly and its data inside. It asks the network for nothing, and says
//! so to the browser (Content-Security-Policy).

use crate::figures::{self, Figure, Honesty, Section};
use crate::mazes::{self, Walk};
use crate::read::Run;
use crate::tables::{self, Table};
use crate::{MAX_PAGE_BYTES, prose};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use plotly::Plot;
use searchlens_results::{Gallery, Specimen};

const STYLE: &str = include_str!("page/page.css");
const SCRIPT: &str = include_str!("page/page.js");
const POLICY: &str = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:";

/// The whole page.
pub(crate) fn render(run: &Run, figures: &[Figure]) -> String {
    let body = body(run, figures).into_string();
    let plotly = plotly_source();
    let used = body.len() + plotly.len() + STYLE.len() + SCRIPT.len();
    let data = run.gallery.as_ref().map(|gallery| gallery_data(gallery, MAX_PAGE_BYTES.saturating_sub(used + 100_000)));
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { "Searchlens: " (run.name) }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
                (PreEscaped(plotly))
            }
            body {
                (PreEscaped(body))
                @if let Some(data) = data {
                    script type="application/json" id="gallery-data" { (PreEscaped(data)) }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    page.into_string()
}

/// Plotly's own script element. The crate's offline sources hold MathJax after it, which no figure needs.
fn plotly_source() -> String {
    const END: &str = "</script>";
    let mut sources = Plot::offline_js_sources();
    let end = sources.find(END).map_or(sources.len(), |at| at + END.len());
    sources.truncate(end);
    sources
}

/// The gallery as JSON that may stand inside a script element. Attention that does not fit into `budget` bytes is left out,
/// last specimens first, by an empty string: the script says so where it would draw it.
fn gallery_data(gallery: &Gallery, budget: usize) -> String {
    let mut gallery = gallery.clone();
    let mut used: usize =
        gallery.specimens.iter().map(|s| s.tokens.iter().map(|t| t.len() + 40).sum::<usize>() + 1000).sum();
    for specimen in &mut gallery.specimens {
        used += specimen.attention.len();
        if used > budget {
            specimen.attention.clear();
        }
    }
    let json = serde_json::to_string(&gallery).expect("plain data with string keys always becomes JSON");
    json.replace('<', "\\u003c")
}

fn body(run: &Run, figures: &[Figure]) -> Markup {
    html! {
        header class="text" {
            p class="kind" { "Searchlens report" }
            h1 { (run.name) }
            @let headline = prose::headline(run);
            @if let Some((first, rest)) = headline.split_first() {
                p class="lead" { (first) }
                @for sentence in rest { p { (sentence) } }
            }
            dl class="facts" {
                @for (label, value) in prose::facts(run) { dt { (label) } dd { (value) } }
            }
            nav aria-label="Sections" {
                a href="#curves" { "Curves" } a href="#scores" { "Scores" } a href="#gallery" { "Mazes and attention" }
                a href="#probes" { "Probes" } a href="#rebuild" { "Rebuild" }
            }
            noscript { p class="note" { "Without JavaScript the curves and the attention are not drawn; every number is in the tables." } }
        }
        main { (curves(run, figures)) (scores(run, figures)) (gallery(run)) (probes(run, figures)) }
        (footer(run))
    }
}

fn curves(run: &Run, figures: &[Figure]) -> Markup {
    html! {
        section id="curves" {
            h2 { "Training curves" }
            @if run.metrics.train.is_empty() && run.metrics.eval.is_empty() { p class="note" { (prose::NO_METRICS) } }
            @if run.metrics.cut { p class="note" { (prose::CUT_METRICS) } }
            div class="side-by-side" { (section_figures(figures, Section::Curves)) }
        }
    }
}

fn scores(run: &Run, figures: &[Figure]) -> Markup {
    html! {
        section id="scores" {
            h2 { "Scores beside baselines" }
            @match &run.eval {
                None => p class="note" { (with_code(prose::NO_EVAL)) },
                Some(eval) => {
                    p class="text" {
                        "Free-running greedy decoding, first attempt, no masking by the maze"
                        @if let Some(step) = eval.step { "; weights after step " (crate::number::count(step)) }
                        "."
                    }
                    (table(&tables::scores(eval)))
                    (section_figures(figures, Section::Scores))
                    details { summary { "The same in numbers: policies" } (table(&tables::baselines(eval))) }
                    @if !eval.by_lookahead.is_empty() {
                        details { summary { "The same in numbers: by lookahead" } (table(&tables::by_lookahead(eval))) }
                    }
                }
            }
        }
    }
}

fn gallery(run: &Run) -> Markup {
    html! {
        section id="gallery" {
            h2 { "Problems, answers, attention" }
            @match &run.gallery {
                None => p class="note" { (with_code(prose::NO_GALLERY)) },
                Some(gallery) => {
                    p class="text" { (gallery.selection) }
                    (key())
                    ol class="specimens" {
                        @for (i, specimen) in gallery.specimens.iter().enumerate() { li { (card(i, specimen)) } }
                    }
                    figure id="attention" {
                        figcaption { "Attention on the maze, every layer and head" }
                        noscript { p class="note" { "Drawing attention needs JavaScript; its numbers are in results/gallery.json." } }
                        div id="attention-view" {}
                        (honesty(&figures::gallery_honesty(gallery)))
                    }
                }
            }
        }
    }
}

fn key() -> Markup {
    html! {
        ul class="key" aria-label="Signs in the mazes" {
            li { svg viewBox="0 0 20 20" { circle class="origin" cx="10" cy="10" r="7" {} } "origin" }
            li { svg viewBox="0 0 20 20" { circle class="target" cx="10" cy="10" r="8" {} circle class="target-dot" cx="10" cy="10" r="3" {} } "target" }
            li { svg viewBox="0 0 34 20" { line class="walk optimum" x1="2" y1="10" x2="32" y2="10" {} } "an optimal path" }
            li { svg viewBox="0 0 34 20" { line class="walk answer" x1="2" y1="10" x2="32" y2="10" {} } "the model’s path" }
            li { svg viewBox="0 0 34 20" { line class="walk answer failed" x1="2" y1="10" x2="32" y2="10" {} } "a failed one" }
            li { svg viewBox="0 0 34 20" { line class="walk answer failed jump" x1="2" y1="10" x2="32" y2="10" {} } "through a wall" }
            li { svg viewBox="0 0 20 20" { path class="off" d="M4 4l12 12m0 -12l-12 12" {} } "first cell off the optimum" }
        }
    }
}

fn card(i: usize, specimen: &Specimen) -> Markup {
    let steps = |path: &[usize]| path.len().saturating_sub(1);
    html! {
        article id={ "specimen-" (i) } class={ "specimen " (if specimen.exact { "exact" } else { "failure" }) } {
            h3 {
                a href={ "#specimen=" (i) } { "Problem " (specimen.index) }
                span class="verdict" { (if specimen.exact { "✓ " } else { "✗ " }) (tables::verdict(specimen)) }
            }
            div class="pair" {
                div { (mazes::draw(specimen, Walk::Optimum)) p { "optimal, " (steps(&specimen.optimum)) " steps" } }
                div { (mazes::draw(specimen, Walk::Answer)) p { "model, " (steps(&specimen.answer)) " steps" } }
            }
        }
    }
}

fn probes(run: &Run, figures: &[Figure]) -> Markup {
    html! {
        section id="probes" {
            h2 { "Probes of the residual stream" }
            @match &run.probes {
                None => p class="note" { (with_code(prose::NO_PROBES)) },
                Some(probes) => {
                    p class="text" { (prose::wall_sentence(probes)) }
                    p class="text" { (prose::future_sentence(probes)) }
                    (section_figures(figures, Section::Probes))
                    (table(&tables::fork_conditioned(probes)))
                    details { summary { "The same in numbers: passages" } (table(&tables::wall(probes))) }
                    details { summary { "The same in numbers: future cells" } (table(&tables::future(probes))) }
                }
            }
        }
    }
}

fn section_figures(figures: &[Figure], section: Section) -> Markup {
    html! {
        @for figure in figures.iter().filter(|figure| figure.section == section) {
            figure class="chart" {
                figcaption { (figure.title) }
                @if !figure.key.is_empty() {
                    ul class="key" {
                        @for entry in &figure.key {
                            li { span style={ "color:" (entry.colour) } aria-hidden="true" { (entry.sign) } (entry.name) }
                        }
                    }
                }
                div class=(if figure.plots.len() > 1 { "panels" } else { "panel" }) {
                    @for plot in &figure.plots {
                        div {
                            @if !plot.title.is_empty() { h4 { (plot.title) } }
                            div class="plot" { (PreEscaped(without_legend(&plot.plot).to_inline_html(Some(&plot.name)))) }
                        }
                    }
                }
                (honesty(&figure.honesty))
            }
        }
    }
}

/// The key above the figure stands for plotly's legend.
fn without_legend(plot: &Plot) -> Plot {
    let mut plot = plot.clone();
    plot.set_layout(plot.layout().clone().show_legend(false));
    plot
}

fn honesty(honesty: &Honesty) -> Markup {
    html! {
        p class="honesty" {
            @for (label, text) in honesty.parts() { b { (label) } " " (text) " " }
        }
    }
}

fn table(table: &Table) -> Markup {
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

/// Text whose `` `quoted` `` parts are commands.
fn with_code(text: &str) -> Markup {
    html! {
        @for (i, part) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn footer(run: &Run) -> Markup {
    html! {
        footer id="rebuild" class="text" {
            h2 { "Files, and how to rebuild" }
            p { (with_code(prose::REBUILD)) }
            p {
                "Each figure is also in the run folder as plotly JSON, " code { "figures/NAME.json" }
                "; this page as text is in the Markdown file beside it."
            }
            details { summary { "config.toml" } pre { code { (run.config_text.trim_end()) } } }
        }
    }
}
