//! One end of a byte stream, as TCP and local sockets share it: the connection's phases, the status table, packets.

#[cfg(feature = "http")]
mod at_once;
mod connecting;

use std::{io, time::Duration};

use socket2::{SockAddr, Socket};

use connecting::{Connecting, connect_error};

use crate::{
    bytes::{Inbox, Next, Outbox, PREFIX_LENGTH},
    error::{Error, Result},
    mode::{Attempt, Mode},
    packet::Packet,
    status::Status,
    sys::{self, Direction, Handle},
    time::Deadline,
};

/// A stream socket in any phase of its life.
#[derive(Debug)]
pub(crate) struct Link {
    state: State,
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
            Err(error) if sys::is_connect_in_progress(&error) => None,
            Err(error) if address.is_unix() && sys::is_connect_retry(&error) => Some(address.clone()),
            Err(error) => return Err(connect_error(error)),
        };
        let handle = Handle::new(socket);
        self.state = State::Connecting(Box::new(Connecting { handle, deadline, limit, again }));
        if self.mode.blocking { self.finish_connect().into_result() } else { Err(Error::NotReady) }
    }

    pub(crate) fn finish_connect(&mut self) -> Status {
        let finished = match &mut self.state {
            State::Closed => return Status::Disconnected,
            State::Open(_) => return Status::Done(()),
            State::Connecting(connecting) => connecting.finish(self.mode.blocking),
        };
        match (finished, std::mem::replace(&mut self.state, State::Closed)) {
            (Ok(true), State::Connecting(connecting)) => self.opened(connecting.handle, true).into(),
            (Ok(false), pending) => {
                self.state = pending;
                Status::NotReady
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
        self.state = State::Closed;
        self.inbox.clear();
        self.outbox.clear();
    }

    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Open(_))
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
        self.establish()?;
        let mut attempt = self.mode.begin();
        self.drain_outbox(&mut attempt)?;
        let State::Open(handle) = &self.state else { return Err(Error::Disconnected) };
        let mut rest = data;
        while !rest.is_empty() {
            match attempt.call(handle.socket(), Direction::Write, |socket| sys::send(socket, rest)) {
                Ok(sent) => rest = rest.get(sent..).unwrap_or_default(),
                Err(error) if sys::is_would_block(&error) && rest.len() < data.len() => break,
                Err(error) => return Err(Error::from_transfer(error)),
            }
            if !self.mode.blocking {
                break;
            }
        }
        Ok(data.len() - rest.len())
    }

    #[inline]
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
        if let Some(received) = self.receive_without_the_system(buffer) {
            return Status::Done(received);
        }
        if let Err(error) = self.establish() {
            return error.into();
        }
        match self.receive_or_end(buffer) {
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
        self.establish()?;
        self.receive_or_end(buffer)
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
        self.tell_selectors();
        Some(count)
    }

    #[inline]
    fn receive_or_end(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let State::Open(handle) = &self.state else { return Err(io::ErrorKind::NotConnected.into()) };
        self.mode.begin().call(handle.socket(), Direction::Read, |socket| sys::receive(socket, buffer))
    }

    pub(crate) fn send_packet(&mut self, packet: &Packet) -> Status {
        self.try_send_packet(packet.data()).into()
    }

    fn try_send_packet(&mut self, body: &[u8]) -> Result<()> {
        let prefix = self.prefix(body)?;
        self.establish()?;
        let mut attempt = self.mode.begin();
        match self.drain_outbox(&mut attempt) {
            Err(Error::NotReady) if !self.mode.blocking => return self.enqueue(prefix, body),
            result => result?,
        }
        let State::Open(handle) = &self.state else { return Err(Error::Disconnected) };
        let (mut head, mut rest) = (prefix.as_slice(), body);
        loop {
            let result = attempt.call(handle.socket(), Direction::Write, |socket| {
                if head.is_empty() { sys::send(socket, rest) } else { sys::send_two(socket, head, rest) }
            });
            let waiting = head.len() == PREFIX_LENGTH;
            match result {
                Ok(sent) => {
                    rest = rest.get(sent.saturating_sub(head.len())..).unwrap_or_default();
                    head = head.get(sent..).unwrap_or_default();
                }
                // The limit passed and nothing went: the packet is still the caller's.
                Err(error) if sys::is_would_block(&error) && self.mode.blocking && waiting => {
                    return Err(Error::NotReady);
                }
                Err(error) if sys::is_would_block(&error) => break,
                Err(error) => return Err(Error::from_transfer(error)),
            }
            if !self.mode.blocking || (head.is_empty() && rest.is_empty()) {
                break;
            }
        }
        self.outbox.push(head);
        self.outbox.push(rest);
        Ok(())
    }

    pub(crate) fn queue_packet(&mut self, packet: &Packet) -> Status {
        if matches!(self.state, State::Closed) {
            return Status::Disconnected;
        }
        let body = packet.data();
        self.prefix(body).and_then(|prefix| self.enqueue(prefix, body)).into()
    }

    pub(crate) fn flush(&mut self) -> Status {
        let mut attempt = self.mode.begin();
        self.establish().and_then(|()| self.drain_outbox(&mut attempt)).into()
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        self.outbox.len()
    }

    pub(crate) fn receive_packet(&mut self, packet: &mut Packet) -> Status {
        self.try_receive_packet(packet).into()
    }

    fn try_receive_packet(&mut self, packet: &mut Packet) -> Result<()> {
        let mut attempt = self.mode.begin();
        let mut budget = READ_BUDGET;
        loop {
            let missing = match self.inbox.next(self.packet_limit) {
                Next::Frame(length) => {
                    self.inbox.take_frame(length, packet.replace());
                    self.tell_selectors();
                    return Ok(());
                }
                Next::TooLong(length) => {
                    self.disconnect();
                    return Err(Error::packet_too_long(length, self.packet_limit));
                }
                Next::More(_) if budget == 0 && !self.mode.blocking => return Err(Error::NotReady),
                Next::More(missing) => missing,
            };
            self.establish()?;
            let State::Open(handle) = &self.state else { return Err(Error::Disconnected) };
            let (buffer, room) = self.inbox.room(missing);
            let result = attempt
                .call(handle.socket(), Direction::Read, |socket| sys::receive_more(socket, buffer, room))
                .map_err(Error::from_transfer);
            self.inbox.settle();
            match result {
                Ok(0) | Err(Error::Disconnected) => return Err(self.ended()),
                // A read that was not filled has taken all that the kernel had: asking again would only cost a call.
                Ok(received) if !self.mode.blocking && received < room && received < missing => {
                    return Err(Error::NotReady);
                }
                Ok(received) => budget = budget.saturating_sub(received),
                Err(error) => return Err(error),
            }
        }
    }

    pub(crate) fn set_packet_limit(&mut self, limit: usize) {
        self.packet_limit = limit;
        self.tell_selectors();
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
        match self.flush() {
            Status::Done(()) => {}
            other => return other,
        }
        let State::Open(handle) = &self.state else { return Status::Disconnected };
        handle.socket().shutdown(std::net::Shutdown::Write).map_err(Error::from_transfer).into()
    }

    /// The handle of a socket that exists, connected or connecting.
    pub(crate) fn handle(&self) -> Option<&Handle> {
        match &self.state {
            State::Closed => None,
            State::Connecting(connecting) => Some(&connecting.handle),
            State::Open(handle) => Some(handle),
        }
    }

    pub(crate) fn handle_mut(&mut self) -> Option<&mut Handle> {
        match &mut self.state {
            State::Closed => None,
            State::Connecting(connecting) => Some(&mut connecting.handle),
            State::Open(handle) => Some(handle),
        }
    }

    /// Gives the socket away, if it is connected and holds nothing that would be lost.
    #[expect(clippy::result_large_err, reason = "the error is the link itself, given back")]
    pub(crate) fn into_socket(self) -> Result<Socket, Self> {
        match self.state {
            State::Open(handle) if self.inbox.is_empty() && self.outbox.is_empty() => Ok(handle.into_socket()),
            state => Err(Self { state, ..self }),
        }
    }

    /// Makes sure that the link is open, ending a pending connect if it can be ended now.
    #[inline]
    fn establish(&mut self) -> Result<()> {
        match self.state {
            State::Open(_) => Ok(()),
            State::Closed => Err(Error::Disconnected),
            State::Connecting(_) => self.finish_connect().into_result(),
        }
    }

    fn drain_outbox(&mut self, attempt: &mut Attempt) -> Result<()> {
        let State::Open(handle) = &self.state else { return Err(Error::Disconnected) };
        while !self.outbox.is_empty() {
            let front = self.outbox.front();
            let waiting = front.len();
            let sent = attempt
                .call(handle.socket(), Direction::Write, |socket| sys::send(socket, front))
                .map_err(Error::from_transfer)?;
            self.outbox.consume(sent);
            if sent < waiting && !self.mode.blocking {
                return Err(Error::NotReady);
            }
        }
        Ok(())
    }

    fn prefix(&self, body: &[u8]) -> Result<[u8; PREFIX_LENGTH]> {
        let too_long = || Error::packet_too_long(body.len(), self.packet_limit);
        let length = u32::try_from(body.len()).map_err(|_| too_long())?;
        if body.len() > self.packet_limit { Err(too_long()) } else { Ok(length.to_be_bytes()) }
    }

    /// Takes charge of a packet. An empty outbox takes one of any size: else it could never be sent.
    fn enqueue(&mut self, prefix: [u8; PREFIX_LENGTH], body: &[u8]) -> Result<()> {
        let total = self.outbox.len().saturating_add(PREFIX_LENGTH).saturating_add(body.len());
        if !self.outbox.is_empty() && total > self.outbox_limit {
            return Err(Error::NotReady);
        }
        self.outbox.push(&prefix);
        self.outbox.push(body);
        Ok(())
    }

    /// The answer to a receive after the end of the stream.
    fn ended(&mut self) -> Error {
        match self.inbox.unfinished() {
            Some((received, expected)) => {
                self.inbox.clear();
                Error::CutShort { received: received as u64, expected: expected as u64 }
            }
            None => Error::Disconnected,
        }
    }

    /// Selectors must not wait for the kernel while a packet can be had without it.
    fn tell_selectors(&self) {
        if let State::Open(handle) = &self.state {
            handle.set_buffered(!matches!(self.inbox.next(self.packet_limit), Next::More(_)));
        }
    }
}

/// The largest packet, unless `set_packet_limit` says otherwise: far beyond what games send, far below what hurts.
pub(crate) const DEFAULT_PACKET_LIMIT: usize = 16 * 1024 * 1024;
/// How much a non-blocking socket keeps for a peer that does not read, unless `set_outbox_limit` says otherwise.
pub(crate) const DEFAULT_OUTBOX_LIMIT: usize = 8 * 1024 * 1024;
/// How much one non-blocking `receive_packet` reads at most, so that a fast peer cannot hold a frame of a game up.
const READ_BUDGET: usize = 1024 * 1024;
