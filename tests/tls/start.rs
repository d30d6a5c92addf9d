//! How a session begins: over what kind of socket, with whom, and within what time.

use std::time::{Duration, Instant};

use sockeye::{
    ErrorKind, Interest, IpAddress, Packet, SocketSelector, Status, StatusCode, TcpSocket, TlsServer, TlsServerOptions,
    TlsSocket,
};

use crate::support::{
    LONG, Listen, Mode, SHORT, V4, drain, eventually, in_thread, listening, receive_soon,
    tls::{NAME, client, identity, server, shake_hands, tcp_pair},
};

const MODES: [Mode; 2] = [Mode::Blocking, Mode::NonBlocking];

/// Text that somebody has slipped in before the session must not pass for the server's.
#[test]
fn plain_text_from_before_the_session_breaks_it() {
    for mode in MODES {
        let (mut near, mut far) = tcp_pair();
        far.send(b"\0\0\0\x02OK250 the attacker's lines\r\n").into_result().unwrap();
        let mut packet = Packet::new();
        near.receive_packet(&mut packet).into_result().unwrap();
        assert_eq!(packet.data(), b"OK");
        near.set_blocking(mode == Mode::Blocking).unwrap();
        let mut near = TlsSocket::client(near, client(), NAME).unwrap();
        let mut far = TlsSocket::server(far, server()).unwrap();
        let mut selector = SocketSelector::new().unwrap();
        selector.add(&near).unwrap();
        assert!(selector.wait(Some(Duration::ZERO)).unwrap(), "the socket holds what was received");
        let (one, _) = shake_hands(&mut near, &mut far);
        assert_eq!(one.error().unwrap().kind(), ErrorKind::Tls);
        assert_eq!(near.receive(&mut [0; 64]).error().unwrap().kind(), ErrorKind::Tls);
    }
}

/// A server's part of the session that came together with a packet is used.
#[test]
fn the_session_may_begin_behind_a_packet() {
    let (mut near, mut far) = tcp_pair();
    near.queue_packet(&Packet::from(b"STARTTLS".to_vec())).into_result().unwrap();
    assert_eq!(near.pending_bytes(), 12);
    // What is in the outbox goes first, as it is.
    let mut near = TlsSocket::client(near, client(), NAME).unwrap();
    assert_eq!(near.pending_bytes(), 12);
    near.set_blocking(false).unwrap();
    assert_eq!(near.handshake().code(), StatusCode::NotReady);
    assert_eq!(near.pending_bytes(), 0);
    let mut packet = Packet::new();
    far.receive_packet(&mut packet).into_result().unwrap();
    assert_eq!(packet.data(), b"STARTTLS");
    // The hello has come with it.
    let mut far = TlsSocket::server(far, server()).unwrap();
    let (one, other) = shake_hands(&mut near, &mut far);
    assert_eq!((one.code(), other.code()), (StatusCode::Done, StatusCode::Done));
    near.send(b"hello").into_result().unwrap();
    assert_eq!(drain(&mut far, 5), b"hello");
}

#[test]
fn a_session_may_begin_before_the_connection() {
    for mode in MODES {
        let (mut listener, port) = listening::<V4>();
        let far = in_thread(move || {
            listener.set_timeout(Some(LONG)).unwrap();
            let mut far = TlsSocket::server(Listen::accept(&mut listener).into_result().unwrap(), server()).unwrap();
            far.send(b"hello").into_result().unwrap();
            far
        });
        let mut near = TcpSocket::new();
        near.set_blocking(false).unwrap();
        let _ = near.connect(IpAddress::LOCAL_HOST, port);
        let mut near = TlsSocket::client(near, client(), NAME).unwrap();
        near.set_blocking(mode == Mode::Blocking).unwrap();
        let mut buffer = [0; 8];
        assert_eq!(receive_soon(&mut near, &mut buffer).done(), Some(5));
        assert_eq!(near.remote_port(), port);
        drop(near);
        assert_eq!(far.join().receive(&mut buffer).code(), StatusCode::Disconnected);
    }
    let mut never = TlsSocket::client(TcpSocket::new(), client(), NAME).unwrap();
    assert_eq!(never.handshake().code(), StatusCode::Disconnected);
    assert_eq!(never.finish_connect().code(), StatusCode::Disconnected);
}

#[test]
fn modes_and_limits_stay() {
    let (mut near, _far) = tcp_pair();
    near.set_timeout(Some(SHORT)).unwrap();
    near.set_packet_limit(77);
    near.set_outbox_limit(99);
    let near = TlsSocket::client(near, client(), NAME).unwrap();
    assert_eq!((near.timeout(), near.packet_limit(), near.outbox_limit()), (Some(SHORT), 77, 99));
    assert!(near.is_connected());
}

/// Whoever is no TLS server, says nothing, or goes away is an error, and stays one.
#[test]
fn peers_that_speak_no_tls() {
    for mode in MODES {
        for answer in
            [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"220 ready\r\n", b"\0", b"\x15\x03\x01\0\x02\x02\x28", b""]
        {
            let (near, mut far) = tcp_pair();
            let mut near = TlsSocket::client(near, client(), NAME).unwrap();
            near.set_blocking(mode == Mode::Blocking).unwrap();
            if !answer.is_empty() {
                far.send(answer).into_result().unwrap();
            }
            far.shutdown_send().into_result().unwrap();
            for _ in 0..3 {
                let error = eventually(|| near.handshake()).error().unwrap();
                assert_eq!(error.kind(), ErrorKind::Tls, "{answer:?}: {error}");
            }
            assert_eq!(near.send(b"x").error().unwrap().kind(), ErrorKind::Tls);
        }
        let (near, far) = tcp_pair();
        let mut near = TlsSocket::client(near, client(), NAME).unwrap();
        near.set_blocking(mode == Mode::Blocking).unwrap();
        crate::support::reset(far);
        let error = eventually(|| near.handshake()).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    }
}

#[test]
fn clients_that_speak_no_tls() {
    for mode in MODES {
        for text in [&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], &[0xff; 70_000], &[0x16, 3, 1, 0xff, 0xff]] {
            let (mut near, far) = tcp_pair();
            let mut far = TlsSocket::server(far, server()).unwrap();
            far.set_blocking(mode == Mode::Blocking).unwrap();
            near.send(text).into_result().unwrap();
            let error = eventually(|| far.handshake()).error().unwrap();
            assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        }
    }
}

/// A client that sends its hello so slowly that something always arrives ends with the limit of the handshake.
#[test]
fn a_slow_drip_ends_with_the_limit() {
    let mut options = TlsServerOptions::new(identity().clone());
    options.handshake_limit = Some(3 * SHORT);
    let server = TlsServer::with_options(options).unwrap();
    for mode in MODES {
        let (mut near, far) = tcp_pair();
        let (stop, stopped) = std::sync::mpsc::channel::<()>();
        let dripper = in_thread(move || {
            // A record of 16 KiB with a hello of as much.
            let mut hello = b"\x16\x03\x01\x40\x00\x01\x00\x3f\xfc".iter().copied().chain(std::iter::repeat(3));
            while stopped.recv_timeout(Duration::from_millis(1)) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                if !near.send(&[hello.next().unwrap()]).is_done() {
                    break;
                }
            }
        });
        let mut far = TlsSocket::server(far, &server).unwrap();
        far.set_blocking(mode == Mode::Blocking).unwrap();
        let begin = Instant::now();
        let error = eventually(|| far.handshake()).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
        assert!((3 * SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
        assert!(!far.is_connected());
        drop(stop);
        dripper.join();
    }
}

/// As a game loop or a server on a selector does it: nothing ever waits but the selector.
#[test]
fn a_selector_drives_both_ends() {
    let (near, far) = tcp_pair();
    let mut near = TlsSocket::client(near, client(), NAME).unwrap();
    let mut far = TlsSocket::server(far, server()).unwrap();
    near.set_blocking(false).unwrap();
    far.set_blocking(false).unwrap();
    let mut selector = SocketSelector::new().unwrap();
    selector.add_with(&near, Interest::Read).unwrap();
    selector.add_with(&far, Interest::Read).unwrap();
    // The client speaks first.
    assert_eq!(near.send(b"ping").code(), StatusCode::NotReady);
    let (mut has_sent, mut answer) = (false, Vec::new());
    for _ in 0..100 {
        if answer == b"pong" {
            return;
        }
        assert!(selector.wait(Some(LONG)).unwrap());
        if selector.is_ready(&far) {
            let mut buffer = [0; 16];
            if let Status::Done(count) = far.receive(&mut buffer) {
                assert_eq!(&buffer[..count], b"ping");
                far.send(b"pong").into_result().unwrap();
            }
        }
        if selector.is_ready(&near) {
            let mut buffer = [0; 16];
            match near.receive(&mut buffer) {
                Status::Done(count) => answer.extend_from_slice(&buffer[..count]),
                status => assert_eq!(status.code(), StatusCode::NotReady),
            }
            if !has_sent && near.send(b"ping").is_done() {
                has_sent = true;
            }
        }
    }
    panic!("no answer after a hundred waits");
}

/// The default limit, as the documentation has it.
#[test]
fn five_seconds_are_the_default() {
    assert_eq!(sockeye::TlsClientOptions::default().handshake_limit, Some(Duration::from_secs(5)));
    assert_eq!(TlsServerOptions::new(identity().clone()).handshake_limit, Some(Duration::from_secs(5)));
}
