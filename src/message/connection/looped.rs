//! What an event loop needs of a connection.

use std::{mem, time::Duration};

use super::{Connection, Phase};
use crate::{error::Error, message::incoming::Look, status::Status};

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

    /// Tells whether the peer waits for answers that the next flush sends.
    pub(crate) fn owes_answers(&mut self) -> bool {
        self.incoming.codec_mut().answers().is_some_and(|answers| !answers.is_empty())
    }
}
