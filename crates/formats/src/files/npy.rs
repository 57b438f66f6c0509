//! NumPy's array files: a header in Python syntax, then the values. Supports integers, doubles and booleans, little-endian,
//! in C order. Arrays of objects are pickled code and refused.

use std::io::Read;

use crate::files::fault::FileFault;

/// The type of an array's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dtype {
    Bool,
    /// Signed, of this many bytes.
    Int(usize),
    /// Unsigned, of this many bytes.
    Uint(usize),
    Double,
}

impl Dtype {
    pub(crate) fn size(self) -> usize {
        match self {
            Dtype::Bool => 1,
            Dtype::Int(size) | Dtype::Uint(size) => size,
            Dtype::Double => 8,
        }
    }

    /// Returns NumPy's name in headers.
    pub(crate) fn descr(self) -> String {
        match self {
            Dtype::Bool => "|b1".to_owned(),
            Dtype::Int(1) => "|i1".to_owned(),
            Dtype::Uint(1) => "|u1".to_owned(),
            Dtype::Int(size) => format!("<i{size}"),
            Dtype::Uint(size) => format!("<u{size}"),
            Dtype::Double => "<f8".to_owned(),
        }
    }

    /// Returns NumPy's name in code.
    pub(crate) fn name(self) -> String {
        match self {
            Dtype::Bool => "bool".to_owned(),
            Dtype::Int(size) => format!("int{}", 8 * size),
            Dtype::Uint(size) => format!("uint{}", 8 * size),
            Dtype::Double => "float64".to_owned(),
        }
    }

    fn parse(descr: &str) -> Option<Dtype> {
        let all = [Dtype::Bool, Dtype::Double].into_iter();
        let whole = [1, 2, 4, 8].into_iter().flat_map(|size| [Dtype::Int(size), Dtype::Uint(size)]);
        all.chain(whole).find(|dtype| dtype.descr() == descr)
    }
}

/// Returns the bytes before an array's values.
pub(crate) fn head(dtype: Dtype, shape: &[u64]) -> Vec<u8> {
    let comma = if shape.len() == 1 { "," } else { "" };
    let shape = shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    let mut text = format!("{{'descr': '{}', 'fortran_order': False, 'shape': ({shape}{comma}), }}", dtype.descr());
    // Magic, version and length take ten bytes; values must start at a multiple of 64.
    let padding = (10 + text.len() + 1).next_multiple_of(64) - (10 + text.len() + 1);
    text.extend(std::iter::repeat_n(' ', padding));
    text.push('\n');
    let mut head = b"\x93NUMPY\x01\x00".to_vec();
    head.extend((text.len() as u16).to_le_bytes());
    head.extend(text.bytes());
    head
}

/// An array that is read value by value.
pub(crate) struct Array {
    /// Name of its member, for errors.
    pub(crate) name: String,
    pub(crate) dtype: Dtype,
    pub(crate) shape: Vec<u64>,
    source: Box<dyn Read + Send>,
}

impl Array {
    /// Reads an array's header.
    ///
    /// # Errors
    /// [`FileFault`], if the header is invalid, or the array is not supported.
    pub(crate) fn open(name: &str, mut source: Box<dyn Read + Send>) -> Result<Array, FileFault> {
        let mut fixed = [0; 10];
        fill(name, &mut source, &mut fixed)?;
        if &fixed[..6] != b"\x93NUMPY" {
            return Err(FileFault::kind(name, "something else", "a NumPy array"));
        }
        let len = match fixed[6] {
            1 => usize::from(u16::from_le_bytes([fixed[8], fixed[9]])),
            2 | 3 => {
                let mut high = [0; 2];
                fill(name, &mut source, &mut high)?;
                u32::from_le_bytes([fixed[8], fixed[9], high[0], high[1]]) as usize
            }
            version => return Err(FileFault::part(name, format!("is an array file of version {version}, not 1 to 3"))),
        };
        const LONGEST_HEAD: usize = 1 << 16;
        if len > LONGEST_HEAD {
            return Err(FileFault::too_long(format!("{name}'s header"), len, LONGEST_HEAD));
        }
        let mut text = vec![0; len];
        fill(name, &mut source, &mut text)?;
        let (dtype, shape) = parse_head(name, &String::from_utf8_lossy(&text))?;
        Ok(Array { name: name.to_owned(), dtype, shape, source })
    }

    /// Returns an array of integers that were stored in JSON.
    pub(crate) fn of_ints(name: &str, shape: Vec<u64>, values: &[i64]) -> Array {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        Array { name: name.to_owned(), dtype: Dtype::Int(8), shape, source: Box::new(std::io::Cursor::new(bytes)) }
    }

    /// Reads the next values as bytes.
    fn next(&mut self, len: usize) -> Result<Vec<u8>, FileFault> {
        let mut bytes = vec![0; len * self.dtype.size()];
        fill(&self.name, &mut self.source, &mut bytes)?;
        Ok(bytes)
    }

    /// Reads the next values of an array of integers. (Unsigned 64-bit values wrap.)
    pub(crate) fn ints(&mut self, len: usize) -> Result<Vec<i64>, FileFault> {
        let (size, signed) = match self.dtype {
            Dtype::Int(size) => (size, true),
            Dtype::Uint(size) => (size, false),
            dtype => return Err(FileFault::kind(&self.name, &dtype.name(), "integers")),
        };
        let int = |bytes: &[u8]| {
            let negative = signed && bytes[size - 1] >= 0x80;
            let mut wide = [if negative { 0xff } else { 0 }; 8];
            wide[..size].copy_from_slice(bytes);
            i64::from_le_bytes(wide)
        };
        Ok(self.next(len)?.chunks_exact(size).map(int).collect())
    }

    /// Reads the next values of an array of booleans.
    pub(crate) fn flags(&mut self, len: usize) -> Result<Vec<bool>, FileFault> {
        if self.dtype != Dtype::Bool && self.dtype != Dtype::Int(8) {
            return Err(FileFault::kind(&self.name, &self.dtype.name(), "booleans"));
        }
        let size = self.dtype.size();
        let bytes = self.next(len)?;
        // NumPy takes any non-zero byte for true; a file with other bytes than 0 and 1 was not written as booleans.
        match bytes.chunks_exact(size).find(|value| value[0] > 1 || value[1..].iter().any(|&byte| byte > 0)) {
            Some(value) => Err(FileFault::part(&self.name, format!("has {value:?}, but a boolean is 0 or 1"))),
            None => Ok(bytes.chunks_exact(size).map(|value| value[0] == 1).collect()),
        }
    }

    /// Reads the next values of an array of doubles.
    pub(crate) fn reals(&mut self, len: usize) -> Result<Vec<f64>, FileFault> {
        if self.dtype != Dtype::Double {
            return Err(FileFault::kind(&self.name, &self.dtype.name(), "doubles"));
        }
        let real = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("a double has eight bytes"));
        Ok(self.next(len)?.chunks_exact(8).map(real).collect())
    }

    /// Reads the next values of an array of bytes.
    pub(crate) fn bytes(&mut self, len: usize) -> Result<Vec<u8>, FileFault> {
        match self.dtype {
            Dtype::Uint(1) => self.next(len),
            dtype => Err(FileFault::kind(&self.name, &dtype.name(), "uint8")),
        }
    }
}

fn fill(name: &str, source: &mut impl Read, bytes: &mut [u8]) -> Result<(), FileFault> {
    source.read_exact(bytes).map_err(|error| match error.kind() {
        std::io::ErrorKind::UnexpectedEof => FileFault::part(name, "ends before its values do"),
        _ => FileFault::part(name, format!("cannot be decompressed: {error}")),
    })
}

/// Parses the type and shape of a header.
fn parse_head(name: &str, text: &str) -> Result<(Dtype, Vec<u64>), FileFault> {
    let unclear = || FileFault::part(name, format!("has an invalid header: {}", text.trim()));
    let after =
        |key: &str| text.split_once(&format!("'{key}':")).map(|(_, rest)| rest.trim_start()).ok_or_else(unclear);
    let descr = after("descr")?;
    let descr = descr.strip_prefix('\'').and_then(|rest| rest.split_once('\'')).map_or(descr, |(descr, _)| descr);
    if descr.starts_with("|O") || descr.starts_with('O') {
        let what = "is an array of Python objects, which are stored as executable code".to_owned();
        let remedy = "save it as numbers: numpy.savez without allow_pickle";
        return Err(FileFault::Part { part: name.to_owned(), what, remedy });
    }
    let dtype = Dtype::parse(descr);
    let wanted = "booleans, integers or doubles (|b1, |i1 to <i8, |u1 to <u8, <f8)";
    let dtype = dtype.ok_or_else(|| FileFault::kind(name, &format!("values of type {descr:.40}"), wanted))?;
    if !after("fortran_order")?.starts_with("False") {
        let what = "is in Fortran order".to_owned();
        return Err(FileFault::Part { part: name.to_owned(), what, remedy: "save it through numpy.ascontiguousarray" });
    }
    let shape = after("shape")?.strip_prefix('(').and_then(|rest| rest.split_once(')')).ok_or_else(unclear)?.0;
    let sides = shape.split(',').map(str::trim).filter(|side| !side.is_empty());
    let shape: Vec<u64> = sides.map(|side| side.parse().map_err(|_no_number| unclear())).collect::<Result<_, _>>()?;
    let fits = shape.iter().try_fold(dtype.size() as u64, |bytes, &side| bytes.checked_mul(side));
    match fits {
        Some(bytes) if bytes < 1 << 62 => Ok((dtype, shape)),
        _ => Err(FileFault::too_long(name, format!("{shape:?}"), "2^62 bytes")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(bytes: Vec<u8>) -> Result<Array, String> {
        Array::open("a", Box::new(std::io::Cursor::new(bytes))).map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_header_comes_back() {
        for (dtype, shape) in [
            (Dtype::Bool, vec![3, 2, 5, 5]),
            (Dtype::Int(4), vec![7]),
            (Dtype::Double, vec![]),
            (Dtype::Uint(8), vec![0]),
        ] {
            let bytes = head(dtype, &shape);
            assert_eq!(bytes.len() % 64, 0);
            let array = open(bytes).unwrap();
            assert_eq!((array.dtype, array.shape), (dtype, shape));
        }
    }

    #[test]
    fn numbers_keep_their_sign() {
        let mut bytes = head(Dtype::Int(2), &[3]);
        [-1i16, 300, i16::MIN].iter().for_each(|value| bytes.extend(value.to_le_bytes()));
        assert_eq!(open(bytes).unwrap().ints(3).unwrap(), [-1, 300, -32768]);
    }

    #[track_caller]
    fn check_refused(text: &str, want: &str) {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.bytes());
        let message = open(bytes).err().unwrap();
        assert!(message.contains(want), "{message}");
    }

    #[test]
    fn what_is_no_plain_array_is_refused() {
        check_refused("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "stored as executable code");
        check_refused("{'descr': '<c16', 'fortran_order': False, 'shape': (1,), }", "values of type <c16");
        check_refused("{'descr': [('a', '<i4')], 'fortran_order': False, 'shape': (1,), }", "values of type");
        check_refused("{'descr': '<i4', 'fortran_order': True, 'shape': (1,), }", "Fortran");
        check_refused("{'descr': '<i4', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", "2^62");
        check_refused("{'descr': '<i4', 'fortran_order': False, 'shape': (-1,), }", "has an invalid header");
        check_refused("exec('code')", "has an invalid header");
        let message = open(b"\x93NUMPY\x02\x00\xff\xff\xff\xff".to_vec()).err().unwrap();
        assert!(message.contains("4294967295"), "{message}");
    }
}
