//! A connection that has begun and is not there yet.

use std::{io, time::Duration};

use socket2::SockAddr;

use crate::{
    error::{Error, Phase, Result},
    mode::wait_until,
    sys::{self, Direction, Handle},
    time::Deadline,
};

/// The socket of a pending connect, and until when it may be pending.
#[derive(Debug)]
pub(super) struct Connecting {
    pub(super) handle: Handle,
    pub(super) deadline: Deadline,
    pub(super) limit: Option<Duration>,
    /// Where a connect must be asked again, because the listener's queue was full or a signal ended the wait for it.
    pub(super) again: Option<SockAddr>,
}

impl Connecting {
    /// Tells whether the connection is there; waits for it until this deadline or its own, whichever comes first.
    pub(super) fn finish(&mut self, until: Deadline) -> Result<bool> {
        let until = until.or_before(self.deadline);
        let done = match self.again.take() {
            Some(address) => self.ask_again(address, until)?,
            None => wait_until(self.handle.socket(), Direction::Write, until).map_err(Error::from_os)?,
        };
        if done {
            let failure = self.handle.socket().take_error().map_err(Error::from_os)?;
            return failure.map_or(Ok(true), |error| Err(connect_error(error)));
        }
        match self.limit {
            Some(limit) if self.deadline.has_passed() => Err(Error::TimedOut { phase: Phase::Connect, limit }),
            _ => Ok(false),
        }
    }

    /// A local listener's full queue cannot be polled for; only a connect that blocks waits for it, for as long as the
    /// socket's send timeout (`unix(7)`).
    fn ask_again(&mut self, address: SockAddr, until: Deadline) -> Result<bool> {
        let socket = self.handle.socket();
        let connected = loop {
            let limit = until.remaining();
            let waits = limit != Some(Duration::ZERO);
            let prepared = if waits {
                // The system counts in microseconds, and none of them is for ever.
                let limit = limit.map(|limit| limit.max(Duration::from_micros(1)));
                socket.set_nonblocking(false).and_then(|()| socket.set_write_timeout(limit))
            } else {
                Ok(())
            };
            let result = prepared.and_then(|()| socket.connect(&address));
            if waits {
                socket.set_write_timeout(None).and_then(|()| socket.set_nonblocking(true)).map_err(Error::from_os)?;
            }
            match result {
                Ok(()) => break true,
                Err(error) if sys::is_interrupted(&error) => {}
                Err(error) if sys::is_connect_retry(&error) && waits && !until.has_passed() => {}
                Err(error) if sys::is_connect_retry(&error) => break false,
                Err(error) => return Err(connect_error(error)),
            }
        };
        if !connected {
            self.again = Some(address);
        }
        Ok(connected)
    }
}

/// What a connect says when it fails: nothing at the path, or (IPv6 on a machine that has it on loopback alone) no
/// address of this machine to reach the peer from, is a peer that cannot be reached; a reset is one that was there and
/// has gone.
pub(super) fn connect_error(error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::ConnectionReset {
        Error::Disconnected
    } else if sys::is_no_such_path(&error) || error.kind() == io::ErrorKind::AddrNotAvailable {
        Error::Unreachable(error)
    } else {
        Error::from_os(error)
    }
}
