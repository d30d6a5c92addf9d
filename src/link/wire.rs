//! The way of the bytes between a link and its socket.

use std::{fmt, io};

use socket2::Socket;

use crate::{
    error::Result,
    mode::Attempt,
    sys::{self, Direction},
    time::Deadline,
};

/// How bytes pass between a link and its socket: as they are, or through a session that encrypts them.
///
/// A method that takes the socket makes one attempt: when the system has nothing or no room, that is the answer.
pub(crate) trait Wire: fmt::Debug {
    /// Whether the wire keeps received bytes: then a receive that was not filled does not mean that the system has no
    /// more, and a selector has to be told.
    const BUFFERS: bool;

    /// Tells whether bytes can pass, or a [`handshake`](Self::handshake) has to end first.
    fn is_ready(&self) -> bool;

    /// Makes the wire ready. It may wait for the peer until the deadline, and is `NotReady` then.
    fn handshake(&mut self, socket: &Socket, until: Deadline) -> Result<()>;

    /// Says why nothing will pass any more, if that is so.
    fn check(&self) -> Result<()>;

    fn send(&mut self, socket: &Socket, data: &[u8]) -> io::Result<usize>;

    /// Sends two pieces, one behind the other.
    fn send_two(&mut self, socket: &Socket, first: &[u8], second: &[u8]) -> io::Result<usize>;

    /// Returns how many bytes the wire has taken charge of that the system had no room for.
    fn pending(&self) -> usize;

    /// Sends what is pending; "would block" while some is left.
    fn flush(&mut self, socket: &Socket) -> io::Result<()>;

    /// Receives what there is; 0 bytes are the end.
    fn receive(&mut self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize>;

    /// Receives up to `room` bytes behind those that the buffer holds.
    fn receive_more(&mut self, socket: &Socket, buffer: &mut Vec<u8>, room: usize) -> io::Result<usize>;

    /// Receives as the attempt's mode allows. While it waits for the peer, what is pending moves on: the peer may be
    /// waiting for that.
    #[inline(always)]
    fn receive_within<T>(
        &mut self,
        attempt: &mut Attempt,
        socket: &Socket,
        mut receive: impl FnMut(&mut Self, &Socket) -> io::Result<T>,
    ) -> io::Result<T> {
        loop {
            let error = match receive(self, socket) {
                Err(error) => error,
                received => return received,
            };
            let direction = if self.wants_room() { Direction::Either } else { Direction::Read };
            if !attempt.is_to_be_repeated(&error, socket, direction)? {
                return Err(error);
            }
        }
    }

    /// Tells whether the last receive has found no room for what is pending: the next one is due when there is some.
    fn wants_room(&self) -> bool;

    /// Tells whether a receive has an answer that the system does not know of.
    fn has_received(&self) -> bool;

    /// Puts the end of what is sent behind what is pending. Later sends fail as they do on a socket that is shut.
    fn end(&mut self);

    /// Takes leave of the peer, as far as that takes no waiting; the socket closes next.
    fn close(&mut self, socket: &Socket);
}

/// Bytes pass as they are.
#[derive(Debug)]
pub(crate) struct Plain;

impl Wire for Plain {
    const BUFFERS: bool = false;

    #[inline(always)]
    fn is_ready(&self) -> bool {
        true
    }

    fn handshake(&mut self, _socket: &Socket, _until: Deadline) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn check(&self) -> Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn send(&mut self, socket: &Socket, data: &[u8]) -> io::Result<usize> {
        sys::send(socket, data)
    }

    #[inline(always)]
    fn send_two(&mut self, socket: &Socket, first: &[u8], second: &[u8]) -> io::Result<usize> {
        sys::send_two(socket, first, second)
    }

    #[inline(always)]
    fn pending(&self) -> usize {
        0
    }

    fn flush(&mut self, _socket: &Socket) -> io::Result<()> {
        Ok(())
    }

    #[inline(always)]
    fn receive(&mut self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        sys::receive(socket, buffer)
    }

    #[inline(always)]
    fn receive_more(&mut self, socket: &Socket, buffer: &mut Vec<u8>, room: usize) -> io::Result<usize> {
        sys::receive_more(socket, buffer, room)
    }

    #[inline(always)]
    fn wants_room(&self) -> bool {
        false
    }

    #[inline(always)]
    fn has_received(&self) -> bool {
        false
    }

    fn end(&mut self) {}

    #[inline(always)]
    fn close(&mut self, _socket: &Socket) {}
}
