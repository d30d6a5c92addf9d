//! `--echo` and `--exec`.
#![cfg(unix)]

use std::{io::Write, process::Command};

use sockeye::{Framing, Status};

use crate::{
    live::{Live, accept, connect, heard, listener, say, sockeye},
    process::eventually,
    program::Folder,
};

#[test]
fn an_echo_gives_back_whatever_comes() {
    for (name, framing) in [("packet", Framing::Packet), ("multiprocessing", Framing::Multiprocessing)] {
        let (live, endpoint) = Live::listen(&["--echo", "-f", name]);
        let mut client = connect(&endpoint, framing);
        let messages: Vec<Vec<u8>> = (0..1000).map(|number| vec![b'e'; number]).collect();
        for message in &messages {
            say(&mut client, message);
        }
        for message in &messages {
            assert!(heard(&mut client) == *message);
        }
        // More than its outbox, from a peer that reads nothing until all is sent.
        client.set_blocking(false).unwrap();
        client.set_outbox_limit(64 << 20);
        for _ in 0..32 {
            say(&mut client, &vec![b'x'; 1 << 20]);
        }
        let mut count = 0;
        eventually(|| {
            _ = client.flush();
            while let Status::Done(message) = client.receive() {
                assert_eq!(message.len(), 1 << 20);
                count += 1;
            }
            (count == 32).then_some(())
        });
        client.set_blocking(true).unwrap();
        // It answers the end with its own, behind the last echo.
        say(&mut client, b"last");
        assert!(client.shutdown_send().is_done());
        assert_eq!(heard(&mut client), b"last");
        assert!(client.receive().is_disconnected());
        live.wrote(b"");
    }
}

#[test]
fn an_echo_of_tinyproto_takes_turns() {
    let (_live, endpoint) = Live::listen(&["--echo", "-f", "tiny"]);
    let mut client = connect(&endpoint, Framing::Tiny);
    for number in 0..100_usize {
        say(&mut client, &vec![b'x'; number * 100]);
        assert_eq!(heard(&mut client).len(), number * 100);
    }
}

/// More bytes in one piece than a message may have are several messages.
#[test]
fn an_echo_of_bytes_keeps_its_limit() {
    let (live, endpoint) = Live::listen(&["--echo", "-f", "raw", "--max-message", "1000"]);
    let mut client = connect(&endpoint, Framing::Raw);
    say(&mut client, &[b'x'; 5001]);
    let mut echo = Vec::new();
    while echo.len() < 5001 {
        echo.extend(heard(&mut client));
    }
    assert!(echo == [b'x'; 5001]);
    // It is there for the next one.
    let mut other = connect(&endpoint, Framing::Raw);
    say(&mut other, b"hello");
    assert_eq!(heard(&mut other), b"hello");
    live.wrote(b"");
}

#[test]
fn a_command_runs_for_each_peer() {
    let (live, endpoint) = Live::listen(&["--exec", "while read -r word; do echo \"$word from $$\"; done"]);
    let (mut one, mut other) = (connect(&endpoint, Framing::lines()), connect(&endpoint, Framing::lines()));
    say(&mut one, b"hello");
    say(&mut other, b"hello");
    let (from_one, from_other) = (heard(&mut one), heard(&mut other));
    assert!(from_one.starts_with(b"hello from ") && from_other.starts_with(b"hello from "));
    assert_ne!(from_one, from_other);
    // The same process as before.
    say(&mut one, b"hello");
    assert_eq!(heard(&mut one), from_one);
    live.wrote(b"");
}

#[test]
fn a_command_takes_and_gives_binary_messages() {
    let (_live, endpoint) = Live::listen(&["--exec", "cat", "--binary", "-f", "packet"]);
    let mut client = connect(&endpoint, Framing::Packet);
    for message in [&b"two\nlines"[..], b"", &vec![0; 1 << 20]] {
        say(&mut client, message);
        assert!(heard(&mut client) == message);
    }
}

#[test]
fn a_command_that_ends_ends_the_connection_behind_its_last_word() {
    let (live, endpoint) = Live::listen(&["--exec", "head -n 1; echo bye"]);
    let mut client = connect(&endpoint, Framing::lines());
    say(&mut client, b"first");
    assert_eq!(heard(&mut client), b"first");
    assert_eq!(heard(&mut client), b"bye");
    assert!(client.receive().is_disconnected());
    drop(client);
    eventually(|| live.stderr().contains(" has left").then_some(()));
}

#[test]
fn a_peer_that_ends_ends_the_input_of_its_command() {
    let folder = Folder::new("command_input");
    let path = folder.path("heard");
    let (_live, endpoint) = Live::listen(&["--exec", &format!("cat >{path}; echo kept; mv {path} {path}.whole")]);
    let mut client = connect(&endpoint, Framing::lines());
    say(&mut client, b"one");
    say(&mut client, b"two");
    assert!(client.shutdown_send().is_done());
    assert_eq!(heard(&mut client), b"kept");
    assert!(client.receive().is_disconnected());
    eventually(|| folder.names().contains(&"heard.whole".to_owned()).then_some(()));
    assert_eq!(folder.read("heard.whole"), b"one\ntwo\n");
}

#[test]
fn a_command_answers_at_the_calling_end_too() {
    let (mut listener, port) = listener();
    let live = Live::start(&mut sockeye(&["connect", "--exec", "sed -u s/^/re:/", &port]));
    let mut server = accept(&mut listener, Framing::lines());
    for _ in 0..3 {
        say(&mut server, b"question");
        assert_eq!(heard(&mut server), b"re:question");
    }
    drop(server);
    let (code, stdout, stderr) = live.end();
    assert_eq!((code, stdout.as_slice(), stderr.as_str()), (Some(0), &b""[..], ""));
}

#[test]
fn a_command_of_a_peer_that_reads_nothing_waits() {
    let (_live, endpoint) = Live::listen(&["--exec", "yes", "-f", "packet"]);
    let mut client = connect(&endpoint, Framing::Packet);
    for _ in 0..100_000 {
        assert_eq!(heard(&mut client), b"y");
    }
}

/// Peers for whom no command can be started are let go; the others are served, and so is who comes after them.
#[test]
fn a_server_outlives_its_descriptors() {
    let program = env!("CARGO_BIN_EXE_sockeye");
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n 40; exec \"$@\"", "sh", program, "listen", "-v", "0", "--exec", "cat"]);
    let live = Live::start(&mut command);
    let endpoint = live.said("listening at ");
    let mut crowd = vec![connect(&endpoint, Framing::lines())];
    // It is told of one after the other: so each has a place, or is refused.
    while !live.stderr().contains("the command cannot be run") {
        assert!(crowd.len() < 40, "{}", live.stderr());
        let known = live.stderr().lines().count();
        crowd.push(connect(&endpoint, Framing::lines()));
        eventually(|| (live.stderr().lines().count() > known).then_some(()));
    }
    assert!(crowd.pop().unwrap().receive().is_disconnected());
    say(&mut crowd[0], b"still here");
    assert_eq!(heard(&mut crowd[0]), b"still here");
    drop(crowd);
    eventually(|| {
        let mut late = connect(&endpoint, Framing::lines());
        if !late.send(b"late").is_done() {
            return None;
        }
        late.receive().done().map(|echo| assert_eq!(echo, b"late"))
    });
}

#[test]
fn a_command_has_all_that_came_from_a_peer_that_resets() {
    let folder = Folder::new("reset");
    let orders = folder.path("orders");
    // It says something that the peer does not receive, and takes its time.
    let command = format!("echo welcome; sleep 0.3; cat >'{orders}'");
    let (_live, endpoint) = Live::listen(&["--exec", &command]);
    let mut socket = std::net::TcpStream::connect(&endpoint).unwrap();
    for _ in 0..100 {
        socket.write_all(b"order\n").unwrap();
    }
    socket.peek(&mut [0]).unwrap();
    drop(socket);
    eventually(|| std::fs::read(&orders).ok().filter(|orders| *orders == b"order\n".repeat(100)));
}
