//! Grammars of puzzles: Countdown and sliding tiles. They write states, not the graph, which follows from the rules.
//!
//! ```text
//! countdown   6 , 3 , 2 TO 2 0 : 1 8 , 2 ; 2 0 END         numbers digit by digit, largest first; one state per step
//! sliding     1 2 0 4 5 3 TO 1 2 3 4 5 0 : 3 END           tiles row by row, 0 the gap; a step is the tile that slides
//! ```
//!
//! A step of Countdown is the numbers that remain, not the operation: two operations with the same result are one step.

pub mod game;

use searchlens_tasks::families::countdown;
use searchlens_tasks::problem::Labels;
use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::solve::DistanceField;

use self::game::{Game, state};
use crate::sequence::answer::Answer;
use crate::sequence::decoded::Decoded;
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::grammar::{Grammar, check_reading};
use crate::sequence::io::{Reader, Writer};
use crate::sequence::role::{Delimiter, Role};
use crate::sequence::vocab::Vocab;

/// A tokenizer of a puzzle.
#[derive(Clone, Debug)]
pub struct PuzzleWords {
    game: Game,
    vocab: Vocab,
    /// The graph and states of the game, if all problems share them.
    board: Option<(Graph, Labels)>,
    /// Number of steps of the longest shortest path.
    most_steps: usize,
    signs: Signs,
}

/// Ids of the words other than numbers, which are `0..`.
#[derive(Clone, Copy, Debug)]
struct Signs {
    /// Between two numbers.
    comma: u32,
    /// Between two states.
    semicolon: u32,
    to: u32,
    start: u32,
    end: u32,
    pad: u32,
}

impl PuzzleWords {
    /// Returns the tokenizer for a game.
    pub(crate) fn new(game: Game) -> PuzzleWords {
        let board = game.board();
        let (figures, between): (usize, &[&str]) = match game {
            Game::Countdown { .. } => (10, &[",", ";"]),
            Game::Sliding { rows, cols } => (rows * cols, &[]),
        };
        let most_steps = match (game, &board) {
            (Game::Countdown { numbers, .. }, _) => numbers - 1,
            (_, Some((graph, _))) => diameter(graph),
            (_, None) => 0,
        };
        let mut words: Vec<String> = (0..figures).map(|figure| figure.to_string()).collect();
        words.extend(between.iter().chain(&["TO", ":", "END", "PAD"]).map(|&word| word.to_owned()));
        let vocab = Vocab::new(words);
        let id = |name| vocab.find(name).unwrap_or(u32::MAX);
        let signs =
            Signs { comma: id(","), semicolon: id(";"), to: id("TO"), start: id(":"), end: id("END"), pad: id("PAD") };
        PuzzleWords { game, board, most_steps, signs, vocab }
    }

    /// Returns the game that it writes.
    pub fn game(&self) -> Game {
        self.game
    }

    /// Returns the numbers of a node's state.
    fn numbers(&self, example: &Example<'_>, node: usize) -> Result<Vec<u64>, EncodeError> {
        let wrong = EncodeError::State { game: self.game.puzzle().name(), node };
        let labels =
            example.labels.filter(|labels| labels.n_nodes() == example.graph.n_nodes()).ok_or(wrong.clone())?;
        let size = match self.game {
            Game::Countdown { numbers, .. } => numbers,
            Game::Sliding { rows, cols } => rows * cols,
        };
        let numbers = state(labels.of(node)).filter(|numbers| numbers.len() == size).ok_or(wrong.clone())?;
        let fits = match self.game {
            Game::Countdown { .. } => numbers[0] > 0 && numbers.is_sorted_by(|a, b| a >= b),
            Game::Sliding { .. } => {
                let mut sorted = numbers.clone();
                sorted.sort_unstable();
                sorted.into_iter().eq(0..size as u64)
            }
        };
        if fits { Ok(numbers) } else { Err(wrong) }
    }

    fn write_state(
        &self,
        example: &Example<'_>,
        node: usize,
        role: Role,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        let numbers = self.numbers(example, node)?;
        if let Game::Sliding { .. } = self.game {
            numbers.iter().for_each(|&tile| out.push(tile as u32, role));
            return Ok(());
        }
        for (place, number) in numbers.into_iter().take_while(|&number| number > 0).enumerate() {
            if place > 0 {
                out.push(self.signs.comma, role);
            }
            number.to_string().bytes().for_each(|digit| out.push(u32::from(digit - b'0'), role));
        }
        Ok(())
    }

    /// Reads a state's numbers.
    fn read_state(&self, reader: &mut Reader<'_>) -> Result<Vec<u64>, DecodeError> {
        if let Game::Sliding { rows, cols } = self.game {
            let tile = |id: u32| ((id as usize) < rows * cols).then_some(u64::from(id));
            return (0..rows * cols).map(|_| reader.take("a tile", tile)).collect();
        }
        let (length, numbers) = self.spell(reader.rest());
        if length == 0 {
            return Err(reader.unexpected("a number"));
        }
        reader.go_to(reader.position() + length);
        Ok(numbers)
    }

    /// Returns how many tokens spell numbers separated by commas, and the numbers.
    fn spell(&self, ids: &[u32]) -> (usize, Vec<u64>) {
        let (mut numbers, mut length) = (Vec::new(), 0);
        loop {
            let rest = &ids[length..];
            let gap = usize::from(!numbers.is_empty() && rest.first() == Some(&self.signs.comma));
            let digits = rest[gap..].iter().take(15).take_while(|&&id| id < 10);
            let (n, number) = digits.fold((0, 0u64), |(n, number), &id| (n + 1, 10 * number + u64::from(id)));
            if n == 0 || (gap == 0 && !numbers.is_empty()) {
                return (length, numbers);
            }
            numbers.push(number);
            length += gap + n;
        }
    }

    /// Returns the node of a state.
    fn find(labels: &Labels, numbers: &[u64]) -> Option<usize> {
        let padded = |place: usize| numbers.get(place).map_or(0.0, |&n| n as f64);
        let is = |label: &[f64]| numbers.len() <= label.len() && label.iter().enumerate().all(|(i, &x)| x == padded(i));
        labels.iter().position(is)
    }
}

/// Returns the length of the longest shortest path.
fn diameter(graph: &Graph) -> usize {
    let farthest = |to| {
        let field = DistanceField::to(graph, to);
        (0..graph.n_nodes()).filter_map(|v| field.distance(v)).max().unwrap_or(0)
    };
    (0..graph.n_nodes()).map(farthest).max().unwrap_or(0)
}

/// Returns the tile that slides between two arrangements: the one at the gap's new place.
fn slid(from: &[f64], to: &[f64]) -> Option<u64> {
    let gap = to.iter().position(|&tile| tile == 0.0)?;
    from.get(gap).map(|&tile| tile as u64)
}

impl Grammar for PuzzleWords {
    fn vocab(&self) -> &Vocab {
        &self.vocab
    }

    fn end_id(&self) -> u32 {
        self.signs.end
    }

    fn pad_id(&self) -> u32 {
        self.signs.pad
    }

    fn write_problem(&self, example: &Example<'_>, _: EdgeOrder<'_>, out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if !example.shown.is_empty() {
            return Err(EncodeError::Shown { n: example.shown.len() });
        }
        if let Some(cell) = example.origin {
            self.write_state(example, cell, Role::Origin { cell }, out)?;
        }
        if let Some(cell) = example.target {
            out.push(self.signs.to, Role::Delimiter(Delimiter::TargetStart));
            self.write_state(example, cell, Role::Target { cell }, out)?;
        }
        Ok(())
    }

    fn write_path_start(&self, out: &mut Writer<'_>) {
        out.push(self.signs.start, Role::PathStart);
    }

    /// Writes the path without its origin, which the prompt contains.
    fn write_answer(&self, example: &Example<'_>, path: &[usize], out: &mut Writer<'_>) -> Result<(), EncodeError> {
        if example.origin != Some(path[0]) {
            return Err(EncodeError::PathNotFromOrigin { start: path[0], origin: example.origin });
        }
        for step in 1..path.len() {
            let (from, cell) = (path[step - 1], path[step]);
            let role = Role::PathStep { step, cell };
            match (self.game, example.labels) {
                (Game::Sliding { .. }, Some(labels)) => {
                    self.numbers(example, from)?;
                    self.numbers(example, cell)?;
                    let tile = slid(labels.of(from), labels.of(cell)).filter(|_| example.graph.has_edge(from, cell));
                    out.push(tile.ok_or(EncodeError::NotAStep { from, to: cell })? as u32, role);
                }
                _ => {
                    self.write_state(example, cell, role, out)?;
                    if step + 1 < path.len() {
                        out.push(self.signs.semicolon, role);
                    }
                }
            }
        }
        out.push(self.signs.end, Role::End);
        Ok(())
    }

    fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        let mut reader = Reader::new(ids, &self.vocab, self.signs.pad)?;
        let reader = &mut reader;
        let start = self.read_state(reader)?;
        let wrong = |reader: &Reader<'_>| reader.unexpected("a state of the puzzle");
        let (graph, labels) = match (self.game, &self.board) {
            (Game::Countdown { numbers, max_number }, _) => {
                let fits = start.len() == numbers && start.iter().all(|n| (1..=max_number).contains(n));
                if !fits || !start.is_sorted_by(|a, b| a >= b) {
                    reader.go_to(0);
                    return Err(wrong(reader));
                }
                countdown::game(&start)
            }
            (_, Some(board)) => board.clone(),
            (_, None) => return Err(DecodeError::Lossy),
        };
        let origin = PuzzleWords::find(&labels, &start);
        if origin.is_none() {
            reader.go_to(0);
            return Err(wrong(reader));
        }
        let mut target = None;
        if reader.skip(self.signs.to) {
            let begin = reader.position();
            let state = self.read_state(reader)?;
            target = PuzzleWords::find(&labels, &state);
            if target.is_none() {
                reader.go_to(begin);
                return Err(wrong(reader));
            }
        }
        let mut path = None;
        if reader.skip(self.signs.start) {
            let begin = reader.position();
            let problem = Example { labels: Some(&labels), origin, target, ..Example::of_graph(&graph) };
            let answer = self.decode_answer(&problem, reader.rest());
            let end = answer.roles.iter().position(|&role| role == Role::End);
            let place = match (answer.invalid_tokens.first(), end) {
                (None, Some(end)) => begin + end + 1,
                (Some(&wrong), _) => begin + wrong,
                (None, None) => reader.ids().len(),
            };
            reader.go_to(place);
            if !answer.ended {
                return Err(reader.unexpected("a step or the end of the path"));
            }
            path = Some(answer.cells);
        }
        reader.finish()?;
        let decoded = Decoded { labels: Some(labels), origin, target, path, ..Decoded::of_graph(graph) };
        check_reading(self, &decoded, reader)?;
        Ok(decoded)
    }

    fn decode_answer(&self, example: &Example<'_>, generated: &[u32]) -> Answer {
        let mut answer = Answer::new(example.origin.into_iter().collect(), generated.len());
        let (graph, labels) = match (&self.board, example.labels) {
            (Some((graph, labels)), _) => (graph, labels),
            (None, Some(labels)) => (example.graph, labels),
            // A Countdown state is a node only by the problem's labels: without them nothing can be read.
            (None, None) => {
                answer.invalid_tokens = (0..generated.len()).collect();
                return answer;
            }
        };
        let mut here = example.origin;
        let mut position = 0;
        while position < generated.len() {
            let id = generated[position];
            if id == self.signs.end {
                answer.end(position);
                break;
            }
            // Number of tokens of the step, and the node that it leads to.
            let (length, to) = match self.game {
                Game::Sliding { .. } => {
                    let tile = |from: usize, to: usize| slid(labels.of(from), labels.of(to)) == Some(u64::from(id));
                    (1, here.and_then(|from| graph.neighbours(from).find(|&to| tile(from, to))))
                }
                Game::Countdown { .. } => {
                    let (length, numbers) = self.spell(&generated[position..]);
                    let closed = generated.get(position + length);
                    let more = closed == Some(&self.signs.semicolon);
                    let complete = more || closed == Some(&self.signs.end);
                    let to = PuzzleWords::find(labels, &numbers).filter(|_| length > 0 && complete);
                    (length + usize::from(more), to)
                }
            };
            match to {
                Some(to) => {
                    answer.walk(position..position + length, &[to]);
                    here = Some(to);
                }
                // The tokens end within a step: what is there of it is not invalid.
                None if length > 0
                    && position + length == generated.len()
                    && !matches!(self.game, Game::Sliding { .. }) => {}
                None => answer.invalid_tokens.push(position),
            }
            position += length.max(1);
        }
        answer
    }

    fn max_problem_len(&self, _: usize) -> usize {
        match self.game {
            // The result of an operation never has more digits than its operands together.
            Game::Countdown { numbers, max_number } => 2 * numbers * digits(max_number) + numbers,
            Game::Sliding { rows, cols } => 2 * rows * cols + 1,
        }
    }

    /// The longest shortest path; the longest path without repeated states would be far longer.
    fn max_answer_len(&self) -> usize {
        match self.game {
            Game::Countdown { numbers, max_number } => {
                let commas: usize = (1..numbers).map(|joined| numbers - joined - 1).sum();
                (numbers - 1) * numbers * digits(max_number) + commas + numbers.saturating_sub(2) + 1
            }
            Game::Sliding { .. } => self.most_steps + 1,
        }
    }
}

fn digits(number: u64) -> usize {
    number.to_string().len()
}
