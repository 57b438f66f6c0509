//! `searchlens show`: problems as pictures.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use searchlens::tasks::draw::{Drawing, ascii, pixels, svg, unicode};
use searchlens::tasks::graph_draw;
use searchlens::tasks::graph_record::GraphRecord;
use searchlens::tasks::measure::difficulty;
use searchlens::tasks::record::{MazeRecord, Record};
use searchlens::tasks::split::Split;

use crate::cli::Common;
use crate::error::InputError;
use crate::input::Lines;
use crate::output::Output;

/// Draw problems
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct ShowArgs {
    /// JSON lines of problems; standard input if absent or -
    file: Option<PathBuf>,
    /// How to draw them
    #[arg(long, value_enum, default_value_t = Format::Unicode)]
    format: Format,
    /// Leave the solution out
    #[arg(long)]
    no_solution: bool,
    /// Say below each picture how hard the problem is
    #[arg(long)]
    stats: bool,
}

const EXAMPLES: &str = "Examples:
  searchlens generate --maze dfs --rows 5 --cols 5 --count 3 | searchlens show --stats
  searchlens show problems.jsonl --format svg > mazes.svg";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Format {
    /// maze-dataset's letters: # wall, S start, E end, X path; graphs in words
    Ascii,
    /// Box-drawing letters; graphs in words
    Unicode,
    /// One <svg> element a problem
    Svg,
    /// Mazes only, one digit a pixel: 0 wall, 1 open, 2 start, 3 end, 4 path
    Pixels,
}

pub(crate) fn run(args: ShowArgs, common: &Common) -> anyhow::Result<()> {
    let mut output = Output::stdout();
    Lines::open(args.file.as_deref())?.each(&common.workers()?, &mut output, "\n", |number, line| {
        let (mut text, stats) = match Record::parse(number, line)? {
            Record::Maze(record) => {
                let drawing = if args.no_solution { record.drawing().without_path() } else { record.drawing() };
                (picture(&drawing, args.format), args.stats.then(|| stats(&record)))
            }
            Record::Graph(record) => {
                let picture = graph_picture(&record, args.format, !args.no_solution);
                let picture = picture.ok_or(InputError::NoPixels { line: number })?;
                (picture, args.stats.then(|| graph_stats(&record)))
            }
        };
        if let Some(stats) = stats {
            text.push('\n');
            text.push_str(&stats);
        }
        Ok(text)
    })?;
    output.finish()
}

fn picture(drawing: &Drawing, format: Format) -> String {
    match format {
        Format::Ascii => ascii(drawing),
        Format::Unicode => unicode(drawing),
        Format::Svg => svg(drawing).trim_end().to_owned(),
        Format::Pixels => {
            let rows = pixels(drawing);
            let rows = rows.iter().map(|row| row.iter().map(|pixel| (*pixel as u8).to_string()).collect::<String>());
            rows.collect::<Vec<_>>().join("\n")
        }
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
        Format::Pixels => None,
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
