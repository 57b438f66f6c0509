//! The tree of arguments: what every command takes, and the commands.

use std::num::NonZeroUsize;
use std::process::ExitCode;

use clap::{Arg, Args, Command as Arguments, CommandFactory, FromArgMatches, Parser, Subcommand};
use searchlens::model::kernels::tier::Tier;
use searchlens::model::workers::{Workers, WorkersError};

use crate::args;
use crate::commands::{
    activations, baselines, bench, convert, count, demo, eval, generate, lens, report, show, sites, tokenize, train,
};

/// A laboratory for finding search inside transformers.
#[derive(Debug, Parser)]
#[command(name = "searchlens", version, max_term_width = 110, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Begin with: searchlens demo

Examples:
  searchlens generate --maze dfs --rows 5 --cols 5 --count 3 | searchlens show
  searchlens baselines --maze wilson --rows 7 --cols 7 --count 10000";

/// What every command takes.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Seed of everything that is drawn at random [default: 0, or the config's]
    #[arg(long, global = true, value_name = "S", value_parser = args::seed)]
    seed: Option<u64>,
    /// Worker threads; no result depends on their number [default: one for each core]
    #[arg(long, global = true, value_name = "N", value_parser = args::threads)]
    threads: Option<NonZeroUsize>,
    /// Let the system move worker threads between cores
    #[arg(long, global = true)]
    no_pin: bool,
    /// Hold to an instruction set, or less: amx, avx512-bf16, avx512, avx2, portable [default: the machine's best, or the config's]
    #[arg(long, global = true, value_name = "TIER")]
    tier: Option<Tier>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::DemoArgs),
    Generate(generate::GenerateArgs),
    Convert(convert::ConvertArgs),
    Show(show::ShowArgs),
    Tokenize(tokenize::TokenizeArgs),
    Count(count::CountArgs),
    Baselines(baselines::BaselinesArgs),
    Train(train::TrainArgs),
    Eval(eval::EvalArgs),
    Lens(lens::LensArgs),
    Report(report::ReportArgs),
    Activations(activations::ActivationsArgs),
    Sites(sites::SitesArgs),
    Bench(bench::BenchArgs),
}

impl Cli {
    /// What the command line says; help and bad arguments end the program.
    pub(crate) fn of_command_line() -> Cli {
        let matches = with_negative_numbers(Cli::command()).get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut Cli::command()).exit())
    }

    /// Does what was asked for.
    pub(crate) fn run(self) -> anyhow::Result<ExitCode> {
        let Cli { common, command } = self;
        // This thread, and so all workers that it makes.
        common.tier.map_or(Ok(()), Tier::force)?;
        match command {
            Command::Demo(args) => return demo::run(args, &common),
            Command::Train(args) => return train::run(args, &common),
            Command::Eval(args) => eval::run(args, &common)?,
            Command::Lens(args) => lens::run(args, &common)?,
            Command::Report(args) => report::run(args)?,
            Command::Generate(args) => generate::run(args, &common)?,
            Command::Convert(args) => convert::run(args, &common)?,
            Command::Show(args) => show::run(args, &common)?,
            Command::Tokenize(args) => tokenize::run(args, &common)?,
            Command::Count(args) => count::run(args)?,
            Command::Baselines(args) => baselines::run(args, &common)?,
            Command::Activations(args) => activations::run(args, &common)?,
            Command::Sites(args) => sites::run(args)?,
            Command::Bench(args) => bench::run(args, &common)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// The same arguments, where `-1` is a value: an option that wants none below 0 says which ones it wants.
fn with_negative_numbers(command: Arguments) -> Arguments {
    let value = |arg: Arg| match arg.get_action().takes_values() && !arg.is_positional() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    };
    command.mut_args(value).mut_subcommands(with_negative_numbers)
}

impl Common {
    /// The seed, where no config has one.
    pub(crate) fn seed(&self) -> u64 {
        self.seed.unwrap_or(0)
    }

    /// The seed that was asked for, if one was.
    pub(crate) fn seed_given(&self) -> Option<u64> {
        self.seed
    }

    /// The tier that was asked for, if one was.
    pub(crate) fn tier_given(&self) -> Option<Tier> {
        self.tier
    }

    /// The worker threads asked for.
    pub(crate) fn workers(&self) -> Result<Workers, WorkersError> {
        Workers::new(self.threads.map(NonZeroUsize::get), !self.no_pin)
    }
}
