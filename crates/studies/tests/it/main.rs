//! The room's tests of behaviour, in one binary.

#[cfg(test)]
mod inside;
#[cfg(test)]
#[path = "../../../runs/tests/it/tiny.rs"]
mod tiny;
