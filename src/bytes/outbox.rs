//! Bytes that a socket has taken charge of and the kernel not yet.

use std::fmt;

/// A queue of bytes that are sent from the front. `Debug` shows their number and never the bytes.
#[derive(Default)]
pub(crate) struct Outbox {
    bytes: Vec<u8>,
    start: usize,
}

impl Outbox {
    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.start
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What has to be sent next.
    pub(crate) fn front(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        // Moving what is left to the front costs less than it frees.
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes bytes that were sent from the front.
    pub(crate) fn consume(&mut self, count: usize) {
        self.start = self.bytes.len().min(self.start + count);
        if self.is_empty() {
            self.clear();
        }
    }

    pub(crate) fn clear(&mut self) {
        self.start = 0;
        if self.bytes.capacity() > KEPT_CAPACITY {
            self.bytes = Vec::new();
        } else {
            self.bytes.clear();
        }
    }
}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox").field("len", &self.len()).finish()
    }
}

/// The memory that an empty outbox keeps: enough for the packets of one frame of a game, little enough for thousands
/// of sockets.
const KEPT_CAPACITY: usize = 16 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_leave_in_the_order_they_came() {
        let mut outbox = Outbox::default();
        outbox.push(b"hello ");
        outbox.push(b"world");
        outbox.consume(8);
        assert_eq!(outbox.front(), b"rld");
        outbox.push(b"!");
        assert_eq!(outbox.front(), b"rld!");
        assert_eq!(outbox.len(), 4);
        outbox.consume(4);
        assert!(outbox.is_empty());
        assert_eq!(outbox.front(), b"");
    }

    #[test]
    fn debug_shows_no_content() {
        let mut outbox = Outbox::default();
        outbox.push(b"secret");
        outbox.consume(2);
        assert_eq!(format!("{outbox:?}"), "Outbox { len: 4 }");
    }

    #[test]
    fn an_empty_outbox_keeps_little_memory() {
        let mut outbox = Outbox::default();
        outbox.push(&vec![0; 1024 * 1024]);
        outbox.consume(1024 * 1024);
        assert!(outbox.bytes.capacity() <= KEPT_CAPACITY);
    }

    #[test]
    fn sent_bytes_do_not_pile_up_in_front() {
        let mut outbox = Outbox::default();
        outbox.push(&[1; 100]);
        for _ in 0..10_000 {
            outbox.push(&[2; 50]);
            outbox.consume(50);
        }
        assert_eq!(outbox.len(), 100);
        assert!(outbox.bytes.len() < 400, "{} bytes", outbox.bytes.len());
    }
}
