//! Mazes with a path, as static SVG: what the gallery shows before any script runs, and on paper.
//!
//! Cells and open passages are light corridors on a darker ground. The drawing carries classes, no colors: the page's style
//! sheet colors it for light, dark and print.

use crate::tables::verdict;
use maud::{Markup, html};
use searchlens_results::Specimen;

/// Distance between the centers of adjacent cells, user units.
const PITCH: usize = 40;
/// Side of a cell and width of a corridor.
const WIDTH: usize = 26;

/// Which path to draw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Walk {
    /// The stored optimal path.
    Optimum,
    /// The model's answer. Invalid moves are dashed; the first cell off the optimal path is crossed out.
    Answer,
}

/// Draws the maze of a specimen with one of its paths.
pub(super) fn draw(specimen: &Specimen, walk: Walk) -> Markup {
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
                @let (x, y) = center(specimen, cell);
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
                @let (x, y) = center(specimen, end);
                circle class={ "end " (class) } cx=(x) cy=(y) r="4.5" {}
            }
            (ends(specimen))
            @if let Some(cell) = off {
                @let (x, y) = center(specimen, cell);
                path class="off" d={ "M" (x - 6) " " (y - 6) "l12 12m0 -12l-12 12" } {}
            }
        }
    }
}

/// The signs in the drawings.
pub(super) fn key() -> Markup {
    html! {
        ul class="key" aria-label="Signs in the mazes" {
            li { svg viewBox="0 0 20 20" { circle class="origin" cx="10" cy="10" r="7" {} } "origin" }
            li { svg viewBox="0 0 20 20" { circle class="target" cx="10" cy="10" r="8" {} circle class="target-dot" cx="10" cy="10" r="3" {} } "target" }
            li { svg viewBox="0 0 34 20" { line class="walk optimum" x1="2" y1="10" x2="32" y2="10" {} } "an optimal path" }
            li { svg viewBox="0 0 34 20" { line class="walk answer" x1="2" y1="10" x2="32" y2="10" {} } "the model’s path" }
            li { svg viewBox="0 0 34 20" { line class="walk answer failed" x1="2" y1="10" x2="32" y2="10" {} } "a failed one" }
            li { svg viewBox="0 0 34 20" { line class="walk answer failed jump" x1="2" y1="10" x2="32" y2="10" {} } "invalid move" }
            li { svg viewBox="0 0 20 20" { path class="off" d="M4 4l12 12m0 -12l-12 12" {} } "first cell off the optimum" }
        }
    }
}

/// Origin as a disk, target as a ring with a dot.
fn ends(specimen: &Specimen) -> Markup {
    let ((ox, oy), (tx, ty)) = (center(specimen, specimen.origin), center(specimen, specimen.target));
    html! {
        circle class="origin" cx=(ox) cy=(oy) r="7" {}
        circle class="target" cx=(tx) cy=(ty) r="8.5" {}
        circle class="target-dot" cx=(tx) cy=(ty) r="3" {}
    }
}

/// A point of the drawing.
type Point = (usize, usize);

/// Returns the lines of a step: one, or two for a step around a torus, out of the maze and in again.
fn strokes(specimen: &Specimen, from: usize, to: usize, is_open: bool) -> Vec<(Point, Point)> {
    let ((x1, y1), (x2, y2)) = (center(specimen, from), center(specimen, to));
    if !is_open || x1.abs_diff(x2) + y1.abs_diff(y2) == PITCH {
        return vec![((x1, y1), (x2, y2))];
    }
    // From a cell to the border that faces away from the other cell.
    let border = |near: usize, far: usize, cells: usize| match near.cmp(&far) {
        std::cmp::Ordering::Less => 0,
        std::cmp::Ordering::Equal => near,
        std::cmp::Ordering::Greater => cells * PITCH,
    };
    let leave = (border(x1, x2, specimen.cols), border(y1, y2, specimen.rows));
    let enter = (border(x2, x1, specimen.cols), border(y2, y1, specimen.rows));
    vec![((x1, y1), leave), (enter, (x2, y2))]
}

/// Draws the floor between two cells: the gap, and one unit more on each side so that no seam shows.
fn passage(specimen: &Specimen, a: usize, b: usize) -> Markup {
    let half = WIDTH / 2;
    html! {
        @for ((x1, y1), (x2, y2)) in strokes(specimen, a.min(b), a.max(b), true) {
            @let (left, right, top, bottom) = (x1.min(x2), x1.max(x2), y1.min(y2), y1.max(y2));
            // A line between two centers leaves out both cells; a line to the border leaves out the cell at its other end.
            @let margin = |at: usize| if at % PITCH == PITCH / 2 { half - 1 } else { 0 };
            @let (x, y, w, h) = if left == right {
                (left - half, top + margin(top), WIDTH, bottom - margin(bottom) - top - margin(top))
            } else {
                (left + margin(left), top - half, right - margin(right) - left - margin(left), WIDTH)
            };
            rect class="floor" x=(x) y=(y) width=(w) height=(h) {}
        }
    }
}

fn center(specimen: &Specimen, cell: usize) -> (usize, usize) {
    (cell % specimen.cols * PITCH + PITCH / 2, cell / specimen.cols * PITCH + PITCH / 2)
}

fn open(specimen: &Specimen, a: usize, b: usize) -> bool {
    specimen.passages.iter().any(|&passage| passage == (a, b) || passage == (b, a))
}

/// Returns the first cell of the answer that differs from the drawn optimal path.
fn first_off(specimen: &Specimen) -> Option<usize> {
    let pairs = specimen.answer.iter().enumerate();
    pairs.into_iter().find(|&(i, cell)| specimen.optimum.get(i) != Some(cell)).map(|(_, &cell)| cell)
}

fn label(specimen: &Specimen, walk: Walk) -> String {
    let steps = |path: &[usize]| path.len().saturating_sub(1);
    match walk {
        Walk::Optimum => {
            format!("Maze of problem {} with an optimal path of {} steps", specimen.index, steps(&specimen.optimum))
        }
        Walk::Answer => {
            format!("The same maze with the model's path of {} steps: {}", steps(&specimen.answer), verdict(specimen))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use searchlens_results::TokenPlace;

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
            marks: vec![TokenPlace::Other],
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
    fn a_step_around_a_torus_leaves_and_comes_in_again() {
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
