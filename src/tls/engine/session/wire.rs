//! The session as a link sees it.

use std::{io, mem, time::Duration};

use socket2::Socket;

use super::{
    Session, State,
    passage::{Arrived, Passage},
};
use crate::{
    error::{Error, Phase, Result, TlsError},
    link::Wire,
    sys::{self, Direction},
    time::Deadline,
};

impl Wire for Session {
    const BUFFERS: bool = true;

    fn is_ready(&self) -> bool {
        !matches!(self.phase, State::New | State::Handshaking(_))
    }

    fn handshake(&mut self, socket: &Socket, until: Deadline) -> Result<()> {
        let deadline = match self.phase {
            State::New => Deadline::after(self.limit),
            State::Handshaking(deadline) => deadline,
            _ => return self.check(),
        };
        self.phase = State::Handshaking(deadline);
        loop {
            self.decrypt(socket);
            self.check()?;
            let has_sent_all = match self.push(socket) {
                Ok(has_sent_all) => has_sent_all,
                // What the peer has said before it went is a better reason than that it went.
                Err(_) if matches!(sys::wait_for(socket, Direction::Read, Some(Duration::ZERO)), Ok(true)) => {
                    self.fill(socket).map_err(Error::from_transfer)?;
                    continue;
                }
                Err(error) => {
                    self.fail(TlsError::Protocol { reason: error.to_string().into() }, socket);
                    continue;
                }
            };
            if has_sent_all && !self.connection.is_handshaking() {
                return self.opened(socket);
            }
            let direction = if has_sent_all { Direction::Read } else { Direction::Write };
            let is_ready = Self::wait(socket, direction, until, deadline)?;
            match self.limit {
                Some(limit) if deadline.has_passed() => {
                    return Err(Error::TimedOut { phase: Phase::Handshake, limit });
                }
                _ if !is_ready => return Err(Error::NotReady),
                _ => {}
            }
            if has_sent_all {
                match self.fill(socket) {
                    Err(error) if sys::is_would_block(&error) || sys::is_interrupted(&error) => {}
                    result => result.map_err(Error::from_transfer)?,
                }
            }
        }
    }

    fn check(&self) -> Result<()> {
        match &self.phase {
            State::Failed(error) => Err(Error::Tls(Box::new(error.clone()))),
            _ => Ok(()),
        }
    }

    fn send(&mut self, socket: &Socket, data: &[u8]) -> io::Result<usize> {
        self.send_all(socket, data, &[])
    }

    fn send_two(&mut self, socket: &Socket, first: &[u8], second: &[u8]) -> io::Result<usize> {
        self.send_all(socket, first, second)
    }

    fn pending(&self) -> usize {
        self.pending
    }

    fn flush(&mut self, socket: &Socket) -> io::Result<()> {
        self.check()?;
        while self.connection.wants_write() {
            if let Err(error) = self.send_some(&mut Passage::whole(socket)) {
                self.count();
                return Err(error);
            }
        }
        self.pending = 0;
        Ok(())
    }

    fn receive(&mut self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        let mut rest = buffer;
        self.receive_with(socket, room, |chunk| {
            if let Some((now, later)) = mem::take(&mut rest).split_at_mut_checked(chunk.len()) {
                now.copy_from_slice(chunk);
                rest = later;
            }
        })
    }

    fn receive_more(&mut self, socket: &Socket, buffer: &mut Vec<u8>, room: usize) -> io::Result<usize> {
        self.receive_with(socket, room, |chunk| buffer.extend_from_slice(chunk))
    }

    fn has_received(&self) -> bool {
        let is_over = !matches!(self.phase, State::New | State::Handshaking(_) | State::Open);
        self.is_readable || is_over || !self.arrived.is_empty()
    }

    fn end(&mut self) {
        if !mem::replace(&mut self.has_ended, true) {
            self.connection.send_close_notify();
            self.count();
        }
    }

    fn close(&mut self, socket: &Socket) {
        if matches!(self.phase, State::Open | State::Ended) {
            self.end();
            let _ = self.push(socket);
        }
        // A socket that closes with something unread resets the connection, and what was sent may be lost with it: so
        // does a client that has only sent, and not read the tickets that the server sends behind the handshake.
        if !matches!(self.phase, State::New)
            && matches!(sys::wait_for(socket, Direction::Read, Some(Duration::ZERO)), Ok(true))
        {
            let _ = Arrived::default().fill(socket);
        }
    }
}
