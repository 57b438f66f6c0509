//! The dataset card of a data set folder, for Hugging Face's `datasets` and its site.

use std::fmt::Write;

use crate::files::header::Header;
use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::splits::Split;

/// Returns the name of a split's file in `data/`.
pub(crate) fn file_name(split: Split) -> String {
    format!("{split}-00000-of-00001.parquet")
}

/// Returns `README.md`: metadata in YAML, then a description.
pub(crate) fn card(headers: &[(Split, Header)]) -> String {
    let source = headers.iter().find_map(|(_, header)| header.source.as_ref());
    let name = source.map_or("search-problems".to_owned(), |source| source.task.name());
    let n: u64 = headers.iter().map(|(_, header)| header.n).sum();
    let mut card = format!(
        "---\npretty_name: {name}\nsize_categories:\n- {}\ntags:\n- searchlens\n- search\n- synthetic\nconfigs:\n\
         - config_name: default\n  data_files:\n",
        size_category(n)
    );
    // Writing to a string cannot fail.
    for (split, _) in headers {
        let _ = writeln!(card, "  - split: {split}\n    path: data/{split}-*");
    }
    let _ = write!(card, "---\n\n# {name}\n\n{n} search problems, drawn and solved by Searchlens.\n\n");
    card.push_str("| split | problems | nodes of the path, mean | forks on the path, mean |\n|---|---|---|---|\n");
    for (split, header) in headers {
        let means = header.statistics.as_ref().map_or(("—".to_owned(), "—".to_owned()), |statistics| {
            (format!("{:.2}", statistics.path_cells.mean), format!("{:.2}", statistics.forks.mean))
        });
        let _ = writeln!(card, "| {split} | {} | {} | {} |", header.n, means.0, means.1);
    }
    card.push('\n');
    if let Some(source) = source {
        let json = serde_json::to_string_pretty(source).unwrap_or_default();
        let _ = write!(
            card,
            "How they were drawn, also in each file's metadata under `searchlens`:\n\n```json\n{json}\n```\n\n"
        );
        card.push_str(match source.task {
            TaskConfig::Maze(_) => MAZE_SPLITS,
            _ => GRAPH_SPLITS,
        });
    }
    card.push_str(COLUMNS);
    card
}

const MAZE_SPLITS: &str = "No maze of one split is a turned or mirrored maze of another.\n\n";

const GRAPH_SPLITS: &str = "No problem of one split is the same as one of another, in the task's sense.\n\n";

const COLUMNS: &str = "A node of a maze is `row * cols + col`; `connection_list` is `[2, rows, cols]`, flat: first the passages down, then \
                       those right. `edges` of graphs is `[n_edges, 2]`, flat. `class` is what splits are made on.\n";

/// Returns Hugging Face's size category.
fn size_category(n: u64) -> &'static str {
    match n {
        0..1_000 => "n<1K",
        1_000..10_000 => "1K<n<10K",
        10_000..100_000 => "10K<n<100K",
        100_000..1_000_000 => "100K<n<1M",
        1_000_000..10_000_000 => "1M<n<10M",
        _ => "10M<n<100M",
    }
}
