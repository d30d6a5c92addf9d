//! What the table says of TLS alone.

use std::time::{Duration, Instant};

use socket2::SockRef;
use sockeye::{ErrorKind, Packet, Status, StatusCode, TlsClientOptions, TlsSocket, Trust};

use crate::support::{
    LONG, Mode, SHORT, connected, drain, drain_from, eventually, fill, packet_of, receive_soon,
    tls::{self, Tls},
};

const MODES: [Mode; 2] = [Mode::Blocking, Mode::NonBlocking];

/// Ends the TCP connection as a cut line does, without a word from TLS.
fn cut(socket: &TlsSocket) {
    SockRef::from(&socket.native_handle().unwrap()).shutdown(std::net::Shutdown::Write).unwrap();
}

/// Puts bytes on the wire that are not the session's.
fn inject(socket: &TlsSocket, bytes: &[u8]) {
    assert_eq!(SockRef::from(&socket.native_handle().unwrap()).send(bytes).unwrap(), bytes.len());
}

/// Queued bytes first, then Error(Truncated) once, then Disconnected.
#[test]
fn peer_ends_without_saying_so() {
    for mode in MODES {
        let (mut client, mut server) = connected::<Tls>(mode);
        server.send(b"last words").into_result().unwrap();
        cut(&server);
        assert_eq!(drain(&mut client, 10), b"last words");
        let error = receive_soon(&mut client, &mut [0; 4]).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert_eq!(error.to_string(), "the peer closed the connection after 10 bytes, before their end");
        for _ in 0..3 {
            assert_eq!(receive_soon(&mut client, &mut [0; 4]).code(), StatusCode::Disconnected);
        }
    }
}

#[test]
fn peer_ends_in_order() {
    for mode in MODES {
        let (mut client, mut server) = connected::<Tls>(mode);
        server.send(b"last words").into_result().unwrap();
        server.shutdown_send().into_result().unwrap();
        assert_eq!(drain(&mut client, 10), b"last words");
        assert_eq!(receive_soon(&mut client, &mut [0; 4]).code(), StatusCode::Disconnected);
        // The other direction is open.
        client.send(b"answer").into_result().unwrap();
        assert_eq!(drain(&mut server, 6), b"answer");
    }
}

#[test]
fn peer_ends_without_saying_so_inside_and_between_packets() {
    for mode in MODES {
        let (mut client, mut server) = connected::<Tls>(mode);
        server.send(b"\0\0\0\x03one\0\0\0\x03tw").into_result().unwrap();
        cut(&server);
        let mut packet = Packet::new();
        eventually(|| client.receive_packet(&mut packet)).into_result().unwrap();
        assert_eq!(packet.data(), b"one");
        let error = eventually(|| client.receive_packet(&mut packet)).error().unwrap();
        assert_eq!(error.to_string(), "the peer closed the connection after 6 of 7 bytes");
        assert_eq!(client.receive_packet(&mut packet).code(), StatusCode::Disconnected);

        let (mut client, mut server) = connected::<Tls>(mode);
        server.send(b"\0\0\0\x03one").into_result().unwrap();
        cut(&server);
        eventually(|| client.receive_packet(&mut packet)).into_result().unwrap();
        let error = eventually(|| client.receive_packet(&mut packet)).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert_eq!(client.receive_packet(&mut packet).code(), StatusCode::Disconnected);
    }
}

/// Error(Tls), for ever after, for every operation; what came before is still good.
#[test]
fn bad_record() {
    for mode in MODES {
        // Not a record at all, and a record with a wrong checksum.
        for bytes in [&b"HTTP/1.1 400 Bad Request\r\n"[..], b"\x17\x03\x03\x00\x1a_abcdefghijklmnopqrstuvwx_"] {
            let (mut client, mut server) = connected::<Tls>(mode);
            server.send(b"good").into_result().unwrap();
            inject(&server, bytes);
            assert_eq!(drain(&mut client, 4), b"good");
            let error = receive_soon(&mut client, &mut [0; 4]).error().unwrap();
            assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
            fails_for_ever(&mut client);
            // And the peer is told.
            let error = receive_soon(&mut server, &mut [0; 4]).error().unwrap();
            assert!(error.to_string().starts_with("the peer ended the TLS session: "), "{error}");
            fails_for_ever(&mut server);
            client.disconnect();
            assert_eq!(client.send(b"x").code(), StatusCode::Disconnected);
            assert_eq!(client.handshake().code(), StatusCode::Disconnected);
        }
    }
}

#[test]
fn untrusted_certificate() {
    for mode in MODES {
        let (client, server) = tls::tcp_pair();
        let stranger = tls::client_that_trusts(Trust::Pinned(Vec::new()));
        let mut client = TlsSocket::client(client, &stranger, tls::NAME).unwrap();
        let mut server = TlsSocket::server(server, tls::server()).unwrap();
        client.set_blocking(mode == Mode::Blocking).unwrap();
        let (one, other) = tls::shake_hands(&mut client, &mut server);
        assert_eq!(one.error().unwrap().kind(), ErrorKind::Tls);
        assert_eq!(other.error().unwrap().kind(), ErrorKind::Tls);
        fails_for_ever(&mut client);
        fails_for_ever(&mut server);
    }
}

fn fails_for_ever(socket: &mut TlsSocket) {
    fn fails<T>(status: Status<T>) {
        assert_eq!(status.error().map(|error| error.kind()), Some(ErrorKind::Tls));
    }
    for _ in 0..2 {
        fails(socket.send(b"x"));
        fails(socket.receive(&mut [0]));
        fails(socket.send_packet(&packet_of(1, 0)));
        fails(socket.queue_packet(&packet_of(1, 0)));
        fails(socket.receive_packet(&mut Packet::new()));
        fails(socket.flush());
        fails(socket.shutdown_send());
        fails(socket.handshake());
        assert_eq!(socket.pending_bytes(), 0);
    }
}

/// Error(TimedOut), socket closed; the limit counts from the first step.
#[test]
fn handshake_over_its_limit() {
    let mut options = TlsClientOptions::default();
    options.trust = Trust::Nothing;
    options.handshake_limit = Some(SHORT);
    let config = sockeye::TlsClient::with_options(options).unwrap();
    for mode in MODES {
        let (client, _silent) = tls::tcp_pair();
        let mut client = TlsSocket::client(client, &config, tls::NAME).unwrap();
        client.set_blocking(mode == Mode::Blocking).unwrap();
        std::thread::sleep(SHORT);
        let begin = Instant::now();
        let error = match mode {
            Mode::Blocking => client.send(b"x").error().unwrap(),
            Mode::NonBlocking => {
                assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
                eventually(|| client.receive(&mut [0])).error().unwrap()
            }
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(error.to_string(), format!("the TLS handshake did not end within {SHORT:?}"));
        assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        assert!(!client.is_connected());
        assert_eq!(client.handshake().code(), StatusCode::Disconnected);
    }
}

/// The timeout of the socket is no failure: the handshake goes on later.
#[test]
fn handshake_over_the_timeout() {
    let (client, server) = tls::tcp_pair();
    let mut client = TlsSocket::client(client, tls::client(), tls::NAME).unwrap();
    client.set_timeout(Some(SHORT)).unwrap();
    let begin = Instant::now();
    assert_eq!(client.handshake().code(), StatusCode::NotReady);
    assert_eq!(client.send(b"x").code(), StatusCode::NotReady);
    assert!((2 * SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    client.set_timeout(Some(Duration::ZERO)).unwrap();
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
    let mut server = TlsSocket::server(server, tls::server()).unwrap();
    let (one, other) = tls::shake_hands(&mut client, &mut server);
    assert_eq!((one.code(), other.code()), (StatusCode::Done, StatusCode::Done));
}

/// Done(k) in non-blocking mode: k bytes are encrypted, and what the system had no room for is moved on.
#[test]
fn encrypted_bytes_without_room_are_pending() {
    for by in ["flush", "send", "receive"] {
        let (mut client, mut server) = connected::<Tls>(Mode::NonBlocking);
        let filled = fill(&mut client);
        let pending = client.pending_bytes();
        assert!((1..70_000).contains(&pending), "{pending} bytes");
        assert_eq!(client.flush().code(), StatusCode::NotReady);
        let mut received = 0;
        let mut sent = 0;
        let end = Instant::now() + LONG;
        while client.pending_bytes() > 0 && sent == 0 {
            assert!(Instant::now() < end, "{by} does not move it on");
            received += receive_soon(&mut server, &mut [0; 4096]).into_result().unwrap();
            match by {
                "flush" => drop(client.flush()),
                "send" => sent = client.send(b"!").done().unwrap_or(0),
                _ => assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady),
            }
        }
        let rest = filled + sent - received;
        assert_eq!(drain_from(&mut client, &mut server, rest).len(), rest);
    }
}
