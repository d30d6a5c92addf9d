//! What framed messages need of a link: they cut the bytes themselves.

use std::io;

use socket2::Socket;

use super::{Link, State, Wire};
use crate::{
    error::{Error, Result},
    mode::Attempt,
    sys,
};

impl<W: Wire> Link<W> {
    /// Receives up to `room` bytes behind those that the buffer holds, as part of a longer operation; 0 bytes are the
    /// end.
    #[inline]
    pub(crate) fn receive_behind(&mut self, attempt: &mut Attempt, buffer: &mut Vec<u8>, room: usize) -> Result<usize> {
        self.receive_by(attempt, |wire, socket| wire.receive_more(socket, buffer, room))
    }

    /// Receives into a buffer as part of a longer operation; 0 bytes are the end.
    #[inline]
    pub(crate) fn receive_part(&mut self, attempt: &mut Attempt, buffer: &mut [u8]) -> Result<usize> {
        self.receive_by(attempt, |wire, socket| wire.receive(socket, buffer))
    }

    #[inline]
    fn receive_by(
        &mut self,
        attempt: &mut Attempt,
        receive: impl FnMut(&mut W, &Socket) -> io::Result<usize>,
    ) -> Result<usize> {
        self.establish(attempt)?;
        let Self { state: State::Open(handle), wire, .. } = self else { return Err(Error::Disconnected) };
        wire.receive_within(attempt, handle.socket(), receive).map_err(Error::from_transfer)
    }

    /// Tells whether bytes can pass: it is connected, and a handshake has ended.
    pub(crate) fn is_established(&self) -> bool {
        self.is_open() && self.wire.is_ready()
    }

    /// Takes charge of bytes without a system call, also while the link is connecting.
    pub(crate) fn queue_whole(&mut self, first: &[u8], second: &[u8]) -> Result<()> {
        if matches!(self.state, State::Closed) {
            return Err(Error::Disconnected);
        }
        self.enqueue(first, second)
    }

    /// Sends what is in the outbox, as part of a longer operation.
    pub(crate) fn flush_within(&mut self, attempt: &mut Attempt) -> Result<()> {
        self.establish(attempt)?;
        self.drain(attempt)
    }

    /// Drops what waits for room.
    pub(crate) fn drop_unsent(&mut self) {
        self.outbox.clear();
    }

    /// Ends what is sent, whatever waits for room.
    pub(crate) fn cut_off(&mut self) -> Result<()> {
        let State::Open(handle) = &self.state else { return Err(Error::Disconnected) };
        self.outbox.clear();
        handle.socket().shutdown(std::net::Shutdown::Write).map_err(Error::from_transfer)
    }

    /// Takes what the system has received, up to `most` bytes, and drops it, in non-blocking mode.
    pub(crate) fn receive_for_nobody(&mut self, most: usize) {
        let State::Open(handle) = &self.state else { return };
        let (mut piece, mut left) = ([0; PIECE], most);
        while left > 0 {
            match sys::receive(handle.socket(), &mut piece) {
                Ok(count @ 1..) => left = left.saturating_sub(count),
                Err(error) if sys::is_interrupted(&error) => {}
                _ => break,
            }
        }
    }

    /// Lets the peer know at once what has been received, instead of up to 40 ms later. Nothing happens where the system
    /// cannot do it, or where there is no such delay.
    pub(crate) fn acknowledge_at_once(&self) {
        if let State::Open(handle) = &self.state {
            sys::acknowledge_at_once(handle.socket());
        }
    }
}

/// How much is received for nobody at once.
const PIECE: usize = 8 * 1024;
