//! `searchlens tokenize`: problems as sequences of tokens.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use clap::Args;
use searchlens::tasks::maze::Lattice;
use searchlens::tasks::record::MazeRecord;
use searchlens::tasks::stream::{Purpose, stream};
use searchlens::tokens::encoded::LossOn;
use searchlens::tokens::example::{EdgeOrder, Example};
use searchlens::tokens::line::TokenLine;
use searchlens::tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName, Vocabulary};

use crate::cli::Common;
use crate::input::Lines;
use crate::output::Output;

/// Turn problems into token sequences
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct TokenizeArgs {
    /// JSON lines of problems; standard input if absent or -
    file: Option<PathBuf>,
    /// AOTP_UT_rasterized, AOTP_UT_uniform, AOTP_CTT_indexed, maze-dataset's full MazeTokenizerModular-.. names, or
    /// edges, walls, cells, row-col, saparov, brinkmann, bachmann with choices behind a +, as in edges+query-first
    #[arg(long, value_name = "NAME")]
    tokenizer: String,
    /// Sides of the largest grid that a legacy vocabulary covers [default: the larger side of each line's maze]
    #[arg(long, value_name = "G")]
    max_grid_size: Option<usize>,
    /// Number a modular tokenizer's words from 0, those alone that can occur: as networks see them, not as maze-dataset
    #[arg(long)]
    compact: bool,
    /// Write passages in their fixed order instead of a drawn one
    #[arg(long)]
    unshuffled: bool,
}

const EXAMPLES: &str = "Lines may hold mazes of different shapes. What a problem lacks (ends, solution) its tokens lack.

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
    let seed = common.seed();
    let tokenizers = Tokenizers { config, made: Mutex::default() };
    let mut output = Output::stdout();
    Lines::open(args.file.as_deref())?.each(&common.workers()?, &mut output, "", |number, line| {
        let record = MazeRecord::parse(number, line)?;
        let mut rng = stream(seed, Purpose::Tokenize, number as u64 - 1);
        let order = if args.unshuffled { EdgeOrder::Fixed } else { EdgeOrder::Shuffled(&mut rng) };
        let tokenizer = tokenizers.of(record.maze.lattice);
        tokenizer.and_then(|tokenizer| tokens(&record, &tokenizer, order)).with_context(|| format!("line {number}"))
    })?;
    output.finish()
}

/// Tokenizers by the shape of the maze, each made once: a vocabulary costs more than a sequence.
struct Tokenizers {
    config: TokenizerConfig,
    made: Mutex<BTreeMap<Lattice, Arc<Tokenizer>>>,
}

impl Tokenizers {
    fn of(&self, lattice: Lattice) -> anyhow::Result<Arc<Tokenizer>> {
        // A worker that panics ends the program, so the map is never left half-changed.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tokenizer) = made.get(&lattice) {
            return Ok(Arc::clone(tokenizer));
        }
        let tokenizer = Arc::new(Tokenizer::new(&self.config, lattice)?);
        made.insert(lattice, Arc::clone(&tokenizer));
        Ok(tokenizer)
    }
}

fn tokens(record: &MazeRecord, tokenizer: &Tokenizer, order: EdgeOrder<'_>) -> anyhow::Result<String> {
    let MazeRecord { maze, start, end, solution } = record;
    let example = Example { origin: *start, target: *end, path: solution.as_deref(), ..Example::of_maze(maze) };
    let encoded = tokenizer.encode(&example, order, LossOn::Path)?;
    Ok(serde_json::to_string(&TokenLine::new(&encoded.ids, tokenizer.vocab())?)?)
}
