//! A run as a document: which sections its report has, and what stands in each.

use crate::document::{Block, Document, Facts, Listing, MazeGallery, Section};
use crate::read::Run;
use crate::{figures, prose, tables};

/// Builds the document of one run.
pub(crate) fn document(run: &Run) -> Document<'_> {
    Document {
        title: run.name.clone(),
        summary: vec![
            Block::Lead(prose::headline(run)),
            Block::Facts(Facts { caption: "Setup", rows: prose::facts(run) }),
        ],
        sections: vec![training(run), scores(run), gallery(run), probes(run), files(run)],
    }
}

fn section<'a>(id: &str, name: &str, heading: &str, blocks: Vec<Block<'a>>) -> Section<'a> {
    Section { id: id.to_string(), name: name.to_string(), heading: heading.to_string(), blocks }
}

fn training(run: &Run) -> Section<'_> {
    let mut blocks = Vec::new();
    if run.metrics.train.is_empty() && run.metrics.eval.is_empty() {
        blocks.push(Block::Notice(prose::NO_METRICS.to_string()));
    }
    if run.metrics.truncated {
        blocks.push(Block::Notice(prose::TRUNCATED_METRICS.to_string()));
    }
    let curves = figures::curves(run);
    if !curves.is_empty() {
        blocks.push(Block::Figures(curves));
    }
    section("curves", "Curves", "Training curves", blocks)
}

fn scores(run: &Run) -> Section<'_> {
    let blocks = match &run.eval {
        None => vec![Block::Notice(prose::NO_EVAL.to_string())],
        Some(eval) => {
            let mut blocks = vec![Block::Paragraph(prose::decoding(eval)), Block::Table(tables::scores(eval))];
            blocks.extend(figures::scores(eval).into_iter().map(|figure| Block::Figures(vec![figure])));
            blocks
        }
    };
    section("scores", "Scores", "Scores and baselines", blocks)
}

fn gallery(run: &Run) -> Section<'_> {
    let blocks = match &run.gallery {
        None => vec![Block::Notice(prose::NO_GALLERY.to_string())],
        Some(gallery) => vec![
            Block::Paragraph(gallery.selection.clone()),
            Block::Mazes(MazeGallery {
                gallery,
                table: tables::specimens(gallery),
                caption: figures::attention_caption(gallery),
            }),
        ],
    };
    section("gallery", "Mazes and attention", "Problems, answers, attention", blocks)
}

fn probes(run: &Run) -> Section<'_> {
    let blocks = match &run.probes {
        None => vec![Block::Notice(prose::NO_PROBES.to_string())],
        Some(probes) => {
            let mut blocks =
                vec![Block::Paragraph(prose::wall_sentence(probes)), Block::Paragraph(prose::future_sentence(probes))];
            blocks.extend(figures::probes(probes).into_iter().map(|figure| Block::Figures(vec![figure])));
            blocks.push(Block::Table(tables::fork_conditioned(probes)));
            blocks
        }
    };
    section("probes", "Probes", "Probes of the residual stream", blocks)
}

fn files(run: &Run) -> Section<'_> {
    let blocks = vec![
        Block::Paragraph(prose::REBUILD.to_string()),
        Block::Paragraph(prose::FILES.to_string()),
        Block::Listing(Listing { name: "config.toml", language: "toml", text: run.config_text.trim_end() }),
    ];
    section("rebuild", "Files", "Files, and how to rebuild this report", blocks)
}
