//! Rounds: how long they wait, how much they give, and who has a turn.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use sockeye::{ConnectOptions, Endpoint, EventLoop, EventLoopOptions, Framing, ListenOptions, LoopEvent, Reading};

use super::rig::{Rig, write};
use crate::{
    in_time::once_within,
    support::{LONG, SHORT, child, fresh_path},
};

#[test]
fn a_zero_limit_never_waits() {
    let mut rig = Rig::new(Framing::lines());
    let _peers: Vec<_> = (0..50).map(|_| rig.opened_peer()).collect();
    while rig.event_loop.poll(Some(Duration::ZERO)).unwrap().is_some() {}
    // A wait of a millisecond each would be a second.
    once_within(Duration::from_millis(500), || {
        for _ in 0..1000 {
            assert!(rig.event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
        }
    });
}

#[test]
fn a_limit_is_waited_out_and_an_event_ends_it() {
    let mut rig = Rig::new(Framing::lines());
    let begin = Instant::now();
    assert!(rig.event_loop.poll(Some(SHORT)).unwrap().is_none());
    assert!(begin.elapsed() >= SHORT && begin.elapsed() < LONG);
    let (mut peer, _) = rig.opened_peer();
    while rig.event_loop.poll(Some(Duration::ZERO)).unwrap().is_some() {}
    let writer = std::thread::spawn(move || {
        write(&mut peer, b"now\n");
        peer
    });
    assert!(matches!(rig.event_loop.poll(None).unwrap(), Some(LoopEvent::Message { .. })));
    let _peer = writer.join().unwrap();
    // A deadline inside the loop does not cut the program's limit short.
    let timer = rig.event_loop.set_timer(LONG);
    assert!(rig.event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
    assert!(rig.event_loop.cancel_timer(timer) && !rig.event_loop.cancel_timer(timer));
    let begin = Instant::now();
    assert!(rig.event_loop.poll(Some(SHORT)).unwrap().is_none());
    assert!(begin.elapsed() >= SHORT);
}

#[test]
fn a_round_ends_with_its_budget_and_loses_nothing() {
    for (messages, bytes, expected) in [(10, usize::MAX, 10), (usize::MAX, 25, 3), (0, 0, 0)] {
        let mut options = EventLoopOptions::default();
        options.round_messages = messages;
        options.round_bytes = bytes;
        let mut rig = Rig::with(Framing::lines(), options, ListenOptions::default());
        let mut peer = rig.peer();
        let lines: Vec<u8> = (0..100).flat_map(|number| format!("line 00{number:02}\n").into_bytes()).collect();
        write(&mut peer, &lines);
        let mut found = 0;
        let mut rounds = Vec::new();
        let end = Instant::now() + LONG;
        while found < 100 && Instant::now() < end && rounds.len() < 1000 {
            let mut count = 0;
            while let Some(event) = rig.event_loop.poll(Some(Duration::from_millis(1))).unwrap() {
                if let LoopEvent::Message { message, .. } = event {
                    assert_eq!(message, format!("line 00{found:02}").into_bytes());
                    count += 1;
                    found += 1;
                }
            }
            rounds.push(count);
        }
        assert_eq!(*rounds.iter().max().unwrap(), expected, "{messages} {bytes}");
        assert_eq!(found, if expected == 0 { 0 } else { 100 });
    }
}

/// Also where the program receives the messages itself: what is behind the budget is told of in the next rounds.
#[test]
fn a_round_tells_of_no_more_than_its_budget() {
    const PEERS: usize = 30;
    let mut options = EventLoopOptions::default();
    options.round_messages = 10;
    let mut listening = ListenOptions::default();
    listening.connection.reading = Reading::Readiness;
    let mut rig = Rig::with(Framing::lines(), options, listening);
    let mut peers: Vec<_> = (0..PEERS).map(|_| rig.opened_peer()).collect();
    assert!(rig.during(Duration::ZERO).is_empty());
    for (peer, _) in &mut peers {
        write(peer, b"x\n");
    }
    let mut heard = HashSet::new();
    let end = Instant::now() + LONG;
    while heard.len() < PEERS {
        assert!(Instant::now() < end);
        let mut count = 0;
        while let Some(event) = rig.event_loop.poll(Some(Duration::ZERO)).unwrap() {
            let LoopEvent::Readable { id } = event else { panic!("{event:?}") };
            heard.insert(id);
            count += 1;
        }
        assert!(count <= 10, "{count} in a round");
    }
}

/// A service of this machine that is down refuses within the call: who connects again at every end has the next one at
/// once. The round ends all the same, and the others have their turn.
#[test]
fn a_round_ends_though_events_make_events() {
    let mut options = EventLoopOptions::default();
    options.round_messages = 10;
    let mut rig = Rig::with(Framing::lines(), options, ListenOptions::default());
    let (mut peer, id) = rig.opened_peer();
    let nobody = Endpoint::Local(fresh_path());
    rig.event_loop.connect(&nobody, Framing::lines(), ConnectOptions::default()).unwrap();
    write(&mut peer, b"still here\n");
    let timer = rig.event_loop.set_timer(Duration::ZERO);
    let (mut is_heard, mut is_over) = (false, false);
    let end = Instant::now() + LONG;
    while !is_heard || !is_over {
        assert!(Instant::now() < end);
        let mut count = 0;
        while let Some(event) = rig.event_loop.poll(None).unwrap() {
            count += 1;
            assert!(count < 100, "the round has no end");
            match event {
                LoopEvent::Closed { .. } => {
                    rig.event_loop.connect(&nobody, Framing::lines(), ConnectOptions::default()).unwrap();
                }
                LoopEvent::Message { id: from, .. } => is_heard |= from == id,
                LoopEvent::Timer { id } => is_over |= id == timer,
                other => panic!("{other:?}"),
            }
        }
    }
}

/// One peer has sent a megabyte of lines, the others one line each: each of them has its turn before the first one has
/// had its second.
#[test]
fn connections_take_turns() {
    let mut options = EventLoopOptions::default();
    options.round_messages = usize::MAX;
    options.round_bytes = usize::MAX;
    let mut rig = Rig::with(Framing::lines(), options, ListenOptions::default());
    let (mut loud, loud_id) = rig.opened_peer();
    let mut quiet: Vec<_> = (0..20).map(|_| rig.opened_peer().0).collect();
    write(&mut loud, &b"x\n".repeat(50_000));
    for peer in &mut quiet {
        write(peer, b"y\n");
    }
    let mut before = 0;
    let mut heard = 0;
    rig.until(|_, event| {
        if let LoopEvent::Message { id, .. } = event {
            if id == loud_id {
                before += 1;
            } else {
                heard += 1;
            }
        }
        (heard == 20).then_some(())
    });
    // A turn is 256 small messages.
    assert!(before <= 256, "{before} lines of the loud one came before the quiet ones");
}

/// Thousands of idle connections cost a round nothing: it is as fast as with one.
#[test]
fn a_round_costs_what_is_ready() {
    fn round_trips(rig: &mut Rig, peer: &mut std::net::TcpStream, count: usize) -> Duration {
        let begin = Instant::now();
        for _ in 0..count {
            write(peer, b"x\n");
            rig.message();
        }
        begin.elapsed()
    }
    child::need_descriptors(2 * 2000 + 500);
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, _) = rig.opened_peer();
    // The best of some: other programs share the machine.
    let mut best = |rig: &mut Rig| (0..10).map(|_| round_trips(rig, &mut peer, 400)).min().unwrap();
    let alone = best(&mut rig);
    let _crowd: Vec<_> = (0..2000).map(|_| rig.opened_peer()).collect();
    let crowded = best(&mut rig);
    println!("400 rounds with 1 connection: {alone:?}, with 2,001: {crowded:?}");
    // O(n) would be a factor of hundreds.
    assert!(crowded < alone * 5 + Duration::from_millis(20), "{alone:?} alone, {crowded:?} with 2,000 others");
}

#[test]
fn timers_run_out_in_order_and_never_early() {
    let mut event_loop = EventLoop::new().unwrap();
    let begin = Instant::now();
    let late = event_loop.set_timer(Duration::from_millis(60));
    // Equal ones are fine: in python-network they end the loop.
    let equal: Vec<_> = (0..100).map(|_| event_loop.set_timer(Duration::from_millis(30))).collect();
    let never = event_loop.set_timer(Duration::MAX);
    let cancelled = event_loop.set_timer(Duration::from_millis(10));
    assert!(event_loop.cancel_timer(cancelled));
    let mut ran_out = Vec::new();
    super::rig::until(&mut event_loop, |_, event| {
        let LoopEvent::Timer { id } = event else { panic!("{event:?}") };
        let due = if id == late { 60 } else { 30 };
        assert!(begin.elapsed() >= Duration::from_millis(due), "early: {:?}", begin.elapsed());
        ran_out.push(id);
        (id == late).then_some(())
    });
    assert_eq!(ran_out, equal.into_iter().chain([late]).collect::<Vec<_>>());
    assert!(event_loop.cancel_timer(never));
}

#[test]
fn queued_messages_leave_with_the_next_poll() {
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, id) = rig.opened_peer();
    for number in 0..1000 {
        rig.event_loop.queue(id, format!("{number}").as_bytes()).into_result().unwrap();
    }
    assert!(rig.event_loop.counters().queued_bytes > 0);
    peer.set_nonblocking(true).unwrap();
    assert_eq!(std::io::Read::read(&mut peer, &mut [0; 9]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    peer.set_nonblocking(false).unwrap();
    assert!(rig.event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
    let expected: Vec<u8> = (0..1000).flat_map(|number| format!("{number}\n").into_bytes()).collect();
    assert_eq!(super::rig::read(&mut peer, expected.len()), expected);
    rig.event_loop.queue(id, b"at once").into_result().unwrap();
    rig.event_loop.flush_connection(id).into_result().unwrap();
    assert_eq!(super::rig::read(&mut peer, 8), b"at once\n");
}

#[test]
fn answers_to_a_burst_leave_together() {
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, id) = rig.opened_peer();
    write(&mut peer, b"a\nb\nc\n");
    let mut answers = 0;
    while answers < 3 {
        let (from, message) = rig.message();
        assert_eq!(from, id);
        // All but the last of what came in one read is answered before any of it leaves.
        if message != b"a" {
            assert!(rig.event_loop.counters().queued_bytes > 0, "an answer left on its own");
        }
        rig.event_loop.queue(id, &message).into_result().unwrap();
        answers += 1;
    }
    assert!(rig.event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
    assert_eq!(super::rig::read(&mut peer, 6), b"a\nb\nc\n");
    assert_eq!(rig.event_loop.counters().queued_bytes, 0);
}
