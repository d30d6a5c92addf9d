//! The hooks, and their order: that of tinyproto (a server's pre_loop, conn_init, transmission_received, conn_shutdown,
//! loop_pass, post_loop) and of python-network (obj, the callback of lines, disconnect_cb).

use std::time::Duration;

use sockeye::{
    CloseReason, ConnectOptions, ConnectionId, EventLoop, EventLoopOptions, Framing, Handler, HookResult,
    ListenOptions, LoopEvent, Reading,
};

use super::rig::{Rig, read, rest_of, write};

/// Writes down what is called, and does what the messages say.
#[derive(Default)]
struct Log {
    calls: Vec<String>,
    ticks: usize,
    /// Names in the order of the connections.
    ids: Vec<ConnectionId>,
    /// How many may close before the loop is to end.
    left: usize,
}

impl Log {
    fn name(&self, id: ConnectionId) -> usize {
        self.ids.iter().position(|other| *other == id).unwrap()
    }

    fn note(&mut self, call: impl Into<String>) {
        self.calls.push(call.into());
    }
}

impl Handler for Log {
    fn started(&mut self, _: &mut EventLoop) -> HookResult {
        self.note("started");
        Ok(())
    }

    fn opened(&mut self, event_loop: &mut EventLoop, id: ConnectionId) -> HookResult {
        self.ids.push(id);
        assert!(event_loop.is_open(id));
        self.note(format!("opened {}", self.name(id)));
        event_loop.send(id, b"welcome").into_result()?;
        Ok(())
    }

    fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
        let text = String::from_utf8(message)?;
        self.note(format!("message {} {text}", self.name(id)));
        match text.as_str() {
            "fail" => Err("as asked".into()),
            "panic" => panic!("as asked"),
            "bye" => {
                event_loop.send(id, b"bye").into_result()?;
                event_loop.close(id);
                Ok(())
            }
            "stop" => {
                event_loop.shutdown(Duration::from_secs(5));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn closed(&mut self, event_loop: &mut EventLoop, id: ConnectionId, reason: CloseReason, leftover: Vec<u8>) {
        assert!(!event_loop.is_open(id));
        assert!(event_loop.send(id, b"nobody hears it").is_disconnected());
        let name = if self.ids.contains(&id) { self.name(id).to_string() } else { "?".to_owned() };
        self.note(format!("closed {name} {reason} {:?}", String::from_utf8(leftover).unwrap()));
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            event_loop.shutdown(Duration::from_secs(5));
        }
    }

    fn tick(&mut self, _: &mut EventLoop) -> HookResult {
        self.ticks += 1;
        Ok(())
    }

    fn stopping(&mut self, event_loop: &mut EventLoop) -> HookResult {
        self.note("stopping");
        for id in event_loop.connections().collect::<Vec<_>>() {
            event_loop.send(id, b"farewell").into_result()?;
        }
        Ok(())
    }
}

fn rig() -> Rig {
    let mut options = EventLoopOptions::default();
    options.tick = Some(Duration::ZERO);
    Rig::with(Framing::lines(), options, ListenOptions::default())
}

#[test]
fn hooks_come_in_order() {
    let mut rig = rig();
    let mut peer = rig.peer();
    write(&mut peer, b"one\ntwo\nhalf a li");
    drop(peer);
    let mut log = Log { left: 1, ..Log::default() };
    rig.event_loop.run(&mut log).unwrap();
    assert_eq!(
        log.calls,
        [
            "started",
            "opened 0",
            "message 0 one",
            "message 0 two",
            "closed 0 the connection has failed: the peer ended the connection after 9 of 9 bytes \"half a li\"",
            "stopping",
        ]
        .map(|call| call.replace("the peer ended the connection after 9 of 9 bytes", &cut_short()))
    );
    assert!(log.ticks > 0);
}

/// How the crate words it.
fn cut_short() -> String {
    sockeye::Error::CutShort { received: 9, expected: 9 }.to_string()
}

/// `disconnect_cb` of python-network is called for a local close too, and gets what was not read.
#[test]
fn a_local_close_has_its_hook_and_no_messages_after_it() {
    let mut rig = rig();
    let mut peer = rig.peer();
    write(&mut peer, b"bye\nnot read\nany more");
    let mut log = Log { left: 1, ..Log::default() };
    rig.event_loop.run(&mut log).unwrap();
    assert_eq!(
        log.calls[1..],
        [
            "opened 0",
            "message 0 bye",
            "closed 0 the program has closed the connection \"not read\\nany more\"",
            "stopping"
        ]
    );
    assert_eq!(rest_of(&mut peer), b"welcome\nbye\n", "what was sent before goes out");
}

#[test]
fn a_hook_that_fails_or_panics_ends_its_own_connection_only() {
    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut rig = rig();
    let mut peers: Vec<_> = (0..3).map(|_| rig.peer()).collect();
    let mut log = Log { left: 3, ..Log::default() };
    let thread = std::thread::spawn(move || {
        for peer in &mut peers {
            assert_eq!(read(peer, 8), b"welcome\n");
        }
        write(&mut peers[0], b"fail\nnever\n");
        assert_eq!(rest_of(&mut peers[0]), b"");
        write(&mut peers[1], b"panic\nnever\n");
        assert_eq!(rest_of(&mut peers[1]), b"");
        write(&mut peers[2], b"still here\nbye\n");
        assert_eq!(rest_of(&mut peers[2]), b"bye\n");
    });
    rig.event_loop.run(&mut log).unwrap();
    thread.join().unwrap();
    std::panic::set_hook(quiet);
    let after: Vec<_> = log.calls.iter().skip_while(|call| !call.starts_with("message")).collect();
    assert_eq!(
        after,
        [
            "message 0 fail",
            "closed 0 the program has failed: as asked \"never\\n\"",
            "message 1 panic",
            "closed 1 the program has panicked: as asked \"never\\n\"",
            "message 2 still here",
            "message 2 bye",
            "closed 2 the program has closed the connection \"\"",
            "stopping",
        ]
    );
}

#[test]
fn stopping_comes_while_the_connections_are_open() {
    let mut rig = rig();
    let mut peers: Vec<_> = (0..2).map(|_| rig.peer()).collect();
    let mut log = Log { left: usize::MAX, ..Log::default() };
    let thread = std::thread::spawn(move || {
        for peer in &mut peers {
            assert_eq!(read(peer, 8), b"welcome\n");
        }
        write(&mut peers[1], b"stop\n");
        peers.iter_mut().map(rest_of).collect::<Vec<_>>()
    });
    rig.event_loop.run(&mut log).unwrap();
    assert_eq!(thread.join().unwrap(), [b"farewell\n", b"farewell\n"]);
    let end = log.calls.iter().position(|call| call == "stopping").unwrap();
    assert_eq!(log.calls[end - 1], "message 1 stop");
    assert_eq!(
        log.calls[end..],
        ["stopping", "closed 0 the loop was shut down \"\"", "closed 1 the loop was shut down \"\""]
    );
}

/// So do the hooks that come before a message and beside it.
#[test]
fn a_hook_of_opening_or_of_an_event_ends_its_own_connection_only() {
    #[derive(Default)]
    struct Fails(Log);

    impl Handler for Fails {
        fn opened(&mut self, event_loop: &mut EventLoop, id: ConnectionId) -> HookResult {
            self.0.ids.push(id);
            match self.0.name(id) {
                0 => return Err("opening".into()),
                1 => panic!("opening"),
                2 | 3 => _ = event_loop.set_reading(id, Reading::Readiness),
                // Until there is a mark.
                4 | 5 => while event_loop.send(id, &[b'x'; 10_000]).is_done() {},
                _ => {}
            }
            Ok(())
        }

        fn event(&mut self, _: &mut EventLoop, event: LoopEvent) -> HookResult {
            match event {
                LoopEvent::Readable { id } if self.0.name(id) == 2 => Err("reading".into()),
                LoopEvent::Readable { id } if self.0.name(id) == 3 => panic!("reading"),
                LoopEvent::HighWater { id, .. } if self.0.name(id) == 4 => Err("writing".into()),
                LoopEvent::HighWater { id, .. } if self.0.name(id) == 5 => panic!("writing"),
                other => panic!("{other:?}"),
            }
        }

        fn message(&mut self, event_loop: &mut EventLoop, id: ConnectionId, message: Vec<u8>) -> HookResult {
            self.0.message(event_loop, id, message)
        }

        fn closed(&mut self, event_loop: &mut EventLoop, id: ConnectionId, reason: CloseReason, leftover: Vec<u8>) {
            self.0.closed(event_loop, id, reason, leftover);
        }
    }

    let quiet = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let mut options = EventLoopOptions::default();
    options.tick = Some(Duration::ZERO);
    let mut listening = ListenOptions::default();
    listening.connection.high_water = 100_000;
    listening.connection.queue_limit = 300_000;
    let mut rig = Rig::with(Framing::lines(), options, listening);
    let mut peers: Vec<_> = (0..7).map(|_| rig.peer()).collect();
    let thread = std::thread::spawn(move || {
        let mut good = peers.pop().unwrap();
        for peer in &mut peers[2..4] {
            write(peer, b"x\n");
        }
        for peer in &mut peers {
            rest_of(peer);
        }
        write(&mut good, b"still here\nbye\n");
        assert_eq!(rest_of(&mut good), b"bye\n");
    });
    let mut handler = Fails(Log { left: 7, ..Log::default() });
    rig.event_loop.run(&mut handler).unwrap();
    thread.join().unwrap();
    std::panic::set_hook(quiet);
    let mut calls = handler.0.calls;
    // The first six end in the order in which the machine comes to them.
    calls[..6].sort();
    assert_eq!(
        calls,
        [
            "closed 0 the program has failed: opening \"\"",
            "closed 1 the program has panicked: opening \"\"",
            "closed 2 the program has failed: reading \"\"",
            "closed 3 the program has panicked: reading \"\"",
            "closed 4 the program has failed: writing \"\"",
            "closed 5 the program has panicked: writing \"\"",
            "message 6 still here",
            "message 6 bye",
            "closed 6 the program has closed the connection \"\"",
        ]
    );
    let counters = rig.event_loop.counters();
    assert_eq!((counters.opened, counters.closed, counters.refused, counters.connections), (7, 7, 0, 0));
}

/// Also when the loop was asked before it began to go round.
#[test]
fn stopping_comes_however_early_the_loop_was_asked() {
    struct Early(Log);

    impl Handler for Early {
        fn started(&mut self, event_loop: &mut EventLoop) -> HookResult {
            event_loop.shutdown(Duration::from_secs(5));
            Ok(())
        }

        fn closed(&mut self, _: &mut EventLoop, _: ConnectionId, reason: CloseReason, _: Vec<u8>) {
            self.0.note(format!("closed: {reason}"));
        }

        fn stopping(&mut self, event_loop: &mut EventLoop) -> HookResult {
            self.0.stopping(event_loop)
        }
    }

    let mut rig = rig();
    let (mut peer, _) = rig.opened_peer();
    assert!(rig.during(Duration::ZERO).is_empty());
    let mut handler = Early(Log::default());
    rig.event_loop.run(&mut handler).unwrap();
    assert_eq!(handler.0.calls, ["stopping", "closed: the loop was shut down"]);
    assert_eq!(rest_of(&mut peer), b"farewell\n");
}

#[test]
fn a_connect_that_fails_has_only_its_last_hook() {
    let mut rig = rig();
    let port = rig.port;
    assert!(rig.event_loop.stop_listening(rig.listener));
    rig.event_loop.connect(&super::rig::loopback(port), Framing::lines(), ConnectOptions::default()).unwrap();
    let mut log = Log { left: 1, ..Log::default() };
    rig.event_loop.run(&mut log).unwrap();
    assert_eq!(log.calls.len(), 3, "{:?}", log.calls);
    assert!(log.calls[1].starts_with("closed ? the connection could not be opened: "), "{:?}", log.calls);
}

/// Ticks come at their interval however busy the loop is, and an error of one ends `run`.
#[test]
fn ticks_have_their_interval_and_may_end_the_run() {
    struct Clock(usize, Vec<LoopEvent>);

    impl Handler for Clock {
        fn started(&mut self, event_loop: &mut EventLoop) -> HookResult {
            event_loop.set_timer(Duration::from_millis(1));
            Ok(())
        }

        fn tick(&mut self, _: &mut EventLoop) -> HookResult {
            self.0 += 1;
            if self.0 == 5 { Err(sockeye::Error::Cancelled.into()) } else { Ok(()) }
        }

        fn event(&mut self, event_loop: &mut EventLoop, event: LoopEvent) -> HookResult {
            self.1.push(event);
            event_loop.set_timer(Duration::from_millis(1));
            Ok(())
        }
    }

    let mut options = EventLoopOptions::default();
    options.tick = Some(Duration::from_millis(20));
    let mut event_loop = EventLoop::with_options(options).unwrap();
    let mut clock = Clock(0, Vec::new());
    let begin = std::time::Instant::now();
    let error = event_loop.run(&mut clock).unwrap_err();
    assert!(matches!(error, sockeye::Error::Cancelled), "{error}");
    assert!(begin.elapsed() >= Duration::from_millis(100));
    assert!(clock.1.len() >= 5, "timers between the ticks: {}", clock.1.len());
}

/// Who connects again whenever a connection is gone cannot keep the loop from ending, and the loop can be run again.
#[test]
fn a_loop_ends_though_its_program_goes_on_and_runs_again() {
    struct Stubborn {
        port: u16,
        refused: usize,
        opened: usize,
    }

    impl Handler for Stubborn {
        fn started(&mut self, event_loop: &mut EventLoop) -> HookResult {
            let at = event_loop.listen(&super::rig::loopback(0), Framing::lines(), ListenOptions::default())?;
            self.port = event_loop.local_port(at);
            event_loop.connect(&super::rig::loopback(self.port), Framing::lines(), ConnectOptions::default())?;
            Ok(())
        }

        fn opened(&mut self, event_loop: &mut EventLoop, _: ConnectionId) -> HookResult {
            self.opened += 1;
            if self.opened.is_multiple_of(2) {
                event_loop.shutdown(Duration::from_millis(100));
            }
            Ok(())
        }

        fn closed(&mut self, event_loop: &mut EventLoop, _: ConnectionId, _: CloseReason, _: Vec<u8>) {
            let again = super::rig::loopback(self.port);
            let error = event_loop.connect(&again, Framing::lines(), ConnectOptions::default()).unwrap_err();
            assert!(matches!(error, sockeye::Error::Disconnected), "{error}");
            self.refused += 1;
        }

        fn tick(&mut self, _: &mut EventLoop) -> HookResult {
            Ok(())
        }
    }

    let mut event_loop = EventLoop::new().unwrap();
    let mut handler = Stubborn { port: 0, refused: 0, opened: 0 };
    event_loop.run(&mut handler).unwrap();
    assert_eq!((handler.opened, handler.refused), (2, 2));
    event_loop.run(&mut handler).unwrap();
    assert_eq!((handler.opened, handler.refused), (4, 4));
}
