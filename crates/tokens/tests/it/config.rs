//! Choosing a tokenizer: names, the `[tokenizer]` table, errors.

use searchlens_tasks::problem::maze::Lattice;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName};

use crate::mazes::{TOKENIZERS, tokenizer};

const LATTICE: Lattice = Lattice::new(3, 4);

#[test]
fn a_tokenizer_is_made_again_from_its_config() {
    let plain = TokenizerName::plain().into_iter().map(|name| name.to_string());
    for name in TOKENIZERS.map(str::to_owned).into_iter().chain(plain) {
        let made = tokenizer(&name, LATTICE);
        let config = serde_json::to_string(&made.config()).unwrap();
        let again = Tokenizer::new(&serde_json::from_str(&config).unwrap(), LATTICE).unwrap();
        assert_eq!((again.name().to_string(), again.world(), again.config()), (name, made.world(), made.config()));
        assert_eq!(again.vocab().names(), made.vocab().names());
    }
}

/// What is said of a `[tokenizer]` table (as JSON) that makes no tokenizer for mazes of 3 × 4 cells.
#[track_caller]
fn check_refused(config: &str, want: &str) {
    let error = match serde_json::from_str::<TokenizerConfig>(config) {
        Ok(config) => Tokenizer::new(&config, LATTICE).unwrap_err().to_string(),
        Err(error) => error.to_string(),
    };
    assert!(error.starts_with(want), "{error}");
}

#[test]
fn a_wrong_config_is_told_what_is_right() {
    check_refused(
        r#"{"name": "edge"}"#,
        "unknown tokenizer `edge` (did you mean `edges`?); known: AOTP_UT_rasterized, AOTP_UT_uniform, AOTP_CTT_indexed,",
    );
    check_refused(r#"{"name": "words"}"#, "unknown tokenizer `words`; known: AOTP_UT_rasterized,");
    check_refused(
        r#"{"name": "aotp_ut_uniform"}"#,
        "unknown tokenizer `aotp_ut_uniform` (did you mean `AOTP_UT_uniform`?)",
    );
    check_refused(
        r#"{"name": "edges", "grid": 3}"#,
        "unknown field `grid`, expected one of `name`, `max_grid_size`, `vocabulary`",
    );
    check_refused(
        r#"{"name": "AOTP_UT_uniform", "max_grid_size": 3}"#,
        "tokenizer.max_grid_size is 3, too small for mazes of 3 x 4 cells; make it 4 or more",
    );
    check_refused(
        r#"{"name": "AOTP_UT_uniform", "max_grid_size": 4000000000}"#,
        "tokenizer.max_grid_size is 4000000000; the maximum for `AOTP_UT_uniform` is 1000,",
    );
    check_refused(
        r#"{"name": "AOTP_UT_rasterized", "max_grid_size": 1001}"#,
        "tokenizer.max_grid_size is 1001; the maximum for `AOTP_UT_rasterized` is 1000,",
    );
    check_refused(
        r#"{"name": "AOTP_CTT_indexed", "max_grid_size": 4000000000}"#,
        "tokenizer.max_grid_size is 4000000000; the maximum for `AOTP_CTT_indexed` is 1000000,",
    );
    check_refused(
        r#"{"name": "edges", "max_grid_size": 4}"#,
        "tokenizer.max_grid_size is for the legacy modes; `edges` has one vocabulary per shape: remove it",
    );
}

#[test]
fn a_corridor_has_no_square_of_words_around_it() {
    let corridor = Lattice::new(1, 100_000);
    let error = Tokenizer::from_name("AOTP_UT_uniform", corridor).unwrap_err().to_string();
    assert!(error.starts_with("mazes of 1 x 100000 cells are too long for `AOTP_UT_uniform`"), "{error}");
    assert_eq!(tokenizer("AOTP_CTT_indexed", corridor).vocab().len(), 14 + 100_000);
}
