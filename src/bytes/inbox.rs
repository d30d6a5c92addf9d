//! Received bytes, cut into length-prefixed frames.

use std::fmt;

use super::{Cursor, PREFIX_LENGTH};

/// Received bytes that nobody has taken yet: whole frames, and at the end perhaps the beginning of one.
///
/// Memory follows what has arrived, never what a peer announces. A frame that is larger than a read is collected in a
/// buffer of its own, so that it can be handed over without another copy. `Debug` shows lengths and never the bytes.
#[derive(Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    start: usize,
    large: Option<LargeFrame>,
}

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

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let large = self.large.as_ref().map(|frame| (frame.body.len(), frame.length));
        f.debug_struct("Inbox").field("len", &self.unread().len()).field("large", &large).finish()
    }
}

/// How much one read asks for. A game's packets come hundreds to a read; larger reads gain nothing measurable.
const READ_SIZE: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LIMIT: usize = 1 << 20;

    /// Feeds bytes in pieces of this size, as reads would bring them, and takes every frame that is whole.
    fn feed(inbox: &mut Inbox, mut bytes: &[u8], piece: usize, frames: &mut Vec<Vec<u8>>) {
        loop {
            match inbox.next(LIMIT) {
                Next::Frame(length) => {
                    let mut body = vec![0xee; 3];
                    inbox.take_frame(length, &mut body);
                    frames.push(body);
                }
                Next::More(missing) => {
                    assert!(missing > 0);
                    if bytes.is_empty() {
                        return;
                    }
                    let (buffer, room) = inbox.room(missing);
                    let (now, later) = bytes.split_at(piece.min(room).min(bytes.len()));
                    buffer.extend_from_slice(now);
                    bytes = later;
                    inbox.settle();
                }
                Next::TooLong(length) => panic!("{length}"),
            }
        }
    }

    fn frame(body: &[u8]) -> Vec<u8> {
        let mut frame = u32::try_from(body.len()).unwrap().to_be_bytes().to_vec();
        frame.extend_from_slice(body);
        frame
    }

    #[test]
    fn frames_come_out_whole_however_they_are_cut() {
        let bodies = [vec![], vec![1], vec![2; 300], vec![3; READ_SIZE], vec![4; 3 * READ_SIZE + 1], vec![5; 7]];
        let bytes: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
        for piece in [1, 2, 3, 5, 1000, READ_SIZE - 1, READ_SIZE, usize::MAX] {
            let mut frames = Vec::new();
            let mut inbox = Inbox::default();
            feed(&mut inbox, &bytes, piece, &mut frames);
            assert!(frames == bodies, "pieces of {piece}");
            assert!(inbox.is_empty());
            assert_eq!(inbox.unfinished(), None);
        }
    }

    #[test]
    fn memory_follows_what_has_arrived_and_not_what_is_announced() {
        let mut inbox = Inbox::default();
        feed(&mut inbox, &u32::try_from(LIMIT).unwrap().to_be_bytes(), 4, &mut Vec::new());
        let Next::More(missing) = inbox.next(LIMIT) else { panic!("{:?}", inbox.next(LIMIT)) };
        assert_eq!(missing, LIMIT);
        let mut arrived = 0;
        while arrived < LIMIT / 2 {
            let (buffer, room) = inbox.room(missing - arrived);
            assert!(room <= arrived.max(READ_SIZE), "{room} after {arrived}");
            buffer.extend_from_slice(&[0; 1000]);
            arrived += 1000;
            inbox.settle();
            let capacity = inbox.large.as_ref().map_or(inbox.bytes.capacity(), |frame| frame.body.capacity());
            assert!(capacity <= 2 * arrived + 2 * READ_SIZE, "{capacity} after {arrived}");
        }
    }

    #[test]
    fn little_memory_is_kept_for_little() {
        let mut inbox = Inbox::default();
        let (buffer, room) = inbox.room(4);
        buffer.reserve(room);
        buffer.extend_from_slice(&[0, 0, 1]);
        inbox.settle();
        assert!(inbox.bytes.capacity() < 100, "{}", inbox.bytes.capacity());
        let (buffer, room) = inbox.room(1);
        buffer.reserve(room);
        buffer.push(0);
        buffer.extend_from_slice(&[7; 256]);
        inbox.settle();
        inbox.take_frame(256, &mut Vec::new());
        assert_eq!(inbox.bytes.capacity(), 0, "nothing is left");
    }

    #[test]
    fn the_cap_is_allowed_and_one_more_is_not() {
        for (length, expected) in
            [(10, Next::More(10)), (11, Next::TooLong(11)), (u32::MAX, Next::TooLong(0xffff_ffff))]
        {
            let mut inbox = Inbox::default();
            inbox.room(4).0.extend_from_slice(&length.to_be_bytes());
            assert_eq!(inbox.next(10), expected);
        }
    }

    #[test]
    fn an_unfinished_frame_tells_what_is_known_of_it() {
        let bytes = frame(&[9; 100_000]);
        for (arrived, known) in
            [(0, None), (1, Some((1, 4))), (4, Some((4, 100_004))), (99_000, Some((99_000, 100_004)))]
        {
            let mut inbox = Inbox::default();
            feed(&mut inbox, &bytes[..arrived], usize::MAX, &mut Vec::new());
            assert_eq!(inbox.unfinished(), known);
        }
    }

    #[test]
    fn debug_shows_no_content() {
        for (length, expected) in
            [(6, "Inbox { len: 7, large: None }"), (70_000, "Inbox { len: 0, large: Some((3, 70000)) }")]
        {
            let mut inbox = Inbox::default();
            feed(&mut inbox, &frame(&vec![b's'; length])[..7], usize::MAX, &mut Vec::new());
            inbox.room(length - 3);
            assert_eq!(format!("{inbox:?}"), expected);
        }
    }

    #[test]
    fn raw_bytes_are_what_the_peer_sent() {
        let bytes = [frame(b"one"), frame(&[9; 200_000])].concat();
        let mut inbox = Inbox::default();
        feed(&mut inbox, &bytes[..150_000], 50_000, &mut Vec::new());
        let mut raw = vec![0; 200_000];
        let count = inbox.take_bytes(&mut raw);
        assert_eq!(count, 150_000 - 7);
        assert!(raw[..count] == bytes[7..150_000]);
        assert!(inbox.is_empty());
    }

    proptest! {
        #[test]
        fn any_frames_in_any_pieces_come_out_as_they_went_in(
            bodies: Vec<Vec<u8>>,
            piece in 1_usize..200,
        ) {
            let bytes: Vec<u8> = bodies.iter().flat_map(|body| frame(body)).collect();
            let mut frames = Vec::new();
            feed(&mut Inbox::default(), &bytes, piece, &mut frames);
            prop_assert_eq!(frames, bodies);
        }
    }
}
