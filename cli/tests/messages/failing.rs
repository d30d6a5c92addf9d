//! What does not work is one line and an exit code.

use std::process::Stdio;

use sockeye::Framing;

use crate::live::{accept, listener, run, sockeye};
use crate::program::{Folder, Running};

#[test]
fn nobody_there_is_a_failure() {
    let (listener, port) = listener();
    drop(listener);
    let said = run(&["connect", &port]).failure(1);
    assert!(said.starts_with("the connection was refused: "), "{said}");
    let folder = Folder::new("nobody");
    run(&["connect", &folder.path("missing")]).failure(1);
}

#[test]
fn a_place_that_is_taken_is_a_failure() {
    let (_listener, port) = listener();
    let said = run(&["listen", &port]).failure(1);
    assert!(said.starts_with("the address or port is taken: "), "{said}");
    let folder = Folder::new("taken");
    let path = folder.write("file", "somebody's");
    let said = run(&["listen", &path]).failure(1);
    assert!(said.contains("taken"), "{said}");
    assert_eq!(folder.read("file"), b"somebody's");
}

#[test]
fn bytes_that_are_no_messages_are_a_failure() {
    for (name, bytes) in
        [("multiprocessing", &b"\xff\xff\xff\xfe"[..]), ("tiny", b"SSH-2.0\r\n"), ("packet", b"GET / HTTP/1.1\r\n")]
    {
        let (mut listener, port) = listener();
        let running = Running::start(sockeye(&["connect", "-f", name, &port]).stdin(Stdio::piped()));
        let mut server = accept(&mut listener, Framing::Raw);
        server.send(bytes).into_result().unwrap();
        let said = running.end().failure(1);
        assert!(said.starts_with("expected ") || said.contains("is longer than the limit of "), "{name}: {said}");
    }
}

#[test]
fn a_wrong_command_line_is_code_two() {
    for arguments in [
        &["listen"][..],
        &["connect"],
        &["listen", ""],
        &["listen", "localhost:80800"],
        &["connect", "[::1"],
        &["connect", "7777", "7778"],
        &["listen", "7777", "--framing", "xml"],
        &["listen", "7777", "--max-message", "0"],
        &["listen", "7777", "--max-message", "-1"],
        &["listen", "7777", "--max-message", "4294967296"],
        &["listen", "7777", "--echo", "--exec", "cat"],
        &["listen", "7777", "--echo", "--binary"],
        &["listen", "7777", "--legacy-md5"],
        &["listen", "7777", "--cert", "a", "--key", "b"],
        &["listen", "7777", "--tls", "--cert", "a"],
        &["listen", "7777", "--tls", "--key", "b"],
        &["listen", "7777", "--tls", "--pin", "ab"],
        &["connect", "7777", "--pin", &"ab".repeat(32)],
        &["connect", "7777", "--insecure"],
        &["connect", "7777", "--cacert", "a"],
        &["connect", "7777", "--tls", "--pin", "ab"],
        &["connect", "7777", "--tls", "-k", "--cacert", "a"],
        &["connect", "7777", "--once"],
        &["connect", "7777", "--wait", "-1"],
        &["connect", "7777", "--wait", "soon"],
    ] {
        run(arguments).assert_wrong_usage(arguments);
    }
    for command in ["listen", "connect"] {
        let said = run(&[command, "--tls", "./socket"]).failure(2);
        assert_eq!(said, "--tls is for TCP; a local socket does not leave this machine");
        let said = run(&[command, "--loopback", "7777"]).failure(2);
        assert_eq!(said, "--loopback is for services; a PORT alone is this machine's");
    }
    let said = run(&["listen", "localhost:80800"]).stderr;
    assert!(said.contains("expected a port from 0 to 65535, found \"80800\""), "{said}");
}

#[test]
fn what_an_endpoint_or_a_name_cannot_be_is_code_two() {
    // It is so whether somebody listens or not.
    let (listener, nobody) = listener();
    drop(listener);
    let long = format!("./{}", "a".repeat(200));
    for (arguments, said) in [
        (&["listen", "chat|"][..], "expected a name"),
        (&["listen", "chat|Ann|80800"], "expected a port"),
        (&["listen", "chat|Ann|nope"], "expected the name of a port"),
        (&["listen", &long], "is longer than the limit of "),
        (&["listen", "--once", &long], "is longer than the limit of "),
        (&["connect", &long], "is longer than the limit of "),
        (&["connect", "chat|("], "expected a regular expression"),
        (&["connect", &format!("chat|{}", "a".repeat(2000))], "is longer than the limit of "),
        (&["connect", "--tls", "-k", "--tls-name", "a b", &nobody], "expected a DNS name"),
    ] {
        let found = run(arguments).failure(2);
        assert!(found.contains(said), "{arguments:?}: {found}");
    }
}

#[test]
fn help_has_examples_and_exit_codes() {
    for command in ["listen", "connect"] {
        let examples = format!("Examples:\n  sockeye {command} ");
        run(&[command, "--help"]).assert_help(&[&examples, "Exit status:\n  0 ", "--framing", "--legacy-md5"]);
    }
}
