//! `sockeye publish` and `sockeye find` as scripts use them, on loopback alone.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "messages/live.rs"]
#[allow(dead_code, reason = "it is for the tests of messages too")]
mod live;
#[path = "support/process.rs"]
mod process;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "it is for the tests of the other commands too")]
mod program;

use std::{
    io::{BufRead, BufReader},
    process::{Command, Output, Stdio},
};

use live::Live;
use process::{Process, eventually};

/// What folders of these tests are named for.
const PROGRAM: &str = "discovery";

fn sockeye(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = sockeye(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A kind of service that no other test on this machine has.
fn kind(letter: char) -> String {
    format!("{letter}-{}", std::process::id())
}

/// A service that is published until the child ends.
struct Published(Process);

impl Published {
    fn new(arguments: &[&str]) -> (Self, String) {
        let mut child = Process::start(&mut sockeye(&[&["publish", "--loopback"], arguments].concat()));
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        (Self(child), line)
    }
}

#[test]
fn what_is_published_is_found() {
    let kind = kind('a');
    let txt = ["--txt", "map=cav\u{1b}es", "--txt", "ranked"];
    let (_ann, name) = Published::new(&[&[kind.as_str(), "Ann's arena", "4000"], &txt[..]].concat());
    assert_eq!(name, "Ann's arena\n");
    let (code, found, said) = run(&["find", "--loopback", &kind]);
    assert_eq!((code, said.as_str()), (Some(0), ""));
    let parts: Vec<&str> = found.trim_end().split('\t').collect();
    assert_eq!(
        (parts[0], parts[1], &parts[3..]),
        ("127.0.0.1:4000", "Ann's arena", &["map=cav\u{fffd}es", "ranked"][..])
    );
    assert!(parts[2].ends_with(".local"), "{found}");

    // The name is taken.
    let (_second, name) = Published::new(&[&kind, "Ann's arena", "4001"]);
    assert_eq!(name, "Ann's arena (2)\n");
    let (code, found, _) = run(&["find", "--loopback", "--all", "--limit", "2", &kind, "Ann"]);
    assert_eq!(code, Some(0));
    let mut ports: Vec<&str> = found.lines().map(|line| line.split('\t').next().unwrap()).collect();
    ports.sort_unstable();
    assert_eq!(ports, ["127.0.0.1:4000", "127.0.0.1:4001"], "{found}");
    let (code, found, _) = run(&["find", "--loopback", &kind, r"Ann.*\(2\)$"]);
    assert_eq!((code, found.split('\t').next()), (Some(0), Some("127.0.0.1:4001")));
}

#[test]
fn a_listener_says_the_name_that_it_has_got_and_is_found_by_it() {
    let kind = kind('l');
    let (_ann, name) = Published::new(&[&kind, "Ann", "4000"]);
    assert_eq!(name, "Ann\n");
    let listener = ["listen", "-v", "--once", "--loopback", &format!("{kind}|Ann")];
    let mut listener = Live::start(&mut sockeye(&listener));
    assert_eq!(listener.said("published as "), "Ann (2)");

    let mut client = Live::start(&mut sockeye(&["connect", "--loopback", &format!(r"{kind}|Ann \(2\)$")]));
    client.input(b"hello\n");
    listener.wrote(b"hello\n");
    listener.input(b"welcome\n");
    listener.end_input();
    client.wrote(b"welcome\n");
    client.end_input();
    assert_eq!((client.end().0, listener.end().0), (Some(0), Some(0)));
}

#[test]
fn what_is_not_there_is_one_line_and_code_one() {
    let (code, found, said) = run(&["find", "--loopback", "--limit", "0.5", &kind('b'), "Bob"]);
    assert_eq!((code, found.as_str()), (Some(1), ""));
    assert_eq!(said, "sockeye: find: no such service within 500ms\n");
}

#[test]
fn a_limit_withdraws_the_service() {
    let kind = kind('c');
    let (code, said, _) = run(&["publish", "--loopback", "--limit", "0.1", &kind, "Ann", "4000"]);
    assert_eq!((code, said.as_str()), (Some(0), "Ann\n"));
    assert_eq!(run(&["find", "--loopback", "--limit", "0.5", &kind]).0, Some(1));
}

#[cfg(unix)]
#[test]
fn a_signal_withdraws_the_service_and_is_code_130() {
    let kind = kind('d');
    let (mut published, _) = Published::new(&[&kind, "Ann", "4000"]);
    assert_eq!(run(&["find", "--loopback", &kind]).0, Some(0));
    published.0.signal("-TERM");
    assert_eq!(published.0.end(), Some(130));
    assert_eq!(run(&["find", "--loopback", "--limit", "0.5", &kind]).0, Some(1));
}

/// Before anybody can have been told of it.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_ends_the_search_for_a_free_name_too() {
    let mut child = Process::start(&mut sockeye(&["publish", "--loopback", &kind('e'), "Ann", "4000"]));
    // SIGINT is the second of the signals in this set of those that are caught.
    eventually(|| {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
        (u64::from_str_radix(&caught, 16).unwrap() & 2 != 0).then_some(())
    });
    child.signal("-INT");
    assert_eq!(child.end(), Some(130));
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "");
}

#[test]
fn a_wrong_command_line_is_code_two() {
    let long = "n".repeat(64);
    for arguments in [
        &["find"][..],
        &["find", "ga me"],
        &["find", "game", "("],
        &["find", "game", "--limit", "0"],
        &["publish", "game", "Ann"],
        &["publish", "game", "Ann", "0"],
        &["publish", "game", "Ann", "65536"],
        &["publish", "game", "", "1"],
        &["publish", "game", &long, "1"],
        &["publish", "ga--me", "Ann", "1"],
        &["publish", "game", "Ann", "1", "--txt", "=x"],
        &["publish", "game", "Ann", "1", "--txt", &format!("k={}", "v".repeat(254))],
    ] {
        let (code, printed, _) = run(&[arguments, &["--loopback"]].concat());
        assert_eq!((code, printed.as_str()), (Some(2), ""), "{arguments:?}");
    }
}

#[test]
fn help_has_examples_and_codes() {
    for command in ["find", "publish"] {
        let (code, help, _) = run(&[command, "--help"]);
        assert_eq!(code, Some(0));
        assert!(help.contains(&format!("Examples:\n  sockeye {command} ")), "{help}");
        assert!(help.contains("Exit status:\n  0 "), "{help}");
    }
}
