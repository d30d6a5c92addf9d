//! `sockeye ip` as scripts use it: what it prints, what it exits with, and that nothing else is on standard output.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use sockeye::{IpAddress, UdpSocket};

const PATIENCE: Duration = Duration::from_secs(30);

fn ip(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.arg("ip").args(arguments).stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What the program printed; it went well.
fn printed(arguments: &[&str]) -> String {
    let output = ip(arguments);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{arguments:?}");
    text(&output.stdout)
}

/// The one line that the program said when it did not go well.
fn complaint(arguments: &[&str]) -> String {
    let output = ip(arguments);
    assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(1), ""), "{arguments:?}");
    let said = text(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim_end().strip_prefix("sockeye: ip: ").unwrap_or_else(|| panic!("{said}")).to_owned()
}

/// Answers one question with the bytes that `answer` makes of it; gives its port.
fn server(answer: impl FnOnce(&[u8]) -> Vec<u8> + Send + 'static) -> u16 {
    let mut socket = UdpSocket::new();
    socket.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result().unwrap();
    socket.set_timeout(Some(PATIENCE)).unwrap();
    let port = socket.local_port();
    thread::spawn(move || {
        let mut question = [0; 512];
        let (length, from, port) = socket.receive(&mut question).into_result().unwrap();
        socket.send(&answer(&question[..length]), from, port).into_result().unwrap();
    });
    port
}

/// A STUN success response with the MAPPED-ADDRESS 192.0.2.1.
fn stun_answer(request: &[u8]) -> Vec<u8> {
    [b"\x01\x01\x00\x0c", &request[4..20], b"\x00\x01\x00\x08\x00\x01\x12\x34\xc0\x00\x02\x01"].concat()
}

#[test]
fn alone_it_prints_the_address_in_the_local_network() {
    match IpAddress::local_address() {
        Some(address) => assert_eq!(printed(&[]), format!("{address}\n")),
        None => assert_eq!(complaint(&[]), "this machine has no address but loopback"),
    }
}

#[test]
fn all_addresses_come_with_what_they_are() {
    let printed = printed(&["--all"]);
    let lines: Vec<(&str, &str)> = printed.lines().map(|line| line.split_once('\t').unwrap()).collect();
    let addresses: Vec<String> = IpAddress::local_addresses().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(lines.iter().map(|(address, _)| *address).collect::<Vec<_>>(), addresses);
    assert!(lines.contains(&("127.0.0.1", "this machine only")), "{printed}");
    for (address, what) in lines {
        assert!(["this machine only", "public", "this link only", "private"].contains(&what), "{address}: {what}");
        assert_eq!(what == "this machine only", IpAddress::parse(address).unwrap().is_loopback(), "{address}");
    }
}

#[test]
fn a_host_has_its_addresses() {
    assert_eq!(printed(&["192.0.2.7"]), "192.0.2.7\n");
    assert_eq!(printed(&["2001:DB8::0:7"]), "2001:db8::7\n");
    assert_eq!(printed(&["--all", "192.0.2.7"]), "192.0.2.7\n");
    let addresses: Vec<String> = IpAddress::resolve("localhost").unwrap().iter().map(|ip| format!("{ip}\n")).collect();
    assert_eq!(printed(&["localhost"]), addresses[0]);
    assert_eq!(printed(&["localhost", "--all"]), addresses.concat());
}

#[test]
fn what_is_no_host_is_one_line_and_a_failure() {
    assert_eq!(
        complaint(&["no such host"]),
        "expected a host name of 1 to 253 characters without space, found \"no such host\""
    );
    assert_eq!(complaint(&["192.0.2.300"]), "expected an IPv4 or IPv6 address, found \"192.0.2.300\"");
    assert!(complaint(&[""]).starts_with("expected a host name"));
}

#[test]
fn the_public_address_is_asked_for() {
    let port = server(stun_answer);
    assert_eq!(printed(&["--public", "--from", &format!("stun:127.0.0.1:{port}")]), "192.0.2.1\n");
    let port = server(|query| {
        let record = b"\xc0\x0c\x00\x10\x00\x03\x00\x00\x00\x00\x00\x0c\x0b2001:db8::9";
        [&query[..2], b"\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00", &query[12..], record].concat()
    });
    let from = format!("dns://127.0.0.1:{port}/me.example?type=TXT;class=CH");
    assert_eq!(printed(&["--public", "--max-time", "20", "--from", &from]), "2001:db8::9\n");
}

#[test]
fn a_web_server_is_asked_and_no_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut request, mut buffer) = (Vec::new(), [0; 1024]);
        while !request.ends_with(b"\r\n\r\n") {
            let count = stream.read(&mut buffer).unwrap();
            assert!(count > 0);
            request.extend(&buffer[..count]);
        }
        assert!(request.starts_with(b"GET /ip HTTP/1.1\r\n"));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n192.0.2.1\n").unwrap();
    });
    // Nobody is at the discard port.
    let proxy = "http://127.0.0.1:9";
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.env("http_proxy", proxy).env("all_proxy", proxy).env_remove("no_proxy").env_remove("NO_PROXY");
    command.args(["ip", "--public", "--from", &format!("http://127.0.0.1:{port}/ip")]).stdin(Stdio::null());
    let output = command.output().unwrap();
    assert_eq!((text(&output.stdout).as_str(), text(&output.stderr).as_str()), ("192.0.2.1\n", ""));
}

#[test]
fn several_servers_can_be_asked() {
    let mut silent = UdpSocket::new();
    silent.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result().unwrap();
    let (silent_one, good) = (format!("stun:127.0.0.1:{}", silent.local_port()), server(stun_answer));
    let good = format!("stun:127.0.0.1:{good}");
    assert_eq!(printed(&["--public", "--from", &silent_one, "--from", &good]), "192.0.2.1\n");
}

#[test]
fn a_limit_that_passes_is_one_line_and_a_failure() {
    let mut silent = UdpSocket::new();
    silent.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result().unwrap();
    let from = format!("stun:127.0.0.1:{}", silent.local_port());
    let start = Instant::now();
    let said = complaint(&["--public", "--max-time", "0.25", "--from", &from]);
    assert_eq!(said, "no public address: the search for the public address did not end within 250ms");
    let took = start.elapsed();
    assert!(took >= Duration::from_millis(250) && took < PATIENCE / 3, "{took:?}");
}

#[test]
fn a_refusal_is_one_line_and_a_failure() {
    let port = server(|request| {
        let refusal = b"\x00\x09\x00\x0c\x00\x00\x04\x14no\nno\x1b[J";
        [b"\x01\x11\x00\x10", &request[4..20], refusal].concat()
    });
    let said = complaint(&["--public", "--from", &format!("stun:127.0.0.1:{port}")]);
    assert_eq!(said, "no public address: the peer answered 420 nono[J");
}

#[test]
fn a_reader_that_is_gone_is_a_failure() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.args(["ip", "192.0.2.7"]).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = command.stdout(writer).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).starts_with("sockeye: ip: cannot write the address: "));
}

#[test]
fn a_wrong_command_line_is_code_two() {
    for arguments in [
        &["one", "two"][..],
        &["--public", "host"],
        &["--public", "--all"],
        &["--max-time", "2"],
        &["--from", "stun:stun.example"],
        &["--public", "--max-time", "0"],
        &["--public", "--max-time", "-1"],
        &["--public", "--max-time", "NaN"],
        &["--public", "--max-time", "inf"],
        &["--public", "--max-time", "1e-30"],
        &["--public", "--max-time", "86401"],
        &["--public", "--from", "stun.example"],
    ] {
        assert_eq!(ip(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_has_examples() {
    let help = printed(&["--help"]);
    assert!(help.contains("Examples:\n  sockeye ip "), "{help}");
    assert!(help.contains("[default: 5]"), "{help}");
}
