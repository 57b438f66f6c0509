//! The one door to all tokenizers: chosen by name in a config, made for the lattice or the nodes of a task.

use searchlens_base::fault::{Fault, HasFault};
use searchlens_tasks::config::{MAX_CELLS, TaskConfig};
use searchlens_tasks::maze::Lattice;
use serde::{Deserialize, Serialize};

use crate::answer::Answer;
use crate::decoded::{DecodeError, Decoded};
use crate::encoded::{Encoded, LossOn};
use crate::example::{EdgeOrder, EncodeError, Example, weights_remedy};
use crate::grammar::{Grammar, write};
use crate::graphs::style::{GraphChoices, Style};
use crate::graphs::{GraphWords, Nodes};
use crate::hops::Question;
use crate::legacy::LegacyMode;
use crate::modular::Modular;
use crate::modular::elements::Coords;
use crate::modular::words::{MAX_NUMBER, MAX_UNIQUE};
pub use crate::name::{NameError, TokenizerName};
use crate::own::Own;
use crate::puzzles::{Game, PuzzleWords};
use crate::role::Role;
use crate::sequence::Writer;
use crate::sizes::Sizes;
use crate::vocab::Vocab;
pub use crate::world::World;

/// The table `[tokenizer]` of a config.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenizerConfig {
    /// Which tokenizer.
    pub name: TokenizerName,
    /// Legacy modes: sides of the largest grid that the vocabulary covers, up to [`MAX_UNIQUE_SIDE`], or
    /// [`MAX_INDEXED_SIDE`] where cells are written by row and column. Default: the largest side of the task's mazes.
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
    /// Those that can occur on the task's lattice, ids from 0 on in maze-dataset's order: what a network needs to know.
    #[default]
    Compact,
    /// maze-dataset's 4096.
    Full,
}

/// Sides of the largest grid of the legacy modes that have a word for each cell: as many cells as a maze may have.
pub const MAX_UNIQUE_SIDE: usize = 1000;
const _: () = assert!(MAX_UNIQUE_SIDE * MAX_UNIQUE_SIDE == MAX_CELLS);

/// Sides of the largest grid of the legacy mode with a word for each row and column: the longest corridor that there is.
pub const MAX_INDEXED_SIDE: usize = MAX_CELLS;

/// A tokenizer for problems of one shape, or for mazes of several sizes.
#[derive(Clone, Debug)]
pub enum Tokenizer {
    /// maze-dataset's legacy modes.
    Legacy(Modular, TokenizerConfig),
    /// maze-dataset's modular tokenizers.
    Modular(Modular, TokenizerConfig),
    /// Ours.
    Own(Own),
    /// Those of graphs.
    Graph(GraphWords),
    /// Those of puzzles.
    Puzzle(PuzzleWords),
    /// Any that writes mazes, for several sizes.
    Sizes(Sizes),
}

/// A tokenizer that cannot be made. All of them are bad input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenizerError {
    /// No tokenizer has this name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// The mazes are larger than the vocabulary's grid.
    #[error(
        "tokenizer.max_grid_size is {max_grid_size}, too small for mazes of {rows} x {cols} cells; make it {} or more",
        rows.max(cols)
    )]
    GridTooSmall {
        /// The size given.
        max_grid_size: usize,
        /// Rows of the mazes.
        rows: usize,
        /// Columns of the mazes.
        cols: usize,
    },
    /// A vocabulary of more words than any maze needs.
    #[error(
        "tokenizer.max_grid_size is {max_grid_size}; `{name}` takes {limit} at most, as many words as the largest maze \
         needs: make it smaller"
    )]
    GridTooLarge {
        /// The tokenizer.
        name: TokenizerName,
        /// The size given.
        max_grid_size: usize,
        /// The largest size there is.
        limit: usize,
    },
    /// Mazes longer than the sides of the largest grid with a word for each cell.
    #[error(
        "mazes of {rows} x {cols} cells are too long for `{name}`, whose grids are square and end at {limit} x {limit}; use \
         AOTP_CTT_indexed or one of ours, such as `cells`"
    )]
    BeyondGrid {
        /// The tokenizer.
        name: TokenizerName,
        /// Rows of the mazes.
        rows: usize,
        /// Columns of the mazes.
        cols: usize,
        /// Sides of the largest grid.
        limit: usize,
    },
    /// The mazes are larger than any grid that maze-dataset's words cover.
    #[error(
        "mazes of {rows} x {cols} cells are too large for maze-dataset's modular tokenizers, whose words end at \
         {limit} x {limit} with these coordinates; use a legacy mode or one of ours, such as `cells`"
    )]
    BeyondWords {
        /// Rows of the mazes.
        rows: usize,
        /// Columns of the mazes.
        cols: usize,
        /// Sides of the largest grid that can be written.
        limit: usize,
    },
    /// maze-dataset's mazes have sides.
    #[error(
        "tokenizer `{name}` is maze-dataset's, whose mazes end at their sides, and these lie on a torus; use one of ours, \
         such as `edges` or `cells`"
    )]
    Torus {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A grid size was given to a tokenizer that has none.
    #[error(
        "tokenizer.max_grid_size is for the legacy modes; `{name}` has one vocabulary for each shape: leave it out"
    )]
    NoGridSize {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A vocabulary was chosen for a tokenizer that has only one.
    #[error("tokenizer.vocabulary is for maze-dataset's modular tokenizers; `{name}` has one vocabulary: leave it out")]
    NoVocabulary {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A tokenizer of labels for problems that have none.
    #[error("tokenizer `{name}` writes the nodes' labels, and the problems have none; use a task of labelled graphs")]
    NoLabels {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A tokenizer that lacks words for what steps cost.
    #[error("tokenizer `{name}` cannot say that a step costs {needed}; {}", weights_remedy(name.with_weights(*needed)))]
    Weights {
        /// The tokenizer.
        name: TokenizerName,
        /// The largest weight of the task.
        needed: u32,
    },
    /// A tokenizer that shows no examples, for prompts.
    #[error("tokenizer `{name}` shows no examples, and the task's problems come with some; use `labelled+prompted`")]
    Examples {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A tokenizer that names the goal's node, for goals that are sets of labels.
    #[error("tokenizer `{name}` writes goals that are nodes, and the task's goals are sets of labels; use `labelled`")]
    Sets {
        /// The tokenizer.
        name: TokenizerName,
    },
    /// A mixture whose parts no tokenizer writes all.
    #[error(
        "no tokenizer has words for all parts of `{task}`; mix tasks of one kind: mazes (on tori: of one size), graphs, or \
         puzzles"
    )]
    NoWords {
        /// The task's name.
        task: String,
    },
    /// A tokenizer for problems of another kind.
    #[error("tokenizer `{name}` has no words for {problems}; use `{remedy}`")]
    Words {
        /// The tokenizer.
        name: TokenizerName,
        /// What the problems are.
        problems: &'static str,
        /// A tokenizer that has.
        remedy: &'static str,
    },
    /// A tokenizer of mazes for problems that are none.
    #[error(
        "tokenizer `{name}` writes mazes, and the problems are other graphs; use saparov, brinkmann, bachmann or labelled"
    )]
    NotAMaze {
        /// The tokenizer.
        name: TokenizerName,
    },
}

impl HasFault for TokenizerError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

impl From<TokenizerName> for TokenizerConfig {
    fn from(name: TokenizerName) -> TokenizerConfig {
        TokenizerConfig { name, max_grid_size: None, vocabulary: None }
    }
}

impl Tokenizer {
    /// The tokenizer that a config asks for, for mazes on a lattice or graphs with some nodes.
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
            // Mazes of several sizes come this far as graphs, or are none of the puzzle's.
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

    /// The tokenizer of this name; legacy modes with the smallest vocabulary that covers the lattice, modular ones with
    /// the compact one.
    ///
    /// # Errors
    /// [`TokenizerError`]; unknown names are told near ones.
    pub fn from_name(name: &str, world: impl Into<World>) -> Result<Tokenizer, TokenizerError> {
        Tokenizer::new(&name.parse::<TokenizerName>()?.into(), world)
    }

    /// The tokenizer that a config asks for, for the problems of a task.
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

    /// Its name.
    pub fn name(&self) -> TokenizerName {
        self.config().name
    }

    /// The config that makes it again, every choice written out.
    pub fn config(&self) -> TokenizerConfig {
        match self {
            Tokenizer::Sizes(sizes) => sizes.covering().config(),
            Tokenizer::Legacy(_, config) | Tokenizer::Modular(_, config) => config.clone(),
            Tokenizer::Own(own) => TokenizerName::Own(own.choices()).into(),
            Tokenizer::Graph(graph) => TokenizerName::Graph(graph.choices()).into(),
            Tokenizer::Puzzle(puzzle) => TokenizerName::Puzzle(puzzle.game().puzzle()).into(),
        }
    }

    /// What it was made for.
    pub fn world(&self) -> World {
        match self {
            Tokenizer::Sizes(sizes) => World::Lattices(sizes.lattices()),
            Tokenizer::Legacy(modular, _) | Tokenizer::Modular(modular, _) => World::Lattice(modular.lattice()),
            Tokenizer::Own(own) => World::Lattice(own.lattice()),
            Tokenizer::Graph(graph) => World::Graph(graph.nodes().clone()),
            Tokenizer::Puzzle(puzzle) => World::Puzzle(puzzle.game()),
        }
    }

    /// The lattice of the mazes it writes, if it writes mazes of one size.
    pub fn lattice(&self) -> Option<Lattice> {
        match self.world() {
            World::Lattice(lattice) => Some(lattice),
            World::Lattices(_) | World::Graph(_) | World::Puzzle(_) => None,
        }
    }

    /// Its tokens.
    pub fn vocab(&self) -> &Vocab {
        self.grammar().vocab()
    }

    /// The token that ends an answer.
    pub fn end_id(&self) -> u32 {
        self.grammar().end_id()
    }

    /// The token that fills the end of a batch's row.
    pub fn pad_id(&self) -> u32 {
        self.grammar().pad_id()
    }

    /// Encodes an example: the problem, then what of origin, target and path is there.
    ///
    /// Without a path there is no path-start token either (see [`Tokenizer::prompt`]), and the mask of
    /// [`LossOn::Path`], [`LossOn::FirstStep`] and [`LossOn::Forks`] is false everywhere. The path is written as it is,
    /// open or not.
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

    /// What a model is given to answer: the example without its path, up to and including the path-start token. No
    /// token of it is to be predicted.
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

    /// The token that a network is shown in place of every token of an answer, in training and when it answers, if it is
    /// not shown the answer so far (Bachmann's "teacherless" arm).
    pub fn mask_id(&self) -> Option<u32> {
        if let Tokenizer::Graph(graph) = self { graph.mask_id() } else { None }
    }

    /// What a network is shown in place of a sequence, if that is another one: the path's tokens are masked, while what is
    /// to be predicted stays as it is.
    pub fn shown_ids(&self, encoded: &Encoded) -> Option<Vec<u32>> {
        let mask = self.mask_id()?;
        let shown = encoded.ids.iter().zip(&encoded.roles);
        Some(shown.map(|(&id, role)| if matches!(role, Role::PathStep { .. }) { mask } else { id }).collect())
    }

    /// Reads what a model generated after the prompt of a problem with this origin, well-formed or not.
    ///
    /// Without the graph a hop of several steps cannot be told, nor which state some numbers are: where the tokenizer writes
    /// such, ask [`Tokenizer::answer_to`]. Ask it too where mazes have several sizes: here the largest is taken.
    pub fn decode_answer(&self, origin: usize, generated: &[u32]) -> Answer {
        self.grammar().decode_answer(&Question { origin: Some(origin), ..Question::default() }, generated)
    }

    /// Reads what a model generated after the prompt of an example, well-formed or not.
    pub fn answer_to(&self, example: &Example<'_>, generated: &[u32]) -> Answer {
        let Example { lattice, origin, target, hops, graph, labels, .. } = *example;
        let question = Question { lattice, origin, target, hops, graph: Some(graph), labels };
        self.grammar().decode_answer(&question, generated)
    }

    /// The example that a sequence encodes. Padding behind it is skipped. Of mazes of several sizes: see [`Sizes`].
    ///
    /// # Errors
    /// [`DecodeError`], if no example encodes to it, or the tokenizer does not say all.
    pub fn decode(&self, ids: &[u32]) -> Result<Decoded, DecodeError> {
        self.grammar().decode(ids)
    }

    /// Tokens of the longest example with at most `max_passages` open passages (edges, in graphs) and a path that visits
    /// no cell twice (of puzzles: a shortest path): the context that a model needs. A tree has `n_cells - 1` passages, no maze has more than the
    /// lattice has adjacent pairs.
    ///
    /// Where edges are grouped by leading cell, or the path is written as hops, no example may be as long as that.
    pub fn max_len(&self, max_passages: usize) -> usize {
        self.grammar().max_problem_len(max_passages) + 1 + self.max_answer_len()
    }

    /// Tokens of the longest answer that visits no cell twice (of puzzles: of the longest shortest path), end token included: how far generation needs to go.
    pub fn max_answer_len(&self) -> usize {
        self.grammar().max_answer_len()
    }

    /// How many leading tokens carry no meaning in their order, if every example has exactly `n_passages` open passages
    /// (as trees have): a model needs no positions there. `None` where the order of single tokens matters.
    pub fn unordered_prefix(&self, n_passages: usize) -> Option<usize> {
        self.grammar().unordered_prefix(n_passages)
    }
}

/// Why a tokenizer cannot be made for a puzzle.
fn words_for_game(name: TokenizerName, game: Game) -> TokenizerError {
    let problems = match game {
        Game::Countdown { .. } => "the numbers of Countdown",
        Game::Sliding { .. } => "sliding tiles",
    };
    TokenizerError::Words { name, problems, remedy: game.puzzle().name() }
}

/// Checks that a tokenizer has words for what a task's problems hold beside nodes and edges.
fn check_words(name: TokenizerName, task: &TaskConfig) -> Result<(), TokenizerError> {
    let labelled = match name {
        TokenizerName::Graph(GraphChoices { style: Style::Labelled { prompted }, .. }) => Some(prompted),
        _ => None,
    };
    let check_weights = |needed| {
        if needed <= name.most_weight() { Ok(()) } else { Err(TokenizerError::Weights { name, needed }) }
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
