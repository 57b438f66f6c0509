//! Pictures, and that a name always brings the same problem.

use expect_test::{Expect, expect};
use searchlens_formats::draw::{Drawing, ascii, stacked, svg, unicode};
use searchlens_formats::graph_draw;
use searchlens_formats::record::GraphRecord;
use searchlens_tasks::mazes::config::RawMazeConfig;
use searchlens_tasks::problem::maze::{Lattice, Maze};
use searchlens_tasks::splits::Split;

use crate::samples::{raw, task, with};

/// If this fails, old seeds no longer name the problems that published runs were trained on: change `stream`, a
/// generator, the classes or the split key only with a new format version.
#[track_caller]
fn check_problem(raw: RawMazeConfig, split: Split, want: Expect) {
    let instance = task(raw).instance(1, split, 0);
    want.assert_eq(&format!("{}\n{}\n", instance.class, ascii(&Drawing::of(&instance).unwrap())));
}

#[test]
fn problems_keep_their_names() {
    check_problem(
        raw("dfs", 5, 5),
        Split::Test,
        expect![[r#"
        c98e2042fd9e7672
        ###########
        #       # #
        # # ### # #
        #E#   #   #
        #X### #####
        #XXX#     #
        ###X##### #
        #XXX#   # #
        #X### # # #
        #XXS  # # #
        ###########
    "#]],
    );
    check_problem(
        raw("wilson", 3, 6),
        Split::Validation,
        expect![[r#"
        4812bbbc56137d44
        #############
        #   # #E#   #
        # ### #X# ###
        #      X#SXX#
        # #####X###X#
        # #    XXXXX#
        #############
    "#]],
    );
    check_problem(
        with("dfs", 4, 4, &[("start", "maze-dataset")]),
        Split::Train,
        expect![[r#"
        56ee416839605d8f
        #########
        #    SXX#
        # #####X#
        # #   #X#
        ### ###X#
        # #XXXXX#
        # #X#####
        #  E    #
        #########
    "#]],
    );
}

/// Two rows, three columns, one wall between the upper left cells and one in the middle.
fn small() -> Drawing {
    let lattice = Lattice::new(2, 3);
    let maze = Maze::new(lattice, &[(1, 2), (0, 3), (2, 5), (3, 4), (4, 5)]);
    Drawing { maze, start: Some(0), end: Some(1), path: vec![0, 3, 4, 5, 2, 1] }
}

#[test]
fn box_drawing() {
    expect![[r#"
        ┌───┬───────┐
        │ S │ E · · │
        │ · └───╴ · │
        │ · · · · · │
        └───────────┘"#]]
    .assert_eq(&unicode(&small()));
    expect![[r#"
        ┌───┬───────┐
        │   │       │
        │   └───╴   │
        │           │
        └───────────┘"#]]
    .assert_eq(&unicode(&Drawing::bare(small().maze)));
}

#[test]
fn vector_drawing() {
    expect![[r##"
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 64 44" width="64" height="44" role="img" aria-label="maze of 2 by 3 cells" fill="none" stroke-linecap="round" stroke-linejoin="round">
        <path class="walls" stroke="currentColor" stroke-width="2" d="M0 0H60V40H0ZM20 20h20M20 0v20"/>
        <polyline class="path" stroke="#3b82f6" stroke-width="4" points="10,10 10,30 30,30 50,30 50,10 30,10"/>
        <circle class="start" stroke="#16a34a" stroke-width="3" cx="10" cy="10" r="5"/>
        <circle class="end" fill="#dc2626" cx="30" cy="10" r="5"/>
        </svg>
    "##]].assert_eq(&svg(&small()));
}

#[test]
fn pictures_are_stacked_in_one() {
    let maze = svg(&small());
    assert_eq!(stacked(std::slice::from_ref(&maze)), maze);
    let line = r#"{"n":2,"directed":true,"edges":[[0,1]],"origin":0,"goal":{"node":1}}"#;
    let graph = graph_draw::svg(&GraphRecord::parse(1, line).unwrap(), true);
    let page = stacked(&[maze, graph.clone(), graph]);
    expect![[r#"
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 304" width="120" height="304">
        <svg x="0" y="0" viewBox="-2 -2 64 44" width="64" height="44" role="img" aria-label="maze of 2 by 3 cells" fill="none" stroke-linecap="round" stroke-linejoin="round">
        <svg x="0" y="54" viewBox="0 0 120 120" width="120" height="120">
        <svg x="0" y="184" viewBox="0 0 120 120" width="120" height="120">"#]]
    .assert_eq(&page.lines().filter(|line| line.starts_with("<svg")).collect::<Vec<_>>().join("\n"));
    let count = |part: &str| page.matches(part).count();
    assert_eq!((count("<svg"), count("</svg>"), count("<defs>"), count("xmlns")), (4, 4, 1, 1));
}
