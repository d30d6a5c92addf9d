//! Peers without the key, or that want to have something signed.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    time::{Duration, Instant},
};

use sockeye::{
    AuthError, AuthKey, AuthLevel, Client, ClientOptions, Connection, Endpoint, Error, ErrorKind, Listener,
    ListenerOptions, Status,
};

use super::bounds::{KIB, leaves_nothing, within};
use crate::{
    allocator::counted,
    support::{
        LONG, child,
        frames::{frame, framed},
    },
};

pub(super) fn key() -> AuthKey {
    AuthKey::new("secret").unwrap()
}

pub(super) fn listener(change: impl FnOnce(&mut ListenerOptions)) -> (Listener, u16) {
    let mut options = ListenerOptions::default();
    change(&mut options);
    let mut listener = Listener::bind_with(&Endpoint::parse("127.0.0.1:0").unwrap(), Some(key()), options).unwrap();
    listener.set_timeout(Some(LONG)).unwrap();
    match listener.address().unwrap() {
        Endpoint::Tcp { port, .. } => (listener, port),
        other => panic!("{other:?}"),
    }
}

pub(super) fn peer(port: u16) -> TcpStream {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream
}

pub(super) fn why(status: Status<Connection>) -> AuthError {
    match status {
        Status::Error(Error::Authentication(why)) => why,
        other => panic!("{other:?}"),
    }
}

/// 4, 7, 8, 11 at a listener: all that is wrong is answered with the one `#FAILURE#`, and then with the end.
#[test]
fn answers_to_a_listener() {
    child::in_child("hostile_messages::handshakes::answers_to_a_listener", || {
        let digest = b"0123456789abcdef0123456789abcdef";
        let (mut listener, port) = listener(|_| {});
        for (bytes, expected) in [
            (b"\x7f\xff\xff\xff".to_vec(), AuthError::TooLong),
            (b"\x80\0\0\0".to_vec(), AuthError::TooLong),
            (b"\xff\xff\xff\xff\0\0\x01\0\0\0\0\0".to_vec(), AuthError::TooLong),
            (framed(&[b'x'; 257]), AuthError::TooLong),
            (framed(b""), AuthError::UnknownAlgorithm),
            (framed(&digest[..16]), AuthError::WeakAlgorithm),
            (framed(&[b"{md5}", &digest[..16]].concat()), AuthError::WeakAlgorithm),
            (framed(&[b"{sha256}", &digest[..]].concat()), AuthError::WrongDigest),
            (framed(&[b"{sha256}", &digest[..31]].concat()), AuthError::WrongDigest),
            (framed(&[b"{sha256}", &digest[..], b"x"].concat()), AuthError::WrongDigest),
            (framed(&[b"{sha1}", &digest[..]].concat()), AuthError::UnknownAlgorithm),
            (framed(&[b"{sha256", &digest[..]].concat()), AuthError::UnknownAlgorithm),
            (framed(b"#WELCOME#"), AuthError::UnknownAlgorithm),
            (framed(&[b"#CHALLENGE#{sha256}", &digest[..]].concat()), AuthError::UnknownAlgorithm),
        ] {
            let round = |listener: &mut Listener| {
                let mut peer = peer(port);
                peer.write_all(&bytes).unwrap();
                assert_eq!(why(listener.accept()), expected, "{bytes:?}");
                assert!(frame(&mut peer).starts_with(b"#CHALLENGE#{sha256}"));
                assert_eq!(frame(&mut peer), b"#FAILURE#");
                assert_eq!(peer.read(&mut [0; 9]).unwrap_or(0), 0);
            };
            within(16 * KIB, &bytes, || round(&mut listener));
            leaves_nothing(&bytes, 5, || round(&mut listener));
        }
        // 8: its own challenge comes back to it, on this connection and on a second one.
        for _ in 0..2 {
            within(16 * KIB, "reflection", || {
                let mut first = peer(port);
                let mut second = peer(port);
                second.shutdown(Shutdown::Write).unwrap();
                // Both are in: the one that has ended is skipped, and the first one waits.
                listener.set_timeout(Some(Duration::from_millis(1))).unwrap();
                while listener.pending_handshakes() == 0 {
                    assert!(listener.accept().is_not_ready());
                }
                listener.set_timeout(Some(LONG)).unwrap();
                let own = frame(&mut first);
                first.write_all(&framed(&own)).unwrap();
                assert_eq!(why(listener.accept()), AuthError::UnknownAlgorithm);
                let mut third = peer(port);
                third.write_all(&framed(&own)).unwrap();
                assert_eq!(why(listener.accept()), AuthError::UnknownAlgorithm);
                let _ = second.read(&mut [0; 99]);
            });
        }
        assert_eq!(listener.pending_handshakes(), 0);
    });
}

/// What a rogue says to a client that connects to it: each piece after so many messages of the client.
pub(super) type Script = Vec<(usize, Vec<u8>)>;

/// Connects to a rogue. How long each message is that it has heard of the client, and what the client makes of it.
pub(super) fn connect(script: &Script, options: &ClientOptions) -> (Vec<usize>, Status<Connection>) {
    let rogue = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = Endpoint::Tcp { host: None, port: rogue.local_addr().unwrap().port() };
    std::thread::scope(|scope| {
        let rogue = scope.spawn(|| {
            let (mut stream, _) = rogue.accept().unwrap();
            stream.set_read_timeout(Some(LONG)).unwrap();
            let mut heard = Vec::new();
            for (messages, bytes) in script {
                heard.extend((heard.len()..*messages).map(|_| frame(&mut stream).len()).collect::<Vec<_>>());
                // A client that has heard enough has gone.
                let _ = stream.write_all(bytes);
            }
            let _ = stream.shutdown(Shutdown::Write);
            // What else there may be of it: nothing that was signed.
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest);
            let mut rest = &rest[..];
            heard.extend(std::iter::from_fn(|| (!rest.is_empty()).then(|| frame(&mut rest).len())));
            heard
        });
        let status = Client::connect_with(&endpoint, Some(&key()), options);
        if status.is_done() {
            return (Vec::new(), status);
        }
        (rogue.join().unwrap(), status)
    })
}

pub(super) fn challenge(text: &[u8]) -> Vec<u8> {
    framed(&[b"#CHALLENGE#", text].concat())
}

/// 4, 5, 6, 10: what a client does not sign. Not a byte of it leaves.
#[test]
fn challenges_to_a_client() {
    child::in_child("hostile_messages::handshakes::challenges_to_a_client", || {
        let random = b"0123456789abcdef0123456789abcdef01234567";
        let whole = challenge(&[b"{sha256}", &random[..]].concat());
        for (bytes, expected) in [
            (b"\x7f\xff\xff\xff".to_vec(), Some(AuthError::TooLong)),
            (b"\xff\xff\xff\xff\0\0\x01\0\0\0\0\0".to_vec(), Some(AuthError::TooLong)),
            (challenge(&[b'x'; 246]), Some(AuthError::TooLong)),
            (challenge(b""), Some(AuthError::ShortChallenge)),
            (challenge(&random[..19]), Some(AuthError::ShortChallenge)),
            (framed(b""), Some(AuthError::Unexpected)),
            (framed(b"#WELCOME#"), Some(AuthError::Unexpected)),
            (framed(b"#FAILURE#"), Some(AuthError::Unexpected)),
            (challenge(&random[..20]), Some(AuthError::WeakAlgorithm)),
            (challenge(&[b"{sha256}", &random[..12]].concat()), Some(AuthError::WeakAlgorithm)),
            (challenge(&[b"{md5}", &random[..]].concat()), Some(AuthError::WeakAlgorithm)),
            (challenge(&random[..21]), Some(AuthError::UnknownAlgorithm)),
            (challenge(&[b"{sha1}", &random[..]].concat()), Some(AuthError::UnknownAlgorithm)),
            (challenge(&[b"{sha256", &random[..]].concat()), Some(AuthError::UnknownAlgorithm)),
            // An end inside of it.
            (whole[..3].to_vec(), None),
            (whole[..30].to_vec(), None),
            (whole[..whole.len() - 1].to_vec(), None),
        ] {
            let script = vec![(0, bytes)];
            let options = ClientOptions::default();
            let (heard, status) = within(16 * KIB, &script, || connect(&script, &options));
            assert!(heard.is_empty(), "{script:?}: {heard:?}");
            match expected {
                Some(expected) => assert_eq!(why(status), expected, "{script:?}"),
                None => assert_eq!(status.error().unwrap().kind(), ErrorKind::Truncated, "{script:?}"),
            }
            leaves_nothing(&script, 5, || {
                let _ = connect(&script, &options);
            });
        }
        // 6, 10: who asks for it signs the short one, in the old way, whatever it begins with.
        let mut options = ClientOptions::default();
        options.least = AuthLevel::LegacyMd5;
        for text in [&random[..20], b"{sha256}0123456789ab", b"{md5}0123456789abcdef0123456789abcdef01234567"] {
            let script = vec![(0, challenge(text)), (1, framed(b"#FAILURE#"))];
            let (heard, status) = within(16 * KIB, text, || connect(&script, &options));
            assert_eq!(heard, [if text.len() == 20 { 16 } else { 21 }], "{text:?}");
            assert_eq!(why(status), AuthError::Rejected);
        }
    });
}

/// 9: what one client has asked no other one answers, and of those that have asked nothing is kept.
#[test]
fn challenges_passed_on() {
    child::in_child("hostile_messages::handshakes::challenges_passed_on", || {
        let bait = challenge(b"{sha256}0123456789abcdef0123456789abcdef01234567");
        let round = || {
            let rogue = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let endpoint = Endpoint::Tcp { host: None, port: rogue.local_addr().unwrap().port() };
            std::thread::scope(|scope| {
                let first = scope.spawn(|| Client::connect(&endpoint, Some(&key())));
                let (mut to_first, _) = rogue.accept().unwrap();
                to_first.write_all(&bait).unwrap();
                assert_eq!(frame(&mut to_first).len(), 40);
                to_first.write_all(&framed(b"#WELCOME#")).unwrap();
                let passed_on = frame(&mut to_first);
                let second = scope.spawn(|| Client::connect(&endpoint, Some(&key())));
                let (mut to_second, _) = rogue.accept().unwrap();
                to_second.write_all(&framed(&passed_on)).unwrap();
                assert_eq!(why(second.join().unwrap()), AuthError::Reflected);
                assert_eq!(to_second.read(&mut [0; 9]).unwrap_or(0), 0, "nothing was signed");
                drop(to_first);
                assert!(first.join().unwrap().is_disconnected());
            });
        };
        within(32 * KIB, "passed on", round);
        leaves_nothing("passed on", 50, round);
        // 8: and what a listener has asked no client of its program answers to somebody else.
        let (mut listener, port) = listener(|_| {});
        listener.set_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut pending = |count| {
            while listener.pending_handshakes() != count {
                assert!(listener.accept().is_not_ready());
            }
        };
        let mut round = || {
            let mut to_listener = peer(port);
            pending(1);
            let rogue = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
            let endpoint = Endpoint::Tcp { host: None, port: rogue.local_addr().unwrap().port() };
            std::thread::scope(|scope| {
                let client = scope.spawn(|| Client::connect(&endpoint, Some(&key())));
                let (mut to_client, _) = rogue.accept().unwrap();
                to_client.write_all(&framed(&frame(&mut to_listener))).unwrap();
                assert_eq!(why(client.join().unwrap()), AuthError::Reflected);
                assert_eq!(to_client.read(&mut [0; 9]).unwrap_or(0), 0, "nothing was signed");
            });
            drop(to_listener);
            pending(0);
        };
        within(32 * KIB, "passed on to a client", &mut round);
        leaves_nothing("passed on to a client", 50, round);
    });
}

/// 12: who says nothing has a place for so long, and costs little in it; a crowd of them costs the places.
#[test]
fn silent_crowds() {
    const PLACES: usize = 64;
    child::in_child("hostile_messages::handshakes::silent_crowds", || {
        child::need_descriptors(2 * 1000 + 50);
        let (mut listener, port) = listener(|options| {
            options.max_pending = PLACES;
            options.handshake_limit = Duration::from_secs(2);
        });
        listener.set_timeout(Some(Duration::from_millis(1))).unwrap();
        let mut crowd: Vec<TcpStream> = Vec::with_capacity(1000);
        let mut fill = |listener: &mut Listener, count: usize| {
            for _ in 0..count {
                let mut peer = peer(port);
                // A part of an answer, and never the rest.
                peer.write_all(b"\0\0\0\x28{sha256}").unwrap();
                crowd.push(peer);
                let _ = listener.accept();
            }
        };
        let ((), held, _) = counted(|| {
            fill(&mut listener, PLACES);
            while listener.pending_handshakes() < PLACES {
                let _ = listener.accept();
            }
        });
        println!("{} bytes for each that is waited for", held / PLACES);
        assert!(held / PLACES < 2 * KIB, "{} bytes each", held / PLACES);
        let ((), more, peak) = counted(|| fill(&mut listener, 900));
        assert!(listener.pending_handshakes() <= PLACES);
        // The table of those who have a place may grow once, since they change.
        assert!(
            more < PLACES * 2 * KIB && peak < PLACES * 4 * KIB,
            "{more} bytes more for 900 without a place, {peak}"
        );
        // Their time is over, all in one limit, and somebody with the key comes in.
        within(64 * KIB, "the end of it", || {
            while listener.pending_handshakes() > 0 {
                match listener.accept() {
                    Status::NotReady | Status::Error(Error::TimedOut { .. }) => {}
                    other => panic!("{other:?}"),
                }
            }
            listener.set_timeout(Some(LONG)).unwrap();
            std::thread::scope(|scope| {
                let client = scope.spawn(|| {
                    Client::connect(&Endpoint::Tcp { host: None, port }, Some(&key())).into_result().unwrap()
                });
                loop {
                    match listener.accept() {
                        Status::Done(_) => break,
                        Status::Error(Error::TimedOut { .. }) => {}
                        other => panic!("{other:?}"),
                    }
                }
                client.join().unwrap();
            });
        });
    });
}

/// 14: peers that are gone before they are accepted, or in the middle of it.
#[test]
fn resets_before_the_accept() {
    child::in_child("hostile_messages::handshakes::resets_before_the_accept", || {
        let (mut listener, port) = listener(|_| {});
        // Each peer that has gone is let go when the listener looks at it again, and says so.
        let let_go = |listener: &mut Listener, most: usize| {
            listener.set_timeout(Some(Duration::from_millis(10))).unwrap();
            let ends = (0..=most).map(|_| listener.accept()).take_while(|end| !end.is_not_ready()).count();
            assert!(ends <= most, "{ends} ends of {most} peers");
            listener.set_timeout(None).unwrap();
        };
        // The room for as many as came at once is kept.
        let crowd: Vec<_> = (0..8).map(|_| peer(port)).collect();
        let_go(&mut listener, 0);
        drop(crowd);
        let_go(&mut listener, 8);
        let mut round = || {
            for bytes in [&b""[..], b"\0", b"\0\0\0\x28{sha256}", b"\0\0\0\0"] {
                let mut peer = peer(port);
                peer.write_all(bytes).unwrap();
                socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
            }
            std::thread::scope(|scope| {
                let client = scope.spawn(|| {
                    Client::connect(&Endpoint::Tcp { host: None, port }, Some(&key())).into_result().unwrap()
                });
                while !listener.accept().is_done() {}
                client.join().unwrap();
            });
            let_go(&mut listener, 4);
        };
        within(64 * KIB, "resets", &mut round);
        leaves_nothing("resets", 50, round);
    });
}

/// 18: it is nobody's fault, least of all that of whoever came last.
#[cfg(target_os = "linux")]
#[test]
fn no_descriptors_and_nobody_to_blame() {
    child::in_child("hostile_messages::handshakes::no_descriptors_and_nobody_to_blame", || {
        for options in [None, Some(key())] {
            let (mut listener, port) = match options {
                None => {
                    let listener = Listener::bind(&Endpoint::parse("127.0.0.1:0").unwrap(), None).unwrap();
                    let Endpoint::Tcp { port, .. } = listener.address().unwrap() else { panic!() };
                    (listener, port)
                }
                Some(_) => listener(|_| {}),
            };
            listener.set_blocking(false).unwrap();
            let mut first = peer(port);
            first.write_all(&framed(b"{sha256}0123456789abcdef0123456789abcdef")).unwrap();
            let begin = Instant::now();
            while listener.accept().is_not_ready() {
                assert!(begin.elapsed() < LONG);
            }
            assert_eq!(listener.last_accepted().map(|(_, port)| port), Some(first.local_addr().unwrap().port()));
            assert!(listener.accept().is_not_ready() && listener.last_accepted().is_some(), "nothing new");
            let _waits = peer(port);
            let before = child::limit_descriptors(1 << 10);
            let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
            child::limit_descriptors(open);
            let files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
            assert_eq!(listener.accept().error().map(|error| error.kind()), Some(ErrorKind::TooManyFiles));
            assert_eq!(listener.last_accepted(), None);
            drop(files);
            child::limit_descriptors(before);
        }
    });
}

/// 18: while no descriptor is left, those who have a place are answered and lose it in time, which makes room.
#[cfg(target_os = "linux")]
#[test]
fn no_descriptors() {
    child::in_child("hostile_messages::handshakes::no_descriptors", || {
        let (mut listener, port) = listener(|options| options.handshake_limit = Duration::from_secs(1));
        listener.set_blocking(false).unwrap();
        let begin = Instant::now();
        let _silent = peer(port);
        let mut guess = peer(port);
        guess.write_all(&framed(b"{sha256}0123456789abcdef0123456789abcdef")).unwrap();
        while listener.pending_handshakes() < 2 {
            assert!(begin.elapsed() < LONG);
            assert!(listener.accept().is_not_ready());
        }
        let _waits = peer(port);
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
        assert_eq!(child::limit_descriptors(open), open);
        let _files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        let (mut wrong, mut late, mut has_place) = (0, 0, false);
        while wrong + late < 2 {
            assert!(begin.elapsed() < LONG, "{wrong} with a wrong key and {late} too late");
            match listener.accept() {
                Status::Error(Error::TooManyFiles(_)) | Status::NotReady => {}
                Status::Error(Error::Authentication(AuthError::WrongDigest)) => wrong += 1,
                Status::Error(Error::TimedOut { .. }) => late += 1,
                other => panic!("{other:?}"),
            }
            has_place |= listener.pending_handshakes() > 2 - wrong - late;
        }
        assert_eq!((wrong, late), (1, 1));
        assert!(begin.elapsed() >= Duration::from_secs(1));
        assert!(has_place, "one who goes makes room");
    });
}
