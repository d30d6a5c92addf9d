//! Names, patterns, pickles, and peers that do not encrypt.

use sockeye::{Endpoint, ErrorKind};

use super::bounds::{KIB, leaves_nothing, within};
use crate::support::child;

/// 19: whatever stands where a local listener is to be. What the file becomes is told by `tests/local.rs`.
#[cfg(unix)]
#[test]
fn paths() {
    use sockeye::{LocalListener, LocalSocket};

    use crate::support::fresh_path;

    child::in_child("hostile_messages::texts::paths", || {
        let (file, link, dangling, stale) = (fresh_path(), fresh_path(), fresh_path(), fresh_path());
        std::fs::write(&file, "precious").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        std::os::unix::fs::symlink("nowhere", &dangling).unwrap();
        let long = file.with_file_name("x".repeat(1024 * KIB));
        let (in_nothing, moved) = (file.join("socket"), fresh_path());
        for (path, expected) in [
            (&file, ErrorKind::AddressInUse),
            (&link, ErrorKind::AddressInUse),
            (&dangling, ErrorKind::AddressInUse),
            (&in_nothing, ErrorKind::File),
            (&long, ErrorKind::TooLong),
        ] {
            let round = || LocalListener::new().listen(path).error().map(|error| error.kind());
            let name = path.to_string_lossy().chars().take(40).collect::<String>();
            // A path in an error is a path.
            let most = 16 * KIB + 4 * path.as_os_str().len();
            assert_eq!(within(most, &name, round), Some(expected), "{name}");
            leaves_nothing(&name, 20, || {
                round();
            });
            let connect = || LocalSocket::new().connect(path).is_error();
            assert!(within(most, &name, connect), "{name}");
        }
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
        let round = || {
            drop(std::os::unix::net::UnixListener::bind(&stale).unwrap());
            let mut listener = LocalListener::new();
            listener.listen(&stale).into_result().unwrap();
            assert_eq!(LocalListener::new().listen(&stale).error().unwrap().kind(), ErrorKind::AddressInUse);
            // Swapped between the bind and the close.
            std::fs::rename(&stale, &moved).unwrap();
            std::fs::write(&stale, "a stranger's").unwrap();
            drop(listener);
            assert_eq!(std::fs::read(&stale).unwrap(), b"a stranger's");
            std::fs::remove_file(&stale).unwrap();
            std::fs::remove_file(&moved).unwrap();
        };
        within(64 * KIB, "stale", round);
        leaves_nothing("stale", 20, round);
        for path in [file, link, dangling] {
            std::fs::remove_file(path).unwrap();
        }
    });
}

/// 20: patterns and names that are bombs.
#[test]
fn patterns_and_names() {
    child::in_child("hostile_messages::texts::patterns_and_names", || {
        let name = "a".repeat(62) + "!";
        for (pattern, expected) in [
            ("(a+)+$".to_owned(), Ok(false)),
            ("(a|a)*(a|a)*(a|a)*(a|a)*$".to_owned(), Ok(false)),
            ("(a?){30}(a){30}$".to_owned(), Ok(false)),
            ("(.*)*(.*)*(.*)*x".to_owned(), Ok(false)),
            ("a|b|c".to_owned(), Ok(true)),
            ("((a{99}){99}){99}".to_owned(), Err(ErrorKind::InvalidInput)),
            ("(".repeat(500) + &")".repeat(500), Err(ErrorKind::InvalidInput)),
            ("x".repeat(1025), Err(ErrorKind::TooLong)),
            ("x".repeat(10 * 1024 * KIB), Err(ErrorKind::TooLong)),
        ] {
            let what = pattern.chars().take(40).collect::<String>();
            let text = format!("game|{pattern}");
            // The endpoint has the text, and parts of it are in it and in the error.
            let most = 1024 * KIB + 3 * text.len();
            let found =
                within(most, &what, || Endpoint::parse(&text).unwrap().pattern().map(|pattern| pattern.matches(&name)));
            assert_eq!(found.map_err(|error| error.kind()), expected, "{what}");
            leaves_nothing(&what, 5, || {
                let _ = Endpoint::parse(&text).unwrap().pattern();
            });
        }
        let large = "a".repeat(10 * 1024 * KIB);
        for text in [
            "a/b|x".to_owned(),
            "\"; rm -rf /|x".to_owned(),
            "$(reboot)|x".to_owned(),
            format!("{large}|x"),
            format!("{large}:{large}"),
            format!("[{large}]:80"),
            format!("h:{large}"),
            "1".repeat(10 * 1024 * KIB),
            "|".repeat(1024 * KIB),
        ] {
            let what = text.chars().take(40).collect::<String>();
            let kind = within(64 * KIB + 3 * text.len(), &what, || Endpoint::parse(&text).err().map(|it| it.kind()));
            assert_eq!(kind, Some(ErrorKind::InvalidAddress), "{what}");
        }
    });
}

/// 23: pickles that name code, or that stand for far more than they are.
#[cfg(feature = "pickle")]
#[test]
fn pickles() {
    use sockeye::pickle;

    child::in_child("hostile_messages::texts::pickles", || {
        // Each list has the one before ten times.
        let mut laughs = b"(]q\0".to_vec();
        for level in 1..31_u8 {
            laughs.extend([&b"]q"[..], &[level], b"("].concat());
            (0..10).for_each(|_| laughs.extend([b'h', level - 1]));
            laughs.push(b'e');
        }
        laughs.extend(b"t.");
        let mut doubled = b"(X\0\0\x10\0".to_vec();
        doubled.resize(doubled.len() + 1024 * KIB, b'x');
        doubled.extend([&b"q\0"[..], &b"h\0".repeat(999), b"t."].concat());
        let deep = 1_000_000;
        for (name, bytes, expected, most) in [
            ("system", b"cos\nsystem\n(S'true'\ntR.".to_vec(), ErrorKind::Malformed, 16),
            ("reduce", b"\x80\x04)R.".to_vec(), ErrorKind::Malformed, 16),
            ("announced", b"X\xff\xff\xff\xffabc.".to_vec(), ErrorKind::Malformed, 16),
            ("announced", b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fabc.".to_vec(), ErrorKind::Malformed, 16),
            (
                "depth",
                [b"]".repeat(deep), b"a".repeat(deep - 1), b".".to_vec()].concat(),
                ErrorKind::TooLong,
                64 * 1024,
            ),
            ("depth", [b"(".repeat(deep), b"t".repeat(deep), b".".to_vec()].concat(), ErrorKind::TooLong, 64 * 1024),
            ("itself", b"]q\0h\0a.".to_vec(), ErrorKind::TooLong, 16),
            // What a decoded pickle may have: a million values, and 64 MiB of text and bytes.
            ("laughs", laughs, ErrorKind::TooLong, 128 * 1024),
            ("doubled", doubled, ErrorKind::TooLong, 128 * 1024),
        ] {
            let found = within(most * KIB, name, || pickle::decode(&bytes).map_err(|error| error.kind()));
            assert_eq!(found, Err(expected), "{name}");
            leaves_nothing(name, 1, || drop(pickle::decode(&bytes)));
        }
    });
}

/// 24: who has asked for encryption gets it or an error, from either side, and nothing is said in the clear.
#[cfg(all(feature = "auth", feature = "tls"))]
#[test]
fn encryption_that_is_taken_away() {
    use std::{
        io::{Read, Write},
        net::{Ipv4Addr, TcpListener, TcpStream},
    };

    use sockeye::{AuthKey, Client, ClientOptions, Listener, ListenerOptions};

    use crate::support::{LONG, tls};

    child::in_child("hostile_messages::texts::encryption_that_is_taken_away", || {
        let key = AuthKey::new("secret").unwrap();
        let mut options = ClientOptions::default();
        options.tls = Some(tls::client().clone());
        let rogue = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let endpoint = Endpoint::Tcp { host: None, port: rogue.local_addr().unwrap().port() };
        let to_rogue = |says: &'static [u8]| {
            std::thread::scope(|scope| {
                let thread = scope.spawn(|| {
                    let (mut stream, _) = rogue.accept().unwrap();
                    stream.set_read_timeout(Some(LONG)).unwrap();
                    stream.write_all(says).unwrap();
                    let mut heard = vec![0; 5];
                    stream.read_exact(&mut heard).unwrap();
                    // A record of a handshake, and no frame.
                    assert_eq!(heard[..2], [0x16, 0x03]);
                    let mut rest = [0; 4096];
                    while stream.read(&mut rest).is_ok_and(|count| count > 0) {}
                });
                let status = Client::connect_with(&endpoint, Some(&key), &options);
                thread.join().unwrap();
                status
            })
        };
        for says in [&b"\0\0\0\x3b#CHALLENGE#{sha256}0123456789abcdef0123456789abcdef01234567"[..], b"hello\n"] {
            let status = within(512 * KIB, says, || to_rogue(says));
            assert_eq!(status.error().unwrap().kind(), ErrorKind::Tls, "{says:?}");
            leaves_nothing(says, 5, || {
                let _ = to_rogue(says);
            });
        }

        let mut options = ListenerOptions::default();
        options.tls = Some(tls::server().clone());
        let mut listener =
            Listener::bind_with(&Endpoint::parse("127.0.0.1:0").unwrap(), Some(key.clone()), options).unwrap();
        listener.set_timeout(Some(LONG)).unwrap();
        let Endpoint::Tcp { port, .. } = listener.address().unwrap() else { panic!() };
        let mut round = || {
            let mut peer = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
            peer.set_read_timeout(Some(LONG)).unwrap();
            peer.write_all(b"\0\0\0\x28{sha256}0123456789abcdef0123456789abcdef").unwrap();
            assert_eq!(listener.accept().error().unwrap().kind(), ErrorKind::Tls);
            let mut heard = Vec::with_capacity(64);
            let _ = peer.read_to_end(&mut heard);
            assert!(!heard.windows(11).any(|part| part == b"#CHALLENGE#"), "{heard:?}");
        };
        within(512 * KIB, "a plain peer", &mut round);
        leaves_nothing("plain peers", 5, round);
    });
}
