//! Exact counts of the mazes that a generator can make, also up to symmetry.

use std::collections::{BTreeMap, BTreeSet};

use num_bigint::{BigInt, BigUint};
use num_traits::{One, Zero};

use crate::mazes::config::MazeConfig;
use crate::mazes::generators::{Dfs, Generator, Start};
use crate::problem::maze::Lattice;
use crate::problem::passages::PassageSet;
use crate::splits::symmetry::{Symmetries, Symmetry};
use searchlens_base::fault::{Fault, HasFault};

/// Numbers of mazes and problems.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Distinct mazes (sets of open passages, endpoints aside).
    pub mazes: BigUint,
    /// Mazes up to the symmetries of the lattice; `None` if that needs a listing of all mazes, and they are too many.
    pub classes: Option<BigUint>,
    /// Mazes with a start and an end: two different, connected cells.
    pub problems: BigUint,
    /// Problems up to the symmetries of the lattice; `None` as in `classes`.
    pub problem_classes: Option<BigUint>,
}

/// Errors of counting.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum CountError {
    /// Too many mazes to list, and no formula.
    #[error(
        "rows = {rows}, cols = {cols}: mazes of the generator `{generator}` are counted by listing them, which ends at \
         {MAX_DFS_CELLS} cells ({MAX_TORUS_CELLS} on a torus); make the maze smaller, or count `wilson`, for which there is a formula"
    )]
    TooManyToList { generator: &'static str, rows: usize, cols: usize },
    /// No method counts these mazes.
    #[error(
        "mazes of the generator `{generator}` with these options are not counted; those of `dfs` with no options but \
         `start` and `do_forks`, of `wilson`, `aldous_broder`, `kruskal` and of `prim` without limits are, unbraided"
    )]
    NoCount { generator: &'static str },
    /// Weights or endpoint rules change the set of problems.
    #[error(
        "{field}: mazes are counted unweighted, and problems with any two different cells as endpoints; leave {field} out"
    )]
    Ruled { field: &'static str },
    /// Too large for exact arithmetic in reasonable time.
    #[error(
        "rows = {rows}, cols = {cols}: exact counting ends at {MAX_FORMULA_CELLS} cells \
         ({MAX_TORUS_FORMULA_CELLS} on a torus); make the maze smaller"
    )]
    TooLarge { rows: usize, cols: usize },
}

impl HasFault for CountError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// The largest lattice whose spanning trees are listed one by one.
pub const MAX_LISTED_CELLS: usize = 16;

/// The largest lattice whose DFS mazes are listed one by one: they are far fewer than its spanning trees.
pub const MAX_DFS_CELLS: usize = 25;

/// The largest torus whose mazes are listed one by one.
pub const MAX_TORUS_CELLS: usize = 12;

/// The largest torus whose spanning trees are counted by Kirchhoff's theorem: its matrix is not banded.
pub const MAX_TORUS_FORMULA_CELLS: usize = 144;

/// The largest lattice whose spanning trees are counted by Kirchhoff's theorem.
pub const MAX_FORMULA_CELLS: usize = 1024;

/// Counts the mazes that a generator can make, and the problems in them.
///
/// ```
/// use searchlens_tasks::mazes::config::MazeConfig;
/// use searchlens_tasks::mazes::count::count;
/// use searchlens_tasks::mazes::generators::Generator;
///
/// let counts = count(&MazeConfig::new(Generator::Wilson, 3, 3)?)?;
/// assert_eq!(counts.mazes, 192u32.into());
/// assert_eq!(counts.classes, Some(28u32.into()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// If no method counts them (as with weights and endpoint rules), or the lattice is too large: for DFS beyond
/// [`MAX_DFS_CELLS`], for all spanning trees beyond [`MAX_FORMULA_CELLS`] (corridors have one maze and are never too large).
pub fn count(maze: &MazeConfig) -> Result<Counts, CountError> {
    let lattice = maze.lattice();
    let Lattice { rows, cols, .. } = lattice;
    if let Some(field) = maze.endpoints().first_given().or((maze.max_weight() > 1).then_some("max_weight")) {
        return Err(CountError::Ruled { field });
    }
    if maze.has_fixed_passages() && rows.min(cols) == 1 {
        // Reversing a corridor reverses every problem, so no problem is its own image.
        let problems = BigUint::from(lattice.n_cells()) * (lattice.n_cells() - 1);
        let problem_classes = Some(&problems / 2u32);
        return Ok(Counts { mazes: BigUint::one(), classes: Some(BigUint::one()), problems, problem_classes });
    }
    let at_most = |cells: usize, on_torus: usize| lattice.n_cells() <= if lattice.wraps { on_torus } else { cells };
    let generator = maze.generator().name();
    match possible(maze) {
        Possible::Searches(start) if at_most(MAX_DFS_CELLS, MAX_TORUS_CELLS) => {
            Ok(counts_of(lattice, &dfs_trees(lattice, start)))
        }
        Possible::Walks(start) if at_most(MAX_DFS_CELLS, MAX_TORUS_CELLS) => {
            Ok(counts_of(lattice, &hallways(lattice, start)))
        }
        Possible::Searches(_) | Possible::Walks(_) => Err(CountError::TooManyToList { generator, rows, cols }),
        Possible::Trees if at_most(MAX_LISTED_CELLS, MAX_TORUS_CELLS) => {
            Ok(counts_of(lattice, &spanning_trees(lattice)))
        }
        Possible::Trees if at_most(MAX_FORMULA_CELLS, MAX_TORUS_FORMULA_CELLS) => {
            let mazes = count_spanning_trees(lattice);
            let problems = &mazes * (lattice.n_cells() * (lattice.n_cells() - 1));
            Ok(Counts { mazes, classes: None, problems, problem_classes: None })
        }
        Possible::Trees => Err(CountError::TooLarge { rows, cols }),
        Possible::Unknown => Err(CountError::NoCount { generator }),
    }
}

/// The mazes of a config, by how they are counted.
enum Possible {
    /// Results of depth-first search from these starts.
    Searches(Start),
    /// Results of depth-first search without forks from these starts: single corridors.
    Walks(Start),
    /// All spanning trees of the lattice.
    Trees,
    /// No method counts these.
    Unknown,
}

fn possible(maze: &MazeConfig) -> Possible {
    if maze.braid().is_some() {
        return Possible::Unknown;
    }
    match maze.generator() {
        Generator::Dfs(Dfs { start, .. }) if maze.generator() == Generator::Dfs(Dfs { start, ..Dfs::default() }) => {
            Possible::Searches(start)
        }
        Generator::Dfs(Dfs { start, .. })
            if maze.generator() == Generator::Dfs(Dfs { start, do_forks: false, ..Dfs::default() }) =>
        {
            Possible::Walks(start)
        }
        Generator::Wilson | Generator::AldousBroder | Generator::Kruskal => Possible::Trees,
        // From any start a tree can be grown edge by edge.
        Generator::Prim(prim) if prim.spans(maze.lattice()) => Possible::Trees,
        _ => Possible::Unknown,
    }
}

/// Counts the spanning trees of a lattice: a cofactor of its Laplacian (Kirchhoff 1847).
///
/// The determinant is computed in exact integers (Bareiss 1968), in `n_cells * min(rows, cols)^2` steps: cells are numbered
/// along the shorter side, so the matrix is banded. (That of a torus is full.)
///
/// # Panics
/// If the lattice has no cells.
pub fn count_spanning_trees(lattice: Lattice) -> BigUint {
    let Lattice { rows, cols, .. } = lattice;
    let lattice = Lattice { rows: rows.max(cols), cols: rows.min(cols), ..lattice };
    // The Laplacian without the last cell's row and column.
    let size = lattice.n_cells() - 1;
    let band = if lattice.wraps { size } else { lattice.cols };
    let degree = |v: usize| lattice.adjacent(v).count();
    let mut matrix: Vec<Vec<BigInt>> = (0..size).map(|i| vec![BigInt::zero(); size.min(i + band + 1)]).collect();
    for i in 0..size {
        matrix[i][i] = BigInt::from(degree(i));
        for j in lattice.adjacent(i).filter(|&j| j < size) {
            matrix[i][j] = BigInt::from(-1);
        }
    }
    let mut last_pivot = BigInt::one();
    for k in 0..size {
        let end = size.min(k + band + 1);
        // Bareiss multiplies every entry by each pivot and divides by the one before. Outside the band that is all that
        // happens, so entries get the product, which telescopes to the last pivot, when the band reaches them.
        if k > 0 && end == k + band + 1 {
            for i in k..end {
                matrix[i][end - 1] *= &last_pivot;
                if i + 1 < end {
                    matrix[end - 1][i] *= &last_pivot;
                }
            }
        }
        let pivot = matrix[k][k].clone();
        for i in k + 1..end {
            for j in k + 1..end {
                let product = &matrix[i][k] * &matrix[k][j];
                let entry = &mut matrix[i][j];
                *entry = (&*entry * &pivot - product) / &last_pivot;
            }
        }
        last_pivot = pivot;
    }
    last_pivot.magnitude().clone()
}

/// Lists every spanning tree of a lattice, ascending as numbers.
///
/// Decides the passages in order: opens each that closes no loop, and closes each without which the rest can still connect
/// all cells.
///
/// # Panics
/// If the lattice has more than [`MAX_LISTED_CELLS`] cells.
pub fn spanning_trees(lattice: Lattice) -> Vec<PassageSet> {
    assert!(lattice.n_cells() <= MAX_LISTED_CELLS, "too many cells to list their trees");
    let pairs: Vec<(usize, usize)> = lattice.adjacent_pairs().collect();
    let mut trees = Vec::new();
    extend_trees(&pairs, 0, &mut vec![false; pairs.len()], &mut |open| {
        let mut tree = PassageSet::none(lattice);
        pairs.iter().zip(open).filter(|(_, open)| **open).for_each(|(&(a, b), _)| tree.open(a, b));
        trees.push(tree);
    });
    trees.sort();
    trees
}

/// Calls `found` for every spanning tree that agrees with `open` on the first `decided` passages.
fn extend_trees(pairs: &[(usize, usize)], decided: usize, open: &mut Vec<bool>, found: &mut impl FnMut(&[bool])) {
    let Some(&(a, b)) = pairs.get(decided) else { return found(open) };
    let joined = |open: &[bool], rest: usize| {
        let usable = pairs.iter().enumerate().filter(|&(i, _)| if i < decided { open[i] } else { i >= rest });
        component_of(a, usable.map(|(_, &pair)| pair)) >> b & 1 == 1
    };
    if !joined(open, pairs.len()) {
        open[decided] = true;
        extend_trees(pairs, decided + 1, open, found);
        open[decided] = false;
    }
    if joined(open, decided + 1) {
        extend_trees(pairs, decided + 1, open, found);
    }
}

/// Returns the cells reachable from `cell`, as a bit set.
fn component_of(cell: usize, pairs: impl Iterator<Item = (usize, usize)> + Clone) -> u64 {
    let mut reached = 1u64 << cell;
    loop {
        let before = reached;
        for (a, b) in pairs.clone() {
            if (reached >> a | reached >> b) & 1 == 1 {
                reached |= 1 << a | 1 << b;
            }
        }
        if reached == before {
            return reached;
        }
    }
}

/// Lists every maze that randomised depth-first search can make, ascending as numbers, by following all choices.
///
/// # Panics
/// If the lattice has more than [`MAX_DFS_CELLS`] cells.
pub fn dfs_trees(lattice: Lattice, start: Start) -> Vec<PassageSet> {
    assert!(lattice.n_cells() <= MAX_DFS_CELLS, "too many cells to follow all choices");
    let symmetries = Symmetries::of(lattice);
    let all = Symmetry::all_of(lattice);
    let mut by_corner: BTreeMap<usize, Vec<PassageSet>> = BTreeMap::new();
    let mut trees = Vec::new();
    for cell in start.cells(lattice) {
        // Searches from two cells that a symmetry swaps make each other's images: only one is followed.
        let moved = all.iter().map(|&symmetry| (symmetry.apply(lattice, cell), symmetry)).min_by_key(|&(to, _)| to);
        let (corner, _) = moved.expect("a lattice has at least the identity");
        let back =
            all.iter().find(|symmetry| symmetry.apply(lattice, corner) == cell).expect("symmetries have inverses");
        let made = by_corner.entry(corner).or_insert_with(|| dfs_trees_from(lattice, corner));
        trees.extend(made.iter().map(|tree| symmetries.image(*back, tree)));
    }
    trees.sort_unstable();
    trees.dedup();
    trees
}

/// Lists every maze that a depth-first search from `start` can make.
///
/// After each carving, the future depends only on the passages and the current cell, since the passages hold the path back
/// to the start. States reached by several choices are followed once.
fn dfs_trees_from(lattice: Lattice, start: usize) -> Vec<PassageSet> {
    let adjacent: Vec<Vec<(usize, u64)>> = (0..lattice.n_cells())
        .map(|v| {
            let bit = |to| PassageSet::with(lattice, v, to).words()[0];
            lattice.adjacent(v).map(|to| (to, bit(to))).collect()
        })
        .collect();
    // Open passages as one word, and the current cell.
    let mut states: Vec<(u64, usize)> = vec![(0, start)];
    for _ in 1..lattice.n_cells() {
        let mut next = Vec::with_capacity(2 * states.len());
        states.iter().for_each(|&(open, at)| follow_choices(&adjacent, start, open, at, &mut next));
        next.sort_unstable();
        next.dedup();
        states = next;
    }
    let mut words: Vec<u64> = states.into_iter().map(|(open, _)| open).collect();
    words.dedup();
    words.into_iter().map(|word| PassageSet::from_word(lattice, word)).collect()
}

/// Appends the states one carving after a state.
fn follow_choices(adjacent: &[Vec<(usize, u64)>], start: usize, open: u64, at: usize, next: &mut Vec<(u64, usize)>) {
    const UNVISITED: usize = usize::MAX;
    // For each visited cell, its predecessor on the path from the start; the start is its own.
    let mut before = [UNVISITED; MAX_DFS_CELLS];
    before[start] = start;
    let (mut found, mut n_found, mut n_done) = ([start; MAX_DFS_CELLS], 1, 0);
    while n_done < n_found {
        let v = found[n_done];
        n_done += 1;
        for &(to, bit) in &adjacent[v] {
            if open & bit != 0 && before[to] == UNVISITED {
                before[to] = v;
                found[n_found] = to;
                n_found += 1;
            }
        }
    }
    // The search backtracks to the first cell with an unvisited neighbour.
    let mut from = at;
    while adjacent[from].iter().all(|&(to, _)| before[to] != UNVISITED) {
        from = before[from];
    }
    let choices = adjacent[from].iter().filter(|&&(to, _)| before[to] == UNVISITED);
    next.extend(choices.map(|&(to, bit)| (open | bit, to)));
}

/// Lists every maze that depth-first search without forks can make, ascending as numbers: self-avoiding walks that end at a
/// cell without unvisited neighbours. All other cells stay walled in. (A corridor that can be carved from either end is
/// listed once.)
///
/// # Panics
/// If the lattice has more than [`MAX_DFS_CELLS`] cells.
pub fn hallways(lattice: Lattice, start: Start) -> Vec<PassageSet> {
    assert!(lattice.n_cells() <= MAX_DFS_CELLS, "too many cells to follow all walks");
    // Open passages, visited cells, current cell.
    let mut walks: Vec<(u64, u64, usize)> = start.cells(lattice).into_iter().map(|cell| (0, 1 << cell, cell)).collect();
    let mut stuck = Vec::new();
    while let Some((open, visited, at)) = walks.pop() {
        let before = walks.len();
        for to in lattice.adjacent(at).filter(|to| visited >> to & 1 == 0) {
            let link = lattice.link(at, to).expect("neighbours are adjacent");
            walks.push((open | 1 << link, visited | 1 << to, to));
        }
        if walks.len() == before {
            stuck.push(open);
        }
    }
    stuck.sort_unstable();
    stuck.dedup();
    stuck.into_iter().map(|word| PassageSet::from_word(lattice, word)).collect()
}

/// Counts listed mazes. Problems up to symmetry are counted by Burnside's lemma: the mean over all symmetries of the number
/// of problems that the symmetry fixes.
fn counts_of(lattice: Lattice, mazes: &[PassageSet]) -> Counts {
    let symmetries = Symmetries::of(lattice);
    let classes: BTreeSet<PassageSet> = mazes.iter().map(|maze| symmetries.canonical_image(maze)).collect();
    let all = Symmetry::all_of(lattice);
    let left = |&symmetry: &Symmetry| {
        let fixed: Vec<usize> = (0..lattice.n_cells()).filter(|&v| symmetry.apply(lattice, v) == v).collect();
        if fixed.len() < 2 {
            return 0;
        }
        let unchanged = mazes.iter().filter(|maze| symmetries.image(symmetry, maze) == **maze);
        unchanged.map(|maze| joined_pairs(maze, &fixed)).sum()
    };
    let of_each: Vec<u64> = all.iter().map(left).collect();
    Counts {
        mazes: BigUint::from(mazes.len()),
        classes: Some(BigUint::from(classes.len())),
        problems: BigUint::from(of_each[0]),
        problem_classes: Some(BigUint::from(of_each.iter().sum::<u64>() / all.len() as u64)),
    }
}

/// Counts the ordered pairs of different, connected cells among `cells`.
fn joined_pairs(maze: &PassageSet, cells: &[usize]) -> u64 {
    let parts = maze.components();
    let mut sizes = BTreeMap::<u32, u64>::new();
    cells.iter().for_each(|&cell| *sizes.entry(parts[cell]).or_insert(0) += 1);
    sizes.values().map(|size| size * (size - 1)).sum()
}
