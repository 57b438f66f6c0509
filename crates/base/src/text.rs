//! Words for error messages, for all rooms.

/// ` (did you mean ..?)` with the known names nearest to what was typed, three at most; empty if none is near.
pub fn near_names<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let mut scored: Vec<_> = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|&(distance, name)| distance <= 1 + name.len().min(typed.len()) / 3)
        .collect();
    scored.sort();
    scored.truncate(3);
    match scored.iter().map(|(_, name)| format!("`{name}`")).collect::<Vec<_>>() {
        names if names.is_empty() => String::new(),
        names => format!(" (did you mean {}?)", names.join(" or ")),
    }
}

/// `a, b, c`, for lists of what there is.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
