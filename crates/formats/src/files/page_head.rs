//! Page headers of Parquet files, in Thrift's compact protocol.

use std::io::{self, Read};

/// The fields of a page's header that are needed to read its values.
#[derive(Debug)]
pub(crate) struct PageHead {
    pub(crate) kind: PageKind,
    /// Compressed size in bytes.
    pub(crate) packed: u64,
    /// Decompressed size in bytes.
    pub(crate) unpacked: u64,
}

/// A kind of page. Encodings are Parquet's codes.
#[derive(Debug)]
pub(crate) enum PageKind {
    /// Levels and values, compressed together.
    Data { n_values: u32, encoding: u32, definition_encoding: u32, repetition_encoding: u32 },
    /// Uncompressed levels, then values, which may be compressed.
    DataV2 {
        n_values: u32,
        n_nulls: u32,
        n_rows: u32,
        encoding: u32,
        definitions_len: u32,
        repetitions_len: u32,
        is_packed: bool,
    },
    /// Values that later pages refer to by index.
    Dictionary { n_values: u32, encoding: u32 },
    /// An index, which sequential reading does not need.
    Other,
}

impl PageHead {
    /// Reads a header, and returns it with its length in bytes.
    ///
    /// # Errors
    /// If the source ends early, or the data is not a page header.
    pub(crate) fn read(source: impl Read) -> io::Result<(PageHead, u64)> {
        let mut thrift = Thrift { source, n_read: 0 };
        let mut head = PageHead { kind: PageKind::Other, packed: 0, unpacked: 0 };
        let mut field = 0;
        while let Some(kind) = thrift.field(&mut field)? {
            match (field, kind) {
                (2, WHOLE) => head.unpacked = thrift.count()?,
                (3, WHOLE) => head.packed = thrift.count()?,
                (5, STRUCT) => {
                    let [_, n_values, encoding, definition_encoding, repetition_encoding, ..] = thrift.numbers()?;
                    let (n_values, encoding) = (given(n_values)?, given(encoding)?);
                    let (definition_encoding, repetition_encoding) =
                        (given(definition_encoding)?, given(repetition_encoding)?);
                    head.kind = PageKind::Data { n_values, encoding, definition_encoding, repetition_encoding };
                }
                (7, STRUCT) => {
                    let [_, n_values, encoding, ..] = thrift.numbers()?;
                    head.kind = PageKind::Dictionary { n_values: given(n_values)?, encoding: given(encoding)? };
                }
                (8, STRUCT) => {
                    let [_, n_values, n_nulls, n_rows, encoding, definitions_len, repetitions_len, is_packed] =
                        thrift.numbers()?;
                    head.kind = PageKind::DataV2 {
                        n_values: given(n_values)?,
                        n_nulls: given(n_nulls)?,
                        n_rows: given(n_rows)?,
                        encoding: given(encoding)?,
                        definitions_len: given(definitions_len)?,
                        repetitions_len: given(repetitions_len)?,
                        is_packed: is_packed != Some(0),
                    };
                }
                _ => thrift.skip(kind, MAX_DEPTH)?,
            }
        }
        Ok((head, thrift.n_read))
    }
}

fn given(number: Option<u64>) -> io::Result<u32> {
    number.and_then(|number| u32::try_from(number).ok()).ok_or_else(|| wrong("a header that lacks a number"))
}

/// Thrift's type codes of 32-bit integers and of structures.
const WHOLE: u8 = 5;
const STRUCT: u8 = 12;

/// Maximum nesting of structures in a header.
const MAX_DEPTH: usize = 8;

/// Thrift's compact protocol, as far as page headers need it.
struct Thrift<R> {
    source: R,
    n_read: u64,
}

impl<R: Read> Thrift<R> {
    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.source.read_exact(&mut byte)?;
        self.n_read += 1;
        Ok(byte[0])
    }

    fn varint(&mut self) -> io::Result<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(wrong("a number of more than 64 bits"))
    }

    /// Reads a non-negative integer.
    fn count(&mut self) -> io::Result<u64> {
        match self.varint()? {
            number if number & 1 == 0 => Ok(number >> 1),
            _ => Err(wrong("a negative number")),
        }
    }

    /// Reads the type of the next field, and its number into `field`; `None` at the end of the structure.
    fn field(&mut self, field: &mut u64) -> io::Result<Option<u8>> {
        let byte = self.byte()?;
        if byte == 0 {
            return Ok(None);
        }
        *field = match byte >> 4 {
            0 => self.count()?,
            step => field.saturating_add(u64::from(step)),
        };
        Ok(Some(byte & 0x0f))
    }

    /// Reads the integers and booleans (as 0 or 1) of a structure, by field number.
    fn numbers(&mut self) -> io::Result<[Option<u64>; 8]> {
        let mut numbers = [None; 8];
        let mut field = 0;
        while let Some(kind) = self.field(&mut field)? {
            let number = match kind {
                1 | 2 => Some(u64::from(kind == 1)),
                WHOLE => Some(self.count()?),
                _ => {
                    self.skip(kind, MAX_DEPTH)?;
                    None
                }
            };
            if let Some(place) = usize::try_from(field).ok().and_then(|field| numbers.get_mut(field)) {
                *place = number;
            }
        }
        Ok(numbers)
    }

    fn skip(&mut self, kind: u8, depth: usize) -> io::Result<()> {
        let depth = depth.checked_sub(1).ok_or_else(|| wrong("structures too deep"))?;
        match kind {
            1 | 2 => Ok(()),
            3 => self.byte().map(drop),
            4..=6 => self.varint().map(drop),
            7 => (0..8).try_for_each(|_| self.byte().map(drop)),
            8 => {
                let len = self.varint()?;
                (0..len).try_for_each(|_| self.byte().map(drop))
            }
            9 | 10 => {
                let byte = self.byte()?;
                let len = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
                // In lists a boolean has a byte of its own.
                let kind = if matches!(byte & 0x0f, 1 | 2) { 3 } else { byte & 0x0f };
                (0..len).try_for_each(|_| self.skip(kind, depth))
            }
            STRUCT => {
                let mut field = 0;
                while let Some(kind) = self.field(&mut field)? {
                    self.skip(kind, depth)?;
                }
                Ok(())
            }
            _ => Err(wrong("a field of unknown kind")),
        }
    }
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
