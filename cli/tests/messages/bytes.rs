//! `--binary`, large messages and many of them.

use std::{
    fs::{self, File},
    process::Stdio,
};

use sockeye::Framing;

use crate::{
    live::{Live, accept, connect, heard, listener, run_with_input, say, sockeye},
    process::eventually,
    program::{Folder, Running},
};

#[test]
fn binary_messages_have_their_length_in_front() {
    let (mut live, endpoint) = Live::listen(&["--binary", "--framing", "multiprocessing"]);
    let mut client = connect(&endpoint, Framing::Multiprocessing);
    for message in [&b"two\nlines"[..], b"", b"\0\xff\r"] {
        say(&mut client, message);
    }
    live.wrote(b"\0\0\0\x09two\nlines\0\0\0\0\0\0\0\x03\0\xff\r");
    live.input(b"\0\0\0\x03a\nb\0\0\0\0\0\0\0\x01\xfe");
    for message in [&b"a\nb"[..], b"", b"\xfe"] {
        assert_eq!(heard(&mut client), message);
    }
}

#[test]
fn a_large_message_goes_both_ways_in_one_piece() {
    let large: Vec<u8> = (0..=250).cycle().take(4 << 20).collect();
    let framed = [&u32::try_from(large.len()).unwrap().to_be_bytes(), large.as_slice()].concat();
    let (mut listener, port) = listener();
    let mut live = Live::start(&mut sockeye(&["connect", "--binary", "-f", "packet", &port]));
    let mut server = accept(&mut listener, Framing::Packet);
    say(&mut server, &large);
    live.wrote(&framed);
    live.input(&framed);
    assert!(heard(&mut server) == large);
}

#[test]
fn ten_thousand_messages_of_standard_input_arrive_in_order() {
    for (name, framing) in [("lines", Framing::lines()), ("tiny", Framing::Tiny), ("packet", Framing::Packet)] {
        let (mut listener, port) = listener();
        let input: String = (0..10_000).map(|number| format!("{number}\n")).collect();
        let folder = Folder::new(&format!("ten_thousand_{name}"));
        let file = File::open(folder.write("input", &input)).unwrap();
        let running = Running::start(sockeye(&["connect", "-f", name, &port]).stdin(file));
        let mut server = accept(&mut listener, framing);
        for number in 0..10_000 {
            assert_eq!(heard(&mut server), number.to_string().as_bytes(), "{name}");
        }
        drop(server);
        assert_eq!(running.end().output(), b"");
    }
}

#[test]
fn a_file_is_transferred_whole() {
    let folder = Folder::new("transfer");
    let data: Vec<u8> = (0..=250).cycle().take(16 << 20).collect();
    let path = folder.write("data", &data);
    let (listener_output, socket) = (folder.path("received"), folder.path("socket"));
    let mut receiver = sockeye(&["listen", "--once", "--framing", "raw", &socket]);
    let receiver = Live::start_with_output(&mut receiver, File::create(&listener_output).unwrap());
    eventually(|| fs::exists(&socket).unwrap().then_some(()));
    let sender = Running::start(sockeye(&["connect", "-f", "raw", &socket]).stdin(File::open(path).unwrap()));
    assert_eq!(sender.end().output(), b"");
    assert_eq!(receiver.end().0, Some(0));
    assert!(fs::read(listener_output).unwrap() == data);
    assert!(!fs::exists(&socket).unwrap());
}

#[test]
fn a_peer_that_reads_late_loses_nothing_and_holds_up_the_input_only() {
    let (mut live, endpoint) = Live::listen(&["--framing", "packet", "--binary"]);
    let mut slow = connect(&endpoint, Framing::Packet);
    let mut quick = connect(&endpoint, Framing::Packet);
    say(&mut slow, b"s");
    say(&mut quick, b"q");
    live.wrote_any(&[b"\0\0\0\x01s\0\0\0\x01q", b"\0\0\0\x01q\0\0\0\x01s"]);
    // More than the outbox and the system take.
    let message = [&(1u32 << 20).to_be_bytes()[..], &vec![b'm'; 1 << 20]].concat();
    let writer = live.input_in_background(message.repeat(40));
    for _ in 0..10 {
        assert_eq!(heard(&mut quick).len(), 1 << 20);
    }
    // Its messages still come through.
    say(&mut quick, b"?");
    live.bytes(15);
    for number in 0..40 {
        assert_eq!(heard(&mut slow).len(), 1 << 20);
        if number >= 10 {
            assert_eq!(heard(&mut quick).len(), 1 << 20);
        }
    }
    writer.join().unwrap();
}

#[test]
fn what_is_over_the_limit_ends_the_client() {
    let said = {
        let (mut listener, port) = listener();
        let running = Running::start(&mut sockeye(&["connect", "--max-message", "10", "-f", "packet", &port]));
        let mut server = accept(&mut listener, Framing::Packet);
        say(&mut server, b"0123456789");
        say(&mut server, b"0123456789a");
        let outcome = running.end();
        assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(1), &b"0123456789\n"[..]));
        outcome.stderr
    };
    assert_eq!(said, "sockeye: connect: a message of 11 bytes is longer than the limit of 10\n");
    for (input, options, reason) in [
        (&b"0123456789\n0123456789a\n"[..], &[][..], "standard input: a line is longer than the limit of 10 bytes"),
        (b"\0\0\0\x0b", &["-b"], "standard input: a message of 11 bytes is longer than the limit of 10"),
        (b"\0\0\0\x03a\nb", &["-b"], "standard input: expected"),
        (b"\0\0\0\x03a", &["-b"], "standard input: it ends after 1 of the 3 bytes of a message"),
    ] {
        let (mut listener, port) = listener();
        let held = std::thread::spawn(move || {
            let mut server = accept(&mut listener, Framing::lines());
            while server.receive().is_done() {}
        });
        let arguments = [&["connect", "--max-message", "10", &port], options].concat();
        let said = run_with_input(&arguments, input).failure(1);
        assert!(said.starts_with(reason), "{said}");
        held.join().unwrap();
    }
}

#[test]
fn what_is_over_the_limit_ends_one_peer_of_a_listener() {
    let (live, endpoint) = Live::listen(&["--max-message", "10", "--framing", "tiny"]);
    let mut loud = connect(&endpoint, Framing::Tiny);
    let mut good = connect(&endpoint, Framing::Tiny);
    say(&mut loud, b"0123456789a");
    assert_eq!(loud.receive().into_result().unwrap_err().kind(), sockeye::ErrorKind::PeerRefused);
    say(&mut good, b"0123456789");
    live.wrote(b"0123456789\n");
    eventually(|| live.stderr().contains(" has gone: a message of 11 bytes is longer").then_some(()));
}

#[test]
fn nothing_is_read_of_an_input_that_is_not_used() {
    let (mut listener, port) = listener();
    let running = Running::start(sockeye(&["connect", "--echo", &port]).stdin(Stdio::null()));
    let mut server = accept(&mut listener, Framing::lines());
    // The end of standard input is none of the connection.
    for number in 0..100 {
        say(&mut server, number.to_string().as_bytes());
        assert_eq!(heard(&mut server), number.to_string().as_bytes());
    }
    drop(server);
    assert_eq!(running.end().output(), b"");
}
