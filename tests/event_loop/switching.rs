//! Ways of reading, and changes between them without loss.

use std::{
    mem::MaybeUninit,
    net::TcpStream,
    time::{Duration, Instant},
};

use socket2::SockRef;
use sockeye::{
    CloseReason, ConnectionId, ConnectionOptions, EventLoop, Framing, LineOptions, LineText, LoopEvent, Reading,
};

use super::rig::{Rig, read, reset, write};
use crate::support::LONG;

/// The captured case of python-network: `unread` inside a line callback gives all that follows.
#[test]
fn unread_gives_what_follows_the_line() {
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, id) = rig.opened_peer();
    write(&mut peer, b"a\nswitch\nb\nc");
    assert_eq!(rig.message(), (id, b"a".to_vec()));
    assert_eq!(rig.message(), (id, b"switch".to_vec()));
    assert_eq!(rig.event_loop.unread(id), b"b\nc");
    write(&mut peer, b"d\n");
    assert_eq!(rig.message(), (id, b"d".to_vec()));
}

/// Lines, packets, raw bytes and lines again in one stream that arrives at once: each message has the framing that was
/// chosen after the one before it.
#[test]
fn a_framing_holds_from_the_next_byte_on() {
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, id) = rig.opened_peer();
    write(&mut peer, b"packets\n\0\0\0\x02hi\0\0\0\x05linesone\ntwo\nraw\nany bytes\n");
    assert_eq!(rig.message().1, b"packets");
    assert!(rig.event_loop.set_framing(id, Framing::Packet));
    assert_eq!(rig.message().1, b"hi");
    assert_eq!(rig.message().1, b"lines");
    assert!(rig.event_loop.set_framing(id, Framing::lines()));
    assert_eq!(rig.message().1, b"one");
    assert_eq!(rig.message().1, b"two");
    assert_eq!(rig.message().1, b"raw");
    assert!(rig.event_loop.set_framing(id, Framing::Raw));
    assert_eq!(rig.message().1, b"any bytes\n");
}

#[test]
fn readiness_is_told_until_it_is_used() {
    let mut options = ConnectionOptions::default();
    options.reading = Reading::Readiness;
    let mut rig = Rig::with_connections(Framing::lines(), options);
    let (mut peer, id) = rig.opened_peer();
    assert!(rig.during(Duration::from_millis(50)).is_empty());
    write(&mut peer, b"one\ntwo\nthree\n");
    for _ in 0..3 {
        rig.until(|_, event| match event {
            LoopEvent::Readable { id: ready } => (ready == id).then_some(()),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(rig.event_loop.receive(id).done().unwrap(), b"one");
    assert_eq!(rig.event_loop.receive(id).done().unwrap(), b"two");

    // What is left becomes messages, also without anything new.
    assert!(rig.event_loop.set_reading(id, Reading::Messages));
    let message = rig.until(|_, event| match event {
        LoopEvent::Message { message, .. } => Some(message),
        LoopEvent::Readable { .. } => None,
        other => panic!("{other:?}"),
    });
    assert_eq!(message, b"three");
    assert!(rig.event_loop.receive(id).is_not_ready());

    // And the other way round, to the end.
    assert!(rig.event_loop.set_reading(id, Reading::Readiness));
    write(&mut peer, b"four\nfi");
    drop(peer);
    let mut received = Vec::new();
    let (reason, leftover) = rig.until(|event_loop, event| match event {
        LoopEvent::Readable { id } => {
            received.extend(event_loop.receive(id).done());
            None
        }
        LoopEvent::Closed { reason, leftover, .. } => Some((reason, leftover)),
        other => panic!("{other:?}"),
    });
    assert_eq!(received, [b"four"]);
    assert!(matches!(reason, CloseReason::Failed(sockeye::Error::CutShort { .. })), "{reason}");
    assert_eq!(leftover, b"fi");
}

#[test]
fn a_pause_loses_nothing_and_holds_the_peer_up() {
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, id) = rig.opened_peer();
    write(&mut peer, b"first\nsecond\n");
    assert_eq!(rig.message().1, b"first");
    assert!(rig.event_loop.set_reading(id, Reading::Paused));
    write(&mut peer, b"third\n");
    assert!(rig.during(Duration::from_millis(50)).is_empty(), "neither what is there nor what comes");
    // It can be spoken to all the same.
    rig.event_loop.send(id, b"wait").into_result().unwrap();
    assert_eq!(read(&mut peer, 5), b"wait\n");
    drop(peer);
    assert!(rig.event_loop.set_reading(id, Reading::Messages));
    assert_eq!(rig.message().1, b"second");
    assert_eq!(rig.message().1, b"third");
    assert!(matches!(rig.closed().1, CloseReason::Peer));
    assert!(!rig.event_loop.set_reading(id, Reading::Messages), "it is gone");
    assert!(!rig.event_loop.set_framing(id, Framing::Raw));
}

/// Wire facts, attack 16: bytes that are no text, NUL, CR, U+2028.
#[test]
fn lines_of_strange_bytes() {
    const STRANGE: &[u8] = b"caf\xe9\0\r\n\xe2\x80\xa8\rx\n";
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, _) = rig.opened_peer();
    write(&mut peer, STRANGE);
    assert_eq!(rig.message().1, b"caf\xe9\0\r");
    assert_eq!(rig.message().1, b"\xe2\x80\xa8\rx");

    let mut options = LineOptions::default();
    options.text = LineText::Lossy;
    let mut rig = Rig::new(Framing::Lines(options));
    let (mut peer, _) = rig.opened_peer();
    write(&mut peer, STRANGE);
    assert_eq!(rig.message().1, "caf\u{fffd}\0\r".as_bytes());
    assert_eq!(rig.message().1, "\u{2028}\rx".as_bytes());

    options.text = LineText::Strict;
    let mut rig = Rig::new(Framing::Lines(options));
    let (mut peer, _) = rig.opened_peer();
    write(&mut peer, STRANGE);
    let (_, reason, leftover) = rig.closed();
    assert_eq!(reason.error().unwrap().kind(), sockeye::ErrorKind::Malformed);
    assert_eq!(leftover, STRANGE);
}

/// Nobody reads from a connection that is paused, so it is the send that finds out.
#[test]
fn a_peer_that_goes_during_a_pause_is_told_of_by_a_send() {
    let mut rig = Rig::new(Framing::lines());
    let (peer, id) = rig.opened_peer();
    assert!(rig.event_loop.set_reading(id, Reading::Paused));
    reset(peer);
    send_until_the_end(&mut rig, id);
    assert!(matches!(rig.closed().1, CloseReason::Peer));
}

/// And what the peer has said before is not lost, wherever it is.
#[test]
fn what_was_said_before_a_pause_found_the_end_is_left_over() {
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, id) = rig.opened_peer();
    let said = say_in_a_pause(&mut rig, &mut peer, id);
    drop(peer);
    send_until_the_end(&mut rig, id);
    let (_, reason, leftover) = rig.closed();
    assert!(matches!(reason, CloseReason::Peer), "{reason}");
    assert!(leftover == said, "{} bytes of {}", leftover.len(), said.len());
}

/// Nor is it when the program ends the connection, or the loop.
#[test]
fn what_was_said_in_a_pause_is_left_over_at_every_end() {
    for (end, is_shutdown) in [
        (EventLoop::close as fn(&mut EventLoop, ConnectionId) -> bool, false),
        (EventLoop::abort, false),
        (
            |event_loop, _| {
                event_loop.shutdown(LONG);
                true
            },
            true,
        ),
    ] {
        let mut rig = Rig::new(Framing::lines());
        let (mut peer, id) = rig.opened_peer();
        let said = say_in_a_pause(&mut rig, &mut peer, id);
        assert!(end(&mut rig.event_loop, id));
        let (_, reason, leftover) = rig.closed();
        assert_eq!(matches!(reason, CloseReason::Shutdown), is_shutdown, "{reason}");
        assert!(leftover == said, "{} bytes of {}", leftover.len(), said.len());
    }
}

/// A send may hear of the end before a receive does: what was said last is truncated all the same.
#[test]
fn half_a_message_is_truncated_whoever_finds_the_end() {
    for (framing, said) in [(Framing::lines(), &b"half a li"[..]), (Framing::Packet, b"\0\0\0\x0aabc")] {
        let mut rig = Rig::new(framing);
        let (mut peer, id) = rig.opened_peer();
        write(&mut peer, said);
        wait_for(&rig, id, said.len());
        drop(peer);
        send_until_the_end(&mut rig, id);
        let (_, reason, leftover) = rig.closed();
        assert!(matches!(reason, CloseReason::Failed(sockeye::Error::CutShort { .. })), "{reason}");
        assert_eq!(leftover, said);
    }
}

/// Pauses a connection and lets its peer say more than a connection takes at once, and less than any system keeps.
fn say_in_a_pause(rig: &mut Rig, peer: &mut TcpStream, id: ConnectionId) -> Vec<u8> {
    assert!(rig.event_loop.set_reading(id, Reading::Paused));
    let said = b"cod\nhake\n".repeat(4_500);
    write(peer, &said);
    wait_for(rig, id, said.len());
    said
}

/// Waits until the system has so many bytes for a connection.
fn wait_for(rig: &Rig, id: ConnectionId, count: usize) {
    let handle = rig.event_loop.connection(id).unwrap().native_handle().unwrap();
    let mut room = vec![MaybeUninit::uninit(); count];
    let end = Instant::now() + LONG;
    while SockRef::from(&handle).peek(&mut room).unwrap_or_default() < count {
        assert!(Instant::now() < end);
        std::thread::yield_now();
    }
}

fn send_until_the_end(rig: &mut Rig, id: ConnectionId) {
    let end = Instant::now() + LONG;
    while !rig.event_loop.send(id, b"anybody there?").is_disconnected() {
        assert!(Instant::now() < end);
    }
}
