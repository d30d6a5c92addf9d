//! From the stream to messages.

use std::time::Duration;

use super::{Acknowledgements, Connection, Phase, send::FEW_ANSWERS};
use crate::{
    error::{Error, Result},
    message::incoming::Look,
    mode::{Attempt, Mode},
    status::Status,
};

impl Connection {
    /// Receives the next message.
    ///
    /// In blocking mode this waits for it, at most for the [`timeout`](Self::timeout); then it is `NotReady`, and what
    /// has arrived of it stays in the connection. The connection takes what the system has with one call and cuts
    /// messages out of it, so the next ones may cost no call at all; a selector reports a connection that holds a whole
    /// message as ready.
    ///
    /// `Disconnected` comes after the last message. If the peer closes inside a message, `Error` with the kind
    /// `Truncated` comes first, once, and what there was of it is left for [`unread`](Self::unread). What breaks the
    /// framing, and a message over the [`message_limit`](Self::message_limit), is an `Error` that ends the connection;
    /// memory grows with the bytes that arrive, whatever is announced.
    pub fn receive(&mut self) -> Status<Vec<u8>> {
        let mut attempt = self.stream.mode().begin();
        match self.await_message(&mut attempt, &mut []) {
            Ok(()) => {
                let message = self.incoming.take();
                self.look_ahead();
                Status::Done(message)
            }
            Err(error) => error.into(),
        }
    }

    /// Receives the next message into a buffer and tells its length.
    ///
    /// `Error` with the kind `BufferTooShort` when the buffer is smaller than the message: the error holds the whole
    /// message, and the connection goes on. Unless it is `Done`, what the buffer holds means nothing. Everything else is as
    /// for [`receive`](Self::receive).
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use sockeye::{Connection, Error, Framing, LocalSocket, Status};
    ///
    /// let (left, right) = LocalSocket::pair()?;
    /// let mut left = Connection::new(left, Framing::Multiprocessing);
    /// let mut right = Connection::new(right, Framing::Multiprocessing);
    /// left.send(b"salmon").into_result()?;
    /// left.send(b"trout").into_result()?;
    ///
    /// let mut buffer = [0; 5];
    /// match right.receive_into(&mut buffer) {
    ///     Status::Error(Error::BufferTooShort { message, .. }) => assert_eq!(&*message, b"salmon"),
    ///     other => panic!("{other:?}"),
    /// }
    /// assert_eq!(right.receive_into(&mut buffer).done(), Some(5));
    /// assert_eq!(&buffer, b"trout");
    /// # }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn receive_into(&mut self, buffer: &mut [u8]) -> Status<usize> {
        let mut attempt = self.stream.mode().begin();
        match self.await_message(&mut attempt, buffer) {
            Ok(()) => {
                let result = self.incoming.take_into(buffer);
                self.look_ahead();
                result.into()
            }
            Err(error) => {
                self.incoming.take_back(buffer);
                error.into()
            }
        }
    }

    /// Waits until a receive has an answer other than `NotReady`; tells whether it has: a whole message, an end or an
    /// error, and never a part of a message.
    ///
    /// Zero only looks, `None` waits for ever, in either mode. Nothing is taken.
    ///
    /// # Errors
    ///
    /// The system's, in theory; what is wrong with the connection is for the receive to say.
    pub fn poll(&mut self, limit: Option<Duration>) -> Result<bool> {
        let blocking = limit != Some(Duration::ZERO);
        let found = self.in_mode(Mode { blocking, timeout: limit.filter(|_| blocking) }, |connection, attempt| {
            connection.await_message(attempt, &mut [])
        })?;
        match found {
            Err(Error::NotReady) => return Ok(false),
            Ok(()) => self.stream.tell_whether_received(true),
            Err(error) => self.phase = Phase::Found(error),
        }
        Ok(true)
    }

    /// Takes the bytes that have arrived and have not become messages, as the peer sent them. A whole message that has
    /// not been received yet is among them.
    ///
    /// They are what came behind the last message received: for a program that goes on in a protocol of its own, or that
    /// wants to know what a peer had still to say when it went away.
    pub fn unread(&mut self) -> Vec<u8> {
        let bytes = self.incoming.unread();
        self.reconsider();
        bytes
    }

    /// Does something in another mode than the connection's.
    pub(super) fn in_mode<T>(&mut self, mode: Mode, operation: impl FnOnce(&mut Self, &mut Attempt) -> T) -> Result<T> {
        let before = self.stream.mode();
        self.stream.set_mode(mode)?;
        let result = operation(self, &mut mode.begin());
        self.stream.set_mode(before)?;
        Ok(result)
    }

    /// Reads until a whole message is there, or until the mode allows no more; a large one may go to the buffer at once.
    fn await_message(&mut self, attempt: &mut Attempt, buffer: &mut [u8]) -> Result<()> {
        match std::mem::replace(&mut self.phase, Phase::Open) {
            Phase::Open => {}
            Phase::Broken(error) => return Err(self.broken(error)),
            Phase::Found(error) => {
                // The stream's own errors it repeats by itself, if it has to.
                if matches!(error, Error::Disconnected | Error::CutShort { .. }) || !self.stream.is_connected() {
                    self.phase = Phase::Ended;
                }
                return Err(error);
            }
            Phase::Ended => {
                self.phase = Phase::Ended;
                return Err(Error::Disconnected);
            }
        }
        let mut budget = READ_BUDGET;
        loop {
            match self.incoming.look() {
                Ok(Look::Message) => return Ok(()),
                Ok(Look::More(missing)) => {
                    match self.send_answers(attempt) {
                        // Whoever listens no more may have said something before, and how it ended is for the read to
                        // find out.
                        Ok(()) | Err(Error::Disconnected) => {}
                        Err(error) => return Err(error),
                    }
                    if budget == 0 && !self.stream.mode().blocking {
                        return Err(self.not_ready());
                    }
                    budget = budget.saturating_sub(self.read(attempt, missing, buffer)?);
                }
                Err(error) => return Err(self.broken(error)),
            }
        }
    }

    /// Reads once and tells how much more may be read; the stream's end is an error.
    pub(super) fn read(&mut self, attempt: &mut Attempt, missing: usize, buffer: &mut [u8]) -> Result<usize> {
        self.acknowledge_what_is_due();
        let (result, room) = if let Some(lent) = self.incoming.lend(missing, buffer) {
            let room = lent.len().min(READ_BUDGET);
            let (received, result) = self.receive_lent(attempt, lent.get_mut(..room).unwrap_or_default());
            self.incoming.settle_lent(received);
            (result, room)
        } else {
            let (own, room) = self.incoming.room(missing);
            let result = self.stream.receive_behind(attempt, own, room);
            self.incoming.settle(*result.as_ref().unwrap_or(&0), room);
            (result, room)
        };
        match result {
            Ok(0) => Err(self.ended(Error::Disconnected)),
            Err(error @ (Error::Disconnected | Error::CutShort { .. })) => {
                self.was_reset |= matches!(error, Error::Disconnected) && self.stream.is_connected();
                Err(self.ended(error))
            }
            Err(Error::NotReady) => Err(self.not_ready()),
            Err(error) => Err(error),
            Ok(received) => {
                // A read that was filled says that there is more, and then the peer waits for nothing.
                if self.acknowledgements == Acknowledgements::Carried && received < room {
                    self.acknowledgements = Acknowledgements::Due;
                }
                // One that was not has taken all that the system had: asking again would only cost a call.
                let is_all = received < room && !self.stream.buffers();
                Ok(if is_all { READ_BUDGET } else { received })
            }
        }
    }

    /// Receives into what the program has lent; tells how much has come, and then how it went.
    ///
    /// Where nothing waits, a part of a message has to be copied out of there, and later back. So the rest is asked for
    /// again while that takes less time than the copies: nearly always it is only a moment behind.
    fn receive_lent(&mut self, attempt: &mut Attempt, room: &mut [u8]) -> (usize, Result<usize>) {
        let first = self.stream.receive_part(attempt, room);
        let Ok(mut received @ 1..) = first else { return (0, first) };
        let worth = if self.stream.mode().blocking { 0 } else { received / COPIED_IN_A_CALL };
        let mut tries = worth.min(MOST_TRIES);
        while tries > 0 && received < room.len() {
            match self.stream.receive_part(attempt, room.get_mut(received..).unwrap_or_default()) {
                // The end is there for the next read, too.
                Ok(0) => break,
                Ok(more) => received += more,
                Err(Error::NotReady) => tries -= 1,
                failed => return (received, failed),
            }
        }
        (received, Ok(received))
    }

    /// The program has to ask again, and may sleep until something comes: a peer that holds the rest of a message back
    /// hears before that what has arrived.
    fn not_ready(&mut self) -> Error {
        if !self.incoming.is_empty() {
            self.acknowledge_what_is_due();
        }
        self.stream.tell_whether_received(false);
        Error::NotReady
    }

    fn acknowledge_what_is_due(&mut self) {
        if self.acknowledgements == Acknowledgements::Due && self.incoming.codec().wants_quick_acknowledgements() {
            self.stream.acknowledge_at_once();
            self.acknowledgements = Acknowledgements::AtOnce;
        }
    }

    /// Looks whether the next message is there already, which selectors have to know; if not, the peer hears what it
    /// waits for.
    pub(super) fn look_ahead(&mut self) {
        if !matches!(self.phase, Phase::Open) {
            return;
        }
        let has_answer = match self.incoming.look() {
            Ok(Look::Message) => true,
            Ok(Look::More(_)) => {
                // Answers go with what is sent next or before the next read, unless the peer may wait for them: since it
                // has sent a length alone, or since it has too many messages without an answer.
                let answers = self.incoming.codec_mut().answers().map_or(0, |answers| answers.len());
                if answers > 0 && (!self.incoming.is_empty() || answers >= FEW_ANSWERS) {
                    let _ = self.send_answers_at_once();
                }
                false
            }
            Err(error) => {
                self.phase = Phase::Broken(error);
                true
            }
        };
        self.stream.tell_whether_received(has_answer);
    }

    /// Looks again after the bytes or their meaning have changed: what was wrong with them may not be any more.
    pub(super) fn reconsider(&mut self) {
        if matches!(self.phase, Phase::Broken(_)) {
            self.phase = Phase::Open;
            self.incoming.codec_mut().take_refusal_back();
        }
        self.look_ahead();
    }

    /// The stream has ended where no message is whole.
    fn ended(&mut self, end: Error) -> Error {
        self.phase = Phase::Ended;
        self.stream.tell_whether_received(false);
        self.incoming.end().unwrap_or(end)
    }

    /// The peer has broken the framing, or refused.
    pub(super) fn broken(&mut self, error: Error) -> Error {
        // Its last answer may say why, if that takes no waiting.
        let _ = self.send_answers_at_once();
        self.phase = Phase::Ended;
        self.stream.end();
        error
    }
}

/// How much one non-blocking receive reads at most, so that a fast peer cannot hold a frame of a game up.
const READ_BUDGET: usize = 1024 * 1024;
/// About as many bytes are copied while the system says that there is nothing.
const COPIED_IN_A_CALL: usize = 4 * 1024;
/// No more than some microseconds.
const MOST_TRIES: usize = 32;
