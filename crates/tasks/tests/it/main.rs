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
mod files;
#[cfg(test)]
mod generators;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod graph_records;
#[cfg(test)]
mod graph_statistics;
#[cfg(test)]
mod hostile_files;
#[cfg(test)]
mod mixtures;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod records;
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
