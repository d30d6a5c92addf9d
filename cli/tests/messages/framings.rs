//! Every framing, both commands, both directions.

use sockeye::Framing;

use crate::live::{Live, accept, connect, heard, listener, say, sockeye};

const FRAMINGS: [(&str, Framing); 5] = [
    ("raw", Framing::Raw),
    ("lines", Framing::lines()),
    ("packet", Framing::Packet),
    ("tiny", Framing::Tiny),
    ("multiprocessing", Framing::Multiprocessing),
];

#[test]
fn a_listener_carries_messages_both_ways_in_every_framing() {
    for (name, framing) in FRAMINGS {
        let (mut live, endpoint) = Live::listen(&["--framing", name]);
        let mut client = connect(&endpoint, framing);
        say(&mut client, b"to the listener");
        // Raw bytes are no lines.
        let end = if framing == Framing::Raw { "" } else { "\n" };
        live.wrote(format!("to the listener{end}").as_bytes());
        live.input(b"to the client\n");
        let expected = if framing == Framing::Raw { "to the client\n" } else { "to the client" };
        assert_eq!(heard(&mut client), expected.as_bytes(), "{name}");
    }
}

#[test]
fn a_client_carries_messages_both_ways_in_every_framing() {
    for (name, framing) in FRAMINGS {
        let (mut listener, port) = listener();
        let mut live = Live::start(&mut sockeye(&["connect", "--framing", name, &port]));
        let mut server = accept(&mut listener, framing);
        // Also while standard input is silent.
        say(&mut server, b"to the client");
        let end = if framing == Framing::Raw { "" } else { "\n" };
        live.wrote(format!("to the client{end}").as_bytes());
        live.input(b"to the server\n");
        let expected = if framing == Framing::Raw { "to the server\n" } else { "to the server" };
        assert_eq!(heard(&mut server), expected.as_bytes(), "{name}");
        drop(server);
        let (code, _, stderr) = live.end();
        assert_eq!((code, stderr.as_str()), (Some(0), ""), "{name}");
    }
}

#[test]
fn lines_are_what_is_sent_unless_something_else_is_asked_for() {
    let (_live, endpoint) = Live::listen(&["--echo"]);
    let mut client = connect(&endpoint, Framing::Raw);
    say(&mut client, b"one\ntwo\nth");
    let mut echoed = Vec::new();
    while echoed.len() < 8 {
        echoed.extend(heard(&mut client));
    }
    assert_eq!(echoed, b"one\ntwo\n");
}

#[test]
fn standard_input_goes_to_everybody_and_what_anybody_says_comes_out() {
    let (mut live, endpoint) = Live::listen(&["--framing", "packet"]);
    let mut clients: Vec<_> = (0..20).map(|_| connect(&endpoint, Framing::Packet)).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        say(client, &[b'a' + u8::try_from(number).unwrap()]);
    }
    live.wrote_lines((0..20).map(|number| char::from(b'a' + number).to_string()).collect());
    // Some have left, and nobody else notices.
    clients.truncate(15);
    live.input(b"hello\n\neverybody\n");
    for client in &mut clients {
        for expected in [&b"hello"[..], b"", b"everybody"] {
            assert_eq!(heard(client), expected);
        }
    }
    live.end_input();
    let mut late = connect(&endpoint, Framing::Packet);
    say(&mut late, b"still there?");
    live.said("127.0.0.1:");
    say(&mut clients[0], b"yes");
    live.wrote_lines(
        (0..20).map(|n| char::from(b'a' + n).to_string()).chain(["still there?".into(), "yes".into()]).collect(),
    );
}

#[test]
fn what_is_said_before_anybody_is_there_waits() {
    let (mut live, endpoint) = Live::listen(&[]);
    live.input(b"early\n");
    let mut client = connect(&endpoint, Framing::lines());
    assert_eq!(heard(&mut client), b"early");
}

impl Live {
    /// Waits until these lines, in any order, have come to standard output.
    #[track_caller]
    fn wrote_lines(&self, mut expected: Vec<String>) {
        expected.sort();
        let mut lines = self.lines(expected.len());
        lines.sort();
        assert_eq!(lines, expected);
    }
}
