//! The page's scripts: plotly, and its own, put together at compile time from files with one idea each.

use plotly::Plot;

/// The page's own script. Each file declares functions; the function around them keeps their names from other scripts.
pub(super) const PAGE_SCRIPT: &str = concat!(
    "(() => {\n\"use strict\";\n\n",
    include_str!("script/theme.js"),
    include_str!("script/dom.js"),
    include_str!("script/maze.js"),
    include_str!("script/attention.js"),
    include_str!("script/heads.js"),
    include_str!("script/large_maze.js"),
    include_str!("script/matrix.js"),
    include_str!("script/tokens.js"),
    include_str!("script/highlight.js"),
    include_str!("script/view.js"),
    include_str!("script/navigation.js"),
    include_str!("script/plots.js"),
    include_str!("script/start.js"),
    "})();\n",
);

/// Returns plotly's own script element. The crate's offline sources hold MathJax after it, which no figure needs.
pub(super) fn plotly_script() -> String {
    const END: &str = "</script>";
    let mut sources = Plot::offline_js_sources();
    let end = sources.find(END).map_or(sources.len(), |at| at + END.len());
    sources.truncate(end);
    sources
}
