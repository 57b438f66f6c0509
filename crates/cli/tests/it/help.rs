//! Help texts.

use expect_test::expect;

use crate::run::searchlens;

#[test]
fn top_level_help() {
    expect![[r#"
        A laboratory for finding search inside transformers

        Usage: searchlens [OPTIONS] <COMMAND>

        Commands:
          demo         Train a transformer on 5×5 mazes, evaluate and probe it, and write a report
          generate     Generate problems, each with a solution and its symmetry class
          convert      Convert problems from one file format to another
          show         Draw problems as text or SVG, or print their statistics
          tokenize     Turn problems into token sequences
          count        Count the mazes that a generator can make
          baselines    Score policies that do not search
          train        Train a network on a task
          eval         Evaluate a network and compare it with policies that do not search
          lens         Look inside a run's network
          report       Write a run's report: one self-contained HTML file
          activations  Save a network's activations, logits, loss and gradients on given tokens
          sites        List the sites (hook points) of a network
          bench        Measure the speed of training, generation, problem drawing and tokenization
          help         Print this message or the help of the given subcommand(s)

        Options:
          -h, --help     Print help
          -V, --version  Print version

        Global options:
              --seed <S>     Random seed [default: the seed of the config or run; 1 for demo; otherwise 0]
              --threads <N>  Worker threads; results do not depend on it [default: one per core]
              --no-pin       Do not pin worker threads to cores
              --tier <TIER>  Use at most this instruction set: amx, avx512-bf16, avx512, avx2, portable
                             [default: the config's, or the best available]

        Start with: searchlens demo

        Examples:
          searchlens generate --maze dfs --rows 5 --cols 5 --count 3 | searchlens show
          searchlens baselines --maze wilson --rows 7 --cols 7 --count 10000
    "#]]
    .assert_eq(&searchlens("--help").good());
}

#[test]
fn every_command_has_an_example() {
    let help = searchlens("--help").good();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let names: Vec<&str> =
        commands.lines().take_while(|line| !line.is_empty()).filter_map(|l| l.split_whitespace().next()).collect();
    assert!(names.len() > 5, "{names:?}");
    let nested = ["lens probe", "bench train", "bench generate", "bench problems", "bench tokenize", "bench tiers"];
    for name in names.into_iter().filter(|name| *name != "help").chain(nested) {
        let help = searchlens(&format!("{name} --help")).good();
        assert!(help.contains(&format!("  searchlens {name}")), "{help}");
        // A wrapped line would break the command when it is copied.
        let (_, examples) = help.rsplit_once("Example").unwrap();
        let is_whole = |line: &str| line.starts_with("  searchlens ") || line.starts_with("      ");
        assert!(examples.lines().skip(1).all(is_whole), "{help}");
    }
}
