//! Paths as hops: written, and read back from what a model generated.
//!
//! A hop leads from one cell of the path to a later one; where hops end is a [`StepSize`], what is said of each are
//! [`Parts`]. maze-dataset's modular tokenizers and ours share this module; only the words differ.

use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::Lattice;

use crate::mazes::spelling::Spelling;
use crate::name::modular::{Part, Parts, StepSize};
use crate::sequence::answer::{Answer, Question};
use crate::sequence::error::EncodeError;
use crate::sequence::io::Writer;
use crate::sequence::role::Role;

/// A direction on the lattice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    North,
    South,
    East,
    West,
}

impl Direction {
    pub(crate) const ALL: [Direction; 4] = [Direction::North, Direction::South, Direction::East, Direction::West];

    /// The direction of a step between adjacent cells.
    pub(crate) fn of(lattice: Lattice, from: usize, to: usize) -> Option<Direction> {
        Direction::ALL.into_iter().find(|direction| direction.step(lattice, from) == Some(to))
    }

    /// The cell one step on, if the lattice has it.
    pub(crate) fn step(self, lattice: Lattice, from: usize) -> Option<usize> {
        match self {
            Direction::North => lattice.north(from),
            Direction::South => lattice.south(from),
            Direction::East => lattice.east(from),
            Direction::West => lattice.west(from),
        }
    }

    /// Quarter turns to the right from north.
    fn quarter(self) -> usize {
        match self {
            Direction::North => 0,
            Direction::East => 1,
            Direction::South => 2,
            Direction::West => 3,
        }
    }

    /// Index in `FORWARD BACKWARD LEFT RIGHT` of the turn from `heading` to `self`.
    fn turn_from(self, heading: Direction) -> usize {
        [0, 3, 1, 2][(self.quarter() + 4 - heading.quarter()) % 4]
    }

    /// The direction after a turn with this index.
    fn after(turn: usize, heading: Direction) -> Direction {
        let quarter = (heading.quarter() + [0, 2, 3, 1][turn]) % 4;
        [Direction::North, Direction::East, Direction::South, Direction::West][quarter]
    }
}

/// The words with which hops are written. An id of `u32::MAX` is a word that the vocabulary does not have.
#[derive(Clone, Debug)]
pub(crate) struct HopWords {
    /// Opens a hop, if anything does.
    pub(crate) pre: Option<u32>,
    /// Follows each part, if anything does.
    pub(crate) intra: Option<u32>,
    /// Closes a hop, if anything does.
    pub(crate) post: Option<u32>,
    /// North, south, east, west.
    pub(crate) cardinal: [u32; 4],
    /// Forward, backward, left, right.
    pub(crate) relative: [u32; 4],
    /// The word for a length of one step, and for how many lengths there are words (one after another).
    pub(crate) distance: (u32, usize),
    /// Ends the path.
    pub(crate) end: u32,
}

/// How paths are written.
#[derive(Clone, Debug)]
pub(crate) struct Hops {
    pub(crate) lattice: Lattice,
    pub(crate) size: StepSize,
    pub(crate) parts: Parts,
    /// Whether the path opens with its first cell, like a hop to it that has no other part and no closing sign.
    pub(crate) leading: bool,
    pub(crate) words: HopWords,
}

impl Hops {
    /// Tokens of one hop.
    fn hop_len(&self, spelling: &Spelling) -> usize {
        let part = |part| if part == Part::Coord { spelling.len() } else { 1 };
        let intra = usize::from(self.words.intra.is_some());
        let signs = usize::from(self.words.pre.is_some()) + usize::from(self.words.post.is_some());
        signs + self.parts.iter().map(|p| part(p) + intra).sum::<usize>()
    }

    /// Tokens of the longest answer that visits no cell twice, end token included.
    pub(crate) fn max_len(&self, spelling: &Spelling) -> usize {
        let signs = usize::from(self.words.pre.is_some()) + usize::from(self.words.intra.is_some());
        let leading = if self.leading { spelling.len() + signs } else { 0 };
        leading + (self.lattice.n_cells() - 1) * self.hop_len(spelling) + 1
    }

    /// Whether a hop ends in `path[index]`, which is neither its first nor its last cell.
    fn ends_at(&self, graph: &Graph, path: &[usize], index: usize) -> bool {
        let fork = || graph.degree(path[index]) > 2;
        let bend = || {
            let step = |i: usize| path[i].wrapping_sub(path[i - 1]);
            step(index) != step(index + 1)
        };
        match self.size {
            StepSize::Singles => true,
            StepSize::Forks => fork(),
            StepSize::Straightaways => bend(),
            StepSize::ForksAndStraightaways => fork() || bend(),
        }
    }

    /// Writes a path and the end token.
    ///
    /// # Errors
    /// If a step is no step of the lattice, or a hop is longer than any word says.
    pub(crate) fn write(
        &self,
        spelling: &Spelling,
        graph: &Graph,
        path: &[usize],
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        let HopWords { pre, intra, post, end, .. } = self.words;
        if self.leading {
            let role = Role::PathStep { step: 0, cell: path[0] };
            pre.into_iter().for_each(|id| out.push(id, role));
            spelling.write(path[0], role, out);
            intra.into_iter().for_each(|id| out.push(id, role));
        }
        let mut from = 0;
        for step in 1..path.len() {
            if step + 1 < path.len() && !self.ends_at(graph, path, step) {
                continue;
            }
            let role = Role::PathStep { step, cell: path[step] };
            pre.into_iter().for_each(|id| out.push(id, role));
            for part in self.parts.iter() {
                match part {
                    Part::Coord => spelling.write(path[step], role, out),
                    Part::Cardinal => {
                        out.push(self.words.cardinal[self.direction(path, from)? as usize], role);
                    }
                    Part::Relative => {
                        let heading = if from == 0 { Direction::North } else { self.direction(path, from - 1)? };
                        out.push(self.words.relative[self.direction(path, from)?.turn_from(heading)], role);
                    }
                    Part::Distance => {
                        let (first, longest) = self.words.distance;
                        let length = step - from;
                        if length > longest {
                            return Err(EncodeError::HopTooLong { length, longest });
                        }
                        out.push(first + length as u32 - 1, role);
                    }
                }
                intra.into_iter().for_each(|id| out.push(id, role));
            }
            post.into_iter().for_each(|id| out.push(id, role));
            from = step;
        }
        out.push(end, Role::End);
        Ok(())
    }

    fn direction(&self, path: &[usize], from: usize) -> Result<Direction, EncodeError> {
        let (a, b) = (path[from], path[from + 1]);
        Direction::of(self.lattice, a, b).ok_or(EncodeError::NotAStep { from: a, to: b })
    }

    /// Reads what a model generated, well-formed or not.
    pub(crate) fn read(&self, spelling: &Spelling, question: &Question<'_>, generated: &[u32]) -> Answer {
        let origin = if self.leading { None } else { question.origin };
        let mut answer = Answer::new(origin.into_iter().collect(), generated.len());
        // Where the walk stands, which way it faces, and whether the first cell is still to come.
        let mut here = question.origin;
        let mut heading = Direction::North;
        let mut leading = self.leading;
        let mut position = 0;
        while position < generated.len() {
            if generated[position] == self.words.end {
                answer.end(position);
                break;
            }
            let tokens = &generated[position..];
            let (spelt, facts) = self.spell(spelling, tokens, leading);
            let cells: Result<Vec<usize>, usize> = match facts {
                Some(facts) if leading => Ok(facts.cell.into_iter().collect()),
                Some(facts) => {
                    let last = tokens.get(spelt) == Some(&self.words.end);
                    self.resolve(question, here, heading, &facts, last).map_err(|part| facts.starts[part])
                }
                None => Err(spelt),
            };
            match cells {
                Ok(cells) => {
                    answer.walk(position..position + spelt, &cells);
                    // A walk that cannot be told goes on from where it is known to be.
                    if let Some(&last) = cells.last() {
                        let before = cells[..cells.len() - 1].last().copied().or(here.filter(|_| !leading));
                        heading = before.and_then(|b| Direction::of(self.lattice, b, last)).unwrap_or(heading);
                        here = Some(last);
                    }
                    leading = false;
                    position += spelt;
                }
                Err(broken) => {
                    position += broken;
                    // At the end of the tokens the hop was cut short: nothing is wrong with what is there of it.
                    let Some(&breaker) = generated.get(position) else { break };
                    answer.invalid_tokens.push(position);
                    // A token that breaks a hop off may itself begin the next hop or end the answer: then it is read
                    // again.
                    let begins = breaker == self.words.end || self.spell(spelling, &[breaker], leading).0 > 0;
                    if broken == 0 || !begins {
                        position += 1;
                    }
                }
            }
        }
        answer
    }

    /// How many of the tokens spell (the beginning of) a hop, and what it says if all of it is there.
    fn spell(&self, spelling: &Spelling, tokens: &[u32], leading: bool) -> (usize, Option<Facts>) {
        let HopWords { pre, intra, post, cardinal, relative, distance: (first, longest), .. } = self.words;
        let mut facts = Facts::default();
        let mut at = 0;
        let sign = |at: &mut usize, sign: Option<u32>| {
            let fits = sign.is_none_or(|sign| tokens.get(*at) == Some(&sign));
            *at += usize::from(fits && sign.is_some());
            fits
        };
        if !sign(&mut at, pre) {
            return (at, None);
        }
        let parts = if leading { Parts::new(&[Part::Coord]).unwrap_or(self.parts) } else { self.parts };
        for part in parts.iter() {
            facts.starts[part as usize] = at;
            if part == Part::Coord {
                let (spelt, cell) = spelling.spell(&tokens[at.min(tokens.len())..]);
                at += spelt;
                facts.cell = cell;
                if cell.is_none() {
                    return (at, None);
                }
            } else {
                let Some(&id) = tokens.get(at) else { return (at, None) };
                let index = |words: &[u32; 4]| words.iter().position(|&word| word == id);
                let known = match part {
                    Part::Coord | Part::Cardinal => index(&cardinal).map(|i| facts.cardinal = Some(Direction::ALL[i])),
                    Part::Relative => index(&relative).map(|turn| facts.turn = Some(turn)),
                    Part::Distance => id
                        .checked_sub(first)
                        .filter(|&beyond| (beyond as usize) < longest)
                        .map(|beyond| facts.length = Some(beyond as usize + 1)),
                };
                if known.is_none() {
                    return (at, None);
                }
                at += 1;
            }
            if !sign(&mut at, intra) {
                return (at, None);
            }
        }
        if !leading && !sign(&mut at, post) {
            return (at, None);
        }
        (at, Some(facts))
    }

    /// The cells of a hop after `here`, or the part (as an index) that no hop from there can have.
    fn resolve(
        &self,
        question: &Question<'_>,
        here: Option<usize>,
        heading: Direction,
        facts: &Facts,
        last: bool,
    ) -> Result<Vec<usize>, usize> {
        let turned = facts.turn.map(|turn| Direction::after(turn, heading));
        let direction = match (facts.cardinal, turned) {
            (Some(cardinal), Some(turned)) if cardinal != turned => return Err(Part::Relative as usize),
            (cardinal, turned) => cardinal.or(turned),
        };
        let told = if facts.cardinal.is_some() { Part::Cardinal } else { Part::Relative };
        let jump = |cell: usize| Ok(vec![cell]);
        let Some(here) = here else { return facts.cell.map_or(Err(told as usize), jump) };
        let candidates: Vec<Vec<usize>> = match direction {
            Some(direction) => vec![self.run(question.graph, here, direction)],
            None => Direction::ALL.iter().map(|&direction| self.run(question.graph, here, direction)).collect(),
        };
        for cells in candidates.iter().filter(|cells| !cells.is_empty()) {
            let end = match (facts.cell, facts.length) {
                (Some(cell), _) => cells.iter().position(|&c| c == cell),
                (None, Some(length)) => Some(length - 1),
                (None, None) => {
                    let target = question.target.filter(|_| last);
                    Some(cells.iter().position(|&c| Some(c) == target).unwrap_or(cells.len() - 1))
                }
            };
            let fits = |&end: &usize| end < cells.len() && facts.length.is_none_or(|length| length == end + 1);
            if let Some(end) = end.filter(fits) {
                return Ok(cells[..=end].to_vec());
            }
        }
        // No passage leads so: a walk through walls is told as far as its words tell it.
        match (direction, facts.cell) {
            (None, Some(_)) if facts.length.is_some() => Err(Part::Distance as usize),
            (None, Some(cell)) => jump(cell),
            (Some(_), Some(_)) => Err(Part::Coord as usize),
            (Some(direction), None) => {
                let mut cells = Vec::new();
                for _ in 0..facts.length.unwrap_or(1) {
                    let from = cells.last().copied().unwrap_or(here);
                    cells.push(direction.step(self.lattice, from).ok_or(told as usize)?);
                }
                Ok(cells)
            }
            (None, None) => Err(Part::Distance as usize),
        }
    }

    /// The cells that one hop in a direction can end in, nearest first, as far as passages and step size allow. A
    /// single step is not asked whether its passage is open.
    fn run(&self, graph: Option<&Graph>, here: usize, direction: Direction) -> Vec<usize> {
        let Some(next) = direction.step(self.lattice, here) else { return Vec::new() };
        let Some(graph) = graph.filter(|_| self.size != StepSize::Singles) else { return vec![next] };
        if !graph.has_edge(here, next) {
            return Vec::new();
        }
        let mut cells = vec![next];
        let mut before = here;
        while cells.len() < self.lattice.n_cells() {
            let cell = cells[cells.len() - 1];
            let fork = graph.degree(cell) > 2;
            let ahead = match self.size {
                StepSize::Singles => None,
                StepSize::Forks => graph.neighbours(cell).find(|&v| v != before).filter(|_| !fork),
                StepSize::Straightaways => direction.step(self.lattice, cell),
                StepSize::ForksAndStraightaways => direction.step(self.lattice, cell).filter(|_| !fork),
            };
            let Some(ahead) = ahead.filter(|&ahead| graph.has_edge(cell, ahead)) else { break };
            before = cell;
            cells.push(ahead);
        }
        cells
    }
}

/// What the words of a hop say.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    cell: Option<usize>,
    cardinal: Option<Direction>,
    turn: Option<usize>,
    length: Option<usize>,
    /// By [`Part`]: how many tokens of the hop come before it.
    starts: [usize; 4],
}
