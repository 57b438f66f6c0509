//! Near names for error messages.

/// Up to three of `known` that look like a misspelt `wanted`, nearest first (Damerau-Levenshtein distance, upper and
/// lower case alike).
pub(crate) fn near_names<'a>(wanted: &str, known: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let lower = wanted.to_lowercase();
    let furthest = (lower.chars().count() / 3).max(2);
    let mut near: Vec<(usize, &str)> = known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), name))
        .filter(|&(distance, _)| distance <= furthest)
        .collect();
    near.sort_by_key(|&(distance, _)| distance);
    near.into_iter().take(3).map(|(_, name)| name.to_owned()).collect()
}

/// The end of an error message that offers names: `` (did you mean `a`, `b`?) ``, or nothing.
pub(crate) fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!(" (did you mean `{}`?)", near.join("`, `")) }
}
