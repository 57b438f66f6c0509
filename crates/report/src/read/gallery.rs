//! Checks that a gallery is consistent: the page draws it without further checks.

use searchlens_results::{Gallery, Specimen, TokenPlace};

/// A field that contradicts the rest of the gallery.
pub(super) struct Inconsistency {
    /// The field, e.g. `specimens[2].attention`.
    pub(super) field: String,
    /// How it contradicts the rest.
    pub(super) message: String,
}

/// Checks every specimen: cells inside the maze, one mark per token, attention of the right size.
pub(super) fn check(gallery: &Gallery) -> Result<(), Inconsistency> {
    for (i, specimen) in gallery.specimens.iter().enumerate() {
        check_specimen(gallery, specimen)
            .map_err(|(field, message)| Inconsistency { field: format!("specimens[{i}].{field}"), message })?;
    }
    Ok(())
}

fn check_specimen(gallery: &Gallery, specimen: &Specimen) -> Result<(), (&'static str, String)> {
    let Specimen { rows, cols, tokens, marks, .. } = specimen;
    let cells = rows.checked_mul(*cols).ok_or(("rows", format!("{rows} × {cols} cells are too many")))?;
    let in_maze = |field: &'static str, cell: usize| match cell < cells {
        true => Ok(()),
        false => Err((field, format!("cell {cell} is outside the maze of {rows} × {cols} cells"))),
    };
    in_maze("origin", specimen.origin)?;
    in_maze("target", specimen.target)?;
    specimen.optimum.iter().try_for_each(|&cell| in_maze("optimum", cell))?;
    specimen.answer.iter().try_for_each(|&cell| in_maze("answer", cell))?;
    for &(a, b) in &specimen.passages {
        in_maze("passages", a).and(in_maze("passages", b))?;
        if !are_adjacent((*rows, *cols), a, b) {
            return Err(("passages", format!("cells {a} and {b} are not adjacent")));
        }
    }
    for mark in marks {
        match *mark {
            TokenPlace::Edge(a, b) => in_maze("marks", a).and(in_maze("marks", b))?,
            TokenPlace::Cell(cell) => in_maze("marks", cell)?,
            TokenPlace::Other => {}
        }
    }
    if marks.len() != tokens.len() {
        return Err(("marks", format!("{} marks for {} tokens", marks.len(), tokens.len())));
    }
    if specimen.path_start >= tokens.len() {
        return Err(("path_start", format!("position {} of {} tokens", specimen.path_start, tokens.len())));
    }
    let sizes = [gallery.n_heads, tokens.len(), tokens.len()];
    let want = sizes.into_iter().try_fold(gallery.n_layers, usize::checked_mul).unwrap_or(usize::MAX);
    match base64_len(&specimen.attention) {
        None => Err(("attention", "not base64 (standard alphabet, with padding)".to_string())),
        Some(got) if got != want => Err((
            "attention",
            format!(
                "{got} bytes, but {} layers × {} heads × {n} × {n} tokens make {want}",
                gallery.n_layers,
                gallery.n_heads,
                n = tokens.len()
            ),
        )),
        Some(_) => Ok(()),
    }
}

/// Returns whether two cells are adjacent, also around a torus.
fn are_adjacent((rows, cols): (usize, usize), a: usize, b: usize) -> bool {
    let (down, right) = ((a / cols).abs_diff(b / cols), (a % cols).abs_diff(b % cols));
    let around = |apart: usize, side: usize| side > 2 && apart + 1 == side;
    match (down, right) {
        (0, right) => right == 1 || around(right, cols),
        (down, 0) => down == 1 || around(down, rows),
        _ => false,
    }
}

/// Returns the number of bytes that a base64 text encodes; `None` if it is not base64. The page decodes it, so only the length
/// matters here.
fn base64_len(text: &str) -> Option<usize> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    let is_valid = digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'+' || b == b'/');
    (is_valid && text.len().is_multiple_of(4) && padding <= 2).then(|| text.len() / 4 * 3 - padding)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_length_without_decoding() {
        let cases =
            [("", Some(0)), ("AA==", Some(1)), ("AAA=", Some(2)), ("AAAA", Some(3)), ("A===", None), ("A-_A", None)];
        for (text, want) in cases {
            assert_eq!(base64_len(text), want, "{text}");
        }
    }
}
