//! `sockeye listen` and `sockeye connect` as the README has them: with Pythons that know the key, and between two hosts.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    path::Path,
    process::{Command, Output},
};

use interop::{
    DEADLINE, Folder, Peer, built,
    child::part,
    hex, installed,
    network::{Host, command_on},
};
use sockeye::discovery::{self, Browser, Change};

/// An interpreter, its version, and what the program has to allow to it.
const PYTHONS: [(&str, &str, &[&str]); 2] =
    [("venv/bin/python", "3.11", &["--legacy-md5"]), ("bin/python3.13", "3.13", &[])];

fn python(path: &str, version: &str) -> Peer {
    // Nobody waits for that any more once there is a peer.
    built::sockeye();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/messages.py");
    let mut peer = Peer::start(path, Command::new(installed(path)).arg("-B").arg(script));
    assert_eq!(peer.perform("version"), version);
    peer
}

fn sockeye(arguments: &[&[&str]]) -> Peer {
    Peer::sockeye(Command::new("sh"), &arguments.concat())
}

/// `sockeye listen`, and its port.
fn listen(arguments: &[&[&str]]) -> (Peer, String) {
    let mut ours = sockeye(&[&["listen", "-v", "0"], &arguments.concat()]);
    let said = ours.answer();
    let port = said.strip_prefix("listening at 127.0.0.1:").unwrap_or_else(|| panic!("{said}"));
    (ours, port.to_owned())
}

#[track_caller]
fn assert_said(said: &str, end: &str) {
    assert!(said.ends_with(end), "{said:?} does not end in {end:?}");
}

/// A message each way.
fn talk(ours: &mut Peer, theirs: &mut Peer) {
    ours.tell("hello Python");
    assert_eq!(theirs.perform("receive"), hex(b"hello Python"));
    theirs.perform(&format!("send {}", hex(b"hello sockeye")));
    assert_eq!(ours.answer(), "hello sockeye");
}

#[test]
fn a_python_that_knows_the_key_is_let_in_and_no_other() {
    let folder = Folder::new("listen");
    let path = folder.write("key", "secret\n");
    let key = ["--authkey-file", path.to_str().unwrap()];
    for (path, version, allowed) in PYTHONS {
        let mut theirs = python(path, version);
        let (mut ours, port) = listen(&[&key, allowed]);
        assert_eq!(theirs.ask(&format!("connect {port} {}", hex(b"guess"))), "authentication digest sent was rejected");
        assert_said(&ours.answer(), " is refused: expected a digest made with our key, found another");
        theirs.perform(&format!("connect {port} {}", hex(b"secret")));
        assert_said(&ours.answer(), " is connected");
        talk(&mut ours, &mut theirs);
        theirs.perform("close");
        assert_said(&ours.answer(), " has left");
        assert_eq!(ours.interrupt(), Some(130), "{version}");
    }
}

#[test]
fn a_key_is_shown_to_a_python_that_knows_it() {
    let folder = Folder::new("connect");
    let [right, wrong] = ["secret\n", "guess\n"].map(|key| folder.write(key.trim_end(), key));
    let [right, wrong] = [&right, &wrong].map(|path| ["--authkey-file", path.to_str().unwrap()]);
    for (path, version, allowed) in PYTHONS {
        let mut theirs = python(path, version);
        let place = format!("localhost:{}", theirs.perform(&format!("listen 0 {}", hex(b"secret"))));
        theirs.tell("accept");
        let mut ours = sockeye(&[&["connect"], &wrong, allowed, &[&place]]);
        assert_eq!(theirs.answer(), "authentication digest received was wrong");
        assert_said(&ours.answer(), "expected the same key on both sides");
        assert_eq!(ours.end(), Some(1), "{version}");

        theirs.tell("accept");
        let mut ours = sockeye(&[&["connect"], &right, allowed, &[&place]]);
        assert_eq!(theirs.answer(), "done");
        talk(&mut ours, &mut theirs);
        theirs.perform("close");
        assert_eq!(ours.end(), Some(0), "{version}");
    }
}

#[test]
fn an_old_python_is_refused_unless_md5_is_asked_for() {
    let folder = Folder::new("legacy");
    let path = folder.write("key", "secret\n");
    let key = ["--authkey-file", path.to_str().unwrap()];
    let (path, version, _) = PYTHONS[0];
    let mut theirs = python(path, version);
    let (mut ours, port) = listen(&[&key]);
    assert_eq!(theirs.ask(&format!("connect {port} {}", hex(b"secret"))), "authentication digest sent was rejected");
    let weak = "expected a proof of the least level that is allowed";
    let said = ours.answer();
    assert!(said.contains(&format!(" is refused: {weak}")), "{said}");

    let place = format!("localhost:{}", theirs.perform(&format!("listen 0 {}", hex(b"secret"))));
    theirs.tell("accept");
    let mut ours = sockeye(&[&["connect"], &key, &[&place]]);
    let said = ours.answer();
    assert!(said.starts_with("sockeye: connect: ") && said.contains(weak), "{said}");
    assert_eq!(ours.end(), Some(1));
    assert_eq!(theirs.answer(), "disconnected");
}

/// Waits for a change of this kind.
fn until(browser: &mut Browser, is_right: impl Fn(&Change) -> bool) {
    while !is_right(&browser.receive().into_result().unwrap()) {}
}

/// `sockeye find`: its exit code and what it writes.
fn find(arguments: &[&str]) -> (Option<i32>, String) {
    let Output { status, stdout, .. } = Command::new(built::sockeye()).arg("find").args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap())
}

/// A machine with the name Ann, and one that knows no more than that somebody chats.
#[test]
fn a_service_is_published_found_and_gone() {
    let played = part(|ann| {
        let mut browser = discovery::browse("chat").unwrap();
        browser.set_timeout(Some(DEADLINE)).unwrap();
        let mut ann = Peer::sockeye(command_on(ann, "sh"), &["listen", "-v", "chat|Ann"]);
        let said = ann.answer();
        assert!(said.starts_with("listening at "), "{said}");
        assert_eq!(ann.answer(), "published as Ann");
        until(&mut browser, |change| matches!(change, Change::Found(found) if found.name() == "Ann"));
        let (code, found) = find(&["chat"]);
        let parts: Vec<&str> = found.split('\t').collect();
        assert_eq!((code, parts[1]), (Some(0), "Ann"), "{found}");
        // Of which family the address is depends on which answer comes first.
        assert_eq!(parts[0].rsplit(':').next(), said.rsplit(':').next(), "{found}{said}");

        let mut caller = sockeye(&[&["connect", "chat|"]]);
        caller.tell("hello Ann");
        assert_said(&ann.answer(), " is connected");
        assert_eq!(ann.answer(), "hello Ann");
        ann.tell("hello to you");
        assert_eq!(caller.answer(), "hello to you");

        assert_eq!(ann.interrupt(), Some(130));
        assert_eq!(caller.end(), Some(0));
        // It has said goodbye: nobody waits until what is known of it is too old.
        until(&mut browser, |change| *change == Change::Lost { name: "Ann".to_owned() });
        assert_eq!(find(&["--limit", "0.5", "chat"]), (Some(1), String::new()));
    });
    if !played {
        // Not on a host that cannot download what is missing.
        built::sockeye();
        let (near, far) = Host::pair();
        for host in [&near, &far] {
            host.ip(&["route", "add", "default", "dev", "eth0"]);
        }
        near.play("a_service_is_published_found_and_gone", far.name()).join();
    }
}
