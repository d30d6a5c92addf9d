//! A connection between its first byte and its first message.

use std::time::Duration;

use super::auth::{AuthKey, AuthLevel, Beneath, Handshake, Role};
use crate::{
    error::{Error, Phase, Result},
    mode::Mode,
    stream::Stream,
    sys::Handle,
    time::Deadline,
};

/// A stream whose peer has to connect, to be secured and to show the key, as far as that is asked for.
#[derive(Debug)]
pub(super) struct Opening {
    stream: Stream,
    role: Role,
    key: Option<AuthKey>,
    least: AuthLevel,
    handshake: Option<Handshake>,
    deadline: Deadline,
    limit: Duration,
    /// Until when the answer to a wrong key is held back.
    held: Option<Deadline>,
    /// What selectors know of a connect that has failed.
    failed: Option<Handle>,
}

impl Opening {
    /// Begins with a stream that may still be connecting. The deadline comes from the limit, and is for everything.
    pub(super) fn new(
        stream: Stream,
        role: Role,
        key: Option<AuthKey>,
        least: AuthLevel,
        (deadline, limit): (Deadline, Duration),
    ) -> Self {
        Self { stream, role, key, least, handshake: None, deadline, limit, held: None, failed: None }
    }

    /// Goes on as far as the stream's mode lets it: `NotReady` while something is missing.
    ///
    /// A peer that has gone is `Disconnected` between two messages of the handshake, and `CutShort` inside one.
    pub(super) fn step(&mut self) -> Result<()> {
        let advanced = self.advance();
        // Bytes of the handshake are gone, and what has come behind them is for a receive: selectors hear of either.
        self.stream.tell_whether_received(false);
        match advanced {
            Err(Error::NotReady) if self.deadline.has_passed() => {
                let phase = if self.is_connected() { Phase::Authentication } else { Phase::Connect };
                Err(Error::TimedOut { phase, limit: self.limit })
            }
            result => result,
        }
    }

    /// Goes on to the end, within the limit.
    pub(super) fn finish(&mut self) -> Result<()> {
        loop {
            let timeout = self.deadline.remaining();
            self.stream.set_mode(Mode { blocking: true, timeout })?;
            match self.step() {
                Err(Error::NotReady) => {}
                result => return result,
            }
        }
    }

    fn advance(&mut self) -> Result<()> {
        let Self { stream, role, key, least, handshake, deadline, held, failed, .. } = self;
        stream.finish_connect_keeping(failed)?;
        if let Stream::Tls(socket) = stream {
            socket.handshake().into_result()?;
            // What it has taken is not there for the rest.
            let mode = stream.mode();
            if mode.blocking {
                stream.set_mode(Mode { timeout: deadline.remaining(), ..mode })?;
            }
        }
        let Some(key) = key else { return Ok(()) };
        if handshake.is_none() {
            *handshake = Some(Handshake::new(*role, key, *least, Beneath::of(stream)?)?);
        }
        let Some(handshake) = handshake else { return Ok(()) };
        let mut attempt = stream.mode().begin();
        let mut piece = Vec::new();
        loop {
            if let Some(Err(why)) = handshake.verdict() {
                let pause = || Deadline::after(deadline.remaining().into_iter().chain([Handshake::pause()]).min());
                if *role == Role::Listener && !held.get_or_insert_with(pause).has_passed() {
                    return Err(Error::NotReady);
                }
                // It is so whether the peer hears it or not.
                let _ = stream.send_whole(&mut attempt, handshake.output(), &[]);
                stream.end();
                return Err(Error::Authentication(why));
            }
            let output = handshake.output();
            if !output.is_empty() {
                stream.send_whole(&mut attempt, output, &[])?;
                handshake.note_sent(output.len());
            }
            if handshake.verdict().is_some() {
                return Ok(());
            }
            piece.clear();
            if stream.receive_behind(&mut attempt, &mut piece, handshake.wanted())? == 0 {
                return Err(match handshake.unfinished() {
                    Some((received, expected)) => {
                        Error::CutShort { received: received as u64, expected: expected as u64 }
                    }
                    None => Error::Disconnected,
                });
            }
            // Python sends the last word of its handshake and its first message in two pieces; the system of the peer
            // keeps the second until it hears of the first.
            stream.acknowledge_at_once();
            handshake.feed(&piece);
        }
    }

    /// When it goes on if nothing comes.
    pub(super) fn due(&self) -> Deadline {
        self.held.unwrap_or(self.deadline)
    }

    /// Tells whether it waits for nothing but the time to answer.
    pub(super) fn is_held(&self) -> bool {
        self.held.is_some()
    }

    pub(super) fn handle(&self) -> Option<&Handle> {
        self.stream.handle()
    }

    /// Takes the place of another one, of which this is left, in the selectors that it was in.
    pub(super) fn replace(&mut self, failed: Option<Handle>) {
        if let (Some(mut failed), Some(handle)) = (failed, self.stream.handle_mut()) {
            failed.hand_over(handle);
        }
    }

    /// What is left of it when its connect has failed.
    pub(super) fn into_failed(self) -> Option<Handle> {
        self.failed
    }

    pub(super) fn is_connected(&self) -> bool {
        self.stream.is_connected()
    }

    /// Tells whether it has to ask a local listener again, whose full queue no selector tells of.
    pub(super) fn waits_for_a_queue(&self) -> bool {
        self.stream.waits_for_a_queue()
    }

    /// Gives the stream, in this mode.
    pub(super) fn into_stream(self, mode: Mode) -> Result<Stream> {
        let mut stream = self.stream;
        stream.set_mode(mode)?;
        Ok(stream)
    }
}
