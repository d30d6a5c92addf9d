//! Encrypted bytes on their way between a session and the system.

use std::{
    fmt,
    io::{self, IoSlice, Write},
};

use socket2::Socket;

use crate::sys;

/// Where a session writes to: the socket.
pub(super) struct Passage<'a> {
    socket: &'a Socket,
    /// How much may go at once.
    most: usize,
}

impl<'a> Passage<'a> {
    pub(super) fn whole(socket: &'a Socket) -> Self {
        Self { socket, most: usize::MAX }
    }

    /// Sends so little at once that a socket with room takes it without waiting, even one that blocks.
    pub(super) fn piecewise(socket: &'a Socket) -> Self {
        Self { socket, most: PIECE }
    }
}

impl Write for Passage<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        sys::send(self.socket, data.get(..self.most).unwrap_or(data))
    }

    fn write_vectored(&mut self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let total: usize = pieces.iter().map(|piece| piece.len()).sum();
        match pieces {
            [piece, ..] if total > self.most || pieces.len() == 1 => self.write(piece),
            _ => sys::send_pieces(self.socket, pieces),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Bytes that have come from the system and not been decrypted.
///
/// They are read in large pieces, since rustls by itself asks for 4 KiB at a time, and cost no memory when there are
/// none. `Debug` shows their number.
#[derive(Default)]
pub(super) struct Arrived {
    bytes: Vec<u8>,
    start: usize,
}

impl Arrived {
    pub(super) fn is_empty(&self) -> bool {
        self.unread().is_empty()
    }

    pub(super) fn unread(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(super) fn consume(&mut self, count: usize) {
        self.start += count;
        if self.is_empty() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Takes what the system has, up to a piece; 0 bytes are the end.
    pub(super) fn fill(&mut self, socket: &Socket) -> io::Result<usize> {
        let result = sys::receive_more(socket, &mut self.bytes, READ_SIZE);
        if self.is_empty() {
            self.clear();
        }
        result
    }
}

impl fmt::Debug for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Arrived").field("len", &self.unread().len()).finish()
    }
}

impl From<Vec<u8>> for Arrived {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes, start: 0 }
    }
}

/// Linux calls a socket writable when a third of its buffer is free, and the smallest buffer is larger than three of
/// these.
const PIECE: usize = 4096;
/// How much is read at once.
const READ_SIZE: usize = 64 * 1024;
