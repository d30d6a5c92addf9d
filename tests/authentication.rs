//! Listeners and clients, with keys and without, and peers that behave badly.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::doc_markdown, clippy::cast_possible_truncation)]

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use sockeye::{
    AuthError, AuthKey, Client, ClientOptions, Connection, Endpoint, Error, ErrorKind, Framing, Listener,
    ListenerOptions, LocalSocket, Phase, SocketSelector, Status, StatusCode,
};

#[path = "support/in_time.rs"]
mod in_time;
mod support;

mod authentication {
    mod addresses;
    #[cfg(target_os = "linux")]
    mod backlog;
    #[cfg(feature = "tls")]
    mod encryption;
    #[cfg(feature = "tls")]
    mod first_use;
    mod pauses;
    mod reflection;
    mod selecting;
}

use support::frames::{frame, framed};

const DEADLINE: Duration = Duration::from_secs(20);

fn key() -> AuthKey {
    AuthKey::new("secret").unwrap()
}

fn loopback() -> Endpoint {
    Endpoint::parse("127.0.0.1:0").unwrap()
}

fn options(change: impl FnOnce(&mut ListenerOptions)) -> ListenerOptions {
    let mut options = ListenerOptions::default();
    change(&mut options);
    options
}

fn listener(options: ListenerOptions) -> Listener {
    let mut listener = Listener::bind_with(&loopback(), Some(key()), options).unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    listener
}

fn port(listener: &Listener) -> u16 {
    match listener.address().unwrap() {
        Endpoint::Tcp { port, .. } => port,
        other => panic!("{other:?}"),
    }
}

fn raw(listener: &Listener) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port(listener))).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream
}

fn write_frame(stream: &mut TcpStream, body: &[u8]) {
    stream.write_all(&framed(body)).unwrap();
}

/// Connects in a thread, for a listener that waits.
fn client(listener: &Listener, key: Option<AuthKey>, options: ClientOptions) -> thread::JoinHandle<Status<Connection>> {
    let endpoint = listener.address().unwrap();
    thread::spawn(move || Client::connect_with(&endpoint, key.as_ref(), &options))
}

fn why(status: Status<Connection>) -> AuthError {
    match status {
        Status::Error(Error::Authentication(why)) => why,
        other => panic!("{other:?}"),
    }
}

fn assert_connected(left: &mut Connection, right: &mut Connection) {
    left.send(b"there").into_result().unwrap();
    assert_eq!(right.receive().into_result().unwrap(), b"there");
    right.send(b"back").into_result().unwrap();
    assert_eq!(left.receive().into_result().unwrap(), b"back");
}

/// Both ends in one thread, in whichever way they wait.
fn meet(listener: &mut Listener, client: &mut Client) -> (Connection, Connection) {
    let end = Instant::now() + DEADLINE;
    let (mut left, mut right) = (None, None);
    while left.is_none() || right.is_none() {
        assert!(Instant::now() < end);
        if left.is_none() {
            left = match listener.accept() {
                Status::NotReady => None,
                other => Some(other.into_result().unwrap()),
            };
        }
        if right.is_none() {
            right = match client.poll() {
                Status::NotReady => None,
                other => Some(other.into_result().unwrap()),
            };
        }
    }
    (left.unwrap(), right.unwrap())
}

#[test]
fn those_who_share_a_key_are_connected() {
    let mut listener = listener(ListenerOptions::default());
    let clients: Vec<_> = (0..10).map(|_| client(&listener, Some(key()), ClientOptions::default())).collect();
    let mut accepted: Vec<_> = clients.iter().map(|_| listener.accept().into_result().unwrap()).collect();
    let mut connected: Vec<_> = clients.into_iter().map(|it| it.join().unwrap().into_result().unwrap()).collect();
    for connection in &mut accepted {
        assert_eq!(connection.framing(), Framing::Multiprocessing);
        assert_eq!(connection.timeout(), Some(DEADLINE), "the listener's mode");
        let other = connected.iter_mut().find(|other| other.local_port() == connection.remote_port()).unwrap();
        assert_connected(connection, other);
    }
    let (address, port) = listener.last_accepted().unwrap();
    assert_eq!((address.to_string().as_str(), port), ("127.0.0.1", accepted.last().unwrap().remote_port()));
}

#[test]
#[cfg(unix)]
fn paths_work_as_ports_do() {
    let path = support::fresh_path();
    for key in [None, Some(key())] {
        let mut listener = Listener::bind(&Endpoint::Local(path.clone()), key.clone()).unwrap();
        assert_eq!(listener.address().unwrap(), Endpoint::Local(path.clone()));
        listener.set_blocking(false).unwrap();
        let endpoint = listener.address().unwrap();
        let mut client = Client::begin(&endpoint, key.as_ref(), &ClientOptions::default()).unwrap();
        let (mut left, mut right) = meet(&mut listener, &mut client);
        assert!(!left.is_blocking() && !right.is_blocking());
        left.set_blocking(true).unwrap();
        right.set_blocking(true).unwrap();
        assert_connected(&mut left, &mut right);
        assert_eq!(listener.last_accepted(), None);
        drop(listener);
        assert!(!path.exists());
    }
}

#[test]
fn a_wrong_key_is_refused_on_both_sides_and_the_listener_lives() {
    let mut listener = listener(ListenerOptions::default());
    let wrong = client(&listener, Some(AuthKey::new("Secret").unwrap()), ClientOptions::default());
    assert_eq!(why(listener.accept()), AuthError::WrongDigest);
    assert!(listener.last_accepted().is_some(), "who it was");
    assert_eq!(why(wrong.join().unwrap()), AuthError::Rejected);
    let right = client(&listener, Some(key()), ClientOptions::default());
    let mut accepted = listener.accept().into_result().unwrap();
    assert_connected(&mut accepted, &mut right.join().unwrap().into_result().unwrap());
}

#[test]
fn without_keys_everybody_is_let_in() {
    let mut listener = Listener::bind(&loopback(), None).unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    let other = client(&listener, None, ClientOptions::default());
    let mut accepted = listener.accept().into_result().unwrap();
    assert_connected(&mut accepted, &mut other.join().unwrap().into_result().unwrap());
    // A client that wants to be challenged waits no longer than its limit.
    let mut options = ClientOptions::default();
    options.handshake_limit = Duration::from_millis(100);
    let other = client(&listener, Some(key()), options);
    let accepted = listener.accept().into_result().unwrap();
    let error = other.join().unwrap().error().unwrap();
    let limit = Duration::from_millis(100);
    assert!(
        matches!(error, Error::TimedOut { phase: Phase::Authentication, limit: found } if found == limit),
        "{error}"
    );
    drop(accepted);
}

#[test]
fn accept_waits_as_the_mode_says() {
    let mut listener = Listener::bind(&loopback(), Some(key())).unwrap();
    listener.set_timeout(Some(Duration::from_millis(50))).unwrap();
    let start = Instant::now();
    assert!(listener.accept().is_not_ready());
    assert!((50..5000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    listener.set_timeout(Some(DEADLINE)).unwrap();
    listener.set_blocking(false).unwrap();
    let start = Instant::now();
    assert!(listener.accept().is_not_ready());
    assert!(start.elapsed() < DEADLINE / 2, "{:?}", start.elapsed());
    listener.close();
    assert!(listener.accept().is_disconnected());
    assert_eq!(listener.address().unwrap_err().kind(), ErrorKind::NotOpen);
}

#[test]
fn a_client_that_cannot_wait_is_told_of_by_a_selector() {
    let mut listener = Listener::bind(&loopback(), Some(key())).unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    let endpoint = listener.address().unwrap();
    let accepted = thread::spawn(move || listener.accept().into_result());
    let mut client = Client::begin(&endpoint, Some(&key()), &ClientOptions::default()).unwrap();
    let mut selector = SocketSelector::new().unwrap();
    let (mut connection, mut rounds) = (None, 0);
    while connection.is_none() {
        rounds += 1;
        assert!(rounds < 20);
        selector.add(&client).unwrap();
        assert!(selector.wait(Some(DEADLINE)).unwrap());
        connection = match client.poll() {
            Status::NotReady => None,
            other => Some(other.into_result().unwrap()),
        };
    }
    let mut connection = connection.unwrap();
    connection.set_blocking(true).unwrap();
    assert_connected(&mut accepted.join().unwrap().unwrap(), &mut connection);
    assert!(client.poll().is_disconnected());
}

#[test]
fn a_connection_that_is_refused_says_so_once() {
    let endpoint = {
        let listener = Listener::bind(&loopback(), None).unwrap();
        listener.address().unwrap()
    };
    let status = Client::connect(&endpoint, Some(&key()));
    assert_eq!(status.error().map(|error| error.kind()), Some(ErrorKind::Refused));
    let refused = |mut client: Client| {
        let end = Instant::now() + DEADLINE;
        loop {
            assert!(Instant::now() < end);
            match client.poll() {
                Status::NotReady => thread::yield_now(),
                other => return (other.error().map(|error| error.kind()), client.poll().code()),
            }
        }
    };
    match Client::begin(&endpoint, Some(&key()), &ClientOptions::default()) {
        Ok(client) => assert_eq!(refused(client), (Some(ErrorKind::Refused), StatusCode::Disconnected)),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Refused),
    }
}

#[test]
fn silent_and_slow_peers_delay_nobody() {
    let limit = Duration::from_secs(4);
    let mut listener = listener(options(|options| options.handshake_limit = limit));
    let start = Instant::now();
    let silent: Vec<_> = (0..50).map(|_| raw(&listener)).collect();
    // A byte at a time, and never a whole message.
    let mut slow = raw(&listener);
    let dribble = thread::spawn(move || {
        let mut count = 0;
        while count < 200 && slow.write_all(if count == 3 { &[250] } else { &[0] }).is_ok() {
            count += 1;
            thread::sleep(Duration::from_millis(50));
        }
        count
    });
    for _ in 0..20 {
        let quick = client(&listener, Some(key()), ClientOptions::default());
        let mut accepted = listener.accept().into_result().unwrap();
        assert_connected(&mut accepted, &mut quick.join().unwrap().into_result().unwrap());
    }
    assert!(start.elapsed() < limit, "the silent ones are still there");
    assert_eq!(listener.pending_handshakes(), 51);
    let mut late = 0;
    while listener.pending_handshakes() > 0 || late < 51 {
        match listener.accept() {
            Status::Error(Error::TimedOut { phase: Phase::Authentication, .. }) => late += 1,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(late, 51);
    assert!((limit..DEADLINE).contains(&start.elapsed()), "one limit for all of it: {:?}", start.elapsed());
    let sent = dribble.join().unwrap();
    assert!(sent < 200, "{sent} bytes, and still not closed");
    drop(silent);
}

#[test]
fn a_crowd_of_silent_peers_is_bounded() {
    let mut listener = listener(options(|options| options.max_pending = 8));
    let mut crowd: Vec<_> = (0..100).map(|_| raw(&listener)).collect();
    let quick = client(&listener, Some(key()), ClientOptions::default());
    let mut accepted = listener.accept().into_result().unwrap();
    assert_connected(&mut accepted, &mut quick.join().unwrap().into_result().unwrap());
    assert!(listener.pending_handshakes() <= 8);
    // The oldest had to go: a challenge, and the end.
    assert_eq!(frame(&mut crowd[0]).len(), 69);
    assert_eq!(crowd[0].read(&mut [0; 9]).unwrap_or(0), 0);
}

#[test]
fn peers_that_go_are_skipped_wherever_they_go() {
    let mut listener = listener(ListenerOptions::default());
    for sent in [&b""[..], b"\0", b"\0\0\0\x4a", b"\0\0\0\x4a{sockeye1}"] {
        let mut peer = raw(&listener);
        peer.write_all(sent).unwrap();
        drop(peer);
    }
    let quick = client(&listener, Some(key()), ClientOptions::default());
    let mut accepted = listener.accept().into_result().unwrap();
    assert_connected(&mut accepted, &mut quick.join().unwrap().into_result().unwrap());
}

#[test]
fn what_is_no_handshake_is_refused_at_once() {
    let mut listener = listener(ListenerOptions::default());
    for (sent, expected) in [
        (&b"\x7f\xff\xff\xff"[..], AuthError::TooLong),
        (b"\xff\xff\xff\xff", AuthError::TooLong),
        (b"\0\0\x01\x01", AuthError::TooLong),
        (b"GET / HTTP/1.1\r\n\r\n", AuthError::TooLong),
        (b"\0\0\0\0", AuthError::UnknownAlgorithm),
        (b"\0\0\0\x100123456789abcdef", AuthError::WeakAlgorithm),
        (b"\0\0\0\x28{sha256}0123456789abcdef0123456789abcdef", AuthError::WrongDigest),
        (b"\0\0\0\x0b{sockeye1}x", AuthError::WrongDigest),
    ] {
        let start = Instant::now();
        let mut peer = raw(&listener);
        peer.write_all(sent).unwrap();
        assert_eq!(why(listener.accept()), expected);
        assert!(frame(&mut peer).starts_with(b"#CHALLENGE#{sha256}"));
        assert_eq!(frame(&mut peer), b"#FAILURE#");
        assert!(start.elapsed() < DEADLINE / 2, "{:?}", start.elapsed());
    }
}

/// A listener without the key, which does something with one client.
fn rogue(act: impl FnOnce(&mut TcpStream) + Send + 'static) -> (Endpoint, thread::JoinHandle<()>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = Endpoint::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        act(&mut stream);
    });
    (endpoint, thread)
}

#[test]
fn clients_are_not_made_to_sign_by_a_rogue() {
    let challenge = |text: &[u8]| [b"#CHALLENGE#", text].concat();
    for (sent, expected) in [
        (challenge(b"0123456789abcdef012"), AuthError::ShortChallenge),
        (challenge(b""), AuthError::ShortChallenge),
        (challenge(b"0123456789abcdef0123"), AuthError::WeakAlgorithm),
        (challenge(b"{sha256}6789abcdef01"), AuthError::WeakAlgorithm),
        (challenge(b"{md5}0123456789abcdef0123456789abcdef"), AuthError::WeakAlgorithm),
        (challenge(b"{sha1}0123456789abcdef0123456789abcdef"), AuthError::UnknownAlgorithm),
        (b"#WELCOME#".to_vec(), AuthError::Unexpected),
    ] {
        let (endpoint, thread) = rogue(move |stream| {
            write_frame(stream, &sent);
            assert_eq!(stream.read(&mut [0; 64]).unwrap(), 0, "nothing is answered");
        });
        assert_eq!(why(Client::connect(&endpoint, Some(&key()))), expected);
        thread.join().unwrap();
    }
}

#[test]
fn a_rogue_cannot_have_one_client_answer_for_another() {
    // What makes every Python believe a listener that has no key: A's challenge is passed on to B.
    let (bait, answered) = (b"#CHALLENGE#{sha256}0123456789abcdef0123456789abcdef01234567", Duration::from_secs(5));
    let (to_b, from_a) = std::sync::mpsc::channel();
    let (b_is_done, wait_for_b) = std::sync::mpsc::channel();
    let (endpoint_a, rogue_a) = rogue(move |stream| {
        write_frame(stream, bait);
        assert_eq!(frame(stream).len(), 40, "A proves the key, as it does to any listener");
        write_frame(stream, b"#WELCOME#");
        to_b.send(frame(stream)).unwrap();
        // A waits for its answer for as long as B is asked.
        wait_for_b.recv_timeout(answered).unwrap();
    });
    let (endpoint_b, rogue_b) = rogue(move |stream| {
        let challenge = from_a.recv_timeout(answered).unwrap();
        assert!(challenge.starts_with(b"#CHALLENGE#{sha256}"));
        write_frame(stream, &challenge);
        assert_eq!(stream.read(&mut [0; 64]).unwrap(), 0, "B does not answer");
        b_is_done.send(()).unwrap();
    });
    let a = thread::spawn(move || Client::connect(&endpoint_a, Some(&key())));
    assert_eq!(why(Client::connect(&endpoint_b, Some(&key()))), AuthError::Reflected);
    rogue_b.join().unwrap();
    rogue_a.join().unwrap();
    assert!(a.join().unwrap().is_disconnected());
}

#[test]
fn a_slow_listener_has_one_limit_for_all_of_it() {
    let (endpoint, thread) = rogue(|stream| {
        for byte in [0, 0, 0, 60].into_iter().chain([b'#'; 60]) {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            // All of it takes 16 s.
            thread::sleep(Duration::from_millis(250));
        }
    });
    let mut options = ClientOptions::default();
    options.handshake_limit = Duration::from_millis(300);
    let start = Instant::now();
    let error = Client::connect_with(&endpoint, Some(&key()), &options).error().unwrap();
    assert!(matches!(error, Error::TimedOut { phase: Phase::Authentication, .. }), "{error}");
    assert!((300..10_000).contains(&start.elapsed().as_millis()), "{:?}", start.elapsed());
    thread.join().unwrap();
}

#[test]
fn the_first_message_may_come_together_with_the_welcome() {
    // A local socket, since somebody of this process may pass on what comes over it.
    let path = support::fresh_path();
    let mut listener = Listener::bind(&Endpoint::Local(path.clone()), Some(key())).unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    // Between the two stands somebody who passes on what the listener says in one piece.
    let (endpoint, between) = rogue(move |front| {
        let mut back = LocalSocket::new();
        back.connect(&path).into_result().unwrap();
        let challenge = frame(&mut back);
        write_frame(front, &challenge);
        let answer = frame(front);
        back.write_all(&framed(&answer)).unwrap();
        let mut rest = Vec::new();
        back.read_to_end(&mut rest).unwrap();
        front.write_all(&rest).unwrap();
    });
    let other = thread::spawn(move || Client::connect(&endpoint, Some(&key())).into_result());
    let mut accepted = listener.accept().into_result().unwrap();
    accepted.send(b"first").into_result().unwrap();
    accepted.send(&[7; 100_000]).into_result().unwrap();
    accepted.close();
    let mut connection = other.join().unwrap().unwrap();
    assert_eq!(connection.receive().into_result().unwrap(), b"first");
    assert!(connection.receive().into_result().unwrap() == [7; 100_000]);
    assert!(connection.receive().is_disconnected());
    between.join().unwrap();
}

#[cfg(feature = "tls")]
mod over_tls {
    use sockeye::{TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust};

    use super::*;

    pub(super) fn configs() -> (TlsServer, TlsClient) {
        let identity = TlsIdentity::self_signed(&["localhost"]).unwrap();
        let mut options = TlsClientOptions::default();
        options.trust = Trust::Pinned(vec![identity.fingerprint()]);
        (TlsServer::new(identity).unwrap(), TlsClient::with_options(options).unwrap())
    }

    pub(super) fn client_options(tls: TlsClient) -> ClientOptions {
        let mut options = ClientOptions::default();
        options.least = sockeye::AuthLevel::Bound;
        options.tls = Some(tls);
        options.tls_name = Some("localhost".into());
        options
    }

    #[test]
    fn a_key_is_shown_inside_of_the_session() {
        let (server, tls) = configs();
        let mut listener = listener(options(|options| {
            options.tls = Some(server);
            options.least = sockeye::AuthLevel::Bound;
        }));
        let other = client(&listener, Some(key()), client_options(tls.clone()));
        let mut accepted = listener.accept().into_result().unwrap();
        assert_connected(&mut accepted, &mut other.join().unwrap().into_result().unwrap());
        listener.set_blocking(false).unwrap();
        let mut other = Client::begin(&listener.address().unwrap(), Some(&key()), &client_options(tls)).unwrap();
        let (mut left, mut right) = meet(&mut listener, &mut other);
        left.set_blocking(true).unwrap();
        right.set_blocking(true).unwrap();
        assert_connected(&mut left, &mut right);
        // Never in the clear: what is no TLS is refused.
        let mut plain = raw(&listener);
        plain.write_all(&[0; 64]).unwrap();
        listener.set_blocking(true).unwrap();
        assert_eq!(listener.accept().error().map(|error| error.kind()), Some(ErrorKind::Tls));
    }

    #[test]
    fn a_session_in_the_middle_breaks_the_proof() {
        // The one in the middle has a certificate that the client trusts, and no key: it passes every byte on.
        let (server, tls) = configs();
        let mut listener = listener(options(|options| options.tls = Some(server.clone())));
        let behind = port(&listener);
        let to_listener = tls.clone();
        let (endpoint, middle) = rogue(move |front| {
            let front = front.try_clone().unwrap().try_into().unwrap();
            let mut front = TlsSocket::server(front, &server).unwrap();
            let back = TcpStream::connect((Ipv4Addr::LOCALHOST, behind)).unwrap().try_into().unwrap();
            let mut back = TlsSocket::client(back, &to_listener, "localhost").unwrap();
            let mut buffer = [0; 1024];
            for from_listener in [true, false, true] {
                let (from, to) = if from_listener { (&mut back, &mut front) } else { (&mut front, &mut back) };
                let count = from.receive(&mut buffer).into_result().unwrap();
                let _ = to.send(&buffer[..count]);
            }
        });
        let other = thread::spawn(move || Client::connect_with(&endpoint, Some(&key()), &client_options(tls)));
        assert_eq!(why(listener.accept()), AuthError::WrongDigest);
        assert_eq!(why(other.join().unwrap()), AuthError::Rejected);
        middle.join().unwrap();
    }
}
