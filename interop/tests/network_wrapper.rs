//! python-network (network-wrapper) at the other end: lines over TCP and local sockets.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{path::Path, process::Command};

use interop::{DEADLINE, Folder, Peer, hex, installed};
use sockeye::{
    Connection, Endpoint, Error, ErrorKind, Framing, IpAddress, LineEnding, LineOptions, LineText, LocalListener,
    TcpListener,
};

/// A peer and a connection to it, and the folder of their socket.
struct Pair {
    peer: Peer,
    connection: Connection,
    _folder: Folder,
}

/// How the two come together.
#[derive(Debug, Clone, Copy)]
enum Way {
    WeConnect,
    TheyConnect,
}

impl Pair {
    fn new(test: &str, is_local: bool, way: Way, framing: Framing) -> Self {
        let mut peer = peer();
        let folder = Folder::new(&format!("network-wrapper-{test}-{is_local}-{way:?}"));
        let path = folder.join("socket");
        let stream = match way {
            Way::WeConnect => {
                let place = if is_local { path.to_str().unwrap() } else { "tcp" };
                let place = peer.perform(&format!("listen {place}"));
                let endpoint = Endpoint::parse(&place).unwrap();
                Connection::connect(&endpoint, Framing::Raw, Some(DEADLINE)).unwrap().into_parts().0
            }
            Way::TheyConnect if is_local => {
                let mut listener = LocalListener::new();
                listener.listen(&path).into_result().unwrap();
                listener.set_timeout(Some(DEADLINE)).unwrap();
                peer.perform(&format!("connect {}", path.display()));
                listener.accept().into_result().unwrap().into()
            }
            Way::TheyConnect => {
                let mut listener = TcpListener::new();
                listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
                listener.set_timeout(Some(DEADLINE)).unwrap();
                peer.perform(&format!("connect {}", listener.local_port()));
                listener.accept().into_result().unwrap().into()
            }
        };
        if let Way::WeConnect = way {
            peer.perform("accept");
        }
        let mut connection = Connection::new(stream, framing);
        connection.set_timeout(Some(DEADLINE)).unwrap();
        Self { peer, connection, _folder: folder }
    }

    fn say(&mut self, message: &[u8]) {
        self.connection.send(message).into_result().unwrap();
    }

    fn heard(&mut self) -> Vec<u8> {
        self.connection.receive().into_result().unwrap()
    }

    /// The next line that the peer has heard.
    fn taken(&mut self) -> String {
        self.peer.perform("take 1")
    }
}

/// Starts a peer.
fn peer() -> Peer {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/network_peer.py");
    Peer::start("network-wrapper", Command::new(installed("venv/bin/python")).arg("-B").arg(script))
}

/// Runs a test over TCP and over a local socket, connected from either side.
fn with_every_pair(test: &str, framing: Framing, run: impl Fn(&mut Pair)) {
    for is_local in [false, true] {
        for way in [Way::WeConnect, Way::TheyConnect] {
            run(&mut Pair::new(test, is_local, way, framing));
        }
    }
}

fn lines_of(text: LineText, ending: LineEnding) -> Framing {
    let mut options = LineOptions::new();
    options.text = text;
    options.ending = ending;
    Framing::Lines(options)
}

#[test]
fn lines_go_both_ways() {
    with_every_pair("lines", Framing::lines(), |pair| {
        pair.peer.perform("readlines");
        for length in [0, 1, 5, 4095, 4096, 4097, 64 * 1024] {
            let line = "sea".repeat(length).get(..length).unwrap().to_owned();
            pair.say(line.as_bytes());
            assert!(pair.taken() == hex(line.as_bytes()), "{length} to the peer");
            pair.peer.perform(&format!("send_lines {}", hex(line.as_bytes())));
            assert!(pair.heard() == line.as_bytes(), "{length} from the peer");
        }
    });
}

#[test]
fn a_thousand_lines_go_both_ways_in_a_row() {
    with_every_pair("thousand", Framing::lines(), |pair| {
        pair.peer.perform("readlines");
        let lines: Vec<String> = (0..1000).map(|number| format!("line {number}")).collect();
        let words: Vec<String> = lines.iter().map(|line| hex(line.as_bytes())).collect();
        pair.peer.tell("take 1000");
        pair.peer.tell(&format!("send_lines {}", words.join(" ")));
        for line in &lines {
            pair.say(line.as_bytes());
        }
        for line in &lines {
            assert_eq!(pair.heard(), line.as_bytes());
        }
        assert_eq!(pair.peer.answer(), format!("done {}", words.join(" ")));
        assert_eq!(pair.peer.answer(), "done");
    });
}

#[test]
fn a_carriage_return_belongs_to_the_line_or_to_its_end() {
    with_every_pair("cr", Framing::lines(), |pair| {
        pair.peer.perform("readlines");
        pair.peer.perform(&format!("send {}", hex(b"one\r\n\rtwo\n")));
        assert_eq!((pair.heard(), pair.heard()), (b"one\r".to_vec(), b"\rtwo".to_vec()));
        pair.say(b"three\r");
        assert_eq!(pair.taken(), hex(b"three\r"));
    });
    with_every_pair("crlf", lines_of(LineText::Bytes, LineEnding::CrLf), |pair| {
        pair.peer.perform("readlines");
        pair.peer.perform(&format!("send {}", hex(b"one\r\ntwo\nthree\r\r\n")));
        assert_eq!((pair.heard(), pair.heard(), pair.heard()), (b"one".to_vec(), b"two".to_vec(), b"three\r".to_vec()));
        pair.say(b"four");
        assert_eq!(pair.taken(), hex(b"four\r"));
    });
}

#[test]
fn what_is_no_text_arrives_as_each_side_wants_it() {
    let bytes = b"caf\xe9 \xff";
    let lossy = "caf\u{fffd} \u{fffd}".as_bytes();
    with_every_pair("bytes", Framing::lines(), |pair| {
        pair.peer.perform("readlines");
        pair.peer.perform(&format!("send {}", hex(b"caf\xe9 \xff\n")));
        assert_eq!(pair.heard(), bytes);
        pair.say(bytes);
        assert_eq!(pair.taken(), hex(lossy));
    });
    with_every_pair("lossy", lines_of(LineText::Lossy, LineEnding::Lf), |pair| {
        pair.peer.perform(&format!("send {}", hex(b"caf\xe9 \xff\n")));
        assert_eq!(pair.heard(), lossy);
    });
    with_every_pair("strict", lines_of(LineText::Strict, LineEnding::Lf), |pair| {
        pair.peer.perform(&format!("send {}", hex(b"good\ncaf\xe9\n")));
        assert_eq!(pair.heard(), b"good");
        assert_eq!(pair.connection.receive().into_result().unwrap_err().kind(), ErrorKind::Malformed);
        assert!(pair.connection.receive().is_disconnected());
    });
}

#[test]
fn a_character_may_come_in_pieces() {
    let [first, rest] = ["\u{1f41f}".as_bytes().get(..2).unwrap(), "\u{1f41f}".as_bytes().get(2..).unwrap()];
    with_every_pair("split_to_them", Framing::Raw, |pair| {
        pair.peer.perform("readlines");
        pair.say(first);
        assert_eq!(pair.peer.perform("has_part"), hex(first));
        pair.say(&[rest, b"\n"].concat());
        assert_eq!(pair.taken(), hex("\u{1f41f}".as_bytes()));
    });
    with_every_pair("split_to_us", lines_of(LineText::Strict, LineEnding::Lf), |pair| {
        pair.peer.perform(&format!("send {}", hex(first)));
        pair.connection.set_blocking(false).unwrap();
        // It is there in part: no message yet, and no error either.
        assert!(pair.connection.receive().is_not_ready());
        pair.connection.set_blocking(true).unwrap();
        pair.peer.perform(&format!("send {}", hex(&[rest, b"\n"].concat())));
        assert_eq!(pair.heard(), "\u{1f41f}".as_bytes());
    });
}

#[test]
fn what_was_left_at_the_end_is_told_on_either_side() {
    with_every_pair("left_to_them", Framing::Raw, |pair| {
        pair.peer.perform("readlines");
        pair.say(b"whole\npart");
        pair.connection.close();
        assert_eq!(pair.peer.perform("end"), hex(b"part"));
        assert_eq!(pair.taken(), hex(b"whole"));
    });
    with_every_pair("left_to_us", Framing::lines(), |pair| {
        pair.peer.perform(&format!("send {}", hex(b"whole\npart")));
        pair.peer.perform("close");
        assert_eq!(pair.heard(), b"whole");
        match pair.connection.receive().into_result() {
            Err(Error::CutShort { received: 4, .. }) => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(pair.connection.unread(), b"part");
        assert!(pair.connection.receive().is_disconnected());
    });
    with_every_pair("nothing_left", Framing::lines(), |pair| {
        pair.peer.perform("readlines");
        pair.say(b"whole");
        pair.connection.close();
        assert_eq!(pair.peer.perform("end"), "-");
        assert_eq!(pair.taken(), hex(b"whole"));
    });
}

#[test]
fn either_side_can_leave_the_lines_behind() {
    with_every_pair("switch_them", Framing::Raw, |pair| {
        pair.say(b"switch\nb\nc");
        assert_eq!(pair.peer.perform("read_first_line"), format!("{} {}", hex(b"switch"), hex(b"b\nc")));
    });
    with_every_pair("switch_us", Framing::lines(), |pair| {
        pair.peer.perform(&format!("send {}", hex(b"switch\n\0\0\0\x03b\nc")));
        assert_eq!(pair.heard(), b"switch");
        pair.connection.set_framing(Framing::Packet);
        assert_eq!(pair.heard(), b"b\nc");
    });
}

#[test]
fn a_line_over_the_limit_ends_the_connection_at_once() {
    with_every_pair("limit", Framing::lines(), |pair| {
        pair.connection.set_message_limit(Some(10));
        pair.peer.perform("readlines");
        pair.peer.perform(&format!("send {}", hex(b"0123456789\n0123456789a")));
        assert_eq!(pair.heard(), b"0123456789");
        // There is no line feed yet, and there need not be one.
        assert_eq!(pair.connection.receive().into_result().unwrap_err().kind(), ErrorKind::TooLong);
        assert!(pair.connection.receive().is_disconnected());
        assert_eq!(pair.peer.perform("end"), "-");
    });
}
