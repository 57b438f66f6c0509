//! Tasks of every family, for the tests of several rooms.

use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::mazes::config::{MazeConfig, RawMazeConfig};
use searchlens_tasks::mazes::generators::options::OptionValue;
use searchlens_tasks::mazes::option_name::OptionName;
use searchlens_tasks::task::Task;
use serde::{Deserialize, Serialize};

pub(crate) fn raw(generator: &str, rows: usize, cols: usize) -> RawMazeConfig {
    RawMazeConfig::new(generator, rows, cols)
}

/// A table with options as they are typed on a command line.
pub(crate) fn with(generator: &str, rows: usize, cols: usize, options: &[(&str, &str)]) -> RawMazeConfig {
    let mut raw = raw(generator, rows, cols);
    for (name, value) in options {
        raw.options.set(OptionName::parse(name).unwrap(), OptionValue::typed(value));
    }
    raw
}

pub(crate) fn task(raw: RawMazeConfig) -> Task {
    Task::new(TaskConfig::Maze(MazeConfig::try_from(raw).unwrap())).unwrap()
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    pub(crate) task: TaskConfig,
}

pub(crate) const LABELLED: &str = "binning = { bins = 20 }
structure = { tree = { nodes = 10 } }
labels = { uniform = { low = [0.0], high = [1.0] } }
target = { interval = { low = 0.3, high = 0.5 } }";

/// A config of every family, and of every kind within them.
pub(crate) fn configs() -> Vec<String> {
    let prompted = |rest: &str| format!("[task.prompted]\nexamples = 3\n{rest}\n[task.prompted.graph]\n{LABELLED}");
    let mut all: Vec<String> = [
        "[task.star]\narms = 2\nlength = 5\nnames = 50",
        "[task.star]\narms = 3\nlength = 4\ndirected = false",
        "[task.dag]\nkind = 'naive'\nvertices = 19",
        "[task.dag]\nkind = 'balanced'\nvertices = 41",
        "[task.dag]\nkind = 'balanced'\nvertices = 9\nmin_lookahead = 2\nmax_lookahead = 3",
        "[task.dag]\nkind = 'star'\nvertices = 14",
        "[task.tree]\nnodes = 16",
        "[task.tree]\nnodes = 8\nsecond_chain = false",
        "[task.graph]\nstructure = { tree = { nodes = 12 } }",
        "[task.graph]\nstructure = { erdos_renyi = { nodes = 15, edge_probability = 0.2 } }\nmin_distance = 2",
        "[task.graph]\nstructure = { erdos_renyi = { nodes = 15, edge_probability = 0.3 } }\narcs = 'acyclic'",
        "[task.graph]\nstructure = { regular = { nodes = 14, degree = 3 } }\narcs = 'random'",
        "[task.graph]\nstructure = { small_world = { nodes = 20, neighbours = 4, rewired = 0.1 } }",
        "[task.graph]\nstructure = { grid = { rows = 4, cols = 5, shortcuts = 3 } }",
        "[task.graph]\nstructure = { regular = { nodes = 14, degree = 3 } }\nmax_weight = 9\nmin_distance = 12",
        "[task.hops]\nnodes = 12\nmin_hops = 2\nmax_hops = 6",
        "[task.hops]\nnodes = 12\nmax_hops = 11",
        "[task.hops]\nnodes = 12\nmax_hops = 5\nmap = 'function'",
        "[task.countdown]\nnumbers = 3\nmax_number = 20\nmin_target = 10\nmax_target = 100",
        "[task.sliding]",
        "[task.sliding]\nrows = 2\ncols = 2\ngoal = 'solved'",
    ]
    .map(str::to_owned)
    .into();
    all.push(format!("[task.labelled]\n{LABELLED}"));
    all.push(format!("[task.labelled]\n{LABELLED}\nplacement = 'free'\ntarget_share = 0.5"));
    all.push(
        "[task.labelled]
        binning = { dim = 2, bins = 8, low = -1.0, high = 1.0 }
        structure = { erdos_renyi = { nodes = 12, edge_probability = 0.25 } }
        labels = { normal = { mean = [0.0, 0.0], sd = [0.5, 0.5] } }
        target = { ball = { centre = [0.5, 0.5], radius = 0.4 } }
        avoid = { half_space = { normal = [-1.0, 0.0], offset = 0.3 } }
        detour_share = 0.5"
            .to_owned(),
    );
    all.push(prompted(""));
    let other = "other = { interval = { low = 0.6, high = 0.8 } }";
    all.push(prompted(&format!("follow = 'other'\n{other}\nspoilt = 'shuffled'")));
    all.push(prompted(&format!("{other}\nstrata = ['target_nearer', 'other_nearer']\nspoilt = 'repeated'")));
    all
}

pub(crate) fn task_of(toml: &str) -> Task {
    let file: File = toml::from_str(toml).unwrap_or_else(|error| panic!("{toml}: {error}"));
    let written = toml::to_string(&file).unwrap();
    assert_eq!(toml::from_str::<File>(&written).unwrap(), file, "it must survive writing:\n{written}");
    Task::new(file.task).unwrap_or_else(|error| panic!("{toml}: {error}"))
}
