//! Peers of tinyproto, who answer each message: late, never, or with something else.

use std::{net::TcpStream, time::Duration};

use sockeye::{CloseReason, ConnectionId, ConnectionOptions, Error, Framing, LoopEvent, Reading};

use super::{
    queues::{assert_sleeps, drain, fill as fill_system},
    rig::{Rig, read, rest_of, write},
};

/// A peer of tinyproto that has greeted.
fn greeted(rig: &mut Rig) -> (TcpStream, ConnectionId) {
    let mut peer = rig.peer();
    write(&mut peer, b"\xff");
    let id = rig.opened();
    assert_eq!(read(&mut peer, 1), b"\xff");
    (peer, id)
}

/// Sends until the connection takes no more; tells how many it has taken.
fn fill(rig: &mut Rig, id: ConnectionId) -> usize {
    (0..10_000).take_while(|_| rig.event_loop.send(id, b"x").is_done()).count()
}

/// A send that looks for answers and finds that the peer has broken the framing ends the connection as a receive does.
#[test]
fn a_send_that_finds_the_end_tells_of_it() {
    for (said, framing_is_broken) in [(&b"\0\0\0\x02hi"[..], true), (b"\xfe", false)] {
        let mut rig = Rig::new(Framing::Tiny);
        let (mut peer, id) = greeted(&mut rig);
        for _ in 0..512 {
            rig.event_loop.send(id, b"x").into_result().unwrap();
        }
        write(&mut peer, said);
        // What the peer has said may take its time.
        let mut sent = 512;
        while rig.event_loop.send(id, b"x").is_done() {
            sent += 1;
            assert!(sent < 4096, "nothing is found");
            if sent % 512 == 0 {
                std::thread::sleep(Duration::from_millis(1));
            }
        }
        assert!(rig.event_loop.send(id, b"x").is_disconnected());
        let (closed, reason, _) = rig.closed();
        assert_eq!(closed, id);
        match reason {
            CloseReason::Failed(Error::Collision) => assert!(framing_is_broken),
            CloseReason::Failed(Error::PeerRefused { .. }) => assert!(!framing_is_broken),
            other => panic!("{other}"),
        }
        assert_eq!(rig.event_loop.counters().connections, 0);
    }
}

/// High water and low water are also those of the answers that are due.
#[test]
fn answers_that_are_due_have_their_marks() {
    let mut rig = Rig::new(Framing::Tiny);
    let (mut peer, id) = greeted(&mut rig);
    assert_eq!(fill(&mut rig, id), 4096);
    let marks = rig.during(Duration::from_millis(30));
    assert!(matches!(&marks[..], [LoopEvent::HighWater { id: high, .. }] if *high == id), "{marks:?}");
    for answers in [100, 4096 - 100] {
        read(&mut peer, answers * 5);
        write(&mut peer, &vec![0xff; answers]);
        rig.until(|event_loop, event| match event {
            LoopEvent::Drained { id: drained } => {
                assert!(drained == id && event_loop.send(id, b"x").is_done());
                Some(())
            }
            other => panic!("{other:?}"),
        });
        if answers == 100 {
            assert_eq!(fill(&mut rig, id), 99);
            let marks = rig.during(Duration::from_millis(30));
            assert!(matches!(&marks[..], [LoopEvent::HighWater { .. }]), "{marks:?}");
        }
    }
    assert!(rig.during(Duration::from_millis(30)).is_empty());
}

/// Other threads cannot be told to wait for answers: what they send waits, as much as the queue takes.
#[test]
fn messages_of_other_threads_wait_for_answers() {
    const COUNT: usize = 20_000;
    let mut rig = Rig::new(Framing::Tiny);
    let (mut peer, id) = greeted(&mut rig);
    let handle = rig.event_loop.handle();
    for number in 0..COUNT {
        handle.send(id, number.to_be_bytes()).into_result().unwrap();
    }
    let reader = std::thread::spawn(move || {
        for number in 0..COUNT {
            let message = read(&mut peer, 12);
            assert_eq!(message[4..], number.to_be_bytes());
            write(&mut peer, b"\xff");
        }
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        rest_of(&mut peer)
    });
    let reason = rig.until(|_, event| match event {
        LoopEvent::Closed { reason, .. } => Some(reason),
        LoopEvent::HighWater { .. } | LoopEvent::Drained { .. } => None,
        other => panic!("{other:?}"),
    });
    assert!(matches!(reason, CloseReason::Peer), "{reason}");
    assert_eq!(reader.join().unwrap(), b"");
    assert_eq!(rig.event_loop.counters().messages_sent, COUNT as u64);
}

/// A connection from which nobody receives takes answers when something is sent, by whichever thread.
#[test]
fn messages_of_other_threads_wait_for_answers_that_nobody_receives() {
    const BURST: usize = 5_000;
    let mut rig = Rig::new(Framing::Tiny);
    let (mut peer, id) = greeted(&mut rig);
    assert!(rig.event_loop.set_reading(id, Reading::Paused));
    let handle = rig.event_loop.handle();
    for _ in 0..BURST {
        handle.send(id, b"x").into_result().unwrap();
    }
    let reader = std::thread::spawn(move || {
        for _ in 0..BURST {
            read(&mut peer, 5);
            write(&mut peer, b"\xff");
        }
        // Its end would end the connection.
        peer
    });
    for _ in 0..1_000 {
        if reader.is_finished() {
            break;
        }
        handle.send(id, b"x").into_result().unwrap();
        rig.during(Duration::from_millis(10));
    }
    assert!(rig.event_loop.counters().messages_sent >= BURST as u64, "{:?}", rig.event_loop.counters());
    reader.join().unwrap();
}

/// An answer that a receive sends takes along what waits before it.
#[test]
fn a_receive_that_empties_the_queue_ends_the_stall() {
    let mut options = ConnectionOptions::default();
    options.reading = Reading::Readiness;
    options.stall_limit = Some(Duration::from_millis(300));
    let mut rig = Rig::with_connections(Framing::Tiny, options);
    let (mut peer, id) = greeted(&mut rig);
    let sent = fill_system(&mut rig.event_loop, id);
    peer.set_nonblocking(true).unwrap();
    drain(&mut peer);
    write(&mut peer, &[vec![0xff; sent], b"\0\0\0\x02".to_vec()].concat());
    assert!(rig.event_loop.receive(id).is_not_ready());
    assert_eq!(rig.event_loop.counters().queued_bytes, 0);
    let events = rig.during(Duration::from_millis(600));
    assert!(events.iter().all(|event| matches!(event, LoopEvent::Readable { .. })), "{events:?}");
    assert_sleeps(&mut rig.event_loop);
}

/// Whoever has sent a message waits for its answer, whichever way it was received.
#[test]
fn a_message_that_the_program_receives_is_acknowledged() {
    let mut options = ConnectionOptions::default();
    options.reading = Reading::Readiness;
    let mut rig = Rig::with_connections(Framing::Tiny, options);
    let (mut peer, _) = greeted(&mut rig);
    write(&mut peer, b"\0\0\0\x02hi");
    let message = rig.until(|event_loop, event| match event {
        LoopEvent::Readable { id } => event_loop.receive(id).done(),
        other => panic!("{other:?}"),
    });
    assert_eq!(message, b"hi");
    assert!(rig.during(Duration::from_millis(20)).is_empty());
    peer.set_nonblocking(true).unwrap();
    assert_eq!(drain(&mut peer), 1, "the answer");
}

/// What the peer has answered while the program was busy counts before the clock does.
#[test]
fn a_peer_that_answers_is_not_stalled_by_a_busy_program() {
    const LIMIT: Duration = Duration::from_millis(300);
    let mut options = ConnectionOptions::default();
    options.stall_limit = Some(LIMIT);
    let mut rig = Rig::with_connections(Framing::Tiny, options);
    let (mut peer, id) = greeted(&mut rig);
    assert_eq!(fill(&mut rig, id), 4096);
    write(&mut peer, &[0xff; 4096]);
    std::thread::sleep(LIMIT * 4 / 3);
    rig.until(|_, event| match event {
        LoopEvent::HighWater { .. } => None,
        LoopEvent::Drained { id: drained } => (drained == id).then_some(()),
        other => panic!("{other:?}"),
    });
}

/// A peer that reads everything and answers nothing is closed as one that reads nothing.
#[test]
fn a_peer_that_never_answers_is_stalled() {
    let mut options = ConnectionOptions::default();
    options.stall_limit = Some(Duration::from_millis(300));
    let mut rig = Rig::with_connections(Framing::Tiny, options);
    let (mut peer, id) = greeted(&mut rig);
    assert_eq!(fill(&mut rig, id), 4096);
    // An answer now and then is an answer.
    for _ in 0..4 {
        read(&mut peer, 5);
        write(&mut peer, b"\xff");
        let mut is_drained = false;
        for event in rig.during(Duration::from_millis(150)) {
            match event {
                LoopEvent::Drained { .. } => is_drained = true,
                LoopEvent::HighWater { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        assert!(is_drained);
        assert_eq!(fill(&mut rig, id), 1);
    }
    let reason = rig.until(|_, event| match event {
        LoopEvent::Closed { reason, .. } => Some(reason),
        LoopEvent::HighWater { .. } => None,
        other => panic!("{other:?}"),
    });
    assert!(matches!(reason, CloseReason::Stalled(_)), "{reason}");
}
