//! The figures: plots with their keys, their captions and their numbers.

mod curves;
mod probes;
mod scores;
mod style;

pub(crate) use curves::figures as curves;
pub(crate) use probes::figures as probes;
pub(crate) use scores::figures as scores;

use crate::document::{Caption, Figure, KeyEntry, NamedPlot, Table};
use plotly::Plot;
use searchlens_results::Gallery;

/// A figure of a single plot, stored as `name`.
fn single(title: &str, name: &str, plot: Plot, key: Vec<KeyEntry>, caption: Caption, numbers: Option<Table>) -> Figure {
    let plots = vec![NamedPlot { name: name.to_string(), title: String::new(), plot }];
    Figure { title: title.to_string(), plots, key, caption, numbers }
}

/// Returns the caption of the gallery's attention: no plot, but held to the same rule.
pub(crate) fn attention_caption(gallery: &Gallery) -> Caption {
    Caption {
        shows: "for each head, the attention pattern softmax(q·k/√d_head) of the query token at the chosen step, drawn where the keys lie in \
                the maze: edge tokens on passages and walls, cell tokens on cells. Tokens of the same place are summed; attention to all \
                other tokens is given as “off”. Stored in steps of 1/255."
            .to_string(),
        examples: format!("{} selected problems ({}), with the model's own answers.", gallery.specimens.len(), gallery.selection.trim_end_matches('.')),
        control: "every layer and head on one color scale, from 0 to 1; failures beside successes. No untrained network is shown."
            .to_string(),
        limits: "that a head uses what it attends to, or that the answer depends on it: attention is not attribution. The problems are \
                 selected, not sampled, so nothing here is a rate."
            .to_string(),
    }
}
