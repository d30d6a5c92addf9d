//! A TLS session between a link and its socket: what is encrypted and not sent yet, what has arrived and not been read.

mod passage;
mod wire;

use std::{
    io::{self, BufRead, IoSlice, Write},
    time::Duration,
};

use rustls::{Connection, HandshakeKind, ProtocolVersion};
use socket2::Socket;

use super::{Client, Server, failure::failure, known_hosts, unusable};
use crate::{
    bytes::Outbox,
    error::{Error, Result, TlsError},
    link::Wire,
    mode::wait_until,
    sys::{self, Direction},
    time::Deadline,
    tls::{Fingerprint, KnownHosts, TlsVersion},
};
use passage::{Arrived, Passage};

/// A session in any phase of its life. What is sent through it leaves encrypted or not at all.
#[derive(Debug)]
pub(in crate::tls) struct Session {
    connection: Box<Connection>,
    phase: State,
    peer: Peer,
    limit: Option<Duration>,
    /// What the socket had taken charge of before there was a session. It goes first, as it is.
    before: Outbox,
    /// What has come from the system and not been decrypted.
    arrived: Arrived,
    /// Whether there is plaintext to read.
    is_readable: bool,
    /// Bytes that are encrypted and not sent, as of the last attempt to send them.
    pending: usize,
    /// Bytes of plaintext that were read.
    total: u64,
    /// Whether the peer has been told, or will be, that nothing more comes.
    has_ended: bool,
}

/// Whom a session is with.
#[derive(Debug)]
pub(super) struct Peer {
    /// The name that it has to prove, empty for a client.
    pub(super) name: Box<str>,
    pub(super) known_hosts: Option<KnownHosts>,
}

#[derive(Debug)]
enum State {
    New,
    Handshaking(Deadline),
    Open,
    /// The peer has said that nothing more comes.
    Ended,
    /// The peer has gone without saying that nothing more comes.
    Cut,
    CutAndTold,
    Failed(TlsError),
}

impl Session {
    pub(in crate::tls) fn client(client: &Client, name: &str) -> Result<Self> {
        let (connection, peer) = client.begin(name)?;
        Ok(Self::new(connection.into(), peer, client.limit))
    }

    pub(in crate::tls) fn server(server: &Server) -> Result<Self> {
        let (connection, peer) = server.begin()?;
        Ok(Self::new(connection.into(), peer, server.limit))
    }

    fn new(connection: Connection, peer: Peer, limit: Option<Duration>) -> Self {
        Self {
            connection: Box::new(connection),
            phase: State::New,
            peer,
            limit,
            before: Outbox::default(),
            arrived: Arrived::default(),
            is_readable: false,
            pending: 0,
            total: 0,
            has_ended: false,
        }
    }

    /// Takes what a socket has received, which has to be part of the session, and what it has still to send.
    pub(in crate::tls) fn take_over(mut self, received: Vec<u8>, unsent: Outbox) -> Self {
        self.arrived = Arrived::from(received);
        self.pending = unsent.len();
        self.before = unsent;
        self
    }

    pub(in crate::tls) fn protocol(&self) -> Option<&[u8]> {
        self.connection.alpn_protocol()
    }

    pub(in crate::tls) fn version(&self) -> Option<TlsVersion> {
        match self.connection.protocol_version()? {
            ProtocolVersion::TLSv1_2 => Some(TlsVersion::Tls12),
            ProtocolVersion::TLSv1_3 => Some(TlsVersion::Tls13),
            _ => None,
        }
    }

    pub(in crate::tls) fn is_resumed(&self) -> bool {
        self.connection.handshake_kind() == Some(HandshakeKind::Resumed)
    }

    pub(in crate::tls) fn peer_certificate(&self) -> Option<&[u8]> {
        self.connection.peer_certificates()?.first().map(AsRef::as_ref)
    }

    pub(in crate::tls) fn export(&self, label: &[u8], context: Option<&[u8]>, output: &mut [u8]) -> Result<()> {
        if !self.is_ready() {
            return Err(Error::NotReady);
        }
        self.check()?;
        self.connection.export_keying_material(output, label, context).map(|_| ()).map_err(unusable)
    }

    /// What comes after the last step of the handshake.
    fn opened(&mut self, socket: &Socket) -> Result<()> {
        // The peer's end may have come with its last step.
        if matches!(self.phase, State::Handshaking(_)) {
            self.phase = State::Open;
        }
        if let Some(known) = &self.peer.known_hosts
            && let Some(certificate) = self.peer_certificate()
        {
            let found = Fingerprint::of_certificate(certificate)?;
            if let Err(error) = known_hosts::remember(known.path(), &self.peer.name, found) {
                self.fail(error, socket);
            }
        }
        self.check()
    }

    /// Decrypts what has arrived, until there is plaintext to read or nothing left.
    fn decrypt(&mut self, socket: &Socket) {
        while !self.is_readable && !self.arrived.is_empty() {
            let mut unread = self.arrived.unread();
            let result = match self.connection.read_tls(&mut unread) {
                Ok(count) => {
                    self.arrived.consume(count);
                    self.connection.process_new_packets().map_err(|error| failure(&error, &self.peer.name))
                }
                Err(error) => Err(TlsError::Protocol { reason: error.to_string().into() }),
            };
            self.look();
            match result {
                Ok(state) if state.peer_has_closed() => {
                    // What comes behind the end is nobody's (RFC 8446 section 6.1).
                    self.arrived.clear();
                    self.phase = State::Ended;
                }
                Ok(_) => {}
                Err(error) => self.fail(error, socket),
            }
        }
        if self.connection.wants_write() && matches!(self.phase, State::Open) {
            // An answer to the peer; if it does not go now, it goes with what is sent next.
            let _ = self.push(socket);
        }
    }

    fn look(&mut self) {
        self.is_readable = matches!(self.connection.reader().fill_buf(), Ok(chunk) if !chunk.is_empty());
    }

    /// Nothing passes any more. The peer is told if that takes no waiting.
    fn fail(&mut self, error: TlsError, socket: &Socket) {
        self.before.clear();
        self.arrived.clear();
        let _ = self.push(socket);
        self.pending = 0;
        self.phase = State::Failed(error);
    }

    /// Reads plaintext, up to `room` bytes.
    fn read(&mut self, socket: &Socket, room: usize, put: &mut impl FnMut(&[u8])) -> usize {
        let mut count = 0;
        loop {
            // Also when there is no room: whether there is more to read is for selectors to know.
            self.decrypt(socket);
            if !self.is_readable || count == room {
                break;
            }
            let mut reader = self.connection.reader();
            let chunk = reader.fill_buf().unwrap_or_default();
            let now = chunk.len().min(room - count);
            put(chunk.get(..now).unwrap_or_default());
            reader.consume(now);
            count += now;
            self.look();
        }
        self.total += count as u64;
        count
    }

    fn receive_with(&mut self, socket: &Socket, room: usize, mut put: impl FnMut(&[u8])) -> io::Result<usize> {
        for _ in 0..READS_WITHOUT_PLAINTEXT {
            let count = self.read(socket, room, &mut put);
            if count > 0 {
                return Ok(count);
            }
            match &self.phase {
                State::Ended => return Ok(0),
                State::Cut => {
                    self.phase = State::CutAndTold;
                    return Err(Error::CutShort { received: self.total, expected: 0 }.into());
                }
                // The same status as an orderly end, and still an error for `std::io::Read`.
                State::CutAndTold => return Err(io::ErrorKind::ConnectionAborted.into()),
                State::Failed(error) => return Err(Error::Tls(Box::new(error.clone())).into()),
                State::New | State::Handshaking(_) | State::Open => self.fill(socket)?,
            }
        }
        Err(io::ErrorKind::WouldBlock.into())
    }

    /// Takes what the system has.
    fn fill(&mut self, socket: &Socket) -> io::Result<()> {
        if self.pending > 0 {
            // What is wrong with it is for a send to say.
            let _ = self.push(socket);
        }
        match self.arrived.fill(socket) {
            Ok(count) if count > 0 => return Ok(()),
            Ok(_) => {}
            Err(error) if sys::is_would_block(&error) || sys::is_interrupted(&error) => return Err(error),
            Err(error) => match Error::from_transfer(error) {
                // A reset is no more an orderly end than silence is.
                Error::Disconnected => {}
                other => return Err(other.into()),
            },
        }
        if self.is_ready() {
            self.phase = State::Cut;
        } else {
            self.fail(TlsError::Protocol { reason: CLOSED_EARLY.into() }, socket);
        }
        Ok(())
    }

    /// Sends what is pending as far as the system has room, even if the socket would wait for room; tells whether all
    /// has gone.
    fn push(&mut self, socket: &Socket) -> io::Result<bool> {
        let result = self.try_push(socket);
        self.count();
        result
    }

    fn try_push(&mut self, socket: &Socket) -> io::Result<bool> {
        while !self.before.is_empty() || self.connection.wants_write() {
            if !wait_until(socket, Direction::Write, Deadline::after(Some(Duration::ZERO)))? {
                return Ok(false);
            }
            match self.send_some(&mut Passage::piecewise(socket)) {
                Ok(()) => {}
                Err(error) if sys::is_would_block(&error) => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    fn send_some(&mut self, passage: &mut Passage<'_>) -> io::Result<()> {
        let result = if self.before.is_empty() {
            self.connection.write_tls(passage).map(|_| ())
        } else {
            passage.write(self.before.front()).map(|sent| self.before.consume(sent))
        };
        match result {
            Err(error) if sys::is_interrupted(&error) => Ok(()),
            result => result,
        }
    }

    /// Finds out how much is pending.
    fn count(&mut self) {
        let encrypted = if self.connection.wants_write() {
            // Nothing has arrived since it was called last, so that it only counts.
            self.connection.process_new_packets().map_or(0, |state| state.tls_bytes_to_write())
        } else {
            0
        };
        self.pending = self.before.len() + encrypted;
    }

    /// Encrypts and sends two pieces, until the system has no room: what is encrypted by then is taken.
    fn send_all(&mut self, socket: &Socket, first: &[u8], second: &[u8]) -> io::Result<usize> {
        self.check()?;
        if self.has_ended {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.flush(socket)?;
        let (mut first, mut second, mut taken) = (first, second, 0);
        while !(first.is_empty() && second.is_empty()) {
            let count = if second.is_empty() {
                self.connection.writer().write(first)?
            } else {
                self.connection.writer().write_vectored(&[IoSlice::new(first), IoSlice::new(second)])?
            };
            second = second.get(count.saturating_sub(first.len())..).unwrap_or_default();
            first = first.get(count..).unwrap_or_default();
            let gone = taken;
            taken += count;
            match self.flush(socket) {
                Ok(()) if count > 0 => {}
                Ok(()) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if sys::is_would_block(&error) => break,
                // The next call meets the same error, and has nothing to tell but that.
                Err(_) if gone > 0 => return Ok(gone),
                Err(error) => return Err(error),
            }
        }
        Ok(taken)
    }

    /// Waits until the socket is ready, for as long as both deadlines allow.
    fn wait(socket: &Socket, direction: Direction, one: Deadline, other: Deadline) -> Result<bool> {
        let limit = [one.remaining(), other.remaining()].into_iter().flatten().min();
        wait_until(socket, direction, Deadline::after(limit)).map_err(Error::from_os)
    }
}

/// How many reads one receive makes of a peer that sends records without anything in them.
const READS_WITHOUT_PLAINTEXT: usize = 16;

const CLOSED_EARLY: &str = "the peer closed the connection during the handshake";
