//! What `--help` says.

use expect_test::expect;

use crate::run::searchlens;

#[test]
fn the_commands_and_what_all_of_them_take() {
    expect![[r#"
        A laboratory for finding search inside transformers

        Usage: searchlens [OPTIONS] <COMMAND>

        Commands:
          demo         Train a transformer on 5×5 mazes, score it, look inside, and write a page about it
          generate     Draw problems and write them, each with a solution and its symmetry class
          convert      Copy problems from one format to another
          show         Draw problems
          tokenize     Turn problems into token sequences
          count        Count the mazes that a generator can make
          baselines    Score walkers that do not search
          train        Train a network on a task
          eval         Score a network's answers beside policies that do not search
          lens         Look inside a run's network
          report       Write the page of a run: one HTML file that needs no network
          activations  Write a network's activations, logits, loss and gradients on given tokens
          sites        List the sites: the activations that have a name
          bench        Time training, generation, and the drawing and tokenizing of problems
          help         Print this message or the help of the given subcommand(s)

        Options:
              --seed <S>     Seed of everything that is drawn at random [default: 0, or the config's]
              --threads <N>  Worker threads; no result depends on their number [default: one for each core]
              --no-pin       Let the system move worker threads between cores
              --tier <TIER>  Hold to an instruction set, or less: amx, avx512-bf16, avx512, avx2, portable
                             [default: the machine's best, or the config's]
          -h, --help         Print help
          -V, --version      Print version

        Begin with: searchlens demo

        Examples:
          searchlens generate --maze dfs --rows 5 --cols 5 --count 3 | searchlens show
          searchlens baselines --maze wilson --rows 7 --cols 7 --count 10000
    "#]]
    .assert_eq(&searchlens("--help").good());
}

#[test]
fn every_command_shows_an_example() {
    let help = searchlens("--help").good();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let names: Vec<&str> =
        commands.lines().take_while(|line| !line.is_empty()).filter_map(|l| l.split_whitespace().next()).collect();
    assert!(names.len() > 5, "{names:?}");
    for name in names.into_iter().filter(|name| *name != "help") {
        let help = searchlens(&format!("{name} --help")).good();
        assert!(help.contains(&format!("  searchlens {name}")), "{help}");
    }
}
