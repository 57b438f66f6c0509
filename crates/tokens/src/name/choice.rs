//! The grammar of names with choices: a base name, then choices in any order, each preceded by `+`.

use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::{listed, near_names};
use searchlens_tasks::mazes::error::MAX_WEIGHT;

/// Errors of parsing a tokenizer name with choices.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the message says it")]
pub enum ChoiceError {
    #[error("tokenizer `{name}`: unknown choice `{choice}`{near}; known: {known}")]
    Unknown { name: String, choice: String, near: String, known: String },
    #[error("tokenizer `{name}`: `{choice}` repeats or contradicts an earlier choice; remove one of the two")]
    Twice { name: String, choice: String },
    #[error("tokenizer `{name}`: `walls` writes every pair of cells in a fixed order; remove the order")]
    FixedOrder { name: String },
}

impl HasFault for ChoiceError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// A choice followed by a number: its name, and the maximum number.
pub(crate) type Numbered = (&'static str, usize);

/// `weights-N`, a choice of all tokenizers with choices: a word after each edge for its weight.
pub(crate) const WEIGHTS: Numbered = ("weights", MAX_WEIGHT as usize);

/// Parses the choices of a name. `take` returns whether a choice is the first of its kind, or `None` if it is unknown.
///
/// # Errors
/// [`ChoiceError`] for a choice that is unknown (`plain` and `numbered` list all) or repeated.
pub(crate) fn choose(
    name: &str,
    plain: &[&str],
    numbered: &[Numbered],
    mut take: impl FnMut(&str) -> Option<bool>,
) -> Result<(), ChoiceError> {
    for choice in name.split('+').skip(1) {
        match take(choice) {
            Some(true) => {}
            Some(false) => return Err(ChoiceError::Twice { name: name.to_owned(), choice: choice.to_owned() }),
            None => return Err(unknown(name, choice, plain, numbered)),
        }
    }
    Ok(())
}

/// Finds the base name of a name in `known`.
///
/// # Errors
/// [`ChoiceError::Unknown`], if it is not there.
pub(crate) fn beginning<'k, T>(
    name: &str,
    known: &'k [T],
    named: impl Fn(&T) -> &'static str,
) -> Result<&'k T, ChoiceError> {
    let beginning = name.split('+').next().unwrap_or_default();
    let names = || known.iter().map(&named).collect::<Vec<_>>();
    known.iter().find(|known| named(known) == beginning).ok_or_else(|| unknown(name, beginning, &names(), &[]))
}

fn unknown(name: &str, choice: &str, plain: &[&str], numbered: &[Numbered]) -> ChoiceError {
    let near = near_names(choice, plain.iter().copied());
    let numbers = numbered.iter().map(|(word, most)| format!("{word}-N (N up to {most})"));
    let known: Vec<String> = plain.iter().map(|&word| word.to_owned()).chain(numbers).collect();
    let known = listed(known.iter().map(String::as_str));
    ChoiceError::Unknown { name: name.to_owned(), choice: choice.to_owned(), near, known }
}

/// Parses the number of a choice such as `workspace-8`; at least 1.
pub(crate) fn number(choice: &str, (word, most): Numbered) -> Option<usize> {
    let digits = choice.strip_prefix(word)?.strip_prefix('-')?;
    let n: usize = digits.parse().ok().filter(|n| (1..=most).contains(n))?;
    // One spelling for each number: no `+8`, no `08`.
    (digits == n.to_string()).then_some(n)
}

/// Parses a choice of [`WEIGHTS`]: whether it is the first, `None` if it is another choice.
pub(crate) fn take_weights(choice: &str, weights: &mut u32) -> Option<bool> {
    let most = number(choice, WEIGHTS)? as u32;
    Some(std::mem::replace(weights, most) == 0)
}
