//! One end of a byte stream, as TCP, local and TLS sockets share it: the connection's phases, the status table, packets.

#[cfg(feature = "http")]
mod at_once;
mod connecting;
#[cfg(feature = "messages")]
mod messages;
mod packets;
#[cfg(feature = "http")]
mod patience;
mod wire;

use std::{io, time::Duration};

use socket2::{SockAddr, Socket};

use connecting::{Connecting, connect_error};
use wire::Plain;
pub(crate) use wire::Wire;

use crate::{
    bytes::{Inbox, Next, Outbox},
    error::{Error, Result},
    mode::{Attempt, Mode},
    status::Status,
    sys::{self, Direction, Handle},
    time::Deadline,
};

/// A stream socket in any phase of its life.
#[derive(Debug)]
pub(crate) struct Link<W = Plain> {
    state: State,
    wire: W,
    mode: Mode,
    inbox: Inbox,
    outbox: Outbox,
    packet_limit: usize,
    outbox_limit: usize,
}

#[derive(Debug)]
enum State {
    Closed,
    Connecting(Box<Connecting>),
    Open(Handle),
}

impl Link {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Closed,
            wire: Plain,
            mode: Mode::BLOCKING,
            inbox: Inbox::default(),
            outbox: Outbox::default(),
            packet_limit: DEFAULT_PACKET_LIMIT,
            outbox_limit: DEFAULT_OUTBOX_LIMIT,
        }
    }

    /// A link over a connected socket that is in this mode already.
    pub(crate) fn open(socket: Socket, mode: Mode) -> Self {
        Self { state: State::Open(Handle::new(socket)), mode, ..Self::new() }
    }

    /// Gives the socket away, if it is connected and holds nothing that would be lost.
    #[expect(clippy::result_large_err, reason = "the error is the link itself, given back")]
    pub(crate) fn into_socket(self) -> Result<Socket, Self> {
        match self.state {
            State::Open(handle) if self.inbox.is_empty() && self.outbox.is_empty() => Ok(handle.into_socket()),
            state => Err(Self { state, ..self }),
        }
    }

    /// Lets the bytes pass through another wire from here on. It gets the bytes that have arrived and nobody has
    /// taken, and those that are still to be sent as they are.
    pub(crate) fn through<W: Wire>(mut self, wire: impl FnOnce(Vec<u8>, Outbox) -> W) -> Link<W> {
        let received = self.take_received();
        let Self { state, mode, inbox, outbox, packet_limit, outbox_limit, .. } = self;
        let wire = wire(received, outbox);
        let link = Link { state, wire, mode, inbox, outbox: Outbox::default(), packet_limit, outbox_limit };
        link.tell_selectors();
        link
    }
}

impl<W: Wire> Link<W> {
    /// Tells whether the socket for a connect must not block.
    pub(crate) fn connects_without_blocking(&self, limit: Option<Duration>) -> bool {
        limit.is_some() || self.mode.is_nonblocking_for_the_system()
    }

    /// Connects a new socket, which blocks or not as [`connects_without_blocking`](Self::connects_without_blocking)
    /// told.
    pub(crate) fn connect(&mut self, socket: Socket, address: &SockAddr, limit: Option<Duration>) -> Status {
        self.disconnect();
        let limit = limit.or(self.mode.timeout);
        let deadline = Deadline::after(limit);
        self.try_connect(socket, address, deadline, limit).into()
    }

    fn try_connect(
        &mut self,
        socket: Socket,
        address: &SockAddr,
        deadline: Deadline,
        limit: Option<Duration>,
    ) -> Result<()> {
        let again = match socket.connect(address) {
            Ok(()) => return self.opened(Handle::new(socket), self.connects_without_blocking(limit)),
            // A signal ends the wait for room in the queue; over TCP it only ends the wait for what goes on by itself.
            Err(error) if address.is_unix() && (sys::is_connect_retry(&error) || sys::is_interrupted(&error)) => {
                Some(address.clone())
            }
            Err(error) if sys::is_connect_in_progress(&error) => None,
            Err(error) => return Err(connect_error(error)),
        };
        let handle = Handle::new(socket);
        self.state = State::Connecting(Box::new(Connecting { handle, deadline, limit, again }));
        if !self.mode.blocking {
            return Err(Error::NotReady);
        }
        self.finish_connect_within(&mut self.mode.begin_until(deadline), &mut None).into_result()
    }

    pub(crate) fn finish_connect(&mut self) -> Status {
        self.finish_connect_keeping(&mut None)
    }

    /// The same. The handle of a connect that has failed is kept, for it is the one that selectors know.
    pub(crate) fn finish_connect_keeping(&mut self, failed: &mut Option<Handle>) -> Status {
        self.finish_connect_within(&mut self.mode.begin(), failed)
    }

    /// The same as part of a longer operation.
    fn finish_connect_within(&mut self, attempt: &mut Attempt, failed: &mut Option<Handle>) -> Status {
        let finished = match &mut self.state {
            State::Closed => return Status::Disconnected,
            State::Open(_) => return Status::Done(()),
            State::Connecting(connecting) => connecting.finish(attempt.until()),
        };
        match (finished, std::mem::replace(&mut self.state, State::Closed)) {
            (Ok(true), State::Connecting(connecting)) => self.opened(connecting.handle, true).into(),
            (Ok(false), pending) => {
                self.state = pending;
                Status::NotReady
            }
            (Err(error), State::Connecting(connecting)) => {
                *failed = Some(connecting.handle);
                Status::Error(error)
            }
            (Err(error), _) => Status::Error(error),
            (Ok(true), _) => Status::Disconnected,
        }
    }

    fn opened(&mut self, handle: Handle, is_nonblocking: bool) -> Result<()> {
        if is_nonblocking != self.mode.is_nonblocking_for_the_system() {
            handle.socket().set_nonblocking(!is_nonblocking).map_err(Error::from_os)?;
        }
        self.state = State::Open(handle);
        Ok(())
    }

    pub(crate) fn disconnect(&mut self) {
        if let State::Open(handle) = &self.state {
            self.wire.close(handle.socket());
        }
        self.state = State::Closed;
        self.inbox.clear();
        self.outbox.clear();
    }

    /// Takes the bytes that came with packets and that nobody has taken.
    pub(crate) fn take_received(&mut self) -> Vec<u8> {
        let mut received = Vec::new();
        let mut piece = [0; 4096];
        while !self.inbox.is_empty() {
            let count = self.inbox.take_bytes(&mut piece);
            received.extend_from_slice(piece.get(..count).unwrap_or_default());
        }
        received
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
    }

    pub(crate) fn wire(&self) -> &W {
        &self.wire
    }

    /// Makes the wire of an open link ready, once the connection is there.
    pub(crate) fn handshake(&mut self) -> Status {
        let mut attempt = self.mode.begin();
        self.establish(&mut attempt).and_then(|()| self.wire.check()).into()
    }

    pub(crate) fn mode(&self) -> Mode {
        self.mode
    }

    pub(crate) fn set_mode(&mut self, mode: Mode) -> Result<()> {
        match &self.state {
            State::Open(handle) => self.mode.change(mode, Some(handle.socket())),
            // A pending socket stays non-blocking for the system until it is open.
            State::Closed | State::Connecting(_) => self.mode.change(mode, None),
        }
    }

    #[inline]
    pub(crate) fn send(&mut self, data: &[u8]) -> Status<usize> {
        if data.is_empty() { Status::Done(0) } else { self.try_send(data).into() }
    }

    #[inline]
    fn try_send(&mut self, data: &[u8]) -> Result<usize> {
        let mut attempt = self.mode.begin();
        self.establish(&mut attempt)?;
        self.drain(&mut attempt)?;
        let Self { state: State::Open(handle), wire, mode, .. } = self else { return Err(Error::Disconnected) };
        let mut rest = data;
        while !rest.is_empty() {
            match attempt.call(handle.socket(), Direction::Write, |socket| wire.send(socket, rest)) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(error) if sys::is_would_block(&error) && rest.len() < data.len() => break,
                Err(error) => return Err(Error::from_transfer(error)),
            }
            if !mode.blocking {
                break;
            }
        }
        if wire.pending() > 0 && mode.blocking {
            // Taken is taken: what becomes of it is for the next operation to say.
            let _ = attempt.call(handle.socket(), Direction::Write, |socket| wire.flush(socket));
        }
        Ok(data.len() - rest.len())
    }

    #[inline]
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
        if let Some(received) = self.receive_without_the_system(buffer) {
            return Status::Done(received);
        }
        let mut attempt = self.mode.begin();
        if let Err(error) = self.establish(&mut attempt) {
            return error.into();
        }
        match self.receive_or_end(&mut attempt, buffer) {
            Ok(0) => Status::Disconnected,
            Ok(received) => Status::Done(received),
            // What a game loop hears from most of its sockets in most of its frames comes the shortest way.
            Err(error) if sys::is_would_block(&error) => Status::NotReady,
            Err(error) => Error::from_transfer(error).into(),
        }
    }

    /// As `std::io::Read` wants it: an orderly end is 0 bytes, a reset is an error.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(received) = self.receive_without_the_system(buffer) {
            return Ok(received);
        }
        let mut attempt = self.mode.begin();
        self.establish(&mut attempt)?;
        self.receive_or_end(&mut attempt, buffer)
    }

    /// Nothing for an empty buffer; else the bytes that came with a packet.
    #[inline]
    fn receive_without_the_system(&mut self, buffer: &mut [u8]) -> Option<usize> {
        if buffer.is_empty() {
            return Some(0);
        }
        if self.inbox.is_empty() {
            return None;
        }
        let count = self.inbox.take_bytes(buffer);
        self.tell_of_bytes();
        Some(count)
    }

    #[inline]
    fn receive_or_end(&mut self, attempt: &mut Attempt, buffer: &mut [u8]) -> io::Result<usize> {
        let Self { state: State::Open(handle), wire, .. } = self else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let result = wire.receive_within(attempt, handle.socket(), |wire, socket| wire.receive(socket, buffer));
        if W::BUFFERS {
            self.tell_selectors();
        }
        result
    }

    pub(crate) fn flush(&mut self) -> Status {
        let mut attempt = self.mode.begin();
        self.establish(&mut attempt).and_then(|()| self.drain(&mut attempt)).into()
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.outbox.len() + self.wire.pending()
    }

    pub(crate) fn set_packet_limit(&mut self, limit: usize) {
        self.packet_limit = limit;
        self.tell_of_bytes();
    }

    pub(crate) fn packet_limit(&self) -> usize {
        self.packet_limit
    }

    pub(crate) fn set_outbox_limit(&mut self, limit: usize) {
        self.outbox_limit = limit;
    }

    pub(crate) fn outbox_limit(&self) -> usize {
        self.outbox_limit
    }

    pub(crate) fn shutdown_send(&mut self) -> Status {
        self.shutdown_send_within(&mut self.mode.begin()).into()
    }

    /// The same as part of a longer operation.
    pub(crate) fn shutdown_send_within(&mut self, attempt: &mut Attempt) -> Result<()> {
        self.establish(attempt)?;
        self.drain(attempt)?;
        self.wire.end();
        self.drain(attempt)?;
        let State::Open(handle) = &self.state else { return Err(Error::Disconnected) };
        handle.socket().shutdown(std::net::Shutdown::Write).map_err(Error::from_transfer)
    }

    /// The handle of a socket that exists, connected or connecting.
    pub(crate) fn handle(&self) -> Option<&Handle> {
        match &self.state {
            State::Closed => None,
            State::Connecting(connecting) => Some(&connecting.handle),
            State::Open(handle) => Some(handle),
        }
    }

    #[cfg(any(feature = "ftp", feature = "http", feature = "messages"))]
    pub(crate) fn handle_mut(&mut self) -> Option<&mut Handle> {
        match &mut self.state {
            State::Closed => None,
            State::Connecting(connecting) => Some(&mut connecting.handle),
            State::Open(handle) => Some(handle),
        }
    }

    /// Takes the connection away. This end is closed then, and the peer is told nothing.
    #[cfg(feature = "ftp")]
    pub(crate) fn take_handle(&mut self) -> Option<Handle> {
        match std::mem::replace(&mut self.state, State::Closed) {
            State::Closed => None,
            State::Connecting(connecting) => Some(connecting.handle),
            State::Open(handle) => Some(handle),
        }
    }

    /// Makes sure that bytes can pass, ending a pending connect and a handshake if they can be ended now.
    #[inline]
    fn establish(&mut self, attempt: &mut Attempt) -> Result<()> {
        match self.state {
            State::Open(_) if self.wire.is_ready() => Ok(()),
            State::Closed => Err(Error::Disconnected),
            State::Open(_) | State::Connecting(_) => self.establish_now(attempt),
        }
    }

    fn establish_now(&mut self, attempt: &mut Attempt) -> Result<()> {
        self.finish_connect_within(attempt, &mut None).into_result()?;
        let State::Open(handle) = &self.state else { return Err(Error::Disconnected) };
        if self.wire.is_ready() {
            return Ok(());
        }
        let result = self.wire.handshake(handle.socket(), attempt.until());
        if matches!(result, Err(Error::TimedOut { .. })) {
            self.disconnect();
        }
        self.tell_selectors();
        result
    }

    /// Sends what is in the outbox, and what the wire has taken charge of.
    fn drain(&mut self, attempt: &mut Attempt) -> Result<()> {
        let Self { state: State::Open(handle), wire, mode, outbox, .. } = self else { return Err(Error::Disconnected) };
        while !outbox.is_empty() {
            let front = outbox.front();
            let waiting = front.len();
            let sent = attempt
                .call(handle.socket(), Direction::Write, |socket| wire.send(socket, front))
                .map_err(Error::from_transfer)?;
            outbox.consume(sent);
            if sent < waiting && !mode.blocking {
                return Err(Error::NotReady);
            }
        }
        if wire.pending() > 0 {
            attempt
                .call(handle.socket(), Direction::Write, |socket| wire.flush(socket))
                .map_err(Error::from_transfer)?;
        }
        wire.check()
    }

    /// Selectors must not wait for the kernel while something can be had without it.
    fn tell_selectors(&self) {
        self.tell_whether_received(!matches!(self.inbox.next(self.packet_limit), Next::More(_)));
    }

    /// The same for bytes that may be somebody's who wants no packets.
    fn tell_of_bytes(&self) {
        self.tell_whether_received(!self.inbox.is_empty());
    }

    /// Tells selectors whether a receive has an answer that the system does not know of.
    #[inline]
    pub(crate) fn tell_whether_received(&self, has_answer: bool) {
        if let State::Open(handle) = &self.state {
            handle.set_buffered(has_answer || self.wire.has_received());
        }
    }
}

/// The largest packet, unless `set_packet_limit` says otherwise: far beyond what games send, far below what hurts.
pub(crate) const DEFAULT_PACKET_LIMIT: usize = 16 * 1024 * 1024;
/// How much a non-blocking socket keeps for a peer that does not read, unless `set_outbox_limit` says otherwise.
pub(crate) const DEFAULT_OUTBOX_LIMIT: usize = 8 * 1024 * 1024;
