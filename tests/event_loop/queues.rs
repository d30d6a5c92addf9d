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
fn a_peer_that_takes_everything_is_not_stalled_by_a_busy_program() {
    const LIMIT: Duration = Duration::from_millis(300);
    const SIZE: usize = 16_000_000;
    let mut options = ConnectionOptions::default();
    options.stall_limit = Some(LIMIT);
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

/// Whoever says that it reads no more is not waited for; what it has said before is heard.
#[cfg(unix)]
#[test]
fn a_local_peer_that_listens_no_more_is_let_go() {
    use std::{io::Write, net::Shutdown, os::unix::net::UnixStream};

    use sockeye::{CloseReason, Endpoint, ListenOptions, Reading};

    use super::rig::until;

    for (waits, reading) in
        [(true, Reading::Messages), (false, Reading::Messages), (true, Reading::Readiness), (false, Reading::Readiness)]
    {
        let path = crate::support::fresh_path();
        let mut event_loop = EventLoop::new().unwrap();
        let mut options = ListenOptions::default();
        options.connection.reading = reading;
        event_loop.listen(&Endpoint::Local(path.clone()), Framing::lines(), options).unwrap();
        let mut peer = UnixStream::connect(&path).unwrap();
        let id = until(&mut event_loop, |_, event| match event {
            LoopEvent::Opened { id, .. } => Some(id),
            other => panic!("{other:?}"),
        });
        peer.set_nonblocking(true).unwrap();
        if waits {
            fill(&mut event_loop, id);
            drain(&mut peer);
        }
        peer.write_all(b"these are\nmy last words\n").unwrap();
        peer.shutdown(Shutdown::Read).unwrap();
        if !waits {
            assert!(event_loop.send(id, b"anybody there?").is_disconnected());
        }
        let mut heard = Vec::new();
        // Long before the stall limit.
        let reason = until(&mut event_loop, |event_loop, event| match event {
            LoopEvent::Message { message, .. } => {
                heard.push(message);
                None
            }
            LoopEvent::Readable { .. } => {
                heard.extend(event_loop.receive(id).done());
                None
            }
            LoopEvent::Closed { reason, .. } => Some(reason),
            other => panic!("{other:?}"),
        });
        assert!(matches!(reason, CloseReason::Peer), "{reason}");
        assert_eq!(heard, [&b"these are"[..], b"my last words"]);
    }
}
