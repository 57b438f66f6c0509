//! Text of error messages, for all crates.

/// Returns ` (did you mean ..?)` with up to three known names nearest to `typed`; empty if none is near.
///
/// ```
/// use searchlens_base::text::near_names;
///
/// assert_eq!(near_names("wlison", ["dfs", "wilson"]), " (did you mean `wilson`?)");
/// assert_eq!(near_names("zzz", ["dfs", "wilson"]), "");
/// ```
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

/// Joins names as `a, b, c`.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
