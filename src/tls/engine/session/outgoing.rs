//! What goes to the peer: encrypted, sent, kept while the system has no room.

use std::{
    io::{self, IoSlice, Write},
    time::Duration,
};

use socket2::Socket;

use super::{Passage, Session, State};
use crate::{
    error::TlsError,
    link::Wire,
    mode::wait_until,
    sys::{self, Direction},
    time::Deadline,
};

impl Session {
    /// Sends what is pending as far as the system has room, even if the socket would wait for room; tells whether all
    /// has gone.
    pub(super) fn push(&mut self, socket: &Socket) -> io::Result<bool> {
        let result = self.try_push(socket);
        self.count();
        result
    }

    fn try_push(&mut self, socket: &Socket) -> io::Result<bool> {
        while !self.before.is_empty() || self.connection.wants_write() {
            if !wait_until(socket, Direction::Write, Deadline::after(Some(Duration::ZERO)))? {
                return Ok(false);
            }
            match self.send_some(&mut Passage::piecewise(socket)) {
                Ok(()) => {}
                Err(error) if sys::is_would_block(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    pub(super) fn send_some(&mut self, passage: &mut Passage<'_>) -> io::Result<()> {
        let result = if self.before.is_empty() {
            self.connection.write_tls(passage).map(|_| ())
        } else {
            passage.write(self.before.front()).map(|sent| self.before.consume(sent))
        };
        match result {
            Err(error) if sys::is_interrupted(&error) => Ok(()),
            result => result,
        }
    }

    /// Finds out how much is pending.
    pub(super) fn count(&mut self) {
        let encrypted = if self.connection.wants_write() {
            // Nothing has arrived since it was called last, so that it only counts.
            self.connection.process_new_packets().map_or(0, |state| state.tls_bytes_to_write())
        } else {
            0
        };
        self.pending = self.before.len() + encrypted;
    }

    /// Encrypts and sends two pieces, until the system has no room: what is encrypted by then is taken.
    pub(super) fn send_all(&mut self, socket: &Socket, first: &[u8], second: &[u8]) -> io::Result<usize> {
        self.check()?;
        if self.has_ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.flush(socket)?;
        let (mut first, mut second, mut taken) = (first, second, 0);
        while !(first.is_empty() && second.is_empty()) {
            if !self.budget.spend(first.len() + second.len()) {
                // Without a word: rustls would call it an orderly end.
                self.phase = State::Failed(TlsError::Protocol { reason: USED_UP.into() });
                break;
            }
            let count = if second.is_empty() {
                self.connection.writer().write(first)?
            } else {
                self.connection.writer().write_vectored(&[IoSlice::new(first), IoSlice::new(second)])?
            };
            second = second.get(count.saturating_sub(first.len())..).unwrap_or_default();
            first = first.get(count..).unwrap_or_default();
            let gone = taken;
            taken += count;
            match self.flush(socket) {
                Ok(()) if count > 0 => {}
                Ok(()) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if sys::is_would_block(&error) => break,
                // The next call meets the same error, and has nothing to tell but that.
                Err(_) if gone > 0 => return Ok(gone),
                Err(error) => return Err(error),
            }
        }
        if taken == 0 {
            self.check()?;
        }
        Ok(taken)
    }
}

/// After 2^24 records with AES-GCM (RFC 8446 section 5.5): days of a game's messages.
const USED_UP: &str = "the keys of the session are used up";
