//! Integration tests, in one binary.

#[cfg(test)]
mod inside;
#[cfg(test)]
#[path = "../../../runs/tests/it/tiny.rs"]
mod tiny;
