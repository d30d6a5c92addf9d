//! UDP: send, receive, bind.

use std::time::{Duration, Instant};

use sockeye::{DatagramBatch, Error, ErrorKind, IpAddress, Packet, StatusCode, UdpSocket};

use crate::{
    in_time::once_within,
    support::{LONG, Mode, SHORT, await_ready, child, has_v6, in_thread, loopbacks, packet_of},
};

/// Makes the IPv4 and the IPv6 test of a row; each runs in both modes.
macro_rules! rows {
    ($($row:ident;)*) => {
        $(
            mod $row {
                #[test]
                fn v4() {
                    super::$row(sockeye::IpAddress::LOCAL_HOST, super::Mode::Blocking);
                    super::$row(sockeye::IpAddress::LOCAL_HOST, super::Mode::NonBlocking);
                }
                #[test]
                fn v6() {
                    if !crate::support::has_v6() {
                        return;
                    }
                    super::$row(sockeye::IpAddress::LOCAL_HOST_V6, super::Mode::Blocking);
                    super::$row(sockeye::IpAddress::LOCAL_HOST_V6, super::Mode::NonBlocking);
                }
            }
        )*
    };
}

rows! {
    datagram_larger_than_the_buffer;
    empty_datagram;
    largest_datagram;
    datagram_over_the_largest;
    never_bound;
    nothing_sent;
    earlier_send_was_unreachable;
    nothing_there;
    port_taken;
    bind_again;
    unbound;
    packets;
    batches;
    batches_of_mixed_lengths;
    largest_datagrams_in_a_batch;
    single_receives_after_a_batch;
    a_sender_that_was_not_bound_gets_answers;
}

/// How long each of several threads waits.
const LIMIT: Duration = Duration::from_millis(300);

fn bound(address: IpAddress, mode: Mode) -> UdpSocket {
    let mut socket = UdpSocket::new();
    socket.bind_to(address, UdpSocket::ANY_PORT).into_result().unwrap();
    socket.set_blocking(mode == Mode::Blocking).unwrap();
    socket.set_timeout(Some(LONG)).unwrap();
    socket
}

/// Receives what is on its way, in either mode.
fn receive(socket: &UdpSocket, buffer: &mut [u8]) -> sockeye::Status<(usize, IpAddress, u16)> {
    await_ready(socket, sockeye::Interest::Read);
    socket.receive(buffer)
}

/// Error(Truncated { capacity, length }); the datagram is gone.
fn datagram_larger_than_the_buffer(address: IpAddress, mode: Mode) {
    let (receiver, sender) = (bound(address, mode), bound(address, mode));
    let port = receiver.local_port();
    sender.send(&[1; 100], address, port).into_result().unwrap();
    sender.send(b"next", address, port).into_result().unwrap();
    let error = receive(&receiver, &mut [0; 99]).error().unwrap();
    assert!(matches!(error, Error::Truncated { capacity: 99, length: 100 }), "{error:?}");
    assert_eq!(error.to_string(), "a datagram of 100 bytes did not fit into a buffer of 99");
    let mut buffer = [0; 4];
    assert_eq!(receive(&receiver, &mut buffer).done(), Some((4, address, sender.local_port())));
    assert_eq!(&buffer, b"next");
    sender.send(b"x", address, port).into_result().unwrap();
    let error = receive(&receiver, &mut []).error().unwrap();
    assert!(matches!(error, Error::Truncated { capacity: 0, length: 1 }), "{error:?}");
}

/// Done((0, from, port)).
fn empty_datagram(address: IpAddress, mode: Mode) {
    let (receiver, sender) = (bound(address, mode), bound(address, mode));
    assert_eq!(sender.send(&[], address, receiver.local_port()).done(), Some(0));
    assert_eq!(receive(&receiver, &mut [0; 4]).done(), Some((0, address, sender.local_port())));
}

fn largest(address: IpAddress) -> usize {
    if address.is_v4() { UdpSocket::MAX_DATAGRAM_SIZE } else { 65527 }
}

fn largest_datagram(address: IpAddress, mode: Mode) {
    let (receiver, sender) = (bound(address, mode), bound(address, mode));
    let data = vec![3; largest(address)];
    assert_eq!(sender.send(&data, address, receiver.local_port()).done(), Some(data.len()));
    let mut buffer = vec![0; 65536];
    assert_eq!(receive(&receiver, &mut buffer).done(), Some((data.len(), address, sender.local_port())));
    assert!(buffer[..data.len()] == data);
}

/// Error(TooLong), nothing sent.
fn datagram_over_the_largest(address: IpAddress, mode: Mode) {
    let (mut receiver, sender) = (bound(address, mode), bound(address, mode));
    let data = vec![3; largest(address) + 1];
    let error = sender.send(&data, address, receiver.local_port()).error().unwrap();
    let limit = largest(address);
    assert_eq!(error.to_string(), format!("a datagram of {} bytes is longer than the limit of {limit}", limit + 1));
    assert_eq!(error.kind(), ErrorKind::TooLong);
    let batch = sender.send_batch(&[b"one", &data], address, receiver.local_port());
    assert_eq!(batch.error().unwrap().kind(), ErrorKind::TooLong);
    let packet = sender.send_packet(&Packet::from(data), address, receiver.local_port());
    assert_eq!(packet.error().unwrap().kind(), ErrorKind::TooLong);
    receiver.set_blocking(false).unwrap();
    assert_eq!(receiver.receive(&mut [0; 4]).code(), StatusCode::NotReady);
}

/// Error(NotBound).
fn never_bound(_address: IpAddress, mode: Mode) {
    let mut socket = UdpSocket::new();
    socket.set_blocking(mode == Mode::Blocking).unwrap();
    assert_eq!(socket.receive(&mut [0]).error().unwrap().kind(), ErrorKind::NotBound);
    assert_eq!(socket.receive_packet(&mut Packet::new()).error().unwrap().kind(), ErrorKind::NotBound);
    assert_eq!(socket.receive_batch(&mut DatagramBatch::new()).error().unwrap().kind(), ErrorKind::NotBound);
    assert_eq!(socket.set_receive_buffer(1).unwrap_err().kind(), ErrorKind::NotBound);
}

/// A send that sends nothing opens no socket.
fn nothing_sent(address: IpAddress, mode: Mode) {
    let mut socket = UdpSocket::new();
    socket.set_blocking(mode == Mode::Blocking).unwrap();
    let data = vec![3; largest(address) + 1];
    assert_eq!(socket.send(&data, address, 9).error().unwrap().kind(), ErrorKind::TooLong);
    assert_eq!(socket.send_batch(&[b"one", &data], address, 9).error().unwrap().kind(), ErrorKind::TooLong);
    assert_eq!(socket.send_batch(&[], address, 9).done(), Some(0));
    assert!(!socket.is_bound());
    assert_eq!(socket.receive(&mut [0]).error().unwrap().kind(), ErrorKind::NotBound);
}

/// Not an error of the next receive, nor of the next send.
fn earlier_send_was_unreachable(address: IpAddress, mode: Mode) {
    let (mut socket, other) = (bound(address, mode), bound(address, mode));
    let closed = {
        let gone = bound(address, mode);
        gone.local_port()
    };
    for _ in 0..3 {
        assert_eq!(socket.send(b"anybody?", address, closed).done(), Some(8));
    }
    other.send(b"here", address, socket.local_port()).into_result().unwrap();
    let mut buffer = [0; 8];
    assert_eq!(receive(&socket, &mut buffer).done(), Some((4, address, other.local_port())));
    socket.set_blocking(false).unwrap();
    assert_eq!(socket.receive(&mut buffer).code(), StatusCode::NotReady);
}

/// Non-blocking is NotReady; blocking waits, with a limit NotReady.
fn nothing_there(address: IpAddress, mode: Mode) {
    let mut socket = bound(address, mode);
    socket.set_timeout(Some(if mode == Mode::Blocking { SHORT } else { LONG })).unwrap();
    let begin = Instant::now();
    assert_eq!(socket.receive(&mut [0]).code(), StatusCode::NotReady);
    assert!(mode == Mode::NonBlocking || begin.elapsed() >= SHORT);
    assert_eq!(socket.receive_packet(&mut packet_of(1, 1)).code(), StatusCode::NotReady);
    assert_eq!(socket.receive_batch(&mut DatagramBatch::new()).code(), StatusCode::NotReady);
    assert!(begin.elapsed() < LONG / 2);
}

/// Error, and what was bound before still is.
fn port_taken(address: IpAddress, mode: Mode) {
    let (mut socket, other) = (bound(address, mode), bound(address, mode));
    let port = socket.local_port();
    let error = socket.bind_to(address, other.local_port()).error().unwrap();
    assert_eq!(error.kind(), ErrorKind::AddressInUse, "{error}");
    assert_eq!(socket.bind(other.local_port()).error().unwrap().kind(), ErrorKind::AddressInUse);
    let error = socket.bind_to(IpAddress::BROADCAST, 0).error().unwrap();
    assert_eq!(error.kind(), ErrorKind::InvalidAddress);
    assert_eq!(socket.local_port(), port);
    other.send(b"still there", address, port).into_result().unwrap();
    assert_eq!(receive(&socket, &mut [0; 16]).done(), Some((11, address, other.local_port())));
}

fn bind_again(address: IpAddress, mode: Mode) {
    let mut socket = bound(address, mode);
    let old = socket.local_port();
    socket.bind_to(address, 0).into_result().unwrap();
    assert_ne!(socket.local_port(), old);
    assert_eq!(socket.is_blocking(), mode == Mode::Blocking);
    let mut other = UdpSocket::new();
    other.bind_to(address, old).into_result().unwrap();
}

fn unbound(address: IpAddress, mode: Mode) {
    let mut socket = bound(address, mode);
    let port = socket.local_port();
    socket.unbind();
    socket.unbind();
    assert_eq!((socket.local_port(), socket.local_address()), (0, None));
    assert!(!socket.is_bound());
    assert_eq!(socket.receive(&mut [0]).error().unwrap().kind(), ErrorKind::NotBound);
    socket.bind_to(address, port).into_result().unwrap();
    assert_eq!(socket.local_address(), Some(address));
}

fn packets(address: IpAddress, mode: Mode) {
    let (receiver, sender) = (bound(address, mode), bound(address, mode));
    let mut packet = Packet::new();
    packet.write_str("hello").write_f64(0.25);
    sender.send_packet(&packet, address, receiver.local_port()).into_result().unwrap();
    sender.send_packet(&Packet::new(), address, receiver.local_port()).into_result().unwrap();
    let mut received = packet_of(100, 1);
    await_ready(&receiver, sockeye::Interest::Read);
    assert_eq!(receiver.receive_packet(&mut received).done(), Some((address, sender.local_port())));
    assert_eq!(received, packet);
    await_ready(&receiver, sockeye::Interest::Read);
    assert_eq!(receiver.receive_packet(&mut received).done(), Some((address, sender.local_port())));
    assert!(received.is_empty());
}

/// Receives so many datagrams in batches.
fn receive_all(socket: &UdpSocket, count: usize, from: (IpAddress, u16)) -> Vec<Vec<u8>> {
    let mut batch = DatagramBatch::new();
    let mut all = Vec::new();
    while all.len() < count {
        await_ready(socket, sockeye::Interest::Read);
        let received = socket.receive_batch(&mut batch).done().unwrap();
        assert_eq!((received, batch.is_empty()), (batch.len(), false));
        for datagram in batch.iter() {
            assert_eq!((datagram.address, datagram.port), from);
            all.push(datagram.data.to_vec());
        }
    }
    all
}

fn batches(address: IpAddress, mode: Mode) {
    let (receiver, sender) = (bound(address, mode), bound(address, mode));
    receiver.set_receive_buffer(4 << 20).unwrap();
    let datagrams: Vec<[u8; 64]> = (0..200_u8).map(|number| [number; 64]).collect();
    let slices: Vec<&[u8]> = datagrams.iter().map(|datagram| &datagram[..]).collect();
    // The first batch turns the system's own batching on.
    sender.send(b"first", address, receiver.local_port()).into_result().unwrap();
    assert_eq!(receive_all(&receiver, 1, (address, sender.local_port())), [b"first"]);
    assert_eq!(sender.send_batch(&slices, address, receiver.local_port()).done(), Some(200));
    assert_eq!(receive_all(&receiver, 200, (address, sender.local_port())), slices);
    assert_eq!(sender.send_batch(&[], address, receiver.local_port()).done(), Some(0));
}

fn batches_of_mixed_lengths(address: IpAddress, mode: Mode) {
    let (receiver, sender) = (bound(address, mode), bound(address, mode));
    receiver.set_receive_buffer(4 << 20).unwrap();
    let lengths = [0, 0, 5, 5, 5, 3, 5, 7, 7, 0, 1, 2, 2, 1, 1, 1400, 1400, 9, 30_000, 30_000, 30_000, 10, 65_507, 1];
    let datagrams: Vec<Vec<u8>> = lengths.iter().enumerate().map(|(at, length)| vec![at as u8; *length]).collect();
    let slices: Vec<&[u8]> = datagrams.iter().map(Vec::as_slice).collect();
    for _ in 0..2 {
        assert_eq!(sender.send_batch(&slices, address, receiver.local_port()).done(), Some(lengths.len()));
        let received = receive_all(&receiver, lengths.len(), (address, sender.local_port()));
        assert_eq!(received.iter().map(Vec::len).collect::<Vec<_>>(), lengths);
        assert!(received == datagrams);
    }
}

fn largest_datagrams_in_a_batch(address: IpAddress, mode: Mode) {
    let (receiver, sender) = (bound(address, mode), bound(address, mode));
    receiver.set_receive_buffer(4 << 20).unwrap();
    let (port, from) = (receiver.local_port(), (address, sender.local_port()));
    let datagrams = [vec![1; largest(address)], vec![2; largest(address)], vec![3; 10]];
    let sent = in_thread({
        let datagrams = datagrams.clone();
        move || sender.send_batch(&datagrams.each_ref().map(Vec::as_slice), address, port).done()
    });
    assert_eq!(sent.join(), Some(3));
    assert!(receive_all(&receiver, 3, from) == datagrams);
}

/// Datagrams that the system hands over together are still given one by one, whole, and a selector knows of them.
fn single_receives_after_a_batch(address: IpAddress, mode: Mode) {
    let (mut receiver, sender) = (bound(address, mode), bound(address, mode));
    let port = receiver.local_port();
    sender.send(b"first", address, port).into_result().unwrap();
    receive_all(&receiver, 1, (address, sender.local_port()));

    let slices: [&[u8]; 6] = [b"aaaa", b"bbbb", b"cccc", b"dddd", b"eeee", b"ff"];
    assert_eq!(sender.send_batch(&slices, address, port).done(), Some(6));
    let mut buffer = [0; 4];
    assert_eq!(receive(&receiver, &mut buffer).done(), Some((4, address, sender.local_port())));
    assert_eq!(&buffer, b"aaaa");
    let error = receive(&receiver, &mut buffer[..3]).error().unwrap();
    assert!(matches!(error, Error::Truncated { capacity: 3, length: 4 }), "{error:?}");
    let mut packet = Packet::new();
    await_ready(&receiver, sockeye::Interest::Read);
    assert_eq!(receiver.receive_packet(&mut packet).done(), Some((address, sender.local_port())));
    assert_eq!(packet.data(), b"cccc");
    assert_eq!(receive_all(&receiver, 3, (address, sender.local_port())), [&b"dddd"[..], b"eeee", b"ff"]);
    receiver.set_blocking(false).unwrap();
    assert_eq!(receiver.receive(&mut buffer).code(), StatusCode::NotReady);
    assert!(std::net::UdpSocket::try_from(receiver).is_err(), "the standard library would get several as one");
}

fn a_sender_that_was_not_bound_gets_answers(address: IpAddress, mode: Mode) {
    let server = bound(address, mode);
    let mut client = UdpSocket::new();
    client.set_timeout(Some(LONG)).unwrap();
    client.send(b"ping", address, server.local_port()).into_result().unwrap();
    assert_ne!(client.local_port(), 0);
    let (_, from, port) = receive(&server, &mut [0; 4]).done().unwrap();
    assert_eq!((from, port), (address, client.local_port()));
    server.send(b"pong", from, port).into_result().unwrap();
    assert_eq!(client.receive(&mut [0; 4]).done(), Some((4, address, server.local_port())));
}

/// One socket reaches and serves both families.
#[test]
fn dual_stack_sockets_report_v4_peers_as_v4() {
    let mut server = UdpSocket::new();
    server.bind(0).into_result().unwrap();
    assert_eq!(server.local_address(), Some(IpAddress::ANY_V6), "this machine has no IPv6");
    let client = UdpSocket::new();
    for address in loopbacks() {
        client.send(b"ping", address, server.local_port()).into_result().unwrap();
        let (_, from, port) = receive(&server, &mut [0; 8]).done().unwrap();
        assert_eq!((from, port), (address, client.local_port()));
        server.send(b"pong", from, port).into_result().unwrap();
        assert_eq!(receive(&client, &mut [0; 8]).done(), Some((4, address, server.local_port())));
    }
    let mut v4_only = UdpSocket::new();
    v4_only.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    let status = v4_only.send(b"x", IpAddress::LOCAL_HOST_V6, server.local_port());
    assert_eq!(status.code(), StatusCode::Error);
}

#[test]
fn broadcasts_are_allowed() {
    let mut socket = UdpSocket::new();
    socket.bind(0).into_result().unwrap();
    let handle = socket.native_handle().unwrap();
    assert!(socket2::SockRef::from(&handle).broadcast().unwrap());
}

#[test]
fn groups_are_joined_and_left() {
    let (group, interface) = (IpAddress::new(239, 255, 17, 4), IpAddress::LOCAL_HOST);
    let mut receiver = bound(IpAddress::ANY, Mode::Blocking);
    receiver.join_multicast(group, interface).into_result().unwrap();
    let sender = bound(interface, Mode::Blocking);
    sender.set_multicast_interface(interface).into_result().unwrap();
    sender.send(b"to all", group, receiver.local_port()).into_result().unwrap();
    let mut buffer = [0; 8];
    assert_eq!(receive(&receiver, &mut buffer).done(), Some((6, interface, sender.local_port())));
    receiver.leave_multicast(group, interface).into_result().unwrap();
    assert_eq!(receiver.leave_multicast(group, interface).code(), StatusCode::Error);
    receiver.set_blocking(false).unwrap();
    sender.send(b"to the others", group, receiver.local_port()).into_result().unwrap();
    // Loopback delivers in order: what is sent directly arrives after what the group would have got.
    sender.send(b"you", interface, receiver.local_port()).into_result().unwrap();
    assert_eq!(receive(&receiver, &mut buffer).done().map(|(length, ..)| length), Some(3));
}

/// Loopback carries no IPv6 groups, so this one only joins; the tests against real networks send too.
#[test]
fn v6_groups_are_joined_and_left() {
    if !has_v6() {
        return;
    }
    let group = IpAddress::parse("ff12::1704").unwrap();
    let receiver = bound(IpAddress::ANY_V6, Mode::Blocking);
    receiver.join_multicast(group, IpAddress::LOCAL_HOST_V6).into_result().unwrap();
    receiver.set_multicast_interface(IpAddress::LOCAL_HOST_V6).into_result().unwrap();
    receiver.leave_multicast(group, IpAddress::LOCAL_HOST_V6).into_result().unwrap();
    assert_eq!(receiver.leave_multicast(group, IpAddress::LOCAL_HOST_V6).code(), StatusCode::Error);
}

#[test]
fn groups_that_are_none() {
    let socket = bound(IpAddress::ANY, Mode::Blocking);
    for (group, interface) in [
        (IpAddress::LOCAL_HOST, IpAddress::LOCAL_HOST),
        (IpAddress::new(239, 1, 1, 1), IpAddress::LOCAL_HOST_V6),
        (IpAddress::parse("ff12::1").unwrap(), IpAddress::parse("2001:db8::1").unwrap()),
    ] {
        assert_eq!(socket.join_multicast(group, interface).error().unwrap().kind(), ErrorKind::InvalidAddress);
        assert_eq!(socket.leave_multicast(group, interface).error().unwrap().kind(), ErrorKind::InvalidAddress);
    }
    let group = IpAddress::new(239, 1, 1, 1);
    let closed = UdpSocket::new();
    assert_eq!(closed.join_multicast(group, IpAddress::ANY).error().unwrap().kind(), ErrorKind::NotBound);
    assert_eq!(closed.set_multicast_interface(IpAddress::ANY).error().unwrap().kind(), ErrorKind::NotBound);
}

/// Several threads may use one socket.
#[test]
fn one_socket_for_many_threads() {
    let socket = bound(IpAddress::LOCAL_HOST, Mode::Blocking);
    socket.set_receive_buffer(1 << 20).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..50 {
                    socket.send(b"x", IpAddress::LOCAL_HOST, socket.local_port()).into_result().unwrap();
                    assert_eq!(socket.receive(&mut [0; 4]).done().map(|(length, ..)| length), Some(1));
                }
            });
        }
    });
}

/// Each thread that waits has the whole limit for itself, and no more.
#[test]
fn many_threads_wait_for_one_socket() {
    let mut socket = bound(IpAddress::LOCAL_HOST, Mode::Blocking);
    socket.send(b"first", IpAddress::LOCAL_HOST, socket.local_port()).into_result().unwrap();
    // From now on the system may hand several datagrams over as one.
    assert_eq!(socket.receive_batch(&mut DatagramBatch::new()).done(), Some(1));
    socket.set_timeout(Some(LIMIT)).unwrap();
    once_within(3 * LIMIT, || {
        std::thread::scope(|scope| {
            for number in 0..6 {
                let socket = &socket;
                scope.spawn(move || {
                    let begin = Instant::now();
                    let code = match number % 2 {
                        0 => socket.receive(&mut [0; 4]).code(),
                        _ => socket.receive_packet(&mut Packet::new()).code(),
                    };
                    assert_eq!(code, StatusCode::NotReady);
                    assert!(begin.elapsed() >= LIMIT);
                });
            }
        });
    });
}

/// Several threads that wait get one datagram each, also of those that the system hands over together.
#[test]
fn datagrams_for_many_threads() {
    let socket = bound(IpAddress::LOCAL_HOST, Mode::Blocking);
    let (port, sender) = (socket.local_port(), UdpSocket::new());
    sender.send(b"first", IpAddress::LOCAL_HOST, port).into_result().unwrap();
    assert_eq!(socket.receive_batch(&mut DatagramBatch::new()).done(), Some(1));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| socket.receive_packet(&mut Packet::new()).into_result().unwrap());
        }
        for _ in 0..2 {
            std::thread::sleep(SHORT);
            sender.send_batch(&[b"one", b"two"], IpAddress::LOCAL_HOST, port).into_result().unwrap();
        }
    });
}

/// A first send from many threads at once opens one socket.
#[test]
fn many_threads_open_one_socket() {
    let receiver = bound(IpAddress::LOCAL_HOST, Mode::Blocking);
    let sender = UdpSocket::new();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| sender.send(b"x", IpAddress::LOCAL_HOST, receiver.local_port()).into_result().unwrap());
        }
    });
    for _ in 0..8 {
        assert_eq!(receiver.receive(&mut [0; 4]).done(), Some((1, IpAddress::LOCAL_HOST, sender.local_port())));
    }
}

#[cfg(unix)]
#[test]
fn no_descriptors_left() {
    child::in_child("udp::no_descriptors_left", || {
        let mut files = Vec::new();
        child::limit_descriptors(32);
        while let Ok(file) = std::fs::File::open("/dev/null") {
            files.push(file);
        }
        let error = UdpSocket::new().send(b"x", IpAddress::LOCAL_HOST, 9).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::TooManyFiles, "{error}");
    });
}
