//! The room's tests of behaviour, in one binary.

#[cfg(test)]
mod files;
#[cfg(test)]
mod golden;
#[cfg(test)]
mod graph_records;
#[cfg(test)]
mod hostile_files;
#[cfg(test)]
mod pictures;
#[cfg(test)]
mod records;
#[cfg(test)]
#[path = "../../../tasks/tests/it/samples.rs"]
mod samples;
#[cfg(test)]
mod torus;
