//! From messages to the stream.

use super::{Acknowledgements, Connection, Phase};
use crate::{
    error::{Error, Result},
    message::incoming::Look,
    mode::{Attempt, Mode},
    status::Status,
    stream::Stream,
};

impl Connection {
    /// Sends a message, with one system call when the system has room.
    ///
    /// In blocking mode `Done` means that the system has taken all of it; if a [`timeout`](Self::timeout) is set and
    /// passes, `NotReady` means that nothing of it went, and if a part went, it is `Done` with the rest in the outbox. In
    /// non-blocking mode `Done` means that the connection has taken charge of it: what the system had no room for waits
    /// in the outbox, and [`flush`](Self::flush) and later sends move it on, in order. `NotReady` means that the outbox
    /// is over its limit, and that nothing of the message was taken.
    ///
    /// `Error` with the kind `TooLong` for a message over the [`message_limit`](Self::message_limit), `InvalidInput` for
    /// one that the framing cannot carry: a newline in a line. Nothing is sent then, and the connection goes on.
    ///
    /// A peer of [`Framing::Tiny`](crate::Framing::Tiny) answers each message. The answers are taken by receives, and by
    /// sends when there are many; `NotReady`, or waiting, when 4096 are due.
    pub fn send(&mut self, message: &[u8]) -> Status {
        self.try_send(message, Stream::send_whole).into()
    }

    /// Puts a message into the outbox without a system call, to send many at once with [`flush`](Self::flush).
    ///
    /// `NotReady` when the outbox is over its limit: flush, then try again. Everything else is as for
    /// [`send`](Self::send); when it has to wait for answers, it sends first what waits for room.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[cfg(unix)] {
    /// use sockeye::{Connection, Framing, LocalSocket};
    ///
    /// let (left, right) = LocalSocket::pair()?;
    /// let mut left = Connection::new(left, Framing::lines());
    /// let mut right = Connection::new(right, Framing::lines());
    /// left.queue(b"spawn").into_result()?;
    /// left.queue(b"swim").into_result()?;
    /// assert_eq!(left.pending_bytes(), 11);
    /// left.flush().into_result()?;
    /// assert_eq!(right.receive().done().as_deref(), Some(&b"spawn"[..]));
    /// assert_eq!(right.receive().done().as_deref(), Some(&b"swim"[..]));
    /// # }
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn queue(&mut self, message: &[u8]) -> Status {
        self.try_send(message, |stream, _, first, second| stream.queue_whole(first, second)).into()
    }

    #[inline]
    fn try_send(
        &mut self,
        message: &[u8],
        pass: impl Fn(&mut Stream, &mut Attempt, &[u8], &[u8]) -> Result<()>,
    ) -> Result<()> {
        let pieces = self.incoming.codec().encode(message)?;
        let mut attempt = self.stream.mode().begin();
        if self.incoming.codec().unanswered() >= MANY_UNANSWERED {
            self.take_answers(&mut attempt)?;
        }
        let codec = self.incoming.codec_mut();
        match codec.answers() {
            _ if !pieces.tail.is_empty() => pass(&mut self.stream, &mut attempt, message, pieces.tail)?,
            Some(answers) if !answers.is_empty() => {
                let head = [answers, pieces.head()].concat();
                pass(&mut self.stream, &mut attempt, &head, message)?;
                answers.clear();
            }
            _ => pass(&mut self.stream, &mut attempt, pieces.head(), message)?,
        }
        self.incoming.codec_mut().sent();
        self.acknowledgements = Acknowledgements::Carried;
        Ok(())
    }

    /// Sends what is in the outbox: `Done` when it is empty, `NotReady` when the system had no room for all.
    ///
    /// In blocking mode it waits until the outbox is empty, at most for the [`timeout`](Self::timeout).
    pub fn flush(&mut self) -> Status {
        let mut attempt = self.stream.mode().begin();
        self.send_answers(&mut attempt).and_then(|()| self.stream.flush_within(&mut attempt)).into()
    }

    /// Says hello where the framing has it so.
    pub(super) fn greet(&mut self) {
        // A connection that is not there yet says it with the first thing that it is asked to do.
        let _ = self.send_answers_at_once();
    }

    /// Sends what the peer waits for, as part of a longer operation.
    pub(super) fn send_answers(&mut self, attempt: &mut Attempt) -> Result<()> {
        match self.incoming.codec_mut().answers() {
            Some(answers) if !answers.is_empty() => {
                self.stream.send_whole(attempt, answers, &[])?;
                answers.clear();
                self.acknowledgements = Acknowledgements::Carried;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The same as far as it takes no waiting; the rest goes first with what is sent next.
    pub(super) fn send_answers_at_once(&mut self) -> Result<()> {
        if !self.stream.is_established() {
            // How a pending connect and a handshake end is for whoever waits for it to hear.
            return Ok(());
        }
        match self.incoming.codec_mut().answers() {
            Some(answers) if !answers.is_empty() => {
                self.stream.queue_whole(answers, &[])?;
                answers.clear();
                self.acknowledgements = Acknowledgements::Carried;
                self.in_mode(Mode::AT_ONCE, |connection, _| connection.stream.flush().into_result())?
            }
            _ => Ok(()),
        }
    }

    /// Takes answers that have arrived; waits for some, as the mode has it, when too many are due.
    fn take_answers(&mut self, attempt: &mut Attempt) -> Result<()> {
        let unanswered = self.incoming.codec().unanswered();
        if unanswered >= MOST_UNANSWERED {
            // Nobody answers what has not been sent.
            match self.stream.flush_within(attempt) {
                Ok(()) | Err(Error::NotReady) => {}
                failed => return failed,
            }
            match self.read_answers(attempt) {
                // Not all of them, and enough.
                Err(Error::NotReady) if self.incoming.codec().unanswered() < MOST_UNANSWERED => Ok(()),
                result => result,
            }
        } else if unanswered.is_multiple_of(MANY_UNANSWERED) {
            match self.in_mode(Mode::AT_ONCE, Self::read_answers)? {
                Err(Error::NotReady) => Ok(()),
                result => result,
            }
        } else {
            Ok(())
        }
    }

    fn read_answers(&mut self, attempt: &mut Attempt) -> Result<()> {
        if matches!(self.phase, Phase::Ended) {
            return Err(Error::Disconnected);
        }
        loop {
            match self.incoming.look() {
                Ok(Look::More(missing)) if self.incoming.codec().unanswered() >= MANY_UNANSWERED => {
                    self.read(attempt, missing, &mut [])?;
                }
                Ok(look) => {
                    // Which may have come behind the answers.
                    self.stream.tell_whether_received(look == Look::Message);
                    return Ok(());
                }
                Err(error) => return Err(self.broken(error)),
            }
        }
    }
}

/// How many answers may be due before a send looks for them.
const MANY_UNANSWERED: u32 = 512;
/// And how many before it waits for them: more than the real receivers have been seen to lag behind, and so few that
/// the answers fit into any socket.
pub(super) const MOST_UNANSWERED: u32 = 4096;
/// How many answers are kept for what is sent next. A peer that waits for more goes on without these.
pub(super) const FEW_ANSWERS: usize = 64;
