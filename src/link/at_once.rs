//! A first send that does not wait for the connection.

use std::{io, mem};

use super::{Link, State, connecting::connect_error};
use crate::{status::Status, sys};

impl Link {
    /// Sends on a connection that has only just begun, if it is there already: over loopback it is, and a send finds
    /// that out with one system call where asking first takes two more. `NotReady` when it is not there yet.
    pub(crate) fn send_at_once(&mut self, data: &[u8]) -> Status<usize> {
        let State::Connecting(connecting) = &self.state else { return self.send(data) };
        if data.is_empty() || !self.outbox.is_empty() || connecting.again.is_some() {
            return self.send(data);
        }
        let result = sys::send(connecting.handle.socket(), data);
        match (result, mem::replace(&mut self.state, State::Closed)) {
            (Ok(sent), State::Connecting(connecting)) => self.opened(connecting.handle, true).map(|()| sent).into(),
            // BSD and Windows say "not connected" where Linux says that it would have to wait.
            (Err(error), pending)
                if sys::is_would_block(&error)
                    || sys::is_interrupted(&error)
                    || error.kind() == io::ErrorKind::NotConnected =>
            {
                self.state = pending;
                Status::NotReady
            }
            (Err(error), _) => Status::Error(connect_error(error)),
            (Ok(_), _) => Status::Disconnected,
        }
    }
}
