//! Arguments that several commands share.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Arg, ArgGroup, ArgMatches, Args, Command, FromArgMatches};
use searchlens::tasks::band::Band;
use searchlens::tasks::config::TaskConfig;
use searchlens::tasks::mazes::config::{MazeConfig, RawMazeConfig};
use searchlens::tasks::mazes::endpoints::{Component, EndpointRules};
use searchlens::tasks::mazes::error::MazeError;
use searchlens::tasks::mazes::generators::options::{OptionName, OptionTable, OptionValue};
use searchlens::tasks::mazes::generators::{GENERATORS, Probability};
use searchlens::tasks::task::Task;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{InputError, Result, read};

/// A kind of mazes, in flags. Commands that cannot do without one say so by a group.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct MazeArgs {
    /// Generator of the mazes (below: the list)
    #[arg(long, value_name = "GENERATOR", requires_all = ["rows", "cols"])]
    maze: Option<String>,
    /// Rows of the maze
    #[arg(long, value_name = "R", requires = "maze")]
    rows: Option<usize>,
    /// Columns of the maze
    #[arg(long, value_name = "C", requires = "maze")]
    cols: Option<usize>,
    /// Glue opposite sides together: the last row leads to the first, the last column to the first
    #[arg(long, requires = "maze")]
    torus: bool,
    #[command(flatten)]
    options: GeneratorFlags,
    /// Then open dead ends with this chance, which makes loops
    #[arg(long, value_name = "CHANCE", requires = "maze", help_heading = GENERATOR, value_parser = chance)]
    braid: Option<Probability>,
    /// Give each passage a weight from 1 to this; paths are then the cheapest ones
    #[arg(long, value_name = "W", requires = "maze", help_heading = GENERATOR)]
    max_weight: Option<u32>,
    #[command(flatten)]
    endpoints: EndpointFlags,
}

/// The options of all generators, one flag each.
#[derive(Debug)]
struct GeneratorFlags(OptionTable);

/// Rules for endpoints.
#[derive(Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "Endpoints")]
struct EndpointFlags {
    /// A cell that may be a start; may be given several times
    #[arg(long, value_name = "ROW,COL", requires = "maze", value_parser = cell)]
    allowed_start: Vec<[usize; 2]>,
    /// A cell that may be an end; may be given several times
    #[arg(long, value_name = "ROW,COL", requires = "maze", value_parser = cell)]
    allowed_end: Vec<[usize; 2]>,
    /// Start in dead ends
    #[arg(long, value_name = "BOOL", requires = "maze", num_args = 0..=1, default_missing_value = "true")]
    deadend_start: Option<bool>,
    /// End in dead ends
    #[arg(long, value_name = "BOOL", requires = "maze", num_args = 0..=1, default_missing_value = "true")]
    deadend_end: Option<bool>,
    /// Whether start and end must differ [default: true]
    #[arg(long, value_name = "BOOL", requires = "maze")]
    endpoints_not_equal: Option<bool>,
    /// Cells of the path: 9, 5..9, 5..
    #[arg(long, value_name = "RANGE", requires = "maze")]
    path_length: Option<Band>,
    /// Manhattan distance of the ends
    #[arg(long, value_name = "RANGE", requires = "maze")]
    distance: Option<Band>,
    /// Steps of lookahead needed at the first fork; 0 where there is none
    #[arg(long, value_name = "RANGE", requires = "maze")]
    lookahead: Option<Band>,
    /// Let every number of that range come as often
    #[arg(long, requires = "lookahead")]
    balance_lookahead: bool,
    /// In mazes that fall apart, use the largest part, not the one the generator started in
    #[arg(long, requires = "maze")]
    largest_component: bool,
}

/// A task: in a file, or a kind of mazes in flags. Commands that cannot do without one say so by [`needed`].
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct TaskArgs {
    /// File with a table such as [task.maze]; a whole training config will do
    #[arg(long, value_name = "FILE.toml", conflicts_with = "maze")]
    task: Option<PathBuf>,
    #[command(flatten)]
    maze: MazeArgs,
}

const GENERATOR: &str = "Generator options";

/// The generators there are, for the end of a help text.
pub(crate) fn generators() -> String {
    let lines = GENERATORS.iter().map(|kind| {
        let options = kind.options.iter().map(|option| format!(" --{}", option.flag())).collect::<String>();
        format!("  {:<19}{}{}", kind.name, kind.about, if options.is_empty() { options } else { format!(":{options}") })
    });
    format!("Generators and their options:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

impl MazeArgs {
    /// The config that the flags stand for, if they were given.
    pub(crate) fn config(self) -> Result<Option<MazeConfig>, MazeError> {
        let MazeArgs { maze: Some(generator), rows: Some(rows), cols: Some(cols), .. } = self else { return Ok(None) };
        let GeneratorFlags(options) = self.options;
        let (torus, braid, max_weight, endpoints) = (self.torus, self.braid, self.max_weight, self.endpoints.rules());
        RawMazeConfig { generator, rows, cols, torus, options, braid, max_weight, endpoints }.try_into().map(Some)
    }
}

impl EndpointFlags {
    fn rules(self) -> EndpointRules {
        let cells = |cells: Vec<[usize; 2]>| if cells.is_empty() { None } else { Some(cells) };
        EndpointRules {
            allowed_start: cells(self.allowed_start),
            allowed_end: cells(self.allowed_end),
            deadend_start: self.deadend_start.unwrap_or(false),
            deadend_end: self.deadend_end.unwrap_or(false),
            endpoints_not_equal: self.endpoints_not_equal.unwrap_or(true),
            path_length: self.path_length,
            distance: self.distance,
            lookahead: self.lookahead,
            balance_lookahead: self.balance_lookahead,
            component: if self.largest_component { Component::Largest } else { Component::Start },
        }
    }
}

impl Args for GeneratorFlags {
    fn augment_args(command: Command) -> Command {
        OptionName::ALL.into_iter().fold(command, |command, option| {
            let arg = Arg::new(option.name()).long(option.flag()).aliases(option.alias().map(|_| "start-coord"));
            command.arg(arg.value_name("VALUE").help(option.help()).help_heading(GENERATOR).requires("maze"))
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        GeneratorFlags::augment_args(command)
    }
}

impl FromArgMatches for GeneratorFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<GeneratorFlags, clap::Error> {
        let mut table = OptionTable::default();
        for option in OptionName::ALL {
            if let Some(text) = matches.get_one::<String>(option.name()) {
                table.set(option, OptionValue::typed(text));
            }
        }
        Ok(GeneratorFlags(table))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = GeneratorFlags::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A cell, as clap reads it.
fn cell(text: &str) -> Result<[usize; 2], String> {
    let number = |part: &str| part.trim().parse::<usize>().ok();
    let cell = text.split_once(',').and_then(|(row, col)| Some([number(row)?, number(col)?]));
    cell.ok_or_else(|| "give a cell as ROW,COL, both counting from 0".to_owned())
}

/// A chance, as clap reads it.
fn chance(text: &str) -> Result<Probability, String> {
    text.parse().ok().and_then(Probability::new).ok_or_else(|| "give a chance from 0 to 1".to_owned())
}

/// A seed, as clap reads it.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_wrong| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

/// A number of threads, as clap reads it.
pub(crate) fn threads(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_wrong| "give a whole number from 1 on, or leave it out: one thread for each core".to_owned())
}

/// The group of arguments that asks for a task.
pub(crate) fn needed() -> ArgGroup {
    ArgGroup::new("problems").args(["task", "maze"]).required(true)
}

impl TaskArgs {
    /// The config that the file or the flags stand for, if they were given.
    pub(crate) fn config(self) -> Result<Option<TaskConfig>> {
        match self.task {
            Some(path) => Ok(Some(read_task(&path)?)),
            None => Ok(self.maze.config()?.map(TaskConfig::Maze)),
        }
    }

    /// The task, in commands that need one.
    pub(crate) fn task(self) -> Result<Task> {
        Ok(Task::new(self.config()?.expect("clap asks for --task or --maze"))?)
    }
}

/// A file that holds a task, perhaps within a training config, whose other tables say nothing about the problems.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TaskFile {
    task: TaskConfig,
    #[serde(rename = "tokenizer")]
    _tokenizer: Option<IgnoredAny>,
    #[serde(rename = "model")]
    _model: Option<IgnoredAny>,
    #[serde(rename = "train")]
    _train: Option<IgnoredAny>,
    #[serde(rename = "eval")]
    _eval: Option<IgnoredAny>,
}

fn read_task(path: &Path) -> Result<TaskConfig, InputError> {
    let file: TaskFile = toml::from_str(&read(path)?)
        .map_err(|e| InputError::File { path: path.to_owned(), message: e.to_string().trim_end().to_owned() })?;
    Ok(file.task)
}
