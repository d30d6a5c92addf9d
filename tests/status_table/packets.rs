//! send_packet, queue_packet, flush, receive_packet.

use std::time::Instant;

use sockeye::{ErrorKind, Packet, StatusCode};

use crate::support::{
    Family, LONG, Mode, SHORT, Stream, connected, drain, drain_from, eventually, fill, in_thread, packet_of,
    receive_soon, reset,
};

crate::rows! {
    send_with_room_for_all: both;
    send_with_room_for_some: both;
    send_without_room_within_a_limit: blocking;
    sends_behind_the_outbox_keep_their_order: both;
    outbox_over_its_cap: both;
    an_empty_outbox_takes_any_packet: non_blocking;
    queued_packets_leave_together: both;
    send_over_the_packet_limit: both;
    receive_part_of_a_frame: both;
    receive_byte_by_byte: both;
    receive_many_out_of_one_read: both;
    receive_after_the_peer_closed_inside_a_frame: both;
    receive_after_the_peer_reset_inside_a_frame: both;
    receive_after_the_peer_closed_between_frames: both;
    receive_over_the_packet_limit: both;
    receive_at_the_packet_limit: both;
    receive_large_packets: both;
    receive_bytes_behind_a_packet: both;
    disconnect_drops_half_a_frame: both not tls;
}

/// The frame that SFML would send.
fn frame(body: &[u8]) -> Vec<u8> {
    let mut frame = (body.len() as u32).to_be_bytes().to_vec();
    frame.extend_from_slice(body);
    frame
}

fn receive<S: Stream>(socket: &mut S) -> Vec<u8> {
    let mut packet = Packet::new();
    eventually(|| socket.receive_packet(&mut packet)).into_result().unwrap();
    packet.data().to_vec()
}

fn send_with_room_for_all<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    assert_eq!(client.send_packet(&packet_of(3, b'a')).code(), StatusCode::Done);
    assert_eq!(client.send_packet(&Packet::new()).code(), StatusCode::Done);
    assert_eq!(client.pending_bytes(), 0);
    assert_eq!(drain(&mut server, 11), b"\0\0\0\x03aaa\0\0\0\0");
}

/// Blocking is Done when all went; non-blocking is Done with the rest in the outbox, and flush moves it.
fn send_with_room_for_some<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    let body: Vec<u8> = (0..12 * 1024 * 1024_u32).map(|number| (number % 253) as u8).collect();
    let packet = Packet::from(body.clone());
    if mode == Mode::Blocking {
        let reader = in_thread(move || receive(&mut server));
        assert_eq!(client.send_packet(&packet).code(), StatusCode::Done);
        assert_eq!(client.pending_bytes(), 0);
        assert!(reader.join() == body);
        return;
    }
    assert_eq!(client.send_packet(&packet).code(), StatusCode::Done);
    let pending = client.pending_bytes();
    assert!((1..body.len() + 4).contains(&pending), "{pending} bytes");
    assert_eq!(client.flush().code(), StatusCode::NotReady);
    let reader = in_thread(move || receive(&mut server));
    assert_eq!(eventually(|| client.flush()).code(), StatusCode::Done);
    assert_eq!(client.pending_bytes(), 0);
    assert!(reader.join() == body);
}

/// With a limit set: NotReady when nothing of the packet went; when a part went, the socket has taken charge of it.
fn send_without_room_within_a_limit<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.set_timeout(Some(SHORT)).unwrap();
    let large = packet_of(15 * 1024 * 1024, 1);
    let begin = Instant::now();
    assert_eq!(client.send_packet(&large).code(), StatusCode::Done);
    assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    assert!(client.pending_bytes() > 0);
    // TCP goes on finding room for a while.
    while !eventually_full(&mut client) {}
    let before = client.pending_bytes();
    assert!(before > 0);
    let begin = Instant::now();
    assert_eq!(client.send_packet(&packet_of(1, 2)).code(), StatusCode::NotReady);
    assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
    assert_eq!(client.pending_bytes(), before, "nothing may be taken");
    assert_eq!(client.send(b"x").code(), StatusCode::NotReady);
    let reader = in_thread(move || (receive(&mut server).len(), receive(&mut server)));
    client.set_timeout(None).unwrap();
    assert_eq!(client.send_packet(&packet_of(1, 3)).code(), StatusCode::Done);
    assert_eq!(reader.join(), (large.len(), vec![3]));
}

/// Flushes, and tells whether no byte moved for some time.
fn eventually_full<S: Stream>(socket: &mut S) -> bool {
    let before = socket.pending_bytes();
    for _ in 0..8 {
        assert_eq!(socket.flush().code(), StatusCode::NotReady, "all of it fitted");
    }
    socket.pending_bytes() == before
}

fn sends_behind_the_outbox_keep_their_order<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(Mode::NonBlocking);
    let filled = fill(&mut client);
    let encrypted = client.pending_bytes();
    assert_eq!(client.send_packet(&packet_of(2, b'1')).code(), StatusCode::Done);
    assert_eq!(client.queue_packet(&packet_of(2, b'2')).code(), StatusCode::Done);
    assert_eq!(client.pending_bytes() - encrypted, 12);
    assert_eq!(client.send(b"raw").code(), StatusCode::NotReady, "raw bytes must not overtake packets");
    client.set_blocking(mode == Mode::Blocking).unwrap();
    let reader = in_thread(move || {
        drain(&mut server, filled);
        drain(&mut server, 21)
    });
    assert_eq!(eventually(|| client.send(b"raw")).done(), Some(3));
    assert_eq!(eventually(|| client.send_packet(&packet_of(2, b'3'))).code(), StatusCode::Done);
    assert_eq!(eventually(|| client.flush()).code(), StatusCode::Done);
    assert_eq!(reader.join(), b"\0\0\0\x0211\0\0\0\x0222raw\0\0\0\x0233");
}

/// Blocking waits; non-blocking is NotReady and nothing is taken.
fn outbox_over_its_cap<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(Mode::NonBlocking);
    client.set_outbox_limit(1000);
    let filled = fill(&mut client);
    let encrypted = client.pending_bytes();
    assert_eq!(client.send_packet(&packet_of(900, 1)).code(), StatusCode::Done);
    assert_eq!(client.send_packet(&packet_of(92, 2)).code(), StatusCode::Done, "1000 bytes are allowed");
    assert_eq!(client.pending_bytes() - encrypted, 1000);
    assert_eq!(client.send_packet(&Packet::new()).code(), StatusCode::NotReady);
    assert_eq!(client.queue_packet(&Packet::new()).code(), StatusCode::NotReady);
    assert_eq!(client.pending_bytes() - encrypted, 1000);
    client.set_blocking(mode == Mode::Blocking).unwrap();
    let reader = in_thread(move || {
        drain(&mut server, filled);
        [receive(&mut server).len(), receive(&mut server).len(), receive(&mut server).len()]
    });
    assert_eq!(eventually(|| client.send_packet(&packet_of(3, 3))).code(), StatusCode::Done);
    assert_eq!(eventually(|| client.flush()).code(), StatusCode::Done);
    assert_eq!(reader.join(), [900, 92, 3]);
}

/// Else a packet larger than the outbox could never be sent.
fn an_empty_outbox_takes_any_packet<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.set_outbox_limit(0);
    let filled = fill(&mut client);
    assert_eq!(client.send_packet(&packet_of(5000, 1)).code(), StatusCode::Done);
    assert_eq!(client.send_packet(&packet_of(1, 2)).code(), StatusCode::NotReady);
    drain_from(&mut client, &mut server, filled);
    assert_eq!(eventually(|| client.send_packet(&packet_of(1, 2))).code(), StatusCode::Done);
    assert_eq!(receive(&mut server), vec![1; 5000]);
    assert_eq!(receive(&mut server), vec![2]);
}

fn queued_packets_leave_together<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    let mut expected = Vec::new();
    for number in 0..100_u8 {
        let body = vec![number; usize::from(number)];
        client.queue_packet(&Packet::from(body.clone())).into_result().unwrap();
        expected.extend(frame(&body));
    }
    assert_eq!(client.pending_bytes(), expected.len());
    server.set_blocking(false).unwrap();
    assert_eq!(server.receive(&mut [0]).code(), StatusCode::NotReady, "queueing must not send");
    assert_eq!(client.flush().code(), StatusCode::Done);
    assert_eq!(client.flush().code(), StatusCode::Done);
    assert_eq!(drain(&mut server, expected.len()), expected);
}

/// Error(TooLong), nothing sent.
fn send_over_the_packet_limit<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.set_packet_limit(10);
    let error = client.send_packet(&packet_of(11, 0)).error().unwrap();
    assert_eq!(error.to_string(), "a packet of 11 bytes is longer than the limit of 10");
    assert_eq!(client.queue_packet(&packet_of(11, 0)).error().unwrap().kind(), ErrorKind::TooLong);
    assert_eq!(client.send_packet(&packet_of(10, 1)).code(), StatusCode::Done);
    assert_eq!(drain(&mut server, 14), frame(&[1; 10]));
}

/// Blocking waits; non-blocking is NotReady and keeps the part.
fn receive_part_of_a_frame<F: Family>(mode: Mode) {
    let whole = frame(b"sockeye");
    for split in 0..=whole.len() {
        let (mut client, mut server) = connected::<F>(mode);
        let (first, rest) = whole.split_at(split);
        server.send(first).into_result().unwrap();
        let mut packet = packet_of(3, b'o');
        if mode == Mode::NonBlocking {
            if split > 0 {
                crate::support::await_ready(&client, sockeye::Interest::Read);
            }
            if split < whole.len() {
                assert_eq!(client.receive_packet(&mut packet).code(), StatusCode::NotReady, "split at {split}");
                assert_eq!(packet.data(), b"ooo", "the caller's packet must stay as it is");
            }
            server.send(rest).into_result().unwrap();
            assert_eq!(eventually(|| client.receive_packet(&mut packet)).code(), StatusCode::Done);
        } else {
            let rest = rest.to_vec();
            let sender = in_thread(move || server.send(&rest).done());
            assert_eq!(client.receive_packet(&mut packet).code(), StatusCode::Done);
            sender.join();
        }
        assert_eq!(packet.data(), b"sockeye", "split at {split}");
        assert_eq!(packet.read_position(), 0);
    }
}

fn receive_byte_by_byte<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    let sender = in_thread(move || {
        for byte in [frame(b"one"), frame(b""), frame(b"three")].concat() {
            server.send(&[byte]).into_result().unwrap();
        }
    });
    assert_eq!(receive(&mut client), b"one");
    assert_eq!(receive(&mut client), b"");
    assert_eq!(receive(&mut client), b"three");
    sender.join();
    assert_eq!(eventually(|| client.receive_packet(&mut Packet::new())).code(), StatusCode::Disconnected);
}

fn receive_many_out_of_one_read<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    let frames: Vec<u8> = (0..5000_u16).flat_map(|number| frame(&number.to_be_bytes())).collect();
    let sender = in_thread(move || {
        server.send(&frames).into_result().unwrap();
        server
    });
    let mut packet = Packet::new();
    for number in 0..5000 {
        eventually(|| client.receive_packet(&mut packet)).into_result().unwrap();
        assert_eq!(packet.read_u16().unwrap(), number);
    }
    let mut server = sender.join();
    server.send(&frame(b"after")).into_result().unwrap();
    assert_eq!(receive(&mut client), b"after");
}

/// Error(Truncated), then Disconnected.
fn receive_after_the_peer_closed_inside_a_frame<F: Family>(mode: Mode) {
    let whole = frame(b"sockeye");
    for split in 1..whole.len() {
        let (mut client, mut server) = connected::<F>(mode);
        server.send(&frame(b"whole")).into_result().unwrap();
        server.send(&whole[..split]).into_result().unwrap();
        drop(server);
        assert_eq!(receive(&mut client), b"whole");
        let mut packet = packet_of(3, b'o');
        let error = eventually(|| client.receive_packet(&mut packet)).error().unwrap();
        let expected = if split < 4 { 4 } else { 11 };
        let text = format!("the peer closed the connection after {split} of {expected} bytes");
        assert_eq!(error.to_string(), text);
        assert_eq!(error.kind(), ErrorKind::Truncated);
        assert_eq!(packet.data(), b"ooo");
        for _ in 0..3 {
            assert_eq!(client.receive_packet(&mut packet).code(), StatusCode::Disconnected);
        }
    }
}

fn receive_after_the_peer_reset_inside_a_frame<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.send(b"never read").into_result().unwrap();
    server.send(&frame(b"sockeye")[..6]).into_result().unwrap();
    reset(server);
    let error = eventually(|| client.receive_packet(&mut Packet::new())).error().unwrap();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
    assert_eq!(client.receive_packet(&mut Packet::new()).code(), StatusCode::Disconnected);
}

fn receive_after_the_peer_closed_between_frames<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    server.send(&[frame(b"one"), frame(b"two")].concat()).into_result().unwrap();
    drop(server);
    assert_eq!(receive(&mut client), b"one");
    assert_eq!(receive(&mut client), b"two");
    for _ in 0..3 {
        assert_eq!(eventually(|| client.receive_packet(&mut Packet::new())).code(), StatusCode::Disconnected);
    }
}

/// Error(TooLong), socket closed, and no memory spent on the announcement.
fn receive_over_the_packet_limit<F: Family>(mode: Mode) {
    for (announced, limit) in [(u32::MAX, 16 * 1024 * 1024), (11, 10), (1, 0)] {
        let (mut client, mut server) = connected::<F>(mode);
        client.set_packet_limit(limit);
        server.send(&frame(b"")).into_result().unwrap();
        server.send(&announced.to_be_bytes()).into_result().unwrap();
        assert_eq!(receive(&mut client), b"", "what came before is still good");
        let error = eventually(|| client.receive_packet(&mut Packet::new())).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::TooLong);
        assert_eq!(error.to_string(), format!("a packet of {announced} bytes is longer than the limit of {limit}"));
        assert!(!client.is_connected());
        assert_eq!(client.receive_packet(&mut Packet::new()).code(), StatusCode::Disconnected);
        assert_eq!(server.receive(&mut [0]).code(), StatusCode::Disconnected, "the peer must be told");
    }
}

fn receive_at_the_packet_limit<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.set_packet_limit(10);
    server.send(&frame(&[1; 10])).into_result().unwrap();
    assert_eq!(receive(&mut client), [1; 10]);
}

/// Larger than a read and larger than what one non-blocking call reads at most.
fn receive_large_packets<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    for length in [64 * 1024 - 4, 64 * 1024, 64 * 1024 + 1, 1024 * 1024, 16 * 1024 * 1024_u32] {
        let body: Vec<u8> = (0..length).map(|number| (number % 241) as u8).collect();
        let frames = [frame(b"before"), frame(&body), frame(b"after")].concat();
        let sender = in_thread(move || {
            server.send(&frames).into_result().unwrap();
            server
        });
        assert_eq!(receive(&mut client), b"before");
        assert!(receive(&mut client) == body, "{length} bytes");
        assert_eq!(receive(&mut client), b"after");
        server = sender.join();
    }
}

/// Bytes that came with a packet are not lost for a raw receive, nor are those of half a packet.
fn receive_bytes_behind_a_packet<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    server.send(&[&frame(b"packet")[..], b"raw bytes"].concat()).into_result().unwrap();
    assert_eq!(receive(&mut client), b"packet");
    assert_eq!(drain(&mut client, 9), b"raw bytes");

    // Half of a large frame, which sits in a buffer of its own.
    client.set_blocking(false).unwrap();
    let large = frame(&vec![9; 200_000]);
    server.send(&large[..100_000]).into_result().unwrap();
    crate::support::await_ready(&client, sockeye::Interest::Read);
    assert_eq!(client.receive_packet(&mut Packet::new()).code(), StatusCode::NotReady);
    server.send(&large[100_000..150_000]).into_result().unwrap();
    crate::support::await_ready(&client, sockeye::Interest::Read);
    assert_eq!(client.receive_packet(&mut Packet::new()).code(), StatusCode::NotReady);
    assert!(drain(&mut client, 150_000) == large[..150_000]);
}

fn disconnect_drops_half_a_frame<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    client.set_blocking(false).unwrap();
    server.send(&frame(b"old peer")[..9]).into_result().unwrap();
    crate::support::await_ready(&client, sockeye::Interest::Read);
    assert_eq!(client.receive_packet(&mut Packet::new()).code(), StatusCode::NotReady);
    client.queue_packet(&packet_of(1, 1)).into_result().unwrap();
    let (mut listener, address) = crate::support::listening::<F>();
    let _ = F::connect(&mut client, &address);
    assert_eq!(eventually(|| client.finish_connect()).code(), StatusCode::Done);
    assert_eq!(client.pending_bytes(), 0);
    let mut new_server = crate::support::Listen::accept(&mut listener).into_result().unwrap();
    new_server.send(&frame(b"new peer")).into_result().unwrap();
    assert_eq!(receive(&mut client), b"new peer");
    client.disconnect();
    assert_eq!(receive_soon(&mut new_server, &mut [0]).code(), StatusCode::Disconnected);
}
