//! The only way bytes of a peer are looked at.

/// A position in bytes; every read answers `None`, and moves nothing, when there are not enough.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.rest.len()
    }

    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    pub(crate) fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.rest.split_first_chunk::<N>()?;
        self.rest = rest;
        Some(*taken)
    }

    pub(crate) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_that_does_not_fit_moves_nothing() {
        let mut cursor = Cursor::new(&[0, 0, 1]);
        assert_eq!(cursor.u32(), None);
        assert_eq!(cursor.take(4), None);
        assert_eq!(cursor.remaining(), 3);
        assert_eq!(cursor.take(3), Some(&[0, 0, 1][..]));
        assert_eq!(cursor.take(0), Some(&[][..]));
        assert_eq!(cursor.array::<1>(), None);
    }
}
