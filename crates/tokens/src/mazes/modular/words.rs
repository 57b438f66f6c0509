//! The words of maze-dataset: its 4096 in id order, those of its legacy modes, and the few that a tokenizer can write
//! on one lattice.

use std::sync::{Arc, LazyLock};

use searchlens_tasks::problem::maze::Lattice;

use crate::name::legacy::LegacyMode;
use crate::name::modular::{Coords, Elements, Grouping, Part, Permuter, Prompt, StepSize, Subset, Trailing};
use crate::sequence::vocab::Vocab;

/// Words other than cells and numbers, in the order of their ids in [`universal`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sign {
    AdjlistStart,
    AdjlistEnd,
    TargetStart,
    TargetEnd,
    OriginStart,
    OriginEnd,
    PathStart,
    PathEnd,
    Connector,
    Semicolon,
    Padding,
    Open,
    Comma,
    Close,
    Bars,
    Colon,
    Then,
    North,
    South,
    East,
    West,
    Forward,
    Backward,
    Left,
    Right,
    Step,
    AdjGroup,
    Ampersand,
    Wall,
}

pub(super) const SIGNS: [&str; 29] = [
    "<ADJLIST_START>",
    "<ADJLIST_END>",
    "<TARGET_START>",
    "<TARGET_END>",
    "<ORIGIN_START>",
    "<ORIGIN_END>",
    "<PATH_START>",
    "<PATH_END>",
    "<-->",
    ";",
    "<PADDING>",
    "(",
    ",",
    ")",
    "||",
    ":",
    "THEN",
    "NORTH",
    "SOUTH",
    "EAST",
    "WEST",
    "FORWARD",
    "BACKWARD",
    "LEFT",
    "RIGHT",
    "STEP",
    "ADJ_GROUP",
    "&",
    "<XX>",
];

/// Number of words that all vocabularies of maze-dataset begin with.
const N_SHARED: usize = 11;

/// Side of the largest grid whose cells have words among the 4096.
pub const MAX_UNIQUE: usize = 50;
/// Side of the largest grid whose rows and columns have numbers among the 4096.
pub const MAX_NUMBER: usize = 128;
/// Maximum number of moves of a step that has a word among the 4096.
pub(super) const MAX_DISTANCE: usize = 255;

/// maze-dataset's 4096 words.
pub(super) fn universal() -> &'static Arc<Vocab> {
    static WORDS: LazyLock<Arc<Vocab>> = LazyLock::new(|| Arc::new(Vocab::new(universal_words())));
    &WORDS
}

fn universal_words() -> Vec<String> {
    let mut words: Vec<String> = SIGNS[..N_SHARED].iter().map(|&word| word.to_owned()).collect();
    let mut push = |some: &[&str]| words.extend(some.iter().map(|&word| word.to_owned()));
    push(&["(", ",", ")", "=", "||", ":", "THEN", "-", "<UNK>"]);
    words.extend(('A'..='Z').map(|letter| format!("TARGET_{letter}")));
    let winds = ["NORTH", "SOUTH", "EAST", "WEST", "NORTHEAST", "NORTHWEST", "SOUTHEAST", "SOUTHWEST", "CENTER"];
    words.extend(winds.map(|wind| format!("TARGET_{wind}")));
    let mut push = |some: &[&str]| words.extend(some.iter().map(|&word| word.to_owned()));
    push(&["NORTH", "SOUTH", "EAST", "WEST", "FORWARD", "BACKWARD", "LEFT", "RIGHT", "STAY"]);
    words.extend((0..=MAX_DISTANCE).map(|length| format!("+{length}")));
    words.extend((0..MAX_NUMBER).map(|number| number.to_string()));
    words.extend((1..=256).rev().map(|number| format!("-{number}")));
    words.extend(["STEP", "ADJ_GROUP", "&", "<XX>"].map(str::to_owned));
    words.extend((words.len()..4096 - MAX_UNIQUE * MAX_UNIQUE).map(|id| format!("<RESERVE_{id}>")));
    words.extend(corner_first(MAX_UNIQUE).into_iter().map(cell));
    words
}

/// Returns the words of a legacy mode for grids of up to `size` rows and columns.
pub(super) fn legacy(mode: LegacyMode, size: usize) -> Vec<String> {
    let mut words: Vec<String> = SIGNS[..N_SHARED].iter().map(|&word| word.to_owned()).collect();
    match mode {
        LegacyMode::UtRasterized => words.extend(raster(size).into_iter().map(cell)),
        LegacyMode::UtUniform => words.extend(corner_first(size).into_iter().map(cell)),
        LegacyMode::CttIndexed => {
            words.extend(["(", ",", ")"].map(str::to_owned));
            words.extend((0..size).map(|number| number.to_string()));
        }
    }
    words
}

/// Returns the words that a tokenizer can write for mazes on `lattice`, and the padding, in the order of their ids among
/// the 4096.
///
/// If the lattice has at least three rows and three columns, each of them occurs in the sequence of some maze and path.
pub(super) fn compact(elements: &Elements, lattice: Lattice) -> Vec<String> {
    let Elements { prompt, coords, edges, path } = elements;
    let mut signs: Vec<Sign> = vec![
        Sign::AdjlistStart,
        Sign::AdjlistEnd,
        Sign::TargetStart,
        Sign::TargetEnd,
        Sign::OriginStart,
        Sign::OriginEnd,
        Sign::PathStart,
        Sign::PathEnd,
        Sign::Padding,
    ];
    let mut when = |wanted: bool, some: &[Sign]| signs.extend(some.iter().filter(|_| wanted));
    when(edges.subset != Subset::Walls, &[Sign::Connector]);
    when(edges.subset != Subset::Passages, &[Sign::Wall]);
    when(edges.post, &[Sign::Semicolon]);
    when(edges.pre, &[Sign::AdjGroup]);
    when(matches!(edges.grouping, Grouping::ByLeadingCoord { intra: true, .. }), &[Sign::Ampersand]);
    if let Coords::Ctt { pre, intra, post } = *coords {
        when(pre, &[Sign::Open]);
        when(intra, &[Sign::Comma]);
        when(post, &[Sign::Close]);
    }
    when(*prompt == Prompt::Aotp { target_post: true }, &[Sign::Bars]);
    when(path.pre, &[Sign::Step]);
    when(path.intra, &[Sign::Colon]);
    when(path.post, &[Sign::Then]);
    let cardinal_edges = edges.trailing == Trailing::Cardinal;
    when(cardinal_edges || path.parts.contains(Part::Cardinal), &[Sign::South, Sign::East]);
    // A sorted list is led by the smaller cell, from which the other lies south or east.
    let backwards = cardinal_edges && edges.permuter != Permuter::Sorted;
    when(backwards || path.parts.contains(Part::Cardinal), &[Sign::North, Sign::West]);
    let turns = [Sign::Forward, Sign::Backward, Sign::Left, Sign::Right];
    when(path.parts.contains(Part::Relative), &turns);

    let mut words: Vec<String> = signs.into_iter().map(|sign| SIGNS[sign as usize].to_owned()).collect();
    if path.parts.contains(Part::Distance) {
        let longest = match path.size {
            StepSize::Singles => 1,
            StepSize::Forks => lattice.n_cells() - 1,
            StepSize::Straightaways | StepSize::ForksAndStraightaways => lattice.rows.max(lattice.cols) - 1,
        };
        words.extend((1..=longest.min(MAX_DISTANCE)).map(|length| format!("+{length}")));
    }
    match coords {
        Coords::Ut => words.extend((0..lattice.n_cells()).map(|node| cell(lattice.coord(node)))),
        Coords::Ctt { .. } => words.extend((0..lattice.rows.max(lattice.cols)).map(|number| number.to_string())),
    }
    let all = universal();
    words.sort_by_cached_key(|word| all.id(word).unwrap_or(u32::MAX));
    words
}

/// Returns the ids of the signs in a vocabulary; `u32::MAX` for those that it lacks.
pub(super) fn sign_ids(vocab: &Vocab) -> [u32; SIGNS.len()] {
    SIGNS.map(|sign| vocab.find(sign).unwrap_or(u32::MAX))
}

/// Returns the words of a vocabulary that name cells or, where cells are written in parts, numbers (as row and column).
pub(super) fn coordinates(vocab: &Vocab, coords: Coords) -> Vec<((usize, usize), u32)> {
    let number = |text: &str| text.parse::<usize>().ok().filter(|_| text.bytes().all(|b| b.is_ascii_digit()));
    let coordinate = |name: &str| match coords {
        Coords::Ut => {
            let (r, c) = name.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
            Some((number(r)?, number(c)?))
        }
        Coords::Ctt { .. } => number(name).map(|n| (n, n)),
    };
    vocab.names().iter().zip(0..).filter_map(|(name, id)| Some((coordinate(name)?, id))).collect()
}

fn cell((r, c): (usize, usize)) -> String {
    format!("({r},{c})")
}

fn raster(size: usize) -> Vec<(usize, usize)> {
    (0..size * size).map(|node| (node / size, node % size)).collect()
}

/// maze-dataset's corner-first order: by the larger coordinate, then by (r, c) in even rows and (c, r) in odd ones, then
/// in raster order. The cells of a small grid come first.
fn corner_first(size: usize) -> Vec<(usize, usize)> {
    let mut coords = raster(size);
    coords.sort_by_key(|&(r, c)| (r.max(c), if r % 2 == 0 { (r, c) } else { (c, r) }));
    coords
}
