//! Paths as sequences of steps: written, and read back from what a model generated.
//!
//! A path step leads from one cell of the path to a later one, over one move or several: [`StepSize`] says where steps
//! end, [`Parts`] what is written of each. maze-dataset's modular tokenizers and Searchlens' own share this module; only
//! the words differ.

use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::Lattice;

use crate::mazes::spelling::Spelling;
use crate::name::modular::{Part, Parts, StepSize};
use crate::sequence::answer::Answer;
use crate::sequence::error::EncodeError;
use crate::sequence::example::Example;
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

/// Ids of the words of a path. `u32::MAX` stands for a word that the vocabulary lacks.
#[derive(Clone, Debug)]
pub(crate) struct PathWords {
    /// Opens a step, if anything does.
    pub(crate) pre: Option<u32>,
    /// Follows each part, if anything does.
    pub(crate) intra: Option<u32>,
    /// Closes a step, if anything does.
    pub(crate) post: Option<u32>,
    /// North, south, east, west.
    pub(crate) cardinal: [u32; 4],
    /// Forward, backward, left, right.
    pub(crate) relative: [u32; 4],
    /// Id of the word for one move, and the number of words for lengths, which have consecutive ids.
    pub(crate) distance: (u32, usize),
    /// Ends the path.
    pub(crate) end: u32,
}

/// How a tokenizer writes paths.
#[derive(Clone, Debug)]
pub(crate) struct PathSteps {
    pub(crate) lattice: Lattice,
    pub(crate) size: StepSize,
    pub(crate) parts: Parts,
    /// Whether the path starts with its first cell, written like a step that has no other part and no closing sign.
    pub(crate) leading: bool,
    pub(crate) words: PathWords,
}

impl PathSteps {
    /// Tokens per step.
    fn step_len(&self, spelling: &Spelling) -> usize {
        let part = |part| if part == Part::Coord { spelling.len() } else { 1 };
        let intra = usize::from(self.words.intra.is_some());
        let signs = usize::from(self.words.pre.is_some()) + usize::from(self.words.post.is_some());
        signs + self.parts.iter().map(|p| part(p) + intra).sum::<usize>()
    }

    /// Maximum number of tokens of a path without repeated cells, end token included.
    pub(crate) fn max_len(&self, spelling: &Spelling) -> usize {
        let signs = usize::from(self.words.pre.is_some()) + usize::from(self.words.intra.is_some());
        let leading = if self.leading { spelling.len() + signs } else { 0 };
        leading + (self.lattice.n_cells() - 1) * self.step_len(spelling) + 1
    }

    /// Whether a step ends in `path[index]`, which is neither the path's first nor its last cell.
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
    /// If a move is not between adjacent cells, or a step has more moves than the vocabulary has words for.
    pub(crate) fn write(
        &self,
        spelling: &Spelling,
        graph: &Graph,
        path: &[usize],
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        let PathWords { pre, intra, post, end, .. } = self.words;
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
                            return Err(EncodeError::StepTooLong { length, longest });
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

    /// Reads generated tokens, well-formed or not.
    pub(crate) fn read(&self, spelling: &Spelling, example: &Example<'_>, generated: &[u32]) -> Answer {
        let origin = if self.leading { None } else { example.origin };
        let mut answer = Answer::new(origin.into_iter().collect(), generated.len());
        // Current cell and heading, and whether the first cell is still to come.
        let mut here = example.origin;
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
                    self.resolve(example, here, heading, &facts, last).map_err(|part| facts.starts[part as usize])
                }
                None => Err(spelt),
            };
            match cells {
                Ok(cells) => {
                    answer.walk(position..position + spelt, &cells);
                    // After a step that cannot be resolved, the path goes on from the last known cell.
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
                    // The tokens end within a step: what is there of it is not invalid.
                    let Some(&breaker) = generated.get(position) else { break };
                    answer.invalid_tokens.push(position);
                    // A token that interrupts a step may begin the next one or end the answer: then it is read again.
                    let begins = breaker == self.words.end || self.spell(spelling, &[breaker], leading).0 > 0;
                    if broken == 0 || !begins {
                        position += 1;
                    }
                }
            }
        }
        answer
    }

    /// Number of tokens that spell (the beginning of) a step, and its parts if it is complete.
    fn spell(&self, spelling: &Spelling, tokens: &[u32], leading: bool) -> (usize, Option<Facts>) {
        let PathWords { pre, intra, post, cardinal, relative, distance: (first, longest), .. } = self.words;
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

    /// Returns the cells of a step from `here`, in order.
    ///
    /// # Errors
    /// The part that no step from there can have.
    fn resolve(
        &self,
        example: &Example<'_>,
        here: Option<usize>,
        heading: Direction,
        facts: &Facts,
        last: bool,
    ) -> Result<Vec<usize>, Part> {
        let turned = facts.turn.map(|turn| Direction::after(turn, heading));
        let direction = match (facts.cardinal, turned) {
            (Some(cardinal), Some(turned)) if cardinal != turned => return Err(Part::Relative),
            (cardinal, turned) => cardinal.or(turned),
        };
        let told = if facts.cardinal.is_some() { Part::Cardinal } else { Part::Relative };
        let jump = |cell: usize| Ok(vec![cell]);
        let Some(here) = here else { return facts.cell.map_or(Err(told), jump) };
        let candidates: Vec<Vec<usize>> = match direction {
            Some(direction) => vec![self.run(example.graph, here, direction)],
            None => Direction::ALL.iter().map(|&direction| self.run(example.graph, here, direction)).collect(),
        };
        for cells in candidates.iter().filter(|cells| !cells.is_empty()) {
            let end = match (facts.cell, facts.length) {
                (Some(cell), _) => cells.iter().position(|&c| c == cell),
                (None, Some(length)) => Some(length - 1),
                (None, None) => {
                    let target = example.target.filter(|_| last);
                    Some(cells.iter().position(|&c| Some(c) == target).unwrap_or(cells.len() - 1))
                }
            };
            let fits = |&end: &usize| end < cells.len() && facts.length.is_none_or(|length| length == end + 1);
            if let Some(end) = end.filter(fits) {
                return Ok(cells[..=end].to_vec());
            }
        }
        // No open passages lead there: the path goes through walls, as far as its words determine it.
        match (direction, facts.cell) {
            (None, Some(_)) if facts.length.is_some() => Err(Part::Distance),
            (None, Some(cell)) => jump(cell),
            (Some(_), Some(_)) => Err(Part::Coord),
            (Some(direction), None) => {
                let mut cells = Vec::new();
                for _ in 0..facts.length.unwrap_or(1) {
                    let from = cells.last().copied().unwrap_or(here);
                    cells.push(direction.step(self.lattice, from).ok_or(told)?);
                }
                Ok(cells)
            }
            (None, None) => Err(Part::Distance),
        }
    }

    /// Returns the cells in which a step in this direction can end, nearest first. Passages limit steps of several moves
    /// only; a single move may go through a wall.
    fn run(&self, graph: &Graph, here: usize, direction: Direction) -> Vec<usize> {
        let Some(next) = direction.step(self.lattice, here) else { return Vec::new() };
        if self.size == StepSize::Singles {
            return vec![next];
        }
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

/// The parts of one step, as read.
#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    cell: Option<usize>,
    cardinal: Option<Direction>,
    turn: Option<usize>,
    length: Option<usize>,
    /// By [`Part`]: number of tokens of the step before it.
    starts: [usize; 4],
}
