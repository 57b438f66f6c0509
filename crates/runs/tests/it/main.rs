//! Integration tests, in one binary.

#[cfg(test)]
mod config;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod evaluate;
#[cfg(test)]
mod run;
#[cfg(test)]
mod tiny;
#[cfg(test)]
mod worlds;
