//! Mazes as bits: the problems of shards. [`crate::files::shard`] describes the layout.

use std::collections::BTreeMap;

use searchlens_tasks::mazes::error::MAX_WEIGHT;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::Lattice;
use searchlens_tasks::problem::passages::PassageSet;
use searchlens_tasks::problem::solve::DistanceField;

use crate::files::bits::{BitReader, BitWriter, width_of};
use crate::files::entry::Entry;
use crate::files::table::fault;
use crate::record::{MazeRecord, Record, RecordFault};

/// Packs a maze.
///
/// # Errors
/// The property that shards cannot represent.
pub(crate) fn pack(entry: &Entry) -> Result<(Lattice, Vec<u8>), &'static str> {
    let Record::Maze(record) = &entry.record else { return Err("it is a graph") };
    if entry.importance != 1.0 {
        return Err("a maze of a balanced set has an importance");
    }
    let MazeRecord { maze, start, end, solution } = record;
    let lattice = maze.lattice;
    let open = PassageSet::of(maze);
    let mut bits = BitWriter::default();
    for (a, b) in lattice.adjacent_pairs() {
        bits.push(1, u64::from(open.is_open(a, b)));
    }
    let node_width = width_of(lattice.n_cells() as u64);
    for node in [start, end] {
        bits.push(node_width, node.unwrap_or(lattice.n_cells()) as u64);
    }
    bits.push(1, u64::from(maze.graph.is_weighted()));
    if maze.graph.is_weighted() {
        let weights =
            || maze.passages().filter_map(|(a, b)| maze.graph.weight(a, b)).map(|weight| u64::from(weight - 1));
        let width = width_of(weights().max().unwrap_or(0));
        bits.push(4, u64::from(width));
        weights().for_each(|weight| bits.push(width, weight));
    }
    if let (Some(_), Some(end), Some(path)) = (start, end, solution) {
        match choices(&DistanceField::to(&maze.graph, *end), &maze.graph, path) {
            Some(choices) => {
                bits.push(1, 0);
                choices.into_iter().for_each(|(width, choice)| bits.push(width, choice));
            }
            None => {
                bits.push(1, 1);
                bits.push(32, path.len() as u64 - 1);
                path.windows(2).for_each(|step| bits.push(2, heading(lattice, step[0], step[1])));
            }
        }
    }
    Ok((lattice, bits.finish()))
}

/// Returns, for each cell of a shortest path with several optimal next cells, the width in bits of the choice and the
/// choice. `None` if the path is not a shortest one.
fn choices(field: &DistanceField, graph: &Graph, path: &[usize]) -> Option<Vec<(u32, u64)>> {
    let ends_there = path.last() == Some(&field.target());
    let mut choices = Vec::new();
    for step in path.windows(2) {
        let ways = field.successors(graph, step[0]);
        let choice = ways.clone().position(|way| way == step[1])?;
        match ways.count() {
            1 => {}
            n => choices.push((width_of(n as u64 - 1), choice as u64)),
        }
    }
    ends_there.then_some(choices)
}

/// Returns the direction of an adjacent cell: east 0, west 1, south 2, north 3.
fn heading(lattice: Lattice, from: usize, to: usize) -> u64 {
    (0..4).find(|&heading| neighbour(lattice, from, heading) == Some(to)).expect("steps lead to adjacent cells")
}

/// Returns the cell in a direction, if there is one.
fn neighbour(lattice: Lattice, from: usize, heading: u64) -> Option<usize> {
    match heading {
        0 => lattice.east(from),
        1 => lattice.west(from),
        2 => lattice.south(from),
        _ => lattice.north(from),
    }
}

/// Unpacks and validates a maze that [`pack`] packed.
pub(crate) fn unpack(lattice: Lattice, bytes: &[u8]) -> Result<Entry, RecordFault> {
    let ends_early = || fault("bits", format!("{} bytes", bytes.len()), "longer: the problem is cut off".to_owned());
    let mut bits = BitReader::new(bytes);
    let mut pull = |width: u32| bits.pull(width).ok_or_else(ends_early);
    let mut open = PassageSet::none(lattice);
    for (a, b) in lattice.adjacent_pairs() {
        if pull(1)? == 1 {
            open.open(a, b);
        }
    }
    let mut maze = open.to_maze();
    let n_cells = lattice.n_cells();
    let mut node = |field: &str| match pull(width_of(n_cells as u64))? as usize {
        absent if absent == n_cells => Ok(None),
        node if node < n_cells => Ok(Some(node)),
        node => Err(fault(field, node, format!("a cell below {n_cells}"))),
    };
    let (start, end) = (node("start")?, node("end")?);
    if pull(1)? == 1 {
        let width = pull(4)? as u32;
        if width > 10 {
            return Err(fault("weights", format!("{width} bits wide"), "at most 10 bits wide".to_owned()));
        }
        let mut weights = BTreeMap::new();
        for passage in maze.passages() {
            weights.insert(passage, pull(width)? as u32 + 1);
        }
        if let Some(weight) = weights.values().find(|&&weight| weight > MAX_WEIGHT) {
            return Err(fault("weights", weight, format!("at most {}", MAX_WEIGHT)));
        }
        maze.graph = maze.graph.with_weights(|a, b| weights[&(a, b)]);
    }
    let solution = match start.zip(end) {
        None => None,
        Some((start, end)) if pull(1)? == 0 => {
            let field = DistanceField::to(&maze.graph, end);
            let mut path = vec![start];
            let mut at = start;
            while field.distance(at).is_some_and(|steps| steps > 0) {
                let ways = field.successors(&maze.graph, at);
                let n_ways = ways.clone().count();
                let choice = if n_ways > 1 { pull(width_of(n_ways as u64 - 1))? as usize } else { 0 };
                let next = ways.clone().nth(choice);
                at = next.ok_or_else(|| fault("solution", choice, format!("one of {n_ways} ways on")))?;
                path.push(at);
            }
            Some(path)
        }
        Some((start, _)) => {
            let n_steps = pull(32)?;
            let mut path = vec![start];
            let mut at = start;
            for _ in 0..n_steps {
                let next = neighbour(lattice, at, pull(2)?);
                at = next.ok_or_else(|| fault("solution", at, "a cell with a neighbour that way".to_owned()))?;
                path.push(at);
            }
            Some(path)
        }
    };
    Ok(Entry::of_maze(MazeRecord::checked(maze, start, end, solution)?, 1.0))
}
