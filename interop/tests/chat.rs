//! The chat of the examples, with guests who have never heard of us.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::process::Command;

use interop::{Folder, Peer, Server, built::example, hex, server::until};

/// A guest with a tinyproto of this version, who is in the chat.
fn guest(version: &str, port: u16) -> Peer {
    let mut peer = Peer::tinyproto(version);
    peer.perform(&format!("connect {port}"));
    peer.perform("accept");
    assert_eq!(ask(&mut peer, ""), "");
    peer
}

/// Says something, or nothing, and gives what the others have said.
fn ask(guest: &mut Peer, words: &str) -> String {
    guest.perform(&format!("send {}", hex(words.as_bytes())));
    words_of(&guest.perform("receive"))
}

fn words_of(hexadecimal: &str) -> String {
    let digits = if hexadecimal == "-" { "" } else { hexadecimal };
    let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
    String::from_utf8((0..digits.len()).step_by(2).map(byte).collect()).unwrap()
}

/// Asks until somebody has said something.
fn heard(guest: &mut Peer) -> String {
    until("somebody says something", || Some(ask(guest, "")).filter(|words| !words.is_empty()))
}

#[test]
fn both_ages_of_tinyproto_take_part_beside_a_guest_of_ours() {
    let (program, client) = (example("chat_server"), example("chat_client"));
    let server = Server::start("chat_server", Folder::new("chat"), 1, move |command, _, ports| {
        command.arg(&program).arg(ports[0].to_string());
    });
    let port = server.port(0);
    let (mut old, mut new) = (guest("2.0.1", port), guest("3.0", port));
    let mut ours = Peer::start("chat_client", Command::new(client).args([&port.to_string(), "Ada"]));

    // Who hears Ada knows that she is there.
    ours.tell("hello");
    assert_eq!([heard(&mut old), heard(&mut new)], ["Ada: hello", "Ada: hello"]);
    assert_eq!(ask(&mut old, "Bob: hello Ada"), "");
    assert_eq!(ours.answer(), "Bob: hello Ada");
    // What is said while one asks comes with the answer to that.
    assert_eq!(ask(&mut new, "Cleo: hello Bob"), "Bob: hello Ada");
    assert_eq!(ours.answer(), "Cleo: hello Bob");
    assert_eq!(ask(&mut old, ""), "Cleo: hello Bob");

    // Nobody hears himself, and who leaves takes nobody along.
    assert_eq!([ask(&mut old, ""), ask(&mut new, "")], ["", ""]);
    old.perform("close");
    ours.tell("where is Bob");
    assert_eq!(heard(&mut new), "Ada: where is Bob");
    assert_eq!(ask(&mut new, "Cleo: gone"), "");
    assert_eq!(ours.answer(), "Cleo: gone");
}
