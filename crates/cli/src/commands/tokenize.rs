//! `searchlens tokenize`: turns problems into token sequences.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use searchlens::base::stream::{Purpose, stream};
use searchlens::formats::record::GraphRecord;
use searchlens::formats::record::{MazeRecord, Record};
use searchlens::tasks::families::labels::Binning;
use searchlens::tasks::problem::maze::Lattice;
use searchlens::tasks::problem::{Goal, Labels};
use searchlens::tokens::graphs::Nodes;
use searchlens::tokens::name::graph::{GraphChoices, Style};
use searchlens::tokens::name::puzzle::Puzzle;
use searchlens::tokens::puzzles::game::Game;
use searchlens::tokens::sequence::encoded::LossOn;
use searchlens::tokens::sequence::example::{EdgeOrder, Example};
use searchlens::tokens::sequence::line::TokenLine;
use searchlens::tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName, Vocabulary, World};

use crate::error::{InputError, Result};
use crate::global::GlobalArgs;
use crate::input::Problems;
use crate::output::Output;

/// Turn problems into token sequences
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokenizeArgs {
    /// File or folder of problems, in any format [default: -, JSON lines on standard input]
    file: Option<PathBuf>,
    /// maze-dataset's AOTP_UT_rasterized, AOTP_UT_uniform, AOTP_CTT_indexed or a full MazeTokenizerModular-... name; edges,
    /// walls, cells, row-col, saparov, brinkmann, bachmann, labelled or hops, with options after a +, as in
    /// edges+query-first or saparov+weights-9; countdown or sliding
    #[arg(long, value_name = "NAME")]
    tokenizer: String,
    /// Grid size of a legacy vocabulary [default: the larger side of each maze]
    #[arg(long, value_name = "G")]
    max_grid_size: Option<usize>,
    /// Give a modular tokenizer the vocabulary used in training: only tokens that can occur, numbered from 0, unlike in
    /// maze-dataset
    #[arg(long)]
    compact: bool,
    /// Labelled graphs: bins per coordinate; must match the task that drew them
    #[arg(long, value_name = "N", default_value_t = 64)]
    bins: usize,
    /// Labelled graphs: lower edge of the first bin and upper edge of the last
    #[arg(long, value_name = "LOW,HIGH", default_value = "0,1", value_parser = bounds, allow_hyphen_values = true)]
    label_range: Bounds,
    /// Do not shuffle the edges
    #[arg(long)]
    unshuffled: bool,
}

const EXAMPLES: &str = "Mazes of different sizes and graphs may be mixed. What a maze lacks (start, end or \
solution) is left out of its sequence.

Examples:
  searchlens tokenize --tokenizer edges < problems.jsonl > tokens.jsonl
  searchlens generate --maze dfs --rows 3 --cols 3 --count 1 \\
      | searchlens tokenize --tokenizer AOTP_UT_uniform --unshuffled
  searchlens tokenize --tokenizer row-col+sorted+query-first+forks problems.jsonl";

pub(crate) fn run(args: TokenizeArgs, global: &GlobalArgs) -> Result<()> {
    let name: TokenizerName = args.tokenizer.parse()?;
    let is_modular = matches!(name, TokenizerName::Modular(_));
    let vocabulary = match args.compact {
        true => Some(Vocabulary::Compact),
        false => is_modular.then_some(Vocabulary::Full),
    };
    let config = TokenizerConfig { name, max_grid_size: args.max_grid_size, vocabulary };
    let Bounds(low, high) = args.label_range;
    let binning = Binning { dim: 1, bins: args.bins, low, high };
    binning.check()?;
    let seed = global.seed();
    let tokenizers = TokenizerCache { config, binning, cache: Mutex::default() };
    let mut output = Output::stdout();
    Problems::open(args.file.as_deref())?.write_each(&global.workers()?, &mut output, |number, entry| {
        let mut rng = stream(seed, Purpose::Tokenize, number - 1);
        let order = if args.unshuffled { EdgeOrder::Fixed } else { EdgeOrder::Shuffled(&mut rng) };
        tokens(&entry.record, &tokenizers, order)
    })?;
    output.finish()
}

/// The properties of a problem that its tokenizer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Maze(Lattice),
    Graph { n_nodes: usize, directed: bool, dim: Option<usize>, examples: usize, max_hops: usize },
    Puzzle(Game),
}

impl Shape {
    /// Returns the shape of a record, with only the properties that this tokenizer depends on.
    ///
    /// # Errors
    /// If a puzzle tokenizer gets another problem, or a label tokenizer gets a puzzle.
    fn of(record: &Record, name: TokenizerName) -> Result<Shape> {
        let shape = match (record, name) {
            (Record::Maze(record), _) => Shape::Maze(record.maze.lattice),
            (Record::Graph(GraphRecord { problem, .. }), TokenizerName::Puzzle(puzzle)) => {
                Shape::Puzzle(Game::of(puzzle, problem).ok_or(InputError::NotThePuzzle { puzzle: puzzle.name() })?)
            }
            (Record::Graph(GraphRecord { problem, shown, .. }), _) => {
                let labelled = matches!(name, TokenizerName::Graph(GraphChoices { style: Style::Labelled { .. }, .. }));
                let dim = problem.labels.as_ref().map(Labels::dim).filter(|_| labelled);
                let played = Puzzle::ALL.into_iter().find(|&(puzzle, _)| Game::of(puzzle, problem).is_some());
                if let (Some(_), Some((_, puzzle))) = (dim, played) {
                    return Err(InputError::IsAPuzzle { puzzle }.into());
                }
                let max_hops = match problem.goal {
                    // The most hops that a path through all nodes has, so that problems of one size share a vocabulary.
                    Goal::Hops(hops) => hops.max(problem.graph.n_nodes() - 1),
                    Goal::Node(_) | Goal::Nearest { .. } => 0,
                };
                let shown_nodes = shown.iter().map(|shown| shown.problem.graph.n_nodes());
                Shape::Graph {
                    n_nodes: shown_nodes.chain([problem.graph.n_nodes()]).max().unwrap_or(0),
                    directed: problem.graph.is_directed(),
                    dim,
                    examples: shown.len(),
                    max_hops,
                }
            }
        };
        Ok(shape)
    }
}

/// A cache of tokenizers by shape: making a vocabulary costs more than writing a sequence.
struct TokenizerCache {
    config: TokenizerConfig,
    /// Bins of each label coordinate.
    binning: Binning,
    cache: Mutex<BTreeMap<Shape, Arc<Tokenizer>>>,
}

/// Size limit of the cache, for files with very many shapes.
const MAX_CACHED: usize = 64;

impl TokenizerCache {
    fn of(&self, shape: Shape) -> Result<Arc<Tokenizer>> {
        // A panic ends the program, so a poisoned lock never protects a half-changed map.
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokenizer) = cache.get(&shape) {
            return Ok(Arc::clone(tokenizer));
        }
        let world = match shape {
            Shape::Maze(lattice) => World::Lattice(lattice),
            Shape::Puzzle(game) => World::Puzzle(game),
            Shape::Graph { n_nodes, directed, dim, examples, max_hops } => {
                let labels = dim.map(|dim| Binning { dim, ..self.binning.clone() });
                if let Some(labels) = &labels {
                    labels.check()?;
                }
                World::Graph(Nodes { n_nodes, directed, labels, examples, max_hops })
            }
        };
        let tokenizer = Arc::new(Tokenizer::new(&self.config, world)?);
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(shape, Arc::clone(&tokenizer));
        Ok(tokenizer)
    }
}

fn tokens(record: &Record, tokenizers: &TokenizerCache, order: EdgeOrder<'_>) -> Result<String> {
    let tokenizer = tokenizers.of(Shape::of(record, tokenizers.config.name)?)?;
    let example = match record {
        Record::Maze(MazeRecord { maze, start, end, solution }) => {
            Example { origin: *start, target: *end, path: solution.as_deref(), ..Example::of_maze(maze) }
        }
        Record::Graph(GraphRecord { problem, solution, shown }) => {
            Example { shown, ..Example::of_problem(problem, Some(solution)) }
        }
    };
    let encoded = tokenizer.encode(&example, order, LossOn::Path)?;
    let line = TokenLine::new(&encoded.ids, tokenizer.vocab())?;
    Ok(serde_json::to_string(&line).expect("a line of tokens has a JSON form"))
}

/// A range given as `LOW,HIGH`.
#[derive(Clone, Copy, Debug)]
struct Bounds(f64, f64);

fn bounds(text: &str) -> Result<Bounds, String> {
    let numbers = text.split_once(',').and_then(|(low, high)| Some(Bounds(low.parse().ok()?, high.parse().ok()?)));
    numbers.ok_or_else(|| "expected two numbers, such as 0,1".to_owned())
}
