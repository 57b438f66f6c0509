//! maze-dataset's archives, `.zanj`: a zip file of `__zanj__.json` and NumPy arrays. Its two minimal forms are read and
//! written, and its full form is read.
//!
//! `__zanj__.json` contains the form, maze-dataset's config and, for each array, either the values or their member.
//! Searchlens adds the key `searchlens` with the [`Header`]. maze-dataset's config names a generator and its options; if it
//! has no such generator, the config says `gen_dfs`, because it loads nothing else. The header has the real one.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use serde_json::{Map, Value, json};

use crate::files::archive::{ArchiveReader, ArchiveWriter, Spool};
use crate::files::fault::FileFault;
use crate::files::format::ZanjForm;
use crate::files::header::Header;
use crate::files::npy::{Array, Dtype};
use crate::files::raw::{Body, RawEntry};
use crate::files::sink::{Sink, wrong_format};
use crate::files::table::{Cell, LONGEST, Row, Table};
use searchlens_tasks::config::TaskConfig;

const MAIN: &str = "__zanj__.json";
const META: &str = "__zanj_meta__.json";

/// Maximum size of `__zanj__.json` in bytes. In the full form it contains the mazes.
const MAX_JSON: usize = 64 << 20;

/// Maximum side of a grid, so that coordinates fit in a signed byte.
const MAX_SIDE: i64 = 127;

/// The key of maze-dataset's class names.
const FORMAT_KEY: &str = "__muutils_format__";

/// Name, type and shape of an array that was written.
type Written = (&'static str, Dtype, Vec<u64>);

/// A `.zanj` file that is being written.
pub(crate) struct ZanjSink {
    archive: ArchiveWriter,
    form: ZanjForm,
    passages: Spool,
    endpoints: Spool,
    lengths: Spool,
    /// All solutions, row and column of each cell.
    solutions: Spool,
    side: Option<i64>,
    longest: u64,
    n: u64,
}

impl ZanjSink {
    /// `folder` is for temporary files.
    pub(crate) fn new(file: File, folder: &Path, form: ZanjForm) -> Result<ZanjSink, FileFault> {
        Ok(ZanjSink {
            archive: ArchiveWriter::new(file),
            form,
            passages: Spool::new(folder, Dtype::Bool)?,
            endpoints: Spool::new(folder, Dtype::Int(1))?,
            lengths: Spool::new(folder, Dtype::Int(4))?,
            solutions: Spool::new(folder, Dtype::Int(1))?,
            side: None,
            longest: 0,
            n: 0,
        })
    }

    /// Writes the arrays, and returns their descriptions.
    fn put_arrays(&mut self) -> Result<Vec<Written>, FileFault> {
        let side = self.side.unwrap_or(0) as u64;
        let mut members = vec![("maze_connection_lists", Dtype::Bool, vec![self.n, 2, side, side])];
        self.passages.put(&mut self.archive, "maze_connection_lists.npy", &[self.n, 2, side, side])?;
        if self.form == ZanjForm::SolutionsJoined {
            members.push(("maze_endpoints", Dtype::Int(1), vec![self.n, 2, 2]));
            self.endpoints.put(&mut self.archive, "maze_endpoints.npy", &[self.n, 2, 2])?;
        }
        members.push(("maze_solution_lengths", Dtype::Int(4), vec![self.n]));
        self.lengths.put(&mut self.archive, "maze_solution_lengths.npy", &[self.n])?;
        match self.form {
            ZanjForm::SolutionsJoined => {
                let shape = [self.solutions.len / 2, 2];
                members.push(("maze_solutions_concat", Dtype::Int(1), shape.to_vec()));
                self.solutions.put(&mut self.archive, "maze_solutions_concat.npy", &shape)?;
            }
            ZanjForm::Minimal => {
                let shape = [self.n, self.longest, 2];
                members.push(("maze_solutions", Dtype::Int(1), shape.to_vec()));
                let (mut lengths, mut solutions) = (self.lengths.rewound()?, self.solutions.rewound()?);
                let (n, longest) = (self.n, self.longest as usize);
                self.archive.array("maze_solutions.npy", Dtype::Int(1), &shape, |out| {
                    let mut row = vec![0; 2 * longest];
                    for _ in 0..n {
                        let mut len = [0; 4];
                        lengths.read_exact(&mut len)?;
                        let len = 2 * u32::from_le_bytes(len) as usize;
                        solutions.read_exact(&mut row[..len])?;
                        row[len..].fill(0);
                        out.write_all(&row)?;
                    }
                    Ok(())
                })?;
            }
        }
        Ok(members)
    }
}

impl Sink for ZanjSink {
    fn write(&mut self, raw: RawEntry) -> Result<(), FileFault> {
        let Body::Row(row) = raw.body else { return Err(wrong_format()) };
        let number = raw.number;
        let cannot = |what| {
            let instead = ".parquet, .npz or .jsonl";
            Err(FileFault::CannotHold { number, what, format: ".zanj", instead })
        };
        if row.table == Table::Graphs {
            return cannot("it is a graph");
        }
        let Ok([rows, cols, torus, passages, weights, start, end, solution, _, importance]) =
            <[Cell; 10]>::try_from(row.cells)
        else {
            return Err(wrong_format());
        };
        let (Cell::Int(rows), Cell::Int(cols), Cell::Flags(passages)) = (rows, cols, passages) else {
            return Err(wrong_format());
        };
        let (Cell::Int(start), Cell::Int(end), Cell::Ints(solution)) = (start, end, solution) else {
            return cannot("it lacks an end or the solution");
        };
        if torus == Cell::Flag(true) {
            return cannot("it is a torus");
        }
        if weights != Cell::Absent {
            return cannot("its passages have weights");
        }
        if importance != Cell::Real(1.0) {
            return cannot("a maze of a balanced set has an importance");
        }
        if rows != cols || rows > MAX_SIDE {
            return cannot("it is not a square of at most 127 x 127 cells");
        }
        if *self.side.get_or_insert(rows) != rows {
            return cannot("it is of another size than the first");
        }
        self.n += 1;
        self.longest = self.longest.max(solution.len() as u64);
        self.passages.push(&passages.into_iter().map(u8::from).collect::<Vec<_>>())?;
        self.endpoints.push_ints([start, end].into_iter().flat_map(|cell| [cell / cols, cell % cols]))?;
        self.lengths.push_ints([solution.len() as i64])?;
        self.solutions.push_ints(solution.into_iter().flat_map(|cell| [cell / cols, cell % cols]))
    }

    fn finish(mut self: Box<Self>, header: &Header) -> Result<(), FileFault> {
        let members = self.put_arrays()?;
        let mut main = Map::new();
        main.insert(FORMAT_KEY.to_owned(), json!(self.form.name()));
        main.insert("cfg".to_owned(), config(header, self.side.unwrap_or(1)));
        main.insert("fname".to_owned(), Value::Null);
        main.insert("generation_metadata_collected".to_owned(), Value::Null);
        let mut externals = Map::new();
        for (name, dtype, shape) in members {
            let member = format!("{name}.npy");
            let n_elements: u64 = shape.iter().product();
            let reference = json!({
                FORMAT_KEY: "numpy.ndarray:external", "$ref": member, "shape": shape,
                "dtype": dtype.name(), "n_elements": n_elements,
            });
            main.insert(name.to_owned(), reference);
            externals.insert(member, json!({"item_type": "npy", "path": [name]}));
        }
        main.insert("searchlens".to_owned(), json!(header));
        self.archive.bytes(MAIN, Value::Object(main).to_string().as_bytes())?;
        self.archive.bytes(META, json!({"zanj_cfg": {}, "externals_info": externals}).to_string().as_bytes())?;
        self.archive.finish()
    }
}

/// Returns maze-dataset's config, as close to the task as it can express.
fn config(header: &Header, side: i64) -> Value {
    let source = header.source.as_ref();
    let task = source.map(|source| &source.task);
    let (name, generator, options) = match task {
        Some(TaskConfig::Maze(maze)) => generator(&json!(maze)),
        _ => ("gen_dfs".to_owned(), false, Map::new()),
    };
    let task_name = task.map_or("mazes".to_owned(), TaskConfig::name);
    json!({
        FORMAT_KEY: "MazeDatasetConfig(SerializableDataclass)",
        "name": if generator { task_name } else { format!("{task_name}, not by {name}") },
        "seq_len_min": 1,
        "seq_len_max": 512,
        "seed": source.map_or(0, |source| source.seed),
        "applied_filters": [],
        "grid_n": side,
        "n_mazes": header.n,
        "maze_ctor": {
            "__name__": name, "__module__": "maze_dataset.generation.generators", "__doc__": [], "source_code": [],
        },
        "maze_ctor_kwargs": options,
        "endpoint_kwargs": {},
        "_fname_loaded": null,
    })
}

/// Returns maze-dataset's name of a generator, whether it has this generator, and its options.
fn generator(maze: &Value) -> (String, bool, Map<String, Value>) {
    const SHARED: [&str; 6] = ["dfs", "wilson", "kruskal", "recursive_division", "percolation", "dfs_percolation"];
    const OPTIONS: [&str; 5] = ["p", "accessible_cells", "max_tree_depth", "do_forks", "randomized_stack"];
    let name = maze["generator"].as_str().unwrap_or_default();
    if !SHARED.contains(&name) {
        return ("gen_dfs".to_owned(), false, Map::new());
    }
    let given = OPTIONS.into_iter().filter_map(|option| Some((option, maze.get(option)?)));
    let options = given.filter(|(_, value)| !value.is_null()).map(|(option, value)| (option.to_owned(), value.clone()));
    (format!("gen_{name}"), true, options.collect())
}

/// The raw entries of a `.zanj` file.
pub(crate) struct RawEntries {
    mazes: Mazes,
    n: u64,
    next: u64,
}

enum Mazes {
    /// The full form: each maze as JSON, in reverse order.
    Full(Vec<Value>),
    /// The minimal forms.
    Arrays(Box<Arrays>),
}

/// The arrays of a minimal form.
struct Arrays {
    passages: Array,
    lengths: Array,
    solutions: Array,
    /// Rows and columns of every maze.
    sides: [i64; 2],
    /// Number of cells to which solutions are padded, if they are.
    width: Option<usize>,
}

/// Opens a `.zanj` file.
pub(crate) fn open(path: &Path) -> Result<(Option<Header>, RawEntries), FileFault> {
    let archive = ArchiveReader::open(path)?;
    let main = archive.bytes(MAIN, MAX_JSON)?;
    let mut main: Value =
        serde_json::from_slice(&main).map_err(|error| FileFault::part(MAIN, format!("is not JSON: {error}")))?;
    let header = match main.get_mut("searchlens").map(Value::take) {
        None => None,
        Some(header) => Some(Header::from_json("searchlens", header.to_string().as_bytes())?),
    };
    let format = main[FORMAT_KEY].as_str().unwrap_or_default().to_owned();
    let solutions = match format.as_str() {
        "MazeDataset" => {
            let mazes = full(&archive, main["mazes"].take())?;
            return Ok((header, RawEntries { n: mazes.len() as u64, mazes: Mazes::Full(mazes), next: 0 }));
        }
        name if name == ZanjForm::Minimal.name() => "maze_solutions",
        name if name == ZanjForm::SolutionsJoined.name() => "maze_solutions_concat",
        other => {
            let what = format!("has the unknown form {other:?}");
            let remedy = "give a file of the form MazeDataset, MazeDataset:minimal or MazeDataset:minimal_soln_cat";
            return Err(FileFault::Part { part: MAIN.to_owned(), what, remedy });
        }
    };
    let passages = array(&archive, &main, "maze_connection_lists")?;
    let lengths = array(&archive, &main, "maze_solution_lengths")?;
    let solutions = array(&archive, &main, solutions)?;
    let shape = |array: &Array| FileFault::part(&array.name, format!("is of shape {:?}", array.shape));
    let [n, 2, rows, cols] = passages.shape[..] else { return Err(shape(&passages)) };
    let width = match solutions.shape[..] {
        [of, width, 2] if of == n && format == ZanjForm::Minimal.name() => Some(width),
        [_, 2] if format == ZanjForm::SolutionsJoined.name() => None,
        _ => return Err(shape(&solutions)),
    };
    if lengths.shape != [n] {
        return Err(shape(&lengths));
    }
    let longest = 2 * LONGEST as u64;
    if width.is_some_and(|width| width > longest) || rows.saturating_mul(cols) > longest {
        return Err(FileFault::too_long("a maze", format!("{rows} x {cols} cells, or more in its path"), LONGEST));
    }
    let (sides, width) = ([rows as i64, cols as i64], width.map(|width| width as usize));
    let mazes = Mazes::Arrays(Box::new(Arrays { passages, lengths, solutions, sides, width }));
    Ok((header, RawEntries { mazes, n, next: 0 }))
}

/// Opens an array, from its member or from the JSON itself, which contains small ones.
fn array(archive: &ArchiveReader, main: &Value, name: &str) -> Result<Array, FileFault> {
    let value = main.get(name).ok_or_else(|| FileFault::part(name, format!("is missing from {MAIN}")))?;
    match value.get("$ref").and_then(Value::as_str) {
        Some(member) => archive.array(member),
        None => {
            let (shape, values) = numbers(value).ok_or_else(|| FileFault::part(name, "is not an array of integers"))?;
            Ok(Array::of_ints(name, shape, &values))
        }
    }
}

/// Returns shape and values of an array in JSON; booleans become 0 and 1.
fn numbers(array: &Value) -> Option<(Vec<u64>, Vec<i64>)> {
    fn flatten(value: &Value, values: &mut Vec<i64>) -> Option<()> {
        let number = match value {
            Value::Array(items) => return items.iter().try_for_each(|item| flatten(item, values)),
            Value::Bool(flag) => i64::from(*flag),
            number => number.as_i64()?,
        };
        values.push(number);
        Some(())
    }
    let shape = array["shape"].as_array()?.iter().map(Value::as_u64).collect::<Option<Vec<u64>>>()?;
    let mut values = Vec::new();
    flatten(&array["data"], &mut values)?;
    let wanted = shape.iter().try_fold(1u64, |n, &side| n.checked_mul(side))?;
    (wanted == values.len() as u64).then_some((shape, values))
}

/// Returns the mazes of the full form, from the JSON or (if there are many) from a member of JSON lines, in reverse order.
fn full(archive: &ArchiveReader, mazes: Value) -> Result<Vec<Value>, FileFault> {
    let mut mazes = match mazes.get("$ref").and_then(Value::as_str) {
        None => match mazes {
            Value::Array(mazes) => mazes,
            _ => return Err(FileFault::part("mazes", "is not a list")),
        },
        Some(member) => {
            let lines = archive.bytes(member, MAX_JSON)?;
            let wrong = |error: serde_json::Error| FileFault::part(member, format!("is not JSON lines: {error}"));
            serde_json::Deserializer::from_slice(&lines).into_iter().collect::<Result<_, _>>().map_err(wrong)?
        }
    };
    mazes.reverse();
    Ok(mazes)
}

impl Iterator for RawEntries {
    type Item = Result<RawEntry, FileFault>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.next == self.n {
            return None;
        }
        self.next += 1;
        let cells = match &mut self.mazes {
            Mazes::Full(mazes) => mazes.pop().map_or_else(|| Err(wrong_format()), |maze| full_cells(&maze)),
            Mazes::Arrays(arrays) => array_cells(arrays),
        };
        Some(cells.map(|cells| RawEntry { number: self.next, body: Body::Row(Row { table: Table::Mazes, cells }) }))
    }
}

fn array_cells(arrays: &mut Arrays) -> Result<Vec<Cell>, FileFault> {
    let Arrays { passages, lengths, solutions, sides, width } = arrays;
    let passages = passages.flags((2 * sides[0] * sides[1]) as usize)?;
    let len = lengths.ints(1)?[0];
    let most = width.unwrap_or(LONGEST);
    let len = usize::try_from(len)
        .ok()
        .filter(|&len| (1..=most).contains(&len))
        .ok_or_else(|| FileFault::part(&lengths.name, format!("has {len}, but a path has 1 to {most} cells")))?;
    let mut coords = solutions.ints(2 * width.unwrap_or(len))?;
    coords.truncate(2 * len);
    cells(&solutions.name, *sides, passages, &coords)
}

fn full_cells(maze: &Value) -> Result<Vec<Cell>, FileFault> {
    let array = |name: &str| {
        let what = "is not an array in the JSON itself; save the data set in its minimal form";
        numbers(&maze[name]).ok_or_else(|| FileFault::part(format!("mazes.{name}"), what))
    };
    let (shape, passages) = array("connection_list")?;
    let [2, rows, cols] = shape[..] else {
        return Err(FileFault::part("mazes.connection_list", format!("is of shape {shape:?}")));
    };
    let (_, coords) = array("solution")?;
    cells("mazes.solution", [rows as i64, cols as i64], passages.iter().map(|&flag| flag != 0).collect(), &coords)
}

/// Returns the table cells of a maze whose solution is given as rows and columns.
fn cells(name: &str, [rows, cols]: [i64; 2], passages: Vec<bool>, coords: &[i64]) -> Result<Vec<Cell>, FileFault> {
    let inside = |&[r, c]: &[i64; 2]| (0..rows).contains(&r) && (0..cols).contains(&c);
    let (pairs, _) = coords.as_chunks::<2>();
    if let Some(outside) = pairs.iter().find(|pair| !inside(pair)) {
        return Err(FileFault::part(name, format!("has cell {outside:?}, outside {rows} rows and {cols} columns")));
    }
    let path: Vec<i64> = pairs.iter().map(|[r, c]| r * cols + c).collect();
    let end = |cell: Option<&i64>| cell.map_or(Cell::Absent, |&cell| Cell::Int(cell));
    let (start, goal) = (end(path.first()), end(path.last()));
    let solution = if path.is_empty() { Cell::Absent } else { Cell::Ints(path) };
    let passages = Cell::Flags(passages);
    let none = || Cell::Absent;
    Ok(vec![Cell::Int(rows), Cell::Int(cols), none(), passages, none(), start, goal, solution, none(), none()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_generators_keep_their_options() {
        let maze = json!({"generator": "dfs_percolation", "p": 0.25, "max_tree_depth": null, "rows": 3});
        let (name, known, options) = generator(&maze);
        assert_eq!((name.as_str(), known, Value::Object(options)), ("gen_dfs_percolation", true, json!({"p": 0.25})));
        let (name, known, options) = generator(&json!({"generator": "sidewinder", "p": 0.25}));
        assert_eq!((name.as_str(), known, options.len()), ("gen_dfs", false, 0));
    }
}
