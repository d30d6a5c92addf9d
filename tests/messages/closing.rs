//! How connections end: what was sent before arrives, whatever the peer has said that nobody has received.

use std::io::{Read, Write};

use sockeye::{Connection, ErrorKind, Framing, Interest, SocketSelector, Status, TcpSocket};

use crate::{
    pair,
    support::{Family, LONG, V4, await_ready, eventually, in_thread},
};

/// Sends until bytes wait in the connection itself, so that much is on its way; tells how much.
fn fill(connection: &mut Connection, message: &[u8]) -> usize {
    connection.set_blocking(false).unwrap();
    let mut sent = 0;
    while connection.pending_bytes() == 0 {
        connection.send(message).into_result().unwrap();
        sent += message.len();
        assert!(sent < 1 << 30);
    }
    sent
}

/// Waits until the system has something that the connection has not taken.
fn wait_for_bytes(connection: &Connection) {
    let mut selector = SocketSelector::new().unwrap();
    selector.add(connection).unwrap();
    assert!(selector.wait(Some(LONG)).unwrap());
}

#[test]
fn what_was_sent_arrives_although_answers_were_not_received() {
    let (mut connection, mut peer) = pair(Framing::Raw);
    let sent = fill(&mut connection, &[7; 64 * 1024]);
    // The peer takes as much as waits in the connection, so that all is with the system, and says something.
    let mut taken = 0;
    let mut piece = vec![0; 64 * 1024];
    while connection.pending_bytes() > 0 {
        taken += peer.read(&mut piece).unwrap();
        let _ = connection.flush();
    }
    peer.write_all(&[0xff; 1000]).unwrap();
    connection.set_blocking(true).unwrap();
    wait_for_bytes(&connection);
    connection.close();
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!(taken + rest.len(), sent);
    assert!(connection.is_blocking(), "the mode stays");
    assert!(connection.send(b"more").is_disconnected());
}

#[test]
fn what_waits_for_room_is_dropped_and_nothing_before_it() {
    let (mut connection, mut peer) = pair(Framing::Raw);
    let sent = fill(&mut connection, &[7; 64 * 1024]);
    peer.write_all(&[0xff; 1000]).unwrap();
    wait_for_bytes(&connection);
    let left = sent - connection.pending_bytes();
    connection.close();
    let mut received = Vec::new();
    peer.read_to_end(&mut received).unwrap();
    assert_eq!(received.len(), left);
}

#[test]
fn answers_of_tinyproto_that_nobody_took_cost_no_message() {
    let (mut connection, mut peer) = pair(Framing::Tiny);
    peer.write_all(&[0xff]).unwrap();
    let message = vec![7; 3_000_000];
    let reader = in_thread(move || {
        // It answers each length before it reads any of the bodies.
        peer.write_all(&[0xff; 3]).unwrap();
        let mut received = Vec::new();
        peer.read_to_end(&mut received).map(|_| received.len())
    });
    for _ in 0..3 {
        connection.send(&message).into_result().unwrap();
    }
    connection.close();
    assert_eq!(reader.join().unwrap(), 1 + 3 * (4 + message.len()), "the greeting, lengths and bodies");
}

#[test]
fn a_peer_that_is_refused_hears_so_and_no_reset() {
    let (mut connection, mut peer) = pair(Framing::Tiny);
    connection.set_message_limit(Some(10));
    let mut sent = vec![0xff, 0, 0x10, 0, 0];
    sent.resize(300_000, 7);
    peer.write_all(&sent).unwrap();
    assert_eq!(connection.receive().error().unwrap().kind(), ErrorKind::TooLong);
    let mut heard = Vec::new();
    peer.read_to_end(&mut heard).unwrap();
    assert_eq!(heard, [0xff, 0x00]);
}

#[test]
fn a_peer_that_never_stops_is_not_listened_to_for_long() {
    let (mut connection, mut peer) = pair(Framing::Raw);
    let writer = in_thread(move || {
        let piece = vec![7; 64 * 1024];
        while peer.write_all(&piece).is_ok() {}
    });
    wait_for_bytes(&connection);
    connection.close();
    assert!(!connection.is_connected());
    writer.join();
}

#[test]
fn a_reset_is_told_from_an_end() {
    // The peer has had all and ends.
    let (mut connection, mut peer) = pair(Framing::Raw);
    connection.send(b"x").into_result().unwrap();
    peer.read_exact(&mut [0]).unwrap();
    drop(peer);
    assert!(connection.receive().is_disconnected());
    assert!(!connection.was_reset());
    // Now nobody is there.
    connection.send(b"x").into_result().unwrap();
    eventually(|| if connection.was_reset() { Status::Done(()) } else { Status::NotReady }).into_result().unwrap();
    connection.close();
    assert!(connection.was_reset(), "it stays so");

    // The peer goes with something that it has not received.
    let (mut connection, peer) = pair(Framing::Raw);
    connection.send(b"x").into_result().unwrap();
    peer.peek(&mut [0]).unwrap();
    drop(peer);
    assert!(connection.receive().is_disconnected());
    assert!(connection.was_reset());

    // What this end has closed itself has not been reset.
    let (mut connection, _peer) = pair(Framing::Raw);
    connection.close();
    assert!(connection.receive().is_disconnected());
    assert!(!connection.was_reset());
}

/// Whether it comes with the bytes or behind them, and whoever looks first.
#[test]
fn a_reset_inside_of_a_message_is_told_with_what_came_before() {
    for blocking in [true, false] {
        let (mut connection, mut peer) = pair(Framing::Packet);
        connection.set_blocking(blocking).unwrap();
        let sent = [&100_000_u32.to_be_bytes()[..], &[7; 60_000]].concat();
        peer.write_all(&sent).unwrap();
        socket2::SockRef::from(&peer).set_linger(Some(std::time::Duration::ZERO)).unwrap();
        drop(peer);
        match connection.receive_into(&mut [0; 100_000]).error() {
            Some(sockeye::Error::CutShort { received: 60_004, expected: 100_004 }) => {}
            other => panic!("{other:?}"),
        }
        assert!(connection.was_reset());
        assert_eq!(connection.unread(), sent);
    }
}

#[test]
fn who_asks_for_a_reset_takes_no_outcome_of_a_connect() {
    let mut socket = TcpSocket::new();
    socket.set_blocking(false).unwrap();
    assert!(socket.connect(sockeye::IpAddress::LOCAL_HOST, V4::refusing_address()).is_not_ready());
    let mut connection = Connection::new(socket, Framing::Raw);
    await_ready(&connection, Interest::Write);
    assert!(!connection.was_reset());
    assert_eq!(connection.flush().error().unwrap().kind(), ErrorKind::Refused);
}
