//! The room's tests of behaviour, in one binary.

#[cfg(test)]
mod configs;
#[cfg(test)]
mod counting;
#[cfg(test)]
mod families;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod records;
#[cfg(test)]
mod sampling;
#[cfg(test)]
mod scores;
#[cfg(test)]
mod symmetric;
