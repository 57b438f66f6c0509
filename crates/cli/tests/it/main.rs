//! The binary as its users meet it: arguments and files in; text, files and exit codes out.

mod errors;
mod golden;
mod help;
mod problems;
mod run;
