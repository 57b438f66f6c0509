//! `searchlens show`: pictures and statistics of problems.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use searchlens::formats::draw::{Drawing, Pixel, RasterOptions, ascii, pixels, raster_pair, stacked, svg, unicode};
use searchlens::formats::files::Entry;
use searchlens::formats::graph_draw;
use searchlens::formats::record::GraphRecord;
use searchlens::formats::record::{MazeRecord, Record};
use searchlens::tasks::difficulty::measure::difficulty;
use searchlens::tasks::sets::statistics::{Facts, Statistics, Summary, Tally};
use searchlens::tasks::splits::Split;

use crate::error::{InputError, Result};
use crate::global::GlobalArgs;
use crate::input::Problems;
use crate::output::{Output, print, print_json};

/// Draw problems as text or SVG, or print their statistics
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowArgs {
    /// File or folder of problems, in any format [default: -, JSON lines on standard input]
    file: Option<PathBuf>,
    /// Picture format
    #[arg(long, value_enum, default_value_t = Format::Unicode)]
    format: Format,
    /// Do not draw the solution
    #[arg(long)]
    no_solution: bool,
    /// Print the difficulty of each problem, and statistics of the whole set at the end
    #[arg(long)]
    stats: bool,
    /// Print only the statistics of the set, as JSON
    #[arg(long, requires = "stats", conflicts_with = "format")]
    json: bool,
    /// Print only the file's header, as JSON: how its problems were drawn, and their statistics
    #[arg(long, requires = "file", conflicts_with_all = ["format", "stats", "no_solution"])]
    header: bool,
}

const EXAMPLES: &str = "Examples:
  searchlens generate --maze dfs --rows 5 --cols 5 --count 3 | searchlens show --stats
  searchlens generate --maze wilson --rows 7 --cols 7 --count 10000 \\
      | searchlens show --stats --format none
  searchlens show problems.jsonl --format svg > mazes.svg";

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// maze-dataset's characters: # wall, S start, E end, X path; graphs as text
    Ascii,
    /// Box-drawing characters; graphs as text
    Unicode,
    /// One <svg> element with the problems stacked; --stats adds comments
    Svg,
    /// Mazes only, one digit per pixel: 0 wall, 1 open, 2 start, 3 end, 4 path
    Pixels,
    /// maze-dataset's pair of images, maze and path, as a JSON line of digits: {"input":[..],"target":[..]}
    Raster,
    /// No pictures
    None,
}

pub(crate) fn run(args: ShowArgs, global: &GlobalArgs) -> Result<()> {
    let problems = Problems::open(args.file.as_deref())?;
    if args.header {
        let path = args.file.unwrap_or_default();
        return print_json(problems.header().ok_or(InputError::NoHeader { path })?);
    }
    let format = if args.json { Format::None } else { args.format };
    let workers = global.workers()?;
    let mut output = Output::stdout();
    let mut tally = Tally::default();
    let mut is_first = true;
    // An SVG element states its size first, so its pictures are collected.
    let mut pictures = Vec::new();
    let between = if format == Format::Raster && !args.stats { "" } else { "\n" };
    let make = |_number: u64, entry: Entry| -> Result<(String, Option<Facts>)> {
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
    problems.for_each(&workers, make, |(text, facts)| {
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
            let message = "no statistics: no problem has a start, an end and a solution";
            print(if format == Format::Svg { comment(message) } else { message.to_owned() })
        }
    }
}

/// Wraps text in an SVG comment.
fn comment(text: &str) -> String {
    format!("<!-- {text} -->")
}

/// Formats the statistics of a set as a table.
fn table(statistics: &Statistics) -> String {
    let n = statistics.n;
    let mut lines = vec![format!(
        "{:<34}{:>9}{:>7}{:>8}{:>6}{:>6}",
        format!("{n} problems"),
        "mean",
        "min",
        "median",
        "90 %",
        "max"
    )];
    let mut row = |name: &str, spread: &Summary| {
        let Summary { mean, min, median, p90, max, .. } = spread;
        lines.push(format!("{name:<34}{mean:>9.3}{min:>7}{median:>8}{p90:>6}{max:>6}"));
    };
    row("path length, cells (nodes)", &statistics.path_cells);
    statistics.distance.iter().for_each(|distance| row("Manhattan distance start to end", distance));
    row("forks on the path", &statistics.forks);
    row("lookahead at the first fork", &statistics.first_fork_lookahead);
    row("lookahead at the hardest fork", &statistics.max_lookahead);
    row("dead ends", &statistics.dead_ends);
    row("open passages (edges)", &statistics.edges);
    let mut share = |name: &str, value: f64| lines.push(format!("{name:<34}{value:>9.3}"));
    share("share with a fork at the start", statistics.starts_in_fork);
    share("share without forks", statistics.without_fork);
    share("share with several shortest paths", statistics.tied);
    share("loss floor from ties, nats a path", statistics.tie_nats);
    let Statistics { distinct_mazes, distinct_problems, distinct_classes, distinct_problem_classes, .. } = statistics;
    let differ = [distinct_mazes, distinct_problems, distinct_classes, distinct_problem_classes];
    if let [Some(mazes), Some(problems), Some(classes), Some(problem_classes)] = differ {
        lines.push(format!(
            "distinct: {mazes} mazes (graphs), {problems} problems; up to symmetry: {classes} and {problem_classes}"
        ));
    }
    // The split of a graph depends on its task, which a problem file does not store.
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

/// Returns a string for each row of pixels, one digit per pixel.
fn digits(picture: &[Vec<Pixel>]) -> Vec<String> {
    picture.iter().map(|row| row.iter().map(|pixel| (*pixel as u8).to_string()).collect()).collect()
}

/// Returns the facts for the statistics, if the problem has a start, an end and a solution. Graphs have no class here,
/// because it depends on the task, which a problem file does not store.
fn facts(record: &Record) -> Option<Facts> {
    match record {
        Record::Maze(maze) => Some(Facts::of(&maze.problem()?, maze.solution.as_ref()?, Some(maze.class()))),
        Record::Graph(graph) => Some(Facts::of(&graph.problem, &graph.solution, None)),
    }
}

/// Describes a maze on one line: size, class, split and, with a solution, its length and difficulty.
fn stats(record: &MazeRecord) -> String {
    let lattice = record.maze.lattice;
    let class = record.class();
    let maze = format!("{} x {} cells, class {class} ({})", lattice.rows, lattice.cols, Split::of(class));
    match &record.solution {
        None => maze,
        Some(path) => {
            let hard = difficulty(&record.maze.graph, path);
            format!(
                "{maze}; path: {} cells, forks: {}, lookahead: {} at the first fork, {} max",
                hard.path_cells, hard.forks, hard.first_fork_lookahead, hard.max_lookahead
            )
        }
    }
}

/// Draws a graph; `None` in the pixel formats, which draw mazes only.
fn graph_picture(record: &GraphRecord, format: Format, with_path: bool) -> Option<String> {
    match format {
        Format::Ascii | Format::Unicode => Some(graph_draw::text(record, with_path)),
        Format::Svg => Some(graph_draw::svg(record, with_path)),
        Format::Pixels | Format::Raster => None,
        Format::None => Some(String::new()),
    }
}

/// Describes a graph problem on one line: path length, difficulty and number of shortest paths. Its class is left out,
/// because it depends on the task, which a problem file does not store.
fn graph_stats(record: &GraphRecord) -> String {
    let problem = &record.problem;
    let hard = difficulty(&problem.graph, &record.solution);
    let answers = problem.distances().map_or(0, |field| field.count_paths(&problem.graph, problem.origin));
    format!(
        "path: {} nodes, forks: {}, lookahead: {} at the first fork, {} max; shortest paths: {answers}",
        hard.path_cells, hard.forks, hard.first_fork_lookahead, hard.max_lookahead
    )
}
