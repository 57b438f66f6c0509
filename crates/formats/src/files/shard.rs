//! Bit-packed shards of mazes of one shape, rectangle or torus: 14 to 16 bytes a maze at 7×7, any problem in one short read.
//!
//! ```text
//! head     "SLshard\n", then u32: version, rows, cols, BLOCK, 1 on a torus and 0 else (since version 2), checksum of what
//!          precedes
//! blocks   of BLOCK problems (the last may be shorter), each block followed by its checksum (u32)
//! index    u64 for each block: where it begins
//! header   JSON: crate::files::Header
//! tail     u64: problems, where the index begins, where the header begins; u32 checksum of index, header and these;
//!          "SLend\n\0\0"
//! ```
//!
//! Numbers are little-endian, checksums CRC-32 (as in zip files). A problem is its length in bytes (LEB128), then bits,
//! lowest first: a bit for each pair of adjacent cells in [`Lattice::adjacent_pairs`]' order; start and end, in as many
//! bits as the number of cells needs, which itself stands for "absent"; a bit that says whether passages have weights,
//! and if so the width of a weight in 4 bits, and the weight less one of each open passage; with both ends, a bit that
//! says how the solution is stored. 0: it is a shortest path, stored as its choice among several optimal next cells (1 bit
//! for two, 2 bits for three or four). 1: its number of steps in 32 bits, then 2 bits per step (east, west, south, north).

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};

use flate2::Crc;

use crate::files::entry::Entry;
use crate::files::fault::FileFault;
use crate::files::header::{self, Header};
use crate::files::raw::{Body, RawEntry};
use crate::files::sink::{Sink, wrong_format};
use crate::files::table::lattice;
use searchlens_tasks::problem::maze::Lattice;

/// Layout version: 2 since the head has a torus flag. Readers refuse later versions.
const VERSION: u32 = 2;

/// Problems per block: the unit of reading.
const BLOCK: u64 = 256;

const MAGIC: &[u8; 8] = b"SLshard\n";
const END: &[u8; 8] = b"SLend\n\0\0";
/// Length of the head in this version; earlier ones are not longer.
const LONGEST_HEAD: u64 = 32;
const TAIL_LEN: u64 = 36;

/// A shard that is being written.
pub(crate) struct ShardSink {
    out: Box<dyn Write + Send>,
    lattice: Option<Lattice>,
    /// Bytes written so far.
    at: u64,
    /// The problems of the current block.
    block: Vec<u8>,
    n: u64,
    index: Vec<u64>,
}

impl ShardSink {
    pub(crate) fn new(out: impl Write + Send + 'static) -> ShardSink {
        ShardSink { out: Box::new(out), lattice: None, at: 0, block: Vec::new(), n: 0, index: Vec::new() }
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), FileFault> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(FileFault::Write)
    }

    fn put_head(&mut self, lattice: Option<Lattice>) -> Result<(), FileFault> {
        let [rows, cols, torus] =
            lattice.map_or([0; 3], |Lattice { rows, cols, wraps }| [rows as u32, cols as u32, u32::from(wraps)]);
        let mut head = MAGIC.to_vec();
        [VERSION, rows, cols, BLOCK as u32, torus].iter().for_each(|number| head.extend(number.to_le_bytes()));
        head.extend(checksum(&head).to_le_bytes());
        self.put(&head)
    }

    fn end_block(&mut self) -> Result<(), FileFault> {
        if self.block.is_empty() {
            return Ok(());
        }
        self.index.push(self.at);
        let block = std::mem::take(&mut self.block);
        self.put(&block)?;
        self.put(&checksum(&block).to_le_bytes())
    }
}

impl Sink for ShardSink {
    fn write(&mut self, raw: RawEntry) -> Result<(), FileFault> {
        let Body::Packed(lattice, bytes) = raw.body else { return Err(wrong_format()) };
        match self.lattice {
            None => {
                self.put_head(Some(lattice))?;
                self.lattice = Some(lattice);
            }
            Some(first) if first != lattice => {
                let what = "the maze is of another shape than the first";
                let number = raw.number;
                return Err(FileFault::CannotHold {
                    number,
                    what,
                    format: ".shard",
                    instead: ".parquet, .npz or .jsonl",
                });
            }
            Some(_) => {}
        }
        let mut len = bytes.len();
        while len >= 0x80 {
            self.block.push(len as u8 | 0x80);
            len >>= 7;
        }
        self.block.push(len as u8);
        self.block.extend(bytes);
        self.n += 1;
        if self.n.is_multiple_of(BLOCK) { self.end_block() } else { Ok(()) }
    }

    fn finish(mut self: Box<Self>, header: &Header) -> Result<(), FileFault> {
        if self.lattice.is_none() {
            self.put_head(None)?;
        }
        self.end_block()?;
        let index_at = self.at;
        let mut footer: Vec<u8> = self.index.iter().flat_map(|offset| offset.to_le_bytes()).collect();
        let header_at = index_at + footer.len() as u64;
        footer.extend(header.to_json().bytes());
        [self.n, index_at, header_at].iter().for_each(|number| footer.extend(number.to_le_bytes()));
        footer.extend(checksum(&footer).to_le_bytes());
        footer.extend(END);
        self.put(&footer)?;
        self.out.flush().map_err(FileFault::Write)
    }
}

/// A shard, read sequentially or by index.
#[derive(Debug)]
pub struct Shard {
    file: File,
    lattice: Option<Lattice>,
    header: Header,
    n: u64,
    /// Offset of each block, and of the end of the last one.
    offsets: Vec<u64>,
    /// The last block read: its number and problems.
    block: Option<(u64, Vec<Vec<u8>>)>,
}

impl Shard {
    /// Opens a shard and validates its head, index and header.
    ///
    /// # Errors
    /// [`FileFault`], if the file is not a shard, has a later version, or is damaged.
    pub fn open(mut file: File) -> Result<Shard, FileFault> {
        let len = file.seek(SeekFrom::End(0)).map_err(FileFault::Read)?;
        if len < LONGEST_HEAD + TAIL_LEN {
            return Err(FileFault::part("head", format!("is missing: the file has {len} bytes")));
        }
        let head = bytes_at(&mut file, 0, LONGEST_HEAD)?;
        if &head[..8] != MAGIC {
            return Err(FileFault::part("head", "does not belong to a shard"));
        }
        let [version, rows, cols, block] = [8, 12, 16, 20].map(|at| u32_at(&head, at));
        if version > VERSION {
            let what = format!("is of format version {version}, and this program reads up to {VERSION}");
            let remedy = "read it with a newer searchlens";
            return Err(FileFault::Part { part: "head".to_owned(), what, remedy });
        }
        let (torus, sum_at) = if version < 2 { (0, 24) } else { (u32_at(&head, 24), 28) };
        if u32_at(&head, sum_at) != checksum(&head[..sum_at]) || u64::from(block) != BLOCK || torus > 1 {
            return Err(FileFault::part("head", "is damaged"));
        }
        let head_len = sum_at as u64 + 4;
        let tail = bytes_at(&mut file, len - TAIL_LEN, TAIL_LEN)?;
        let [n, index_at, header_at] = [0, 8, 16].map(|at| u64_at(&tail, at));
        let n_blocks = n.div_ceil(BLOCK);
        let in_order = head_len <= index_at
            && index_at.checked_add(n_blocks.saturating_mul(8)) == Some(header_at)
            && header_at <= len - TAIL_LEN;
        if &tail[28..] != END || !in_order {
            return Err(FileFault::part("tail", "is damaged or cut off"));
        }
        if len - TAIL_LEN - header_at > header::MAX_BYTES as u64 {
            return Err(FileFault::too_long("header", len - TAIL_LEN - header_at, header::MAX_BYTES));
        }
        let footer = bytes_at(&mut file, index_at, len - 12 - index_at)?;
        if u32_at(&tail, 24) != checksum(&footer) {
            return Err(FileFault::part("index", "is damaged: its checksum is wrong"));
        }
        let index_len = (header_at - index_at) as usize;
        let header = Header::from_json("header", &footer[index_len..footer.len() - 24])?;
        let mut offsets: Vec<u64> = footer[..index_len].chunks_exact(8).map(|bytes| u64_at(bytes, 0)).collect();
        offsets.push(index_at);
        if offsets[0] != head_len || offsets.windows(2).any(|pair| pair[0] + 4 > pair[1]) {
            return Err(FileFault::part("index", "names blocks that overlap"));
        }
        let lattice = if n == 0 { None } else { Some(lattice(i64::from(rows), i64::from(cols), torus == 1)) };
        let lattice = lattice.transpose().map_err(|fault| FileFault::part("head", fault.to_string()))?;
        Ok(Shard { file, lattice, header, n, offsets, block: None })
    }

    /// Returns the header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the number of problems.
    pub fn len(&self) -> u64 {
        self.n
    }

    /// Whether there are no problems.
    pub fn is_empty(&self) -> bool {
        self.n == 0
    }

    /// Returns problem `index`, from 0. Reads its block unless it was the last one read.
    ///
    /// # Errors
    /// [`FileFault`], if there is no such problem, or its block is damaged.
    pub fn get(&mut self, index: u64) -> Result<Entry, FileFault> {
        self.raw(index)?.decode()
    }

    pub(crate) fn raw(&mut self, index: u64) -> Result<RawEntry, FileFault> {
        let lattice = self.lattice.filter(|_| index < self.n);
        let lattice = lattice.ok_or_else(|| FileFault::Part {
            part: format!("problem {}", index + 1),
            what: format!("does not exist: the shard has {} problems", self.n),
            remedy: "use a lower index",
        })?;
        let number = index / BLOCK;
        if self.block.as_ref().is_none_or(|(read, _)| *read != number) {
            self.block = Some((number, self.read_block(number)?));
        }
        let problems = self.block.as_ref().map_or(&[][..], |(_, problems)| problems);
        Ok(RawEntry { number: index + 1, body: Body::Packed(lattice, problems[(index % BLOCK) as usize].clone()) })
    }

    fn read_block(&mut self, number: u64) -> Result<Vec<Vec<u8>>, FileFault> {
        let [begin, end] = [0, 1].map(|next| self.offsets[number as usize + next]);
        let block = bytes_at(&mut self.file, begin, end - begin)?;
        let (block, sum) = block.split_at(block.len() - 4);
        let damaged = |what: &str| FileFault::part(format!("block {number}"), what);
        if u32_at(sum, 0) != checksum(block) {
            return Err(damaged("is damaged: its checksum is wrong"));
        }
        let n_problems = BLOCK.min(self.n - number * BLOCK);
        let mut rest = block;
        let mut next = || {
            let mut len = 0usize;
            for shift in [0, 7, 14, 21] {
                let (&byte, after) = rest.split_first()?;
                rest = after;
                len |= usize::from(byte & 0x7f) << shift;
                if byte < 0x80 {
                    let (problem, after) = rest.split_at_checked(len)?;
                    rest = after;
                    return Some(problem.to_vec());
                }
            }
            None
        };
        let problems: Option<Vec<_>> = (0..n_problems).map(|_| next()).collect();
        let problems = problems.ok_or_else(|| damaged("has truncated problems"))?;
        if rest.is_empty() { Ok(problems) } else { Err(damaged("has excess bytes")) }
    }
}

/// Returns the problems of a shard in order.
impl Iterator for RawEntries {
    type Item = Result<RawEntry, FileFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let RawEntries { shard, next } = self;
        (*next < shard.len()).then(|| {
            *next += 1;
            shard.raw(*next - 1)
        })
    }
}

/// The raw entries of a shard.
pub(crate) struct RawEntries {
    shard: Shard,
    next: u64,
}

impl RawEntries {
    pub(crate) fn of(shard: Shard) -> RawEntries {
        RawEntries { shard, next: 0 }
    }
}

fn checksum(bytes: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(bytes);
    crc.sum()
}

fn bytes_at(file: &mut File, at: u64, len: u64) -> Result<Vec<u8>, FileFault> {
    file.seek(SeekFrom::Start(at)).map_err(FileFault::Read)?;
    let mut bytes = Vec::new();
    let read = file.take(len).read_to_end(&mut bytes).map_err(FileFault::Read)?;
    if read as u64 == len { Ok(bytes) } else { Err(FileFault::part("file", "is cut off")) }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes are four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes are eight bytes"))
}
