//! Arguments that several commands share.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use searchlens::tasks::config::{MazeConfig, RawMazeConfig, TaskConfig, TaskError};
use searchlens::tasks::task::Task;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::error::{InputError, read};

/// A kind of mazes, in flags.
#[derive(Debug, Args)]
pub(crate) struct MazeArgs {
    /// Generator of the mazes: dfs, wilson
    #[arg(long, value_name = "GENERATOR")]
    maze: String,
    /// Rows of the maze
    #[arg(long, value_name = "R")]
    rows: usize,
    /// Columns of the maze
    #[arg(long, value_name = "C")]
    cols: usize,
    /// Where dfs starts to carve: uniform, maze-dataset [default: uniform]
    #[arg(long, value_name = "START")]
    start: Option<String>,
}

/// A task: in a file, or a kind of mazes in flags. Commands that cannot do without one say so by [`needed`].
#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct TaskArgs {
    /// File with a table such as [task.maze]; a whole training config will do
    #[arg(long, value_name = "FILE.toml", conflicts_with_all = ["rows", "cols", "start"])]
    task: Option<PathBuf>,
    /// Generator of the mazes: dfs, wilson
    #[arg(long, value_name = "GENERATOR", requires_all = ["rows", "cols"])]
    maze: Option<String>,
    /// Rows of the maze
    #[arg(long, value_name = "R", requires = "maze")]
    rows: Option<usize>,
    /// Columns of the maze
    #[arg(long, value_name = "C", requires = "maze")]
    cols: Option<usize>,
    /// Where dfs starts to carve: uniform, maze-dataset [default: uniform]
    #[arg(long, value_name = "START", requires = "maze")]
    start: Option<String>,
}

impl MazeArgs {
    /// The config that the flags stand for.
    pub(crate) fn config(self) -> Result<MazeConfig, TaskError> {
        let MazeArgs { maze: generator, rows, cols, start } = self;
        RawMazeConfig { generator, rows, cols, start }.try_into()
    }
}

/// The group of arguments that asks for a task.
pub(crate) fn needed() -> ArgGroup {
    ArgGroup::new("problems").args(["task", "maze"]).required(true)
}

impl TaskArgs {
    /// The config that the file or the flags stand for, if they were given.
    pub(crate) fn config(self) -> anyhow::Result<Option<TaskConfig>> {
        match self {
            TaskArgs { maze: Some(maze), rows: Some(rows), cols: Some(cols), start, .. } => {
                Ok(Some(TaskConfig::Maze(MazeArgs { maze, rows, cols, start }.config()?)))
            }
            TaskArgs { task, .. } => Ok(task.map(|path| read_task(&path)).transpose()?),
        }
    }

    /// The task, in commands that need one.
    pub(crate) fn task(self) -> anyhow::Result<Task> {
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
