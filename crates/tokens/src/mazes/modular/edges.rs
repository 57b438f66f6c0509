//! The edge list of a modular tokenizer: ordered, written and read.

use searchlens_base::stream::{Stream, below, shuffle};
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::Lattice;

use super::Modular;
use super::words::Sign;
use crate::mazes::path_steps::Direction;
use crate::name::modular::{Grouping, Permuter, Subset, Trailing};
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::io::{Pairs, Reader, Writer};
use crate::sequence::role::Role;

impl Modular {
    /// Lists the edges in the order in which they are written, leading cell first.
    pub(super) fn list_edges(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        list: &mut Vec<(usize, usize)>,
    ) -> Result<(), EncodeError> {
        let edges = &self.elements.edges;
        list.clear();
        self.lattice_edges(example, list);
        let listed = list.len();
        if edges.permuter == Permuter::Both {
            list.extend_from_within(..);
            list[listed..].iter_mut().for_each(|(a, b)| std::mem::swap(a, b));
        }
        match order {
            EdgeOrder::Given(given) => return give(given, list),
            EdgeOrder::Fixed => self.arrange(list, None),
            EdgeOrder::Shuffled(rng) => self.arrange(list, Some(rng)),
        }
        Ok(())
    }

    /// Lists the pairs of cells to be written, smaller cell first, in maze-dataset's order.
    fn lattice_edges(&self, example: &Example<'_>, list: &mut Vec<(usize, usize)>) {
        let Lattice { rows, cols, .. } = self.lattice;
        let is_wall = |&(a, b): &(usize, usize)| !example.graph.has_edge(a, b);
        let right = || (0..rows).flat_map(|r| (r * cols..(r + 1) * cols - 1).map(|v| (v, v + 1)));
        let down = || (0..(rows - 1) * cols).map(|v| (v, v + cols));
        match self.elements.edges.subset {
            Subset::All => list.extend(right().chain(down())),
            Subset::Passages => example.passages(self.lattice, list),
            Subset::Walls => list.extend(down().chain(right()).filter(is_wall)),
        }
    }

    /// Sorts, shuffles and flips a list as the elements say. Without a stream nothing is shuffled or flipped.
    fn arrange(&self, list: &mut [(usize, usize)], mut rng: Option<&mut Stream>) {
        let edges = &self.elements.edges;
        if edges.permuter == Permuter::Sorted {
            list.sort_unstable();
        }
        if edges.shuffle_d0
            && let Some(rng) = &mut rng
        {
            shuffle(rng, list);
        }
        if edges.permuter == Permuter::Random
            && let Some(rng) = &mut rng
        {
            for (a, b) in list.iter_mut() {
                if below(*rng, 2) == 1 {
                    std::mem::swap(a, b);
                }
            }
        }
        let Grouping::ByLeadingCoord { shuffle_group, .. } = edges.grouping else { return };
        list.sort_unstable();
        let Some(rng) = rng else { return };
        if shuffle_group {
            list.chunk_by_mut(|a, b| a.0 == b.0).for_each(|group| shuffle(rng, group));
        }
        if edges.shuffle_d0 {
            let mut groups: Vec<Vec<(usize, usize)>> = list.chunk_by(|a, b| a.0 == b.0).map(<[_]>::to_vec).collect();
            shuffle(rng, &mut groups);
            list.iter_mut().zip(groups.into_iter().flatten()).for_each(|(place, edge)| *place = edge);
        }
    }

    pub(super) fn write_edges(&self, graph: &Graph, list: &[(usize, usize)], out: &mut Writer<'_>) {
        let edges = &self.elements.edges;
        match edges.grouping {
            Grouping::Ungrouped { connector } => {
                for &(from, to) in list {
                    if edges.pre {
                        out.push(self.sign(Sign::AdjGroup), Role::Separator { from, to });
                    }
                    for place in 0..=2 {
                        if place == connector {
                            self.write_connector(graph, from, to, out);
                        } else if place == u8::from(connector == 0) {
                            self.spelling.write(from, Role::EdgeFrom { from, to }, out);
                        } else {
                            self.write_trailing(from, to, out);
                        }
                    }
                    if edges.post {
                        out.push(self.sign(Sign::Semicolon), Role::Separator { from, to });
                    }
                }
            }
            Grouping::ByLeadingCoord { intra, connector, .. } => {
                for group in list.chunk_by(|a, b| a.0 == b.0) {
                    let ((lead, first), (_, last)) = (group[0], group[group.len() - 1]);
                    if edges.pre {
                        out.push(self.sign(Sign::AdjGroup), Role::Separator { from: lead, to: first });
                    }
                    self.spelling.write(lead, Role::GroupLead { cell: lead }, out);
                    for &(from, to) in group {
                        if connector == 0 {
                            self.write_connector(graph, from, to, out);
                        }
                        self.write_trailing(from, to, out);
                        if connector == 1 {
                            self.write_connector(graph, from, to, out);
                        }
                        if intra {
                            out.push(self.sign(Sign::Ampersand), Role::Separator { from, to });
                        }
                    }
                    if edges.post {
                        out.push(self.sign(Sign::Semicolon), Role::Separator { from: lead, to: last });
                    }
                }
            }
        }
    }

    fn write_connector(&self, graph: &Graph, from: usize, to: usize, out: &mut Writer<'_>) {
        let open = match self.elements.edges.subset {
            Subset::All => graph.has_edge(from, to),
            Subset::Passages => true,
            Subset::Walls => false,
        };
        out.push(self.sign(if open { Sign::Connector } else { Sign::Wall }), Role::Connector { from, to });
    }

    fn write_trailing(&self, from: usize, to: usize, out: &mut Writer<'_>) {
        let role = Role::EdgeTo { from, to };
        match self.elements.edges.trailing {
            Trailing::Coord => self.spelling.write(to, role, out),
            Trailing::Cardinal => {
                if let Some(direction) = Direction::of(self.lattice, from, to) {
                    out.push(self.path_steps.words.cardinal[direction as usize], role);
                }
            }
        }
    }

    /// Reads the edges up to and including `<ADJLIST_END>`.
    pub(super) fn read_edges(&self, reader: &mut Reader<'_>) -> Result<EdgesRead, DecodeError> {
        let edges = &self.elements.edges;
        let mut pairs = Pairs::new(self.lattice, edges.permuter == Permuter::Both);
        let mut open = Vec::new();
        while !reader.skip(self.sign(Sign::AdjlistEnd)) {
            let mut position = reader.position();
            if edges.pre {
                reader.expect(self.sign(Sign::AdjGroup), "`ADJ_GROUP` or `<ADJLIST_END>`")?;
            }
            let begins = if edges.pre { "a cell" } else { "a cell or `<ADJLIST_END>`" };
            match edges.grouping {
                Grouping::Ungrouped { connector } => {
                    if connector == 0 {
                        open.push(self.read_connector(reader)?);
                    }
                    let from = self.spelling.read(reader, if connector == 0 { "a cell" } else { begins })?;
                    if connector == 1 {
                        open.push(self.read_connector(reader)?);
                    }
                    let to = self.read_trailing(from, reader)?;
                    if connector == 2 {
                        open.push(self.read_connector(reader)?);
                    }
                    self.close_group(reader)?;
                    pairs.push(position, from, to)?;
                }
                Grouping::ByLeadingCoord { intra, connector, .. } => {
                    let from = self.spelling.read(reader, begins)?;
                    loop {
                        if connector == 0 {
                            open.push(self.read_connector(reader)?);
                        }
                        let to = self.read_trailing(from, reader)?;
                        if connector == 1 {
                            open.push(self.read_connector(reader)?);
                        }
                        if intra {
                            reader.expect(self.sign(Sign::Ampersand), "`&`")?;
                        }
                        pairs.push(position, from, to)?;
                        position = reader.position();
                        if self.group_ends(reader) {
                            break;
                        }
                    }
                    self.close_group(reader)?;
                }
            }
        }
        Ok(EdgesRead { list: pairs.written, open })
    }

    /// Whether a group of several edges ends here.
    fn group_ends(&self, reader: &Reader<'_>) -> bool {
        let Some(next) = reader.peek() else { return true };
        let Grouping::ByLeadingCoord { connector, .. } = self.elements.edges.grouping else { return true };
        let is_connector = |id| id == self.sign(Sign::Connector) || id == self.sign(Sign::Wall);
        if connector == 0 {
            return !is_connector(next);
        }
        if next == self.sign(Sign::Semicolon)
            || next == self.sign(Sign::AdjlistEnd)
            || next == self.sign(Sign::AdjGroup)
        {
            return true;
        }
        match self.elements.edges.trailing {
            Trailing::Cardinal => !self.path_steps.words.cardinal.contains(&next),
            // `a b <--> c <-->`: the next cell leads a new group if no connector follows it.
            Trailing::Coord => {
                let behind = reader.rest().get(self.spelling.len());
                !behind.is_some_and(|&id| is_connector(id))
            }
        }
    }

    fn close_group(&self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if self.elements.edges.post { reader.expect(self.sign(Sign::Semicolon), "`;`") } else { Ok(()) }
    }

    fn read_connector(&self, reader: &mut Reader<'_>) -> Result<bool, DecodeError> {
        let (passage, wall) = (self.sign(Sign::Connector), self.sign(Sign::Wall));
        let read = |allowed: [bool; 2]| {
            move |id: u32| match id {
                _ if id == passage && allowed[0] => Some(true),
                _ if id == wall && allowed[1] => Some(false),
                _ => None,
            }
        };
        match self.elements.edges.subset {
            Subset::All => reader.take("`<-->` or `<XX>`", read([true, true])),
            Subset::Passages => reader.take("`<-->`", read([true, false])),
            Subset::Walls => reader.take("`<XX>`", read([false, true])),
        }
    }

    fn read_trailing(&self, from: usize, reader: &mut Reader<'_>) -> Result<usize, DecodeError> {
        if self.elements.edges.trailing == Trailing::Coord {
            return self.spelling.read(reader, "a cell");
        }
        let to = |id| {
            let direction = self.path_steps.words.cardinal.iter().position(|&word| word == id)?;
            Direction::ALL[direction].step(self.lattice, from)
        };
        reader.take("a direction to another cell", to)
    }

    /// Returns the maze of a list of edges.
    pub(super) fn maze(&self, EdgesRead { list, open }: &EdgesRead) -> Graph {
        let mut passages: Vec<(usize, usize)> = match self.elements.edges.subset {
            Subset::Walls => {
                let mut walls: Vec<_> = list.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
                walls.sort_unstable();
                self.lattice.adjacent_pairs().filter(|pair| walls.binary_search(pair).is_err()).collect()
            }
            _ => list.iter().zip(open).filter(|(_, open)| **open).map(|(edge, _)| *edge).collect(),
        };
        passages.sort_unstable();
        Graph::undirected(self.lattice.n_cells(), &passages)
    }
}

/// Edges as read: the list, and which of them are passages.
pub(super) struct EdgesRead {
    pub(super) list: Vec<(usize, usize)>,
    open: Vec<bool>,
}

/// Replaces `list` by a given list of the same pairs in any orientation.
fn give(given: &[(usize, usize)], list: &mut Vec<(usize, usize)>) -> Result<(), EncodeError> {
    let n_open = list.len();
    let smaller_first = |edges: &[(usize, usize)]| {
        let mut edges: Vec<_> = edges.iter().map(|&(a, b)| (a.min(b), a.max(b))).collect();
        edges.sort_unstable();
        edges
    };
    if smaller_first(given) != smaller_first(list) {
        return Err(EncodeError::NotTheOpenPassages { n_open });
    }
    list.clear();
    list.extend_from_slice(given);
    Ok(())
}
