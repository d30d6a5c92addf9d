//! Bytes of one peer, to a connection that waits for a message.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use sockeye::{
    Connection, Error, ErrorKind, Framing, IpAddress, LineEnding, LineOptions, LineText, Status, StatusCode,
    TcpListener,
};

use super::bounds::{KIB, TIME, leaves_nothing, within};
use crate::support::{LONG, child};

const STRICT: Framing = lines(LineText::Strict);

const fn lines(text: LineText) -> Framing {
    let mut options = LineOptions::new();
    options.text = text;
    options.ending = LineEnding::Lf;
    Framing::Lines(options)
}

/// How the peer goes on after its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Then {
    Stays,
    Ends,
    Resets,
}

struct Door(TcpListener);

impl Door {
    fn new() -> Self {
        let mut listener = TcpListener::new();
        listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        Self(listener)
    }

    /// A connection that waits for `LONG` at most, and its peer.
    fn pair(&mut self, framing: Framing) -> (Connection, TcpStream) {
        let peer = TcpStream::connect(("127.0.0.1", self.0.local_port())).unwrap();
        peer.set_read_timeout(Some(LONG)).unwrap();
        let mut connection = Connection::new(self.0.accept().into_result().unwrap(), framing);
        connection.set_timeout(Some(LONG)).unwrap();
        (connection, peer)
    }

    /// What the connection makes of a peer that sends these bytes; what it is told afterwards goes out if it can.
    fn hear(&mut self, framing: Framing, bytes: &[u8], then: Then) -> Status<Vec<u8>> {
        let (mut connection, mut peer) = self.pair(framing);
        peer.write_all(bytes).unwrap();
        match then {
            Then::Stays => {}
            Then::Ends => peer.shutdown(Shutdown::Write).unwrap(),
            Then::Resets => {
                socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
                drop(peer);
                let status = connection.receive();
                assert_eq!(connection.receive().code(), StatusCode::Disconnected);
                return status;
            }
        }
        let status = connection.receive();
        match &status {
            Status::Done(_) => {}
            Status::Error(Error::CutShort { .. }) => {
                assert_eq!(connection.receive().code(), StatusCode::Disconnected);
                assert_eq!(connection.unread(), bytes, "no message was made of it");
                // What goes the other way still does.
                let mut connection = {
                    connection.set_framing(Framing::Raw);
                    connection
                };
                connection.send(b"still here").into_result().unwrap();
                let mut heard = [0; 10];
                peer.read_exact(&mut heard).unwrap();
                assert_eq!(&heard, b"still here");
            }
            Status::Error(_) => {
                assert_eq!(connection.receive().code(), StatusCode::Disconnected);
                // The peer is told the end of it, whether it listens or not.
                let mut rest = [0; 512];
                while peer.read(&mut rest).is_ok_and(|count| count > 0) {}
            }
            other => panic!("{other:?}"),
        }
        status
    }
}

fn long(length: u64) -> Vec<u8> {
    [&[0xff; 4][..], &length.to_be_bytes()].concat()
}

/// 1, 2, 3: lengths that nobody should believe.
#[test]
fn announcements() {
    child::in_child("hostile_messages::streams::announcements", || {
        let mut door = Door::new();
        for (framing, bytes, expected) in [
            (Framing::Packet, vec![0xff; 4], ErrorKind::TooLong),
            (Framing::Packet, vec![0x01, 0, 0, 1], ErrorKind::TooLong),
            (Framing::Multiprocessing, vec![0x7f, 0xff, 0xff, 0xff], ErrorKind::TooLong),
            (Framing::Multiprocessing, long(1 << 40), ErrorKind::TooLong),
            (Framing::Multiprocessing, long(u64::MAX), ErrorKind::TooLong),
            (Framing::Multiprocessing, long(1 << 63), ErrorKind::TooLong),
            (Framing::Multiprocessing, vec![0xff, 0xff, 0xff, 0xfe], ErrorKind::Malformed),
            (Framing::Multiprocessing, vec![0x80, 0, 0, 0], ErrorKind::Malformed),
            (Framing::Tiny, vec![0xff, 0xf0, 0xff, 0xff, 0xff], ErrorKind::TooLong),
            (Framing::Tiny, vec![0xff, 0xf1, 0, 0, 0], ErrorKind::Malformed),
        ] {
            let status = within(16 * KIB, &bytes, || door.hear(framing, &bytes, Then::Stays));
            assert_eq!(status.error().unwrap().kind(), expected, "{bytes:?}");
            // The largest that is allowed, of which never more comes.
            let allowed = [&[0x01, 0, 0, 0][..], b"not a sixteenth of a mebi"].concat();
            let allowed = if framing == Framing::Tiny { [&[0xff][..], &allowed].concat() } else { allowed };
            let (mut connection, mut peer) = door.pair(framing);
            peer.write_all(&allowed).unwrap();
            drop(peer);
            let status = within(192 * KIB, "16 MiB that do not come", || connection.receive());
            assert_eq!(status.error().unwrap().kind(), ErrorKind::Truncated);
        }
        // Python 3.8 and later read this, so it is read.
        let short = [&long(5)[..], b"hello"].concat();
        let status = within(16 * KIB, "long form", || door.hear(Framing::Multiprocessing, &short, Then::Stays));
        assert_eq!(status.done().unwrap(), b"hello");
    });
}

/// 13, 14: an end or a reset in every place of a message.
#[test]
fn ends_inside_of_a_message() {
    child::in_child("hostile_messages::streams::ends_inside_of_a_message", || {
        let mut door = Door::new();
        for (framing, bytes) in [
            (Framing::Packet, b"\0\0\0\x06abcdef".to_vec()),
            (Framing::Multiprocessing, b"\0\0\0\x06abcdef".to_vec()),
            (Framing::Multiprocessing, [&long(6)[..], b"abcdef"].concat()),
            (Framing::lines(), b"abcdefghi\n".to_vec()),
            (STRICT, b"\xc3\xa4bc\n".to_vec()),
        ] {
            for end in 1..bytes.len() {
                let part = &bytes[..end];
                let status = within(16 * KIB, (framing, end), || door.hear(framing, part, Then::Ends));
                assert_eq!(status.error().unwrap().kind(), ErrorKind::Truncated, "{framing:?} {end}");
                let status = within(16 * KIB, (framing, end, "reset"), || door.hear(framing, part, Then::Resets));
                match status {
                    Status::Disconnected => {}
                    Status::Error(error) => assert_eq!(error.kind(), ErrorKind::Truncated, "{framing:?} {end}"),
                    other => panic!("{framing:?} {end}: {other:?}"),
                }
            }
            leaves_nothing(("resets", framing), 200, || {
                let _ = door.hear(framing, &bytes[..3], Then::Resets);
            });
        }
        // tinyproto makes a message of this.
        let status = within(16 * KIB, "tiny", || {
            let (mut connection, mut peer) = door.pair(Framing::Tiny);
            peer.write_all(b"\xff\0\0\0\x0aabc").unwrap();
            drop(peer);
            connection.receive()
        });
        assert_eq!(status.error().unwrap().kind(), ErrorKind::Truncated);
    });
}

/// 14: the peer is gone while there is much to be sent to it.
#[test]
fn resets_while_sending() {
    child::in_child("hostile_messages::streams::resets_while_sending", || {
        let mut door = Door::new();
        let message = vec![7; 64 * KIB];
        leaves_nothing("resets while sending", 20, || {
            let (mut connection, peer) = door.pair(Framing::Packet);
            connection.set_blocking(false).unwrap();
            while connection.send(&message).is_done() {}
            socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
            drop(peer);
            connection.set_blocking(true).unwrap();
            assert_eq!(connection.flush().code(), StatusCode::Disconnected);
            assert_eq!(connection.send(&message).code(), StatusCode::Disconnected);
            assert_eq!(connection.receive().code(), StatusCode::Disconnected);
        });
    });
}

/// 15: a reader that never reads costs the outbox, and the sender hears of it.
#[test]
fn readers_that_never_read() {
    child::in_child("hostile_messages::streams::readers_that_never_read", || {
        let mut door = Door::new();
        let (mut connection, _peer) = door.pair(Framing::Packet);
        connection.set_blocking(false).unwrap();
        connection.set_outbox_limit(256 * KIB);
        let message = vec![7; 64 * KIB];
        // A buffer that grows has twice what is in it, and for a moment what it had before.
        let refused = within(1024 * KIB, "never reads", || {
            (0..1000).filter(|_| connection.send(&message).is_not_ready()).count()
        });
        assert!(refused > 500, "{refused}");
    });
}

/// 16: bytes that are no text.
#[test]
fn strange_bytes_in_lines() {
    child::in_child("hostile_messages::streams::strange_bytes_in_lines", || {
        let mut door = Door::new();
        let mut worst = vec![0xff; 64 * KIB];
        worst.push(b'\n');
        let strange = b"caf\xe9\0\r \xe2\x80\xa8\xc2\x85 \xed\xa0\x80\n";
        for (text, expected) in [
            (LineText::Bytes, Ok(strange[..strange.len() - 1].to_vec())),
            (LineText::Lossy, Ok("caf\u{fffd}\0\r \u{2028}\u{85} \u{fffd}\u{fffd}\u{fffd}".as_bytes().to_vec())),
            (LineText::Strict, Err(ErrorKind::Malformed)),
        ] {
            let found = within(16 * KIB, text, || door.hear(lines(text), strange, Then::Stays));
            assert_eq!(found.into_result().map_err(|error| error.kind()), expected, "{text:?}");
            // Each byte becomes three, and a buffer that grows has twice of it.
            let found = within(640 * KIB, (text, "64 KiB"), || door.hear(lines(text), &worst, Then::Stays));
            match (text, found) {
                (LineText::Bytes, Status::Done(line)) => assert!(line == worst[..64 * KIB]),
                (LineText::Lossy, Status::Done(line)) => assert!(line == "\u{fffd}".repeat(64 * KIB).as_bytes()),
                (LineText::Strict, Status::Error(error)) => assert_eq!(error.kind(), ErrorKind::Malformed),
                (text, other) => panic!("{text:?}: {other:?}"),
            }
        }
    });
}

/// 17: 16 MiB without a newline; and the same a byte at a time, where that costs the most: in front of the limit.
#[test]
fn endless_lines() {
    child::in_child("hostile_messages::streams::endless_lines", || {
        let (begin, mut door) = (Instant::now(), Door::new());
        let endless = vec![b'x'; 16 * 1024 * KIB];
        for framing in [Framing::lines(), STRICT, lines(LineText::Lossy)] {
            let (mut connection, mut peer) = door.pair(framing);
            let status = within(512 * KIB, framing, || {
                std::thread::scope(|scope| {
                    // The end comes in the middle of it.
                    scope.spawn(|| peer.write_all(&endless).is_err());
                    let status = connection.receive();
                    connection.close();
                    status
                })
            });
            assert!(matches!(status, Status::Error(Error::TooLong { limit: 65_536, .. })), "{status:?}");
        }
        let (mut connection, mut peer) = door.pair(Framing::lines());
        connection.set_blocking(false).unwrap();
        peer.write_all(&endless[..60 * KIB]).unwrap();
        let status = within(512 * KIB, "a byte at a time", || {
            loop {
                let _ = peer.write(b"x");
                match connection.receive() {
                    Status::NotReady => {}
                    other => return other,
                }
            }
        });
        assert!(matches!(status, Status::Error(Error::TooLong { limit: 65_536, .. })), "{status:?}");
        // All of it takes a twentieth of a second; reading it again and again takes far longer.
        assert!(begin.elapsed() < TIME / 2, "{:?}", begin.elapsed());
    });
}

/// 21: both ends of tinyproto transmit. Neither takes a length for an answer.
#[test]
fn collisions() {
    child::in_child("hostile_messages::streams::collisions", || {
        let mut door = Door::new();
        for behind in [&b"\0\0\0\x05"[..], b"\0\0\0\x05hello", b"\x01", b"\xff\0\0\0\x05hello"] {
            let (mut connection, mut peer) = door.pair(Framing::Tiny);
            connection.send(b"from here").into_result().unwrap();
            connection.send(b"and more").into_result().unwrap();
            peer.write_all(b"\xff").unwrap();
            peer.write_all(behind).unwrap();
            let status = within(16 * KIB, behind, || connection.receive());
            assert_eq!(status.error().unwrap().kind(), ErrorKind::Collision, "{behind:?}");
            assert_eq!(connection.receive().code(), StatusCode::Disconnected);
        }
    });
}

/// 22: a tinyproto peer that begins with any byte but its greeting.
#[test]
fn first_bytes() {
    child::in_child("hostile_messages::streams::first_bytes", || {
        let mut door = Door::new();
        for first in 0..0xff_u8 {
            let expected = if matches!(first, 0 | 0xfd | 0xfe) { ErrorKind::PeerRefused } else { ErrorKind::Malformed };
            for bytes in [vec![first], vec![first; 254]] {
                let status = within(16 * KIB, (first, bytes.len()), || door.hear(Framing::Tiny, &bytes, Then::Stays));
                match status.error().unwrap() {
                    Error::PeerRefused { code, .. } => assert_eq!(code, u16::from(first)),
                    error => assert_eq!(error.kind(), expected, "{first}"),
                }
            }
        }
        leaves_nothing("first bytes", 200, || {
            let _ = door.hear(Framing::Tiny, b"G", Then::Stays);
        });
    });
}
