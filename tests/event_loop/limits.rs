//! What a loop allows, and what it does about more.

use std::time::{Duration, Instant};

use sockeye::{CloseReason, ConnectOptions, ConnectionOptions, EventLoopOptions, Framing, ListenOptions, LoopEvent};

use super::rig::{Rig, loopback, rest_of, write};
use crate::support::{LONG, SHORT};

#[test]
fn one_connection_too_many_is_closed() {
    let mut options = EventLoopOptions::default();
    options.max_connections = Some(3);
    let mut rig = Rig::with(Framing::lines(), options, ListenOptions::default());
    let mut peers: Vec<_> = (0..3).map(|_| rig.opened_peer()).collect();
    let mut refused = rig.peer();
    assert!(rig.during(Duration::from_millis(50)).is_empty());
    assert_eq!(rest_of(&mut refused), b"");
    assert_eq!(rig.event_loop.counters().refused, 1);
    // One that leaves makes room.
    peers.pop();
    assert!(matches!(rig.closed().1, CloseReason::Peer));
    rig.opened_peer();
}

#[test]
fn an_address_has_its_share() {
    let mut options = EventLoopOptions::default();
    options.max_per_address = Some(2);
    let mut rig = Rig::with(Framing::Tiny, options, ListenOptions::default());
    let connect = |from: &str| {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        socket.bind(&format!("{from}:0").parse::<std::net::SocketAddr>().unwrap().into()).unwrap();
        socket.connect(&std::net::SocketAddr::from(([127, 0, 0, 1], rig.port)).into()).unwrap();
        let stream = std::net::TcpStream::from(socket);
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream
    };
    let mut peers: Vec<_> = (0..2).map(|_| connect("127.0.0.1")).collect();
    let mut third = connect("127.0.0.1");
    let mut other = connect("127.0.0.2");
    for peer in peers.iter_mut().chain([&mut third, &mut other]) {
        write(peer, b"\xff");
    }
    for _ in 0..3 {
        rig.opened();
    }
    // tinyproto has a byte for it.
    assert_eq!(rest_of(&mut third), b"\xfe");
    assert_eq!(rig.event_loop.counters().refused, 1);
    drop(peers.pop());
    rig.closed();
    let mut again = std::net::TcpStream::connect(("127.0.0.1", rig.port)).unwrap();
    write(&mut again, b"\xff");
    rig.opened();
}

#[test]
fn handshakes_are_limited_in_number_and_in_time() {
    let mut options = EventLoopOptions::default();
    options.max_opening = 2;
    let mut listening = ListenOptions::default();
    listening.connection.opening_limit = Some(Duration::from_secs(2));
    let mut rig = Rig::with(Framing::Tiny, options, listening);
    // Two that say nothing, and a third who is turned away while they wait.
    let mut silent: Vec<_> = (0..2).map(|_| rig.peer()).collect();
    assert!(rig.during(Duration::from_millis(30)).is_empty());
    let mut third = rig.peer();
    assert!(rig.during(Duration::from_millis(30)).is_empty());
    assert_eq!(rest_of(&mut third), b"\xfe");
    // Their time runs out, nobody hears of them, and there is room again.
    let end = Instant::now() + LONG;
    while rig.event_loop.counters().refused < 3 {
        assert!(Instant::now() < end);
        assert!(rig.event_loop.poll(super::rig::STEP).unwrap().is_none());
    }
    for peer in &mut silent {
        assert_eq!(rest_of(peer), b"\xff", "the greeting, and the end");
    }
    assert_eq!(rig.event_loop.counters().connections, 0);
    let mut peer = rig.peer();
    write(&mut peer, b"\xff");
    rig.opened();
}

/// The time of a peer begins when it is accepted, however long the round has lasted by then.
#[test]
fn a_busy_program_takes_no_time_from_those_who_open() {
    const LIMIT: Duration = Duration::from_secs(1);
    let mut listening = ListenOptions::default();
    listening.connection.opening_limit = Some(LIMIT);
    let mut rig = Rig::with(Framing::Tiny, EventLoopOptions::default(), listening);
    let mut first = rig.peer();
    write(&mut first, b"\xff");
    rig.opened();
    assert!(rig.during(Duration::ZERO).is_empty());
    write(&mut first, b"\0\0\0\x02hi");
    let mut second = rig.peer();
    rig.message();
    // A hook that takes its time.
    std::thread::sleep(LIMIT * 11 / 10);
    for _ in 0..10 {
        assert!(rig.event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
    }
    let counters = rig.event_loop.counters();
    assert_eq!((counters.connections, counters.refused), (2, 0));
    write(&mut second, b"\xff");
    rig.opened();
}

/// And the time of what the program itself begins, when it is dialled: that is in the next round.
#[test]
fn a_busy_program_takes_no_time_from_what_it_begins() {
    const LIMIT: Duration = Duration::from_secs(2);
    let mut rig = Rig::new(Framing::lines());
    let (mut peer, _) = rig.opened_peer();
    write(&mut peer, b"begin\n");
    rig.message();
    let other = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = other.local_addr().unwrap().port();
    let mut options = ConnectOptions::default();
    options.connection.opening_limit = Some(LIMIT);
    let id = rig.event_loop.connect(&loopback(port), Framing::Tiny, options).unwrap();
    // A hook that takes its time.
    std::thread::sleep(LIMIT * 11 / 10);
    let events = rig.during(Duration::ZERO);
    assert!(events.is_empty(), "{events:?}");
    let (mut answering, _) = other.accept().unwrap();
    write(&mut answering, b"\xff");
    assert_eq!(rig.opened(), id);
}

/// Who says nothing at one listener keeps nobody out at another.
#[test]
fn each_listener_has_its_own_handshakes() {
    let mut options = EventLoopOptions::default();
    options.max_opening = 2;
    let mut rig = Rig::with(Framing::Tiny, options, ListenOptions::default());
    let _silent: Vec<_> = (0..2).map(|_| rig.peer()).collect();
    assert!(rig.during(Duration::from_millis(30)).is_empty());
    for framing in [Framing::lines(), Framing::Tiny] {
        let listener = rig.event_loop.listen(&loopback(0), framing, ListenOptions::default()).unwrap();
        let mut peer = std::net::TcpStream::connect(("127.0.0.1", rig.event_loop.local_port(listener))).unwrap();
        write(&mut peer, b"\xff");
        rig.until(|_, event| match event {
            LoopEvent::Opened { listener: at, .. } => (at == Some(listener)).then_some(()),
            other => panic!("{other:?}"),
        });
    }
    assert_eq!(rig.event_loop.counters().refused, 0);
}

#[test]
fn idle_connections_are_closed_and_others_are_not() {
    let mut options = ConnectionOptions::default();
    options.idle_limit = Some(Duration::from_millis(1200));
    let mut rig = Rig::with_connections(Framing::lines(), options);
    let (_idle, idle) = rig.opened_peer();
    let (mut busy, busy_id) = rig.opened_peer();
    let begin = Instant::now();
    let mut closed = Vec::new();
    while begin.elapsed() < Duration::from_millis(2600) {
        write(&mut busy, b"x");
        for event in rig.during(Duration::from_millis(20)) {
            match event {
                LoopEvent::Closed { id, reason, .. } => {
                    assert!(begin.elapsed() >= Duration::from_millis(1190), "{:?}", begin.elapsed());
                    assert!(matches!(reason, CloseReason::Idle(limit) if limit == Duration::from_millis(1200)));
                    closed.push(id);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(closed, [idle]);
    assert!(rig.event_loop.is_open(busy_id), "a byte now and then is not idle");
}

/// High water, a full queue, and the tide going out: each said once, and nothing lost or out of order.
#[test]
fn a_queue_has_its_marks() {
    const LINE: usize = 10_000;
    let mut options = ConnectionOptions::default();
    options.high_water = 100_000;
    options.queue_limit = 300_000;
    let mut rig = Rig::with_connections(Framing::lines(), options);
    let (mut peer, id) = rig.opened_peer();
    let mut sent = 0_u32;
    while rig.event_loop.send(id, &vec![letter(sent); LINE]).is_done() {
        sent += 1;
        assert!(sent < 10_000, "the queue has no end");
    }
    let queued = rig.event_loop.counters().queued_bytes;
    assert!((300_000 - LINE - 1..=300_000).contains(&queued), "{queued}");
    assert!(rig.event_loop.send(id, b"x").is_done() || queued == 300_000, "a small one may fit");
    let marks = rig.during(Duration::from_millis(30));
    let [LoopEvent::HighWater { id: high, queued }] = &marks[..] else { panic!("{marks:?}") };
    assert!(*high == id && *queued >= 100_000 && *queued < 120_000, "{queued}");
    let reader = std::thread::spawn(move || {
        for number in 0..sent {
            let line = super::rig::read(&mut peer, LINE + 1);
            assert!(line[..LINE].iter().all(|byte| *byte == letter(number)), "line {number}");
        }
        peer
    });
    rig.until(|_, event| match event {
        LoopEvent::Drained { id: drained } => (drained == id).then_some(()),
        other => panic!("{other:?}"),
    });
    assert_eq!(rig.event_loop.counters().queued_bytes, 0);
    let _peer = reader.join().unwrap();
    // A socket with room for more is nothing to wake up for; the round in which it was told may have to end first.
    assert!(rig.during(Duration::ZERO).is_empty());
    let begin = Instant::now();
    assert!(rig.event_loop.poll(Some(SHORT)).unwrap().is_none());
    assert!(begin.elapsed() >= SHORT, "{:?}", begin.elapsed());
}

/// A listener whose queue is full: the connect waits without using the processor, until its time is over.
#[cfg(target_os = "linux")]
#[test]
fn a_connect_to_a_full_queue_waits_without_spinning() {
    use sockeye::{Endpoint, EventLoop};

    use crate::support::{Family, Local, V4, child};

    child::in_child("event_loop::limits::a_connect_to_a_full_queue_waits_without_spinning", || {
        let (port, _full_tcp) = V4::full_listener();
        let (path, mut full_local) = Local::full_listener();
        let stat = std::fs::File::open("/proc/self/stat").unwrap();
        let mut event_loop = EventLoop::new().unwrap();
        let mut options = ConnectOptions::default();
        options.connection.opening_limit = Some(Duration::from_millis(400));
        let (used, begin) = (cpu_time(&stat), Instant::now());
        for endpoint in [Endpoint::Local(path.clone()), loopback(port)] {
            event_loop.connect(&endpoint, Framing::lines(), options.clone()).unwrap();
        }
        for _ in 0..2 {
            let error = super::rig::until(&mut event_loop, |_, event| match event {
                LoopEvent::Closed { reason: CloseReason::ConnectFailed(error), .. } => Some(error),
                other => panic!("{other:?}"),
            });
            assert!(matches!(error, sockeye::Error::TimedOut { phase: sockeye::Phase::Connect, .. }), "{error}");
        }
        assert!(begin.elapsed() >= Duration::from_millis(400));
        let share = (cpu_time(&stat) - used).as_secs_f64() / begin.elapsed().as_secs_f64();
        assert!(share < 0.3, "it spins: {share}");

        // Room in the queue is found.
        options.connection.opening_limit = Some(LONG);
        event_loop.connect(&Endpoint::Local(path), Framing::lines(), options).unwrap();
        assert!(event_loop.poll(Some(Duration::from_millis(50))).unwrap().is_none());
        let listener = full_local.remove(0);
        let _accepted: Vec<_> = (0..full_local.len())
            .map_while(|_| {
                listener.set_nonblocking(true).unwrap();
                listener.accept().ok()
            })
            .collect();
        super::rig::until(&mut event_loop, |_, event| matches!(event, LoopEvent::Opened { .. }).then_some(()));
    });
}

fn letter(number: u32) -> u8 {
    b"abcdefghijklmnopqrstuvwxyz"[number as usize % 26]
}

/// No descriptors left: waiting peers are told, the loop serves the others and does not spin, and takes new ones as
/// soon as there is room.
#[cfg(target_os = "linux")]
#[test]
fn a_loop_survives_the_end_of_descriptors() {
    use crate::support::child;

    child::in_child("event_loop::limits::a_loop_survives_the_end_of_descriptors", || {
        let mut rig = Rig::new(Framing::lines());
        let (mut old, old_id) = rig.opened_peer();
        let mut waiting: Vec<_> = (0..150).map(|_| rig.peer()).collect();
        let stat = std::fs::File::open("/proc/self/stat").unwrap();
        // Whatever number is free below the new limit is taken.
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
        assert_eq!(child::limit_descriptors(open + 5), open + 5);
        let files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        let used = cpu_time(&stat);
        let begin = Instant::now();
        let mut events = Vec::new();
        while rig.event_loop.counters().refused < 150 {
            assert!(begin.elapsed() < LONG);
            events.extend(rig.event_loop.poll(super::rig::STEP).unwrap());
        }
        // 64 at a time, and a pause of 50 ms before the next ones.
        assert!(begin.elapsed() >= Duration::from_millis(100), "{:?}", begin.elapsed());
        events.extend(rig.during(Duration::from_millis(400)));
        assert!((3..10).contains(&events.len()), "{} events", events.len());
        for event in &events {
            let LoopEvent::AcceptFailed { listener, error } = event else { panic!("{event:?}") };
            assert!(*listener == rig.listener && error.kind() == sockeye::ErrorKind::TooManyFiles, "{error}");
        }
        let share = (cpu_time(&stat) - used).as_secs_f64() / begin.elapsed().as_secs_f64();
        assert!(share < 0.3, "it spins: {share}");
        for peer in &mut waiting {
            assert_eq!(rest_of(peer), b"", "closed, not left waiting");
        }
        assert_eq!(rig.event_loop.counters().refused, 150);
        write(&mut old, b"still here\n");
        let message = rig.until(|_, event| match event {
            LoopEvent::Message { id, message } => Some((id, message)),
            _ => None,
        });
        assert_eq!(message, (old_id, b"still here".to_vec()));
        drop(files);
        let _new = rig.peer();
        rig.until(|_, event| matches!(event, LoopEvent::Opened { .. }).then_some(()));
    });
}

/// A listener has one turn a round, however often it was heard of before that.
#[cfg(target_os = "linux")]
#[test]
fn a_listener_stands_in_line_once() {
    use crate::support::child;

    child::in_child("event_loop::limits::a_listener_stands_in_line_once", || {
        let mut options = EventLoopOptions::default();
        options.round_messages = 1;
        let mut rig = Rig::with(Framing::lines(), options, ListenOptions::default());
        let (mut busy, _) = rig.opened_peer();
        write(&mut busy, &b"x\n".repeat(200));
        rig.message();
        let _waiting = rig.peer();
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
        assert_eq!(child::limit_descriptors(open + 5), open + 5);
        let _files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        let mut failures = Vec::new();
        let mut messages = 1;
        let mut quiet = 0;
        // The rounds with the messages, and then some.
        while messages < 200 || quiet < 10 {
            match rig.event_loop.poll(Some(Duration::ZERO)).unwrap() {
                Some(LoopEvent::Message { .. }) => messages += 1,
                Some(LoopEvent::AcceptFailed { .. }) => failures.push(Instant::now()),
                Some(other) => panic!("{other:?}"),
                None if messages == 200 => quiet += 1,
                None => {}
            }
        }
        // The next one is for after the pause.
        assert!(!failures.is_empty());
        let gaps: Vec<_> = failures.windows(2).map(|two| two[1] - two[0]).collect();
        assert!(gaps.iter().all(|gap| *gap >= Duration::from_millis(40)), "{gaps:?}");
    });
}

/// What this process has used of its processors, in ticks of 10 ms; the file is `/proc/self/stat`.
#[cfg(target_os = "linux")]
fn cpu_time(stat: &std::fs::File) -> Duration {
    let mut text = [0; 1024];
    let length = std::os::unix::fs::FileExt::read_at(stat, &mut text, 0).unwrap();
    let text = String::from_utf8_lossy(&text[..length]);
    let fields: Vec<&str> = text.rsplit(')').next().unwrap().split_whitespace().collect();
    let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
    Duration::from_millis(ticks * 10)
}
