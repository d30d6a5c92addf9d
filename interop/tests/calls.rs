//! System calls of messages, counted by strace.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{collections::BTreeMap, fs, process::Command};

use interop::{
    DEADLINE, Folder,
    child::{part, play_under},
};
use sockeye::{Connection, Framing, IpAddress, LocalSocket, TcpListener, TcpSocket};

const FRAMINGS: [(&str, Framing); 4] = [
    ("packet", Framing::Packet),
    ("multiprocessing", Framing::Multiprocessing),
    ("tiny", Framing::Tiny),
    ("lines", Framing::lines()),
];

/// The size of a message, how many go before it is the other end's turn, and how many turns there are. What goes in one
/// turn has room in any socket.
const TURNS: [(usize, usize, usize); 2] = [(16, 100, 10), (64 * 1024, 1, 100)];

/// And what has arrived of small ones is taken with one, however many they are.
#[test]
fn a_message_is_one_system_call() {
    if part(|_| send_and_receive_all()) {
        return;
    }
    let folder = Folder::new("calls");
    let trace = folder.join("trace");
    let mut strace = Command::new("strace");
    strace.args(["-f", "-qq", "-s", "80", "-e", "signal=none", "-o"]).arg(&trace).arg("--");
    play_under(strace, "a_message_is_one_system_call", "traced").join();
    let trace = fs::read_to_string(trace).unwrap();
    let counted = count(&trace);
    for (framing, _) in FRAMINGS {
        for transport in ["tcp", "local"] {
            for (size, at_once, turns) in TURNS {
                let messages = at_once * turns;
                let case = format!("{framing} {transport} {size}");
                let calls = &counted[&format!("{case} send")];
                println!("{case} send: {calls:?}");
                let sends: usize = SENDS.iter().filter_map(|name| calls.get(*name)).sum();
                let all: usize = calls.values().sum();
                assert_eq!(sends, messages, "{case}: {calls:?}");
                // tinyproto looks for answers after many messages.
                assert!(all <= messages + messages / 100, "{case}: {calls:?}");

                let calls = &counted[&format!("{case} receive")];
                println!("{case} receive: {calls:?}");
                if at_once > 1 {
                    let receives: usize = RECEIVES.iter().filter_map(|name| calls.get(*name)).sum();
                    let all: usize = calls.values().sum();
                    // Each takes what there is, which is seldom less than all.
                    assert!((turns..=messages / 20).contains(&receives), "{case}: {calls:?}");
                    // The answers of tinyproto go in bundles, too.
                    assert!(all <= messages / 10, "{case}: {calls:?}");
                }
            }
        }
    }
}

const RECEIVES: [&str; 5] = ["recvfrom", "recvmsg", "recvmmsg", "read", "readv"];
const SENDS: [&str; 5] = ["sendto", "sendmsg", "sendmmsg", "write", "writev"];

/// All that is traced. What it prints in between tells what the calls behind it are for.
fn send_and_receive_all() {
    println!();
    for (framing, kind) in FRAMINGS {
        for (transport, connect) in [("tcp", tcp as fn(Framing) -> [Connection; 2]), ("local", local)] {
            for (size, at_once, turns) in TURNS {
                let [mut near, mut far] = connect(kind);
                let message = vec![b'x'; size];
                let mut pass = |count, case: &str| {
                    println!("{MARK}{case} send");
                    for _ in 0..count {
                        near.send(&message).into_result().unwrap();
                    }
                    println!("{MARK}{case} receive");
                    for _ in 0..count {
                        assert!(far.receive().into_result().unwrap() == message);
                    }
                    println!("{MARK}");
                };
                // A greeting, and buffers that grow.
                pass(1, "first");
                for _ in 0..turns {
                    pass(at_once, &format!("{framing} {transport} {size}"));
                }
            }
        }
    }
}

fn tcp(framing: Framing) -> [Connection; 2] {
    let (mut listener, mut socket) = (TcpListener::new(), TcpSocket::new());
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    socket.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result().unwrap();
    patient([Connection::new(socket, framing), Connection::new(listener.accept().into_result().unwrap(), framing)])
}

fn local(framing: Framing) -> [Connection; 2] {
    let (near, far) = LocalSocket::pair().unwrap();
    patient([Connection::new(near, framing), Connection::new(far, framing)])
}

fn patient(mut connections: [Connection; 2]) -> [Connection; 2] {
    for connection in &mut connections {
        connection.set_timeout(Some(DEADLINE)).unwrap();
    }
    connections
}

/// The system calls behind each mark, by their names.
fn count(trace: &str) -> BTreeMap<String, BTreeMap<&str, usize>> {
    let mut counted = BTreeMap::<String, BTreeMap<&str, usize>>::new();
    let (mut thread, mut case) = ("", "");
    for line in trace.lines() {
        let (who, call) = line.split_once(' ').unwrap();
        let call = call.trim_start();
        if let Some((_, text)) = call.split_once(&format!("write(1, \"{MARK}")) {
            (thread, case) = (who, text.split_once("\\n").unwrap().0);
        } else if who == thread && !case.is_empty() {
            let name = call.split_once('(').unwrap_or_else(|| panic!("{line}")).0;
            if !OTHERS.contains(&name) {
                *counted.entry(case.to_owned()).or_default().entry(name).or_default() += 1;
            }
        }
    }
    counted
}

const MARK: &str = "now: ";
/// Calls that have nothing to do with the socket.
const OTHERS: [&str; 7] = ["brk", "clock_gettime", "madvise", "mmap", "mprotect", "mremap", "munmap"];
