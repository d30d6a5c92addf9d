//! Messages in every framing, over every kind of stream.

use std::{
    io::{Read, Write},
    time::Duration,
};

use sockeye::{
    CloseReason, ConnectOptions, Endpoint, ErrorKind, EventLoop, Framing, ListenOptions, LoopEvent, TcpListener,
};

use super::rig::{Rig, loopback, until};
use crate::{
    in_time::once_within,
    support::{fresh_path, in_thread},
};

const FRAMINGS: [Framing; 4] = [Framing::lines(), Framing::Packet, Framing::Tiny, Framing::Multiprocessing];

#[test]
fn messages_go_both_ways_in_every_framing() {
    for framing in FRAMINGS {
        let mut rig = Rig::new(framing);
        let mut peer = rig.framed_peer(framing);
        let id = rig.opened();
        for length in [0, 1, 1000, 60_000] {
            let sent = vec![b'x'; length];
            peer.send(&sent).into_result().unwrap();
            let (from, message) = rig.message();
            assert_eq!(from, id);
            assert!(message == sent, "{framing:?} {length}");
            rig.event_loop.send(id, &message).into_result().unwrap();
            assert!(peer.receive().done().unwrap() == sent, "{framing:?} {length}");
        }
        peer.close();
        let (gone, reason, leftover) = rig.closed();
        assert_eq!(gone, id);
        assert!(matches!(reason, CloseReason::Peer), "{reason}");
        assert_eq!(leftover, b"");
        let counters = rig.event_loop.counters();
        assert_eq!((counters.messages_received, counters.messages_sent), (4, 4));
        assert_eq!((counters.bytes_received, counters.bytes_sent), (61_001, 61_001));
        assert_eq!((counters.opened, counters.closed, counters.connections, counters.queued_bytes), (1, 1, 0, 0));
    }
}

/// Peers of tinyproto hear that their messages were taken, whether or not the program answers.
#[test]
fn tiny_messages_are_acknowledged() {
    let mut rig = Rig::new(Framing::Tiny);
    let mut peer = rig.peer();
    super::rig::write(&mut peer, b"\xff\0\0\0\x02hi");
    rig.opened();
    assert_eq!(rig.message().1, b"hi");
    assert!(rig.during(Duration::from_millis(20)).is_empty());
    assert_eq!(super::rig::read(&mut peer, 2), b"\xff\xff");
    // A real one waits for it before it goes on.
    super::rig::write(&mut peer, b"\0\0\0\x03");
    assert!(rig.during(Duration::from_millis(20)).is_empty());
    assert_eq!(super::rig::read(&mut peer, 1), b"\xff");
    super::rig::write(&mut peer, b"bye");
    assert_eq!(rig.message().1, b"bye");
}

/// Four listeners, one of them local, and the connections to them, all in one loop: a message goes there and back.
#[test]
fn one_loop_holds_all_ends() {
    let path = fresh_path();
    let mut event_loop = EventLoop::new().unwrap();
    let mut clients = Vec::new();
    for (number, framing) in FRAMINGS.into_iter().enumerate() {
        let at = if number == 0 { Endpoint::Local(path.clone()) } else { loopback(0) };
        let listener = event_loop.listen(&at, framing, ListenOptions::default()).unwrap();
        let to = if number == 0 { at } else { loopback(event_loop.local_port(listener)) };
        let client = event_loop.connect(&to, framing, ConnectOptions::default()).unwrap();
        clients.push((client, listener, None));
    }
    let mut answers = 0;
    until(&mut event_loop, |event_loop, event| {
        match event {
            LoopEvent::Opened { id, listener: None } => {
                assert!(clients.iter().any(|(client, ..)| *client == id));
                event_loop.send(id, b"salmon").into_result().unwrap();
            }
            LoopEvent::Opened { id, listener } => {
                let (_, _, server) = clients.iter_mut().find(|(_, at, _)| Some(*at) == listener).unwrap();
                assert_eq!(server.replace(id), None, "one connection for each listener");
            }
            LoopEvent::Message { id, message } => {
                assert_eq!(message, b"salmon");
                if clients.iter().any(|(client, ..)| *client == id) {
                    answers += 1;
                } else {
                    event_loop.send(id, &message).into_result().unwrap();
                }
            }
            other => panic!("{other:?}"),
        }
        (answers == FRAMINGS.len()).then_some(())
    });
    assert_eq!(event_loop.connections().count(), 8);
    drop(event_loop);
    assert!(!path.exists(), "the loop leaves no file behind");
}

#[test]
fn a_connect_that_fails_has_one_event() {
    let mut listener = TcpListener::new();
    listener.listen_on([127, 0, 0, 1], 0).into_result().unwrap();
    let port = listener.local_port();
    listener.close();
    let mut rig = Rig::new(Framing::lines());
    for endpoint in [loopback(port), Endpoint::Tcp { host: Some("localhost".into()), port }] {
        // One of them says something as soon as it can.
        for framing in [Framing::lines(), Framing::Tiny] {
            let client = rig.event_loop.connect(&endpoint, framing, ConnectOptions::default()).unwrap();
            let (id, reason, _) = rig.closed();
            assert_eq!(id, client);
            let CloseReason::ConnectFailed(error) = reason else { panic!("{reason}") };
            assert!(matches!(error.kind(), ErrorKind::Refused | ErrorKind::Unreachable), "{framing:?}: {error}");
        }
    }
    let nobody = Endpoint::Local(fresh_path());
    let client = rig.event_loop.connect(&nobody, Framing::lines(), ConnectOptions::default()).unwrap();
    let (id, reason, _) = rig.closed();
    assert_eq!((id, reason.error().unwrap().kind()), (client, ErrorKind::Unreachable));
    assert!(rig.during(Duration::from_millis(50)).is_empty());
}

#[cfg(feature = "tls")]
#[test]
fn encryption_is_required_or_off() {
    use sockeye::{Connection, EventLoopOptions, IpAddress, TcpSocket, TlsSocket};

    use crate::support::tls;

    let mut listening = ListenOptions::default();
    listening.tls = Some(tls::server().clone());
    let mut rig = Rig::with(Framing::lines(), EventLoopOptions::default(), listening.clone());

    // Both ends in the loop.
    let mut options = ConnectOptions::default();
    options.tls = Some(tls::client().clone());
    let client = rig.event_loop.connect(&loopback(rig.port), Framing::lines(), options.clone()).unwrap();
    let answer = rig.until(|event_loop, event| match event {
        LoopEvent::Opened { id, .. } if id == client => {
            event_loop.send(id, b"hello").into_result().unwrap();
            None
        }
        LoopEvent::Opened { .. } => None,
        LoopEvent::Message { id, message } if id == client => Some(message),
        LoopEvent::Message { id, message } => {
            event_loop.send(id, &message.repeat(1000)).into_result().unwrap();
            None
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(answer, b"hello".repeat(1000));

    // A peer outside of it.
    let mut socket = TcpSocket::new();
    socket.connect(IpAddress::LOCAL_HOST, rig.port).into_result().unwrap();
    let thread = std::thread::spawn(move || {
        let mut peer = Connection::new(TlsSocket::client(socket, tls::client(), tls::NAME).unwrap(), Framing::lines());
        peer.set_timeout(Some(crate::support::LONG)).unwrap();
        peer.send(b"from outside").into_result().unwrap();
        peer.receive().done()
    });
    rig.opened();
    let (id, message) = rig.message();
    rig.event_loop.send(id, &message).into_result().unwrap();
    while !thread.is_finished() {
        rig.event_loop.poll(super::rig::STEP).unwrap();
    }
    assert_eq!(thread.join().unwrap().unwrap(), b"from outside");

    // One who does not encrypt is not let in, and nobody hears of it.
    let mut rig = Rig::with(Framing::lines(), EventLoopOptions::default(), listening);
    let mut plain = rig.peer();
    super::rig::write(&mut plain, b"let me in, this is no record of TLS\n");
    assert!(rig.during(Duration::from_millis(100)).is_empty());
    assert_eq!(rig.event_loop.counters().refused, 1);

    // Nor does a client go on with a server that does not.
    let mut rig = Rig::new(Framing::lines());
    options.connection.opening_limit = Some(Duration::from_millis(200));
    let client = rig.event_loop.connect(&loopback(rig.port), Framing::lines(), options).unwrap();
    let reason = rig.until(|_, event| match event {
        LoopEvent::Closed { id, reason, .. } if id == client => Some(reason),
        LoopEvent::Opened { id, .. } => {
            assert_ne!(id, client);
            None
        }
        _ => None,
    });
    assert!(matches!(reason, CloseReason::ConnectFailed(_)), "{reason}");
}

/// A peer as Python's holds the body of a message back until its length is acknowledged; 40 ms each where the loop sleeps
/// before that.
#[cfg(target_os = "linux")]
#[test]
fn a_peer_that_waits_for_acknowledgements_does_not_wait_for_the_loop() {
    // 1.2 s with them.
    once_within(Duration::from_millis(400), || {
        const COUNT: usize = 30;
        let mut rig = Rig::new(Framing::Multiprocessing);
        let (mut peer, _) = rig.opened_peer();
        peer.set_nodelay(false).unwrap();
        let python = in_thread(move || {
            let body = vec![7; 20_000];
            let mut answer = vec![0; 4 + body.len()];
            for _ in 0..COUNT {
                peer.write_all(&(body.len() as u32).to_be_bytes()).unwrap();
                peer.write_all(&body).unwrap();
                peer.read_exact(&mut answer).unwrap();
            }
        });
        for _ in 0..COUNT {
            let (id, message) = rig.message();
            assert!(rig.event_loop.send(id, &message).is_done());
        }
        python.join();
    });
}
