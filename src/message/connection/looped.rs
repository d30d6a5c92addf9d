//! What an event loop needs of a connection.

use std::{mem, time::Duration};

use super::{Connection, Phase};
use crate::{
    error::Error,
    message::{framing::Framing, incoming::Look},
    status::Status,
};

impl Connection {
    /// Ends a pending connect, a handshake and the greeting of the framing, as far as that takes no waiting.
    pub(crate) fn finish_opening(&mut self) -> Status {
        match self.stream.handshake() {
            Status::Done(()) => {}
            other => return other,
        }
        if self.incoming.codec().is_greeted() {
            return Status::Done(());
        }
        if let Err(error) = self.flush().into_result()
            && !matches!(error, Error::NotReady | Error::Disconnected)
        {
            return error.into();
        }
        match self.poll(Some(Duration::ZERO)) {
            Ok(_) => {}
            Err(error) => return error.into(),
        }
        if self.incoming.codec().is_greeted() {
            return Status::Done(());
        }
        match mem::replace(&mut self.phase, Phase::Open) {
            Phase::Open => Status::NotReady,
            Phase::Broken(error) | Phase::Found(error) => {
                self.phase = Phase::Ended;
                error.into()
            }
            Phase::Ended => {
                self.phase = Phase::Ended;
                Status::Disconnected
            }
        }
    }

    /// Tells whether a receive has an answer without asking the system.
    pub(crate) fn has_answer(&mut self) -> bool {
        match self.phase {
            Phase::Open => matches!(self.incoming.look(), Ok(Look::Message) | Err(_)),
            Phase::Broken(_) | Phase::Found(_) => true,
            Phase::Ended => false,
        }
    }

    /// Takes and forgets what the system still has for this end: a socket that is closed over unread bytes resets the
    /// connection, and the peer may lose what was sent last. A peer that never stops is not waited for.
    pub(crate) fn close_gently(&mut self) {
        if self.stream.shutdown_send().is_done() {
            self.set_framing(Framing::Raw);
            for _ in 0..MOST_DISCARDED {
                if !self.receive().is_done() {
                    break;
                }
            }
        }
        self.close();
    }
}

/// Reads of bytes that nobody wants, each of at most 64 KiB.
const MOST_DISCARDED: usize = 16;
