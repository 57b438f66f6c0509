//! Mazes with a path on them, as static SVG: what the gallery shows before any script runs, and on paper.
//!
//! Cells and open passages are light corridors on a darker ground. The drawing carries classes, no colours: the page's style
//! sheet colours it for light, dark and print.

use maud::{Markup, html};
use searchlens_results::Specimen;

/// Distance between the middles of adjacent cells, user units.
const PITCH: usize = 40;
/// Side of a cell and width of a corridor.
const WIDTH: usize = 26;

/// Which path to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// The stored optimal path.
    Optimum,
    /// The model's answer; steps through walls are dashed, the first step off the optimum is crossed.
    Answer,
}

/// The maze of a specimen with one of its paths.
pub(crate) fn draw(specimen: &Specimen, walk: Walk) -> Markup {
    let (height, width) = (specimen.rows * PITCH, specimen.cols * PITCH);
    let (path, class) = match walk {
        Walk::Optimum => (&specimen.optimum, "optimum"),
        Walk::Answer if specimen.exact => (&specimen.answer, "answer"),
        Walk::Answer => (&specimen.answer, "answer failed"),
    };
    let off = if walk == Walk::Answer && !specimen.exact { first_off(specimen) } else { None };
    html! {
        svg class="maze" viewBox={ "0 0 " (width) " " (height) } role="img" aria-label=(label(specimen, walk)) {
            rect class="ground" width=(width) height=(height) rx="4" {}
            @for cell in 0..specimen.rows * specimen.cols {
                @let (x, y) = middle(specimen, cell);
                rect class="floor" x=(x - WIDTH / 2) y=(y - WIDTH / 2) width=(WIDTH) height=(WIDTH) {}
            }
            @for &(a, b) in &specimen.passages {
                (passage(specimen, a, b))
            }
            @for step in path.windows(2) {
                @let is_open = open(specimen, step[0], step[1]);
                @let kind = if is_open { "" } else { " jump" };
                @for ((x1, y1), (x2, y2)) in strokes(specimen, step[0], step[1], is_open) {
                    line class={ "walk " (class) (kind) } x1=(x1) y1=(y1) x2=(x2) y2=(y2) {}
                }
            }
            @if let (Some(&end), Walk::Answer) = (path.last(), walk) {
                @let (x, y) = middle(specimen, end);
                circle class={ "end " (class) } cx=(x) cy=(y) r="4.5" {}
            }
            (ends(specimen))
            @if let Some(cell) = off {
                @let (x, y) = middle(specimen, cell);
                path class="off" d={ "M" (x - 6) " " (y - 6) "l12 12m0 -12l-12 12" } {}
            }
        }
    }
}

/// Origin as a disk, target as a ring with a dot.
fn ends(specimen: &Specimen) -> Markup {
    let ((ox, oy), (tx, ty)) = (middle(specimen, specimen.origin), middle(specimen, specimen.target));
    html! {
        circle class="origin" cx=(ox) cy=(oy) r="7" {}
        circle class="target" cx=(tx) cy=(ty) r="8.5" {}
        circle class="target-dot" cx=(tx) cy=(ty) r="3" {}
    }
}

/// A point of the drawing.
type Point = (usize, usize);

/// The lines of a step: one, or on a torus, through an open passage across a side, two: out of the maze and in again.
fn strokes(specimen: &Specimen, from: usize, to: usize, is_open: bool) -> Vec<(Point, Point)> {
    let ((x1, y1), (x2, y2)) = (middle(specimen, from), middle(specimen, to));
    if !is_open || x1.abs_diff(x2) + y1.abs_diff(y2) == PITCH {
        return vec![((x1, y1), (x2, y2))];
    }
    // From a cell to the side that lies away from the other cell.
    let out = |near: usize, far: usize, cells: usize| match near.cmp(&far) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => near,
        std::cmp::Ordering::Greater => cells * PITCH,
    };
    let leave = (out(x1, x2, specimen.cols), out(y1, y2, specimen.rows));
    let enter = (out(x2, x1, specimen.cols), out(y2, y1, specimen.rows));
    vec![((x1, y1), leave), (enter, (x2, y2))]
}

/// The floor between two cells: the gap, and a unit more on each side so that no seam shows.
fn passage(specimen: &Specimen, a: usize, b: usize) -> Markup {
    let half = WIDTH / 2;
    html! {
        @for ((x1, y1), (x2, y2)) in strokes(specimen, a.min(b), a.max(b), true) {
            @let (left, right, top, bottom) = (x1.min(x2), x1.max(x2), y1.min(y2), y1.max(y2));
            // A line between two cells spares both; one that ends at the side spares the cell at its other end.
            @let spared = |at: usize| if at % PITCH == PITCH / 2 { half - 1 } else { 0 };
            @let (x, y, w, h) = if left == right {
                (left - half, top + spared(top), WIDTH, bottom - spared(bottom) - top - spared(top))
            } else {
                (left + spared(left), top - half, right - spared(right) - left - spared(left), WIDTH)
            };
            rect class="floor" x=(x) y=(y) width=(w) height=(h) {}
        }
    }
}

fn middle(specimen: &Specimen, cell: usize) -> (usize, usize) {
    (cell % specimen.cols * PITCH + PITCH / 2, cell / specimen.cols * PITCH + PITCH / 2)
}

fn open(specimen: &Specimen, a: usize, b: usize) -> bool {
    specimen.passages.iter().any(|&passage| passage == (a, b) || passage == (b, a))
}

/// The first cell of the answer that differs from the drawn optimum.
pub(crate) fn first_off(specimen: &Specimen) -> Option<usize> {
    let pairs = specimen.answer.iter().enumerate();
    pairs.into_iter().find(|&(i, cell)| specimen.optimum.get(i) != Some(cell)).map(|(_, &cell)| cell)
}

fn label(specimen: &Specimen, walk: Walk) -> String {
    let steps = |path: &[usize]| path.len().saturating_sub(1);
    match walk {
        Walk::Optimum => {
            format!("Maze of problem {} with an optimal path of {} steps", specimen.index, steps(&specimen.optimum))
        }
        Walk::Answer => format!(
            "The same maze with the model's path of {} steps: {}",
            steps(&specimen.answer),
            crate::tables::verdict(specimen)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use searchlens_results::Mark;

    fn specimen(answer: &[usize]) -> Specimen {
        Specimen {
            index: 7,
            rows: 2,
            cols: 2,
            passages: vec![(0, 1), (3, 1), (2, 3)],
            origin: 0,
            target: 2,
            optimum: vec![0, 1, 3, 2],
            answer: answer.to_vec(),
            exact: answer == [0, 1, 3, 2],
            failure: String::new(),
            tokens: vec!["PATH".to_string()],
            marks: vec![Mark::Other],
            path_start: 0,
            attention: String::new(),
        }
    }

    #[track_caller]
    fn check(answer: &[usize], lines: usize, jumps: usize, crosses: usize) {
        let svg = draw(&specimen(answer), Walk::Answer).into_string();
        let found = ["<line", " jump", "class=\"off\""].map(|what| svg.matches(what).count());
        assert_eq!(found, [lines, jumps, crosses], "{svg}");
    }

    #[test]
    fn an_optimal_answer_has_no_cross() {
        check(&[0, 1, 3, 2], 3, 0, 0);
    }

    #[test]
    fn a_step_through_a_wall_is_dashed_and_the_first_wrong_cell_is_crossed() {
        check(&[0, 2], 1, 1, 1);
    }

    #[test]
    fn an_answer_that_stops_early_has_nothing_to_cross() {
        check(&[0, 1], 1, 0, 0);
    }

    #[test]
    fn a_step_across_a_side_of_a_torus_leaves_and_comes_in_again() {
        let torus = Specimen {
            rows: 3,
            cols: 3,
            passages: vec![(0, 2), (2, 8)],
            optimum: vec![0, 2, 8],
            target: 8,
            ..specimen(&[0])
        };
        let svg = draw(&torus, Walk::Optimum).into_string();
        assert_eq!((svg.matches("<line").count(), svg.matches("class=\"floor\"").count()), (4, 9 + 4));
        for line in [r#"x1="20" y1="20" x2="0" y2="20""#, r#"x1="120" y1="20" x2="100" y2="20""#] {
            assert!(svg.contains(line), "{svg}");
        }
    }

    #[test]
    fn every_cell_and_passage_is_floor() {
        let svg = draw(&specimen(&[0]), Walk::Optimum).into_string();
        assert_eq!(svg.matches("class=\"floor\"").count(), 4 + 3);
    }
}
