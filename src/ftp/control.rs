//! The control connection: commands out, replies in.

use std::{
    fmt, mem,
    time::{Duration, Instant},
};

use super::{
    command::Command,
    observer::FtpObserver,
    reply::{Reply, ReplyDecoder},
    wire::Wire,
};
use crate::{
    error::{Error, Limit, Phase, Result},
    status::Status,
    sys::{Direction, Handle},
    time::Deadline,
    tls::TlsClient,
};

/// Whether what is not there yet is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// It is, as long as the limit allows.
    Waits,
    /// It is asked for again later.
    Polls,
}

/// The control connection. After an error it is of no use: a late reply would be taken for that to another command.
pub(super) struct Control {
    wire: Wire,
    patience: Patience,
    decoder: ReplyDecoder,
    /// Received and not looked at: `input[start..end]`.
    input: Box<[u8]>,
    start: usize,
    end: usize,
    /// To be sent.
    output: Vec<u8>,
    silence: Option<Duration>,
    /// For the reply that is expected, from `asked` on.
    limit: Option<Duration>,
    asked: Instant,
    preliminary: u32,
    observer: Option<FtpObserver>,
    /// Of the last command: a reply may repeat it.
    secret: Vec<u8>,
    is_broken: bool,
}

impl Control {
    /// Takes over a plain connection that blocks. The system keeps the limit for most replies, which come with one
    /// system call then.
    pub(super) fn new(wire: Wire, silence: Option<Duration>, observer: Option<FtpObserver>) -> Result<Self> {
        if let Wire::Plain(handle) = &wire {
            let socket = handle.socket();
            // Zero would be for ever.
            let limit = silence.map(|limit| limit.max(Duration::from_millis(1)));
            socket.set_read_timeout(limit).and_then(|()| socket.set_write_timeout(limit)).map_err(Error::from_os)?;
        }
        Ok(Self {
            wire,
            patience: Patience::Waits,
            decoder: ReplyDecoder::default(),
            input: vec![0; INPUT_SIZE].into(),
            start: 0,
            end: 0,
            output: Vec::new(),
            silence,
            limit: silence,
            asked: Instant::now(),
            preliminary: 0,
            observer,
            secret: Vec::new(),
            is_broken: false,
        })
    }

    pub(super) fn set_patience(&mut self, patience: Patience) -> Result<()> {
        if let Wire::Plain(handle) = &self.wire
            && patience != self.patience
        {
            handle.socket().set_nonblocking(patience == Patience::Polls).map_err(Error::from_os)?;
        }
        self.patience = patience;
        Ok(())
    }

    pub(super) fn patience(&self) -> Patience {
        self.patience
    }

    /// Tells whether another command makes sense.
    pub(super) fn is_usable(&self) -> bool {
        !self.is_broken
    }

    /// Leaves a reply that nobody will wait for: no later one would belong to its command.
    pub(super) fn abandon(&mut self) {
        self.is_broken = true;
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) fn handle(&self) -> Option<&Handle> {
        self.wire.handle()
    }

    pub(super) fn handle_mut(&mut self) -> Option<&mut Handle> {
        self.wire.handle_mut()
    }

    /// Sends a command, to which a reply is expected then.
    pub(super) fn send(&mut self, command: &Command) -> Result<()> {
        let checked = self.expect_no_reply();
        self.watched(checked)?;
        self.transmit(command)
    }

    /// Sends a command before the reply to the last one: to end what the server does. There is not much time for the
    /// replies.
    pub(super) fn abort(&mut self, command: &Command) -> Result<()> {
        self.transmit(command)?;
        self.limit = Some(self.silence.map_or(ABORT_LIMIT, |silence| silence.min(ABORT_LIMIT)));
        Ok(())
    }

    fn transmit(&mut self, command: &Command) -> Result<()> {
        self.expect_reply();
        if let Some(observer) = &self.observer {
            observer.command(command);
            self.secret = command.secret().to_vec();
        }
        self.output.extend_from_slice(command.bytes());
        let sent = self.drain(self.patience);
        self.watched(sent)
    }

    /// Begins to count the time for a reply.
    pub(super) fn expect_reply(&mut self) {
        self.asked = Instant::now();
        self.limit = self.silence;
        self.preliminary = 0;
    }

    /// What is left of the time for the reply; `None` for ever.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.limit.map(|limit| limit.saturating_sub(self.asked.elapsed()))
    }

    /// Gives the reply, `None` if it is not there yet: that is never so while [`Patience::Waits`].
    pub(super) fn reply(&mut self) -> Result<Option<Reply>> {
        let reply = self.next_reply(self.patience);
        self.watched(reply)
    }

    /// Gives the reply if it is there, without waiting for it; its time does not run out.
    pub(super) fn reply_if_there(&mut self) -> Result<Option<Reply>> {
        let limit = self.limit.take();
        let reply = self.next_reply(Patience::Polls);
        self.limit = limit;
        self.watched(reply)
    }

    /// Fails once the time for the reply has run out.
    pub(super) fn check_time(&mut self) -> Result<()> {
        let is_over = self.remaining() == Some(Duration::ZERO);
        let checked = if is_over { Err(self.timed_out(Phase::Silence)) } else { Ok(()) };
        self.watched(checked)
    }

    /// Gives the reply that is not a preliminary one.
    pub(super) fn final_reply(&mut self) -> Result<Option<Reply>> {
        loop {
            match self.reply()? {
                Some(reply) if is_preliminary(&reply) => {}
                reply => return Ok(reply),
            }
        }
    }

    /// Puts a TLS session on the connection, and waits for it.
    pub(super) fn secure(&mut self, tls: &TlsClient, name: &str) -> Result<()> {
        // What came in plain text behind the last reply was not for the session, whoever has put it there.
        let secured = self.expect_no_reply().and_then(|()| self.handshake(tls, name));
        self.watched(secured)
    }

    fn handshake(&mut self, tls: &TlsClient, name: &str) -> Result<()> {
        self.wire.secure(tls, name)?;
        let deadline = Deadline::after(self.silence);
        loop {
            match self.wire.handshake() {
                Status::Done(()) => return Ok(()),
                Status::NotReady => {
                    if !self.wire.wait(self.wire.direction(), deadline)? {
                        return Err(self.timed_out(Phase::Handshake));
                    }
                }
                other => return other.into_result(),
            }
        }
    }

    /// Every error is the last one.
    fn watched<T>(&mut self, result: Result<T>) -> Result<T> {
        self.is_broken |= result.is_err();
        result
    }

    /// A reply before the command would be taken for its reply, and every later one for that to another command.
    fn expect_no_reply(&mut self) -> Result<()> {
        if self.start == self.end && self.decoder.is_idle() {
            return Ok(());
        }
        match self.decode()? {
            // The server may say at any time that it ends the session.
            Some(Reply { code: code @ 421, text }) => {
                Err(Error::PeerRefused { code, text: String::from_utf8_lossy(&text).into() })
            }
            _ => Err(Error::Malformed { expected: "one reply to each command" }),
        }
    }

    fn next_reply(&mut self, patience: Patience) -> Result<Option<Reply>> {
        let mut is_first = self.limit == self.silence;
        loop {
            if let Some(reply) = self.decode()? {
                return self.counted(reply).map(Some);
            }
            self.drain(patience)?;
            // The first time the system waits by itself, if it can. After a part of a reply, only for the rest of the
            // limit: a server could send a byte at a time for ever.
            let does_system_wait = self.patience == Patience::Waits && !self.wire.is_encrypted();
            if does_system_wait {
                let limit = if patience == Patience::Polls { Some(Duration::ZERO) } else { self.remaining() };
                if (patience == Patience::Polls || !is_first)
                    && !self.wire.wait(Direction::Read, Deadline::after(limit))?
                {
                    return self.not_there(patience);
                }
            }
            is_first = false;
            self.start = 0;
            self.end = 0;
            match self.wire.receive(&mut self.input) {
                Status::Done(count) => self.end = count,
                Status::NotReady if patience == Patience::Polls || does_system_wait => {
                    return self.not_there(patience);
                }
                Status::NotReady => {
                    if !self.wire.wait(self.wire.direction(), Deadline::after(self.remaining()))? {
                        return self.not_there(patience);
                    }
                }
                Status::Disconnected => return Err(Error::Disconnected),
                Status::Error(error) => return Err(error),
            }
        }
    }

    /// The reply has not come: too late, or not yet.
    fn not_there(&self, patience: Patience) -> Result<Option<Reply>> {
        if patience == Patience::Waits || self.remaining() == Some(Duration::ZERO) {
            return Err(self.timed_out(Phase::Silence));
        }
        Ok(None)
    }

    fn timed_out(&self, phase: Phase) -> Error {
        Error::TimedOut { phase, limit: self.limit.unwrap_or(Duration::MAX) }
    }

    fn counted(&mut self, reply: Reply) -> Result<Reply> {
        if let Some(observer) = &self.observer {
            observer.reply(&reply, &self.secret);
        }
        if is_preliminary(&reply) {
            self.preliminary += 1;
            if self.preliminary > PRELIMINARY_LIMIT {
                return Err(Error::TooMany { what: Limit::PreliminaryReplies, limit: u64::from(PRELIMINARY_LIMIT) });
            }
        }
        // It is the server's last word (RFC 959 section 4.2).
        self.is_broken |= reply.code == 421;
        Ok(reply)
    }

    fn decode(&mut self) -> Result<Option<Reply>> {
        let unread = self.input.get(self.start..self.end).unwrap_or_default();
        let (taken, reply) = self.decoder.next(unread)?;
        self.start += taken;
        Ok(reply)
    }

    /// Sends what is to be sent, as far as it can.
    fn drain(&mut self, patience: Patience) -> Result<()> {
        if self.output.is_empty() {
            return match self.wire.flush() {
                Status::Error(error) => Err(error),
                _ => Ok(()),
            };
        }
        let mut output = mem::take(&mut self.output);
        while !output.is_empty() {
            match self.wire.send(&output) {
                Status::Done(count) => drop(output.drain(..count.min(output.len()))),
                Status::NotReady if patience == Patience::Polls => break,
                Status::NotReady => {
                    if !self.wire.wait(Direction::Write, Deadline::after(self.remaining()))? {
                        return Err(self.timed_out(Phase::Silence));
                    }
                }
                Status::Disconnected => return Err(Error::Disconnected),
                Status::Error(error) => return Err(error),
            }
        }
        self.output = output;
        Ok(())
    }
}

impl fmt::Debug for Control {
    /// Without its buffers, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("wire", &self.wire).field("is_broken", &self.is_broken).finish_non_exhaustive()
    }
}

pub(super) fn is_preliminary(reply: &Reply) -> bool {
    matches!(reply.code, 100..=199)
}

/// One read takes the longest replies of ordinary servers.
const INPUT_SIZE: usize = 4 * 1024;
/// How long a server may take to agree to an ABOR.
const ABORT_LIMIT: Duration = Duration::from_secs(5);
/// Preliminary replies to one command: there is one to a transfer, and some servers mark the way of a long action.
const PRELIMINARY_LIMIT: u32 = 64;
