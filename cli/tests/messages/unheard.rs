//! What a peer has not had, or has not answered, is not taken for sent.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    thread,
    time::Duration,
};

use sockeye::{Connection, Framing, Stream, TlsIdentity, TlsServer, TlsSocket};

use crate::{
    PATIENCE,
    live::{Live, accept, connect, heard, listener, patient, run_with_input, say, sockeye},
};

const UNHEARD: &str = "the peer closed the connection before it had all of standard input";

/// A raw connection of a program that calls.
fn caller(listener: &std::net::TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn raw_listener() -> (std::net::TcpListener, String) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    (listener, port)
}

/// Greets, and takes three messages of tinyproto without an answer.
fn take_three(peer: &mut TcpStream) {
    peer.write_all(&[0xff]).unwrap();
    let mut said = [0; 16];
    peer.read_exact(&mut said).unwrap();
    assert_eq!(&said, b"\xff\0\0\0\x01a\0\0\0\x01b\0\0\0\x01c");
}

#[test]
fn the_answers_of_tinyproto_are_waited_for() {
    let (listener, port) = raw_listener();
    let mut live = Live::start(&mut sockeye(&["connect", "-f", "tiny", &port]));
    live.input(b"a\nb\nc\n");
    live.end_input();
    let mut peer = caller(&listener);
    take_three(&mut peer);
    for _ in 0..3 {
        // In all longer than it waits for a peer that owes nothing.
        peer.set_read_timeout(Some(Duration::from_millis(700))).unwrap();
        let said = peer.read(&mut [0; 8]).unwrap_err().kind();
        assert_eq!(said, std::io::ErrorKind::WouldBlock, "it is still there and says nothing");
        peer.write_all(&[0xff]).unwrap();
    }
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
    assert_eq!(live.end(), (Some(0), Vec::new(), String::new()));
}

#[test]
fn a_peer_of_tinyproto_that_goes_without_an_answer_is_a_failure() {
    let (listener, port) = raw_listener();
    let peer = thread::spawn(move || {
        let mut peer = caller(&listener);
        take_three(&mut peer);
        peer.write_all(&[0xff]).unwrap();
    });
    assert_eq!(run_with_input(&["connect", "-f", "tiny", &port], b"a\nb\nc\n").failure(1), UNHEARD);
    peer.join().unwrap();
}

#[test]
fn a_message_that_meets_a_closed_connection_is_a_failure() {
    let (listener, port) = raw_listener();
    let mut live = Live::start(&mut sockeye(&["connect", &port]));
    let peer = caller(&listener);
    live.input(b"x\n");
    // It has come, and nobody takes it: the system answers it with a reset.
    assert_eq!(peer.peek(&mut [0; 1]).unwrap(), 1);
    drop(peer);
    let (code, _, stderr) = live.end();
    assert_eq!((code, stderr), (Some(1), format!("sockeye: connect: {UNHEARD}\n")));
}

#[test]
fn so_it_is_behind_the_end_of_standard_input() {
    for pause in [0, 300] {
        let (listener, port) = raw_listener();
        let peer = thread::spawn(move || {
            let peer = caller(&listener);
            assert_eq!(peer.peek(&mut [0; 1]).unwrap(), 1);
            // The end of what comes is there by then, too.
            thread::sleep(Duration::from_millis(pause));
        });
        assert_eq!(run_with_input(&["connect", &port], b"x\n").failure(1), UNHEARD);
        peer.join().unwrap();
    }
}

/// What a peer that has closed is told of the end, or of what it has said last, meets nobody, and that is no loss.
#[test]
fn who_has_had_all_may_close() {
    let tls = TlsServer::new(TlsIdentity::self_signed(&["localhost"]).unwrap()).unwrap();
    for (options, tls, framing) in [
        (&["-f", "lines"][..], None, Framing::lines()),
        (&["--tls", "-k"], Some(&tls), Framing::lines()),
        (&["-f", "tiny"], None, Framing::Tiny),
    ] {
        let (mut listener, port) = listener();
        let mut live = Live::start(&mut sockeye(&[&["connect", &port], options].concat()));
        let socket = listener.accept().into_result().unwrap();
        let stream: Stream = match tls {
            Some(tls) => TlsSocket::server(socket, tls).unwrap().into(),
            None => socket.into(),
        };
        let mut peer = patient(Connection::new(stream, framing));
        live.input(b"question\n");
        assert_eq!(heard(&mut peer), b"question");
        say(&mut peer, b"answer");
        peer.close();
        assert_eq!(live.end(), (Some(0), b"answer\n".to_vec(), String::new()), "{options:?}");
    }
}

#[test]
fn a_long_message_that_comes_slowly_is_no_pause() {
    let (mut live, endpoint) = Live::listen(&["--once", "--binary", "-f", "packet"]);
    let mut client = connect(&endpoint, Framing::Packet);
    client.shutdown_send().into_result().unwrap();
    live.input(&[0, 0, 0, 40]);
    for piece in 0..40 {
        // Together longer than a pipe may pause.
        thread::sleep(Duration::from_millis(50));
        live.input(&[piece]);
    }
    assert_eq!(heard(&mut client), (0..40).collect::<Vec<u8>>());
    live.end_input();
    assert_eq!(live.end().0, Some(0));
}

#[test]
fn a_very_long_wait_is_one_for_ever() {
    for wait in ["1e19", "1e18"] {
        let (mut listener, port) = listener();
        let mut live = Live::start(&mut sockeye(&["connect", "--wait", wait, &port]));
        live.end_input();
        let mut server: Connection = accept(&mut listener, Framing::lines());
        assert!(server.receive().is_disconnected());
        say(&mut server, b"answer");
        drop(server);
        assert_eq!(live.end(), (Some(0), b"answer\n".to_vec(), String::new()), "{wait}");
    }
}
