//! What a loop allows, and what it does about more.

use std::time::{Duration, Instant};

use sockeye::{CloseReason, ConnectionOptions, EventLoopOptions, Framing, ListenOptions, LoopEvent};

use super::rig::{Rig, rest_of, write};
use crate::support::LONG;

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
    listening.connection.opening_limit = Some(Duration::from_millis(150));
    let mut rig = Rig::with(Framing::Tiny, options, listening);
    // Two that say nothing, and a third who is turned away while they wait.
    let mut silent: Vec<_> = (0..2).map(|_| rig.peer()).collect();
    assert!(rig.during(Duration::from_millis(30)).is_empty());
    let mut third = rig.peer();
    assert!(rig.during(Duration::from_millis(30)).is_empty());
    assert_eq!(rest_of(&mut third), b"\xfe");
    // Their time runs out, nobody hears of them, and there is room again.
    assert!(rig.during(Duration::from_millis(200)).is_empty());
    for peer in &mut silent {
        assert_eq!(rest_of(peer), b"\xff", "the greeting, and the end");
    }
    assert_eq!(rig.event_loop.counters().refused, 3);
    assert_eq!(rig.event_loop.counters().connections, 0);
    let mut peer = rig.peer();
    write(&mut peer, b"\xff");
    rig.opened();
}

#[test]
fn idle_connections_are_closed_and_others_are_not() {
    let mut options = ConnectionOptions::default();
    options.idle_limit = Some(Duration::from_millis(150));
    let mut rig = Rig::with_connections(Framing::lines(), options);
    let (_idle, idle) = rig.opened_peer();
    let (mut busy, busy_id) = rig.opened_peer();
    let begin = Instant::now();
    let mut closed = Vec::new();
    while begin.elapsed() < Duration::from_millis(400) {
        write(&mut busy, b"x");
        for event in rig.during(Duration::from_millis(20)) {
            match event {
                LoopEvent::Closed { id, reason, .. } => {
                    assert!(begin.elapsed() >= Duration::from_millis(140), "{:?}", begin.elapsed());
                    assert!(matches!(reason, CloseReason::Idle(limit) if limit == Duration::from_millis(150)));
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
    let mut sent = 0;
    while rig.event_loop.send(id, &vec![b'a' + (sent % 26) as u8; LINE]).is_done() {
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
            assert!(line[..LINE].iter().all(|byte| *byte == b'a' + (number % 26) as u8), "line {number}");
        }
        peer
    });
    rig.until(|_, event| match event {
        LoopEvent::Drained { id: drained } => (drained == id).then_some(()),
        other => panic!("{other:?}"),
    });
    assert_eq!(rig.event_loop.counters().queued_bytes, 0);
    reader.join().unwrap();
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
        let mut waiting: Vec<_> = (0..5).map(|_| rig.peer()).collect();
        let stat = std::fs::File::open("/proc/self/stat").unwrap();
        // Whatever number is free below the new limit is taken.
        let open = std::fs::read_dir("/proc/self/fd").unwrap().count() as u64;
        assert_eq!(child::limit_descriptors(open + 5), open + 5);
        let files: Vec<_> = std::iter::from_fn(|| std::fs::File::open("/dev/null").ok()).collect();
        let used = cpu_time(&stat);
        let begin = Instant::now();
        let events = rig.during(Duration::from_millis(500));
        assert!(!events.is_empty() && events.len() < 30, "{} events", events.len());
        for event in &events {
            let LoopEvent::AcceptFailed { listener, error } = event else { panic!("{event:?}") };
            assert!(*listener == rig.listener && error.kind() == sockeye::ErrorKind::TooManyFiles, "{error}");
        }
        let share = (cpu_time(&stat) - used).as_secs_f64() / begin.elapsed().as_secs_f64();
        assert!(share < 0.3, "it spins: {share}");
        for peer in &mut waiting {
            assert_eq!(rest_of(peer), b"", "closed, not left waiting");
        }
        assert_eq!(rig.event_loop.counters().refused, 5);
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
