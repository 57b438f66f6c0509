//! `searchlens show`: problems as pictures.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use searchlens::formats::draw::{Drawing, Pixel, RasterOptions, ascii, pixels, raster_pair, stacked, svg, unicode};
use searchlens::formats::files::Entry;
use searchlens::formats::graph_draw;
use searchlens::formats::record::GraphRecord;
use searchlens::formats::record::{MazeRecord, Record};
use searchlens::tasks::measure::difficulty;
use searchlens::tasks::split::Split;
use searchlens::tasks::statistics::{Distribution, Facts, Statistics, Tally};

use crate::cli::Common;
use crate::error::InputError;
use crate::input::Problems;
use crate::output::{Output, print, print_json};

/// Draw problems
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowArgs {
    /// A file of problems, in any format, or a folder of them; JSON lines on standard input if absent or -
    file: Option<PathBuf>,
    /// How to draw them
    #[arg(long, value_enum, default_value_t = Format::Unicode)]
    format: Format,
    /// Leave the solution out
    #[arg(long)]
    no_solution: bool,
    /// Say below each picture how hard the problem is, and at the end what the set is like
    #[arg(long)]
    stats: bool,
    /// Print what the set is like as JSON, and nothing else
    #[arg(long, requires = "stats", conflicts_with = "format")]
    json: bool,
    /// Print what the file says of itself as JSON, and nothing else: how its problems were drawn, and what they are like
    #[arg(long, requires = "file", conflicts_with_all = ["format", "stats", "no_solution"])]
    header: bool,
}

const EXAMPLES: &str = "Examples:
  searchlens generate --maze dfs --rows 5 --cols 5 --count 3 | searchlens show --stats
  searchlens generate --maze wilson --rows 7 --cols 7 --count 10000 | searchlens show --stats --format none
  searchlens show problems.jsonl --format svg > mazes.svg";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// maze-dataset's letters: # wall, S start, E end, X path; graphs in words
    Ascii,
    /// Box-drawing letters; graphs in words
    Unicode,
    /// One <svg> element, problems one below the other; what --stats says stands in comments
    Svg,
    /// Mazes only, one digit a pixel: 0 wall, 1 open, 2 start, 3 end, 4 path
    Pixels,
    /// maze-dataset's pair of pictures, maze and path, as one JSON line of digits: {"input":[..],"target":[..]}
    Raster,
    /// No pictures
    None,
}

pub(crate) fn run(args: ShowArgs, common: &Common) -> anyhow::Result<()> {
    let problems = Problems::open(args.file.as_deref())?;
    if args.header {
        let path = args.file.unwrap_or_default();
        return print_json(problems.header().ok_or(InputError::NoHeader { path })?);
    }
    let format = if args.json { Format::None } else { args.format };
    let workers = common.workers()?;
    let mut output = Output::stdout();
    let mut tally = Tally::default();
    let mut is_first = true;
    // One element holds all pictures, and its size stands at its head.
    let mut pictures = Vec::new();
    let between = if format == Format::Raster && !args.stats { "" } else { "\n" };
    let make = |_number: u64, entry: Entry| -> anyhow::Result<(String, Option<Facts>)> {
        let record = entry.record;
        let mut text = match &record {
            Record::Maze(maze) if args.no_solution => picture(&maze.drawing().without_path(), format),
            Record::Maze(maze) => picture(&maze.drawing(), format),
            Record::Graph(graph) => {
                let picture = graph_picture(graph, format, !args.no_solution);
                picture.ok_or(InputError::NoPixels)?
            }
        };
        if !args.stats {
            return Ok((text, None));
        }
        if format != Format::None {
            let stats = match &record {
                Record::Maze(maze) => stats(maze),
                Record::Graph(graph) => graph_stats(graph),
            };
            text.push('\n');
            text.push_str(&if format == Format::Svg { comment(&stats) } else { stats });
        }
        Ok((text, facts(&record)))
    };
    problems.each_made(&workers, make, |(text, facts)| {
        facts.iter().for_each(|facts| tally.add(facts));
        match format {
            Format::None => return Ok(()),
            Format::Svg => {
                pictures.push(text);
                return Ok(());
            }
            _ => {}
        }
        let before = if is_first { "" } else { between };
        is_first = false;
        output.write_line(format_args!("{before}{text}"))
    })?;
    if !pictures.is_empty() {
        is_first = false;
        output.write_line(stacked(&pictures))?;
    }
    output.finish()?;
    match tally.statistics() {
        _ if !args.stats => Ok(()),
        statistics if args.json => print_json(&statistics),
        Some(statistics) if format == Format::Svg => print(comment(&table(&statistics))),
        Some(statistics) => print(format_args!("{}{}", if is_first { "" } else { "\n" }, table(&statistics))),
        None => {
            let told = "no problem has both ends and a solution: there is nothing to count";
            print(if format == Format::Svg { comment(told) } else { told.to_owned() })
        }
    }
}

/// Words that a picture's page does not show.
fn comment(words: &str) -> String {
    format!("<!-- {words} -->")
}

/// What a set is like, to read.
fn table(statistics: &Statistics) -> String {
    let n = statistics.n;
    let mut lines = vec![format!(
        "{:<34}{:>9}{:>7}{:>8}{:>6}{:>6}",
        format!("{n} problems"),
        "mean",
        "least",
        "median",
        "90 %",
        "most"
    )];
    let mut row = |name: &str, spread: &Distribution| {
        let Distribution { mean, min, median, p90, max, .. } = spread;
        lines.push(format!("{name:<34}{mean:>9.3}{min:>7}{median:>8}{p90:>6}{max:>6}"));
    };
    row("cells (nodes) of the path", &statistics.path_cells);
    statistics.distance.iter().for_each(|distance| row("Manhattan distance of the ends", distance));
    row("forks on the path", &statistics.forks);
    row("lookahead at the first fork", &statistics.first_fork_lookahead);
    row("lookahead at the hardest fork", &statistics.max_lookahead);
    row("dead ends", &statistics.dead_ends);
    row("open passages (edges)", &statistics.edges);
    let mut share = |name: &str, value: f64| lines.push(format!("{name:<34}{value:>9.3}"));
    share("share: first step is a choice", statistics.starts_in_fork);
    share("share: no choice at all", statistics.without_fork);
    share("share: several shortest paths", statistics.tied);
    share("nats lost to ties, a path", statistics.tie_nats);
    let Statistics { distinct_mazes, distinct_problems, distinct_classes, distinct_problem_classes, .. } = statistics;
    let differ = [distinct_mazes, distinct_problems, distinct_classes, distinct_problem_classes];
    if let [Some(mazes), Some(problems), Some(classes), Some(problem_classes)] = differ {
        lines.push(format!(
            "different: {mazes} mazes (graphs), {problems} problems; up to symmetry {classes} and {problem_classes}"
        ));
    }
    // The split of a graph depends on its task, which a line does not know.
    if statistics.splits.values().any(|&count| count > 0) {
        let splits = statistics.splits.iter().map(|(split, count)| format!("{split} {count}"));
        lines.push(format!("splits: {}", splits.collect::<Vec<_>>().join(", ")));
    }
    lines.join("\n")
}

fn picture(drawing: &Drawing, format: Format) -> String {
    match format {
        Format::Ascii => ascii(drawing),
        Format::Unicode => unicode(drawing),
        Format::Svg => svg(drawing).trim_end().to_owned(),
        Format::Pixels => digits(&pixels(drawing)).join("\n"),
        Format::Raster => {
            let [input, target] = raster_pair(drawing, RasterOptions::default()).map(|picture| digits(&picture));
            serde_json::json!({"input": input, "target": target}).to_string()
        }
        Format::None => String::new(),
    }
}

/// One digit a pixel, one string a line.
fn digits(picture: &[Vec<Pixel>]) -> Vec<String> {
    picture.iter().map(|row| row.iter().map(|pixel| (*pixel as u8).to_string()).collect()).collect()
}

/// What counts of a record, if it has both ends and a solution. The split of a graph depends on its task, which a line
/// does not tell.
fn facts(record: &Record) -> Option<Facts> {
    match record {
        Record::Maze(maze) => Some(Facts::of(&maze.problem()?, maze.solution.as_ref()?, Some(maze.class()))),
        Record::Graph(graph) => Some(Facts::of(&graph.problem, &graph.solution, None)),
    }
}

/// One line: size, class and split, and if there is a solution, its length and what makes it hard.
fn stats(record: &MazeRecord) -> String {
    let lattice = record.maze.lattice;
    let class = record.class();
    let maze = format!("{} x {} cells, class {class} ({})", lattice.rows, lattice.cols, Split::of(class));
    match &record.solution {
        None => maze,
        Some(path) => {
            let hard = difficulty(&record.maze.graph, path);
            format!(
                "{maze}; path of {} cells, {} forks; lookahead needed: {} at the first fork, {} at most",
                hard.path_cells, hard.forks, hard.first_fork_lookahead, hard.max_lookahead
            )
        }
    }
}

/// A graph in words or as a figure; `None` in pixels, which graphs do not have.
fn graph_picture(record: &GraphRecord, format: Format, with_path: bool) -> Option<String> {
    match format {
        Format::Ascii | Format::Unicode => Some(graph_draw::text(record, with_path)),
        Format::Svg => Some(graph_draw::svg(record, with_path)),
        Format::Pixels | Format::Raster => None,
        Format::None => Some(String::new()),
    }
}

/// One line: what makes the problem hard, and how many answers it has. (The class is not told: what makes two problems the
/// same is the task's to say, and a line does not name its task.)
fn graph_stats(record: &GraphRecord) -> String {
    let problem = &record.problem;
    let hard = difficulty(&problem.graph, &record.solution);
    let answers = problem.distances().map_or(0, |field| field.count_paths(&problem.graph, problem.origin));
    format!(
        "path of {} nodes, {} forks; lookahead needed: {} at the first fork, {} at most; {answers} shortest path(s)",
        hard.path_cells, hard.forks, hard.first_fork_lookahead, hard.max_lookahead
    )
}
