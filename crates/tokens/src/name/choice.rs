//! The one grammar of names with choices: a beginning, then choices in any order, each with a `+`.

use searchlens_base::fault::{Fault, HasFault};
use searchlens_base::text::{listed, near_names};
use searchlens_tasks::mazes::error::MAX_WEIGHT;

/// A text that is no name of a tokenizer, though it begins like one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChoiceError {
    /// There is no such choice, or no such beginning.
    #[error("tokenizer `{name}`: unknown choice `{choice}`{near}; known: {known}")]
    Unknown {
        /// The whole name.
        name: String,
        /// The choice.
        choice: String,
        /// ` (did you mean ..?)`, or empty.
        near: String,
        /// All there are.
        known: String,
    },
    /// The same thing is chosen twice.
    #[error("tokenizer `{name}`: `{choice}` chooses what is chosen already; leave one of the two out")]
    Twice {
        /// The whole name.
        name: String,
        /// The second choice.
        choice: String,
    },
    /// An order for a form that has its own.
    #[error("tokenizer `{name}`: `walls` writes every pair of cells in a fixed order; leave the order out")]
    FixedOrder {
        /// The whole name.
        name: String,
    },
}

impl HasFault for ChoiceError {
    fn fault(&self) -> Fault {
        Fault::BadInput
    }
}

/// Choices that a number follows: what they are called, and the largest number.
pub(crate) type Numbered = (&'static str, usize);

/// `weights-N`, which all tokenizers with choices have: behind each edge a word for what it costs.
pub(crate) const WEIGHTS: Numbered = ("weights", MAX_WEIGHT as usize);

/// Goes through the choices of a name. `take` says whether a choice is new, and nothing if it is none.
///
/// # Errors
/// [`ChoiceError`], for what is none (`plain` and `numbered` are all there are) or chosen already.
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

/// What a name begins with, as one of `known`.
///
/// # Errors
/// [`ChoiceError::Unknown`], if it is none of them.
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

/// The number behind a word, `workspace-8`; at least 1.
pub(crate) fn number(choice: &str, (word, most): Numbered) -> Option<usize> {
    let digits = choice.strip_prefix(word)?.strip_prefix('-')?;
    let n: usize = digits.parse().ok().filter(|n| (1..=most).contains(n))?;
    // One spelling for each number: no `+8`, no `08`.
    (digits == n.to_string()).then_some(n)
}

/// Takes in a choice of [`WEIGHTS`]: whether it is new, nothing if it is another choice.
pub(crate) fn take_weights(choice: &str, weights: &mut u32) -> Option<bool> {
    let most = number(choice, WEIGHTS)? as u32;
    Some(std::mem::replace(weights, most) == 0)
}
