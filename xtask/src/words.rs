//! The field's English: words that once stood between the code and its readers, and what to write instead.
//!
//! The tests below look for them in every source file and every document (help, errors, comments, names of types), except the
//! log of experiments and the changelog, which record history.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::test::root;

/// Phrases of prose, in lower case, and what to write instead.
const PHRASES: &[(&str, &str)] = &[
    ("whoever", "the person or thing itself"),
    ("speaks of", "refers to, is about"),
    ("speak of", "refer to, be about"),
    ("says nothing of itself", "has no header"),
    ("anew", "again, or the verb with re-"),
    ("way back", "backward pass, inverse, decoding"),
    ("seldom", "rarely, or a number"),
    ("hold to an instruction set", "use at most this instruction set"),
    ("come as often", "are drawn equally often"),
    ("is come back to", "the search backtracks"),
    ("is shortened to", "is clipped to"),
    ("takes, times the learning rate", "decoupled weight decay"),
    ("told so last", "time since the last call"),
    ("lives only from", "exists between"),
    ("be spoilt", "be corrupted"),
    ("spoilt examples", "corrupted demonstrations"),
    ("walker", "policy"),
    ("wish", "requirement"),
    ("micro batch", "micro-batch"),
];

/// Names of types that were homonyms or the house's own words, and what the field says.
const TYPES: &[(&str, &str)] = &[
    ("Answers", "KvGradient"),
    ("Exam", "EvalSet"),
    ("Group", "MicroBatch"),
    ("Item", "RawEntry"),
    ("Kept", "CheckpointFiles, or a KV cache"),
    ("Marking", "GradedAnswer"),
    ("Notes", "CheckpointMetadata"),
    ("Nothing", "NoPast"),
    ("Now", "Transient"),
    ("Question", "EvalProblem"),
    ("Reach", "KvGradient"),
    ("Room", "Workspace or Scratch; a room is a crate"),
    ("Rooms", "Workspaces"),
    ("Sheet", "GradedAnswer"),
    ("Shown", "Demonstration"),
    ("Turns", "RotaryTable"),
    ("Wish", "Requirement"),
];

/// A word that should not stand where it stands.
struct Finding {
    place: String,
    word: &'static str,
    instead: &'static str,
}

/// Every such word in sources and documents.
fn findings() -> anyhow::Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for path in readable()? {
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let is_code = path.extension().is_some_and(|ending| ending == "rs");
        for (number, line) in text.lines().enumerate() {
            let place = || format!("{}:{}", path.strip_prefix(root()).unwrap_or(&path).display(), number + 1);
            let lower = line.to_lowercase();
            let phrases = PHRASES.iter().filter(|(phrase, _)| has_word(&lower, phrase));
            let defines =
                |name: &str| ["struct", "enum", "trait"].iter().any(|kind| has_word(line, &format!("{kind} {name}")));
            let types = TYPES.iter().filter(|(name, _)| is_code && defines(name));
            findings.extend(phrases.chain(types).map(|&(word, instead)| Finding { place: place(), word, instead }));
        }
    }
    Ok(findings)
}

/// Whether a word or phrase stands in a line, not as a part of a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_letter) && !line[at + word.len()..].starts_with(is_letter))
}

/// Sources and documents.
fn readable() -> anyhow::Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let in_root = |name: &str| root().join(name);
    for folder in ["crates", "bench/src", "fuzz/src", "docs"] {
        collect(&in_root(folder), &mut found)?;
    }
    found.extend(["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(in_root));
    found.retain(|path| !path.ends_with("docs/LOG.md"));
    found.sort();
    Ok(found)
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) -> anyhow::Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "rs" || ending == "md" || ending == "js") {
            found.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_errors_docs_and_names_use_the_fields_words() {
        let found: Vec<String> = findings()
            .unwrap()
            .into_iter()
            .map(|Finding { place, word, instead }| format!("{place}: `{word}`: {instead}\n"))
            .collect();
        assert!(found.is_empty(), "{} words to replace:\n{}", found.len(), found.concat());
    }

    #[test]
    fn words_are_found_whole() {
        assert!(has_word("what a token speaks of", "speaks of") && has_word("pub struct Room {", "struct Room"));
        assert!(!has_word("struct HeadRoom", "struct Room") && !has_word("canewood", "anew"));
    }
}
