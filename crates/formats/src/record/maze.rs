//! Records of mazes: one JSON object per line. (For graphs see [`super::graph`].)
//!
//! `{"grid_shape":[r,c],"connection_list":[[[..]],[[..]]],"start":[r,c],"end":[r,c],"solution":[[r,c],..],"class":".."}`.
//! Passages are written as booleans and read as booleans or 0 and 1. `start`, `end` and `solution` may be absent; with
//! both ends and no solution, the reader solves the maze. A solution must follow open passages, but need not be the
//! shortest. `class` is the [`SymmetryClass`] by which splits are made; it is written for other programs, and ignored on
//! reading.
//!
//! Three keys are written only if they differ from their default: `torus`, true if opposite sides are connected (the last
//! row of `connection_list[0]` then leads to the first row, and the last column of `[1]` to the first column); `weights`,
//! with the shape of `connection_list`, the weight of each open passage (from 1; 0 at walls); and `importance`, the
//! importance weight of a problem of a balanced set.

use std::collections::BTreeMap;
use std::io::BufRead;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::record::error::{RecordError, RecordFault};
use crate::record::json::{Object, form, json_fault};
use searchlens_tasks::instance::Instance;
use searchlens_tasks::mazes::error::{MAX_CELLS, MAX_WEIGHT};
use searchlens_tasks::problem::Problem;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{ConnectionList, Lattice, MIN_TORUS_SIDE, Maze};
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::problem::solve::{DistanceField, shortest_path};
use searchlens_tasks::splits::SymmetryClass;
use searchlens_tasks::splits::symmetry::Symmetries;

/// A maze with endpoints and a solution, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MazeRecord {
    /// The maze.
    pub maze: Maze,
    /// The start cell, if known.
    pub start: Option<usize>,
    /// The end cell, if known.
    pub end: Option<usize>,
    /// A path from start to end, along open passages, not necessarily the shortest; only if both ends are known.
    pub solution: Option<Vec<usize>>,
}

/// The keys of a line.
const KEYS: &str = "grid_shape, torus, connection_list, start, end, solution, class, weights, importance";

impl MazeRecord {
    /// Returns the record of a problem; `None` if it is not a maze.
    pub fn of(instance: &Instance) -> Option<MazeRecord> {
        let problem = &instance.problem;
        // Checked first: only in mazes the goal is always reachable.
        let maze = problem.maze()?;
        let (start, end) = (Some(problem.origin), Some(problem.target()));
        Some(MazeRecord { maze, start, end, solution: Some(instance.path.clone()) })
    }

    /// Returns the problem, if both ends are known.
    pub fn problem(&self) -> Option<Problem> {
        let (start, end) = self.start.zip(self.end)?;
        Some(Problem::in_maze(self.maze.clone(), start, end))
    }

    /// Computes the symmetry class of the maze.
    pub fn class(&self) -> SymmetryClass {
        Symmetries::of(self.maze.lattice).class(&PassageSet::of(&self.maze))
    }

    /// Returns the JSON line, without a line feed. `class` is [`MazeRecord::class`], passed in because callers usually know it.
    pub fn to_line(&self, class: SymmetryClass) -> String {
        self.to_line_of_importance(class, 1.0)
    }

    /// Returns the JSON line of a problem of a balanced set; an importance of 1 is not written.
    pub fn to_line_of_importance(&self, class: SymmetryClass, importance: f64) -> String {
        let lattice = self.maze.lattice;
        let coord = |node: usize| {
            let (row, col) = lattice.coord(node);
            [row, col]
        };
        let line = Line {
            grid_shape: [lattice.rows, lattice.cols],
            torus: lattice.wraps,
            connection_list: self.maze.connection_list(),
            weights: self.maze.graph.is_weighted().then(|| self.maze.weights()),
            start: self.start.map(coord),
            end: self.end.map(coord),
            solution: self.solution.as_ref().map(|path| path.iter().map(|&v| coord(v)).collect()),
            class: class.to_string(),
            importance: (importance != 1.0).then_some(importance),
        };
        serde_json::to_string(&line).expect("lists of numbers and booleans are JSON")
    }

    /// Parses a line.
    ///
    /// # Errors
    /// [`RecordError`] with the given line number, if the line is not as the module describes.
    pub fn parse(line_number: usize, line: &str) -> Result<MazeRecord, RecordError> {
        parse(line).map(|(record, _)| record).map_err(|fault| RecordError { line: line_number, fault })
    }

    /// Returns the record of these parts, solved if it has both ends and no solution.
    ///
    /// # Errors
    /// [`RecordFault`], if a solution lacks an end, does not match the ends or goes through a wall, or if there is none.
    pub(crate) fn checked(
        maze: Maze,
        start: Option<usize>,
        end: Option<usize>,
        solution: Option<Vec<usize>>,
    ) -> Result<MazeRecord, RecordFault> {
        let solution = match (solution, start, end) {
            (None, Some(start), Some(end)) => Some(solve(&maze, start, end)?),
            (None, _, _) => None,
            (Some(_), None, _) => return Err(RecordFault::SolutionWithoutEnds { missing: "start" }),
            (Some(_), _, None) => return Err(RecordFault::SolutionWithoutEnds { missing: "end" }),
            (Some(path), Some(start), Some(end)) => {
                check_solution(&maze, start, end, &path)?;
                Some(path)
            }
        };
        Ok(MazeRecord { maze, start, end, solution })
    }
}

/// Reads lines of mazes, skipping empty ones.
///
/// # Errors
/// Each item can be a [`RecordError`]. Later lines are still read, unless the source itself fails: that error is the last
/// item.
pub fn read_records(source: impl BufRead) -> impl Iterator<Item = Result<MazeRecord, RecordError>> {
    let mut source_failed = false;
    let lines = source.lines().enumerate().map_while(move |(i, line)| {
        if source_failed {
            return None;
        }
        Some(match line {
            Ok(text) if text.trim().is_empty() => None,
            Ok(text) => Some(MazeRecord::parse(i + 1, &text)),
            Err(error) => {
                // A line that is not UTF-8 has been consumed; any other error would repeat forever.
                source_failed = error.kind() != std::io::ErrorKind::InvalidData;
                Some(Err(RecordError { line: i + 1, fault: RecordFault::Source(error) }))
            }
        })
    });
    lines.flatten()
}

/// A line as it is written.
#[derive(Serialize)]
struct Line {
    grid_shape: [usize; 2],
    #[serde(skip_serializing_if = "is_false")]
    torus: bool,
    connection_list: ConnectionList,
    #[serde(skip_serializing_if = "Option::is_none")]
    weights: Option<[Vec<Vec<u32>>; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<[usize; 2]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    solution: Option<Vec<[usize; 2]>>,
    class: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    importance: Option<f64>,
}

/// A line as it is read. Values are checked one by one, so that an error can name the place.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    grid_shape: Option<Value>,
    torus: Option<Value>,
    connection_list: Option<Value>,
    start: Option<Value>,
    end: Option<Value>,
    solution: Option<Value>,
    class: Option<Value>,
    weights: Option<Value>,
    importance: Option<Value>,
}

/// Parses a line into its record and importance.
pub(crate) fn parse(line: &str) -> Result<(MazeRecord, f64), RecordFault> {
    let Object(raw): Object<RawLine> = serde_json::from_str(line).map_err(|error| json_fault(&error, line, KEYS))?;
    let missing = |field, form| RecordFault::Missing { field, form };
    let shape = raw.grid_shape.ok_or(missing("grid_shape", "[rows, cols]"))?;
    let passages =
        raw.connection_list.ok_or(missing("connection_list", "[[passages down by row], [passages right by row]]"))?;
    let lattice = parse_shape(&shape, raw.torus)?;
    let mut maze = parse_passages(lattice, &passages)?.to_maze();
    if let Some(weights) = raw.weights {
        maze.graph = parse_weights(&maze, &weights)?;
    }
    let importance = match raw.importance {
        None => 1.0,
        Some(value) => value
            .as_f64()
            .filter(|&number| number > 0.0)
            .ok_or_else(|| form("importance", &value, "a number greater than 0"))?,
    };
    let start = raw.start.map(|value| parse_cell("start", lattice, &value)).transpose()?;
    let end = raw.end.map(|value| parse_cell("end", lattice, &value)).transpose()?;
    if let Some(class) = raw.class.filter(|class| !class.is_string()) {
        return Err(form("class", &class, "a string"));
    }
    let solution = raw.solution.map(|value| parse_solution(lattice, &value)).transpose()?;
    Ok((MazeRecord::checked(maze, start, end, solution)?, importance))
}

fn is_false(flag: &bool) -> bool {
    !flag
}

fn parse_shape(value: &Value, torus: Option<Value>) -> Result<Lattice, RecordFault> {
    let wrong = || form("grid_shape", value, "[rows, cols], both at least 1");
    let [rows, cols] = pair(value).ok_or_else(wrong)?;
    if rows == 0 || cols == 0 {
        return Err(wrong());
    }
    if rows.checked_mul(cols).is_none_or(|cells| cells > MAX_CELLS) {
        return Err(form("grid_shape", value, format!("of at most {MAX_CELLS} cells")));
    }
    let wraps = match torus {
        None => false,
        Some(Value::Bool(torus)) => torus,
        Some(torus) => return Err(form("torus", &torus, "true or false")),
    };
    if wraps && rows.min(cols) < MIN_TORUS_SIDE {
        let wanted = format!("[rows, cols] with {MIN_TORUS_SIDE} of each at least, since `torus` is true");
        return Err(form("grid_shape", value, wanted));
    }
    Ok(Lattice { wraps, ..Lattice::new(rows, cols) })
}

fn parse_passages(lattice: Lattice, value: &Value) -> Result<PassageSet, RecordFault> {
    let Lattice { rows, cols, .. } = lattice;
    let boards = list("connection_list".into(), value, 2)?;
    let mut open = PassageSet::none(lattice);
    for (direction, board) in boards.iter().enumerate() {
        let place = format!("connection_list[{direction}]");
        for (r, row) in list(place.clone(), board, rows)?.iter().enumerate() {
            for (c, passage) in list(format!("{place}[{r}]"), row, cols)?.iter().enumerate() {
                let is_open = match passage {
                    Value::Bool(open) => *open,
                    Value::Number(n) if n.as_u64() == Some(0) => false,
                    Value::Number(n) if n.as_u64() == Some(1) => true,
                    _ => return Err(form(format!("{place}[{r}][{c}]"), passage, "true, false, 1 or 0")),
                };
                if !is_open {
                    continue;
                }
                let here = lattice.node(r, c);
                match if direction == 0 { lattice.south(here) } else { lattice.east(here) } {
                    Some(to) => open.open(here, to),
                    None => {
                        return Err(form(
                            format!("{place}[{r}][{c}]"),
                            passage,
                            "false: this passage would leave the grid (on a torus, say `\"torus\": true`)",
                        ));
                    }
                }
            }
        }
    }
    Ok(open)
}

fn parse_weights(maze: &Maze, value: &Value) -> Result<Graph, RecordFault> {
    let Lattice { rows, cols, .. } = maze.lattice;
    let boards = list("weights".into(), value, 2)?;
    let mut costs = BTreeMap::new();
    for (direction, board) in boards.iter().enumerate() {
        let place = format!("weights[{direction}]");
        for (r, row) in list(place.clone(), board, rows)?.iter().enumerate() {
            for (c, cost) in list(format!("{place}[{r}]"), row, cols)?.iter().enumerate() {
                let here = maze.lattice.node(r, c);
                let to = if direction == 0 { maze.lattice.south(here) } else { maze.lattice.east(here) };
                let wrong = |what: String| form(format!("{place}[{r}][{c}]"), cost, what);
                match (cost.as_u64(), to.filter(|&to| maze.graph.has_edge(here, to))) {
                    (Some(0), None) => {}
                    (_, None) => return Err(wrong("0: there is no open passage".into())),
                    (Some(weight @ 1..), Some(to)) if weight <= u64::from(MAX_WEIGHT) => {
                        costs.insert((here.min(to), here.max(to)), weight as u32);
                    }
                    (_, Some(_)) => return Err(wrong(format!("a whole number from 1 to {MAX_WEIGHT}"))),
                }
            }
        }
    }
    Ok(maze.graph.clone().with_weights(|a, b| costs[&(a, b)]))
}

fn parse_cell(field: &str, lattice: Lattice, value: &Value) -> Result<usize, RecordFault> {
    let Lattice { rows, cols, .. } = lattice;
    let inside = pair(value).filter(|&[r, c]| r < rows && c < cols);
    let [r, c] = inside
        .ok_or_else(|| form(field, value, format!("[row, col] inside a grid of {rows} rows and {cols} columns")))?;
    Ok(lattice.node(r, c))
}

fn parse_solution(lattice: Lattice, value: &Value) -> Result<Vec<usize>, RecordFault> {
    let cells = value.as_array().filter(|cells| !cells.is_empty());
    let cells = cells.ok_or_else(|| form("solution", value, "a list of at least one [row, col]"))?;
    let cell = |(i, value)| parse_cell(&format!("solution[{i}]"), lattice, value);
    cells.iter().enumerate().map(cell).collect()
}

/// Checks that a non-empty path leads from start to end along open passages.
fn check_solution(maze: &Maze, start: usize, end: usize, path: &[usize]) -> Result<(), RecordFault> {
    let lattice = maze.lattice;
    let ends = [("starts", "start", path[0], start), ("ends", "end", path[path.len() - 1], end)];
    for (verb, field, found, wanted) in ends {
        if found != wanted {
            return Err(RecordFault::WrongEnd {
                verb,
                field,
                found: lattice.coord(found),
                wanted: lattice.coord(wanted),
            });
        }
    }
    match path.windows(2).position(|step| !maze.graph.has_edge(step[0], step[1])) {
        None => Ok(()),
        Some(i) => {
            let (from, to) = (lattice.coord(path[i]), lattice.coord(path[i + 1]));
            Err(RecordFault::ClosedStep { index: i + 1, from, to })
        }
    }
}

fn solve(maze: &Maze, start: usize, end: usize) -> Result<Vec<usize>, RecordFault> {
    let field = DistanceField::to(&maze.graph, end);
    let coord = |node| maze.lattice.coord(node);
    shortest_path(&maze.graph, &field, start)
        .ok_or_else(|| RecordFault::NoPath { start: coord(start), end: coord(end) })
}

/// Returns a pair of non-negative integers.
fn pair(value: &Value) -> Option<[usize; 2]> {
    let [a, b] = value.as_array()?.as_slice() else { return None };
    let number = |value: &Value| usize::try_from(value.as_u64()?).ok();
    Some([number(a)?, number(b)?])
}

/// Returns a list of a known length.
fn list(field: String, value: &Value, len: usize) -> Result<&[Value], RecordFault> {
    match value.as_array() {
        Some(items) if items.len() == len => Ok(items),
        Some(items) => Err(RecordFault::Form {
            field,
            value: format!("a list of {}", items.len()),
            form: format!("a list of {len}, to agree with `grid_shape`"),
        }),
        None => Err(form(field, value, format!("a list of {len}"))),
    }
}
