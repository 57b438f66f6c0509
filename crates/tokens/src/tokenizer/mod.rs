//! The entry point to all tokenizers: chosen by name in a config, made for the lattice or nodes of a task.

pub mod error;
pub mod sizes;
pub mod world;

use searchlens_tasks::config::TaskConfig;
use searchlens_tasks::mazes::error::MAX_CELLS;
use searchlens_tasks::problem::maze::Lattice;
use serde::{Deserialize, Serialize};

use crate::graphs::{GraphWords, Nodes};
use crate::mazes::modular::Modular;
use crate::mazes::modular::words::{MAX_NUMBER, MAX_UNIQUE};
use crate::mazes::own::Own;
use crate::name::graph::{GraphChoices, Style};
use crate::name::legacy::LegacyMode;
use crate::name::modular::Coords;
pub use crate::name::{NameError, TokenizerName};
use crate::puzzles::PuzzleWords;
use crate::puzzles::game::Game;
use crate::sequence::answer::Answer;
use crate::sequence::decoded::Decoded;
use crate::sequence::encoded::{Encoded, LossOn};
use crate::sequence::error::{DecodeError, EncodeError};
use crate::sequence::example::{EdgeOrder, Example};
use crate::sequence::grammar::{Grammar, write};
use crate::sequence::io::Writer;
use crate::sequence::role::Role;
use crate::sequence::vocab::Vocab;
pub use crate::tokenizer::error::TokenizerError;
use crate::tokenizer::sizes::Sizes;
pub use crate::tokenizer::world::World;

/// The table `[tokenizer]` of a config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerConfig {
    /// The name of the tokenizer.
    pub name: TokenizerName,
    /// Legacy modes: side of the largest grid that the vocabulary covers, up to [`MAX_UNIQUE_SIDE`], or
    /// [`MAX_INDEXED_SIDE`] if cells are written by row and column. Default: the largest side of the task's mazes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_grid_size: Option<usize>,
    /// Modular tokenizers: which words have an id. Default: [`Vocabulary::Compact`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vocabulary: Option<Vocabulary>,
}

/// Which words of a modular tokenizer have an id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Vocabulary {
    /// Those that can occur on the task's lattice, with consecutive ids in maze-dataset's order.
    #[default]
    Compact,
    /// maze-dataset's 4096.
    Full,
}

/// Side of the largest grid of the legacy modes that have a word for each cell: as many cells as a maze may have.
pub const MAX_UNIQUE_SIDE: usize = 1000;
const _: () = assert!(MAX_UNIQUE_SIDE * MAX_UNIQUE_SIDE == MAX_CELLS);

/// Side of the largest grid of the legacy mode with a word for each row and column: the longest possible corridor.
pub const MAX_INDEXED_SIDE: usize = MAX_CELLS;

/// A tokenizer for problems of one shape, or for mazes of several sizes.
#[derive(Clone, Debug)]
pub enum Tokenizer {
    /// maze-dataset's legacy modes.
    Legacy(Modular, TokenizerConfig),
    /// maze-dataset's modular tokenizers.
    Modular(Modular, TokenizerConfig),
    /// Searchlens' own.
    Own(Own),
    /// Of graphs.
    Graph(GraphWords),
    /// Of puzzles.
    Puzzle(PuzzleWords),
    /// Any tokenizer of mazes, for several sizes.
    Sizes(Sizes),
}

impl From<TokenizerName> for TokenizerConfig {
    fn from(name: TokenizerName) -> TokenizerConfig {
        TokenizerConfig { name, max_grid_size: None, vocabulary: None }
    }
}

impl Tokenizer {
    /// Returns the tokenizer of a config for mazes on a lattice, or for graphs with some nodes.
    ///
    /// # Errors
    /// [`TokenizerError`], if there is no such tokenizer for such problems.
    pub fn new(config: &TokenizerConfig, world: impl Into<World>) -> Result<Tokenizer, TokenizerError> {
        let world: World = world.into();
        let name = config.name;
        if config.vocabulary.is_some() && !matches!(name, TokenizerName::Modular(_)) {
            return Err(TokenizerError::NoVocabulary { name });
        }
        if config.max_grid_size.is_some() && !matches!(name, TokenizerName::Legacy(_)) {
            return Err(TokenizerError::NoGridSize { name });
        }
        if let World::Lattices(lattices) = &world
            && name.needs_lattice()
        {
            return Sizes::new(config, lattices).map(Tokenizer::Sizes);
        }
        let lattice = match &world {
            World::Lattice(lattice) => Ok(*lattice),
            // Only graph and puzzle tokenizers come here with mazes of several sizes.
            World::Lattices(_) | World::Graph(_) => Err(TokenizerError::NotAMaze { name }),
            World::Puzzle(game) => Err(words_for_game(name, *game)),
        };
        let is_peers = matches!(name, TokenizerName::Legacy(_) | TokenizerName::Modular(_));
        if is_peers && lattice.as_ref().is_ok_and(|lattice| lattice.wraps) {
            return Err(TokenizerError::Torus { name });
        }
        match name {
            TokenizerName::Legacy(mode) => {
                let lattice = lattice?;
                let Lattice { rows, cols, .. } = lattice;
                let limit = if mode == LegacyMode::CttIndexed { MAX_INDEXED_SIDE } else { MAX_UNIQUE_SIDE };
                if rows.max(cols) > limit {
                    return Err(TokenizerError::BeyondGrid { name, rows, cols, limit });
                }
                let max_grid_size = config.max_grid_size.unwrap_or(rows.max(cols));
                if max_grid_size < rows.max(cols) {
                    return Err(TokenizerError::GridTooSmall { max_grid_size, rows, cols });
                }
                if max_grid_size > limit {
                    return Err(TokenizerError::GridTooLarge { name, max_grid_size, limit });
                }
                let config = TokenizerConfig { max_grid_size: Some(max_grid_size), ..name.into() };
                Ok(Tokenizer::Legacy(Modular::legacy(mode, lattice, max_grid_size), config))
            }
            TokenizerName::Modular(elements) => {
                let lattice = lattice?;
                let Lattice { rows, cols, .. } = lattice;
                let limit = if elements.coords == Coords::Ut { MAX_UNIQUE } else { MAX_NUMBER };
                if rows.max(cols) > limit {
                    return Err(TokenizerError::BeyondWords { rows, cols, limit });
                }
                let vocabulary = config.vocabulary.unwrap_or_default();
                let modular = match vocabulary {
                    Vocabulary::Compact => Modular::compact(elements, lattice),
                    Vocabulary::Full => Modular::full(elements, lattice),
                };
                Ok(Tokenizer::Modular(modular, TokenizerConfig { vocabulary: Some(vocabulary), ..name.into() }))
            }
            TokenizerName::Own(choices) => Ok(Tokenizer::Own(Own::new(choices, lattice?))),
            TokenizerName::Graph(choices) => {
                let style = choices.style;
                let nodes = match world {
                    World::Lattice(lattice) => Nodes::plain(lattice.n_cells(), false),
                    World::Lattices(lattices) => {
                        let most = lattices.iter().map(|lattice| lattice.n_cells()).max();
                        Nodes::plain(most.unwrap_or(0), false)
                    }
                    World::Graph(nodes) => nodes,
                    World::Puzzle(game) => return Err(words_for_game(name, game)),
                };
                if matches!(style, Style::Hops { .. }) != (nodes.max_hops > 0) {
                    let (problems, remedy) = match nodes.max_hops {
                        0 => ("goals that are not numbers of hops", "saparov"),
                        _ => ("goals that are numbers of hops", "hops"),
                    };
                    return Err(TokenizerError::Words { name, problems, remedy });
                }
                if matches!(style, Style::Labelled { .. }) && nodes.labels.is_none() {
                    return Err(TokenizerError::NoLabels { name });
                }
                Ok(Tokenizer::Graph(GraphWords::new(choices, nodes)))
            }
            TokenizerName::Puzzle(puzzle) => match world {
                World::Puzzle(game) if game.puzzle() == puzzle => Ok(Tokenizer::Puzzle(PuzzleWords::new(game))),
                World::Puzzle(game) => Err(words_for_game(name, game)),
                World::Lattice(_) | World::Lattices(_) => {
                    Err(TokenizerError::Words { name, problems: "mazes", remedy: "edges" })
                }
                World::Graph(_) => Err(TokenizerError::Words { name, problems: "graphs", remedy: "saparov" }),
            },
        }
    }

    /// Returns the tokenizer of this name; legacy modes with the smallest vocabulary that covers the lattice, modular ones
    /// with the compact one.
    ///
    /// # Errors
    /// [`TokenizerError`]; for an unknown name it suggests near ones.
    pub fn from_name(name: &str, world: impl Into<World>) -> Result<Tokenizer, TokenizerError> {
        Tokenizer::new(&name.parse::<TokenizerName>()?.into(), world)
    }

    /// Returns the tokenizer of a config for the problems of a task.
    ///
    /// # Errors
    /// [`TokenizerError`], if there is no such tokenizer, or it lacks words for some of the task's problems.
    pub fn for_task(config: &TokenizerConfig, task: &TaskConfig) -> Result<Tokenizer, TokenizerError> {
        let tokenizer = Tokenizer::new(config, World::of(task)?)?;
        check_words(config.name, task)?;
        Ok(tokenizer)
    }

    pub(crate) fn grammar(&self) -> &dyn Grammar {
        match self {
            Tokenizer::Sizes(sizes) => sizes,
            Tokenizer::Legacy(modular, _) | Tokenizer::Modular(modular, _) => modular,
            Tokenizer::Own(own) => own,
            Tokenizer::Graph(graph) => graph,
            Tokenizer::Puzzle(puzzle) => puzzle,
        }
    }

    /// Returns its name.
    pub fn name(&self) -> TokenizerName {
        self.config().name
    }

    /// Returns the config that makes it, with every choice explicit.
    pub fn config(&self) -> TokenizerConfig {
        match self {
            Tokenizer::Sizes(sizes) => sizes.covering().config(),
            Tokenizer::Legacy(_, config) | Tokenizer::Modular(_, config) => config.clone(),
            Tokenizer::Own(own) => TokenizerName::Own(own.choices()).into(),
            Tokenizer::Graph(graph) => TokenizerName::Graph(graph.choices()).into(),
            Tokenizer::Puzzle(puzzle) => TokenizerName::Puzzle(puzzle.game().puzzle()).into(),
        }
    }

    /// Returns what it was made for.
    pub fn world(&self) -> World {
        match self {
            Tokenizer::Sizes(sizes) => World::Lattices(sizes.lattices()),
            Tokenizer::Legacy(modular, _) | Tokenizer::Modular(modular, _) => World::Lattice(modular.lattice()),
            Tokenizer::Own(own) => World::Lattice(own.lattice()),
            Tokenizer::Graph(graph) => World::Graph(graph.nodes().clone()),
            Tokenizer::Puzzle(puzzle) => World::Puzzle(puzzle.game()),
        }
    }

    /// Returns the lattice of the mazes that it writes, if it writes mazes of one size.
    pub fn lattice(&self) -> Option<Lattice> {
        match self.world() {
            World::Lattice(lattice) => Some(lattice),
            World::Lattices(_) | World::Graph(_) | World::Puzzle(_) => None,
        }
    }

    /// Returns its vocabulary.
    pub fn vocab(&self) -> &Vocab {
        self.grammar().vocab()
    }

    /// Returns the token that ends an answer.
    pub fn end_id(&self) -> u32 {
        self.grammar().end_id()
    }

    /// Returns the padding token.
    pub fn pad_id(&self) -> u32 {
        self.grammar().pad_id()
    }

    /// Encodes an example: the problem, then origin, target and path as far as it has them.
    ///
    /// Without a path there is no path-start token either (see [`Tokenizer::prompt`]), and the mask of
    /// [`LossOn::Path`], [`LossOn::FirstStep`] and [`LossOn::Forks`] is false everywhere. The path is written as given, open
    /// or not.
    ///
    /// ```
    /// use searchlens_tasks::problem::maze::{Lattice, Maze};
    /// use searchlens_tokens::sequence::encoded::LossOn;
    /// use searchlens_tokens::sequence::example::{EdgeOrder, Example};
    /// use searchlens_tokens::tokenizer::Tokenizer;
    ///
    /// let maze = Maze::new(Lattice::new(1, 3), &[(0, 1), (1, 2)]);
    /// let example = Example { origin: Some(0), target: Some(2), path: Some(&[0, 1, 2]), ..Example::of_maze(&maze) };
    /// let tokenizer = Tokenizer::from_name("edges", maze.lattice)?;
    /// let encoded = tokenizer.encode(&example, EdgeOrder::Fixed, LossOn::Path)?;
    /// let names: Vec<_> = encoded.ids.iter().filter_map(|&id| tokenizer.vocab().name(id)).collect();
    /// assert_eq!(
    ///     names.join(" "),
    ///     "(0,0)-(0,1) (0,1)-(0,2) TARGET (0,2) ORIGIN (0,0) PATH (0,1) (0,2) END"
    /// );
    /// assert_eq!(encoded.loss_mask.iter().filter(|&&counts| counts).count(), 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`EncodeError`], if this tokenizer cannot write the example.
    pub fn encode(&self, example: &Example<'_>, order: EdgeOrder<'_>, loss_on: LossOn) -> Result<Encoded, EncodeError> {
        let mut encoded = Encoded::default();
        let Encoded { ids, roles, .. } = &mut encoded;
        self.write(example, order, &mut Writer { ids, roles, edges: &mut Vec::new() })?;
        encoded.loss_mask = loss_on.mask(&encoded.roles, example.graph, example.path.unwrap_or_default());
        Ok(encoded)
    }

    /// Encodes a prompt: the example without its path, up to and including the path-start token. Its loss mask is false
    /// everywhere.
    ///
    /// # Errors
    /// [`EncodeError`], if this tokenizer cannot write the example.
    pub fn prompt(&self, example: &Example<'_>, order: EdgeOrder<'_>) -> Result<Encoded, EncodeError> {
        let mut encoded = Encoded::default();
        let Encoded { ids, roles, .. } = &mut encoded;
        let mut out = Writer { ids, roles, edges: &mut Vec::new() };
        self.write(&example.with_path(None), order, &mut out)?;
        self.grammar().write_path_start(&mut out);
        encoded.loss_mask = vec![false; encoded.ids.len()];
        Ok(encoded)
    }

    pub(crate) fn write(
        &self,
        example: &Example<'_>,
        order: EdgeOrder<'_>,
        out: &mut Writer<'_>,
    ) -> Result<(), EncodeError> {
        write(self.grammar(), example, order, out)
    }

    /// Returns the token that the network sees in place of every node of the path, in training and in generation, if the
    /// path is masked (Bachmann's "teacherless" variant).
    pub fn mask_id(&self) -> Option<u32> {
        if let Tokenizer::Graph(graph) = self { graph.mask_id() } else { None }
    }

    /// Returns the inputs of a sequence whose path is masked; `None` if this tokenizer masks nothing. The targets remain
    /// `encoded.ids`.
    pub fn masked_ids(&self, encoded: &Encoded) -> Option<Vec<u32>> {
        let mask = self.mask_id()?;
        let shown = encoded.ids.iter().zip(&encoded.roles);
        Some(shown.map(|(&id, role)| if matches!(role, Role::PathStep { .. }) { mask } else { id }).collect())
    }

    /// Reads the tokens that a model generated after the prompt of `example`, well-formed or not.
    ///
    /// ```
    /// use searchlens_tasks::problem::maze::{Lattice, Maze};
    /// use searchlens_tokens::sequence::example::Example;
    /// use searchlens_tokens::tokenizer::Tokenizer;
    ///
    /// let maze = Maze::new(Lattice::new(1, 3), &[(0, 1), (1, 2)]);
    /// let example = Example { origin: Some(0), target: Some(2), ..Example::of_maze(&maze) };
    /// let tokenizer = Tokenizer::from_name("edges", maze.lattice)?;
    /// let generated = [tokenizer.vocab().id("(0,1)")?, tokenizer.end_id()];
    /// let answer = tokenizer.decode_answer(&example, &generated);
    /// assert_eq!((answer.cells, answer.ended), (vec![0, 1], true));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn decode_answer(&self, example: &Example<'_>, generated: &[u32]) -> Answer {
        self.grammar().decode_answer(example, generated)
    }

    /// Decodes a sequence. Padding after it is skipped. For mazes of several sizes see [`Sizes`].
    ///
    /// ```
    /// use searchlens_tasks::problem::maze::Lattice;
    /// use searchlens_tokens::tokenizer::Tokenizer;
    ///
    /// let tokenizer = Tokenizer::from_name("edges", Lattice::new(1, 3))?;
    /// let ids = ["(0,0)-(0,1)", "TARGET", "(0,1)", "ORIGIN", "(0,0)"].map(|name| tokenizer.vocab().find(name));
    /// let ids: Vec<u32> = ids.into_iter().flatten().collect();
    /// let decoded = tokenizer.decode(&ids)?;
    /// assert_eq!((decoded.origin, decoded.target, decoded.passages), (Some(0), Some(1), vec![(0, 1)]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`DecodeError`], if no example encodes to it, or the tokenizer drops information.
    pub fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        self.grammar().decode(ids)
    }

    /// Maximum number of tokens of an example with at most `max_passages` open passages (in graphs: edges) and a path
    /// without repeated cells (in puzzles: a shortest path): the context that a model needs. A tree has `n_cells - 1`
    /// passages; no maze has more than its lattice has adjacent pairs.
    ///
    /// This is an upper bound where edges are grouped by leading cell or path steps cover several moves.
    pub fn max_len(&self, max_passages: usize) -> usize {
        self.grammar().max_problem_len(max_passages) + 1 + self.max_answer_len()
    }

    /// Maximum number of tokens of a path without repeated cells (in puzzles: of a shortest path), end token included: how
    /// far generation needs to go.
    pub fn max_answer_len(&self) -> usize {
        self.grammar().max_answer_len()
    }

    /// Returns the number of leading tokens whose order has no meaning, if every example has exactly `n_passages` open
    /// passages (as trees have): a model needs no positions there. `None` if the order of single tokens matters.
    pub fn unordered_prefix(&self, n_passages: usize) -> Option<usize> {
        self.grammar().unordered_prefix(n_passages)
    }
}

/// Returns the error of making a tokenizer for a puzzle that it does not write.
fn words_for_game(name: TokenizerName, game: Game) -> TokenizerError {
    let problems = match game {
        Game::Countdown { .. } => "the numbers of Countdown",
        Game::Sliding { .. } => "sliding tiles",
    };
    TokenizerError::Words { name, problems, remedy: game.puzzle().name() }
}

/// Checks that a tokenizer has words for the weights, goals and demonstrations of a task's problems.
fn check_words(name: TokenizerName, task: &TaskConfig) -> Result<(), TokenizerError> {
    let labelled = match name {
        TokenizerName::Graph(GraphChoices { style: Style::Labelled { prompted }, .. }) => Some(prompted),
        _ => None,
    };
    let check_weights = |needed| {
        if needed <= name.max_weight() { Ok(()) } else { Err(TokenizerError::Weights { name, needed }) }
    };
    match task {
        TaskConfig::Maze(maze) => check_weights(maze.max_weight()),
        TaskConfig::Graph(graph) => check_weights(graph.table().max_weight),
        TaskConfig::Prompted(_) if labelled != Some(true) => Err(TokenizerError::Examples { name }),
        TaskConfig::Labelled(_) if labelled.is_none() => Err(TokenizerError::Sets { name }),
        TaskConfig::Mixture(mixture) => mixture.parts().iter().try_for_each(|part| check_words(name, &part.task)),
        _ => Ok(()),
    }
}
