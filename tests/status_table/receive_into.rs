//! Framed messages that are received into the program's buffer: `Connection` over every kind of stream.

use std::time::Duration;

use sockeye::{Connection, Error, ErrorKind, Framing, Status, StatusCode};

use crate::support::{Family, Mode, SHORT, Stream, connected, eventually, in_thread};

crate::rows! {
    receive_into_a_buffer: both;
    receive_large_messages_into_a_buffer: both;
    receive_into_another_buffer_what_is_half_there: both;
    receive_otherwise_what_is_half_there: both;
    receive_into_a_buffer_after_the_peer_closed_inside_a_message: both;
}

/// A connection in a mode, and its peer as a bare socket that blocks.
fn pair<F: Family>(mode: Mode) -> (Connection, F::Stream) {
    let (client, server) = connected::<F>(mode);
    (Connection::new(client.into_stream(), Framing::Multiprocessing), server)
}

/// The bytes of a message, as its sender writes them.
fn wire(message: &[u8]) -> Vec<u8> {
    [&(message.len() as u32).to_be_bytes(), message].concat()
}

/// A message of which no two neighbouring pieces are alike.
fn message(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number % 251) as u8).collect()
}

fn receive_into_a_buffer<F: Family>(mode: Mode) {
    let (mut connection, mut server) = pair::<F>(mode);
    let large = vec![7; 100_000];
    let bytes = [wire(&large), wire(b"next"), wire(b"more")].concat();
    let sender = in_thread(move || server.send(&bytes).into_result().map(|_| server));
    let mut buffer = vec![0; 99_999];
    match eventually(|| connection.receive_into(&mut buffer)) {
        Status::Error(Error::BufferTooShort { capacity: 99_999, message }) => assert!(*message == *large),
        other => panic!("{other:?}"),
    }
    assert_eq!(eventually(|| connection.receive_into(&mut buffer)).done(), Some(4));
    assert_eq!(&buffer[..4], b"next");
    match eventually(|| connection.receive_into(&mut [])) {
        Status::Error(Error::BufferTooShort { capacity: 0, message }) => assert_eq!(&*message, b"more"),
        other => panic!("{other:?}"),
    }
    drop(sender.join());
}

/// Also into a buffer that has just the room, and one with other bytes behind it.
fn receive_large_messages_into_a_buffer<F: Family>(mode: Mode) {
    let (mut connection, mut server) = pair::<F>(mode);
    let lengths = [16_383, 16_384, 16_385, 100_000, 1, 1 << 20, 3 << 20, 2048];
    let bytes: Vec<u8> = lengths.iter().flat_map(|length| wire(&message(*length))).collect();
    let bytes = [bytes.clone(), bytes].concat();
    let sender = in_thread(move || server.send(&bytes).into_result().map(|_| server));
    for more in [0, 5] {
        for length in lengths {
            let mut buffer = vec![255; length + more];
            assert_eq!(eventually(|| connection.receive_into(&mut buffer)).done(), Some(length));
            assert!(buffer[..length] == message(length), "{length}");
        }
    }
    drop(sender.join());
}

/// A connection that has found, in a receive into a buffer, that the message is not whole, and the peer with the rest.
fn half<F: Family>(mode: Mode) -> (Connection, F::Stream, Vec<u8>) {
    let (mut connection, mut server) = pair::<F>(mode);
    let bytes = wire(&message(100_000));
    let sender = in_thread(move || {
        server.send(&bytes[..60_000]).into_result().unwrap();
        (server, bytes[60_000..].to_vec())
    });
    connection.set_timeout(Some(SHORT)).unwrap();
    let mut buffer = vec![255; 100_000];
    for _ in 0..3 {
        assert_eq!(connection.receive_into(&mut buffer).code(), StatusCode::NotReady);
    }
    let (server, rest) = sender.join();
    assert_eq!(connection.receive_into(&mut buffer).code(), StatusCode::NotReady);
    connection.set_timeout(None).unwrap();
    (connection, server, rest)
}

/// What came into one buffer is in the next one, whatever has become of the first.
fn receive_into_another_buffer_what_is_half_there<F: Family>(mode: Mode) {
    let (mut connection, mut server, rest) = half::<F>(mode);
    let sender = in_thread(move || {
        server.send(&[&rest[..], &wire(b"next")].concat()).into_result().unwrap();
        server
    });
    let mut buffer = vec![255; 120_000];
    assert_eq!(eventually(|| connection.receive_into(&mut buffer)).done(), Some(100_000));
    assert!(buffer[..100_000] == message(100_000));
    assert_eq!(eventually(|| connection.receive_into(&mut buffer)).done(), Some(4));
    assert_eq!(&buffer[..4], b"next");
    sender.join();

    let (mut connection, mut server, rest) = half::<F>(mode);
    let sender = in_thread(move || server.send(&rest).into_result().map(|_| server));
    match eventually(|| connection.receive_into(&mut [0; 10])) {
        Status::Error(Error::BufferTooShort { capacity: 10, message: kept }) => assert!(*kept == message(100_000)),
        other => panic!("{other:?}"),
    }
    drop(sender.join());
}

fn receive_otherwise_what_is_half_there<F: Family>(mode: Mode) {
    let (mut connection, mut server, rest) = half::<F>(mode);
    assert!(!connection.poll(Some(Duration::ZERO)).unwrap());
    let sender = in_thread(move || server.send(&rest).into_result().map(|_| server));
    assert!(eventually(|| connection.receive()).done() == Some(message(100_000)));
    drop(sender.join());

    let (mut connection, _server, _) = half::<F>(mode);
    assert!(connection.unread() == wire(&message(100_000))[..60_000]);

    let (mut connection, _server, _) = half::<F>(mode);
    connection.set_framing(Framing::Raw);
    let mut received = Vec::new();
    while received.len() < 60_000 {
        received.extend(eventually(|| connection.receive()).into_result().unwrap());
    }
    assert!(received == wire(&message(100_000))[..60_000]);
}

fn receive_into_a_buffer_after_the_peer_closed_inside_a_message<F: Family>(mode: Mode) {
    let (mut connection, mut server, _) = half::<F>(mode);
    server.disconnect();
    let mut buffer = vec![255; 100_000];
    match eventually(|| connection.receive_into(&mut buffer)) {
        Status::Error(Error::CutShort { received: 60_000, expected: 100_004 }) => {}
        other => panic!("{other:?}"),
    }
    assert!(connection.receive_into(&mut buffer).is_disconnected());
    assert!(connection.unread() == wire(&message(100_000))[..60_000]);

    // The same within one receive.
    let (mut connection, mut server) = pair::<F>(mode);
    let sender = in_thread(move || {
        server.send(&wire(&message(100_000))[..60_000]).into_result().unwrap();
        server.disconnect();
    });
    let end = eventually(|| connection.receive_into(&mut buffer));
    assert_eq!(end.into_result().unwrap_err().kind(), ErrorKind::Truncated);
    sender.join();
    assert!(connection.unread() == wire(&message(100_000))[..60_000]);
}
