//! Attacks 12 to 18 of the wire facts, each with a bound on time; those on memory are in `event_loop_memory.rs`.

use std::time::{Duration, Instant};

use sockeye::{
    CloseReason, ConnectionOptions, Endpoint, Error, ErrorKind, EventLoop, Framing, ListenOptions, LoopEvent,
};

use super::rig::{Rig, read, reset, rest_of, until, write};
use crate::{
    in_time::once_within,
    support::{LONG, child, fresh_path},
};

/// 12: a peer that takes a second for each byte of its greeting, or says nothing, has so long in all and holds nobody up.
#[test]
fn slow_greetings_have_one_deadline_for_all_of_it() {
    let mut options = ConnectionOptions::default();
    options.opening_limit = Some(Duration::from_secs(2));
    let mut rig = Rig::with_connections(Framing::Tiny, options);
    let begin = Instant::now();
    let mut silent = rig.peer();
    let mut wrong = rig.peer();
    write(&mut wrong, b"GET / HTTP/1.1\r\n");
    let mut good = rig.peer();
    write(&mut good, b"\xff");
    let id = rig.opened();
    // The one who says something wrong has perhaps gone, the silent one has not: nobody waits for the others.
    assert!(rig.event_loop.counters().refused <= 1);
    write(&mut good, b"\0\0\0\x02hi");
    assert_eq!(rig.message(), (id, b"hi".to_vec()));
    while rig.event_loop.counters().refused < 2 {
        assert!(begin.elapsed() < LONG);
        assert!(rig.event_loop.poll(super::rig::STEP).unwrap().is_none());
    }
    assert!(begin.elapsed() >= Duration::from_secs(2));
    assert_eq!(rest_of(&mut silent), b"\xff");
    assert!(rest_of(&mut wrong).len() <= 2);
    assert!(rig.event_loop.is_open(id));
}

/// 12 over TLS: a byte of a handshake now and then does not extend it.
#[cfg(feature = "tls")]
#[test]
fn slow_handshakes_have_one_deadline_for_all_of_it() {
    let mut listening = ListenOptions::default();
    listening.tls = Some(crate::support::tls::server().clone());
    listening.connection.opening_limit = Some(Duration::from_millis(250));
    let mut rig = Rig::with(Framing::lines(), sockeye::EventLoopOptions::default(), listening);
    let mut slow = rig.peer();
    let begin = Instant::now();
    // The head of a ClientHello, and never the rest.
    for byte in b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".iter().cycle() {
        let _ = std::io::Write::write(&mut slow, &[*byte]);
        assert!(rig.during(Duration::from_millis(20)).is_empty());
        if rig.event_loop.counters().refused == 1 {
            break;
        }
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
    assert!(begin.elapsed() >= Duration::from_millis(240), "{:?}", begin.elapsed());
}

/// 13: an end inside a message. Nothing of it is a message, and what was to go the other way goes.
#[test]
fn an_end_inside_a_message_is_truncation_and_answers_still_go() {
    for (framing, part) in [
        (Framing::Packet, &b"\0\0\0\x0aabc"[..]),
        (Framing::Packet, b"\0\0"),
        (Framing::Multiprocessing, b"\0\0\0\x0aabc"),
        (Framing::lines(), b"abc"),
    ] {
        let mut rig = Rig::new(framing);
        let (mut peer, id) = rig.opened_peer();
        // More than the system takes at once.
        rig.event_loop
            .send(id, &vec![b'z'; if framing == Framing::lines() { 60_000 } else { 9_000_000 }])
            .into_result()
            .unwrap();
        write(&mut peer, part);
        peer.shutdown(std::net::Shutdown::Write).unwrap();
        let reader = std::thread::spawn(move || rest_of(&mut peer).len());
        let (reason, leftover) = rig.until(|_, event| match event {
            LoopEvent::Closed { reason, leftover, .. } => Some((reason, leftover)),
            LoopEvent::Message { message, .. } => panic!("{message:?}"),
            _ => None,
        });
        assert!(matches!(reason, CloseReason::Failed(Error::CutShort { .. })), "{framing:?}: {reason}");
        assert_eq!(leftover, part);
        assert!(reader.join().unwrap() >= 60_000);
    }
}

/// 14: resets before and after the accept, and while the loop sends.
#[test]
fn resets_end_one_connection_each() {
    let mut rig = Rig::new(Framing::lines());
    let (mut good, good_id) = rig.opened_peer();
    for _ in 0..20 {
        reset(rig.peer());
    }
    let (early, _) = rig.until_opened();
    let (while_sending, id) = rig.until_opened();
    for _ in 0..50 {
        rig.event_loop.send(id, &[b'x'; 60_000]).into_result().unwrap();
    }
    reset(early);
    reset(while_sending);
    let mut closed = 0;
    rig.until(|event_loop, event| {
        match event {
            LoopEvent::Closed { reason, .. } => {
                assert!(matches!(reason, CloseReason::Peer), "{reason}");
                closed += 1;
            }
            LoopEvent::Opened { .. } | LoopEvent::HighWater { .. } => {}
            other => panic!("{other:?}"),
        }
        (event_loop.counters().connections == 1 && closed >= 2).then_some(())
    });
    write(&mut good, b"still here\n");
    let message = rig.until(|_, event| match event {
        LoopEvent::Message { id, message } => Some((id, message)),
        _ => None,
    });
    assert_eq!(message, (good_id, b"still here".to_vec()));
}

/// 15: a peer that never reads is closed when it has taken nothing for the limit, and not before.
#[test]
fn a_peer_that_never_reads_is_closed() {
    let mut options = ConnectionOptions::default();
    options.stall_limit = Some(Duration::from_millis(1500));
    let mut rig = Rig::with_connections(Framing::Packet, options);
    let (mut deaf, id) = rig.opened_peer();
    let begin = Instant::now();
    rig.event_loop.send(id, &vec![0; 16_000_000]).into_result().unwrap();
    assert!(rig.event_loop.send(id, b"more").is_not_ready(), "the queue is over its limit");
    let reason = rig.until(|_, event| match event {
        LoopEvent::Closed { reason, .. } => Some(reason),
        LoopEvent::HighWater { .. } => None,
        other => panic!("{other:?}"),
    });
    assert!(matches!(reason, CloseReason::Stalled(_)), "{reason}");
    let took = begin.elapsed();
    assert!((Duration::from_millis(1500)..LONG).contains(&took), "{took:?}");
    assert!(rest_of(&mut deaf).len() < 16_000_000);

    // One that reads slowly is none.
    let (mut slow, id) = rig.opened_peer();
    rig.event_loop.send(id, &vec![0; 16_000_000]).into_result().unwrap();
    let begin = Instant::now();
    let mut left = 16_000_004;
    while left > 0 {
        let piece = left.min(1_000_000);
        let events = rig.during(Duration::from_millis(120));
        assert!(!events.iter().any(|event| matches!(event, LoopEvent::Closed { .. })), "{events:?}");
        let reader = std::thread::spawn(move || {
            read(&mut slow, piece);
            slow
        });
        while !reader.is_finished() {
            rig.event_loop.poll(super::rig::STEP).unwrap();
        }
        slow = reader.join().unwrap();
        left -= piece;
    }
    assert!(begin.elapsed() > Duration::from_millis(1500));
    assert!(rig.event_loop.is_open(id));
}

/// 15: nor is one that takes a little all the time, so that its queue is never empty and the system never has much room;
/// every send moves something then.
#[cfg(unix)]
#[test]
fn a_peer_that_takes_a_little_all_the_time_is_not_closed() {
    const LIMIT: Duration = Duration::from_millis(500);
    for is_stall in [true, false] {
        let path = fresh_path();
        let mut event_loop = EventLoop::new().unwrap();
        let mut options = ListenOptions::default();
        options.connection.stall_limit = is_stall.then_some(LIMIT);
        options.connection.idle_limit = (!is_stall).then_some(LIMIT);
        event_loop.listen(&Endpoint::Local(path.clone()), Framing::Packet, options).unwrap();
        let mut peer = std::os::unix::net::UnixStream::connect(path).unwrap();
        peer.set_read_timeout(Some(LONG)).unwrap();
        let id = until(&mut event_loop, |_, event| match event {
            LoopEvent::Opened { id, .. } => Some(id),
            other => panic!("{other:?}"),
        });
        let message = [7; 4096 - 4];
        while event_loop.counters().queued_bytes < 64 * 1024 {
            event_loop.send(id, &message).into_result().unwrap();
        }
        let begin = Instant::now();
        while begin.elapsed() < 3 * LIMIT {
            std::io::Read::read_exact(&mut peer, &mut [0; 4096]).unwrap();
            assert!(event_loop.send(id, &message).is_done(), "closed after {:?}", begin.elapsed());
            let event = event_loop.poll(Some(Duration::from_millis(1))).unwrap();
            assert!(event.is_none(), "{event:?} after {:?}", begin.elapsed());
        }
        // It stops, and what is sent all the time does not count.
        while event_loop.counters().queued_bytes < 64 * 1024 {
            event_loop.send(id, &message).into_result().unwrap();
        }
        let begin = Instant::now();
        event_loop.set_timer(Duration::ZERO);
        let reason = until(&mut event_loop, |event_loop, event| match event {
            LoopEvent::Closed { reason, .. } => Some(reason),
            LoopEvent::Timer { .. } => {
                event_loop.set_timer(LIMIT / 20);
                assert!(event_loop.send(id, b"more").is_done());
                None
            }
            other => panic!("{other:?}"),
        });
        assert!(matches!(reason, CloseReason::Stalled(LIMIT) | CloseReason::Idle(LIMIT)), "{reason}");
        assert_eq!(matches!(reason, CloseReason::Stalled(_)), is_stall);
        assert!(begin.elapsed() >= LIMIT / 2, "{:?}", begin.elapsed());
    }
}

/// 17: 16 MiB without a newline is refused after 64 KiB, in no time.
#[test]
fn an_endless_line_is_refused_at_its_limit() {
    once_within(Duration::from_secs(1), || {
        let mut rig = Rig::new(Framing::lines());
        let (mut peer, _) = rig.opened_peer();
        let begin = Instant::now();
        let writer = std::thread::spawn(move || {
            // The end comes in the middle of it.
            let _ = std::io::Write::write_all(&mut peer, &vec![b'x'; 16 * 1024 * 1024]);
        });
        let (_, reason, leftover) = rig.closed();
        assert!(begin.elapsed() < LONG / 4, "{:?}", begin.elapsed());
        let Some(Error::TooLong { limit, .. }) = reason.error() else { panic!("{reason}") };
        assert_eq!(*limit, 64 * 1024);
        assert!(leftover.len() <= 256 * 1024, "{}", leftover.len());
        writer.join().unwrap();
    });
}

/// 1, in the loop: announcements over the limit end the connection, and tinyproto peers hear why.
#[test]
fn announcements_over_the_limit_end_the_connection() {
    for (framing, greeting, announced, answer) in [
        (Framing::Packet, &b""[..], &b"\xff\xff\xff\xff"[..], &b""[..]),
        (Framing::Multiprocessing, b"", b"\x7f\xff\xff\xff", b""),
        (Framing::Multiprocessing, b"", b"\xff\xff\xff\xfe", b""),
        (Framing::Tiny, b"\xff", b"\xf0\xff\xff\xff", b"\xff\x00"),
    ] {
        let mut rig = Rig::new(framing);
        let mut peer = rig.peer();
        write(&mut peer, greeting);
        rig.opened();
        write(&mut peer, announced);
        let (_, reason, leftover) = rig.closed();
        let kind = reason.error().unwrap().kind();
        assert!(matches!(kind, ErrorKind::TooLong | ErrorKind::Malformed), "{framing:?}: {reason}");
        assert_eq!(leftover, announced);
        assert_eq!(rest_of(&mut peer), answer, "{framing:?}");
    }
}

/// 18: far more connections than `select` could hold, coming and going at once.
#[test]
fn a_flood_of_connections_is_served() {
    const COUNT: usize = 1500;
    child::need_descriptors(2 * COUNT as u64 + 500);
    let mut rig = Rig::new(Framing::lines());
    let port = rig.port;
    let begin = Instant::now();
    let flood = std::thread::spawn(move || {
        let mut peers: Vec<_> =
            (0..COUNT).map(|_| std::net::TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        for peer in &mut peers {
            write(peer, b"hello\n");
        }
        for peer in &mut peers {
            assert_eq!(read(peer, 6), b"hello\n");
        }
    });
    let mut gone = 0;
    rig.until(|event_loop, event| {
        match event {
            LoopEvent::Message { id, message } => event_loop.send(id, &message).into_result().unwrap(),
            LoopEvent::Closed { .. } => gone += 1,
            _ => {}
        }
        (gone == COUNT).then_some(())
    });
    flood.join().unwrap();
    assert_eq!(rig.event_loop.counters().opened, COUNT as u64);
    println!("{COUNT} connections opened, echoed and closed in {:?}", begin.elapsed());
}

impl Rig {
    /// A peer that the loop has opened, while others come and go.
    fn until_opened(&mut self) -> (std::net::TcpStream, sockeye::ConnectionId) {
        let peer = self.peer();
        let port = peer.local_addr().unwrap().port();
        let id = self.until(|event_loop, event| match event {
            LoopEvent::Opened { id, .. } => {
                (event_loop.connection(id).is_some_and(|it| it.remote_port() == port)).then_some(id)
            }
            _ => None,
        });
        (peer, id)
    }
}
