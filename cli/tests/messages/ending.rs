//! Ends: of standard input, of the peer, of whoever reads, and Ctrl-C.

use std::{
    fs::{self, File},
    process::Stdio,
    time::{Duration, Instant},
};

use sockeye::{Connection, Endpoint, Framing, LocalListener, Status, StatusCode};

use crate::{
    PATIENCE,
    live::{Live, accept, connect, heard, listener, patient, run_with_input, say, sockeye},
    process::eventually,
    program::{Folder, Running},
};

#[test]
fn the_end_of_standard_input_is_told_and_answers_still_come() {
    for (name, framing) in [("lines", Framing::lines()), ("multiprocessing", Framing::Multiprocessing)] {
        let (mut listener, port) = listener();
        let mut live = Live::start(&mut sockeye(&["connect", "-f", name, &port]));
        live.input(b"question");
        live.end_input();
        let mut server = accept(&mut listener, framing);
        // The last line needs no line feed.
        assert_eq!(heard(&mut server), b"question");
        assert!(server.receive().is_disconnected());
        say(&mut server, b"answer");
        drop(server);
        assert_eq!(live.end(), (Some(0), b"answer\n".to_vec(), String::new()));
    }
}

#[test]
fn after_the_end_of_standard_input_it_waits_as_long_as_it_is_told() {
    let (mut listener, port) = listener();
    let started = Instant::now();
    let mut live = Live::start(&mut sockeye(&["connect", "--wait", "0.5", &port]));
    live.end_input();
    let mut server = accept(&mut listener, Framing::lines());
    assert!(server.receive().is_disconnected());
    // Each message begins the wait anew.
    say(&mut server, b"answer");
    let (code, stdout, stderr) = live.end();
    assert_eq!((code, stdout.as_slice(), stderr.as_str()), (Some(0), &b"answer\n"[..], ""));
    assert!(started.elapsed() >= Duration::from_millis(500) && started.elapsed() < PATIENCE / 2);
}

#[test]
fn a_peer_of_tinyproto_is_waited_for_and_never_told_the_end() {
    let (mut listener, port) = listener();
    let running = Running::start(sockeye(&["connect", "-f", "tiny", &port]).stdin(Stdio::null()));
    let mut server = accept(&mut listener, Framing::Tiny);
    say(&mut server, b"answer");
    // It has answered, so it was all there.
    assert!(server.flush().is_done());
    let end = server.receive();
    assert!(end.is_disconnected(), "{end:?}");
    assert_eq!(running.end().output(), b"answer\n");
}

#[test]
fn a_listener_for_once_serves_one_and_ends_with_it() {
    let (mut live, endpoint) = Live::listen(&["--once"]);
    let mut client = connect(&endpoint, Framing::lines());
    live.input(b"welcome\n");
    assert_eq!(heard(&mut client), b"welcome");
    say(&mut client, b"thanks");
    drop(client);
    let (code, stdout, _) = live.end();
    assert_eq!((code, stdout.as_slice()), (Some(0), &b"thanks\n"[..]));
}

#[test]
fn a_listener_for_once_tells_what_ended_its_peer() {
    let (live, endpoint) = Live::listen(&["--once", "-f", "packet"]);
    let mut client = connect(&endpoint, Framing::Raw);
    say(&mut client, b"\0\0\0\x05ab");
    drop(client);
    let (code, stdout, stderr) = live.end();
    assert_eq!((code, stdout.as_slice()), (Some(1), &b""[..]));
    assert!(stderr.ends_with("sockeye: listen: the peer closed the connection after 6 of 9 bytes\n"), "{stderr}");
}

#[test]
fn a_peer_that_ends_inside_a_message_is_a_failure_behind_the_last_whole_one() {
    let (mut listener, port) = listener();
    let running = Running::start(sockeye(&["connect", "-f", "multiprocessing", &port]).stdin(Stdio::piped()));
    let mut server = accept(&mut listener, Framing::Raw);
    say(&mut server, b"\0\0\0\x05whole\0\0");
    drop(server);
    let outcome = running.end();
    assert_eq!((outcome.code, outcome.stdout.as_slice()), (Some(1), &b"whole\n"[..]));
    assert_eq!(outcome.stderr, "sockeye: connect: the peer closed the connection after 2 bytes, before their end\n");
}

#[test]
fn a_reader_that_has_had_enough_ends_it_well() {
    let (mut listener, port) = listener();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let live = Live::start_with_output(&mut sockeye(&["connect", &port]), writer);
    let mut server = accept(&mut listener, Framing::lines());
    say(&mut server, b"too much");
    let (code, _, stderr) = live.end();
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_listener_and_its_socket_at_once_and_without_a_word() {
    let folder = Folder::new("ctrl_c");
    let path = folder.path("socket");
    let live = Live::start(&mut sockeye(&["listen", "--exec", "sleep 1000", &path]));
    // The socket is there before anybody listens at it.
    let endpoint = Endpoint::parse(&path).unwrap();
    let mut client = patient(eventually(|| Connection::connect(&endpoint, Framing::lines(), Some(PATIENCE)).ok()));
    say(&mut client, b"hello");
    live.interrupt();
    let started = Instant::now();
    assert_eq!(client.receive().code(), StatusCode::Disconnected);
    assert_eq!(live.end(), (Some(130), Vec::new(), String::new()));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert!(!fs::exists(&path).unwrap());
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_a_client_whose_output_nobody_reads() {
    let (mut listener, port) = listener();
    let (_reader, writer) = std::io::pipe().unwrap();
    let live = Live::start_with_output(&mut sockeye(&["connect", "-f", "raw", &port]), writer);
    let mut server = accept(&mut listener, Framing::Raw);
    server.set_timeout(Some(Duration::from_millis(300))).unwrap();
    // Until it takes no more, since its own output is full.
    while server.send(&[0; 64 * 1024]).is_done() && server.pending_bytes() == 0 {}
    live.interrupt();
    assert_eq!(live.end().0, Some(130));
}

#[cfg(unix)]
#[test]
fn a_socket_that_a_killed_listener_left_behind_is_replaced() {
    let folder = Folder::new("stale");
    let path = folder.path("socket");
    let live = Live::start(&mut sockeye(&["listen", &path]));
    drop((eventually(|| fs::exists(&path).unwrap().then_some(())), live));
    assert!(fs::exists(&path).unwrap());
    let live = Live::start(&mut sockeye(&["listen", "-v", &path]));
    assert_eq!(live.said("listening at "), path);
    let mut client = connect(&path, Framing::lines());
    say(&mut client, b"hello");
    live.wrote(b"hello\n");
    live.said("a program of this machine is connected");
}

#[cfg(target_os = "linux")]
#[test]
fn names_without_a_file_are_for_both_commands() {
    let name = format!("@sockeye-program-{}", std::process::id());
    let live = Live::start(&mut sockeye(&["listen", "-v", "--echo", &name]));
    assert_eq!(live.said("listening at "), name);
    assert_eq!(run_with_input(&["connect", &name], b"hello\n").output(), b"hello\n");
}

#[cfg(unix)]
#[test]
fn local_sockets_are_for_both_commands() {
    let folder = Folder::new("local");
    let path = folder.path("socket");
    let mut listener = LocalListener::new();
    listener.listen(&path).into_result().unwrap();
    listener.set_timeout(Some(PATIENCE)).unwrap();
    let answering = std::thread::spawn(move || {
        let mut server = Connection::new(listener.accept().into_result().unwrap(), Framing::lines());
        let message = heard(&mut server);
        say(&mut server, &[message.as_slice(), b"!"].concat());
    });
    assert_eq!(run_with_input(&["connect", &path], b"hello\n").output(), b"hello!\n");
    answering.join().unwrap();
}

/// A peer that has only ended its own half has not gone.
#[test]
fn a_peer_that_says_nothing_more_is_sent_all_of_standard_input() {
    let data: Vec<u8> = (0..=250).cycle().take(40 << 20).collect();
    let folder = Folder::new("half_ended");
    let file = File::open(folder.write("data", &data)).unwrap();
    let (mut listener, port) = listener();
    let running = Running::start(sockeye(&["connect", "-f", "raw", &port]).stdin(file));
    let mut server = accept(&mut listener, Framing::Raw);
    server.shutdown_send().into_result().unwrap();
    assert!(all_of(&mut server) == data);
    assert_eq!(running.end().output(), b"");

    let (mut live, endpoint) = Live::listen(&["--once", "-f", "raw"]);
    let mut client = connect(&endpoint, Framing::Raw);
    client.shutdown_send().into_result().unwrap();
    let writer = live.input_in_background(data.clone());
    assert!(all_of(&mut client) == data);
    writer.join().unwrap();
    let (code, stdout, stderr) = live.end();
    assert_eq!((code, stdout.as_slice()), (Some(0), &b""[..]), "{stderr}");
    assert!(stderr.ends_with(" has left\n"), "{stderr}");
}

#[test]
fn a_peer_that_says_nothing_more_to_a_listener_is_sent_what_waits_for_it() {
    let (mut live, endpoint) = Live::listen(&["-f", "packet", "--binary"]);
    let mut client = connect(&endpoint, Framing::Raw);
    // More than the system takes.
    let message = [&16_000_000u32.to_be_bytes()[..], &vec![7; 16_000_000]].concat();
    live.input(&message);
    let begin = heard(&mut client);
    client.shutdown_send().into_result().unwrap();
    assert!([begin, all_of(&mut client)].concat() == message);
    eventually(|| live.stderr().ends_with(" has left\n").then_some(()));
}

#[test]
fn a_peer_that_goes_before_it_has_heard_all_is_a_failure() {
    let (mut listener, port) = listener();
    let leaving = std::thread::spawn(move || {
        let mut server = accept(&mut listener, Framing::Raw);
        server.shutdown_send().into_result().unwrap();
        heard(&mut server);
    });
    let said = run_with_input(&["connect", "-f", "raw", &port], &vec![7; 40 << 20]).failure(1);
    assert_eq!(said, "the peer closed the connection before it had all of standard input");
    leaving.join().unwrap();
}

/// Everything until the peer says no more.
fn all_of(peer: &mut Connection) -> Vec<u8> {
    let mut all = Vec::new();
    while let Status::Done(bytes) = peer.receive() {
        all.extend(bytes);
    }
    all
}

#[test]
fn who_only_hears_leaves_standard_input_alone() {
    for (framing, name) in [(Framing::lines(), "lines"), (Framing::Tiny, "tiny")] {
        let (mut door, port) = listener();
        let mut live = Live::start(&mut sockeye(&["connect", "-d", "-f", name, &port]));
        let mut peer = accept(&mut door, framing);
        live.input(b"nobody reads this\n");
        live.end_input();
        // Longer than a peer of tinyproto is waited for at the end of standard input.
        for message in [b"one", b"two"] {
            peer.set_timeout(Some(Duration::from_millis(1200))).unwrap();
            assert!(peer.receive().is_not_ready(), "it says nothing, not even that it is the end");
            say(&mut peer, message);
        }
        live.wrote(b"one\ntwo\n");
        peer.close();
        assert_eq!(live.end(), (Some(0), b"one\ntwo\n".to_vec(), String::new()), "{name}");
    }
}

#[test]
fn who_only_hears_may_do_so_for_some_time() {
    let (mut door, port) = listener();
    let live = Live::start(&mut sockeye(&["connect", "-d", "--wait", "3", &port]));
    let mut peer = accept(&mut door, Framing::lines());
    say(&mut peer, b"one");
    assert_eq!(live.end(), (Some(0), b"one\n".to_vec(), String::new()));
    // And so does a listener.
    let (mut live, endpoint) = Live::listen(&["-d", "--once"]);
    let mut client = connect(&endpoint, Framing::lines());
    live.input(b"nobody reads this\n");
    say(&mut client, b"hello");
    live.wrote(b"hello\n");
    client.close();
    let (code, written, _) = live.end();
    assert_eq!((code, written), (Some(0), b"hello\n".to_vec()));
}
