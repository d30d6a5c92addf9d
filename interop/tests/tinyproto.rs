//! tinyproto at the other end, in both of its ages: messages, refusals, collisions and ends.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use interop::{DEADLINE, Peer, hex, pattern};
use sockeye::{Connection, Endpoint, ErrorKind, Framing, IpAddress, SocketSelector, Status, TcpListener};

const VERSIONS: [&str; 2] = ["2.0.1", "3.0"];

/// The sizes that the issue names; the last one is more than either system keeps back.
const SIZES: [usize; 5] = [0, 1, 5, 64 * 1024, 1 << 20];

/// A connection of ours to a server of theirs.
fn connect(peer: &mut Peer) -> Connection {
    let port = peer.port("listen 0");
    let connection = connect_to(port);
    peer.perform("accept");
    connection
}

fn connect_to(port: u16) -> Connection {
    let endpoint = Endpoint::parse(&port.to_string()).unwrap();
    let mut connection = Connection::connect(&endpoint, Framing::Tiny, Some(DEADLINE)).unwrap();
    connection.set_timeout(Some(DEADLINE)).unwrap();
    connection
}

/// A connection of theirs to a listener of ours.
fn accept(peer: &mut Peer) -> Connection {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    peer.perform(&format!("connect {}", listener.local_port()));
    let mut connection = Connection::new(listener.accept().into_result().unwrap(), Framing::Tiny);
    connection.set_timeout(Some(DEADLINE)).unwrap();
    peer.perform("accept");
    connection
}

/// Runs a test with both versions, and with either side as the server.
fn with_every_peer(test: impl Fn(&mut Peer, &mut Connection, &str)) {
    for version in VERSIONS {
        for open in [connect, accept] {
            let mut peer = Peer::tinyproto(version);
            let mut connection = open(&mut peer);
            test(&mut peer, &mut connection, version);
        }
    }
}

fn heard(connection: &mut Connection) -> Vec<u8> {
    connection.receive().into_result().unwrap()
}

fn say(connection: &mut Connection, message: &[u8]) {
    connection.send(message).into_result().unwrap();
}

#[test]
fn messages_of_every_size_come_back() {
    with_every_peer(|peer, connection, version| {
        peer.perform("echo on");
        for size in SIZES {
            say(connection, &pattern(size));
            assert!(heard(connection) == pattern(size), "{size} bytes, {version}");
        }
    });
}

#[test]
fn messages_of_every_size_go_each_way() {
    with_every_peer(|peer, connection, version| {
        for size in SIZES {
            say(connection, &pattern(size));
            assert!(peer.perform("receive") == hex(&pattern(size)), "{size} bytes to {version}");
            peer.perform(&format!("send {}", hex(&pattern(size))));
            assert!(heard(connection) == pattern(size), "{size} bytes from {version}");
        }
    });
}

#[test]
fn a_thousand_messages_go_without_waiting_for_an_answer() {
    with_every_peer(|peer, connection, version| {
        let messages: Vec<Vec<u8>> = (0..1000_u32).map(|number| number.to_be_bytes().repeat(4)).collect();
        for message in &messages {
            say(connection, message);
        }
        let all = messages.concat();
        let answer = peer.perform("receive_many 1000");
        assert_eq!(answer, hex(&all), "{version}");
        // Every answer has been counted: the peer's own turn comes, and it is not mistaken for one.
        peer.perform("send 74776f 6c6173 6568");
        assert_eq!([heard(connection), heard(connection), heard(connection)], [&b"two"[..], b"las", b"eh"]);
        assert_eq!(peer.perform("received_more"), "0");
    });
}

#[test]
fn what_is_over_our_limit_is_refused_in_words_that_it_knows() {
    with_every_peer(|peer, connection, _| {
        connection.set_message_limit(Some(10));
        peer.perform(&format!("send {}", hex(b"0123456789")));
        assert_eq!(heard(connection), b"0123456789");
        peer.perform(&format!("send {}", hex(b"0123456789a")));
        assert_eq!(connection.receive().into_result().unwrap_err().kind(), ErrorKind::TooLong);
        assert!(connection.receive().is_disconnected());
        let failure = peer.perform("failure");
        assert!(failure.starts_with("TinyProtoError: Transmission rejected: bytearray(b'\\x00')"), "{failure}");
    });
}

#[test]
fn a_server_that_is_full_is_no_connection() {
    for version in VERSIONS {
        let mut peer = Peer::tinyproto(version);
        let port = peer.port("listen 1");
        let mut first = connect_to(port);
        peer.perform("accept");
        peer.perform("echo on");
        let mut second = connect_to(port);
        match (version, second.receive()) {
            // It sends zeros, the refusal of its handshake.
            ("2.0.1", Status::Error(error)) => assert_eq!(error.kind(), ErrorKind::PeerRefused),
            // It has no words for it, and closes.
            ("3.0", Status::Disconnected) => {}
            (_, other) => panic!("{version}: {other:?}"),
        }
        assert!(second.receive().is_disconnected());
        say(&mut first, b"still here");
        assert_eq!(heard(&mut first), b"still here");
    }
}

#[test]
fn two_that_speak_at_once_are_told_so() {
    with_every_peer(|peer, connection, version| {
        // Both have said hello, so what comes next is a length.
        say(connection, b"first");
        assert_eq!(peer.perform("receive"), hex(b"first"));
        // Its answer to that is here, too, and is taken.
        connection.set_blocking(false).unwrap();
        assert!(connection.receive().is_not_ready());
        connection.set_blocking(true).unwrap();
        peer.perform(&format!("send {}", hex(b"hello")));
        // Its length is here, and it waits for an answer.
        wait_without_reading(connection);
        say(connection, b"not an answer");
        let error = connection.receive().into_result().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Collision, "{version}: {error}");
        assert!(connection.receive().is_disconnected());
        let failure = peer.perform("failure");
        assert!(failure.starts_with("TinyProtoError: Transmission rejected"), "{failure}");
    });
}

#[test]
fn whoever_closes_has_said_all() {
    with_every_peer(|peer, connection, version| {
        peer.perform(&format!("send {} {}", hex(b"one"), hex(b"two")));
        assert_eq!(heard(connection), b"one");
        assert_eq!(heard(connection), b"two");
        peer.perform("close");
        assert!(connection.receive().is_disconnected(), "{version}");
    });
    with_every_peer(|peer, connection, version| {
        for _ in 0..100 {
            say(connection, b"last words");
        }
        // Not `close`: a system that closes a connection with bytes in it that nobody has read, such as the answers, may
        // take back what it has sent.
        assert!(connection.shutdown_send().is_done());
        let all = b"last words".repeat(100);
        assert_eq!(peer.perform("receive_many 100"), hex(&all), "{version}");
    });
}

#[test]
fn the_poll_of_a_game_waits_for_nothing() {
    with_every_peer(|peer, connection, _| {
        connection.set_blocking(false).unwrap();
        assert!(connection.receive().is_not_ready());
        peer.perform(&format!("send {}", hex(&pattern(1 << 20))));
        assert!(connection.poll(Some(DEADLINE)).unwrap());
        assert!(heard(connection) == pattern(1 << 20));
        assert!(connection.receive().is_not_ready());
    });
}

/// Waits until bytes have arrived, and leaves them where they are.
fn wait_without_reading(connection: &Connection) {
    let mut selector = SocketSelector::new().unwrap();
    selector.add(connection).unwrap();
    assert!(selector.wait(Some(DEADLINE)).unwrap());
    assert!(selector.is_ready(connection));
}
