//! A TLS session between a link and its socket: what is encrypted and not sent yet, what has arrived and not been read.

mod budget;
mod incoming;
mod outgoing;
mod passage;

use std::{io, mem, time::Duration};

use rustls::{Connection, HandshakeKind, ProtocolVersion};
use socket2::Socket;

use super::{Client, Server, known_hosts, unusable};
use crate::{
    bytes::Outbox,
    error::{Error, Phase, Result, TlsError},
    link::Wire,
    mode::wait_until,
    sys::{self, Direction},
    time::Deadline,
    tls::{Fingerprint, KnownHosts, TlsVersion},
};
use budget::Budget;
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
    /// Whether the last attempt to receive has found no room for them.
    wants_room: bool,
    /// Bytes of plaintext that were read.
    total: u64,
    budget: Budget,
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
            wants_room: false,
            total: 0,
            budget: Budget::default(),
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

    #[cfg(feature = "ftp")]
    pub(in crate::tls) fn wants_to_send(&self) -> bool {
        !self.before.is_empty() || self.connection.wants_write()
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
        self.budget = Budget::of(self.connection.negotiated_cipher_suite());
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

    /// Nothing passes any more. The peer is told if that takes no waiting.
    fn fail(&mut self, error: TlsError, socket: &Socket) {
        self.before.clear();
        self.arrived.clear();
        let _ = self.push(socket);
        self.pending = 0;
        self.phase = State::Failed(error);
    }

    /// Waits until the socket is ready, for as long as both deadlines allow.
    fn wait(socket: &Socket, direction: Direction, one: Deadline, other: Deadline) -> Result<bool> {
        let limit = [one.remaining(), other.remaining()].into_iter().flatten().min();
        wait_until(socket, direction, Deadline::after(limit)).map_err(Error::from_os)
    }
}

impl Wire for Session {
    const BUFFERS: bool = true;

    fn is_ready(&self) -> bool {
        !matches!(self.phase, State::New | State::Handshaking(_))
    }

    fn handshake(&mut self, socket: &Socket, until: Deadline) -> Result<()> {
        let deadline = match self.phase {
            State::New => Deadline::after(self.limit),
            State::Handshaking(deadline) => deadline,
            _ => return self.check(),
        };
        self.phase = State::Handshaking(deadline);
        loop {
            self.decrypt(socket);
            self.check()?;
            let has_sent_all = match self.push(socket) {
                Ok(has_sent_all) => has_sent_all,
                // A peer that has ended in order misses nothing, and what it has said is there to be read.
                Err(_) if matches!(self.phase, State::Ended) => true,
                // What the peer has said before it went is a better reason than that it went.
                Err(_) if matches!(sys::wait_for(socket, Direction::Read, Some(Duration::ZERO)), Ok(true)) => {
                    self.fill(socket).map_err(Error::from_transfer)?;
                    continue;
                }
                Err(error) => {
                    self.fail(TlsError::Protocol { reason: error.to_string().into() }, socket);
                    continue;
                }
            };
            if has_sent_all && !self.connection.is_handshaking() {
                return self.opened(socket);
            }
            let direction = if has_sent_all { Direction::Read } else { Direction::Write };
            let is_ready = Self::wait(socket, direction, until, deadline)?;
            match self.limit {
                Some(limit) if deadline.has_passed() => {
                    return Err(Error::TimedOut { phase: Phase::Handshake, limit });
                }
                _ if !is_ready => return Err(Error::NotReady),
                _ => {}
            }
            if has_sent_all {
                match self.fill(socket) {
                    Err(error) if sys::is_would_block(&error) || sys::is_interrupted(&error) => {}
                    result => result.map_err(Error::from_transfer)?,
                }
            }
        }
    }

    fn check(&self) -> Result<()> {
        match &self.phase {
            State::Failed(error) => Err(Error::Tls(Box::new(error.clone()))),
            _ => Ok(()),
        }
    }

    fn send(&mut self, socket: &Socket, data: &[u8]) -> io::Result<usize> {
        self.send_all(socket, data, &[])
    }

    fn send_two(&mut self, socket: &Socket, first: &[u8], second: &[u8]) -> io::Result<usize> {
        self.send_all(socket, first, second)
    }

    fn pending(&self) -> usize {
        self.pending
    }

    fn flush(&mut self, socket: &Socket) -> io::Result<()> {
        self.check()?;
        while self.connection.wants_write() {
            if let Err(error) = self.send_some(&mut Passage::whole(socket)) {
                self.count();
                return Err(error);
            }
        }
        self.pending = 0;
        Ok(())
    }

    fn receive(&mut self, socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        let mut rest = buffer;
        self.receive_with(socket, room, |chunk| {
            if let Some((now, later)) = mem::take(&mut rest).split_at_mut_checked(chunk.len()) {
                now.copy_from_slice(chunk);
                rest = later;
            }
        })
    }

    fn receive_more(&mut self, socket: &Socket, buffer: &mut Vec<u8>, room: usize) -> io::Result<usize> {
        self.receive_with(socket, room, |chunk| buffer.extend_from_slice(chunk))
    }

    fn wants_room(&self) -> bool {
        self.wants_room
    }

    fn has_received(&self) -> bool {
        let is_over = !matches!(self.phase, State::New | State::Handshaking(_) | State::Open);
        self.is_readable || is_over || !self.arrived.is_empty()
    }

    fn end(&mut self) {
        if !mem::replace(&mut self.has_ended, true) {
            self.connection.send_close_notify();
            self.count();
        }
    }

    fn close(&mut self, socket: &Socket) {
        if matches!(self.phase, State::Open | State::Ended) {
            self.end();
            let _ = self.push(socket);
        }
        // A socket that closes with something unread resets the connection, and what was sent may be lost with it: so
        // does a client that has only sent, and not read the tickets that the server sends behind the handshake.
        if !matches!(self.phase, State::New)
            && matches!(sys::wait_for(socket, Direction::Read, Some(Duration::ZERO)), Ok(true))
        {
            let _ = Arrived::default().fill(socket);
        }
    }
}

#[cfg(test)]
mod tests;
