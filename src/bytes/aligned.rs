//! A buffer that begins where a line of the cache does.

use std::ops::{Deref, DerefMut};

/// Zeroed bytes for the system to write to, which begin at a multiple of 64.
///
/// The allocator gives a large buffer 16 bytes behind the begin of a page, and received bytes mostly lie at the begin of
/// one: to copy them that little further took more than twice the time where it was measured (`rep movsb` of an AMD EPYC).
#[derive(Debug, Default)]
pub(crate) struct Aligned {
    memory: Vec<u8>,
    start: usize,
}

impl Aligned {
    /// Makes it at least as long as this; what it holds stays.
    pub(crate) fn grow(&mut self, length: usize) {
        if self.len() < length {
            self.become_as_long(length);
        }
    }

    /// Makes it at most as long as this, and gives the memory of the rest back.
    #[cfg(feature = "http")]
    pub(crate) fn shrink(&mut self, length: usize) {
        if self.len() > length {
            self.become_as_long(length);
        }
    }

    fn become_as_long(&mut self, length: usize) {
        let mut memory = vec![0; length + ALIGNMENT];
        // The largest number would say "impossible"; nothing would break by it.
        let start = memory.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
        memory.truncate(start + length);
        let mut grown = Self { memory, start };
        let kept = self.len().min(length);
        if let (Some(to), Some(from)) = (grown.get_mut(..kept), self.get(..kept)) {
            to.copy_from_slice(from);
        }
        *self = grown;
    }
}

impl Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.get(self.start..).unwrap_or_default()
    }
}

impl DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        self.memory.get_mut(self.start..).unwrap_or_default()
    }
}

/// A line of the cache, and twice what was measured to be enough.
const ALIGNMENT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_at_a_line_of_the_cache_whatever_its_length() {
        let mut buffer = Aligned::default();
        assert!(buffer.is_empty());
        for length in [1, 63, 4096, 65_536, 262_144, 524_288] {
            buffer.grow(length);
            assert_eq!((buffer.len(), buffer.as_ptr().addr() % 64), (length, 0));
        }
    }

    #[test]
    fn what_it_holds_stays() {
        let mut buffer = Aligned::default();
        buffer.grow(5);
        buffer.copy_from_slice(b"trout");
        buffer.grow(3);
        assert_eq!(&*buffer, b"trout");
        buffer.grow(300_000);
        assert!(buffer.starts_with(b"trout\0") && buffer.iter().skip(5).all(|byte| *byte == 0));
    }

    #[cfg(feature = "http")]
    #[test]
    fn what_is_left_of_it_is_aligned_too() {
        let mut buffer = Aligned::default();
        buffer.grow(300_000);
        buffer.fill(7);
        buffer.shrink(400_000);
        assert_eq!(buffer.len(), 300_000);
        buffer.shrink(100);
        assert_eq!((&*buffer, buffer.as_ptr().addr() % 64), ([7; 100].as_slice(), 0));
    }
}
