//! What waits for a peer, whichever operation sends it in the end.

use std::{
    io::{ErrorKind, Read},
    time::{Duration, Instant},
};

use sockeye::{ConnectionId, ConnectionOptions, EventLoop, Framing, LoopEvent};

use super::rig::{Rig, write};
use crate::support::{LONG, SHORT};

/// Sends lines until the system has no more room; tells how many.
pub(super) fn fill(event_loop: &mut EventLoop, id: ConnectionId) -> usize {
    let mut count = 0;
    while event_loop.counters().queued_bytes == 0 {
        event_loop.send(id, &[b'x'; 10_000]).into_result().unwrap();
        count += 1;
        assert!(count < 10_000, "the system has no end");
    }
    count
}

/// Reads what there is from a peer that does not block; tells how much.
pub(super) fn drain(peer: &mut impl Read) -> usize {
    let mut total = 0;
    let mut piece = [0; 65_536];
    loop {
        match peer.read(&mut piece) {
            Ok(0) => return total,
            Ok(count) => total += count,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
                return total;
            }
        }
    }
}

/// Fails when something other than the clock ends a wait.
pub(super) fn assert_sleeps(event_loop: &mut EventLoop) {
    let begin = Instant::now();
    assert!(event_loop.poll(Some(SHORT)).unwrap().is_none());
    assert!(begin.elapsed() >= SHORT, "it wakes up after {:?}", begin.elapsed());
}

#[test]
fn a_send_that_empties_the_queue_leaves_nothing_to_wake_up_for() {
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, id) = rig.opened_peer();
    assert!(rig.during(Duration::ZERO).is_empty());
    peer.set_nonblocking(true).unwrap();
    fill(&mut rig.event_loop, id);
    let end = Instant::now() + LONG;
    while rig.event_loop.counters().queued_bytes > 0 {
        assert!(Instant::now() < end);
        drain(&mut peer);
        rig.event_loop.send(id, b"x").into_result().unwrap();
    }
    assert!(rig.during(Duration::ZERO).is_empty());
    assert_sleeps(&mut rig.event_loop);
}

/// The greeting of the new framing takes everything along.
#[test]
fn a_framing_that_empties_the_queue_ends_the_stall() {
    let mut options = ConnectionOptions::default();
    options.stall_limit = Some(Duration::from_millis(300));
    let mut rig = Rig::with_connections(Framing::lines(), options);
    let (mut peer, id) = rig.opened_peer();
    assert!(rig.during(Duration::ZERO).is_empty());
    peer.set_nonblocking(true).unwrap();
    fill(&mut rig.event_loop, id);
    drain(&mut peer);
    assert!(rig.event_loop.set_framing(id, Framing::Tiny));
    assert_eq!(rig.event_loop.counters().queued_bytes, 0);
    assert!(rig.during(Duration::from_millis(600)).is_empty());
    assert_sleeps(&mut rig.event_loop);
}

/// The limit is for bytes that the peer does not take, and not for those that it has not been offered.
#[test]
fn a_queue_is_not_full_of_what_nobody_was_offered() {
    let mut options = ConnectionOptions::default();
    options.queue_limit = 4096;
    options.high_water = 1000;
    let mut rig = Rig::with_connections(Framing::lines(), options);
    let (mut peer, id) = rig.opened_peer();
    let lines: Vec<u8> = (0..100).flat_map(|number| format!("{number:0100}\n").into_bytes()).collect();
    write(&mut peer, &lines);
    for number in 0..100 {
        let (_, message) = rig.message();
        assert!(rig.event_loop.queue(id, &message).is_done(), "line {number}");
    }
    // Many at once, too.
    for number in 0..100 {
        assert!(rig.event_loop.queue(id, &[b'x'; 100]).is_done(), "line {number}");
    }
    assert!(rig.during(Duration::ZERO).is_empty(), "the peer takes everything");
    assert!(super::rig::read(&mut peer, lines.len()) == lines);
    super::rig::read(&mut peer, 100 * 101);
}

/// What the peer has taken while the program was busy counts before the clock does.
#[test]
fn a_peer_that_takes_everything_is_not_closed_by_a_busy_program() {
    const LIMIT: Duration = Duration::from_millis(300);
    const SIZE: usize = 16_000_000;
    for (stall, idle) in [(Some(LIMIT), None), (None, Some(LIMIT))] {
        let mut options = ConnectionOptions::default();
        options.stall_limit = stall;
        options.idle_limit = idle;
        options.queue_limit = usize::MAX;
        options.high_water = usize::MAX;
        let mut rig = Rig::with_connections(Framing::Packet, options);
        let (mut peer, id) = rig.opened_peer();
        assert!(rig.during(Duration::ZERO).is_empty());
        peer.set_nonblocking(true).unwrap();
        rig.event_loop.send(id, &vec![7; SIZE]).into_result().unwrap();
        let mut received = drain(&mut peer);
        assert!(received < SIZE);
        std::thread::sleep(LIMIT * 4 / 3);
        let end = Instant::now() + LONG;
        while received < SIZE + 4 {
            assert!(Instant::now() < end);
            let event = rig.event_loop.poll(Some(Duration::ZERO)).unwrap();
            assert!(event.is_none(), "{event:?}");
            received += drain(&mut peer);
        }
    }
}

/// A peer that hears nothing more is told nothing more, and what it says is heard as before.
#[cfg(unix)]
mod deaf {
    use std::{io::Write, net::Shutdown, os::unix::net::UnixStream};

    use sockeye::{CloseReason, Endpoint, Error, EventLoopOptions, ListenOptions, Reading};

    use super::{super::rig::until, *};

    /// A local peer that the loop has opened.
    fn opened(framing: Framing, reading: Reading, options: EventLoopOptions) -> (EventLoop, UnixStream, ConnectionId) {
        let path = crate::support::fresh_path();
        let mut event_loop = EventLoop::with_options(options).unwrap();
        let mut listening = ListenOptions::default();
        listening.connection.reading = reading;
        event_loop.listen(&Endpoint::Local(path.clone()), framing, listening).unwrap();
        let mut peer = UnixStream::connect(&path).unwrap();
        if framing == Framing::Tiny {
            peer.write_all(b"\xff").unwrap();
        }
        let id = until(&mut event_loop, |_, event| match event {
            LoopEvent::Opened { id, .. } => Some(id),
            other => panic!("{other:?}"),
        });
        assert!(event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
        (event_loop, peer, id)
    }

    /// The next message, and nothing else before it.
    fn message(event_loop: &mut EventLoop) -> Vec<u8> {
        until(event_loop, |event_loop, event| match event {
            LoopEvent::Message { message, .. } => Some(message),
            LoopEvent::Readable { id } => event_loop.receive(id).done(),
            other => panic!("{other:?}"),
        })
    }

    fn closed(event_loop: &mut EventLoop) -> (CloseReason, Vec<u8>) {
        until(event_loop, |event_loop, event| match event {
            LoopEvent::Readable { id } => {
                assert!(event_loop.receive(id).done().is_none());
                None
            }
            LoopEvent::Closed { reason, leftover, .. } => Some((reason, leftover)),
            other => panic!("{other:?}"),
        })
    }

    /// As programs do that have only to report: they shut the other direction at once.
    #[test]
    fn a_local_peer_that_only_talks_is_heard_to_the_end() {
        for (waits, reading) in [
            (true, Reading::Messages),
            (false, Reading::Messages),
            (true, Reading::Readiness),
            (false, Reading::Readiness),
        ] {
            let (mut event_loop, mut peer, id) = opened(Framing::lines(), reading, EventLoopOptions::default());
            peer.set_nonblocking(true).unwrap();
            if waits {
                fill(&mut event_loop, id);
                drain(&mut peer);
            }
            peer.write_all(b"these are\nmy first words\n").unwrap();
            peer.shutdown(Shutdown::Read).unwrap();
            if !waits {
                assert!(event_loop.send(id, b"anybody there?").is_disconnected());
            }
            assert_eq!(message(&mut event_loop), b"these are");
            assert_eq!(message(&mut event_loop), b"my first words");
            while event_loop.poll(Some(Duration::ZERO)).unwrap().is_some() {}
            assert_eq!(event_loop.counters().queued_bytes, 0);
            assert_eq!(event_loop.connection(id).unwrap().pending_bytes(), 0, "what nobody takes is dropped");
            for _ in 0..2 {
                assert!(event_loop.send(id, b"anybody there?").is_disconnected());
                assert!(event_loop.queue(id, b"anybody there?").is_disconnected());
                assert!(event_loop.flush_connection(id).is_disconnected());
            }
            event_loop.handle().send(id, b"or now?").into_result().unwrap();
            while event_loop.poll(Some(Duration::ZERO)).unwrap().is_some() {}
            if reading == Reading::Messages {
                assert_sleeps(&mut event_loop);
            }
            peer.write_all(b"and these\nthe la").unwrap();
            assert_eq!(message(&mut event_loop), b"and these");
            drop(peer);
            let (reason, leftover) = closed(&mut event_loop);
            assert!(matches!(reason, CloseReason::Failed(Error::CutShort { .. })), "{reason}");
            assert_eq!(leftover, b"the la");
        }
    }

    /// However long it takes to say it.
    #[test]
    fn a_long_message_of_a_peer_that_only_talks_is_whole() {
        const SIZE: usize = 3_000_000;
        let (mut event_loop, mut peer, id) = opened(Framing::Packet, Reading::Messages, EventLoopOptions::default());
        peer.shutdown(Shutdown::Read).unwrap();
        assert!(event_loop.send(id, b"anybody there?").is_disconnected());
        let writer = std::thread::spawn(move || {
            peer.write_all(&u32::try_from(SIZE).unwrap().to_be_bytes()).unwrap();
            peer.write_all(&vec![7; SIZE]).unwrap();
        });
        assert!(message(&mut event_loop) == vec![7; SIZE]);
        writer.join().unwrap();
        let (reason, leftover) = closed(&mut event_loop);
        assert!(matches!(reason, CloseReason::Peer) && leftover.is_empty(), "{reason}");
    }

    #[test]
    fn answers_for_a_peer_that_only_talks_are_not_kept() {
        let (mut event_loop, mut peer, id) = opened(Framing::Tiny, Reading::Messages, EventLoopOptions::default());
        peer.shutdown(Shutdown::Read).unwrap();
        assert!(event_loop.send(id, b"anybody there?").is_disconnected());
        for _ in 0..10 {
            peer.write_all(&b"\0\0\0\x01x".repeat(100)).unwrap();
            for _ in 0..100 {
                assert_eq!(message(&mut event_loop), b"x");
            }
            assert_eq!(event_loop.connection(id).unwrap().pending_bytes(), 0);
        }
    }

    /// A round ends also with one that has much to say, and the others have their turn.
    #[test]
    fn a_round_does_not_wait_for_a_peer_that_only_talks() {
        let mut options = EventLoopOptions::default();
        options.round_messages = 10;
        let (mut event_loop, mut peer, id) = opened(Framing::lines(), Reading::Readiness, options);
        peer.shutdown(Shutdown::Read).unwrap();
        peer.write_all(&b"x\n".repeat(1000)).unwrap();
        assert!(event_loop.send(id, b"anybody there?").is_disconnected());
        let (mut heard, end) = (0, Instant::now() + LONG);
        while heard < 1000 {
            assert!(Instant::now() < end);
            let mut count = 0;
            while let Some(event) = event_loop.poll(Some(Duration::ZERO)).unwrap() {
                assert!(matches!(event, LoopEvent::Readable { .. }), "{event:?}");
                heard += usize::from(event_loop.receive(id).is_done());
                count += 1;
            }
            assert!(count <= 10, "{count} in a round");
        }
    }

    /// Nobody would see its end in a pause: so that is its end.
    #[test]
    fn a_pause_lets_a_peer_go_that_listens_no_more() {
        for is_paused_first in [true, false] {
            let (mut event_loop, mut peer, id) =
                opened(Framing::lines(), Reading::Messages, EventLoopOptions::default());
            peer.write_all(b"one\ntwo\n").unwrap();
            assert_eq!(message(&mut event_loop), b"one");
            peer.shutdown(Shutdown::Read).unwrap();
            peer.write_all(b"three\n").unwrap();
            for is_pause in [is_paused_first, !is_paused_first] {
                if is_pause {
                    assert!(event_loop.set_reading(id, Reading::Paused));
                } else {
                    assert!(event_loop.send(id, b"anybody there?").is_disconnected());
                }
            }
            assert!(!event_loop.is_open(id));
            let (reason, leftover) = closed(&mut event_loop);
            assert!(matches!(reason, CloseReason::Peer), "{reason}");
            assert_eq!(leftover, b"two\nthree\n");
        }
    }

    /// Nobody is to believe that the peer has had it.
    #[test]
    fn what_was_dropped_is_not_drained() {
        let (mut event_loop, mut peer, id) = opened(Framing::lines(), Reading::Messages, EventLoopOptions::default());
        peer.set_nonblocking(true).unwrap();
        while event_loop.send(id, &[b'x'; 60_000]).is_done() {}
        until(&mut event_loop, |_, event| match event {
            LoopEvent::HighWater { id: high, .. } => (high == id).then_some(()),
            other => panic!("{other:?}"),
        });
        peer.shutdown(Shutdown::Read).unwrap();
        drain(&mut peer);
        peer.write_all(b"one\n").unwrap();
        assert_eq!(message(&mut event_loop), b"one");
        peer.write_all(b"two\n").unwrap();
        assert_eq!(message(&mut event_loop), b"two");
        assert_eq!(event_loop.counters().queued_bytes, 0);
        drop(peer);
        let (reason, _) = closed(&mut event_loop);
        assert!(matches!(reason, CloseReason::Peer), "{reason}");
    }

    #[test]
    fn a_peer_that_only_talks_does_not_hold_a_shutdown_up() {
        for is_known in [false, true] {
            let (mut event_loop, mut peer, id) =
                opened(Framing::lines(), Reading::Messages, EventLoopOptions::default());
            peer.set_nonblocking(true).unwrap();
            fill(&mut event_loop, id);
            peer.shutdown(Shutdown::Read).unwrap();
            peer.write_all(b"x").unwrap();
            if is_known {
                assert!(event_loop.send(id, b"anybody there?").is_disconnected());
            }
            event_loop.shutdown(LONG * 10);
            let (reason, _) = closed(&mut event_loop);
            assert!(matches!(reason, CloseReason::Shutdown), "{reason}");
            assert!(event_loop.is_shut_down());
        }
    }
}
