//! The selector: what is ready and what is not, and sockets that come and go while it watches them.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    clippy::doc_markdown,
    clippy::needless_pass_by_value
)]

#[path = "support/in_time.rs"]
mod in_time;
mod support;

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use sockeye::{
    ErrorKind, Event, Interest, IpAddress, Key, LocalListener, LocalSocket, Packet, SocketSelector, StatusCode,
    TcpListener, TcpSocket, UdpSocket,
};

use support::{Family, LONG, Listen, Local, Mode, Stream, V4, V6, child, connected, fill, in_thread, listening};

fn selector() -> SocketSelector {
    SocketSelector::new().unwrap()
}

fn keys(selector: &SocketSelector) -> Vec<Key> {
    selector.ready().map(|event| event.key).collect()
}

fn looks(selector: &mut SocketSelector) -> bool {
    selector.wait(Some(Duration::ZERO)).unwrap()
}

#[test]
fn readable_sockets_of_every_family_are_ready_until_they_are_drained() {
    fn check<F: Family>() {
        let (mut client, mut server) = connected::<F>(Mode::NonBlocking);
        let mut selector = selector();
        let key = selector.add(&client).unwrap();
        assert!(!looks(&mut selector));
        assert!(!selector.is_ready(&client));
        server.send(b"two").into_result().unwrap();
        // By level: ready again as long as something is left.
        for _ in 0..3 {
            assert!(selector.wait(Some(LONG)).unwrap());
            assert!(selector.is_ready(&client));
            assert!(!selector.is_writable(&client), "it is not watched for writing");
            let events: Vec<Event> = selector.ready().collect();
            assert_eq!(events, [Event { key, readable: true, writable: false }]);
            client.receive(&mut [0; 1]).into_result().unwrap();
        }
        assert!(!looks(&mut selector));
        assert!(!selector.is_ready(&client));
        assert_eq!(selector.ready().count(), 0);
        server.disconnect();
        assert!(selector.wait(Some(LONG)).unwrap());
        assert!(selector.is_ready(&client), "the end can be received too");
    }
    check::<V4>();
    if support::has_v6() {
        check::<V6>();
    }
    check::<Local>();
}

#[test]
fn listeners_and_udp_sockets_are_watched_too() {
    let (mut tcp, port) = listening::<V4>();
    let (mut local, path) = listening::<Local>();
    let mut udp = UdpSocket::new();
    udp.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    let mut selector = selector();
    let tcp_key = selector.add(&tcp).unwrap();
    let local_key = selector.add(&local).unwrap();
    let udp_key = selector.add(&udp).unwrap();
    assert_eq!(selector.len(), 3);
    assert!(!looks(&mut selector));

    let mut client = TcpSocket::new();
    client.connect(IpAddress::LOCAL_HOST, port).into_result().unwrap();
    assert!(selector.wait(Some(LONG)).unwrap());
    assert_eq!(keys(&selector), [tcp_key]);
    assert!(selector.is_ready(&tcp) && !selector.is_ready(&local) && !selector.is_ready(&udp));
    tcp.accept().into_result().unwrap();

    let mut client = LocalSocket::new();
    client.connect(&path).into_result().unwrap();
    assert!(selector.wait(Some(LONG)).unwrap());
    assert_eq!(keys(&selector), [local_key]);
    local.accept().into_result().unwrap();

    UdpSocket::new().send(b"x", IpAddress::LOCAL_HOST, udp.local_port()).into_result().unwrap();
    assert!(selector.wait(Some(LONG)).unwrap());
    assert_eq!(keys(&selector), [udp_key]);
}

#[test]
fn a_socket_that_is_not_open_cannot_be_added() {
    let mut selector = selector();
    assert_eq!(selector.add(&TcpSocket::new()).unwrap_err().kind(), ErrorKind::NotOpen);
    assert_eq!(selector.add(&TcpListener::new()).unwrap_err().kind(), ErrorKind::NotOpen);
    assert_eq!(selector.add(&UdpSocket::new()).unwrap_err().kind(), ErrorKind::NotOpen);
    assert_eq!(selector.add(&LocalSocket::new()).unwrap_err().kind(), ErrorKind::NotOpen);
    assert_eq!(selector.add(&LocalListener::new()).unwrap_err().kind(), ErrorKind::NotOpen);
    let (mut client, _server) = connected::<V4>(Mode::Blocking);
    client.disconnect();
    assert_eq!(selector.add(&client).unwrap_err().kind(), ErrorKind::NotOpen);
    assert!(selector.is_empty());
}

#[test]
fn adding_again_changes_the_interest_and_keeps_the_key() {
    let (mut client, mut server) = connected::<V4>(Mode::NonBlocking);
    let mut selector = selector();
    let key = selector.add(&client).unwrap();
    assert!(!looks(&mut selector));
    assert_eq!(selector.add_with(&client, Interest::Write).unwrap(), key);
    assert_eq!(selector.len(), 1);
    assert!(looks(&mut selector));
    assert!(selector.is_writable(&client) && !selector.is_ready(&client));
    server.send(b"x").into_result().unwrap();
    assert!(looks(&mut selector));
    assert!(!selector.is_ready(&client), "it is watched for writing only");
    selector.modify(&client, Interest::Both).unwrap();
    support::await_ready(&client, Interest::Read);
    assert!(looks(&mut selector));
    let events: Vec<Event> = selector.ready().collect();
    assert_eq!(events, [Event { key, readable: true, writable: true }]);
    fill(&mut client);
    assert!(looks(&mut selector));
    assert!(selector.is_ready(&client) && !selector.is_writable(&client));
}

#[test]
fn only_watched_sockets_can_be_modified() {
    let (client, _server) = connected::<V4>(Mode::NonBlocking);
    let mut selector = selector();
    assert_eq!(selector.modify(&client, Interest::Read).unwrap_err().kind(), ErrorKind::NotOpen);
    assert_eq!(selector.modify(&TcpSocket::new(), Interest::Read).unwrap_err().kind(), ErrorKind::NotOpen);
    assert!(selector.is_empty());
}

#[test]
fn a_pending_connect_is_writable_when_it_has_ended() {
    let (_listener, port) = listening::<V4>();
    for (port, expected) in [(port, StatusCode::Done), (V4::refusing_address(), StatusCode::Error)] {
        let mut client = TcpSocket::new();
        client.set_blocking(false).unwrap();
        assert_eq!(client.connect(IpAddress::LOCAL_HOST, port).code(), StatusCode::NotReady);
        let mut selector = selector();
        selector.add_with(&client, Interest::Write).unwrap();
        assert!(selector.wait(Some(LONG)).unwrap());
        assert!(selector.is_writable(&client));
        assert_eq!(client.finish_connect().code(), expected);
    }
    let (stuck, _full) = V4::full_listener();
    let mut client = TcpSocket::new();
    client.set_blocking(false).unwrap();
    assert_eq!(client.connect(IpAddress::LOCAL_HOST, stuck).code(), StatusCode::NotReady);
    let mut selector = selector();
    selector.add_with(&client, Interest::Both).unwrap();
    assert!(!selector.wait(Some(Duration::from_millis(20))).unwrap());
}

#[test]
fn removing_is_told_apart_from_not_being_there() {
    let (client, mut server) = connected::<V4>(Mode::NonBlocking);
    let (other, _peer) = connected::<V4>(Mode::NonBlocking);
    let mut selector = selector();
    assert!(!selector.remove(&client));
    assert!(!selector.remove(&TcpSocket::new()));
    selector.add(&client).unwrap();
    server.send(b"x").into_result().unwrap();
    assert!(selector.wait(Some(LONG)).unwrap());
    assert!(!selector.remove(&other));
    assert!(selector.remove(&client));
    assert!(!selector.remove(&client));
    assert!(!selector.is_ready(&client), "removed, so not ready");
    assert_eq!(selector.ready().count(), 0);
    assert!(!looks(&mut selector));
    // And back again.
    selector.add(&client).unwrap();
    assert!(looks(&mut selector));
}

#[test]
fn clearing_forgets_every_socket_and_they_can_be_added_again() {
    let pairs: Vec<_> = (0..5).map(|_| connected::<V4>(Mode::NonBlocking)).collect();
    let mut selector = selector();
    let mut servers = Vec::new();
    for (client, mut server) in pairs {
        selector.add(&client).unwrap();
        server.send(b"x").into_result().unwrap();
        servers.push((client, server));
    }
    assert!(selector.wait(Some(LONG)).unwrap());
    selector.clear();
    assert_eq!((selector.len(), selector.ready().count()), (0, 0));
    assert!(servers.iter().all(|(client, _)| !selector.is_ready(client)));
    assert!(!looks(&mut selector));
    for (client, _) in &servers {
        support::await_ready(client, Interest::Read);
        selector.add(client).unwrap();
    }
    assert!(looks(&mut selector));
    assert_eq!(selector.ready().count(), 5);
}

#[test]
fn sockets_that_end_leave_by_themselves() {
    let mut selector = selector();
    let (mut disconnected, _a) = connected::<V4>(Mode::NonBlocking);
    let (dropped, _b) = connected::<V4>(Mode::NonBlocking);
    let (converted, _c) = connected::<V4>(Mode::NonBlocking);
    let (mut closed, _) = listening::<V4>();
    let (mut listens_again, _) = listening::<V4>();
    let mut unbound = UdpSocket::new();
    unbound.bind(0).into_result().unwrap();
    let (mut local, _) = listening::<Local>();
    for added in [selector.add(&disconnected), selector.add(&dropped), selector.add(&converted)] {
        added.unwrap();
    }
    selector.add(&closed).unwrap();
    selector.add(&listens_again).unwrap();
    selector.add(&unbound).unwrap();
    selector.add(&local).unwrap();
    assert_eq!(selector.len(), 7);
    disconnected.disconnect();
    drop(dropped);
    let stream = std::net::TcpStream::try_from(converted).unwrap();
    closed.close();
    listens_again.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    unbound.unbind();
    local.close();
    assert_eq!(selector.len(), 0);
    assert!(!looks(&mut selector));
    drop(stream);
}

#[test]
fn a_socket_that_goes_while_the_ready_ones_are_gone_through_is_left_out() {
    let mut selector = selector();
    let mut pairs: Vec<_> = (0..4).map(|_| connected::<V4>(Mode::NonBlocking)).collect();
    let mut all = Vec::new();
    for (client, server) in &mut pairs {
        all.push(selector.add(client).unwrap());
        server.send(b"x").into_result().unwrap();
        support::await_ready(client, Interest::Read);
    }
    assert!(looks(&mut selector));
    let mut seen = Vec::new();
    // The first one that is handled ends all the others.
    for event in selector.ready() {
        seen.push(event.key);
        pairs.truncate(1 + all.iter().position(|key| *key == event.key).unwrap());
        pairs.drain(..pairs.len() - 1);
    }
    assert_eq!(seen.len(), 1);
    assert_eq!(selector.len(), 1);
}

#[test]
fn a_reconnected_socket_is_a_new_one() {
    let mut selector = selector();
    let (mut client, _old) = connected::<V4>(Mode::Blocking);
    let old_key = selector.add(&client).unwrap();
    let (mut listener, port) = listening::<V4>();
    client.connect(IpAddress::LOCAL_HOST, port).into_result().unwrap();
    listener.accept().into_result().unwrap().send(b"x").into_result().unwrap();
    support::await_ready(&client, Interest::Read);
    assert_eq!(selector.len(), 0);
    assert!(!looks(&mut selector));
    let new_key = selector.add(&client).unwrap();
    assert_ne!(new_key, old_key);
    assert!(looks(&mut selector));
}

#[test]
fn sockets_may_move() {
    let mut selector = selector();
    let mut homes = Vec::new();
    for _ in 0..20 {
        let (client, mut server) = connected::<V4>(Mode::NonBlocking);
        selector.add(&client).unwrap();
        server.send(b"x").into_result().unwrap();
        homes.push(Box::new((client, server)));
    }
    homes.reverse();
    let homes: Vec<(TcpSocket, TcpSocket)> = homes.into_iter().map(|home| *home).collect();
    for (client, _) in &homes {
        support::await_ready(client, Interest::Read);
    }
    assert!(looks(&mut selector));
    assert!(homes.iter().all(|(client, _)| selector.is_ready(client)));
}

#[test]
fn keys_are_never_used_twice() {
    let mut selector = selector();
    let mut seen = HashSet::new();
    for _ in 0..1000 {
        let mut socket = UdpSocket::new();
        socket.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
        assert!(seen.insert(selector.add(&socket).unwrap()));
    }
}

#[test]
fn two_selectors_may_watch_one_socket() {
    let (client, mut server) = connected::<V4>(Mode::NonBlocking);
    let (mut first, mut second) = (selector(), selector());
    first.add(&client).unwrap();
    second.add(&client).unwrap();
    server.send(b"x").into_result().unwrap();
    assert!(first.wait(Some(LONG)).unwrap() && second.wait(Some(LONG)).unwrap());
    assert!(first.is_ready(&client) && second.is_ready(&client));
    drop(first);
    assert!(second.wait(Some(LONG)).unwrap());
    drop(client);
    assert_eq!(second.len(), 0);
}

#[test]
fn a_selector_may_go_before_its_sockets() {
    let (mut client, mut server) = connected::<V4>(Mode::Blocking);
    for _ in 0..10 {
        let mut selector = selector();
        selector.add(&client).unwrap();
    }
    server.send(b"x").into_result().unwrap();
    assert_eq!(client.receive(&mut [0]).done(), Some(1));
}

#[test]
fn sockets_may_be_dropped_on_other_threads_while_it_waits() {
    let mut selector = selector();
    let pairs: Vec<_> = (0..50)
        .map(|_| {
            let pair = connected::<V4>(Mode::NonBlocking);
            selector.add(&pair.0).unwrap();
            pair
        })
        .collect();
    let (last, mut peer) = connected::<V4>(Mode::NonBlocking);
    selector.add(&last).unwrap();
    let dropper = in_thread(move || {
        drop(pairs);
        peer.send(b"x").into_result().unwrap();
        peer
    });
    assert!(selector.wait(Some(LONG)).unwrap());
    while !selector.is_ready(&last) {
        assert!(selector.wait(Some(LONG)).unwrap());
    }
    dropper.join();
    assert_eq!(selector.len(), 1);
}

/// A packet that sits in the socket already is something to receive, though the kernel has nothing.
#[test]
fn packets_in_a_sockets_own_buffer_make_it_ready() {
    fn check<F: Family>() {
        let (mut client, mut server) = connected::<F>(Mode::NonBlocking);
        let mut selector = selector();
        let key = selector.add(&client).unwrap();
        for number in 0..3_u8 {
            server.queue_packet(&support::packet_of(2, number)).into_result().unwrap();
        }
        server.flush().into_result().unwrap();
        server.send(b"\0\0\0\x09hal").into_result().unwrap();
        let mut packet = Packet::new();
        let mut received = 0;
        while received < 3 {
            assert!(selector.wait(Some(LONG)).unwrap(), "after {received} packets");
            assert_eq!(keys(&selector), [key]);
            assert!(selector.is_ready(&client));
            if client.receive_packet(&mut packet).is_done() {
                received += 1;
            }
        }
        while client.receive_packet(&mut packet).is_done() {}
        assert!(!looks(&mut selector), "half a packet is nothing to receive");
        // A socket that holds packets when it is added, and one that is watched for writing only.
        server.send(b"f-size\0\0\0\0\0\0\0\0").into_result().unwrap();
        assert!(selector.remove(&client));
        support::await_ready(&client, Interest::Read);
        assert!(client.receive_packet(&mut packet).is_done());
        selector.add(&client).unwrap();
        assert!(looks(&mut selector));
        selector.modify(&client, Interest::Write).unwrap();
        assert!(looks(&mut selector));
        assert!(!selector.is_ready(&client) && selector.is_writable(&client));
        selector.modify(&client, Interest::Read).unwrap();
        assert!(looks(&mut selector));
        client.disconnect();
        assert!(!looks(&mut selector));
    }
    check::<V4>();
    check::<Local>();
}

/// Bytes that came with a packet can be received raw, and then there is nothing more.
#[test]
fn a_raw_receive_empties_the_sockets_own_buffer() {
    let (mut client, mut server) = connected::<V4>(Mode::NonBlocking);
    let mut selector = selector();
    selector.add(&client).unwrap();
    server.send(b"\0\0\0\0\0\0\0\x01x").into_result().unwrap();
    support::await_ready(&client, Interest::Read);
    assert!(client.receive_packet(&mut Packet::new()).is_done());
    assert!(looks(&mut selector));
    assert_eq!(client.receive(&mut [0; 16]).done(), Some(5));
    assert!(!looks(&mut selector));
}

/// A packet and raw bytes may come together: the bytes behind the packet are something to receive as well.
#[test]
fn raw_bytes_behind_a_packet_make_a_socket_ready() {
    fn check<F: Family>() {
        let (mut client, mut server) = connected::<F>(Mode::NonBlocking);
        let mut selector = selector();
        selector.add(&client).unwrap();
        server.send(b"\0\0\0\x01xabc").into_result().unwrap();
        support::await_ready(&client, Interest::Read);
        assert!(client.receive_packet(&mut Packet::new()).is_done());
        for byte in b"abc" {
            assert!(looks(&mut selector) && selector.is_ready(&client));
            let mut buffer = [0];
            assert_eq!(client.receive(&mut buffer).done(), Some(1));
            assert_eq!(buffer[0], *byte);
        }
        assert!(!looks(&mut selector));
        // For somebody who waits for a packet they are part of one.
        server.send(b"\0\0\0\x01xabc").into_result().unwrap();
        support::await_ready(&client, Interest::Read);
        assert!(client.receive_packet(&mut Packet::new()).is_done());
        assert!(looks(&mut selector));
        assert!(client.receive_packet(&mut Packet::new()).is_not_ready());
        assert!(!looks(&mut selector));
    }
    check::<V4>();
    check::<Local>();
}

/// Urgent data is skipped by a receive; until then it must not be reported as nothing, or a wait would spin on it.
#[test]
fn urgent_data_ends_with_a_receive() {
    let (mut client, server) = connected::<V4>(Mode::NonBlocking);
    let mut selector = selector();
    selector.add(&client).unwrap();
    socket2::SockRef::from(&server.native_handle().unwrap()).send_out_of_band(b"!").unwrap();
    assert!(selector.wait(Some(LONG)).unwrap());
    assert!(selector.is_ready(&client));
    assert_eq!(client.receive(&mut [0; 4]).code(), StatusCode::NotReady);
    let begin = Instant::now();
    assert!(!selector.wait(Some(Duration::from_millis(50))).unwrap());
    assert!(begin.elapsed() >= Duration::from_millis(50));
}

#[test]
fn an_empty_selector_sleeps_its_limit() {
    for milliseconds in [200, 50, 1] {
        let limit = Duration::from_millis(milliseconds);
        let begin = Instant::now();
        assert!(!selector().wait(Some(limit)).unwrap());
        assert!(begin.elapsed() >= limit, "{:?} of {limit:?}", begin.elapsed());
    }
}

/// Never short; how late it may be depends on the machine, so the best of many tries counts.
#[test]
fn limits_are_exact_to_the_millisecond() {
    let mut selector = selector();
    for limit in [Duration::from_micros(100), Duration::from_micros(900), Duration::from_micros(16_667)] {
        let mut best = Duration::MAX;
        for _ in 0..200 {
            let begin = Instant::now();
            assert!(!selector.wait(Some(limit)).unwrap());
            assert!(begin.elapsed() >= limit, "{:?} of {limit:?}", begin.elapsed());
            best = best.min(begin.elapsed());
            if best < limit + Duration::from_millis(1) {
                break;
            }
        }
        assert!(best < limit + Duration::from_millis(1), "{best:?} of {limit:?}");
    }
}

#[test]
fn a_zero_limit_only_looks() {
    let mut selector = selector();
    in_time::once_within(Duration::from_millis(900), || {
        for _ in 0..1000 {
            assert!(!looks(&mut selector));
        }
    });
}

/// A limit beyond what the clock can count is none.
#[test]
fn a_waker_ends_a_wait_from_another_thread() {
    for limit in [None, Some(Duration::MAX), Some(LONG)] {
        let mut selector = selector();
        let waker = selector.waker();
        let clone = waker.clone();
        let thread = in_thread(move || clone.wake().unwrap());
        let begin = Instant::now();
        assert!(!selector.wait(limit).unwrap());
        assert!(begin.elapsed() < LONG / 2);
        thread.join();
        // One wake ends one wait.
        assert!(!selector.wait(Some(Duration::from_millis(1))).unwrap());
        // A wake before a wait is not lost, and many are one.
        waker.wake().unwrap();
        waker.wake().unwrap();
        let begin = Instant::now();
        assert!(!selector.wait(limit).unwrap());
        assert!(begin.elapsed() < LONG / 2);
        let begin = Instant::now();
        assert!(!selector.wait(Some(Duration::from_millis(20))).unwrap());
        assert!(begin.elapsed() >= Duration::from_millis(20));
        drop(selector);
        waker.wake().unwrap();
    }
}

#[test]
fn a_waker_survives_a_clear_and_ready_sockets_are_not_lost() {
    let (client, mut server) = connected::<V4>(Mode::NonBlocking);
    let mut selector = selector();
    selector.add(&client).unwrap();
    let waker = selector.waker();
    selector.clear();
    selector.add(&client).unwrap();
    server.send(b"x").into_result().unwrap();
    support::await_ready(&client, Interest::Read);
    waker.wake().unwrap();
    assert!(selector.wait(Some(LONG)).unwrap());
    assert!(selector.is_ready(&client));
}

/// No limit on the number of sockets: ten thousand of them, one ready, all ready, all gone.
#[test]
fn ten_thousand_sockets() {
    child::in_child("ten_thousand_sockets", || {
        const PAIRS: usize = 5_000;
        child::need_descriptors(2 * PAIRS as u64 + 50);
        let (mut listener, port) = listening::<V4>();
        Listen::set_blocking(&mut listener, true).unwrap();
        let mut selector = selector();
        let mut sockets = Vec::with_capacity(2 * PAIRS);
        for _ in 0..PAIRS {
            let mut client = TcpSocket::new();
            client.connect_timeout(IpAddress::LOCAL_HOST, port, LONG).into_result().unwrap();
            let server = listener.accept().into_result().unwrap();
            for mut socket in [client, server] {
                socket.set_blocking(false).unwrap();
                selector.add(&socket).unwrap();
                sockets.push(socket);
            }
        }
        assert_eq!(selector.len(), 10_000);
        assert!(!looks(&mut selector));

        sockets[7_776].send(b"x").into_result().unwrap();
        assert!(selector.wait(Some(LONG)).unwrap());
        assert_eq!(selector.ready().count(), 1);
        let ready: Vec<usize> = (0..sockets.len()).filter(|at| selector.is_ready(&sockets[*at])).collect();
        assert_eq!(ready, [7_777]);

        for socket in &mut sockets {
            assert!(socket.send(b"y").is_done());
        }
        let end = Instant::now() + LONG;
        let mut received = 0;
        while received < 10_001 && Instant::now() < end {
            assert!(selector.wait(Some(LONG)).unwrap());
            for socket in &mut sockets {
                if selector.is_ready(socket) {
                    received += socket.receive(&mut [0; 8]).into_result().unwrap();
                }
            }
        }
        assert_eq!(received, 10_001);
        assert!(!looks(&mut selector));
        for socket in &mut sockets {
            assert!(socket.send(b"z").is_done());
        }
        // Every ready socket is in one answer, however many there are.
        let mut most = 0;
        while most < 10_000 && Instant::now() < end {
            assert!(selector.wait(Some(LONG)).unwrap());
            most = selector.ready().count();
        }
        assert_eq!(most, 10_000);
        drop(sockets);
        assert_eq!((selector.len(), selector.ready().count()), (0, 0));
    });
}
