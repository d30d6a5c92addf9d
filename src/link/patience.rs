//! Receives that wait in the system's own call, which saves the call that asks first; and, since the socket blocks for
//! them, the other calls in a form that never waits.

use std::{io, time::Duration};

use super::{Link, State};
use crate::{
    error::{Error, Result},
    mode::Mode,
    status::Status,
    sys,
};

impl Link {
    /// Puts an open socket into blocking mode, in which a receive of the system gives up after this time. Two calls the
    /// first time, none later; `false` where the system cannot do it.
    pub(crate) fn grow_patient(&mut self, patience: Duration) -> Result<bool> {
        if !self.mode.blocking && sys::CAN_DECLINE_TO_WAIT {
            let State::Open(handle) = &self.state else { return Ok(false) };
            handle.socket().set_read_timeout(Some(patience)).map_err(Error::from_os)?;
            self.set_mode(Mode { blocking: true, ..self.mode })?;
        }
        Ok(self.mode.blocking)
    }

    /// Back to non-blocking mode.
    pub(crate) fn lose_patience(&mut self) -> Result<()> {
        self.set_mode(Mode { blocking: false, ..self.mode })
    }

    /// Receives, waiting in the system's call; `NotReady` when it has given up or a signal has ended it. 0 bytes are the
    /// end, `Disconnected` a connection that has broken.
    #[inline]
    pub(crate) fn receive_patiently(&mut self, buffer: &mut [u8]) -> Status<usize> {
        let State::Open(handle) = &self.state else { return Status::Disconnected };
        sys::receive(handle.socket(), buffer).map_or_else(stopped, Status::Done)
    }

    /// Receives what there is. 0 bytes are the end, `Disconnected` a connection that has broken.
    #[inline]
    pub(crate) fn receive_now(&mut self, buffer: &mut [u8]) -> Status<usize> {
        let State::Open(handle) = &self.state else { return Status::Disconnected };
        sys::receive_now(handle.socket(), buffer).map_or_else(stopped, Status::Done)
    }

    /// Sends what there is room for.
    #[inline]
    pub(crate) fn send_now(&mut self, data: &[u8]) -> Status<usize> {
        let State::Open(handle) = &self.state else { return Status::Disconnected };
        sys::send_now(handle.socket(), data).map_or_else(stopped, Status::Done)
    }
}

fn stopped(error: io::Error) -> Status<usize> {
    if sys::is_would_block(&error) || sys::is_interrupted(&error) {
        return Status::NotReady;
    }
    Error::from_transfer(error).into()
}
