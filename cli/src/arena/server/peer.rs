//! What the server keeps of each connection.

use std::time::{Duration, Instant};

use sockeye::{Interest, IpAddress, Packet, SocketSelector, Status, TcpSocket};

use crate::arena::allowance::Allowance;
use crate::arena::body::PlayerId;
use crate::arena::protocol::{MAX_MESSAGE, Token, is_after};
use crate::arena::text::Name;

/// How long a connection may take to say hello.
pub(super) const GREETING_LIMIT: Duration = Duration::from_secs(3);
/// How long a player's datagrams may stay away.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_secs(5);
/// Most bytes that wait for a client which reads slowly; a client that lets more pile up is not playing any more.
const OUTBOX_LIMIT: usize = 64 * 1024;
/// Chat: so many lines at once, then one in each interval.
pub(super) const CHAT_BURST: u32 = 5;
const CHAT_INTERVAL: Duration = Duration::from_secs(1);
/// Pings, likewise.
const PING_BURST: u32 = 20;
const PING_INTERVAL: Duration = Duration::from_millis(50);

/// A connection and who is behind it.
pub(super) struct Peer {
    socket: TcpSocket,
    /// Where the connection comes from; the player's datagrams must come from there too.
    address: IpAddress,
    watched: Interest,
    pub(super) phase: Phase,
}

/// How far a connection has come.
pub(super) enum Phase {
    /// Connected; must say hello before this time.
    Greeting { until: Instant },
    /// In the game.
    Playing(Player),
}

/// Somebody in the game.
pub(super) struct Player {
    pub(super) id: PlayerId,
    pub(super) name: Name,
    pub(super) token: Token,
    pub(super) chat: Allowance,
    pub(super) pings: Allowance,
    /// The port that the first datagram came from; no other is accepted after it.
    port: Option<u16>,
    last_input: Option<u32>,
    last_heard: Instant,
}

/// Why a peer was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parting {
    /// It closed the connection.
    Left,
    /// Its connection failed.
    Failed,
    /// It sent what is no message, or not at this point.
    Malformed,
    /// It was told why it cannot play.
    Refused,
    /// It did not say hello in time, or its datagrams stayed away.
    Silent,
    /// It does not read what it is sent.
    Unread,
}

impl Peer {
    /// Prepares an accepted socket: what the other side can make it hold is capped from the first byte on.
    pub(super) fn new(mut socket: TcpSocket, address: IpAddress, now: Instant) -> Self {
        socket.set_packet_limit(MAX_MESSAGE);
        socket.set_outbox_limit(OUTBOX_LIMIT);
        Self { socket, address, watched: Interest::Read, phase: Phase::Greeting { until: now + GREETING_LIMIT } }
    }

    /// The player, once there is one.
    pub(super) const fn player(&self) -> Option<&Player> {
        match &self.phase {
            Phase::Playing(player) => Some(player),
            Phase::Greeting { .. } => None,
        }
    }

    /// Where this player's snapshots go, once a datagram has told the port.
    pub(super) fn datagrams_to(&self) -> Option<(Token, IpAddress, u16)> {
        self.player().and_then(|player| Some((player.token, self.address, player.port?)))
    }

    /// The player, if a datagram with the right token may be this player's: from the address of the connection, and
    /// from one port only.
    pub(super) fn player_at(&mut self, from: IpAddress, port: u16, now: Instant) -> Option<&mut Player> {
        let Phase::Playing(player) = &mut self.phase else { return None };
        if from != self.address || *player.port.get_or_insert(port) != port {
            return None;
        }
        player.last_heard = now;
        Some(player)
    }

    /// Takes a message of the peer, if a whole one has arrived.
    pub(super) fn receive(&mut self, packet: &mut Packet) -> Result<bool, Parting> {
        match self.socket.receive_packet(packet) {
            Status::Done(()) => Ok(true),
            Status::NotReady => Ok(false),
            Status::Disconnected => Err(Parting::Left),
            Status::Error(error) if error.kind() == sockeye::ErrorKind::TooLong => Err(Parting::Malformed),
            Status::Error(_) => Err(Parting::Failed),
        }
    }

    /// Sends a message without ever waiting: what the kernel does not take stays in the socket's outbox.
    pub(super) fn send(&mut self, packet: &Packet, selector: &mut SocketSelector) -> Result<(), Parting> {
        match self.socket.send_packet(packet) {
            Status::Done(()) => self.watch(selector),
            Status::NotReady => Err(Parting::Unread),
            Status::Disconnected => Err(Parting::Left),
            Status::Error(_) => Err(Parting::Failed),
        }
    }

    /// Moves the outbox on, when the selector says that there is room.
    pub(super) fn flush(&mut self, selector: &mut SocketSelector) -> Result<(), Parting> {
        match self.socket.flush() {
            Status::Done(()) | Status::NotReady => self.watch(selector),
            Status::Disconnected => Err(Parting::Left),
            Status::Error(_) => Err(Parting::Failed),
        }
    }

    /// How much waits in the outbox.
    pub(super) fn pending_bytes(&self) -> usize {
        self.socket.pending_bytes()
    }

    /// Whether the peer has been silent for too long.
    pub(super) fn is_overdue(&self, now: Instant) -> bool {
        match &self.phase {
            Phase::Greeting { until } => now > *until,
            Phase::Playing(player) => now.saturating_duration_since(player.last_heard) > SILENCE_LIMIT,
        }
    }

    /// Room to write is of interest only while something waits to be written; a socket with room is always "ready".
    fn watch(&mut self, selector: &mut SocketSelector) -> Result<(), Parting> {
        let wanted = if self.pending_bytes() > 0 { Interest::Both } else { Interest::Read };
        if wanted != self.watched {
            selector.modify(&self.socket, wanted).map_err(|_| Parting::Failed)?;
            self.watched = wanted;
        }
        Ok(())
    }
}

impl Player {
    /// Makes a player who has just come in.
    pub(super) fn new(id: PlayerId, name: Name, token: Token, now: Instant) -> Self {
        Self {
            id,
            name,
            token,
            chat: Allowance::new(CHAT_BURST, CHAT_INTERVAL, now),
            pings: Allowance::new(PING_BURST, PING_INTERVAL, now),
            port: None,
            last_input: None,
            last_heard: now,
        }
    }

    /// Whether an input is newer than all before it; datagrams come late, twice and out of order.
    pub(super) fn is_news(&mut self, sequence: u32) -> bool {
        let news = self.last_input.is_none_or(|last| is_after(sequence, last));
        if news {
            self.last_input = Some(sequence);
        }
        news
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn player(now: Instant) -> Player {
        Player::new(PlayerId::from_number(0).unwrap(), Name::clean("Ada"), Token(1), now)
    }

    fn playing(address: IpAddress, now: Instant) -> Peer {
        let mut peer = Peer::new(TcpSocket::new(), address, now);
        peer.phase = Phase::Playing(player(now));
        peer
    }

    #[test]
    fn inputs_count_once_and_in_order_also_when_the_numbers_wrap() {
        let mut player = player(Instant::now());
        let news: Vec<bool> = [u32::MAX - 1, u32::MAX - 1, 0, u32::MAX, 1].map(|number| player.is_news(number)).into();
        assert_eq!(news, [true, false, true, false, true]);
    }

    #[test]
    fn datagrams_belong_to_the_address_of_the_connection_and_to_the_first_port() {
        let now = Instant::now();
        let mut peer = playing(IpAddress::LOCAL_HOST, now);
        assert_eq!(peer.datagrams_to(), None);
        assert!(peer.player_at(IpAddress::new(127, 0, 0, 2), 4_000, now).is_none());
        assert!(peer.player_at(IpAddress::LOCAL_HOST, 4_001, now).is_some());
        assert!(peer.player_at(IpAddress::LOCAL_HOST, 4_002, now).is_none());
        assert_eq!(peer.datagrams_to(), Some((Token(1), IpAddress::LOCAL_HOST, 4_001)));
    }

    #[test]
    fn silence_is_measured_from_the_last_datagram_that_was_the_players() {
        let now = Instant::now();
        let mut peer = playing(IpAddress::LOCAL_HOST, now);
        let later = now + SILENCE_LIMIT;
        assert!(peer.player_at(IpAddress::LOCAL_HOST, 4_000, later).is_some());
        assert!(peer.player_at(IpAddress::LOCAL_HOST, 4_001, later + SILENCE_LIMIT).is_none());
        assert!(!peer.is_overdue(later + SILENCE_LIMIT));
        assert!(peer.is_overdue(later + SILENCE_LIMIT + Duration::from_nanos(1)));
    }

    #[test]
    fn a_connection_that_does_not_greet_is_overdue_after_the_limit() {
        let now = Instant::now();
        let peer = Peer::new(TcpSocket::new(), IpAddress::LOCAL_HOST, now);
        assert!(!peer.is_overdue(now + GREETING_LIMIT));
        assert!(peer.is_overdue(now + GREETING_LIMIT + Duration::from_nanos(1)));
    }
}
