//! What an event loop needs of a connection.

use std::{mem, time::Duration};

use super::{Connection, Phase, send::MOST_UNANSWERED};
use crate::{
    error::{Error, Result},
    message::incoming::Look,
    mode::Mode,
};

impl Connection {
    /// Ends a pending connect, a handshake and the greeting of the framing, as far as that takes no waiting.
    pub(crate) fn finish_opening(&mut self) -> Result<()> {
        self.stream.handshake().into_result()?;
        if self.incoming.codec().is_greeted() {
            return Ok(());
        }
        match self.flush().into_result() {
            Ok(()) | Err(Error::NotReady | Error::Disconnected) => {}
            failed => return failed,
        }
        self.poll(Some(Duration::ZERO))?;
        if self.incoming.codec().is_greeted() {
            return Ok(());
        }
        match mem::replace(&mut self.phase, Phase::Ended) {
            Phase::Open => {
                self.phase = Phase::Open;
                Err(Error::NotReady)
            }
            Phase::Broken(error) | Phase::Found(error) => Err(error),
            Phase::Ended => Err(Error::Disconnected),
        }
    }

    /// Takes the bytes that have not become messages, also those that only the system has, as far as it takes no waiting.
    pub(crate) fn unread_all(&mut self) -> Vec<u8> {
        let mut bytes = self.unread();
        let end = bytes.len() + MOST_LEFT;
        // What is wrong with the connection has been told.
        let _ = self.in_mode(Mode::AT_ONCE, |connection, attempt| {
            while bytes.len() < end {
                let room = (end - bytes.len()).min(PIECE);
                match connection.stream.receive_behind(attempt, &mut bytes, room) {
                    Ok(1..) => {}
                    _ => break,
                }
            }
        });
        bytes
    }

    /// Drops what waits for the peer, to whom nothing can be sent any more. Why that is, if it is no end of the stream, is
    /// for the next receive to say.
    pub(crate) fn drop_unsent(&mut self) {
        if let Some(answers) = self.incoming.codec_mut().answers() {
            answers.clear();
        }
        self.stream.drop_unsent();
        self.look_ahead();
    }

    /// Tells whether a receive has an answer without asking the system.
    pub(crate) fn has_answer(&mut self) -> bool {
        match self.phase {
            Phase::Open => matches!(self.incoming.look(), Ok(Look::Message) | Err(_)),
            Phase::Broken(_) | Phase::Found(_) => true,
            Phase::Ended => false,
        }
    }

    /// Tells whether the peer has to answer some messages before it can be sent another one.
    pub(crate) fn waits_for_answers(&self) -> bool {
        self.incoming.codec().unanswered() >= MOST_UNANSWERED
    }

    /// Tells whether the peer waits for answers that the next flush sends.
    pub(crate) fn owes_answers(&mut self) -> bool {
        self.incoming.codec_mut().answers().is_some_and(|answers| !answers.is_empty())
    }
}

/// How much is read of what nobody has received: more than systems keep for a connection.
const MOST_LEFT: usize = 8 * 1024 * 1024;
const PIECE: usize = 64 * 1024;
