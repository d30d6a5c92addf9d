//! The game as its users run it: the real program, several processes, and strangers who do not keep to the protocol.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::float_cmp)]

#[path = "support/process.rs"]
mod process;

use std::io::{BufRead, BufReader, Read};
use std::process::{ChildStdout, Command, Output, Stdio};

use sockeye::{IpAddress, Packet, Status, TcpSocket, UdpSocket};

use process::{PATIENCE, Process};

fn arena(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sockeye"));
    command.arg("arena").args(arguments).stdin(Stdio::null()).env_remove("NO_COLOR");
    command
}

fn run(arguments: &[&str]) -> Output {
    arena(arguments).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// What the program said on standard error: one line and nothing else.
fn only_line(output: &Output) -> String {
    let said = text(&output.stderr);
    assert_eq!(said.lines().count(), 1, "{said}");
    said.trim_end().to_owned()
}

/// The numbers in the line of a report that begins so, in their order.
fn figures(report: &str, name: &str) -> Vec<f64> {
    let line = report.lines().find(|line| line.starts_with(name));
    let line = line.unwrap_or_else(|| panic!("no line {name:?} in\n{report}"));
    let words = line[name.len()..].split(|c: char| !c.is_ascii_digit() && c != '.');
    words.filter_map(|word| word.trim_matches('.').parse().ok()).collect()
}

/// A program that runs until the test is over.
struct Running {
    child: Process,
    output: BufReader<ChildStdout>,
}

impl Running {
    fn start(arguments: &[&str]) -> Self {
        let mut child = Process::start(arena(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()));
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { child, output }
    }

    /// Starts a server and reads its ports, of TCP and UDP, from its first line.
    fn serve(arguments: &[&str]) -> (Self, u16, u16) {
        let mut server = Self::start(&[&["serve", "--port", "0"], arguments].concat());
        let line = server.line();
        let port = |name: &str| line.split_once(name)?.1.split([',', '\n']).next()?.parse().ok();
        let (Some(tcp), Some(udp)) = (port("TCP port "), port("UDP port ")) else { panic!("no ports in {line:?}") };
        (server, tcp, udp)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        line
    }

    /// Waits for the end; gives the exit code and all that was written since the start.
    fn end(mut self) -> (Option<i32>, String, String) {
        let code = self.child.end();
        let (mut output, mut errors) = (String::new(), String::new());
        self.output.read_to_string(&mut output).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        (code, output, errors)
    }

    #[cfg(unix)]
    fn signal(&self, name: &str) {
        self.child.signal(name);
    }
}

fn connect(port: u16) -> TcpSocket {
    let mut socket = TcpSocket::new();
    socket.connect_timeout(IpAddress::LOCAL_HOST, port, PATIENCE).into_result().unwrap();
    socket.set_timeout(Some(PATIENCE)).unwrap();
    socket
}

fn hello(version: u16, name: &str) -> Packet {
    let mut packet = Packet::new();
    packet.write_u8(1).append(b"SKAR").write_u16(version).write_str(name);
    packet
}

#[test]
fn alone_and_headless_it_plays_for_its_seconds_and_reports() {
    let output = run(&["--headless", "--seconds", "2", "--bots", "7", "--name", "Ada"]);
    let (report, errors) = (text(&output.stdout), text(&output.stderr));
    assert_eq!((output.status.code(), errors.as_str()), (Some(0), ""), "{report}");
    let seconds = figures(&report, "time")[0];
    assert!((2.0..4.0).contains(&seconds), "{report}");
    assert_eq!(figures(&report, "players")[0], 8.0, "{report}");
    let ticks = figures(&report, "ticks");
    assert!((ticks[0] + ticks[1] - 60.0 * seconds).abs() < 15.0, "{report}");
    let tick_time = figures(&report, "tick time");
    // mean, p50, p99, max, samples; "p50" and "p99" are numbers too.
    assert_eq!((tick_time.len(), tick_time[6]), (7, ticks[0]), "{report}");
    assert!(tick_time[0] > 0.0 && tick_time[5] >= tick_time[2], "{report}");
    let round_trip = figures(&report, "round trip");
    assert!(round_trip[6] >= 8.0 * 5.0 && round_trip[0] > 0.0, "{report}");
    let snapshots = figures(&report, "snapshots");
    assert!(snapshots[0] > 8.0 * 50.0, "{report}");
    // Everybody says hello, and everybody else hears it: more bytes come to the clients than snapshots alone.
    for direction in ["server in", "server out", "client in", "client out"] {
        assert!(figures(&report, direction)[0] > 0.0, "{report}");
    }
    assert_eq!(figures(&report, "not used")[..4], [0.0; 4], "{report}");
    // The server may end before it sees its players leave; nobody goes for another reason.
    assert_eq!(figures(&report, "partings")[1..], [0.0; 5], "{report}");
}

/// Tells whether this machine has IPv6, which a container may not have. Where the project's own gate runs there must be.
fn has_v6() -> bool {
    let has = std::net::UdpSocket::bind("[::1]:0").is_ok();
    assert!(has || std::env::var_os("CI").is_none(), "this machine has no IPv6");
    has
}

#[test]
fn processes_play_together_over_ipv4_and_ipv6() {
    let places = [("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("::1", "[::1]"), ("::", "127.0.0.1")];
    let places: Vec<_> = places.into_iter().filter(|(bind, _)| *bind != "::1" || has_v6()).collect();
    // All of them at once.
    let games: Vec<_> = places
        .into_iter()
        .map(|(bind, host)| {
            let (server, port, _) = Running::serve(&["--bind", bind, "--seconds", "5"]);
            let port = port.to_string();
            let join =
                |name| Running::start(&["join", host, "--port", &port, "--headless", "--seconds", "2", "--name", name]);
            (server, [join("Ada"), join("Bob")])
        })
        .collect();
    for (server, players) in games {
        for player in players {
            let (code, report, errors) = player.end();
            assert_eq!((code, errors.as_str()), (Some(0), ""), "{report}");
            assert!(figures(&report, "snapshots")[0] > 40.0, "{report}");
            assert!(figures(&report, "round trip")[6] >= 6.0, "{report}");
        }
        let (code, report, errors) = server.end();
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{report}");
        assert_eq!(figures(&report, "players"), [2.0, 0.0], "{report}");
        assert_eq!(figures(&report, "partings")[0], 2.0, "{report}");
    }
}

#[test]
fn another_version_is_refused_with_the_servers_own() {
    let (_server, port, _) = Running::serve(&["--bind", "127.0.0.1"]);
    let mut socket = connect(port);
    socket.send_packet(&hello(2, "Ada")).into_result().unwrap();
    let mut packet = Packet::new();
    socket.receive_packet(&mut packet).into_result().unwrap();
    assert_eq!(packet.data(), [2, 1, 0, 1]);
    assert!(socket.receive_packet(&mut packet).is_disconnected());
}

#[test]
fn strangers_who_misbehave_do_not_disturb_a_game() {
    let (server, port, udp_port) = Running::serve(&["--bind", "127.0.0.1", "--seconds", "8"]);
    let text_port = port.to_string();
    let player = Running::start(&["join", "127.0.0.1", "--port", &text_port, "--headless", "--seconds", "4"]);

    // Three who never say a word, and one who joins and then neither reads nor sends a datagram.
    let silent: Vec<TcpSocket> = (0..3).map(|_| connect(port)).collect();
    let mut deaf = connect(port);
    deaf.send_packet(&hello(1, "deaf")).into_result().unwrap();

    // Bytes of another protocol, 4 GiB announced, a message cut short and closed.
    let mut dropped = Vec::new();
    for bytes in [b"GET / HTTP/1.1\r\nHost: arena\r\n\r\n".as_slice(), b"\xff\xff\xff\xff", b"\x00\x00\x00\x01\x00"] {
        let mut socket = connect(port);
        socket.send(bytes).into_result().unwrap();
        dropped.push(socket);
    }
    let mut cut = connect(port);
    cut.send(b"\x00\x00\x00\x20\x01SK").into_result().unwrap();
    drop(cut);
    for mut socket in dropped {
        assert!(matches!(socket.receive(&mut [0; 16]), Status::Disconnected), "the server ends such a connection");
    }

    // Garbage over UDP, thousands of datagrams: no message, a token that nobody has, too long.
    let mut udp = UdpSocket::new();
    udp.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    let guessed = [&[7; 8], [1, 0, 0, 0, 1, 0].as_slice()].concat();
    for _ in 0..1_000 {
        for datagram in [b"".as_slice(), b"hello", &guessed, &[0; 1_400]] {
            udp.send(datagram, IpAddress::LOCAL_HOST, udp_port).into_result().unwrap();
        }
    }

    let (code, report, errors) = player.end();
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{report}");
    let snapshots = figures(&report, "snapshots");
    assert!(snapshots[0] > 200.0 && snapshots[1] < snapshots[0] / 20.0, "{report}");

    let (code, report, errors) = server.end();
    assert_eq!((code, errors.as_str()), (Some(0), ""), "{report}");
    let unused = figures(&report, "not used");
    assert!(unused[0] > 100.0 && unused[1] > 100.0, "{report}");
    // left, failed, malformed, refused, silent, did not read. The one cut short is a failure of its connection.
    assert_eq!(figures(&report, "partings"), [1.0, 1.0, 3.0, 0.0, 4.0, 0.0], "{report}");
    drop(silent);
}

#[test]
fn without_a_terminal_it_says_what_to_do_instead() {
    for arguments in [&[][..], &["join", "127.0.0.1"]] {
        let output = run(arguments);
        assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), [].as_slice()));
        let said = only_line(&output);
        assert!(said.starts_with("sockeye: arena: ") && said.contains("--headless"), "{said}");
    }
}

#[test]
fn a_server_that_is_not_there_is_one_line_and_a_failure() {
    let free = {
        let mut udp = UdpSocket::new();
        udp.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        udp.local_port().to_string()
    };
    let output = run(&["join", "127.0.0.1", "--port", &free, "--headless", "--seconds", "5"]);
    assert_eq!(output.status.code(), Some(1));
    let said = only_line(&output);
    assert!(said.starts_with("sockeye: arena: cannot connect: the connection was refused"), "{said}");
    let output = run(&["join", "no such host", "--headless"]);
    assert_eq!(output.status.code(), Some(1));
    let said = only_line(&output);
    assert!(said.starts_with("sockeye: arena: cannot join: "), "{said}");
}

#[test]
fn a_taken_port_is_one_line_and_a_failure() {
    let (_server, port, _) = Running::serve(&["--bind", "127.0.0.1"]);
    let output = run(&["serve", "--bind", "127.0.0.1", "--port", &port.to_string(), "--seconds", "1"]);
    assert_eq!(output.status.code(), Some(1));
    let said = only_line(&output);
    assert!(said.contains("the address or port is taken"), "{said}");
}

#[test]
fn a_wrong_command_line_is_code_two() {
    for arguments in [
        &["--bots", "32"][..],
        &["--seconds", "0"],
        &["--bind", "nowhere"],
        &["--bots", "3", "serve"],
        &["join"],
        &["join", "::1", "--port", "0"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn help_has_examples() {
    for arguments in [&["--help"][..], &["serve", "--help"], &["join", "--help"]] {
        let output = run(arguments);
        let help = text(&output.stdout);
        assert_eq!(output.status.code(), Some(0));
        assert!(help.contains("Examples:\n  sockeye arena"), "{help}");
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_with_a_report() {
    // A server runs until it is told to end: all is well. A run whose seconds are not over was cut short.
    for (signal, arguments, code) in [
        ("-INT", &["serve", "--port", "0", "--bind", "127.0.0.1", "--bots", "2"][..], 0),
        ("-TERM", &["serve", "--port", "0"], 0),
    ] {
        let mut server = Running::start(arguments);
        assert!(server.line().starts_with("listening on "));
        server.signal(signal);
        let (found, report, errors) = server.end();
        assert_eq!((found, errors.as_str()), (Some(code), ""), "{report}");
        assert_eq!(figures(&report, "ticks").len(), 2, "{report}");
    }
    let (_server, port, _) = Running::serve(&["--bind", "127.0.0.1"]);
    let player = Running::start(&["join", "127.0.0.1", "--port", &port.to_string(), "--headless", "--seconds", "60"]);
    let mut probe = connect(port);
    probe.send_packet(&hello(1, "probe")).into_result().unwrap();
    let mut packet = Packet::new();
    // Until the player is in the game too: the probe is told of it.
    let mut joined = 0;
    while joined < 2 {
        probe.receive_packet(&mut packet).into_result().unwrap();
        joined += usize::from(packet.data().first() == Some(&3));
    }
    player.signal("-INT");
    let (code, report, errors) = player.end();
    assert_eq!(code, Some(130), "{errors}");
    assert_eq!(errors, "sockeye: arena: interrupted before the time was over\n");
    assert_eq!(figures(&report, "clients"), [1.0]);
}

#[test]
fn a_player_whose_server_ends_says_so() {
    let (server, port, _) = Running::serve(&["--bind", "127.0.0.1", "--seconds", "2"]);
    let player = Running::start(&["join", "127.0.0.1", "--port", &port.to_string(), "--headless", "--seconds", "60"]);
    let (code, report, _) = server.end();
    assert_eq!(code, Some(0), "{report}");
    let (code, _, errors) = player.end();
    assert_eq!((code, errors.as_str()), (Some(1), "sockeye: arena: the server closed the connection\n"));
}
