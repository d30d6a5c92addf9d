//! send, receive.

use std::{
    io::{ErrorKind, Read, Write},
    time::Instant,
};

use sockeye::StatusCode;

use crate::support::{
    Family, LONG, Mode, SHORT, Stream, child, connected, drain, drain_from, eventually, fill, in_thread, receive_soon,
    reset,
};

crate::rows! {
    send_with_room_for_all: both;
    send_with_room_for_some: both;
    send_without_room: both;
    send_without_room_within_a_limit: blocking;
    zero_length: both;
    receive_data: both;
    receive_nothing_yet: both;
    receive_nothing_within_a_limit: blocking;
    receive_after_the_peer_closed: both;
    receive_after_the_peer_reset: both;
    send_after_the_peer_closed: both;
    send_after_the_peer_reset: both;
    never_connected: both;
    after_own_disconnect: both;
    one_direction_ended: both;
}

fn send_with_room_for_all<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    assert_eq!(client.send(b"hello").done(), Some(5));
    assert_eq!(drain(&mut server, 5), b"hello");
}

/// Blocking waits for all; non-blocking is Done(k), k < n.
fn send_with_room_for_some<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    let data: Vec<u8> = (0..64 * 1024 * 1024_u32).map(|number| (number % 251) as u8).collect();
    if mode == Mode::NonBlocking {
        let sent = client.send(&data).done().unwrap();
        assert!((1..data.len()).contains(&sent), "{sent} bytes");
        assert!(drain_from(&mut client, &mut server, sent) == data[..sent]);
    } else {
        let length = data.len();
        let reader = in_thread(move || drain(&mut server, length));
        assert_eq!(client.send(&data).done(), Some(length));
        assert!(reader.join() == data);
    }
}

/// Blocking waits; non-blocking is NotReady.
fn send_without_room<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(Mode::NonBlocking);
    let sent = fill(&mut client);
    assert!(sent > 0);
    assert_eq!(client.send(b"x").code(), StatusCode::NotReady);
    if mode == Mode::Blocking {
        client.set_blocking(true).unwrap();
        let reader = in_thread(move || drain(&mut server, sent + 3));
        assert_eq!(client.send(b"end").done(), Some(3));
        assert_eq!(&reader.join()[sent..], b"end");
    } else {
        drain_from(&mut client, &mut server, sent);
        assert_eq!(eventually(|| client.send(b"end")).done(), Some(3));
        assert_eq!(drain(&mut server, 3), b"end");
    }
}

/// With a limit set: Done(k) if k went, else NotReady.
fn send_without_room_within_a_limit<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.set_timeout(Some(SHORT)).unwrap();
    let data = vec![7; 64 * 1024 * 1024];
    let begin = Instant::now();
    let sent = client.send(&data).done().unwrap();
    assert!((1..data.len()).contains(&sent), "{sent} bytes");
    assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    let more = fill(&mut client);
    let begin = Instant::now();
    assert_eq!(client.send(&data).code(), StatusCode::NotReady);
    assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    assert_eq!(drain_from(&mut client, &mut server, sent + more).len(), sent + more);
    assert_eq!(client.send(b"on").done(), Some(2));
}

/// Done(0), never Disconnected.
fn zero_length<F: Family>(mode: Mode) {
    let (mut client, server) = connected::<F>(mode);
    assert_eq!(client.receive(&mut []).done(), Some(0), "with nothing to receive");
    assert_eq!(client.send(&[]).done(), Some(0));
    drop(server);
    assert_eq!(receive_soon(&mut client, &mut [0]).code(), StatusCode::Disconnected);
    assert_eq!(client.receive(&mut []).done(), Some(0), "after the end");
    assert_eq!(client.send(&[]).done(), Some(0));
    client.disconnect();
    assert_eq!(client.receive(&mut []).done(), Some(0), "without a connection");
    assert_eq!(client.send(&[]).done(), Some(0));
}

fn receive_data<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    server.send(b"hello").into_result().unwrap();
    let mut buffer = [0; 3];
    assert_eq!(receive_soon(&mut client, &mut buffer).done(), Some(3));
    assert_eq!(&buffer, b"hel");
    assert_eq!(client.receive(&mut buffer).done(), Some(2));
    assert_eq!(&buffer, b"lol");
}

/// Blocking waits; non-blocking is NotReady.
fn receive_nothing_yet<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    let mut buffer = [0; 8];
    if mode == Mode::NonBlocking {
        assert_eq!(client.receive(&mut buffer).code(), StatusCode::NotReady);
        assert_eq!(client.receive(&mut buffer).code(), StatusCode::NotReady);
        return;
    }
    let (waiting, is_waiting) = std::sync::mpsc::channel();
    let reader = in_thread(move || {
        waiting.send(()).unwrap();
        client.receive(&mut buffer).done()
    });
    is_waiting.recv().unwrap();
    std::thread::sleep(SHORT);
    server.send(b"late").into_result().unwrap();
    assert_eq!(reader.join(), Some(4));
}

/// With a limit set: NotReady.
fn receive_nothing_within_a_limit<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.set_timeout(Some(SHORT)).unwrap();
    let begin = Instant::now();
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
    assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    server.send(b"x").into_result().unwrap();
    assert_eq!(client.receive(&mut [0]).done(), Some(1));
    client.set_timeout(Some(std::time::Duration::ZERO)).unwrap();
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
}

/// Queued bytes first, then Disconnected, every time.
fn receive_after_the_peer_closed<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    server.send(b"last words").into_result().unwrap();
    drop(server);
    assert_eq!(drain(&mut client, 10), b"last words");
    for _ in 0..3 {
        assert_eq!(receive_soon(&mut client, &mut [0; 4]).code(), StatusCode::Disconnected);
    }
}

fn receive_after_the_peer_reset<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.send(b"never read").into_result().unwrap();
    server.send(b"last words").into_result().unwrap();
    reset(server);
    assert_eq!(drain(&mut client, 10), b"last words");
    for _ in 0..3 {
        assert_eq!(receive_soon(&mut client, &mut [0; 4]).code(), StatusCode::Disconnected);
    }
}

fn send_after_the_peer_closed<F: Family>(mode: Mode) {
    let (mut client, server) = connected::<F>(mode);
    drop(server);
    sends_until_disconnected(&mut client);
}

fn send_after_the_peer_reset<F: Family>(mode: Mode) {
    let (mut client, server) = connected::<F>(mode);
    reset(server);
    sends_until_disconnected(&mut client);
}

/// The system takes what is sent until the peer's answer is here.
fn sends_until_disconnected<S: Stream>(socket: &mut S) {
    let end = Instant::now() + LONG;
    loop {
        match socket.send(b"anybody there?").code() {
            StatusCode::Disconnected => break,
            StatusCode::Done | StatusCode::NotReady if Instant::now() < end => std::thread::yield_now(),
            other => panic!("{other}"),
        }
    }
    assert_eq!(socket.send(b"x").code(), StatusCode::Disconnected);
    assert_eq!(socket.send_packet(&crate::support::packet_of(1, 0)).code(), StatusCode::Disconnected);
}

/// Never SIGPIPE, even where the program has not turned it off.
#[cfg(unix)]
#[test]
fn send_into_nothing_raises_no_signal() {
    child::in_child("transfer::send_into_nothing_raises_no_signal", || {
        crate::support::signals::let_sigpipe_kill();
        for mode in [Mode::Blocking, Mode::NonBlocking] {
            send_after_the_peer_closed::<crate::support::V4>(mode);
            send_after_the_peer_closed::<crate::support::Local>(mode);
            send_after_the_peer_reset::<crate::support::V4>(mode);
        }
    });
}

/// Any I/O is Disconnected.
fn never_connected<F: Family>(mode: Mode) {
    let mut socket = <F::Stream as Stream>::new();
    socket.set_blocking(mode == Mode::Blocking).unwrap();
    every_operation_is_disconnected(&mut socket);
}

fn after_own_disconnect<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    server.send(b"unread").into_result().unwrap();
    client.disconnect();
    client.disconnect();
    every_operation_is_disconnected(&mut client);
    assert_eq!(client.is_blocking(), mode == Mode::Blocking);
}

fn every_operation_is_disconnected<S: Stream>(socket: &mut S) {
    let packet = crate::support::packet_of(1, 0);
    assert_eq!(socket.send(b"x").code(), StatusCode::Disconnected);
    assert_eq!(socket.receive(&mut [0]).code(), StatusCode::Disconnected);
    assert_eq!(socket.send_packet(&packet).code(), StatusCode::Disconnected);
    assert_eq!(socket.queue_packet(&packet).code(), StatusCode::Disconnected);
    assert_eq!(socket.receive_packet(&mut packet.clone()).code(), StatusCode::Disconnected);
    assert_eq!(socket.flush().code(), StatusCode::Disconnected);
    assert_eq!(socket.shutdown_send().code(), StatusCode::Disconnected);
    assert_eq!(socket.finish_connect().code(), StatusCode::Disconnected);
    assert_eq!(socket.pending_bytes(), 0);
    assert!(!socket.is_connected());
    assert!(socket.native_handle().is_none());
}

/// The peer receives what was sent and then the end, and may go on sending.
fn one_direction_ended<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.send(b"request").into_result().unwrap();
    client.shutdown_send().into_result().unwrap();
    assert_eq!(drain(&mut server, 7), b"request");
    assert_eq!(server.receive(&mut [0]).code(), StatusCode::Disconnected);
    server.send(b"answer").into_result().unwrap();
    assert_eq!(drain(&mut client, 6), b"answer");
    assert_eq!(client.send(b"x").code(), StatusCode::Disconnected);
}

/// `std::io` tells an orderly end from a reset, and "not now" from both.
#[test]
fn as_a_reader_and_a_writer() {
    let (mut client, mut server) = connected::<crate::support::V4>(Mode::NonBlocking);
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
    server.write_all(b"text").unwrap();
    Write::flush(&mut server).unwrap();
    drop(server);
    client.set_blocking(true).unwrap();
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");

    let (mut client, server) = connected::<crate::support::V4>(Mode::Blocking);
    reset(server);
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    client.disconnect();
    assert_eq!(client.read(&mut [0]).unwrap_err().kind(), ErrorKind::NotConnected);
    assert_eq!(client.write(b"x").unwrap_err().kind(), ErrorKind::NotConnected);
}
