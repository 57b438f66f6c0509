//! The room's tests of behaviour, in one binary.

#[cfg(test)]
mod configs;
#[cfg(test)]
mod counting;
#[cfg(test)]
mod endpoints;
#[cfg(test)]
mod families;
#[cfg(test)]
mod floors;
#[cfg(test)]
mod generators;
#[cfg(test)]
mod graph_statistics;
#[cfg(test)]
mod mixtures;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod sampling;
#[cfg(test)]
mod scores;
#[cfg(test)]
mod sets;
#[cfg(test)]
mod symmetric;
#[cfg(test)]
mod torus;
