//! Peers of those who encrypt: they never end their beginning, or are somebody else.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::Path,
    time::{Duration, Instant},
};

use sockeye::{
    Client, ClientOptions, CloseReason, ConnectOptions, Endpoint, Error, ErrorKind, EventLoop, Framing, KnownHosts,
    ListenOptions, LoopEvent, Phase, Status, TlsClient, TlsIdentity, TlsServer, TlsSocket, Trust,
};

use super::{
    bounds::{KIB, leaves_nothing, within},
    handshakes::{key, listener, peer},
};
use crate::support::{LONG, child, fresh_path, tls};

const COUNT: usize = 200;
/// How long each of them may take.
const LIMIT: Duration = Duration::from_secs(1);
/// A session of rustls and what it has read so far.
const EACH: usize = 16 * KIB;

/// The first half of what a client says first.
fn half_a_hello() -> Vec<u8> {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let stream = TcpStream::connect(door.local_addr().unwrap()).unwrap();
    let mut client = TlsSocket::client(stream.try_into().unwrap(), tls::client(), tls::NAME).unwrap();
    client.set_blocking(false).unwrap();
    assert!(client.handshake().is_not_ready());
    drop(client);
    let mut hello = Vec::new();
    door.accept().unwrap().0.read_to_end(&mut hello).unwrap();
    assert_eq!(hello[..2], [0x16, 0x03], "a record of a handshake");
    hello.truncate(hello.len() / 2);
    hello
}

/// Each of them hears the end of it, and nothing before but why.
fn have_ended(peers: &mut Vec<TcpStream>) {
    for mut peer in peers.drain(..) {
        let mut heard = [0; 64];
        while let Ok(count @ 1..) = peer.read(&mut heard) {
            assert_eq!(heard[0], 0x15, "{count} bytes that are no alert");
        }
    }
}

/// 12: a crowd that begins to encrypt and never goes on is gone at the limit.
#[test]
fn crowds_at_a_listener() {
    child::in_child("hostile_messages::encryption::crowds_at_a_listener", || {
        child::need_descriptors(4 * COUNT as u64 + 50);
        let half = half_a_hello();
        let (mut listener, port) = listener(|options| {
            options.tls = Some(tls::server().clone());
            options.max_pending = 2 * COUNT;
            options.handshake_limit = LIMIT;
        });
        listener.set_blocking(false).unwrap();
        // The table of those who have a place has room for more than come at once, since they change, and keeps it.
        let (mut many, end) = (Vec::new(), Instant::now() + LONG);
        while listener.pending_handshakes() < 3 * COUNT / 2 {
            assert!(Instant::now() < end);
            many.push(peer(port));
            let _ = listener.accept();
        }
        drop(many);
        while !listener.accept().is_not_ready() || listener.pending_handshakes() > 0 {
            assert!(Instant::now() < end);
        }
        let mut peers = Vec::with_capacity(COUNT);
        let mut round = || {
            let (mut late, end) = (0, Instant::now() + LONG);
            while late < COUNT {
                assert!(Instant::now() < end, "{late} of {COUNT}");
                if peers.len() < COUNT {
                    let mut peer = peer(port);
                    peer.write_all(&half).unwrap();
                    peers.push(peer);
                } else {
                    listener.set_blocking(true).unwrap();
                }
                match listener.accept() {
                    Status::NotReady => {}
                    Status::Error(Error::TimedOut { phase: Phase::Authentication, .. }) => late += 1,
                    other => panic!("{other:?}"),
                }
            }
            listener.set_blocking(false).unwrap();
            assert_eq!(listener.pending_handshakes(), 0);
            have_ended(&mut peers);
        };
        within(COUNT * EACH, "half of a hello", &mut round);
        leaves_nothing("half of a hello", 2, round);
    });
}

/// 12: the same in a loop, where nobody hears of them.
#[test]
fn crowds_of_a_loop() {
    child::in_child("hostile_messages::encryption::crowds_of_a_loop", || {
        let half = half_a_hello();
        let mut options = ListenOptions::default();
        options.tls = Some(tls::server().clone());
        options.connection.opening_limit = Some(LIMIT);
        let mut event_loop = EventLoop::new().unwrap();
        let endpoint = Endpoint::Tcp { host: None, port: 0 };
        let listener = event_loop.listen(&endpoint, Framing::lines(), options).unwrap();
        let port = event_loop.local_port(listener);
        let mut peers = Vec::with_capacity(COUNT);
        let mut round = || {
            let (before, begin) = (event_loop.counters(), Instant::now());
            for _ in 0..COUNT {
                let mut peer = peer(port);
                peer.write_all(&half).unwrap();
                peers.push(peer);
                assert!(event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
            }
            loop {
                assert!(event_loop.poll(Some(Duration::from_millis(5))).unwrap().is_none(), "nobody hears of them");
                let now = event_loop.counters();
                if now.refused - before.refused == COUNT as u64 {
                    assert_eq!((now.connections, now.closed, now.opened), (0, 0, 0));
                    assert!(begin.elapsed() >= LIMIT);
                    break;
                }
                assert!(begin.elapsed() < LONG, "{now:?}");
            }
            have_ended(&mut peers);
        };
        within(COUNT * EACH, "half of a hello", &mut round);
        leaves_nothing("half of a hello", 2, round);
    });
}

/// Has this one try to connect to somebody with this identity. What became of it, and what the other one has heard.
fn meet(identity: &TlsServer, connect: impl FnOnce(&Endpoint) -> Error) -> (Error, Vec<u8>) {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = Endpoint::Tcp { host: Some("127.0.0.1".into()), port: door.local_addr().unwrap().port() };
    std::thread::scope(|scope| {
        let stranger = scope.spawn(|| {
            let (stream, _) = door.accept().unwrap();
            let mut socket = TlsSocket::server(stream.try_into().unwrap(), identity).unwrap();
            socket.set_timeout(Some(LONG)).unwrap();
            let mut heard = Vec::new();
            if socket.handshake().is_done() {
                let mut piece = [0; 256];
                while let Status::Done(count) = socket.receive(&mut piece) {
                    heard.extend(&piece[..count]);
                }
            }
            heard
        });
        (connect(&endpoint), stranger.join().unwrap())
    })
}

fn with_a_client(endpoint: &Endpoint, tls: &TlsClient) -> Error {
    let mut options = ClientOptions::default();
    options.tls = Some(tls.clone());
    Client::connect_with(endpoint, Some(&key()), &options).into_result().unwrap_err()
}

fn with_a_loop(endpoint: &Endpoint, tls: &TlsClient) -> Error {
    let mut event_loop = EventLoop::new().unwrap();
    let mut options = ConnectOptions::default();
    options.tls = Some(tls.clone());
    let id = event_loop.connect(endpoint, Framing::lines(), options).unwrap();
    // It goes as soon as there is somebody to hear it.
    let _ = event_loop.send(id, b"secret");
    let end = Instant::now() + LONG;
    loop {
        assert!(Instant::now() < end);
        match event_loop.poll(Some(Duration::from_millis(100))).unwrap() {
            None => {}
            Some(LoopEvent::Closed { reason: CloseReason::ConnectFailed(error), .. }) => return error,
            other => panic!("{other:?}"),
        }
    }
}

fn first_use(known: &Path) -> TlsClient {
    tls::client_that_trusts(Trust::FirstUse(KnownHosts::at(known)))
}

/// 24: whoever shows another certificate than the pinned one, or than that of the first meeting, is told nothing.
#[test]
fn certificates_of_somebody_else() {
    child::in_child("hostile_messages::encryption::certificates_of_somebody_else", || {
        let stranger = TlsServer::new(TlsIdentity::self_signed(&[tls::NAME, "127.0.0.1"]).unwrap()).unwrap();
        let known = fresh_path();
        let line = format!("127.0.0.1 {}\n", tls::identity().fingerprint());
        fs::write(&known, &line).unwrap();
        for (trust, tls) in [("pinned", tls::client().clone()), ("first use", first_use(&known))] {
            for (who, connect) in
                [("client", with_a_client as fn(&Endpoint, &TlsClient) -> Error), ("loop", with_a_loop)]
            {
                let round = || {
                    let (error, heard) = meet(&stranger, |endpoint| connect(endpoint, &tls));
                    assert_eq!(error.kind(), ErrorKind::Tls, "{who}, {trust}: {error}");
                    let text = error.to_string();
                    for fingerprint in [tls::identity().fingerprint(), stranger.fingerprint()] {
                        assert!(text.contains(&fingerprint.to_string()), "{who}, {trust}: {text}");
                    }
                    assert_eq!(heard, b"", "{who}, {trust}");
                };
                within(512 * KIB, (who, trust), round);
                leaves_nothing((who, trust), 5, round);
            }
        }
        assert_eq!(fs::read_to_string(&known).unwrap(), line, "what has changed is not written");
        fs::remove_file(&known).unwrap();
    });
}
