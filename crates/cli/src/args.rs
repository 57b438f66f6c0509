//! Arguments shared by several commands: tasks and mazes.

use std::path::{Path, PathBuf};

use clap::{Arg, ArgGroup, ArgMatches, Args, Command, FromArgMatches};
use searchlens::tasks::band::Band;
use searchlens::tasks::config::TaskConfig;
use searchlens::tasks::mazes::config::{MazeConfig, RawMazeConfig};
use searchlens::tasks::mazes::endpoints::{Component, EndpointRules};
use searchlens::tasks::mazes::error::MazeError;
use searchlens::tasks::mazes::generators::options::{OptionTable, OptionValue};
use searchlens::tasks::mazes::generators::{GENERATORS, GeneratorInfo, Probability};
use searchlens::tasks::mazes::option_name::OptionName;
use searchlens::tasks::task::Task;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{InputError, Result, read};

/// A maze task given by flags. Commands that require one declare a group.
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct MazeArgs {
    /// Maze generator; `searchlens generate --help` lists them
    #[arg(long, value_name = "GENERATOR", requires_all = ["rows", "cols"])]
    maze: Option<String>,
    /// Number of rows
    #[arg(long, value_name = "R", requires = "maze")]
    rows: Option<usize>,
    /// Number of columns
    #[arg(long, value_name = "C", requires = "maze")]
    cols: Option<usize>,
    /// Wrap around: the last row adjoins the first, and the last column the first
    #[arg(long, requires = "maze")]
    torus: bool,
    #[command(flatten)]
    options: GeneratorFlags,
    /// Open each dead end with this probability, which creates loops
    #[arg(long, value_name = "P", requires = "maze", help_heading = GENERATOR, value_parser = probability)]
    braid: Option<Probability>,
    /// Draw a weight from 1 to W for each passage; solutions are then cheapest paths
    #[arg(long, value_name = "W", requires = "maze", help_heading = GENERATOR)]
    max_weight: Option<u32>,
    #[command(flatten)]
    endpoints: EndpointFlags,
}

/// One flag for each option of any generator.
#[derive(Debug)]
struct GeneratorFlags(OptionTable);

/// Rules for start and end.
#[derive(Debug, Args)]
#[group(skip)]
#[command(next_help_heading = "Endpoints")]
struct EndpointFlags {
    /// Allow this cell as start; may be repeated
    #[arg(long, value_name = "ROW,COL", requires = "maze", value_parser = cell)]
    allowed_start: Vec<[usize; 2]>,
    /// Allow this cell as end; may be repeated
    #[arg(long, value_name = "ROW,COL", requires = "maze", value_parser = cell)]
    allowed_end: Vec<[usize; 2]>,
    /// Start only in dead ends
    #[arg(long, value_name = "BOOL", requires = "maze", num_args = 0..=1, default_missing_value = "true")]
    deadend_start: Option<bool>,
    /// End only in dead ends
    #[arg(long, value_name = "BOOL", requires = "maze", num_args = 0..=1, default_missing_value = "true")]
    deadend_end: Option<bool>,
    /// Require start and end to differ [default: true]
    #[arg(long, value_name = "BOOL", requires = "maze")]
    endpoints_not_equal: Option<bool>,
    /// Number of cells on the path, ends included: 9, 5..9, 5..
    #[arg(long, value_name = "RANGE", requires = "maze")]
    path_length: Option<Band>,
    /// Manhattan distance between start and end
    #[arg(long, value_name = "RANGE", requires = "maze")]
    distance: Option<Band>,
    /// Steps of lookahead needed at the first fork; 0 if the path has no fork
    #[arg(long, value_name = "RANGE", requires = "maze")]
    lookahead: Option<Band>,
    /// Draw every lookahead in the range equally often
    #[arg(long, requires = "lookahead")]
    balance_lookahead: bool,
    /// In a disconnected maze, use the largest component, not the one the generator started in
    #[arg(long, requires = "maze")]
    largest_component: bool,
}

/// A task, given by a file or by maze flags. Commands that require one declare the group [`task_required`].
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct TaskArgs {
    /// TOML file with a task table such as [task.maze]; a training config works too
    #[arg(long, value_name = "FILE.toml", conflicts_with = "maze")]
    task: Option<PathBuf>,
    #[command(flatten)]
    maze: MazeArgs,
}

const GENERATOR: &str = "Generator options";

/// Lists the generators and their options, for the end of a help text.
pub(crate) fn generator_help() -> String {
    let entry = |kind: &GeneratorInfo| {
        let options: String = kind.options.iter().map(|option| format!(" --{}", option.flag())).collect();
        let options = if options.is_empty() { options } else { format!("\n{:20}{options}", "") };
        format!("  {:<19}{}{options}", kind.name, kind.about)
    };
    format!("Generators and their options:\n{}", GENERATORS.iter().map(entry).collect::<Vec<_>>().join("\n"))
}

impl MazeArgs {
    /// Returns the config that the flags give, or `None` without `--maze`.
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

fn cell(text: &str) -> Result<[usize; 2], String> {
    let number = |part: &str| part.trim().parse::<usize>().ok();
    let cell = text.split_once(',').and_then(|(row, col)| Some([number(row)?, number(col)?]));
    cell.ok_or_else(|| "expected ROW,COL, both counted from 0, such as 0,3".to_owned())
}

fn probability(text: &str) -> Result<Probability, String> {
    text.parse().ok().and_then(Probability::new).ok_or_else(|| "expected a probability from 0 to 1".to_owned())
}

/// Requires `--task` or `--maze`.
pub(crate) fn task_required() -> ArgGroup {
    ArgGroup::new("problems").args(["task", "maze"]).required(true)
}

impl TaskArgs {
    /// Returns the config from the file or the flags, or `None` without either.
    pub(crate) fn config(self) -> Result<Option<TaskConfig>> {
        match self.task {
            Some(path) => Ok(Some(read_task(&path)?)),
            None => Ok(self.maze.config()?.map(TaskConfig::Maze)),
        }
    }

    /// Makes the task, in commands that declare [`task_required`].
    pub(crate) fn task(self) -> Result<Task> {
        Ok(Task::new(self.config()?.expect("clap requires --task or --maze"))?)
    }
}

/// A file with a task; the other tables of a training config are ignored.
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
