//! Lines of a file or of standard input, and doing something with each of them on all workers.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use anyhow::Context;
use rayon::prelude::*;
use searchlens::model::workers::Workers;
use searchlens::tasks::record::{RecordError, RecordFault};

use crate::error::InputError;
use crate::output::Output;

/// Lines or items that workers take at a time: enough to keep them busy, few enough to show results soon.
pub(crate) const BLOCK: u64 = 1024;

/// Lines of problems, from a file or standard input.
pub(crate) struct Lines {
    name: String,
    source: io::Lines<Box<dyn BufRead>>,
    n_read: usize,
}

impl Lines {
    /// Opens the file at `path`; standard input if it is absent or `-`.
    pub(crate) fn open(path: Option<&Path>) -> Result<Lines, InputError> {
        let (name, source): (String, Box<dyn BufRead>) = match path {
            None => ("standard input".into(), Box::new(io::stdin().lock())),
            Some(path) if path == Path::new("-") => ("standard input".into(), Box::new(io::stdin().lock())),
            Some(path) => {
                let unreadable = |source| InputError::Open { path: PathBuf::from(path), source };
                (path.display().to_string(), Box::new(BufReader::new(File::open(path).map_err(unreadable)?)))
            }
        };
        Ok(Lines { name, source: source.lines(), n_read: 0 })
    }

    /// The next lines that are not empty, each under its number from 1, at most [`BLOCK`]; none at the end.
    fn block(&mut self) -> anyhow::Result<Vec<(usize, String)>> {
        let mut block = Vec::new();
        while block.len() < BLOCK as usize {
            let Some(line) = self.source.next() else { break };
            self.n_read += 1;
            let source = |error| RecordError { line: self.n_read, fault: RecordFault::Source(error) };
            let line = line.map_err(source).with_context(|| self.name.clone())?;
            if !line.trim().is_empty() {
                block.push((self.n_read, line));
            }
        }
        Ok(block)
    }

    /// Writes what `make` makes of each line (its number, its text) to `output`, in order, with `between` before all but the first.
    pub(crate) fn each(
        self,
        workers: &Workers,
        output: &mut Output,
        between: &str,
        make: impl Fn(usize, &str) -> anyhow::Result<String> + Sync,
    ) -> anyhow::Result<()> {
        let mut is_first = true;
        self.each_made(workers, make, |text| {
            let before = if is_first { "" } else { between };
            is_first = false;
            output.write_line(format_args!("{before}{text}"))
        })
    }

    /// Gives what `make` makes of each line (its number, its text) to `take`, in order.
    pub(crate) fn each_made<T: Send>(
        mut self,
        workers: &Workers,
        make: impl Fn(usize, &str) -> anyhow::Result<T> + Sync,
        mut take: impl FnMut(T) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        loop {
            let block = self.block()?;
            if block.is_empty() {
                return Ok(());
            }
            let made: Vec<anyhow::Result<T>> =
                workers.run(|| block.par_iter().map(|(number, line)| make(*number, line)).collect());
            for item in made {
                take(item.with_context(|| self.name.clone())?)?;
            }
        }
    }
}
