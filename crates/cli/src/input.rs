//! Problems of a file or of standard input, and doing something with each of them on all workers.

use std::io;
use std::path::Path;

use anyhow::Context;
use rayon::prelude::*;
use searchlens::formats::files::{Entry, Format, Header, RawEntry, Reader};
use searchlens::model::workers::Workers;

use crate::output::Output;

/// Problems that workers take at a time: enough to keep them busy, few enough to show results soon.
pub(crate) const BLOCK: u64 = 1024;

/// Bytes of problems that workers take at a time, save that they take one in any case.
const BLOCK_BYTES: usize = 64 << 20;

/// Problems from a file or a folder, or lines of them from standard input.
pub(crate) struct Problems {
    reader: Reader,
    /// What a problem's number counts.
    unit: &'static str,
}

impl Problems {
    /// Opens the file at `path`; standard input if it is absent or `-`.
    pub(crate) fn open(path: Option<&Path>) -> anyhow::Result<Problems> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else {
            let reader = Reader::lines("standard input", io::stdin().lock());
            return Ok(Problems { reader, unit: "line" });
        };
        let unit = if Format::of(path)? == Format::Lines { "line" } else { "problem" };
        Ok(Problems { reader: Reader::open(path)?, unit })
    }

    /// What the file says of itself.
    pub(crate) fn header(&self) -> Option<&Header> {
        self.reader.header()
    }

    /// The next problems, and whether there may be more.
    fn block(&mut self) -> (Vec<RawEntry>, anyhow::Result<bool>) {
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

    /// Writes what `make` makes of each problem (and its number, from 1) to `output`, in order.
    pub(crate) fn each(
        self,
        workers: &Workers,
        output: &mut Output,
        make: impl Fn(u64, Entry) -> anyhow::Result<String> + Sync,
    ) -> anyhow::Result<()> {
        self.each_made(workers, make, |text| output.write_line(text))
    }

    /// Gives what `make` makes of each problem (and its number, from 1) to `take`, in order.
    pub(crate) fn each_made<T: Send>(
        mut self,
        workers: &Workers,
        make: impl Fn(u64, Entry) -> anyhow::Result<T> + Sync,
        mut take: impl FnMut(T) -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        loop {
            let (block, more) = self.block();
            let (path, unit) = (self.reader.path().to_owned(), self.unit);
            let made = |item: RawEntry| {
                let number = item.number;
                let entry = item.decode().map_err(|fault| fault.at(&path))?;
                make(number, entry).with_context(|| format!("{}: {unit} {number}", path.display()))
            };
            let made: Vec<anyhow::Result<T>> = workers.run(|| block.into_par_iter().map(made).collect());
            made.into_iter().try_for_each(|item| take(item?))?;
            if !more? {
                return Ok(());
            }
        }
    }
}
