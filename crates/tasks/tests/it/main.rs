//! The room's tests of behaviour, in one binary.

#[cfg(test)]
mod counting;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod sampling;
