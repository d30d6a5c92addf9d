//! What comes from the peer: read, decrypted, given to the program.

use std::{
    io::{self, BufRead},
    time::Duration,
};

use socket2::Socket;

use super::{Session, State};
use crate::{
    error::{Error, TlsError},
    link::Wire,
    mode::wait_until,
    sys::{self, Direction},
    time::Deadline,
    tls::engine::failure::failure,
};

impl Session {
    /// Decrypts what has arrived, until there is plaintext to read or nothing left.
    pub(super) fn decrypt(&mut self, socket: &Socket) {
        while !self.is_readable && !self.arrived.is_empty() {
            let mut unread = self.arrived.unread();
            let result = match self.connection.read_tls(&mut unread) {
                Ok(count) => {
                    self.arrived.consume(count);
                    self.connection.process_new_packets().map_err(|error| failure(&error, &self.peer.name))
                }
                Err(error) => Err(TlsError::Protocol { reason: error.to_string().into() }),
            };
            self.look();
            match result {
                Ok(state) if state.peer_has_closed() => {
                    // What comes behind the end is nobody's (RFC 8446 section 6.1).
                    self.arrived.clear();
                    self.phase = State::Ended;
                }
                Ok(_) => {}
                Err(error) => self.fail(error, socket),
            }
        }
        if self.connection.wants_write() && matches!(self.phase, State::Open) {
            // An answer to the peer; if it does not go now, it goes with what is sent next.
            let _ = self.push(socket);
        }
    }

    fn look(&mut self) {
        self.is_readable = matches!(self.connection.reader().fill_buf(), Ok(chunk) if !chunk.is_empty());
    }

    /// Reads plaintext, up to `room` bytes.
    fn read(&mut self, socket: &Socket, room: usize, put: &mut impl FnMut(&[u8])) -> usize {
        let mut count = 0;
        loop {
            // Also when there is no room: whether there is more to read is for selectors to know.
            self.decrypt(socket);
            if !self.is_readable || count == room {
                break;
            }
            let mut reader = self.connection.reader();
            let chunk = reader.fill_buf().unwrap_or_default();
            let now = chunk.len().min(room - count);
            put(chunk.get(..now).unwrap_or_default());
            reader.consume(now);
            count += now;
            self.look();
        }
        self.total += count as u64;
        count
    }

    pub(super) fn receive_with(
        &mut self,
        socket: &Socket,
        room: usize,
        mut put: impl FnMut(&[u8]),
    ) -> io::Result<usize> {
        for reads in 0.. {
            let count = self.read(socket, room, &mut put);
            if count > 0 {
                return Ok(count);
            }
            match &self.phase {
                State::Ended => return Ok(0),
                State::Cut => {
                    self.phase = State::CutAndTold;
                    return Err(Error::CutShort { received: self.total, expected: 0 }.into());
                }
                // The same status as an orderly end, and still an error for `std::io::Read`.
                State::CutAndTold => return Err(io::ErrorKind::ConnectionAborted.into()),
                State::Failed(error) => return Err(Error::Tls(Box::new(error.clone())).into()),
                // All that has been read is decrypted: who waits for more waits for the system.
                State::New | State::Handshaking(_) | State::Open if reads == READS_WITHOUT_PLAINTEXT => break,
                State::New | State::Handshaking(_) | State::Open => self.fill(socket)?,
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Takes what the system has.
    pub(super) fn fill(&mut self, socket: &Socket) -> io::Result<()> {
        // What is wrong with what is pending is for a send to say.
        self.wants_room = self.pending > 0 && matches!(self.push(socket), Ok(false));
        if self.wants_room && !wait_until(socket, Direction::Read, Deadline::after(Some(Duration::ZERO)))? {
            // A socket that blocks would wait for the peer alone, and the peer may wait for what is pending.
            return Err(io::ErrorKind::WouldBlock.into());
        }
        match self.arrived.fill(socket) {
            Ok(count) if count > 0 => return Ok(()),
            Ok(_) => {}
            Err(error) if sys::is_would_block(&error) || sys::is_interrupted(&error) => return Err(error),
            Err(error) => match Error::from_transfer(error) {
                // A reset is no more an orderly end than silence is.
                Error::Disconnected => {}
                other => return Err(other.into()),
            },
        }
        if self.is_ready() {
            self.phase = State::Cut;
        } else {
            self.fail(TlsError::Protocol { reason: CLOSED_EARLY.into() }, socket);
        }
        Ok(())
    }
}

/// How many reads one receive makes of a peer that sends records without anything in them.
const READS_WITHOUT_PLAINTEXT: usize = 16;
const CLOSED_EARLY: &str = "the peer closed the connection during the handshake";
