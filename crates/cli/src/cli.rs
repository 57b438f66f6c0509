//! The command line: global options and the list of commands.

use std::process::ExitCode;

use clap::{Arg, Command as ClapCommand, CommandFactory, FromArgMatches, Parser, Subcommand};
use searchlens::model::kernels::tier::force_tier;

use crate::commands::{
    activations, baselines, bench, convert, count, demo, eval, generate, lens, report, show, sites, tokenize, train,
};
use crate::error::Result;
use crate::global::GlobalArgs;

/// A laboratory for finding search inside transformers
#[derive(Debug, Parser)]
#[command(name = "searchlens", version, max_term_width = 110, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "Start with: searchlens demo

Examples:
  searchlens generate --maze dfs --rows 5 --cols 5 --count 3 | searchlens show
  searchlens baselines --maze wilson --rows 7 --cols 7 --count 10000";

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
    /// Parses the command line; prints help or an error and exits if there is nothing to run.
    pub(crate) fn from_command_line() -> Cli {
        let matches = allowing_negative_numbers(Cli::command()).get_matches();
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.format(&mut Cli::command()).exit())
    }

    /// Runs the command and returns the exit code.
    pub(crate) fn run(self) -> Result<ExitCode> {
        let Cli { global, command } = self;
        // The tier of this thread is inherited by the workers it starts.
        global.tier_option().map_or(Ok(()), force_tier)?;
        match command {
            Command::Demo(args) => return demo::run(args, &global),
            Command::Train(args) => return train::run(args, &global),
            Command::Eval(args) => eval::run(args, &global)?,
            Command::Lens(args) => lens::run(args, &global)?,
            Command::Report(args) => report::run(args)?,
            Command::Generate(args) => generate::run(args, &global)?,
            Command::Convert(args) => convert::run(args, &global)?,
            Command::Show(args) => show::run(args, &global)?,
            Command::Tokenize(args) => tokenize::run(args, &global)?,
            Command::Count(args) => count::run(args)?,
            Command::Baselines(args) => baselines::run(args, &global)?,
            Command::Activations(args) => activations::run(args, &global)?,
            Command::Sites(args) => sites::run(args)?,
            Command::Bench(args) => bench::run(args, &global)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Makes clap read `-1` after an option as its value, so that the option's own parser can say which values it takes.
fn allowing_negative_numbers(command: ClapCommand) -> ClapCommand {
    let value = |arg: Arg| match arg.get_action().takes_values() && !arg.is_positional() {
        true => arg.allow_negative_numbers(true),
        false => arg,
    };
    command.mut_args(value).mut_subcommands(allowing_negative_numbers)
}
