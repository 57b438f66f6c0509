//! The report as Markdown: the page's numbers and honesty lines, with the figures as links to their JSON.

use crate::figures::{self, Figure, Honesty, Section};
use crate::read::Run;
use crate::tables::{self, Table};
use crate::{ReportPaths, prose};
use std::fmt::Write;
use std::path::Path;

/// The whole document.
pub(crate) fn render(run: &Run, figures: &[Figure], places: &ReportPaths) -> String {
    let mut out = Document { text: String::new(), places, figures };
    out.text(&format!("# Searchlens report: {}", run.name));
    out.text(&prose::headline(run).join(" "));
    let facts = prose::facts(run).into_iter().map(|(label, value)| vec![label.to_string(), value]).collect();
    out.table(&Table { caption: String::new(), columns: vec!["What was trained", ""], rows: facts });

    out.text("## Training curves");
    if run.metrics.train.is_empty() && run.metrics.eval.is_empty() {
        out.text(prose::NO_METRICS);
    }
    if run.metrics.cut {
        out.text(prose::CUT_METRICS);
    }
    out.figures(Section::Curves);

    out.text("## Scores beside baselines");
    match &run.eval {
        None => out.text(prose::NO_EVAL),
        Some(eval) => {
            out.table(&tables::scores(eval));
            out.table(&tables::baselines(eval));
            if !eval.by_lookahead.is_empty() {
                out.table(&tables::by_lookahead(eval));
            }
        }
    }
    out.figures(Section::Scores);

    out.text("## Problems, answers, attention");
    match &run.gallery {
        None => out.text(prose::NO_GALLERY),
        Some(gallery) => {
            out.text(&gallery.selection);
            out.table(&tables::specimens(gallery));
            out.text("Attention is drawn in the page; its numbers are in results/gallery.json.");
            out.honesty(&figures::gallery_honesty(gallery));
        }
    }

    out.text("## Probes");
    match &run.probes {
        None => out.text(prose::NO_PROBES),
        Some(probes) => {
            out.text(&prose::wall_sentence(probes));
            out.text(&prose::future_sentence(probes));
            out.table(&tables::wall(probes));
            out.table(&tables::future(probes));
            out.table(&tables::fork_conditioned(probes));
        }
    }
    out.figures(Section::Probes);

    out.text("## How to rebuild");
    out.text(prose::REBUILD);
    out.text(&format!("```toml\n{}\n```", run.config_text.trim_end()));
    out.text
}

struct Document<'a> {
    text: String,
    places: &'a ReportPaths,
    figures: &'a [Figure],
}

impl Document<'_> {
    fn text(&mut self, paragraph: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(paragraph);
        self.text.push('\n');
    }

    fn table(&mut self, table: &Table) {
        if !table.caption.is_empty() {
            self.text(&format!("**{}**", table.caption));
        }
        let row = |cells: &mut dyn Iterator<Item = &str>| {
            cells.fold("|".to_string(), |mut line, cell| {
                // Writing to a string cannot fail.
                let _ = write!(line, " {} |", cell.replace('|', "\\|").replace('\n', " "));
                line
            })
        };
        let mut lines = vec![row(&mut table.columns.iter().copied()), row(&mut table.columns.iter().map(|_| "---"))];
        lines.extend(table.rows.iter().map(|cells| row(&mut cells.iter().map(String::as_str))));
        self.text(&lines.join("\n"));
    }

    fn figures(&mut self, section: Section) {
        let figures = self.figures;
        for figure in figures.iter().filter(|figure| figure.section == section) {
            let links = figure.plots.iter().map(|plot| {
                let title = if plot.title.is_empty() { &figure.title } else { &plot.title };
                format!("[{title}]({})", self.link(&plot.name))
            });
            let links = links.collect::<Vec<_>>().join(", ");
            self.text(&format!("**Figure: {}** (plotly JSON: {links})", figure.title));
            self.honesty(&figure.honesty);
        }
    }

    /// Relative to the document where it lies in the run folder, else the path of the figure.
    fn link(&self, name: &str) -> String {
        let file = format!("{name}.json");
        let path = self.places.figures.iter().find(|path| path.ends_with(&file)).map_or(Path::new(&file), |path| path);
        let folder = self.places.markdown.parent().unwrap_or(Path::new(""));
        path.strip_prefix(folder).unwrap_or(path).to_string_lossy().replace(' ', "%20")
    }

    fn honesty(&mut self, honesty: &Honesty) {
        let parts: Vec<_> = honesty.parts().iter().map(|(label, text)| format!("> *{label}:* {text}")).collect();
        self.text(&parts.join("  \n"));
    }
}
