//! The room's tests of behaviour, in one binary.

#[cfg(test)]
mod config;
#[cfg(test)]
mod run;
#[cfg(test)]
mod tiny;
