//! Mazes on a torus, in lines and pictures.

use expect_test::expect;
use searchlens_formats::draw::{Drawing, pixels, svg, unicode};
use searchlens_formats::record::MazeRecord;
use searchlens_tasks::problem::maze::{Lattice, Maze};

/// Three by three, a path that leaves to the left and comes in at the right, then leaves below and comes in above.
fn small() -> Drawing {
    let maze = Maze::new(Lattice::torus(3, 3), &[(3, 5), (5, 8), (8, 2), (2, 1), (0, 1)]);
    Drawing { maze, start: Some(3), end: Some(1), path: vec![3, 5, 8, 2, 1] }
}

#[test]
fn pictures_open_the_frame() {
    expect![[r#"
        ┌───────╴ · ╷
        │     E · · │
        └───┬───┬───┘
        · S │   │ · ·
        ┌───┼───┤ · ╷
        │   │   │ · │
        └───┴───┘ · ╵"#]]
    .assert_eq(&unicode(&small()));
    assert_eq!(pixels(&small()).len(), 7);
    expect![[r##"
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="-2 -2 64 64" width="64" height="64" role="img" aria-label="maze of 3 by 3 cells" fill="none" stroke-linecap="round" stroke-linejoin="round">
        <path class="walls" stroke="currentColor" stroke-width="2" d="M0 20h20M20 20h20M40 20h20M0 40h20M20 40h20M0 0h20M0 60h20M20 0h20M20 60h20M0 0v20M60 0v20M20 20v20M40 20v20M20 40v20M40 40v20M0 40v20M60 40v20"/>
        <polyline class="path" stroke="#3b82f6" stroke-width="4" points="10,30 0,30"/>
        <polyline class="path" stroke="#3b82f6" stroke-width="4" points="60,30 50,30 50,50 50,60"/>
        <polyline class="path" stroke="#3b82f6" stroke-width="4" points="50,0 50,10 30,10"/>
        <circle class="start" stroke="#16a34a" stroke-width="3" cx="10" cy="30" r="5"/>
        <circle class="end" fill="#dc2626" cx="30" cy="10" r="5"/>
        </svg>
    "##]]
    .assert_eq(&svg(&small()));
}

#[test]
fn lines_say_that_they_are_of_a_torus() {
    let drawing = small();
    let record = MazeRecord {
        maze: Maze { graph: drawing.maze.graph.clone().with_weights(|a, b| (a + b) as u32), ..drawing.maze },
        start: drawing.start,
        end: drawing.end,
        solution: Some(drawing.path),
    };
    let line = record.to_line(record.class());
    assert!(line.starts_with(r#"{"grid_shape":[3,3],"torus":true,"connection_list":[[[false,false,false]"#), "{line}");
    assert_eq!(MazeRecord::parse(1, &line).unwrap(), record);
    let refused = |line: &str| MazeRecord::parse(1, line).unwrap_err().to_string();
    assert_eq!(
        refused(&line.replace(r#""torus":true,"#, "")),
        "line 1: `connection_list[0][2][2]` is true; it must be false: this passage would leave the grid (on a torus, say \
         `\"torus\": true`)"
    );
    assert!(refused(&line.replace("true,", "1,")).contains("`torus` is 1; it must be true or false"));
    let narrow = r#"{"grid_shape":[2,9],"torus":true,"connection_list":[[],[]]}"#;
    assert!(refused(narrow).contains("with 3 of each at least"));
}
