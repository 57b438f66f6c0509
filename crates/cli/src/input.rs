//! Problems from a file or standard input, processed in parallel.

use std::io;
use std::path::Path;

use rayon::prelude::*;
use searchlens::formats::files::{Entry, Format, Header, RawEntry, Reader};
use searchlens::model::workers::Workers;

use crate::error::Result;
use crate::output::Output;

/// Maximum number of problems per block: enough to keep all workers busy, few enough to show results soon.
pub(crate) const BLOCK: u64 = 1024;

/// A block ends with the problem that brings it to this many bytes.
const BLOCK_BYTES: usize = 64 << 20;

/// Problems from a file or folder, or JSON lines from standard input.
pub(crate) struct Problems {
    reader: Reader,
    /// What a problem's number counts: `line` or `problem`.
    unit: &'static str,
}

impl Problems {
    /// Opens the file at `path`; standard input if it is absent or `-`.
    pub(crate) fn open(path: Option<&Path>) -> Result<Problems> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            let reader = Reader::lines("standard input", io::stdin().lock());
            return Ok(Problems { reader, unit: "line" });
        };
        let unit = if Format::of(path)? == Format::Lines { "line" } else { "problem" };
        Ok(Problems { reader: Reader::open(path)?, unit })
    }

    /// Returns the header of the file, if it has one.
    pub(crate) fn header(&self) -> Option<&Header> {
        self.reader.header()
    }

    /// Reads the next block, and returns whether there may be another.
    fn block(&mut self) -> (Vec<RawEntry>, Result<bool>) {
        let mut block = Vec::new();
        let mut bytes = 0;
        while block.len() < BLOCK as usize && bytes < BLOCK_BYTES {
            match self.reader.next() {
                None => return (block, Ok(false)),
                Some(Err(error)) => return (block, Err(error.into())),
                Some(Ok(item)) => {
                    bytes += item.size();
                    block.push(item);
                }
            }
        }
        (block, Ok(true))
    }

    /// Calls `make` on each problem and its number (from 1), in parallel, and writes the lines it returns in order.
    pub(crate) fn write_each(
        self,
        workers: &Workers,
        output: &mut Output,
        make: impl Fn(u64, Entry) -> Result<String> + Sync,
    ) -> Result<()> {
        self.for_each(workers, make, |text| output.write_line(text))
    }

    /// Calls `make` on each problem and its number (from 1), in parallel, and passes the values it returns to `take` in order.
    pub(crate) fn for_each<T: Send>(
        mut self,
        workers: &Workers,
        make: impl Fn(u64, Entry) -> Result<T> + Sync,
        mut take: impl FnMut(T) -> Result<()>,
    ) -> Result<()> {
        loop {
            let (block, more) = self.block();
            let (path, unit) = (self.reader.path().to_owned(), self.unit);
            let made = |item: RawEntry| {
                let number = item.number;
                let entry = item.decode().map_err(|fault| fault.at(&path))?;
                make(number, entry).map_err(|error| error.at(&format!("{}: {unit} {number}", path.display())))
            };
            let made: Vec<Result<T>> = workers.run(|| block.into_par_iter().map(made).collect());
            made.into_iter().try_for_each(|item| take(item?))?;
            if !more? {
                return Ok(());
            }
        }
    }
}
