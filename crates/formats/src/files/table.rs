//! Problems as rows of a table: the one schema that Parquet and NPZ files share.
//!
//! A node is a whole number, in mazes `row · cols + col`. Lists are flat; `docs/files.md` says how to fold them.

use serde_json::{Value, json};

use crate::files::entry::Entry;
use crate::record::{self, MazeRecord, Record, RecordFault};
use searchlens_tasks::mazes::error::{MAX_CELLS, MAX_WEIGHT};
use searchlens_tasks::problem::Labels;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{Lattice, MIN_TORUS_SIDE, Maze};
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::splits::SymmetryClass;

/// Maximum number of values in a list of one problem, or of bytes in a text.
pub(crate) const LONGEST: usize = 8 << 20;

/// Which schema a file has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    Mazes,
    Graphs,
}

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Boolean.
    Flag,
    /// 32-bit integer.
    Int,
    /// Unsigned 64-bit integer.
    Id,
    /// Double.
    Real,
    /// UTF-8 text.
    Text,
    /// List of booleans.
    Flags,
    /// List of integers.
    Ints,
    /// List of doubles.
    Reals,
}

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    /// Whether the column may be absent or have nulls.
    pub(crate) optional: bool,
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Cell {
    Absent,
    Flag(bool),
    Int(i64),
    Id(u64),
    Real(f64),
    Text(String),
    Flags(Vec<bool>),
    Ints(Vec<i64>),
    Reals(Vec<f64>),
}

/// A problem as cells: one per column of the table, in the same order, of the column's type or absent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) table: Table,
    pub(crate) cells: Vec<Cell>,
}

impl Cell {
    /// Number of values, or of bytes of text.
    pub(crate) fn len(&self) -> usize {
        match self {
            Cell::Flags(values) => values.len(),
            Cell::Ints(values) => values.len(),
            Cell::Reals(values) => values.len(),
            Cell::Text(text) => text.len(),
            Cell::Absent | Cell::Flag(_) | Cell::Int(_) | Cell::Id(_) | Cell::Real(_) => 1,
        }
    }

    /// Size in bytes.
    pub(crate) fn size(&self) -> usize {
        match self {
            Cell::Flags(_) | Cell::Text(_) => self.len(),
            _ => 8 * self.len(),
        }
    }
}

const fn column(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, optional: false }
}

const fn optional(name: &'static str, kind: Kind) -> Column {
    Column { name, kind, optional: true }
}

/// `torus` was added in version 2 of the header; files of version 1 have only rectangles.
const MAZES: [Column; 10] = [
    column("rows", Kind::Int),
    column("cols", Kind::Int),
    optional("torus", Kind::Flag),
    column("connection_list", Kind::Flags),
    optional("weights", Kind::Ints),
    optional("start", Kind::Int),
    optional("end", Kind::Int),
    optional("solution", Kind::Ints),
    optional("class", Kind::Id),
    optional("importance", Kind::Real),
];

const GRAPHS: [Column; 11] = [
    column("n", Kind::Int),
    column("directed", Kind::Flag),
    column("edges", Kind::Ints),
    optional("weights", Kind::Ints),
    optional("labels", Kind::Reals),
    column("origin", Kind::Int),
    column("goal", Kind::Text),
    optional("solution", Kind::Ints),
    optional("shown", Kind::Text),
    optional("class", Kind::Id),
    optional("importance", Kind::Real),
];

impl Table {
    pub(crate) fn columns(self) -> &'static [Column] {
        match self {
            Table::Mazes => &MAZES,
            Table::Graphs => &GRAPHS,
        }
    }

    /// Returns the table of a file with these columns: each table has a column that the other lacks.
    pub(crate) fn with(has: impl Fn(&str) -> bool) -> Option<Table> {
        if has("connection_list") {
            return Some(Table::Mazes);
        }
        has("edges").then_some(Table::Graphs)
    }
}

impl Row {
    pub(crate) fn of(entry: &Entry) -> Row {
        let class = entry.class.map_or(Cell::Absent, |class| Cell::Id(class.0));
        let importance = Cell::Real(entry.importance);
        match &entry.record {
            Record::Maze(record) => {
                let Lattice { rows, cols, wraps } = record.maze.lattice;
                let passages = PassageSet::of(&record.maze);
                let node = |node: Option<usize>| node.map_or(Cell::Absent, |node| Cell::Int(node as i64));
                let cells = vec![
                    Cell::Int(rows as i64),
                    Cell::Int(cols as i64),
                    Cell::Flag(wraps),
                    Cell::Flags((0..2 * rows * cols).map(|bit| passages.bit(bit)).collect()),
                    match record.maze.graph.is_weighted() {
                        true => ints(record.maze.weights().iter().flatten().flatten().map(|&weight| weight as usize)),
                        false => Cell::Absent,
                    },
                    node(record.start),
                    node(record.end),
                    record.solution.as_ref().map_or(Cell::Absent, |path| ints(path.iter().copied())),
                    class,
                    importance,
                ];
                Row { table: Table::Mazes, cells }
            }
            Record::Graph(record) => {
                let (problem, graph) = (&record.problem, &record.problem.graph);
                let weight = |(u, v)| graph.weight(u, v).map(|weight| weight as usize);
                let labels = |labels: &Labels| Cell::Reals(labels.iter().flatten().copied().collect());
                let cells = vec![
                    Cell::Int(graph.n_nodes() as i64),
                    Cell::Flag(graph.is_directed()),
                    ints(graph.edges().flat_map(|(u, v)| [u, v])),
                    if graph.is_weighted() { ints(graph.edges().filter_map(weight)) } else { Cell::Absent },
                    problem.labels.as_ref().map_or(Cell::Absent, labels),
                    Cell::Int(problem.origin as i64),
                    Cell::Text(serde_json::to_string(&problem.goal).expect("nodes, counts and finite bounds are JSON")),
                    ints(record.solution.iter().copied()),
                    record.shown_json().map_or(Cell::Absent, Cell::Text),
                    class,
                    importance,
                ];
                Row { table: Table::Graphs, cells }
            }
        }
    }
}

fn ints(values: impl Iterator<Item = usize>) -> Cell {
    Cell::Ints(values.map(|value| value as i64).collect())
}

/// Decodes and validates a row.
pub(crate) fn entry(row: Row) -> Result<Entry, RecordFault> {
    let mut columns = row.table.columns().iter();
    let mut cells = row.cells.into_iter();
    let mut next = || -> Result<Cell, RecordFault> {
        let (column, cell) = columns.next().zip(cells.next()).expect("a row has a cell for each column");
        match cell {
            Cell::Absent if !column.optional => {
                Err(RecordFault::Missing { field: column.name, form: "every problem has one" })
            }
            cell => Ok(cell),
        }
    };
    match row.table {
        Table::Mazes => {
            let parts = MazeParts {
                rows: int(next()?),
                cols: int(next()?),
                torus: next()? == Cell::Flag(true),
                open: match next()? {
                    Cell::Flags(flags) => flags,
                    _ => Vec::new(),
                },
                weights: list(next()?),
                start: int(next()?),
                end: int(next()?),
                solution: list(next()?),
            };
            next()?;
            let importance = importance(next()?)?;
            Ok(Entry::of_maze(parts.record()?, importance))
        }
        Table::Graphs => {
            let mut line = serde_json::Map::new();
            for field in ["n", "directed", "edges", "weights", "labels", "origin", "goal", "solution", "shown"] {
                match next()? {
                    Cell::Absent => {}
                    cell => drop(line.insert(field.to_owned(), graph_field(field, cell)?)),
                }
            }
            // Labels are flat; their dimension follows from the number of nodes.
            if let (Some(Value::Array(labels)), Some(n)) = (line.get("labels"), line.get("n").and_then(Value::as_u64)) {
                let dim = labels.len() / (n.max(1) as usize);
                if dim == 0 || labels.len() as u64 != dim as u64 * n {
                    return Err(fault(
                        "labels",
                        format!("a list of {}", labels.len()),
                        format!("a multiple of n = {n}"),
                    ));
                }
                let folded: Vec<Value> = labels.chunks_exact(dim).map(|label| json!(label)).collect();
                line.insert("labels".to_owned(), Value::Array(folded));
            }
            let class = match next()? {
                Cell::Id(class) => Some(SymmetryClass(class)),
                _ => None,
            };
            let importance = importance(next()?)?;
            let (graph, _) = record::graph::parse_value(Value::Object(line))?;
            Ok(Entry { record: Record::Graph(graph), class, importance })
        }
    }
}

/// Converts a cell to a field of a graph's JSON line, so that rows are validated as lines are.
fn graph_field(field: &'static str, cell: Cell) -> Result<Value, RecordFault> {
    Ok(match cell {
        Cell::Ints(ends) if field == "edges" => {
            if !ends.len().is_multiple_of(2) {
                return Err(fault(field, format!("a list of {}", ends.len()), "two nodes for each edge".to_owned()));
            }
            ends.chunks_exact(2).map(|edge| json!(edge)).collect()
        }
        Cell::Text(text) => serde_json::from_str(&text)
            .map_err(|error| fault(field, shortened(&text), format!("JSON, as in lines of graphs ({error})")))?,
        Cell::Absent => Value::Null,
        Cell::Flag(flag) => json!(flag),
        Cell::Int(int) => json!(int),
        Cell::Id(id) => json!(id),
        Cell::Real(real) => json!(real),
        Cell::Flags(flags) => json!(flags),
        Cell::Ints(ints) => json!(ints),
        Cell::Reals(reals) => json!(reals),
    })
}

fn importance(cell: Cell) -> Result<f64, RecordFault> {
    match cell {
        Cell::Real(importance) if importance > 0.0 && importance.is_finite() => Ok(importance),
        Cell::Real(value) => Err(fault("importance", value, "a number greater than 0".to_owned())),
        _ => Ok(1.0),
    }
}

/// The columns of a maze, not validated.
struct MazeParts {
    rows: Option<i64>,
    cols: Option<i64>,
    torus: bool,
    open: Vec<bool>,
    weights: Option<Vec<i64>>,
    start: Option<i64>,
    end: Option<i64>,
    solution: Option<Vec<i64>>,
}

impl MazeParts {
    fn record(self) -> Result<MazeRecord, RecordFault> {
        let lattice = lattice(self.rows.unwrap_or(0), self.cols.unwrap_or(0), self.torus)?;
        let mut maze = passages(lattice, &self.open)?.to_maze();
        if let Some(weights) = &self.weights {
            maze.graph = weighted(&maze, weights)?;
        }
        let n_cells = lattice.n_cells();
        let cell = |field: String, value: i64| {
            let inside = usize::try_from(value).ok().filter(|&cell| cell < n_cells);
            inside.ok_or_else(|| fault(field, value, format!("a cell: a whole number from 0 to {}", n_cells - 1)))
        };
        let start = self.start.map(|value| cell("start".to_owned(), value)).transpose()?;
        let end = self.end.map(|value| cell("end".to_owned(), value)).transpose()?;
        let path = |path: Vec<i64>| -> Result<Vec<usize>, RecordFault> {
            if path.is_empty() {
                return Err(fault("solution", "empty", "a list of at least one cell, or absent".to_owned()));
            }
            path.into_iter().enumerate().map(|(i, value)| cell(format!("solution[{i}]"), value)).collect()
        };
        MazeRecord::checked(maze, start, end, self.solution.map(path).transpose()?)
    }
}

/// Returns a rectangle or torus, if its size is valid.
pub(crate) fn lattice(rows: i64, cols: i64, torus: bool) -> Result<Lattice, RecordFault> {
    let side = |side: i64| usize::try_from(side).ok().filter(|&side| side > 0);
    let sides = side(rows).zip(side(cols));
    let fits = sides.filter(|(rows, cols)| rows.checked_mul(*cols).is_some_and(|cells| cells <= MAX_CELLS));
    let (rows, cols) = fits.ok_or_else(|| {
        fault("rows, cols", format!("{rows}, {cols}"), format!("both at least 1, and of at most {MAX_CELLS} cells"))
    })?;
    if torus && rows.min(cols) < MIN_TORUS_SIDE {
        let wanted = format!("both at least {MIN_TORUS_SIDE}, since the maze is a torus");
        return Err(fault("rows, cols", format!("{rows}, {cols}"), wanted));
    }
    Ok(Lattice { wraps: torus, ..Lattice::new(rows, cols) })
}

/// Returns the passages of maze-dataset's `connection_list`, given flat.
fn passages(lattice: Lattice, flags: &[bool]) -> Result<PassageSet, RecordFault> {
    let Lattice { rows, cols, .. } = lattice;
    let n_cells = lattice.n_cells();
    if flags.len() != 2 * n_cells {
        let wanted = format!("a list of {}: 2 x {rows} x {cols}", 2 * n_cells);
        return Err(fault("connection_list", format!("a list of {}", flags.len()), wanted));
    }
    let mut open = PassageSet::none(lattice);
    for (bit, _) in flags.iter().enumerate().filter(|(_, flag)| **flag) {
        if lattice.cells_at(bit).is_none() {
            let (r, c) = lattice.coord(bit % n_cells);
            let place = format!("connection_list[{}][{r}][{c}]", bit / n_cells);
            let wanted = "false: this passage would leave the grid (on a torus, `torus` is true)".to_owned();
            return Err(fault(place, "true", wanted));
        }
        open.set_bit(bit);
    }
    Ok(open)
}

/// Returns the maze's graph with weights, given like `connection_list`, with 0 at walls.
fn weighted(maze: &Maze, weights: &[i64]) -> Result<Graph, RecordFault> {
    let n_cells = maze.lattice.n_cells();
    if weights.len() != 2 * n_cells {
        let wanted = format!("a list of {}, as long as connection_list", 2 * n_cells);
        return Err(fault("weights", format!("a list of {}", weights.len()), wanted));
    }
    let open = PassageSet::of(maze);
    for (bit, &weight) in weights.iter().enumerate() {
        let (r, c) = maze.lattice.coord(bit % n_cells);
        let wrong = |wanted| Err(fault(format!("weights[{}][{r}][{c}]", bit / n_cells), weight, wanted));
        match open.bit(bit) {
            false if weight != 0 => return wrong("0: there is no open passage".to_owned()),
            true if !(1..=i64::from(MAX_WEIGHT)).contains(&weight) => {
                return wrong(format!("a whole number from 1 to {MAX_WEIGHT}"));
            }
            _ => {}
        }
    }
    let bit = |a: usize, b: usize| maze.lattice.link(a, b).expect("passages join adjacent cells");
    Ok(maze.graph.clone().with_weights(|a, b| weights[bit(a, b)] as u32))
}

fn int(cell: Cell) -> Option<i64> {
    match cell {
        Cell::Int(value) => Some(value),
        _ => None,
    }
}

fn list(cell: Cell) -> Option<Vec<i64>> {
    match cell {
        Cell::Ints(values) => Some(values),
        _ => None,
    }
}

/// Returns the error of an invalid value.
pub(crate) fn fault(field: impl Into<String>, value: impl ToString, form: String) -> RecordFault {
    RecordFault::Form { field: field.into(), value: value.to_string(), form }
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
