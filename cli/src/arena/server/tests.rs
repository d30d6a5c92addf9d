use std::sync::mpsc;
use std::time::Duration;

use super::peer::{CHAT_BURST, GREETING_LIMIT, SILENCE_LIMIT};
use super::*;
use crate::arena::body::{Intent, PlayerId};
use crate::arena::protocol::{Refusal, VERSION};
use crate::arena::text::{Line, Name};

const PATIENCE: Duration = Duration::from_secs(10);

fn open() -> Server {
    Server::open(Some(IpAddress::LOCAL_HOST), 0, mpsc::sync_channel(1).0).unwrap()
}

/// Lets the server read until something holds.
fn serve_until(server: &mut Server, mut holds: impl FnMut(&Server) -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds(server) {
        assert!(Instant::now() < until, "the server never got there: {:?}", server.tally);
        if server.selector.wait(Some(Duration::from_millis(5))).unwrap() {
            server.read_what_is_there(Instant::now());
        }
    }
}

/// A client made of bare sockets, which can do what ours never does.
struct Stranger {
    tcp: TcpSocket,
    udp: UdpSocket,
    seat: Option<(PlayerId, Token)>,
}

impl Stranger {
    fn connect(server: &mut Server) -> Self {
        let before = server.peers.len();
        let mut tcp = TcpSocket::new();
        tcp.connect_timeout(IpAddress::LOCAL_HOST, server.port(), PATIENCE).into_result().unwrap();
        tcp.set_timeout(Some(PATIENCE)).unwrap();
        let mut udp = UdpSocket::new();
        udp.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        udp.set_timeout(Some(PATIENCE)).unwrap();
        serve_until(server, |server| server.peers.len() > before);
        Self { tcp, udp, seat: None }
    }

    fn join(server: &mut Server, name: &str) -> Self {
        let mut stranger = Self::connect(server);
        let players = server.tokens.len();
        stranger.say(&ClientMessage::Hello { name: Name::clean(name) });
        serve_until(server, |server| server.tokens.len() > players);
        match stranger.hear() {
            Some(ServerMessage::Welcome { player, token, udp_port }) => {
                assert_eq!(udp_port, server.udp.local_port());
                stranger.seat = Some((player, token));
            }
            other => panic!("expected a welcome, found {other:?}"),
        }
        stranger
    }

    fn say(&mut self, message: &ClientMessage) {
        self.tcp.send_packet(&message.encode()).into_result().unwrap();
    }

    /// The next message, `None` when the server has closed the connection.
    fn hear(&mut self) -> Option<ServerMessage> {
        let mut packet = Packet::new();
        match self.tcp.receive_packet(&mut packet) {
            Status::Done(()) => Some(ServerMessage::decode(&mut packet).unwrap()),
            Status::Disconnected => None,
            other => panic!("expected a message or the end, found {other:?}"),
        }
    }

    /// Hears that it has joined, under this name.
    #[track_caller]
    fn hear_of_itself(&mut self, name: &str) {
        assert_eq!(self.hear(), Some(ServerMessage::Joined { player: self.id(), name: Name::clean(name) }));
    }

    fn send(&self, server: &Server, datagram: ClientDatagram) {
        let (_, token) = self.seat.unwrap();
        let packet = datagram.encode(token);
        self.udp.send(packet.data(), IpAddress::LOCAL_HOST, server.udp.local_port()).into_result().unwrap();
    }

    fn id(&self) -> PlayerId {
        self.seat.unwrap().0
    }
}

fn chat(text: &str) -> ClientMessage {
    ClientMessage::Chat { line: Line::clean(text).unwrap() }
}

fn intent_of(server: &Server, id: PlayerId) -> Intent {
    server.world.bodies().iter().find(|body| body.id == id).unwrap().intent
}

const LEFT: Intent = Intent { across: -1, down: 0, dash: false };
const UP: Intent = Intent { across: 0, down: -1, dash: false };

#[test]
fn who_comes_is_welcomed_and_introduced_to_all_under_a_name_of_its_own() {
    let mut server = open();
    let mut first = Stranger::join(&mut server, "Ada");
    let mut second = Stranger::join(&mut server, "Ada");
    let (ada, ada2) = (Name::clean("Ada"), Name::clean("Ada 2"));
    assert_eq!(first.hear(), Some(ServerMessage::Joined { player: first.id(), name: ada.clone() }));
    assert_eq!(first.hear(), Some(ServerMessage::Joined { player: second.id(), name: ada2.clone() }));
    assert_eq!(second.hear(), Some(ServerMessage::Joined { player: first.id(), name: ada }));
    assert_eq!(second.hear(), Some(ServerMessage::Joined { player: second.id(), name: ada2 }));
    assert_ne!(first.seat, second.seat);
    let gone = second.id();
    drop(second);
    serve_until(&mut server, |server| server.tokens.len() == 1);
    assert_eq!(first.hear(), Some(ServerMessage::Left { player: gone }));
    assert_eq!((server.world.bodies().len(), server.tally.partings.left), (1, 1));
}

#[test]
fn another_version_is_told_ours_and_let_go() {
    let mut server = open();
    let mut stranger = Stranger::connect(&mut server);
    stranger.say(&ClientMessage::OtherVersion { version: VERSION + 1 });
    serve_until(&mut server, |server| server.tally.partings.refused == 1);
    assert_eq!(stranger.hear(), Some(ServerMessage::Refused { refusal: Refusal::Version(VERSION) }));
    assert_eq!(stranger.hear(), None);
}

#[test]
fn one_more_than_the_arena_holds_is_refused_and_one_more_than_the_server_holds_is_dropped() {
    let mut server = open();
    let players: Vec<Stranger> = (0..MAX_PLAYERS).map(|_| Stranger::join(&mut server, "n")).collect();
    let mut refused = Stranger::connect(&mut server);
    refused.say(&ClientMessage::Hello { name: Name::clean("late") });
    serve_until(&mut server, |server| server.tally.partings.refused == 1);
    assert_eq!(refused.hear(), Some(ServerMessage::Refused { refusal: Refusal::Full }));
    let waiting: Vec<Stranger> = (MAX_PLAYERS..MAX_PEERS).map(|_| Stranger::connect(&mut server)).collect();
    let mut dropped = TcpSocket::new();
    dropped.connect_timeout(IpAddress::LOCAL_HOST, server.port(), PATIENCE).into_result().unwrap();
    dropped.set_timeout(Some(PATIENCE)).unwrap();
    serve_until(&mut server, |server| server.tally.dropped.connections == 1);
    assert!(dropped.receive(&mut [0; 1]).is_disconnected());
    assert_eq!((server.peers.len(), server.tokens.len()), (MAX_PEERS, players.len()));
    drop(waiting);
}

#[test]
fn bytes_that_are_no_message_end_their_connection_and_no_other() {
    let mut server = open();
    let mut good = Stranger::join(&mut server, "good");
    good.hear_of_itself("good");
    let hello = ClientMessage::Hello { name: Name::clean("x") }.encode();
    let hostile: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\xff\xff\xff\xff",
        b"\x00\x00\x02\x01",
        b"\x00\x00\x00\x01\x63",
        b"\x00\x00\x00\x00",
    ];
    for (number, bytes) in (1..).zip(hostile) {
        let mut stranger = Stranger::connect(&mut server);
        assert_eq!(stranger.tcp.send(bytes).done(), Some(bytes.len()));
        serve_until(&mut server, |server| server.tally.partings.malformed == number);
        assert_eq!(stranger.hear(), None);
    }
    // A second hello, and chat before the first, are messages at the wrong time.
    let mut eager = Stranger::join(&mut server, "eager");
    eager.tcp.send_packet(&hello).into_result().unwrap();
    serve_until(&mut server, |server| server.tally.partings.malformed == 6);
    let mut early = Stranger::connect(&mut server);
    early.say(&chat("hi"));
    serve_until(&mut server, |server| server.tally.partings.malformed == 7);
    let read = server.tally.traffic.received.packets;
    good.say(&chat("still here"));
    serve_until(&mut server, |server| server.tally.traffic.received.packets > read);
    assert_eq!(server.peers.len(), 1);
    let line = Line::clean("still here").unwrap();
    let heard = (0..4).find_map(|_| good.hear().filter(|message| matches!(message, ServerMessage::Chat { .. })));
    assert_eq!(heard, Some(ServerMessage::Chat { player: good.id(), line }));
}

#[test]
fn a_message_of_the_longest_length_is_read() {
    let mut server = open();
    let mut player = Stranger::join(&mut server, "long");
    let text = "\u{1F41F}".repeat(Line::MAX_CHARS);
    player.say(&chat(&text));
    serve_until(&mut server, |server| server.tally.traffic.received.packets == 2);
    let joined = player.hear();
    assert!(matches!(joined, Some(ServerMessage::Joined { .. })), "{joined:?}");
    let line = Line::clean(&text).unwrap();
    assert_eq!(player.hear(), Some(ServerMessage::Chat { player: player.id(), line }));
}

#[test]
fn who_says_nothing_is_dropped_when_the_limit_is_over() {
    let mut server = open();
    let mut mute = Stranger::connect(&mut server);
    let player = Stranger::join(&mut server, "talks");
    let now = Instant::now();
    server.tick(now);
    assert_eq!(server.peers.len(), 2);
    server.tick(now + GREETING_LIMIT);
    assert_eq!((server.peers.len(), server.tally.partings.silent), (1, 1));
    assert_eq!(mute.hear(), None);

    player.send(&server, ClientDatagram::Input { sequence: 1, intent: LEFT });
    assert!(server.selector.wait(Some(PATIENCE)).unwrap());
    let heard = now + SILENCE_LIMIT;
    server.read_what_is_there(heard);
    server.tick(heard + SILENCE_LIMIT);
    assert_eq!(server.tokens.len(), 1);
    server.tick(heard + SILENCE_LIMIT + Duration::from_millis(1));
    assert_eq!((server.tokens.len(), server.tally.partings.silent), (0, 2));
}

#[test]
fn a_token_counts_only_from_the_port_that_used_it_first() {
    let mut server = open();
    let owner = Stranger::join(&mut server, "owner");
    owner.send(&server, ClientDatagram::Input { sequence: 1, intent: LEFT });
    serve_until(&mut server, |server| intent_of(server, owner.id()) == LEFT);
    let mut thief = Stranger::join(&mut server, "thief");
    let own_seat = thief.seat;
    thief.seat = owner.seat;
    thief.send(&server, ClientDatagram::Input { sequence: 2, intent: UP });
    serve_until(&mut server, |server| server.tally.dropped.strangers == 1);
    assert_eq!(intent_of(&server, owner.id()), LEFT);
    thief.seat = own_seat.map(|(id, token)| (id, Token(token.0 ^ 1)));
    thief.send(&server, ClientDatagram::Input { sequence: 3, intent: UP });
    serve_until(&mut server, |server| server.tally.dropped.strangers == 2);
    assert_eq!(intent_of(&server, thief.id()), Intent::default());
}

#[test]
fn datagrams_that_are_no_message_or_too_long_are_counted_and_dropped() {
    let mut server = open();
    let player = Stranger::join(&mut server, "p");
    let port = server.udp.local_port();
    let hostile: [&[u8]; 4] = [b"", b"hello", &[0xff; MAX_DATAGRAM], &[0; MAX_DATAGRAM + 1]];
    for (number, bytes) in (1..).zip(hostile) {
        player.udp.send(bytes, IpAddress::LOCAL_HOST, port).into_result().unwrap();
        serve_until(&mut server, |server| server.tally.dropped.malformed == number);
    }
    player.send(&server, ClientDatagram::Input { sequence: 1, intent: LEFT });
    serve_until(&mut server, |server| intent_of(server, player.id()) == LEFT);
}

#[test]
fn a_late_input_changes_nothing() {
    let mut server = open();
    let player = Stranger::join(&mut server, "p");
    player.send(&server, ClientDatagram::Input { sequence: 2, intent: LEFT });
    player.send(&server, ClientDatagram::Input { sequence: 1, intent: UP });
    serve_until(&mut server, |server| server.tally.dropped.stale == 1);
    assert_eq!(intent_of(&server, player.id()), LEFT);
}

#[test]
fn pings_are_answered_up_to_their_rate_and_snapshots_go_to_who_has_said_where() {
    let mut server = open();
    let player = Stranger::join(&mut server, "p");
    let (_, token) = player.seat.unwrap();
    server.tick(Instant::now());
    player.send(&server, ClientDatagram::Ping { stamp: 42 });
    serve_until(&mut server, |server| server.tally.traffic.sent.packets == 3);
    server.tick(Instant::now());
    let mut packet = Packet::new();
    player.udp.receive_packet(&mut packet).into_result().unwrap();
    assert_eq!(ServerDatagram::decode(&mut packet), Ok((token, ServerDatagram::Pong { stamp: 42 })));
    player.udp.receive_packet(&mut packet).into_result().unwrap();
    let snapshot = Snapshot::of(&server.world);
    assert_eq!((snapshot.tick, snapshot.players.len()), (2, 1));
    assert_eq!(ServerDatagram::decode(&mut packet), Ok((token, ServerDatagram::Snapshot(snapshot))));
    for stamp in 0..100 {
        player.send(&server, ClientDatagram::Ping { stamp });
    }
    serve_until(&mut server, |server| server.tally.dropped.over_rate > 50);
}

#[test]
fn chat_beyond_the_rate_is_not_passed_on() {
    let mut server = open();
    let mut player = Stranger::join(&mut server, "p");
    let before = server.tally.traffic.sent.packets;
    for _ in 0..CHAT_BURST + 5 {
        player.say(&chat("spam"));
    }
    serve_until(&mut server, |server| server.tally.traffic.received.packets == 1 + u64::from(CHAT_BURST) + 5);
    assert_eq!(server.tally.dropped.over_rate, 5);
    assert_eq!(server.tally.traffic.sent.packets - before, u64::from(CHAT_BURST));
}

#[test]
fn one_round_reads_a_bounded_portion_of_what_a_peer_sends() {
    let mut server = open();
    let mut player = Stranger::join(&mut server, "p");
    let portion = u64::try_from(MESSAGES_PER_ROUND).unwrap();
    for _ in 0..2 * portion {
        assert!(player.tcp.queue_packet(&chat("spam").encode()).is_done());
    }
    player.tcp.flush().into_result().unwrap();
    assert!(server.selector.wait(Some(PATIENCE)).unwrap());
    server.read_what_is_there(Instant::now());
    assert_eq!(server.tally.traffic.received.packets, 1 + portion);
    serve_until(&mut server, |server| server.tally.traffic.received.packets == 1 + 2 * portion);
}

#[test]
fn who_does_not_read_is_dropped_and_delays_nobody() {
    let mut server = open();
    let mut reader = Stranger::join(&mut server, "reads");
    let sleeper = Stranger::join(&mut server, "sleeps");
    let line = Line::clean(&"z".repeat(Line::MAX_CHARS)).unwrap();
    let message = ServerMessage::Chat { player: sleeper.id(), line };
    let mut heard = 0_u64;
    let mut longest = Duration::ZERO;
    // The kernel's own buffers take some megabytes before the outbox begins to fill.
    for _ in 0..200_000 {
        let began = Instant::now();
        server.broadcast(&message);
        server.let_them_go();
        longest = longest.max(began.elapsed());
        if server.tally.partings.unread == 1 {
            break;
        }
        while reader.hear().is_some_and(|heard| heard != message) {}
        heard += 1;
    }
    assert!(heard > 100, "{heard}");
    assert_eq!((server.tally.partings.unread, server.peers.len()), (1, 1));
    assert!(longest < Duration::from_secs(1), "one broadcast took {longest:?}");
    assert_eq!(reader.hear(), Some(message));
    assert_eq!(reader.hear(), Some(ServerMessage::Left { player: sleeper.id() }));
}

#[test]
fn a_slow_reader_gets_everything_in_order_when_it_reads_again() {
    let mut server = open();
    let mut slow = Stranger::join(&mut server, "slow");
    slow.hear_of_itself("slow");
    let key = *server.peers.keys().next().unwrap();
    let message = |number: u32| {
        let line = Line::clean(&format!("{number:z>width$}", width = Line::MAX_CHARS)).unwrap();
        ServerMessage::Chat { player: slow.id(), line }
    };
    let mut sent = 0;
    // Until the kernel takes no more and the outbox holds something.
    while server.peers.get(&key).is_some_and(|peer| peer.pending_bytes() == 0) {
        server.broadcast(&message(sent));
        sent += 1;
    }
    assert_eq!(server.leaving.len(), 0);
    let expected: Vec<ServerMessage> = (0..sent).map(message).collect();
    for message in expected {
        if server.selector.wait(Some(Duration::ZERO)).unwrap() {
            server.read_what_is_there(Instant::now());
        }
        assert_eq!(slow.hear(), Some(message));
    }
    serve_until(&mut server, |server| server.peers.get(&key).is_some_and(|peer| peer.pending_bytes() == 0));
    assert!(!server.selector.wait(Some(Duration::ZERO)).unwrap(), "a socket with room is not watched for writing");
}

#[test]
fn a_round_and_the_load_of_each_second_are_told() {
    let (sender, pulses) = mpsc::sync_channel(1);
    let mut server = Server::open(Some(IpAddress::LOCAL_HOST), 0, sender).unwrap();
    let mut player = Stranger::join(&mut server, "p");
    player.hear_of_itself("p");
    let now = Instant::now();
    (0..2 * TICK_RATE).for_each(|_| server.tick(now));
    assert_eq!(pulses.try_recv().map(|pulse| pulse.players), Ok(1));
    assert!(pulses.try_recv().is_err(), "nobody waits for a reader of pulses");
    for _ in 0..2 {
        let load = player.hear();
        assert!(matches!(load, Some(ServerMessage::Load(_))), "{load:?}");
    }
    let round = crate::arena::world::ROUND_TICKS;
    (2 * TICK_RATE..round - 1).for_each(|_| server.tick(now));
    let gems_before = server.world.bodies()[0].gems;
    server.tick(now);
    let over = (0..round / TICK_RATE).find_map(|_| match player.hear() {
        Some(ServerMessage::RoundOver { winner, gems }) => Some((winner, gems)),
        _ => None,
    });
    // Gems that grow beside a player who stands still are collected, too.
    let (winner, gems) = over.unwrap();
    assert!((gems_before..=gems_before + 1).contains(&gems), "{gems_before} before the last tick, {gems} after it");
    assert_eq!(winner, (gems > 0).then(|| player.id()));
    assert_eq!(server.world.bodies()[0].wins, u16::from(gems > 0));
}

#[test]
fn a_taken_port_is_an_error_that_says_so() {
    let server = open();
    let again = Server::open(Some(IpAddress::LOCAL_HOST), server.port(), mpsc::sync_channel(1).0);
    let error = again.err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.starts_with("cannot listen (TCP): the address or port is taken"), "{error}");
}

#[test]
fn runs_on_ipv6_and_ends_when_asked() {
    // A container may have none; where the project's own gate runs there must be.
    if std::net::UdpSocket::bind("[::1]:0").is_err() && std::env::var_os("CI").is_none() {
        return;
    }
    let server = Server::open(Some(IpAddress::LOCAL_HOST_V6), 0, mpsc::sync_channel(1).0).unwrap();
    assert_ne!(server.port(), 0);
    let stop = Stop::default();
    stop.raise();
    assert_eq!(server.run(&stop).map(|tally| tally.tick_time.count()).ok(), Some(0));
}
