//! The bytes of a request that go next.

use std::{
    io::{self, Read},
    mem,
    ops::Range,
};

use super::super::chunked::{LAST_CHUNK, encode_chunk_head};

/// A head, or a piece of a body that had to be read, as far as it has not gone. The room of one piece serves the next.
#[derive(Debug)]
pub(super) struct Front {
    bytes: Vec<u8>,
    waiting: Range<usize>,
    /// How much of it is body, to be counted when it has gone.
    body: u64,
}

/// How a piece of a body is framed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pieces {
    Plain,
    /// As chunks (RFC 9112 section 7.1).
    Chunks,
}

impl Front {
    pub(super) fn head(bytes: Vec<u8>) -> Self {
        let waiting = 0..bytes.len();
        Self { bytes, waiting, body: 0 }
    }

    /// Puts a short body behind the head.
    pub(super) fn join(&mut self, body: &[u8]) {
        self.bytes.extend_from_slice(body);
        self.waiting.end = self.bytes.len();
        self.body = body.len() as u64;
    }

    pub(super) fn waiting(&self) -> &[u8] {
        self.bytes.get(self.waiting.clone()).unwrap_or_default()
    }

    /// Takes note that so many bytes have gone; returns how many bytes of the body are out with them.
    pub(super) fn skip(&mut self, sent: usize) -> u64 {
        self.waiting.start += sent;
        if self.waiting.is_empty() { mem::take(&mut self.body) } else { 0 }
    }

    /// Reads the next piece, `most` bytes at most; 0 is the reader's end. Nothing may be waiting.
    pub(super) fn read(&mut self, reader: &mut (impl Read + ?Sized), most: u64, pieces: Pieces) -> io::Result<usize> {
        self.waiting = 0..0;
        if self.bytes.len() < ROOM {
            self.bytes.resize(ROOM, 0);
        }
        let most = usize::try_from(most).unwrap_or(usize::MAX).min(READ_SIZE);
        let count = read_some(reader, self.bytes.get_mut(BEFORE..BEFORE + most).unwrap_or_default())?;
        self.waiting = BEFORE..BEFORE + count;
        self.body = count as u64;
        if pieces == Pieces::Chunks {
            self.frame();
        }
        Ok(count)
    }

    /// Makes a chunk of what was read; nothing becomes the last chunk.
    fn frame(&mut self) {
        if self.waiting.is_empty() {
            self.put(BEFORE, LAST_CHUNK);
            self.waiting.end += LAST_CHUNK.len();
            return;
        }
        let head = encode_chunk_head(self.waiting.len());
        self.waiting.start -= head.len();
        self.put(self.waiting.start, &head);
        self.put(self.waiting.end, b"\r\n");
        self.waiting.end += 2;
    }

    fn put(&mut self, at: usize, text: &[u8]) {
        if let Some(place) = self.bytes.get_mut(at..at + text.len()) {
            place.copy_from_slice(text);
        }
    }
}

fn read_some(reader: &mut (impl Read + ?Sized), room: &mut [u8]) -> io::Result<usize> {
    loop {
        match reader.read(room) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// How much is read at once: large copies cost half of what small ones do.
const READ_SIZE: usize = 128 * 1024;
/// Room for the longest line in front of a chunk.
const BEFORE: usize = 18;
/// Room for a piece, that line, and the line end behind the piece or the last chunk.
const ROOM: usize = BEFORE + READ_SIZE + LAST_CHUNK.len();

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(mut data: &[u8], pieces: Pieces) -> Vec<u8> {
        let mut front = Front::head(Vec::new());
        let mut wire = Vec::new();
        loop {
            let count = front.read(&mut data, u64::MAX, pieces).unwrap();
            wire.extend_from_slice(front.waiting());
            let length = front.waiting().len();
            assert_eq!(front.skip(length), count as u64);
            if count == 0 {
                return wire;
            }
        }
    }

    #[test]
    fn a_body_goes_as_it_is_or_in_chunks() {
        let data: Vec<u8> = (0..=250).cycle().take(READ_SIZE + 5).collect();
        assert_eq!(pieces(&data, Pieces::Plain), data);
        let (first, rest) = data.split_at(READ_SIZE);
        let chunks = [b"20000\r\n", first, b"\r\n5\r\n", rest, b"\r\n0\r\n\r\n"].concat();
        assert_eq!(pieces(&data, Pieces::Chunks), chunks);
        assert_eq!(pieces(b"", Pieces::Chunks), LAST_CHUNK);
        assert_eq!(pieces(b"", Pieces::Plain), b"");
    }

    #[test]
    fn no_more_is_read_than_is_asked_for() {
        let mut front = Front::head(b"head".to_vec());
        assert_eq!(front.skip(3), 0);
        assert_eq!(front.waiting(), b"d");
        assert_eq!(front.skip(1), 0);
        assert_eq!(front.read(&mut &b"abcdef"[..], 4, Pieces::Plain).unwrap(), 4);
        assert_eq!(front.waiting(), b"abcd");
        assert_eq!(front.skip(1), 0);
        assert_eq!(front.waiting(), b"bcd");
        assert_eq!(front.skip(3), 4);
        assert!(front.waiting().is_empty());
    }
}
