//! A loop in a thread of its own, and what other threads do with it.

use std::{
    sync::mpsc::{self, Sender},
    time::{Duration, Instant},
};

use sockeye::{
    CloseReason, ConnectOptions, Connection, ConnectionId, Endpoint, ErrorKind, EventLoop, EventLoopOptions, Framing,
    Handler, HookResult, ListenOptions,
};

use super::rig::{Rig, loopback, read, rest_of, write};
use crate::support::{LONG, fresh_path};

/// Tells a channel what happens.
struct Teller(Sender<String>, Sender<ConnectionId>);

impl Handler for Teller {
    fn opened(&mut self, _: &mut EventLoop, id: ConnectionId) -> HookResult {
        self.1.send(id)?;
        Ok(())
    }

    fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
        event_loop.send(id, &message).into_result()?;
        Ok(())
    }

    fn closed(&mut self, _: &mut EventLoop, _: ConnectionId, reason: CloseReason, _: Vec<u8>) {
        self.0.send(reason.to_string()).unwrap();
    }
}

#[test]
fn other_threads_send_close_and_stop() {
    let rig = Rig::new(Framing::lines());
    let port = rig.port;
    let (told, tellings) = mpsc::channel();
    let (opened, openings) = mpsc::channel();
    let running = rig.event_loop.spawn(Teller(told, opened)).unwrap();
    // It accepts as soon as `spawn` has returned.
    let mut peer = Connection::connect(&loopback(port), Framing::lines(), Some(LONG)).unwrap();
    peer.set_timeout(Some(LONG)).unwrap();
    let id = openings.recv_timeout(LONG).unwrap();
    peer.send(b"echo").into_result().unwrap();
    assert_eq!(peer.receive().done().unwrap(), b"echo");

    // Whole messages from four threads, each in its own order.
    let senders: Vec<_> = (0..4)
        .map(|name| {
            let handle = running.handle();
            std::thread::spawn(move || {
                for number in 0..1000 {
                    handle.send(id, format!("{name} {number}")).into_result().unwrap();
                }
            })
        })
        .collect();
    let mut next = [0; 4];
    for _ in 0..4000 {
        let line = String::from_utf8(peer.receive().done().unwrap()).unwrap();
        let (name, number) = line.split_once(' ').unwrap();
        let name: usize = name.parse().unwrap();
        assert_eq!(number, next[name].to_string());
        next[name] += 1;
    }
    senders.into_iter().for_each(|sender| sender.join().unwrap());

    // Anything else is a task for the loop.
    let (sender, receiver) = mpsc::channel();
    assert!(running.execute(move |event_loop| sender.send(event_loop.counters()).unwrap()));
    let counters = receiver.recv_timeout(LONG).unwrap();
    assert_eq!((counters.connections, counters.messages_sent), (1, 4001));
    assert!(running.close(id));
    assert_eq!(tellings.recv_timeout(LONG).unwrap(), "the program has closed the connection");
    assert!(peer.receive().is_disconnected());

    let mut last = Connection::connect(&loopback(port), Framing::lines(), Some(LONG)).unwrap();
    openings.recv_timeout(LONG).unwrap();
    let handle = running.handle();
    running.stop(Duration::from_secs(5)).unwrap();
    assert_eq!(tellings.recv_timeout(LONG).unwrap(), "the loop was shut down");
    assert!(last.receive().is_disconnected());
    // The loop has ended, and the handle knows.
    assert!(handle.send(id, "late").is_disconnected());
    assert!(!handle.close(id) && !handle.shutdown(Duration::ZERO) && !handle.execute(|_| {}));
}

#[test]
fn a_loop_that_is_dropped_ends() {
    let rig = Rig::new(Framing::lines());
    let mut peer = rig.peer();
    let (opened, openings) = mpsc::channel();
    let running = rig.event_loop.spawn(Teller(mpsc::channel().0, opened)).unwrap();
    openings.recv_timeout(LONG).unwrap();
    let handle = running.handle();
    // The hook `closed` panics, since nobody listens: that is no concern of the loop.
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    drop(running);
    std::panic::set_hook(quiet);
    assert_eq!(rest_of(&mut peer), b"");
    assert!(!handle.shutdown(Duration::ZERO));
}

/// A program that connects again whenever it was refused, to a service of this machine that is down, can be stopped.
#[test]
fn a_loop_that_is_always_busy_can_be_stopped() {
    struct Again(Endpoint);

    impl Handler for Again {
        fn started(&mut self, event_loop: &mut EventLoop) -> HookResult {
            event_loop.connect(&self.0, Framing::lines(), ConnectOptions::default())?;
            Ok(())
        }

        fn closed(&mut self, event_loop: &mut EventLoop, _: ConnectionId, _: CloseReason, _: Vec<u8>) {
            // No more once the loop ends.
            let _ = event_loop.connect(&self.0, Framing::lines(), ConnectOptions::default());
        }
    }

    let running = EventLoop::new().unwrap().spawn(Again(Endpoint::Local(fresh_path()))).unwrap();
    let (told, stopped) = mpsc::channel();
    std::thread::spawn(move || told.send(running.stop(Duration::from_secs(1)).is_ok()));
    assert!(stopped.recv_timeout(LONG).unwrap());
}

/// With nobody to take leave of, neither the next tick nor the limit is waited for.
#[test]
fn a_loop_without_connections_ends_at_once() {
    struct Idle;

    impl Handler for Idle {}

    let mut options = EventLoopOptions::default();
    options.tick = Some(2 * LONG);
    let running = EventLoop::with_options(options).unwrap().spawn(Idle).unwrap();
    let begin = Instant::now();
    running.stop(2 * LONG).unwrap();
    assert!(begin.elapsed() < LONG, "{:?}", begin.elapsed());
}

#[test]
fn a_loop_that_does_not_start_says_why() {
    struct Never;

    impl Handler for Never {
        fn started(&mut self, event_loop: &mut EventLoop) -> HookResult {
            event_loop.listen(&"service|name|port".parse()?, Framing::Raw, ListenOptions::default())?;
            Ok(())
        }
    }

    let error = EventLoop::new().unwrap().spawn(Never).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidAddress);
}

/// A thread that sends to a peer who does not read cannot be told to wait by the connection: the connection ends.
#[test]
fn more_than_a_queue_takes_ends_the_connection() {
    let rig = Rig::new(Framing::Packet);
    let mut peer = rig.peer();
    let (told, tellings) = mpsc::channel();
    let (opened, openings) = mpsc::channel();
    let running = rig.event_loop.spawn(Teller(told, opened)).unwrap();
    let id = openings.recv_timeout(LONG).unwrap();
    let mut waited = 0;
    for _ in 0..200 {
        if running.send(id, vec![0; 1_000_000]).is_not_ready() {
            waited += 1;
            std::thread::yield_now();
        }
        if let Ok(reason) = tellings.try_recv() {
            assert_eq!(reason, "more was sent than the queue could take");
            assert!(rest_of(&mut peer).len() < 200_000_000);
            return;
        }
    }
    assert_eq!(
        tellings.recv_timeout(LONG).unwrap(),
        "more was sent than the queue could take",
        "waited {waited} times"
    );
}

/// A loop that does not come to it takes so many bytes of other threads, and then as many again.
#[test]
fn what_other_threads_send_has_a_limit() {
    let mut rig = Rig::new(Framing::Packet);
    let (_peer, id) = rig.opened_peer();
    let handle = rig.event_loop.handle();
    let fill = || (0..100).take_while(|_| handle.send(id, vec![0; 1_000_000]).is_done()).count();
    assert_eq!(fill(), 8, "8 MiB");
    rig.during(Duration::ZERO);
    assert_eq!(fill(), 8);
}

/// So do messages without bytes.
#[test]
fn what_other_threads_send_has_a_limit_in_number() {
    let mut rig = Rig::new(Framing::Packet);
    let (_peer, id) = rig.opened_peer();
    let handle = rig.event_loop.handle();
    let taken = (0..1_000_000).take_while(|_| handle.send(id, []).is_done()).count();
    assert!(taken < 1_000_000, "there is no end");
}

/// What is sent to a connection that is on its way goes when it is there, in order and before what the program sends.
#[test]
fn what_is_sent_too_early_waits_for_the_connection() {
    let mut server = Rig::new(Framing::lines());
    let mut rig = Rig::new(Framing::lines());
    let handle = rig.event_loop.handle();
    let id = rig.event_loop.connect(&loopback(server.port), Framing::lines(), ConnectOptions::default()).unwrap();
    assert!(handle.send(id, "one").is_done() && handle.send(id, "two").is_done());
    assert_eq!(rig.opened(), id);
    rig.event_loop.send(id, b"three").into_result().unwrap();
    server.opened();
    for expected in ["one", "two", "three"] {
        assert_eq!(server.message().1, expected.as_bytes());
    }
    let counters = rig.event_loop.counters();
    assert_eq!((counters.messages_sent, counters.queued_bytes), (3, 0));

    // A peer that takes its time for the greeting.
    let slow = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to_slow = loopback(slow.local_addr().unwrap().port());
    let id = rig.event_loop.connect(&to_slow, Framing::Tiny, ConnectOptions::default()).unwrap();
    handle.send(id, "early").into_result().unwrap();
    assert!(rig.during(Duration::from_millis(30)).is_empty());
    let (mut slow, _) = slow.accept().unwrap();
    write(&mut slow, b"\xff");
    assert_eq!(rig.opened(), id);
    rig.during(Duration::ZERO);
    assert_eq!(read(&mut slow, 10), b"\xff\0\0\0\x05early");

    // As much as its queue takes.
    let mut options = ConnectOptions::default();
    options.connection.queue_limit = 10_000;
    let mut silent = sockeye::TcpListener::new();
    silent.listen_on([127, 0, 0, 1], 0).into_result().unwrap();
    // It does not greet: so the connection is never open.
    let id = rig.event_loop.connect(&loopback(silent.local_port()), Framing::Tiny, options).unwrap();
    for _ in 0..9 {
        handle.send(id, [0; 1000]).into_result().unwrap();
    }
    assert!(rig.during(Duration::from_millis(30)).is_empty());
    assert_eq!(rig.event_loop.counters().queued_bytes / 1000, 9);
    handle.send(id, [0; 1000]).into_result().unwrap();
    let (closed, reason, _) = rig.closed();
    assert!(closed == id && matches!(reason, CloseReason::QueueFull), "{reason}");
}

/// Nobody is there to be told that a message cannot be sent: so the connection says it.
#[test]
fn what_the_framing_cannot_carry_ends_the_connection() {
    for message in [b"two\nlines".to_vec(), vec![b'x'; 64 * 1024 + 1]] {
        let mut rig = Rig::new(Framing::lines());
        let (mut peer, id) = rig.opened_peer();
        let handle = rig.event_loop.handle();
        handle.send(id, "before").into_result().unwrap();
        handle.send(id, message).into_result().unwrap();
        handle.send(id, "behind").into_result().unwrap();
        let (closed, reason, _) = rig.closed();
        assert_eq!(closed, id);
        let kind = reason.error().map(sockeye::Error::kind);
        assert!(matches!(kind, Some(ErrorKind::InvalidInput | ErrorKind::TooLong)), "{reason}");
        assert_eq!(rest_of(&mut peer), b"before\n");
    }
}
