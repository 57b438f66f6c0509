//! Integers of any width packed into bytes, lowest bit first.

/// Returns the number of bits of integers up to `most`; 0 for 0.
pub(crate) fn width_of(most: u64) -> u32 {
    u64::BITS - most.leading_zeros()
}

/// Packs bits into bytes.
#[derive(Debug, Default)]
pub(crate) struct BitWriter {
    bytes: Vec<u8>,
    /// Bits that do not yet fill a byte.
    pending: u64,
    n_pending: u32,
}

impl BitWriter {
    /// Writes the lowest `width` bits of a number, at most 32.
    pub(crate) fn push(&mut self, width: u32, number: u64) {
        debug_assert!(width <= 32 && (number >> width) == 0, "{number} in {width} bits");
        self.pending |= number << self.n_pending;
        self.n_pending += width;
        while self.n_pending >= 8 {
            self.bytes.push(self.pending as u8);
            self.pending >>= 8;
            self.n_pending -= 8;
        }
    }

    /// Returns all bytes, the last padded with zeros.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.n_pending > 0 {
            self.bytes.push(self.pending as u8);
        }
        self.bytes
    }
}

/// Reads bits from bytes.
#[derive(Debug)]
pub(crate) struct BitReader<'a> {
    bytes: &'a [u8],
    pending: u64,
    n_pending: u32,
}

impl<'a> BitReader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, pending: 0, n_pending: 0 }
    }

    /// Reads the next number of `width` bits, at most 32; `None` at the end.
    pub(crate) fn pull(&mut self, width: u32) -> Option<u64> {
        while self.n_pending < width {
            let (&byte, rest) = self.bytes.split_first()?;
            self.bytes = rest;
            self.pending |= u64::from(byte) << self.n_pending;
            self.n_pending += 8;
        }
        let number = self.pending & ((1 << width) - 1);
        self.pending >>= width;
        self.n_pending -= width;
        Some(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_is_pulled() {
        let numbers = [(1, 1), (0, 0), (32, 0xdead_beef), (7, 100), (3, 5), (32, 1), (1, 0)];
        let mut bits = BitWriter::default();
        numbers.iter().for_each(|&(width, number)| bits.push(width, number));
        let bytes = bits.finish();
        assert_eq!(bytes.len(), 76usize.div_ceil(8));
        let mut bits = BitReader::new(&bytes);
        assert!(numbers.iter().all(|&(width, number)| bits.pull(width) == Some(number)));
        assert_eq!((bits.pull(4), bits.pull(32)), (Some(0), None));
        assert_eq!([0, 1, 2, 49, 64].map(width_of), [0, 1, 2, 6, 7]);
    }
}
