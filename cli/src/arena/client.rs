//! The client: the part of a game that talks to the server without ever waiting for it.
//!
//! A game loop calls [`Client::poll`] once a frame, or whenever a selector says that something has arrived, and
//! [`Client::steer`] once a frame. Both come back at once, whatever the network does: the sockets are non-blocking,
//! `NotReady` means "go on with the frame", and each call reads a bounded portion.

use std::time::{Duration, Instant};

use sockeye::{IpAddress, Packet, SocketSelector, Status, TcpSocket, UdpSocket};

use super::body::Intent;
use super::error::ArenaError;
use super::picture::Picture;
use super::protocol::{ClientDatagram, ClientMessage, MAX_DATAGRAM, MAX_MESSAGE, ServerDatagram, ServerMessage, Token};
use super::stats::{Meter, Traffic};
use super::text::{Line, Name};

mod measured;
mod session;

pub(crate) use measured::Measured;
use session::{SILENCE_LIMIT, Session};

/// How long one address of the server may take to answer.
const CONNECT_LIMIT: Duration = Duration::from_secs(3);
/// How long a server may take to welcome us once it is connected.
const WELCOME_LIMIT: Duration = Duration::from_secs(3);
/// A ping for the round-trip time this often.
const PING_INTERVAL: Duration = Duration::from_millis(100);
/// What one call reads at most: a server that never stops sending must not hold up a frame.
const MESSAGES_PER_POLL: usize = 64;
const DATAGRAMS_PER_POLL: usize = 64;

/// A player's end of the game.
pub(crate) struct Client {
    tcp: TcpSocket,
    udp: UdpSocket,
    name: Name,
    port: u16,
    phase: Phase,
    /// What the stamps of pings count from.
    started: Instant,
    next_ping: Instant,
    sequence: u32,
    measured: Measured,
    meter: Meter,
}

/// How far the client has come.
enum Phase {
    /// An address of the server is being tried; these are left.
    Connecting { left: std::vec::IntoIter<IpAddress> },
    /// We said hello.
    Greeting { until: Instant },
    /// We are in the game.
    Playing(Box<Session>),
}

impl Client {
    /// Begins to join the server at the first of its addresses that answers.
    ///
    /// # Errors
    ///
    /// [`ArenaError::Socket`] when there is no address to connect to.
    pub(crate) fn join(addresses: Vec<IpAddress>, port: u16, name: Name, now: Instant) -> Result<Self, ArenaError> {
        let mut tcp = TcpSocket::new();
        tcp.set_blocking(false).map_err(ArenaError::socket(CONNECTING))?;
        tcp.set_packet_limit(MAX_MESSAGE);
        let mut client = Self {
            tcp,
            udp: UdpSocket::new(),
            name,
            port,
            phase: Phase::Connecting { left: addresses.into_iter() },
            started: now,
            next_ping: now,
            sequence: 0,
            measured: Measured::nothing(),
            meter: Meter::starting(now),
        };
        client.try_next_address(sockeye::Error::Disconnected, now)?;
        Ok(client)
    }

    /// Does what can be done now: gets on with joining, reads what has arrived, moves on what could not be sent.
    ///
    /// # Errors
    ///
    /// When the game is over for this client: it could not join, the server has gone, is silent or speaks something
    /// else.
    pub(crate) fn poll(&mut self, now: Instant) -> Result<(), ArenaError> {
        match &self.phase {
            Phase::Connecting { .. } => self.get_connected(now)?,
            Phase::Greeting { until } if now > *until => return Err(ArenaError::NoWelcome(WELCOME_LIMIT)),
            Phase::Greeting { .. } => self.read_messages(now)?,
            Phase::Playing(session) if session.is_silent(now) => {
                return Err(ArenaError::Silent(SILENCE_LIMIT));
            }
            Phase::Playing(_) => {
                self.read_messages(now)?;
                self.read_datagrams(now)?;
                self.flush()?;
            }
        }
        self.meter.update(now, self.measured.traffic);
        Ok(())
    }

    /// Tells the server what the player wants, and now and then asks how long a datagram takes. Once a frame.
    pub(crate) fn steer(&mut self, intent: Intent, now: Instant) {
        if !self.is_playing() {
            return;
        }
        self.sequence = self.sequence.wrapping_add(1);
        self.send_datagram(ClientDatagram::Input { sequence: self.sequence, intent });
        if now >= self.next_ping {
            self.next_ping = now + PING_INTERVAL;
            self.send_datagram(ClientDatagram::Ping { stamp: self.stamp(now) });
        }
    }

    /// Says a line to everybody; it shows up when the server sends it back.
    ///
    /// # Errors
    ///
    /// As [`poll`](Self::poll).
    pub(crate) fn say(&mut self, line: Line) -> Result<(), ArenaError> {
        if self.is_playing() { self.send_message(&ClientMessage::Chat { line }) } else { Ok(()) }
    }

    /// Puts the sockets into a selector, once we are in the game, so that a loop can sleep until something arrives. A
    /// socket that is in it already stays in it.
    ///
    /// # Errors
    ///
    /// [`ArenaError::Socket`] when the selector cannot take them.
    pub(crate) fn watch(&self, selector: &mut SocketSelector) -> Result<(), ArenaError> {
        if self.is_playing() {
            selector.add(&self.tcp).map_err(ArenaError::socket("the selector failed"))?;
            selector.add(&self.udp).map_err(ArenaError::socket("the selector failed"))?;
        }
        Ok(())
    }

    /// Whether a selector's last wait found something for this client.
    pub(crate) fn is_ready(&self, selector: &SocketSelector) -> bool {
        selector.is_ready(&self.udp) || selector.is_ready(&self.tcp)
    }

    /// The arena, once we are in it.
    pub(crate) const fn picture(&self) -> Option<&Picture> {
        match &self.phase {
            Phase::Playing(session) => Some(&session.picture),
            Phase::Connecting { .. } | Phase::Greeting { .. } => None,
        }
    }

    /// Whether the server has let us in.
    pub(crate) const fn is_playing(&self) -> bool {
        matches!(self.phase, Phase::Playing(_))
    }

    /// The name we asked for.
    pub(crate) const fn name(&self) -> &Name {
        &self.name
    }

    /// What was measured so far.
    pub(crate) const fn measured(&self) -> &Measured {
        &self.measured
    }

    /// Bytes and packets in the last second.
    pub(crate) const fn rate(&self) -> Traffic {
        self.meter.rate()
    }

    // Joining.

    fn get_connected(&mut self, now: Instant) -> Result<(), ArenaError> {
        match self.tcp.finish_connect() {
            Status::Done(()) => self.greet(now),
            Status::NotReady => Ok(()),
            Status::Disconnected => self.try_next_address(sockeye::Error::Disconnected, now),
            Status::Error(error) => self.try_next_address(error, now),
        }
    }

    /// Goes on with the next address of the server; if there is none left, the last one's failure is the answer.
    fn try_next_address(&mut self, failure: sockeye::Error, now: Instant) -> Result<(), ArenaError> {
        let mut failure = failure;
        while let Phase::Connecting { left } = &mut self.phase {
            let Some(address) = left.next() else {
                return Err(ArenaError::Socket { doing: CONNECTING, source: failure });
            };
            match self.tcp.connect_timeout(address, self.port, CONNECT_LIMIT) {
                Status::Done(()) => return self.greet(now),
                Status::NotReady => return Ok(()),
                Status::Disconnected => failure = sockeye::Error::Disconnected,
                Status::Error(error) => failure = error,
            }
        }
        Ok(())
    }

    fn greet(&mut self, now: Instant) -> Result<(), ArenaError> {
        self.phase = Phase::Greeting { until: now + WELCOME_LIMIT };
        self.send_message(&ClientMessage::Hello { name: self.name.clone() })
    }

    fn begin_session(&mut self, picture: Picture, token: Token, udp_port: u16, now: Instant) -> Result<(), ArenaError> {
        let (Some(here), Some(server)) = (self.tcp.local_address(), self.tcp.remote_address()) else {
            return Err(ArenaError::Gone);
        };
        // The same address as the connection's: the server accepts our datagrams from no other.
        self.udp.bind_to(here, UdpSocket::ANY_PORT).into_result().map_err(ArenaError::socket(BINDING))?;
        self.udp.set_blocking(false).map_err(ArenaError::socket(BINDING))?;
        self.phase = Phase::Playing(Box::new(Session { server, udp_port, token, last_heard: now, picture }));
        Ok(())
    }

    // Messages over TCP.

    fn read_messages(&mut self, now: Instant) -> Result<(), ArenaError> {
        let mut packet = Packet::new();
        for _ in 0..MESSAGES_PER_POLL {
            match self.tcp.receive_packet(&mut packet) {
                Status::Done(()) => {
                    self.measured.traffic.received.count(packet.len() + FRAME_PREFIX);
                    let message = ServerMessage::decode(&mut packet).map_err(ArenaError::Malformed)?;
                    self.hear(message, now)?;
                }
                Status::NotReady => break,
                Status::Disconnected => return Err(ArenaError::Gone),
                Status::Error(source) => return Err(ArenaError::Socket { doing: "cannot receive", source }),
            }
        }
        Ok(())
    }

    fn hear(&mut self, message: ServerMessage, now: Instant) -> Result<(), ArenaError> {
        match (message, &mut self.phase) {
            (ServerMessage::Refused { refusal }, _) => Err(ArenaError::Refused(refusal)),
            (ServerMessage::Welcome { player, token, udp_port }, Phase::Greeting { .. }) => {
                self.begin_session(Picture::new(player, now), token, udp_port, now)
            }
            (message, Phase::Playing(session)) => {
                session.picture.hear(message);
                Ok(())
            }
            // Before its welcome a server has nothing else to say; ours never does.
            _ => Ok(()),
        }
    }

    fn send_message(&mut self, message: &ClientMessage) -> Result<(), ArenaError> {
        let packet = message.encode();
        match self.tcp.send_packet(&packet) {
            Status::Done(()) => {
                self.measured.traffic.sent.count(packet.len() + FRAME_PREFIX);
                Ok(())
            }
            // The outbox is full: the server has stopped reading, and a line of chat is not worth waiting for.
            Status::NotReady => Ok(()),
            Status::Disconnected => Err(ArenaError::Gone),
            Status::Error(source) => Err(ArenaError::Socket { doing: "cannot send", source }),
        }
    }

    fn flush(&mut self) -> Result<(), ArenaError> {
        match self.tcp.flush() {
            Status::Done(()) | Status::NotReady => Ok(()),
            Status::Disconnected => Err(ArenaError::Gone),
            Status::Error(source) => Err(ArenaError::Socket { doing: "cannot send", source }),
        }
    }

    // Datagrams over UDP.

    fn read_datagrams(&mut self, now: Instant) -> Result<(), ArenaError> {
        let mut buffer = [0; MAX_DATAGRAM];
        let mut packet = Packet::new();
        for _ in 0..DATAGRAMS_PER_POLL {
            match self.udp.receive(&mut buffer) {
                Status::Done((length, _, _)) => {
                    self.measured.traffic.received.count(length);
                    packet.clear();
                    packet.append(buffer.get(..length).unwrap_or_default());
                    self.handle_datagram(&mut packet, now);
                }
                Status::NotReady => break,
                Status::Disconnected => return Err(ArenaError::Gone),
                // Too long for one of the server's, or the system's complaint about one of ours: the next may be good.
                Status::Error(_) => self.measured.dropped += 1,
            }
        }
        Ok(())
    }

    /// The token says that a datagram is the server's. Its address need not: a server with several may answer from
    /// another one.
    fn handle_datagram(&mut self, packet: &mut Packet, now: Instant) {
        let decoded = ServerDatagram::decode(packet);
        let stamp = self.stamp(now);
        let Phase::Playing(session) = &mut self.phase else { return };
        match decoded {
            Ok((token, datagram)) if token == session.token => {
                session.last_heard = now;
                match datagram {
                    ServerDatagram::Snapshot(snapshot) => session.see(snapshot, &mut self.measured, now),
                    ServerDatagram::Pong { stamp: sent } => self.measured.answered(sent, stamp),
                }
            }
            _ => self.measured.dropped += 1,
        }
    }

    fn send_datagram(&mut self, datagram: ClientDatagram) {
        let Phase::Playing(session) = &self.phase else { return };
        let packet = datagram.encode(session.token);
        // What finds no room is left out: the next frame brings a newer one.
        if let Status::Done(length) = self.udp.send(packet.data(), session.server, session.udp_port) {
            self.measured.traffic.sent.count(length);
        }
    }

    fn stamp(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.started).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// What TCP puts before each packet: its length.
const FRAME_PREFIX: usize = 4;
const CONNECTING: &str = "cannot connect";
const BINDING: &str = "cannot open a UDP socket";

#[cfg(test)]
mod tests;
