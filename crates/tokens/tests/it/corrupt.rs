//! Sequences, answers and examples that make no sense.

use searchlens_tasks::problem::graph::Graph;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::problem::{Goal, Problem};
use searchlens_tokens::sequence::encoded::LossOn;
use searchlens_tokens::sequence::error::EncodeError;
use searchlens_tokens::sequence::example::{EdgeOrder, Example};
use searchlens_tokens::sequence::role::Role;
use searchlens_tokens::tokenizer::{Tokenizer, TokenizerConfig, TokenizerName};

use crate::mazes::{TOKENIZERS, ids, little, little_example, tokenizer};

const LATTICE: Lattice = Lattice::new(2, 3);

/// What is said of a sequence for 2 × 3 cells that encodes no example.
#[track_caller]
fn check_refused(name: &str, sequence: &str, want: &str) {
    let config = TokenizerConfig {
        max_grid_size: (name != "edges").then_some(4),
        ..name.parse::<TokenizerName>().unwrap().into()
    };
    let tokenizer = Tokenizer::new(&config, LATTICE).unwrap();
    assert_eq!(tokenizer.decode(&ids(sequence, &tokenizer)).unwrap_err().to_string(), want);
}

#[test]
fn a_corrupted_edges_sequence_is_refused() {
    let check = |sequence: &str, want: &str| check_refused("edges", sequence, want);
    check("(0,0)-(0,1) (0,0)", "position 1: expected the end of the sequence, found `(0,0)`");
    check("(0,0)-(0,1) (0,0)-(0,1)", "position 1: the passage between cells 0 and 1 is repeated");
    check("TARGET (0,0)-(0,1)", "position 1: expected a cell, found `(0,0)-(0,1)`");
    check("TARGET (0,0) PATH END", "position 2: expected the end of the sequence, found `PATH`");
    check("ORIGIN (0,0) TARGET (0,1)", "position 2: expected the end of the sequence, found `TARGET`");
    check("ORIGIN (0,0) PATH PAD PAD", "the sequence ends after 3 tokens; expected a cell or `END`");
    check("ORIGIN (0,0) PATH PAD END", "position 3: expected a cell or `END`, found `PAD`");
    check("ORIGIN (0,0) PATH END (0,1)", "position 4: expected the end of the sequence, found `(0,1)`");
    check("TARGET", "the sequence ends after 1 tokens; expected a cell");
}

#[test]
fn a_corrupted_legacy_sequence_is_refused() {
    let check = |sequence: &str, want: &str| check_refused("AOTP_UT_uniform", sequence, want);
    check("", "the sequence ends after 0 tokens; expected `<ADJLIST_START>`");
    check("<ADJLIST_START>", "the sequence ends after 1 tokens; expected a cell or `<ADJLIST_END>`");
    let one = |edge: &str| format!("<ADJLIST_START> {edge} <ADJLIST_END>");
    check(&one("(0,0) (0,1) ;"), "position 2: expected `<-->`, found `(0,1)`");
    check(&one("(0,0) <--> (0,1)"), "position 4: expected `;`, found `<ADJLIST_END>`");
    check(&one("(0,0) <--> (1,1) ;"), "position 1: a passage joins cells 0 and 4, which are not adjacent");
    check(&one("(0,0) <--> (0,0) ;"), "position 1: a passage joins cells 0 and 0, which are not adjacent");
    check(&one("(1,0) <--> (2,0) ;"), "position 3: cell (2,0) lies outside the 2 x 3 cells of the maze");
    check(&one("(0,0) <--> (0,1) ; (0,1) <--> (0,0) ;"), "position 5: the passage between cells 1 and 0 is repeated");
    let after = |rest: &str| format!("<ADJLIST_START> <ADJLIST_END> {rest}");
    check(&after("<ORIGIN_START> (0,0)"), "the sequence ends after 4 tokens; expected `<ORIGIN_END>`");
    check(&after("<PATH_START> <PATH_END>"), "position 3: expected a cell, found `<PATH_END>`");
    check(&after("<PATH_END>"), "position 2: expected the end of the sequence, found `<PATH_END>`");
}

#[test]
fn a_corrupted_coordinate_is_refused() {
    let check = |cell: &str, want: &str| {
        check_refused(
            "AOTP_CTT_indexed",
            &format!("<ADJLIST_START> <ADJLIST_END> <ORIGIN_START> {cell} <ORIGIN_END>"),
            want,
        );
    };
    check("( 0 1 )", "position 5: expected `,`, found `1`");
    check("( , 1 )", "position 4: expected a number, found `,`");
    check("( 0 , 1", "position 7: expected `)`, found `<ORIGIN_END>`");
    check("( 1 , 3 )", "position 3: cell (1,3) lies outside the 2 x 3 cells of the maze");
}

#[test]
fn an_id_outside_the_vocabulary_is_refused() {
    let error = tokenizer("edges", LATTICE).decode(&[3, 0, 18]).unwrap_err();
    assert_eq!(error.to_string(), "position 2: id 18 is not in the vocabulary of 18 tokens");
}

/// A problem in a maze that starts in cell 0.
fn from_0(maze: &Maze) -> Example<'_> {
    Example { origin: Some(0), ..Example::of_maze(maze) }
}

/// What is read of tokens generated after the prompt of a problem on 2 × 3 cells with origin 0.
#[track_caller]
fn check_answer(name: &str, generated: &str, cells: &[usize], ended: bool, invalid_tokens: &[usize]) {
    let tokenizer = tokenizer(name, LATTICE);
    let answer = tokenizer.decode_answer(&from_0(&Maze::new(LATTICE, &[])), &ids(generated, &tokenizer));
    assert_eq!(
        (&answer.cells[..], answer.ended, &answer.invalid_tokens[..]),
        (cells, ended, invalid_tokens),
        "{generated}"
    );
}

#[test]
fn an_answer_is_read_as_far_as_it_makes_sense() {
    let edges = |generated, cells, ended, invalid| check_answer("edges", generated, cells, ended, invalid);
    edges("(0,1) (0,2) END", &[0, 1, 2], true, &[]);
    edges("END (0,2) PATH", &[0], true, &[]);
    edges("(0,1) (0,2)", &[0, 1, 2], false, &[]);
    edges("(0,1) PATH (0,2) (0,0)-(0,1) END PAD", &[0, 1], false, &[1, 3]);
    edges("", &[0], false, &[]);

    let legacy = |generated, cells, ended, invalid| check_answer("AOTP_UT_uniform", generated, cells, ended, invalid);
    legacy("(0,0) (0,1) <PATH_END>", &[0, 1], true, &[]);
    legacy("(1,0) (1,1) <PATH_END>", &[3, 4], true, &[]);
    legacy("<PATH_END>", &[], true, &[]);
    legacy("(0,0) (2,0) (0,1) ; <PATH_END>", &[0], false, &[1, 3]);

    let spelt = |generated, cells, ended, invalid| check_answer("AOTP_CTT_indexed", generated, cells, ended, invalid);
    spelt("( 0 , 0 ) ( 0 , 1 ) <PATH_END>", &[0, 1], true, &[]);
    spelt("( 0 , 0 ) ( 0 ,", &[0], false, &[]);
    spelt("( 0 , 0 ) ( 2 , 0 ) <PATH_END>", &[0], false, &[6, 7, 8, 9]);
    spelt("( 0 , ( 0 , 1 ) <PATH_END>", &[], false, &[3]);
    spelt("( 0 , 0 ) ( 0 <PATH_END> (", &[0], false, &[7]);
    spelt("0 ( 0 , 1 )", &[], false, &[0]);
}

#[test]
fn an_id_outside_the_vocabulary_is_an_invalid_answer() {
    for name in ["edges", "AOTP_UT_rasterized", "AOTP_CTT_indexed"] {
        let answer = tokenizer(name, LATTICE).decode_answer(&from_0(&Maze::new(LATTICE, &[])), &[9999]);
        assert_eq!((&answer.invalid_tokens[..], answer.ended), (&[0][..], false), "{name}");
    }
}

#[test]
fn what_is_not_read_has_a_role_of_its_own() {
    let tokenizer = tokenizer("AOTP_CTT_indexed", LATTICE);
    let answer = tokenizer.decode_answer(&from_0(&Maze::new(LATTICE, &[])), &ids("( 0 , 1 ) <PATH_END> (", &tokenizer));
    let step = Role::PathStep { step: 0, cell: 1 };
    assert_eq!(answer.roles, [step, step, step, step, step, Role::End, Role::Unread]);
    let answer = tokenizer.decode_answer(&from_0(&Maze::new(LATTICE, &[])), &ids("( 0 , 1 ) ( 0", &tokenizer));
    assert_eq!(answer.roles, [step, step, step, step, step, Role::Unread, Role::Unread]);
}

/// What is said of an example that the `edges` tokenizer for 3 × 3 cells cannot write.
#[track_caller]
fn check_unwritable(example: Example<'_>, order: EdgeOrder<'_>, want: &str) {
    let tokenizer = tokenizer("edges", Lattice::new(3, 3));
    assert_eq!(tokenizer.encode(&example, order, LossOn::Path).unwrap_err().to_string(), want);
}

#[test]
fn an_example_that_cannot_be_written_is_refused() {
    let maze = little();
    let example = little_example(&maze);
    let fixed = |example, want| check_unwritable(example, EdgeOrder::Fixed, want);
    fixed(example.with_path(Some(&[])), "the path is empty; a path contains at least its origin");
    fixed(example.with_path(Some(&[6, 9])), "the path names cell 9, but the maze has 9 cells");
    fixed(Example { target: Some(12), ..example }, "the target names cell 12, but the maze has 9 cells");
    fixed(Example { origin: Some(9), ..example }, "the origin names cell 9, but the maze has 9 cells");
    fixed(
        example.with_path(Some(&[3, 4, 5])),
        "the path starts at cell 3, not at the origin (cell 6); this tokenizer cannot write that",
    );
    fixed(
        Example { origin: None, ..example },
        "the path starts at cell 6, and the problem has no origin; this tokenizer cannot write that",
    );
    let other = Maze::new(Lattice::new(9, 1), &[(0, 1)]);
    fixed(
        Example::of_maze(&other),
        "the maze has 9 x 1 cells, but the tokenizer was made for 3 x 3; make a tokenizer for each shape",
    );
    let mut passages: Vec<_> = maze.passages().collect();
    let given = |passages: &[(usize, usize)]| {
        let want = "the given edge order is not the maze's 8 open passages, each once";
        check_unwritable(example, EdgeOrder::Given(passages), want);
    };
    given(&passages[1..]);
    passages[1] = passages[0];
    given(&passages);
}

#[test]
fn a_graph_without_a_lattice_is_no_maze() {
    let problem = Problem::on(Graph::undirected(2, &[(0, 1)]), 0, Goal::Node(1));
    let example = Example::of_problem(&problem, None);
    for name in TOKENIZERS {
        let tokenizer = tokenizer(name, Lattice::new(1, 2));
        assert_eq!(tokenizer.prompt(&example, EdgeOrder::Fixed).unwrap_err(), EncodeError::NotAMaze);
    }
}
