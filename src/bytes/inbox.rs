//! Received bytes, cut into length-prefixed frames.

use super::{Cursor, PREFIX_LENGTH};

/// Received bytes that nobody has taken yet: whole frames, and at the end perhaps the beginning of one.
///
/// Memory follows what has arrived, never what a peer announces. A frame that is larger than a read is collected in a
/// buffer of its own, so that it can be handed over without another copy.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    large: Option<LargeFrame>,
}

#[derive(Debug)]
struct LargeFrame {
    body: Vec<u8>,
    length: usize,
}

/// What an inbox can give next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// A whole frame is there, with a body of this length.
    Frame(usize),
    /// More bytes are needed; so many are known to be missing.
    More(usize),
    /// The next frame announces so many bytes, more than allowed.
    TooLong(usize),
}

impl Inbox {
    /// Tells whether no byte is waiting.
    pub(crate) fn is_empty(&self) -> bool {
        self.large.is_none() && self.unread().is_empty()
    }

    /// Looks at what is there; no body may be longer than `limit`.
    pub(crate) fn next(&self, limit: usize) -> Next {
        if let Some(LargeFrame { body, length }) = &self.large {
            return match length.saturating_sub(body.len()) {
                0 => Next::Frame(*length),
                missing => Next::More(missing),
            };
        }
        let mut unread = Cursor::new(self.unread());
        let Some(length) = unread.u32() else { return Next::More(PREFIX_LENGTH - unread.remaining()) };
        let length = length as usize;
        if length > limit {
            Next::TooLong(length)
        } else if length > unread.remaining() {
            Next::More(length - unread.remaining())
        } else {
            Next::Frame(length)
        }
    }

    /// Takes the frame that [`next`](Self::next) found and puts its body into `body`.
    pub(crate) fn take_frame(&mut self, length: usize, body: &mut Vec<u8>) {
        if let Some(frame) = self.large.take() {
            *body = frame.body;
            return;
        }
        let mut unread = Cursor::new(self.unread());
        body.clear();
        if let Some(bytes) = unread.take(PREFIX_LENGTH).and_then(|_| unread.take(length)) {
            body.extend_from_slice(bytes);
        }
        self.consume(PREFIX_LENGTH + length);
    }

    /// Takes bytes for somebody who wants no frames.
    pub(crate) fn take_bytes(&mut self, buffer: &mut [u8]) -> usize {
        if let Some(frame) = self.large.take() {
            // Back to what the peer sent: the prefix and what has arrived of the body.
            self.bytes = u32::try_from(frame.length).unwrap_or(u32::MAX).to_be_bytes().to_vec();
            self.bytes.extend_from_slice(&frame.body);
            self.start = 0;
        }
        let count = buffer.len().min(self.unread().len());
        if let (Some(to), Some(from)) = (buffer.get_mut(..count), self.unread().get(..count)) {
            to.copy_from_slice(from);
        }
        self.consume(count);
        count
    }

    /// The buffer that the next bytes go to, and how many it should take at most, when `missing` are known to be
    /// needed.
    pub(crate) fn room(&mut self, missing: usize) -> (&mut Vec<u8>, usize) {
        if self.large.is_none() && missing >= READ_SIZE {
            self.begin_large_frame();
        }
        if let Some(LargeFrame { body, length }) = &mut self.large {
            // Doubles with what has arrived, whatever was announced.
            let room = length.saturating_sub(body.len()).min(body.len().max(READ_SIZE));
            return (body, room);
        }
        if self.start > 0 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        let room = missing.max(READ_SIZE.saturating_sub(self.bytes.len()));
        (&mut self.bytes, room)
    }

    /// Gives back the memory that a read has not filled.
    pub(crate) fn settle(&mut self) {
        if self.unread().is_empty() {
            self.bytes = Vec::new();
            self.start = 0;
        } else if self.bytes.len() < self.bytes.capacity() / 4 {
            self.bytes.shrink_to_fit();
        }
    }

    /// What is known of an unfinished frame: bytes that have arrived and bytes that it has, with the prefix.
    pub(crate) fn unfinished(&self) -> Option<(usize, usize)> {
        if let Some(LargeFrame { body, length }) = &self.large {
            return Some((PREFIX_LENGTH + body.len(), PREFIX_LENGTH + length));
        }
        let received = self.unread().len();
        let expected = Cursor::new(self.unread()).u32().map_or(PREFIX_LENGTH, |length| PREFIX_LENGTH + length as usize);
        (received > 0).then_some((received, expected))
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    fn begin_large_frame(&mut self) {
        let mut unread = Cursor::new(self.unread());
        let Some(length) = unread.u32() else { return };
        let body = unread.rest().to_vec();
        self.large = Some(LargeFrame { body, length: length as usize });
        self.bytes = Vec::new();
        self.start = 0;
    }

    fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    fn consume(&mut self, count: usize) {
        self.start = self.bytes.len().min(self.start + count);
        if self.start == self.bytes.len() {
            self.settle();
        }
    }
}

/// How much one read asks for. A game's packets come hundreds to a read; larger reads gain nothing measurable.
const READ_SIZE: usize = 64 * 1024;
