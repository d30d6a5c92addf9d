//! Somebody in between, who writes down every byte and may change some.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

use sockeye::{ErrorKind, IpAddress, Packet, StatusCode, TcpSocket, TlsClient, TlsClientOptions, TlsSocket, Trust};

use crate::support::{
    LONG, Mode, SHORT, eventually, in_thread, packet_of, receive_soon,
    tls::{NAME, client, identity, server},
};

/// What went from the client to the server.
type Record = Arc<Mutex<Vec<u8>>>;

/// Connects two TCP sockets through somebody who passes on the bytes of both directions in pieces of this size, from the
/// server's as `change` makes them.
fn through_a_proxy(
    piece: usize,
    mut change: impl FnMut(usize, u8) -> u8 + Send + 'static,
) -> (TcpSocket, TcpSocket, Record) {
    let far_listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near_listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut client = TcpSocket::new();
    let port = near_listener.local_addr().unwrap().port();
    client.connect(IpAddress::LOCAL_HOST, port).into_result().unwrap();
    let near = near_listener.accept().unwrap().0;
    let far = TcpStream::connect(far_listener.local_addr().unwrap()).unwrap();
    let server = TcpSocket::try_from(far_listener.accept().unwrap().0).unwrap();
    let record = Record::default();
    let (near_copy, far_copy) = (near.try_clone().unwrap(), far.try_clone().unwrap());
    let written = Arc::clone(&record);
    std::thread::spawn(move || {
        pass(near, far, piece, |_, byte| {
            written.lock().unwrap().push(byte);
            byte
        });
    });
    std::thread::spawn(move || pass(far_copy, near_copy, piece, &mut change));
    let mut sockets = (client, server, record);
    sockets.0.set_timeout(Some(LONG)).unwrap();
    sockets.1.set_timeout(Some(LONG)).unwrap();
    sockets
}

fn pass(mut from: TcpStream, mut to: TcpStream, piece: usize, mut change: impl FnMut(usize, u8) -> u8) {
    let mut buffer = vec![0; piece];
    let mut total = 0;
    while let Ok(count @ 1..) = from.read(&mut buffer) {
        for byte in &mut buffer[..count] {
            *byte = change(total, *byte);
            total += 1;
        }
        if to.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// Fails unless the bytes are TLS records, whole ones, one behind the other (RFC 8446 section 5.1).
fn assert_records(mut bytes: &[u8]) {
    while let Some((head, rest)) = bytes.split_at_checked(5) {
        assert!((20..=23).contains(&head[0]), "{head:?} is no record");
        assert_eq!(head[1], 3, "{head:?} is no record");
        bytes = &rest[usize::from(u16::from_be_bytes([head[3], head[4]]))..];
    }
    assert!(bytes.is_empty(), "{bytes:?} is no record");
}

/// Does everything that could send, many times.
fn try_to_send(socket: &mut TlsSocket, marker: &[u8]) {
    for _ in 0..3 {
        let _ = socket.send(marker);
        let _ = socket.send_packet(&Packet::from(marker.to_vec()));
        let _ = socket.queue_packet(&Packet::from(marker.to_vec()));
        let _ = socket.flush();
        let _ = socket.handshake();
        let _ = socket.receive(&mut [0; 64]);
        let _ = socket.write(marker);
        let _ = Write::flush(socket);
        let _ = socket.shutdown_send();
    }
}

const MARKER: &[u8] = b"the password is swordfish";

/// Whatever goes wrong with the session, and whatever is tried afterwards, no byte leaves that is not encrypted.
#[test]
fn after_a_failure_nothing_is_sent_in_plain_text() {
    for mode in [Mode::Blocking, Mode::NonBlocking] {
        // Without trust; with a byte changed in each part of what the server says first; with one changed later.
        let mut cases: Vec<(Option<usize>, bool)> = vec![(None, false)];
        cases.extend([0, 1, 5, 20, 60, 130, 200, 400, 700].map(|at| (Some(at), true)));
        for (changed, is_trusted) in cases {
            let (near, far, record) =
                through_a_proxy(4096, move |at, byte| if Some(at) == changed { byte ^ 0x40 } else { byte });
            let server = in_thread(move || {
                let mut far = TlsSocket::server(far, server()).unwrap();
                let _ = far.handshake();
                let _ = far.send(&[7; 1000]);
                // Until the client has gone.
                while far.receive(&mut [0; 4096]).is_done() {}
            });
            let mut options = TlsClientOptions::default();
            options.trust = Trust::Pinned(is_trusted.then(|| identity().fingerprint()).into_iter().collect());
            options.handshake_limit = Some(5 * SHORT);
            let config = TlsClient::with_options(options).unwrap();
            let mut near = TlsSocket::client(near, &config, NAME).unwrap();
            near.set_blocking(mode == Mode::Blocking).unwrap();
            let error = loop {
                match receive_soon(&mut near, &mut [0; 4096]) {
                    sockeye::Status::Done(_) => {}
                    other => break other.error().unwrap(),
                }
            };
            // A record that seems longer than it is never ends.
            assert!(matches!(error.kind(), ErrorKind::Tls | ErrorKind::TimedOut), "{changed:?}: {error}");
            try_to_send(&mut near, MARKER);
            near.disconnect();
            try_to_send(&mut near, MARKER);
            drop(near);
            server.join();
            let record = record.lock().unwrap();
            assert!(!record.is_empty());
            assert!(!record.windows(MARKER.len()).any(|window| window == MARKER), "{changed:?}");
            assert_records(&record);
        }
    }
}

/// And a session that has not failed sends records only, too.
#[test]
fn a_good_session_sends_records_only() {
    let (near, far, record) = through_a_proxy(100_000, |_, byte| byte);
    let server = in_thread(move || {
        let mut far = TlsSocket::server(far, server()).unwrap();
        let mut all = Vec::new();
        far.read_to_end(&mut all).unwrap();
        all
    });
    let mut near = TlsSocket::client(near, client(), NAME).unwrap();
    near.queue_packet(&Packet::from(MARKER.to_vec())).into_result().unwrap();
    near.send(MARKER).into_result().unwrap();
    near.send_packet(&packet_of(40_000, b'x')).into_result().unwrap();
    drop(near);
    assert_eq!(server.join().len(), 4 + MARKER.len() + MARKER.len() + 4 + 40_000);
    let record = record.lock().unwrap();
    assert!(!record.windows(MARKER.len()).any(|window| window == MARKER));
    assert_records(&record);
}

/// A handshake and a conversation in single bytes.
#[test]
fn bytes_may_come_one_by_one() {
    for mode in [Mode::Blocking, Mode::NonBlocking] {
        let (near, far, _record) = through_a_proxy(1, |_, byte| byte);
        let server = in_thread(move || {
            let mut far = TlsSocket::server(far, server()).unwrap();
            let mut packet = Packet::new();
            far.receive_packet(&mut packet).into_result().unwrap();
            far.send_packet(&packet).into_result().unwrap();
        });
        let mut near = TlsSocket::client(near, client(), NAME).unwrap();
        near.set_blocking(mode == Mode::Blocking).unwrap();
        eventually(|| near.send_packet(&packet_of(3000, 5))).into_result().unwrap();
        let mut packet = Packet::new();
        eventually(|| near.receive_packet(&mut packet)).into_result().unwrap();
        assert_eq!(packet.data(), [5; 3000]);
        assert_eq!(eventually(|| near.receive_packet(&mut packet)).code(), StatusCode::Disconnected);
        server.join();
    }
}
