use sockeye::TcpListener;

use super::*;
use crate::arena::body::PlayerId;
use crate::arena::picture::News;
use crate::arena::protocol::{Refusal, Snapshot, VERSION};

const PATIENCE: Duration = Duration::from_secs(10);

/// A server of bare sockets, which can do what ours never does.
struct Scripted {
    listener: TcpListener,
    tcp: TcpSocket,
    udp: UdpSocket,
}

impl Scripted {
    fn open() -> Self {
        let mut listener = TcpListener::new();
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        listener.set_timeout(Some(PATIENCE)).unwrap();
        let mut udp = UdpSocket::new();
        udp.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        udp.set_timeout(Some(PATIENCE)).unwrap();
        Self { listener, tcp: TcpSocket::new(), udp }
    }

    fn join(&self) -> Client {
        Client::join(vec![IpAddress::LOCAL_HOST], self.listener.local_port(), name(), Instant::now()).unwrap()
    }

    /// Accepts the client and reads its hello.
    fn accept(&mut self, client: &mut Client) {
        poll_until(client, |client| matches!(client.phase, Phase::Greeting { .. }));
        self.tcp = self.listener.accept().into_result().unwrap();
        let mut packet = Packet::new();
        self.tcp.receive_packet(&mut packet).into_result().unwrap();
        assert_eq!(ClientMessage::decode(&mut packet), Ok(ClientMessage::Hello { name: name() }));
    }

    fn say(&mut self, message: &ServerMessage) {
        self.tcp.send_packet(&message.encode()).into_result().unwrap();
    }

    fn welcome(&mut self) -> Client {
        let mut client = self.join();
        self.accept(&mut client);
        let udp_port = self.udp.local_port();
        self.say(&ServerMessage::Welcome { player: PlayerId::from_number(0).unwrap(), token: TOKEN, udp_port });
        poll_until(&mut client, Client::is_playing);
        client
    }

    /// The next datagram of the client, and the port it came from.
    fn hear(&mut self) -> (ClientDatagram, u16) {
        let mut packet = Packet::new();
        let (from, port) = self.udp.receive_packet(&mut packet).into_result().unwrap();
        assert_eq!(from, IpAddress::LOCAL_HOST);
        let (token, datagram) = ClientDatagram::decode(&mut packet).unwrap();
        assert_eq!(token, TOKEN);
        (datagram, port)
    }

    fn send(&self, token: Token, datagram: &ServerDatagram, port: u16) {
        let mut packet = Packet::new();
        ServerDatagram::address(&mut packet, token, &datagram.encode_body());
        self.udp.send(packet.data(), IpAddress::LOCAL_HOST, port).into_result().unwrap();
    }

    fn send_ticks(&self, ticks: &[u32], port: u16) {
        for tick in ticks {
            let snapshot = Snapshot { tick: *tick, ..Snapshot::default() };
            self.send(TOKEN, &ServerDatagram::Snapshot(snapshot), port);
        }
    }
}

fn name() -> Name {
    Name::clean("Ada")
}

fn poll_until(client: &mut Client, mut holds: impl FnMut(&Client) -> bool) {
    let until = Instant::now() + PATIENCE;
    while !holds(client) {
        assert!(Instant::now() < until, "the client never got there: {:?}", client.measured);
        client.poll(Instant::now()).unwrap();
        std::thread::yield_now();
    }
}

fn fail(client: &mut Client) -> String {
    let until = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < until, "the client never failed");
        if let Err(error) = client.poll(Instant::now()) {
            return error.to_string();
        }
    }
}

const TOKEN: Token = Token(7);

#[test]
fn the_next_address_is_tried_when_one_does_not_answer() {
    let mut server = Scripted::open();
    let addresses = vec![IpAddress::LOCAL_HOST_V6, IpAddress::LOCAL_HOST];
    let mut client = Client::join(addresses, server.listener.local_port(), name(), Instant::now()).unwrap();
    server.accept(&mut client);
}

#[test]
fn without_a_server_the_failure_is_the_last_addresses() {
    let port = Scripted::open().listener.local_port();
    let outcome = Client::join(vec![IpAddress::LOCAL_HOST], port, name(), Instant::now());
    let error = match outcome {
        Ok(mut client) => fail(&mut client),
        Err(error) => error.to_string(),
    };
    assert!(error.starts_with("cannot connect: the connection was refused"), "{error}");
    assert!(Client::join(Vec::new(), port, name(), Instant::now()).is_err_and(|error| error.exit_code() == 1));
}

#[test]
fn a_refusal_is_the_end_and_says_why() {
    let version = Refusal::Version(VERSION + 1);
    for (refusal, text) in [
        (version, "the server speaks version 2 of the arena's protocol, this program version 1"),
        (Refusal::Full, "the arena is full"),
        (Refusal::Other(9), "the server refused for the unknown reason 9"),
    ] {
        let mut server = Scripted::open();
        let mut client = server.join();
        server.accept(&mut client);
        server.say(&ServerMessage::Refused { refusal });
        assert_eq!(fail(&mut client), text);
    }
}

#[test]
fn a_server_that_does_not_answer_the_hello_is_given_up() {
    let mut server = Scripted::open();
    let mut client = server.join();
    server.accept(&mut client);
    let now = Instant::now();
    assert!(client.poll(now).is_ok_and(|()| !client.is_playing()));
    let error = client.poll(now + WELCOME_LIMIT).map_err(|error| error.to_string());
    assert_eq!(error, Err("the server did not let us in within 3s".to_owned()));
}

#[test]
fn a_server_whose_datagrams_stay_away_is_given_up_although_it_talks() {
    let mut server = Scripted::open();
    let mut client = server.welcome();
    client.steer(Intent::default(), Instant::now());
    let (_, port) = server.hear();
    server.send_ticks(&[1], port);
    poll_until(&mut client, |client| client.measured.snapshots == 1);
    server.say(&ServerMessage::Left { player: PlayerId::from_number(1).unwrap() });
    let later = Instant::now() + SILENCE_LIMIT + Duration::from_millis(1);
    let error = client.poll(later).map_err(|error| error.to_string());
    assert_eq!(error, Err("nothing came from the server for 5s".to_owned()));
}

#[test]
fn bytes_that_are_no_message_are_the_end() {
    for (bytes, text) in [
        (
            b"\x00\x00\x00\x01\x63".as_slice(),
            "the server does not speak the arena's protocol: no message is of kind 99",
        ),
        (b"HTTP/1.1 400 Bad Request", "cannot receive: a packet of 1213486160 bytes is longer than the limit of 512"),
    ] {
        let mut server = Scripted::open();
        let mut client = server.welcome();
        assert_eq!(server.tcp.send(bytes).done(), Some(bytes.len()));
        assert_eq!(fail(&mut client), text);
    }
}

#[test]
fn a_server_that_closes_is_gone() {
    let mut server = Scripted::open();
    let mut client = server.welcome();
    server.tcp.disconnect();
    assert_eq!(fail(&mut client), "the server closed the connection");
}

#[test]
fn every_frame_says_what_the_player_wants_under_a_new_number() {
    let mut server = Scripted::open();
    let mut client = server.welcome();
    let now = Instant::now();
    let intent = Intent { across: 1, down: 0, dash: true };
    client.steer(intent, now);
    client.steer(intent, now);
    let heard: Vec<ClientDatagram> = (0..3).map(|_| server.hear().0).collect();
    let stamp = client.stamp(now);
    let first = ClientDatagram::Input { sequence: 1, intent };
    let second = ClientDatagram::Input { sequence: 2, intent };
    assert_eq!(heard, [first, ClientDatagram::Ping { stamp }, second]);
    client.steer(intent, now + PING_INTERVAL);
    assert_eq!(server.hear().0, ClientDatagram::Input { sequence: 3, intent });
    assert!(matches!(server.hear().0, ClientDatagram::Ping { .. }));
}

#[test]
fn a_pong_gives_the_round_trip_and_one_from_the_future_is_dropped() {
    let mut server = Scripted::open();
    let mut client = server.welcome();
    client.steer(Intent::default(), Instant::now());
    let (_, port) = server.hear();
    let (ping, _) = server.hear();
    let ClientDatagram::Ping { stamp } = ping else { panic!("expected a ping, found {ping:?}") };
    server.send(TOKEN, &ServerDatagram::Pong { stamp: u64::MAX }, port);
    server.send(TOKEN, &ServerDatagram::Pong { stamp }, port);
    poll_until(&mut client, |client| client.measured.round_trip.count() == 1);
    assert_eq!(client.measured.dropped, 1);
    assert!(client.measured.last_round_trip > Duration::ZERO && client.measured.last_round_trip < PATIENCE);
}

#[test]
fn snapshots_count_once_in_order_and_only_with_the_token() {
    let mut server = Scripted::open();
    let mut client = server.welcome();
    client.steer(Intent::default(), Instant::now());
    let (_, port) = server.hear();
    server.send(Token(8), &ServerDatagram::Snapshot(Snapshot { tick: 99, ..Snapshot::default() }), port);
    server.udp.send(b"garbage", IpAddress::LOCAL_HOST, port).into_result().unwrap();
    server.udp.send(&[0; MAX_DATAGRAM + 1], IpAddress::LOCAL_HOST, port).into_result().unwrap();
    server.send_ticks(&[10, 9, 10, 14, 12, 15], port);
    poll_until(&mut client, |client| client.picture().is_some_and(|picture| picture.latest().tick == 15));
    let measured = client.measured();
    assert_eq!((measured.snapshots, measured.lost, measured.dropped), (3, 3, 6));
}

#[test]
fn one_poll_reads_a_bounded_portion() {
    let mut server = Scripted::open();
    let mut client = server.welcome();
    client.steer(Intent::default(), Instant::now());
    let (_, port) = server.hear();
    let portion = u32::try_from(DATAGRAMS_PER_POLL).unwrap();
    let ticks: Vec<u32> = (1..=portion + 10).collect();
    server.send_ticks(&ticks, port);
    for _ in 0..MESSAGES_PER_POLL + 10 {
        server.say(&ServerMessage::RoundOver { winner: None, gems: 0 });
    }
    // Everything is in the client's buffers when the last of it is: on loopback, a send puts it there.
    client.poll(Instant::now()).unwrap();
    assert!(client.measured.snapshots <= u64::from(portion));
    assert!(client.picture().is_some_and(|picture| picture.rounds() <= u32::try_from(MESSAGES_PER_POLL).unwrap()));
    poll_until(&mut client, |client| client.measured.snapshots == u64::from(portion) + 10);
    let all = u32::try_from(MESSAGES_PER_POLL + 10).unwrap();
    poll_until(&mut client, |client| client.picture().is_some_and(|picture| picture.rounds() == all));
}

#[test]
fn what_is_said_is_heard_in_the_chat() {
    let mut server = Scripted::open();
    let mut client = server.welcome();
    let (me, line) = (PlayerId::from_number(0).unwrap(), Line::clean("hi").unwrap());
    client.say(line.clone()).unwrap();
    let mut packet = Packet::new();
    server.tcp.receive_packet(&mut packet).into_result().unwrap();
    assert_eq!(ClientMessage::decode(&mut packet), Ok(ClientMessage::Chat { line: line.clone() }));
    server.say(&ServerMessage::Joined { player: me, name: name() });
    server.say(&ServerMessage::Chat { player: me, line: line.clone() });
    poll_until(&mut client, |client| client.picture().is_some_and(|picture| picture.news().count() == 2));
    let news: Vec<News> = client.picture().unwrap().news().cloned().collect();
    assert_eq!(news, [News::Came(name()), News::Said(name(), line)]);
}

#[test]
fn a_selector_wakes_for_a_client_in_the_game() {
    let mut server = Scripted::open();
    let mut client = server.welcome();
    let mut selector = SocketSelector::new().unwrap();
    client.watch(&mut selector).unwrap();
    assert_eq!(selector.len(), 2);
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap());
    server.say(&ServerMessage::RoundOver { winner: None, gems: 0 });
    assert!(selector.wait(Some(PATIENCE)).unwrap() && client.is_ready(&selector));
    client.poll(Instant::now()).unwrap();
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap(), "one poll takes all there is");
}
