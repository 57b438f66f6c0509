//! The room's tests of behaviour, in one binary.

#[cfg(test)]
mod sampling;
