//! `searchlens tokenize`: problems as sequences of tokens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;
use searchlens::base::stream::{Purpose, stream};
use searchlens::formats::record::GraphRecord;
use searchlens::formats::record::{MazeRecord, Record};
use searchlens::tasks::labels::Binning;
use searchlens::tasks::maze::Lattice;
use searchlens::tasks::problem::{Goal, Labels};
use searchlens::tokens::graphs::Nodes;
use searchlens::tokens::name::graph::{GraphChoices, Style};
use searchlens::tokens::name::puzzle::Puzzle;
use searchlens::tokens::puzzles::game::Game;
use searchlens::tokens::sequence::encoded::LossOn;
use searchlens::tokens::sequence::example::{EdgeOrder, Example};
use searchlens::tokens::sequence::line::TokenLine;
use searchlens::tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName, Vocabulary, World};

use crate::cli::Common;
use crate::error::InputError;
use crate::input::Problems;
use crate::output::Output;

/// Turn problems into token sequences
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokenizeArgs {
    /// A file of problems, in any format, or a folder of them; JSON lines on standard input if absent or -
    file: Option<PathBuf>,
    /// AOTP_UT_rasterized, AOTP_UT_uniform, AOTP_CTT_indexed, maze-dataset's full MazeTokenizerModular-.. names, or
    /// edges, walls, cells, row-col, saparov, brinkmann, bachmann, labelled, hops with choices behind a +, as in
    /// edges+query-first or saparov+weights-9, or countdown, sliding
    #[arg(long, value_name = "NAME")]
    tokenizer: String,
    /// Sides of the largest grid that a legacy vocabulary covers [default: the larger side of each line's maze]
    #[arg(long, value_name = "G")]
    max_grid_size: Option<usize>,
    /// Number a modular tokenizer's words from 0, those alone that can occur: as networks see them, not as maze-dataset
    #[arg(long)]
    compact: bool,
    /// For labelled graphs: bins of each coordinate, as the task that drew them has them
    #[arg(long, value_name = "N", default_value_t = 64)]
    bins: usize,
    /// For labelled graphs: where the first bin begins and the last ends
    #[arg(long, value_name = "LOW,HIGH", default_value = "0,1", value_parser = bounds, allow_hyphen_values = true)]
    label_range: Bounds,
    /// Write passages in their fixed order instead of a drawn one
    #[arg(long)]
    unshuffled: bool,
}

const EXAMPLES: &str = "Lines may hold mazes of different shapes, and graphs. What a maze lacks (ends, solution) its tokens lack.

Examples:
  searchlens tokenize --tokenizer edges < problems.jsonl > tokens.jsonl
  searchlens generate --maze dfs --rows 3 --cols 3 --count 1 | searchlens tokenize --tokenizer AOTP_UT_uniform --unshuffled
  searchlens tokenize --tokenizer row-col+sorted+query-first+forks problems.jsonl";

pub(crate) fn run(args: TokenizeArgs, common: &Common) -> anyhow::Result<()> {
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
    let seed = common.seed();
    let tokenizers = Tokenizers { config, binning, made: Mutex::default() };
    let mut output = Output::stdout();
    Problems::open(args.file.as_deref())?.each(&common.workers()?, &mut output, |number, entry| {
        let mut rng = stream(seed, Purpose::Tokenize, number - 1);
        let order = if args.unshuffled { EdgeOrder::Fixed } else { EdgeOrder::Shuffled(&mut rng) };
        tokens(&entry.record, &tokenizers, order)
    })?;
    output.finish()
}

/// What a tokenizer is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Shape {
    Maze(Lattice),
    Graph { n_nodes: usize, directed: bool, dim: Option<usize>, examples: usize, max_hops: usize },
    Puzzle(Game),
}

impl Shape {
    /// The shape of a record, as far as this tokenizer wants to know it.
    ///
    /// # Errors
    /// If it is a puzzle's tokenizer and the record is none of that puzzle, or a tokenizer of labels and the record is a
    /// puzzle.
    fn of(record: &Record, name: TokenizerName) -> anyhow::Result<Shape> {
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
                    // Room for as many as a way through all nodes has, so that lines of one size have one vocabulary.
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

/// Tokenizers by the shape of the problem, each made once: a vocabulary costs more than a sequence.
struct Tokenizers {
    config: TokenizerConfig,
    /// How one coordinate of a label is cut.
    binning: Binning,
    made: Mutex<BTreeMap<Shape, Arc<Tokenizer>>>,
}

/// Tokenizers that are kept. Files have few shapes; one that has many must not fill the memory.
const MAX_KEPT: usize = 64;

impl Tokenizers {
    fn of(&self, shape: Shape) -> anyhow::Result<Arc<Tokenizer>> {
        // A worker that panics ends the program, so the map is never left half-changed.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokenizer) = made.get(&shape) {
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
        if made.len() >= MAX_KEPT {
            made.clear();
        }
        made.insert(shape, Arc::clone(&tokenizer));
        Ok(tokenizer)
    }
}

fn tokens(record: &Record, tokenizers: &Tokenizers, order: EdgeOrder<'_>) -> anyhow::Result<String> {
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
    Ok(serde_json::to_string(&TokenLine::new(&encoded.ids, tokenizer.vocab())?)?)
}

/// Two numbers, joined by a comma.
#[derive(Clone, Copy, Debug)]
struct Bounds(f64, f64);

fn bounds(text: &str) -> Result<Bounds, String> {
    let numbers = text.split_once(',').and_then(|(low, high)| Some(Bounds(low.parse().ok()?, high.parse().ok()?)));
    numbers.ok_or_else(|| "give two numbers, as in 0,1".to_owned())
}
