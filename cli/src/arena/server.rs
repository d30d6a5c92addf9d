//! The server: one thread, one selector, any number of peers, and a clock that does not wait for any of them.
//!
//! The loop sleeps in the selector until a socket has something or the next tick is due, whichever comes first. What
//! has arrived is read in bounded portions, so that nobody can keep the loop from its ticks; a tick moves the world on
//! and sends a snapshot to everybody. No call waits for a peer: every socket is non-blocking, TCP sends go to an outbox
//! with a cap, UDP sends that find no room are left out.
//!
//! The world is the server's alone. A client says what it *wants*; the datagrams that say so carry a random token which
//! the server told that client over TCP, and count only from the address of that connection.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::SyncSender;
use std::time::Instant;

use sockeye::{Event, IpAddress, Key, Packet, SocketSelector, Status, TcpListener, TcpSocket, UdpSocket};

use super::clock::Clock;
use super::error::ArenaError;
use super::protocol::{ClientDatagram, ClientMessage, MAX_DATAGRAM, ServerDatagram, ServerMessage, Snapshot, Token};
use super::random;
use super::stop::Stop;
use super::world::{MAX_PLAYERS, TICK_RATE, World};

mod lobby;
mod peer;
mod tally;

use peer::{Parting, Peer};
pub(crate) use tally::{Pulse, Tally};

/// Connections at once: all players, and some who are saying hello or are told that the arena is full.
const MAX_PEERS: usize = MAX_PLAYERS + 16;
/// What one round of the loop reads at most, before it looks at the clock again.
const ACCEPTS_PER_ROUND: usize = 16;
const MESSAGES_PER_ROUND: usize = 8;
const DATAGRAMS_PER_ROUND: usize = 256;

/// An arena that others can join.
pub(crate) struct Server {
    listener: TcpListener,
    listener_key: Key,
    door: Door,
    udp: UdpSocket,
    udp_key: Key,
    selector: SocketSelector,
    peers: BTreeMap<Key, Peer>,
    tokens: HashMap<Token, Key>,
    /// Who has to go; they go when nobody is looking at the list of peers.
    leaving: Vec<(Key, Parting)>,
    world: World,
    clock: Clock,
    tally: Tally,
    pulses: SyncSender<Pulse>,
}

/// Whether connections are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    Open,
    /// Not before the next tick.
    Resting,
}

impl Server {
    /// Opens the arena at an address, or at all addresses of the machine; port 0 takes a free one. How it does goes to
    /// `pulses`, once a second.
    ///
    /// # Errors
    ///
    /// [`ArenaError::Socket`] when the port is taken or the address is not this machine's.
    pub(crate) fn open(address: Option<IpAddress>, port: u16, pulses: SyncSender<Pulse>) -> Result<Self, ArenaError> {
        let mut listener = TcpListener::new();
        let listening = match address {
            Some(address) => listener.listen_on(address, port),
            None => listener.listen(port),
        };
        listening.into_result().map_err(ArenaError::socket("cannot listen (TCP)"))?;
        listener.set_blocking(false).map_err(ArenaError::socket("cannot listen (TCP)"))?;

        // A free TCP port says nothing about the UDP port of that number: clients are told which one it is.
        let mut udp = UdpSocket::new();
        let bound = match address {
            Some(address) => udp.bind_to(address, port),
            None => udp.bind(port),
        };
        bound.into_result().map_err(ArenaError::socket("cannot bind (UDP)"))?;
        udp.set_blocking(false).map_err(ArenaError::socket("cannot bind (UDP)"))?;

        let mut selector = SocketSelector::new().map_err(ArenaError::socket(SELECTING))?;
        let listener_key = selector.add(&listener).map_err(ArenaError::socket(SELECTING))?;
        let udp_key = selector.add(&udp).map_err(ArenaError::socket(SELECTING))?;
        let now = Instant::now();
        Ok(Self {
            listener,
            listener_key,
            door: Door::Open,
            udp,
            udp_key,
            selector,
            peers: BTreeMap::new(),
            tokens: HashMap::new(),
            leaving: Vec::new(),
            world: World::new(random::secret()?),
            clock: Clock::starting(now),
            tally: Tally::starting(now),
            pulses,
        })
    }

    /// The TCP port that players connect to.
    pub(crate) fn port(&self) -> u16 {
        self.listener.local_port()
    }

    /// The UDP port for datagrams, which players are told when they join.
    pub(crate) fn udp_port(&self) -> u16 {
        self.udp.local_port()
    }

    /// Runs the arena until somebody raises `stop`, and tells what was counted.
    ///
    /// # Errors
    ///
    /// [`ArenaError::Socket`] when the selector fails. Nothing that a peer does ends the loop.
    pub(crate) fn run(mut self, stop: &Stop) -> Result<Tally, ArenaError> {
        self.clock = Clock::starting(Instant::now());
        self.tally = Tally::starting(Instant::now());
        while !stop.is_raised() {
            let limit = self.clock.until_next(Instant::now());
            if self.selector.wait(Some(limit)).map_err(ArenaError::socket(SELECTING))? {
                self.read_what_is_there(Instant::now());
            }
            while let Some(late) = self.clock.take(Instant::now()) {
                let started = Instant::now();
                self.tick(started);
                self.tally.ticked(started.elapsed(), late);
            }
            self.tally.missed = self.clock.missed();
        }
        Ok(self.tally)
    }

    fn read_what_is_there(&mut self, now: Instant) {
        // A copy, since handling one event may close the socket of another.
        let events: Vec<Event> = self.selector.ready().collect();
        for event in events {
            if event.key == self.listener_key {
                self.accept(now);
            } else if event.key == self.udp_key {
                self.receive_datagrams(now);
            } else {
                if event.writable {
                    self.flush(event.key);
                }
                if event.readable {
                    self.receive_messages(event.key, now);
                }
            }
        }
        self.let_them_go();
    }

    fn tick(&mut self, now: Instant) {
        let overdue = self.peers.iter().filter(|(_, peer)| peer.is_overdue(now));
        self.leaving.extend(overdue.map(|(key, _)| (*key, Parting::Silent)));
        if self.door == Door::Resting && self.selector.add(&self.listener).is_ok() {
            self.door = Door::Open;
        }
        let round_over = self.world.step();
        self.send_snapshots();
        if let Some(over) = round_over {
            self.broadcast(&ServerMessage::RoundOver { winner: over.winner, gems: over.gems });
        }
        if self.world.tick().is_multiple_of(TICK_RATE) {
            let pulse = self.tally.end_second(now);
            self.broadcast(&ServerMessage::Load(pulse.load));
            // Whoever shows it may be slow, and is not waited for.
            _ = self.pulses.try_send(pulse);
        }
        self.let_them_go();
    }

    // Connections.

    fn accept(&mut self, now: Instant) {
        for _ in 0..ACCEPTS_PER_ROUND {
            match self.listener.accept() {
                Status::Done(socket) => self.admit(socket, now),
                Status::NotReady => return,
                // No descriptor is left. The connection stays in the queue and the listener ready: without a rest until
                // the next tick the selector would not sleep any more.
                Status::Disconnected | Status::Error(_) => {
                    self.tally.dropped.connections += 1;
                    self.selector.remove(&self.listener);
                    self.door = Door::Resting;
                    return;
                }
            }
        }
    }

    /// Takes a connection in, or drops it if there are too many.
    fn admit(&mut self, socket: TcpSocket, now: Instant) {
        let key = (self.peers.len() < MAX_PEERS).then(|| self.selector.add(&socket));
        match (key, socket.remote_address()) {
            (Some(Ok(key)), Some(address)) => {
                self.peers.insert(key, Peer::new(socket, address, now));
            }
            _ => self.tally.dropped.connections += 1,
        }
    }

    fn receive_messages(&mut self, key: Key, now: Instant) {
        let mut packet = Packet::new();
        for _ in 0..MESSAGES_PER_ROUND {
            let Some(peer) = self.peers.get_mut(&key) else { return };
            let outcome = match peer.receive(&mut packet) {
                Ok(false) => return,
                Ok(true) => {
                    self.tally.traffic.received.count(packet.len() + FRAME_PREFIX);
                    let message = ClientMessage::decode(&mut packet).map_err(|_| Parting::Malformed);
                    message.and_then(|message| self.handle(key, message, now))
                }
                Err(parting) => Err(parting),
            };
            if let Err(parting) = outcome {
                self.leaving.push((key, parting));
                return;
            }
        }
    }

    // Datagrams.

    fn receive_datagrams(&mut self, now: Instant) {
        let mut buffer = [0; MAX_DATAGRAM];
        let mut packet = Packet::new();
        for _ in 0..DATAGRAMS_PER_ROUND {
            match self.udp.receive(&mut buffer) {
                Status::Done((length, from, port)) => {
                    self.tally.traffic.received.count(length);
                    packet.clear();
                    packet.append(buffer.get(..length).unwrap_or_default());
                    self.handle_datagram(&mut packet, from, port, now);
                }
                Status::NotReady | Status::Disconnected => return,
                // Too long for any of ours, or the system's complaint about one of them: it is gone, the next may be
                // good.
                Status::Error(_) => self.tally.dropped.malformed += 1,
            }
        }
    }

    fn handle_datagram(&mut self, packet: &mut Packet, from: IpAddress, port: u16, now: Instant) {
        let Ok((token, datagram)) = ClientDatagram::decode(packet) else {
            self.tally.dropped.malformed += 1;
            return;
        };
        let peer = self.tokens.get(&token).and_then(|key| self.peers.get_mut(key));
        let Some(player) = peer.and_then(|peer| peer.player_at(from, port, now)) else {
            self.tally.dropped.strangers += 1;
            return;
        };
        match datagram {
            ClientDatagram::Input { sequence, intent } if player.is_news(sequence) => {
                self.world.steer(player.id, intent);
            }
            ClientDatagram::Input { .. } => self.tally.dropped.stale += 1,
            ClientDatagram::Ping { stamp } if player.pings.take(now) => {
                let body = ServerDatagram::Pong { stamp }.encode_body();
                ServerDatagram::address(packet, token, &body);
                self.send_datagram(packet, from, port);
            }
            ClientDatagram::Ping { .. } => self.tally.dropped.over_rate += 1,
        }
    }

    /// Sends the arena to everybody who has said where; it is written once, only the tokens differ.
    fn send_snapshots(&mut self) {
        let body = ServerDatagram::Snapshot(Snapshot::of(&self.world)).encode_body();
        let everybody: Vec<_> = self.peers.values().filter_map(Peer::datagrams_to).collect();
        let mut packet = Packet::new();
        for (token, address, port) in everybody {
            ServerDatagram::address(&mut packet, token, &body);
            self.send_datagram(&packet, address, port);
        }
    }

    /// Sends a datagram or leaves it out: the next tick brings a newer one.
    fn send_datagram(&mut self, packet: &Packet, to: IpAddress, port: u16) {
        match self.udp.send(packet.data(), to, port) {
            Status::Done(length) => self.tally.traffic.sent.count(length),
            Status::NotReady | Status::Disconnected | Status::Error(_) => self.tally.dropped.unsent += 1,
        }
    }
}

/// What TCP puts before each packet: its length.
const FRAME_PREFIX: usize = 4;
const SELECTING: &str = "the selector failed";

#[cfg(test)]
mod tests;
