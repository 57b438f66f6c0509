//! The elements of maze-dataset's modular tokenizers: a tree of choices, printed and parsed by [`text`].
//!
//! maze-dataset 1.4.2 marks some elements as unsupported: `pre` of the edges, groups by leading cell, steps that end
//! where the path bends. They are included here; [`Elements::is_tested`] selects the 5,878,656 tokenizers without them.

pub mod text;

/// A whole modular tokenizer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Elements {
    /// The regions of a sequence.
    pub prompt: Prompt,
    /// How cells are written.
    pub coords: Coords,
    /// How passages are written.
    pub edges: EdgeList,
    /// How the path is written.
    pub path: StepSequence,
}

/// The regions of a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Prompt {
    /// `AOTP`: edges, origin, target, path.
    Aotp {
        /// Whether `||` follows the target.
        target_post: bool,
    },
    /// `AOP`: the target region is empty.
    Aop,
}

/// How cells are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Coords {
    /// `UT`: one token, `(r,c)`.
    Ut,
    /// `CTT`: the row and the column, one token each, with optional signs.
    Ctt {
        /// Whether `(` comes first.
        pre: bool,
        /// Whether `,` stands between row and column.
        intra: bool,
        /// Whether `)` comes last.
        post: bool,
    },
}

/// How passages are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EdgeList {
    /// How the second cell of a passage is named.
    pub trailing: Trailing,
    /// Whether `ADJ_GROUP` opens a group. (Unsupported in maze-dataset.)
    pub pre: bool,
    /// Whether `;` closes a group.
    pub post: bool,
    /// Whether the order of the groups is shuffled.
    pub shuffle_d0: bool,
    /// Which passages form a group.
    pub grouping: Grouping,
    /// Which passages and walls are listed.
    pub subset: Subset,
    /// Which cell of a passage leads.
    pub permuter: Permuter,
}

/// How the second cell of a passage is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Trailing {
    /// `AdjListCoord`: as a cell.
    Coord,
    /// `AdjListCardinal`: as the direction in which it lies from the first.
    Cardinal,
}

/// Which passages form a group of the edge list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Grouping {
    /// Each passage on its own: leading cell, connector and trailing cell.
    Ungrouped {
        /// Position of the connector among the three: 0, 1 or 2.
        connector: u8,
    },
    /// Passages with the same leading cell: that cell once, then connector and trailing cell of each.
    /// (Unsupported in maze-dataset.)
    ByLeadingCoord {
        /// Whether `&` follows each passage.
        intra: bool,
        /// Whether the order in a group is shuffled.
        shuffle_group: bool,
        /// Position of the connector: 0, before the trailing cell, or 1, after it.
        connector: u8,
    },
}

/// Which pairs of adjacent cells are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subset {
    /// `AllLatticeEdges`: all, with a connector for a passage (`<-->`) or a wall (`<XX>`).
    All,
    /// `ConnectionEdges(walls=F)`: the passages.
    Passages,
    /// `ConnectionEdges(walls=T)`: the walls.
    Walls,
}

/// Which cell of a passage leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Permuter {
    /// `SortedCoords`: the smaller cell; the list is sorted.
    Sorted,
    /// `RandomCoords`: random for each passage.
    Random,
    /// `BothCoords`: each in turn; every passage is written twice.
    Both,
}

/// How the path is written: as steps, each in one or more parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StepSequence {
    /// Where steps end.
    pub size: StepSize,
    /// What is written of each step.
    pub parts: Parts,
    /// Whether `STEP` opens a step.
    pub pre: bool,
    /// Whether `:` follows each part.
    pub intra: bool,
    /// Whether `THEN` closes a step.
    pub post: bool,
}

/// Where steps end, apart from the path's last cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum StepSize {
    /// In every cell.
    Singles,
    /// Where the path bends. (Unsupported in maze-dataset.)
    Straightaways,
    /// In cells with more than two passages.
    Forks,
    /// In both. (Unsupported in maze-dataset.)
    ForksAndStraightaways,
}

/// A part of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The cell it ends in. A path with such parts opens with its first cell.
    Coord,
    /// The direction of its first move: `NORTH`, `SOUTH`, `EAST`, `WEST`.
    Cardinal,
    /// The same, relative to the move before it: `FORWARD`, `BACKWARD`, `LEFT`, `RIGHT`. The initial heading is north.
    Relative,
    /// Its number of moves: `+1`, `+2`, ..
    Distance,
}

/// One to four different [`Part`]s in order, not [`Part::Distance`] alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Parts {
    parts: [Option<Part>; 4],
}

impl Parts {
    /// Returns these parts; `None` if there is none, a part is repeated, or the only part is the distance.
    pub fn new(parts: &[Part]) -> Option<Parts> {
        let twice = parts.iter().enumerate().any(|(i, part)| parts[..i].contains(part));
        if twice || parts.is_empty() || parts == [Part::Distance] {
            return None;
        }
        Some(Parts { parts: std::array::from_fn(|i| parts.get(i).copied()) })
    }

    /// Returns a single part.
    pub(crate) fn one(part: Part) -> Parts {
        debug_assert!(part != Part::Distance);
        Parts { parts: [Some(part), None, None, None] }
    }

    /// Returns the parts in order.
    pub fn iter(&self) -> impl Iterator<Item = Part> + Clone + '_ {
        self.parts.iter().map_while(|part| *part)
    }

    /// Whether a part is among them.
    pub fn contains(&self, part: Part) -> bool {
        self.parts.contains(&Some(part))
    }
}

impl Elements {
    /// Whether maze-dataset supports this tokenizer.
    pub fn is_tested(&self) -> bool {
        let straight = matches!(self.path.size, StepSize::Straightaways | StepSize::ForksAndStraightaways);
        let grouped = matches!(self.edges.grouping, Grouping::ByLeadingCoord { .. });
        !(straight || grouped || self.edges.pre)
    }

    /// Whether sequences can be decoded. The walls always can; the path depends on the parts.
    ///
    /// A step of several moves is determined by its end, or by its length and direction; a step from fork to fork also by
    /// its direction and the target.
    pub fn is_lossless(&self) -> bool {
        let StepSequence { size, parts, .. } = self.path;
        let directed = parts.contains(Part::Cardinal) || parts.contains(Part::Relative);
        let ends = match size {
            StepSize::Singles => true,
            StepSize::Forks => parts.contains(Part::Distance) || matches!(self.prompt, Prompt::Aotp { .. }),
            StepSize::Straightaways | StepSize::ForksAndStraightaways => parts.contains(Part::Distance),
        };
        parts.contains(Part::Coord) || directed && ends
    }
}

/// maze-dataset's default: one token a cell, passages in drawn order and orientation, the path cell by cell.
impl Default for Elements {
    fn default() -> Elements {
        Elements {
            prompt: Prompt::Aotp { target_post: false },
            coords: Coords::Ut,
            edges: EdgeList {
                trailing: Trailing::Coord,
                pre: false,
                post: true,
                shuffle_d0: true,
                grouping: Grouping::Ungrouped { connector: 1 },
                subset: Subset::Passages,
                permuter: Permuter::Random,
            },
            path: StepSequence {
                size: StepSize::Singles,
                parts: Parts::one(Part::Coord),
                pre: false,
                intra: false,
                post: false,
            },
        }
    }
}

const BOTH: [bool; 2] = [false, true];

/// Every [`Prompt`]: 3.
pub const PROMPTS: [Prompt; 3] = [Prompt::Aotp { target_post: false }, Prompt::Aotp { target_post: true }, Prompt::Aop];

/// Every [`Coords`]: 9.
pub fn all_coords() -> Vec<Coords> {
    let ctt = flags3().map(|(pre, intra, post)| Coords::Ctt { pre, intra, post });
    std::iter::once(Coords::Ut).chain(ctt).collect()
}

/// Every [`EdgeList`]: 1584, of which maze-dataset supports 216.
pub fn all_edge_lists() -> Vec<EdgeList> {
    let ungrouped = [0, 1, 2].map(|connector| Grouping::Ungrouped { connector });
    let grouped = flags3().map(|(intra, shuffle_group, behind)| Grouping::ByLeadingCoord {
        intra,
        shuffle_group,
        connector: u8::from(behind),
    });
    let groupings: Vec<Grouping> = ungrouped.into_iter().chain(grouped).collect();
    let mut all = Vec::new();
    for trailing in [Trailing::Coord, Trailing::Cardinal] {
        for (pre, post, shuffle_d0) in flags3() {
            for &grouping in &groupings {
                for subset in [Subset::All, Subset::Passages, Subset::Walls] {
                    for permuter in [Permuter::Sorted, Permuter::Random, Permuter::Both] {
                        all.push(EdgeList { trailing, pre, post, shuffle_d0, grouping, subset, permuter });
                    }
                }
            }
        }
    }
    all
}

/// Every [`Parts`]: 63.
pub fn all_parts() -> Vec<Parts> {
    let parts = [Part::Coord, Part::Cardinal, Part::Relative, Part::Distance];
    let mut lists: Vec<Vec<Part>> = vec![Vec::new()];
    let mut all = Vec::new();
    for _ in 0..parts.len() {
        let longer = |list: &Vec<Part>| parts.map(|part| [&list[..], &[part]].concat());
        lists = lists
            .iter()
            .flat_map(longer)
            .filter(|list| !list[..list.len() - 1].contains(&list[list.len() - 1]))
            .collect();
        all.extend(lists.iter().filter_map(|list| Parts::new(list)));
    }
    all
}

/// Every [`StepSequence`]: 2016, of which maze-dataset supports 1008.
pub fn all_step_sequences() -> Vec<StepSequence> {
    let sizes = [StepSize::Singles, StepSize::Forks, StepSize::Straightaways, StepSize::ForksAndStraightaways];
    let mut all = Vec::new();
    for size in sizes {
        for &parts in &all_parts() {
            all.extend(flags3().map(|(pre, intra, post)| StepSequence { size, parts, pre, intra, post }));
        }
    }
    all
}

fn flags3() -> impl Iterator<Item = (bool, bool, bool)> {
    BOTH.into_iter().flat_map(|a| BOTH.into_iter().flat_map(move |b| BOTH.map(|c| (a, b, c))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_as_many_as_maze_dataset_says() {
        let (coords, edges, paths) = (all_coords(), all_edge_lists(), all_step_sequences());
        assert_eq!((coords.len(), edges.len(), all_parts().len(), paths.len()), (9, 1584, 63, 2016));
        let whole = |edges, path| Elements { prompt: Prompt::Aop, coords: Coords::Ut, edges, path };
        let n_edges = edges.iter().filter(|&&edges| whole(edges, paths[0]).is_tested()).count();
        let tested = |paths: &&StepSequence| whole(edges[0], **paths).is_tested();
        let n_paths = paths.iter().filter(tested).count();
        assert_eq!((n_edges, n_paths), (216, 1008));
        assert_eq!(PROMPTS.len() * coords.len() * n_edges * n_paths, 5_878_656);
        assert_eq!(PROMPTS.len() * coords.len() * edges.len() * paths.len(), 86_220_288);
    }
}
