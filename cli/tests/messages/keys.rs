//! `--authkey-file`.

use std::process::Stdio;

use hmac::{Hmac, KeyInit as _, Mac as _};
use md5::Md5;
use sockeye::{AuthKey, Client, Endpoint, Framing, Listener, Status};

use crate::{
    PATIENCE,
    live::{Live, accept, connect, heard, listener, patient, run, run_with_input, say, sockeye},
    program::{Folder, Running},
};

fn client(endpoint: &str, key: &str) -> Status<sockeye::Connection> {
    Client::connect(&Endpoint::parse(endpoint).unwrap(), Some(&AuthKey::new(key).unwrap()))
}

#[test]
fn who_knows_the_key_is_let_in_and_nobody_else() {
    let folder = Folder::new("listen_key");
    // The line end that an editor leaves behind is none of the key.
    for text in ["secret", "secret\n", "secret\r\n"] {
        let (mut live, endpoint) = Live::listen(&["--authkey-file", &folder.write("key", text)]);
        let stranger = client(&endpoint, "guess").into_result().unwrap_err();
        assert_eq!(stranger.kind(), sockeye::ErrorKind::Authentication);
        live.said_of_somebody(" is refused: expected a digest made with our key, found another");
        // Who says nothing holds nobody up.
        let _silent = connect(&endpoint, Framing::Raw);
        let mut friend = patient(client(&endpoint, "secret").into_result().unwrap());
        say(&mut friend, b"it is me");
        live.wrote(b"it is me\n");
        live.input(b"welcome\n");
        assert_eq!(heard(&mut friend), b"welcome");
    }
}

#[test]
fn a_key_that_ends_in_a_carriage_return_keeps_it() {
    let folder = Folder::new("return_key");
    for (text, key) in [("secret\r", "secret\r"), ("secret\r\r\n", "secret\r")] {
        let (live, endpoint) = Live::listen(&["--authkey-file", &folder.write("key", text)]);
        let mut friend = patient(client(&endpoint, key).into_result().unwrap());
        say(&mut friend, b"it is me");
        live.wrote(b"it is me\n");
    }
}

#[test]
fn a_client_shows_the_key_and_asks_for_it() {
    let folder = Folder::new("connect_key");
    let (right, wrong) = (folder.write("right", "secret"), folder.write("wrong", "guess"));
    let mut listener = Listener::bind(&Endpoint::parse("0").unwrap(), Some(AuthKey::new("secret").unwrap())).unwrap();
    listener.set_timeout(Some(PATIENCE)).unwrap();
    let endpoint = listener.address().unwrap().to_string();
    let serving = std::thread::spawn(move || {
        assert!(matches!(listener.accept(), Status::Error(_)));
        let mut peer = listener.accept().into_result().unwrap();
        assert_eq!(heard(&mut peer), b"it is me");
        say(&mut peer, b"welcome");
    });
    let said = run(&["connect", "--authkey-file", &wrong, &endpoint]).failure(1);
    assert!(said.contains("the same key"), "{said}");
    let output = run_with_input(&["connect", "--authkey-file", &right, &endpoint], b"it is me\n").output();
    assert_eq!(output, b"welcome\n");
    serving.join().unwrap();
}

#[test]
fn the_two_commands_know_one_another_in_any_framing() {
    let folder = Folder::new("both_keys");
    let key = folder.write("key", [0, 255, b'\n', 7]);
    for framing in ["lines", "tiny", "raw"] {
        let (_live, endpoint) = Live::listen(&["--echo", "-f", framing, "--authkey-file", &key]);
        let mut command = sockeye(&["connect", "-f", framing, "--wait", "1", "--authkey-file", &key, &endpoint]);
        let mut live = Live::start(&mut command);
        live.input(b"hello\n");
        live.wrote(b"hello\n");
        live.end_input();
        assert_eq!(live.end().0, Some(0), "{framing}");
    }
}

/// What Python up to 3.11 proves the key with.
fn md5(message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Md5>::new_from_slice(b"secret").unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

fn challenge(random: &[u8]) -> Vec<u8> {
    [b"#CHALLENGE#", random].concat()
}

#[test]
fn a_listener_takes_md5_for_a_proof_only_if_it_is_asked_for() {
    let folder = Folder::new("legacy_listener");
    let key = folder.write("key", "secret");
    // As Python up to 3.11 does it: what is behind the word is what it proves the key with.
    let legacy = |endpoint: &str, proof: fn(&[u8]) -> Vec<u8>| {
        let mut client = connect(endpoint, Framing::Multiprocessing);
        let said = heard(&mut client);
        assert!(said.starts_with(b"#CHALLENGE#{sha256}"));
        say(&mut client, &proof(&said[b"#CHALLENGE#".len()..]));
        (heard(&mut client), client)
    };
    let (live, endpoint) = Live::listen(&["--authkey-file", &key]);
    assert_eq!(legacy(&endpoint, md5).0, b"#FAILURE#");
    live.said_of_somebody(" is refused: expected a proof of the least level that is allowed");

    let (live, endpoint) = Live::listen(&["--authkey-file", &key, "--legacy-md5"]);
    // Sixteen bytes are an MD5, whatever is in them.
    assert_eq!(legacy(&endpoint, |_| vec![0; 16]).0, b"#FAILURE#");
    live.said_of_somebody(" is refused: expected a digest made with our key, found another");
    let (verdict, mut client) = legacy(&endpoint, md5);
    assert_eq!(verdict, b"#WELCOME#");
    say(&mut client, &challenge(&[7; 20]));
    assert_eq!(heard(&mut client), md5(&[7; 20]));
    say(&mut client, b"#WELCOME#");
    say(&mut client, b"it is me");
    live.wrote(b"it is me\n");
}

#[test]
fn a_client_shows_md5_only_if_it_is_asked_for() {
    let folder = Folder::new("legacy_client");
    let key = folder.write("key", "secret");
    let (mut listener, port) = listener();
    let mut running = Running::start(&mut sockeye(&["connect", "--authkey-file", &key, &port]));
    let mut server = accept(&mut listener, Framing::Multiprocessing);
    say(&mut server, &challenge(&[7; 20]));
    let end = server.receive();
    assert!(end.is_disconnected(), "nothing is signed: {end:?}");
    let said = running.end().failure(1);
    assert!(said.contains("least level"), "{said}");

    running = Running::start(sockeye(&["connect", "--legacy-md5", "--authkey-file", &key, &port]).stdin(Stdio::null()));
    let mut server = accept(&mut listener, Framing::Multiprocessing);
    say(&mut server, &challenge(&[8; 20]));
    assert_eq!(heard(&mut server), md5(&[8; 20]));
    say(&mut server, b"#WELCOME#");
    let said = heard(&mut server);
    say(&mut server, &md5(said.strip_prefix(b"#CHALLENGE#").unwrap()));
    assert_eq!(heard(&mut server), b"#WELCOME#");
    say(&mut server, b"welcome");
    drop(server);
    assert_eq!(running.end().output(), b"welcome\n");
}

#[test]
fn a_key_that_is_not_there_is_a_failure() {
    let folder = Folder::new("no_key");
    let said = run(&["listen", "0", "--authkey-file", &folder.path("missing")]).failure(1);
    assert!(said.contains("missing"), "{said}");
    for text in ["", "\n", "\r\n"] {
        let said = run(&["connect", "9", "--authkey-file", &folder.write("empty", text)]).failure(1);
        assert!(said.ends_with("expected a key, found an empty file"), "{said}");
    }
}

impl Live {
    /// Waits for a line on standard error with this in it.
    #[track_caller]
    fn said_of_somebody(&self, part: &str) {
        crate::process::eventually(|| self.stderr().contains(part).then_some(()));
    }
}
