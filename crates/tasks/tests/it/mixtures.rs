//! Mixtures of tasks: shares, splits and refusals.

use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::splits::{Equivalence, Split};
use searchlens_tasks::task::Task;

#[derive(serde::Deserialize, serde::Serialize)]
struct File {
    task: TaskConfig,
}

fn config(parts: &[(f64, &str)]) -> Result<TaskConfig, toml::de::Error> {
    let part = |(weight, task): &(f64, &str)| format!("{{ weight = {weight:?}, task = {{ {task} }} }}");
    let parts: Vec<String> = parts.iter().map(part).collect();
    let file: File = toml::from_str(&format!("[task.mixture]\nparts = [{}]", parts.join(", ")))?;
    let written = toml::to_string(&file).unwrap();
    assert_eq!(toml::from_str::<File>(&written)?.task, file.task, "it must survive writing");
    Ok(file.task)
}

const DFS: &str = "maze = { generator = 'dfs', rows = 4, cols = 4 }";
const GRID: &str = "maze = { generator = 'percolation', rows = 4, cols = 4, p = 0.8 }";
const WIDE: &str = "maze = { generator = 'wilson', rows = 3, cols = 6 }";

#[test]
fn parts_come_by_their_weights_and_keep_their_splits() {
    let task = Task::new(config(&[(3.0, DFS), (1.0, WIDE)]).unwrap()).unwrap();
    assert_eq!((task.lattice(), task.equivalence()), (None, Equivalence::Lattice));
    assert_eq!(task.config().name(), "dfs-4x4+1-more");
    let mut n_wide = 0;
    for split in Split::ALL {
        for index in 0..1000 {
            let (instance, field) = task.solved_instance(3, split, index);
            assert_eq!(Split::of(instance.class), split);
            assert_eq!(task.class(&instance.problem), Some(instance.class));
            assert_eq!(field.distance(instance.problem.origin), Some(instance.path.len() - 1));
            n_wide += usize::from(instance.problem.lattice().unwrap().cols == 6);
        }
    }
    // Four standard deviations of 3000 tosses with a chance of a quarter.
    assert!(n_wide.abs_diff(750) < 95, "{n_wide}");
}

#[test]
fn parts_of_one_size_have_one_lattice() {
    let task = Task::new(config(&[(1.0, DFS), (1.0, GRID)]).unwrap()).unwrap();
    assert_eq!(task.lattice().map(|lattice| lattice.n_cells()), Some(16));
    let loops = (0..100).filter(|&i| task.instance(1, Split::Train, i).problem.graph.n_edges() > 15).count();
    assert!((30..70).contains(&loops), "{loops}");
}

#[track_caller]
fn check_refused(parts: &[(f64, &str)], want: &str) {
    let error = match config(parts) {
        Err(error) => error.to_string(),
        Ok(config) => Task::new(config).unwrap_err().to_string(),
    };
    assert!(error.contains(want), "{error}");
}

#[test]
fn impossible_mixtures_are_refused() {
    check_refused(&[], "1 to 1000 parts");
    check_refused(&[(0.0, DFS)], "greater than 0");
    check_refused(&[(-1.0, DFS), (2.0, GRID)], "greater than 0");
    check_refused(&[(1.0, "mixture = { parts = [] }")], "1 to 1000 parts");
    check_refused(&[(1.0, &format!("mixture = {{ parts = [{{ weight = 1, task = {{ {DFS} }} }}] }}"))], "no mixture");
    check_refused(&[(1.0, DFS), (1.0, "star = { arms = 2, length = 5 }")], "a task of the first part's kind");
    check_refused(
        &[(1.0, "maze = { generator = 'percolation', rows = 4, cols = 4, p = 0 }")],
        "no problem met the endpoint rules",
    );
    check_refused(&[(1.0, "maze = { generator = 'dfs', rows = 0, cols = 4 }")], "rows = 0");
}

/// Every maze of 2 x 3 has its transpose among those of 3 x 2: what is held out in one is held out in the other.
#[test]
fn a_maze_and_its_transpose_lie_in_one_split() {
    let size = |rows, cols| format!("maze = {{ generator = 'wilson', rows = {rows}, cols = {cols} }}");
    let task = Task::new(config(&[(1.0, &size(2, 3)), (1.0, &size(3, 2))]).unwrap()).unwrap();
    let mut splits = std::collections::BTreeMap::new();
    for split in Split::ALL {
        for index in 0..300 {
            let problem = task.instance(1, split, index).problem;
            let lattice = problem.lattice().unwrap();
            let lying = |v: usize| if lattice.cols == 3 { v } else { v % 2 * 3 + v / 2 };
            let mut passages: Vec<(usize, usize)> = problem.graph.edges().map(|(a, b)| (lying(a), lying(b))).collect();
            passages.iter_mut().for_each(|pair| *pair = (pair.0.min(pair.1), pair.0.max(pair.1)));
            passages.sort_unstable();
            assert_eq!(*splits.entry(passages).or_insert(split), split);
        }
    }
    assert_eq!(splits.len(), 15, "a lattice of 2 x 3 has fifteen spanning trees");
}
