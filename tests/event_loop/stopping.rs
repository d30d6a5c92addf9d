//! Shutting a loop down.

use std::time::{Duration, Instant};

use sockeye::{CloseReason, Framing, LoopEvent};

use super::rig::{Rig, read, rest_of, until, write};
use crate::support::LONG;

fn events_until_the_end(rig: &mut Rig) -> Vec<LoopEvent> {
    let end = Instant::now() + LONG;
    let mut events = Vec::new();
    while !rig.event_loop.is_shut_down() {
        assert!(Instant::now() < end, "it does not end: {events:?}");
        events.extend(rig.event_loop.poll(Some(Duration::from_millis(20))).unwrap());
    }
    events
}

#[test]
fn a_shutdown_sends_what_is_queued_and_accepts_nobody() {
    const SIZE: usize = 20_000_000;
    let mut rig = Rig::new(Framing::Packet);
    let (mut slow, slow_id) = rig.opened_peer();
    let (mut idle, idle_id) = rig.opened_peer();
    rig.event_loop.send(slow_id, &vec![7; 16_000_000]).into_result().unwrap();
    rig.event_loop.send(slow_id, &vec![7; 4_000_000 - 8]).error();
    let queued = rig.event_loop.counters().queued_bytes;
    assert!(queued > 1_000_000, "{queued}");
    // A message in flight, over which a careless close would reset the connection.
    write(&mut idle, b"\0\0\0\x05hello");
    rig.event_loop.shutdown(LONG);
    let port = rig.port;
    let mut closed = Vec::new();
    let mut note = |event| {
        if let LoopEvent::Closed { id, reason, .. } = event {
            assert!(matches!(reason, CloseReason::Shutdown), "{reason}");
            closed.push(id);
        }
        closed.len()
    };
    // The one does not wait for the other, which takes nothing yet.
    until(&mut rig.event_loop, |_, event| (note(event) == 1).then_some(()));
    let reader = std::thread::spawn(move || rest_of(&mut slow).len());
    for event in events_until_the_end(&mut rig) {
        note(event);
    }
    let received = reader.join().unwrap();
    assert!((16_000_004..=SIZE).contains(&received), "{received}");
    assert_eq!(closed, [idle_id, slow_id]);
    let mut end = [0];
    assert_eq!(std::io::Read::read(&mut idle, &mut end).unwrap(), 0, "an end, and no reset");
    let error = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn a_shutdown_has_its_deadline() {
    let mut rig = Rig::new(Framing::Packet);
    let (mut stuck, id) = rig.opened_peer();
    rig.event_loop.send(id, &vec![7; 16_000_000]).into_result().unwrap();
    let begin = Instant::now();
    rig.event_loop.shutdown(Duration::from_millis(150));
    let events = events_until_the_end(&mut rig);
    assert!(begin.elapsed() >= Duration::from_millis(150) && begin.elapsed() < Duration::from_secs(5));
    assert!(
        matches!(&events[..], [LoopEvent::HighWater { .. }, LoopEvent::Closed { reason: CloseReason::Shutdown, .. }]),
        "{events:?}"
    );
    assert!(rest_of(&mut stuck).len() < 16_000_000);
}

/// Who has given the peers long may give them less; the other way round it stays.
#[test]
fn a_shutdown_can_be_hurried() {
    let long = Duration::from_secs(600);
    let short = Duration::from_millis(150);
    for (first, second, is_draining) in
        [(long, short, false), (long, short, true), (short, long, false), (short, long, true)]
    {
        let mut rig = Rig::new(Framing::Packet);
        let (_stuck, id) = rig.opened_peer();
        rig.event_loop.send(id, &vec![7; 16_000_000]).into_result().unwrap();
        let begin = Instant::now();
        rig.event_loop.shutdown(first);
        if is_draining {
            assert!(matches!(rig.event_loop.poll(Some(Duration::ZERO)).unwrap(), Some(LoopEvent::HighWater { .. })));
        }
        rig.event_loop.shutdown(second);
        let events = events_until_the_end(&mut rig);
        assert!(begin.elapsed() >= short, "{:?}", begin.elapsed());
        let [.., LoopEvent::Closed { reason: CloseReason::Shutdown, .. }] = &events[..] else { panic!("{events:?}") };
    }
}

#[test]
fn an_abort_drops_what_is_queued_and_a_close_does_not() {
    let mut rig = Rig::new(Framing::Packet);
    let (mut aborted, first) = rig.opened_peer();
    let (mut closed, second) = rig.opened_peer();
    for id in [first, second] {
        rig.event_loop.send(id, &vec![1; 10_000_000]).into_result().unwrap();
    }
    assert!(rig.event_loop.abort(first) && rig.event_loop.close(second));
    assert!(!rig.event_loop.abort(first) && rig.event_loop.close(second), "the one is gone, the other going");
    assert!(rig.event_loop.send(second, b"x").is_disconnected());
    let reader = std::thread::spawn(move || read(&mut closed, 10_000_004).len());
    let mut gone = Vec::new();
    rig.until(|_, event| {
        if let LoopEvent::Closed { id, reason, .. } = event {
            assert!(matches!(reason, CloseReason::Local), "{reason}");
            gone.push(id);
        }
        (gone.len() == 2).then_some(())
    });
    assert_eq!(gone, [first, second]);
    reader.join().unwrap();
    assert!(rest_of(&mut aborted).len() < 10_000_000);
}
