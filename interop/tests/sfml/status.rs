//! The statuses when a connection is opened, idle and at its end.

use std::time::{Duration, Instant};

use interop::{
    DEADLINE, Peer, hex, pattern,
    sockets::{Mode, Opener, WAYS, connection, receive_exactly, send_all, settled, unconnected, wait_until_readable},
};
use sockeye::{ErrorKind, Interest, IpAddress, Packet, Status, StatusCode, TcpListener, TcpSocket};

pub(crate) fn queued_bytes_come_before_an_orderly_end(peer: &mut Peer) {
    for way in WAYS {
        let mut socket = connection(peer, way);
        peer.perform("send 717565756564");
        peer.perform("disconnect");
        assert_eq!(receive_exactly(&mut socket, 3), b"que", "{way:?}");
        assert_eq!(receive_exactly(&mut socket, 3), b"ued", "{way:?}");
        assert_disconnected(&mut socket);
        // The first goes out, and is what the peer answers with a reset.
        assert_send_ends(&mut socket);
        assert_disconnected(&mut socket);
    }
}

/// A system sends a reset when a program closes a connection with bytes that it has not received.
pub(crate) fn queued_bytes_come_before_the_reset_of_a_peer_that_left_bytes_unread(peer: &mut Peer) {
    for way in WAYS {
        let mut socket = connection(peer, way);
        send_all(&mut socket, b"xy");
        assert_eq!(peer.perform("receive 1"), "78");
        peer.perform("send 717565756564");
        peer.perform("disconnect");
        assert_reset_after_queued_bytes(&mut socket);
    }
}

/// For a connection that the peer has reset after sending `queued`.
pub(crate) fn assert_reset_after_queued_bytes(socket: &mut TcpSocket) {
    assert_eq!(receive_exactly(socket, 6), b"queued");
    assert_disconnected(socket);
    for _ in 0..3 {
        assert_eq!(socket.send(b"more").code(), StatusCode::Disconnected);
        assert_eq!(socket.send_packet(&Packet::new()).code(), StatusCode::Disconnected);
    }
    assert_disconnected(socket);
}

pub(crate) fn a_reset_ends_a_frame_as_a_close_does(peer: &mut Peer) {
    for way in WAYS {
        let mut socket = connection(peer, way);
        send_all(&mut socket, b"xy");
        assert_eq!(peer.perform("receive 1"), "78");
        peer.perform("send 00000005686579");
        peer.perform("disconnect");
        let mut packet = Packet::new();
        let status = settled(&mut socket, Interest::Read, |socket| socket.receive_packet(&mut packet));
        assert_eq!(status.error().map(|error| error.kind()), Some(ErrorKind::Truncated), "{way:?}");
        assert_disconnected(&mut socket);
    }
}

pub(crate) fn the_peer_sees_our_last_bytes_and_then_the_end(peer: &mut Peer) {
    for way in WAYS {
        let mut socket = connection(peer, way);
        send_all(&mut socket, b"last words");
        socket.disconnect();
        assert_disconnected(&mut socket);
        assert_eq!(socket.send(b"more").code(), StatusCode::Disconnected);
        assert_eq!((socket.local_port(), socket.remote_port(), socket.remote_address()), (0, 0, None));
        assert_eq!(socket.is_blocking(), way.1.is_blocking());
        assert_eq!(peer.perform("receive_exactly 10"), hex(b"last words"), "{way:?}");
        for _ in 0..3 {
            assert_eq!(peer.ask("receive 10"), "disconnected", "{way:?}");
        }
    }
}

/// A close must not be a reset: that would take back what the peer's system has had no room for yet.
pub(crate) fn what_the_kernel_has_taken_arrives_after_our_close(peer: &mut Peer) {
    let data = pattern(16 * 1024 * 1024);
    for opener in [Opener::Ours, Opener::Peer] {
        let mut socket = connection(peer, (opener, Mode::NonBlocking));
        let mut sent = 0;
        while let Status::Done(count) = socket.send(&data[sent..]) {
            sent += count;
            assert!(sent < data.len(), "the kernel holds everything");
        }
        socket.disconnect();
        let received = peer.perform(&format!("receive_exactly {sent}"));
        assert!(received == hex(&data[..sent]), "{} of {sent} bytes came, {opener:?}", received.len() / 2);
        assert_eq!(peer.ask("receive 1"), "disconnected", "{opener:?}");
    }
}

pub(crate) fn the_peer_is_disconnected_by_our_reset(peer: &mut Peer) {
    for way in WAYS {
        let socket = connection(peer, way);
        peer.perform("send 756e72656164");
        wait_until_readable(&socket);
        drop(socket);
        assert_eq!(peer.ask("receive 10"), "disconnected", "{way:?}");
        assert_eq!(peer.ask("send 00"), "disconnected", "{way:?}");
    }
}

pub(crate) fn the_peer_can_send_after_our_half_close(peer: &mut Peer) {
    for way in WAYS {
        let mut socket = connection(peer, way);
        send_all(&mut socket, b"done");
        socket.shutdown_send().into_result().unwrap();
        assert_eq!(peer.perform("receive_exactly 4"), "646f6e65", "{way:?}");
        assert_eq!(peer.ask("receive 1"), "disconnected", "{way:?}");
        assert_eq!(socket.send(b"more").code(), StatusCode::Disconnected, "{way:?}");
        peer.perform("send 686579");
        assert_eq!(receive_exactly(&mut socket, 3), b"hey", "{way:?}");
        peer.perform("disconnect");
        assert_disconnected(&mut socket);
    }
}

pub(crate) fn nothing_yet_is_not_ready_on_both_sides(peer: &mut Peer) {
    for way in WAYS {
        let mut socket = connection(peer, way);
        let limit = Duration::from_millis(30);
        socket.set_timeout(Some(limit)).unwrap();
        let start = Instant::now();
        assert_eq!(socket.receive(&mut [0; 10]).code(), StatusCode::NotReady, "{way:?}");
        assert_eq!(socket.receive_packet(&mut Packet::new()).code(), StatusCode::NotReady, "{way:?}");
        assert_eq!(start.elapsed() >= 2 * limit, way.1.is_blocking(), "{:?} for {way:?}", start.elapsed());
        peer.perform("blocking off");
        assert_eq!(peer.ask("receive 10"), "not_ready", "{way:?}");
        socket.disconnect();
        peer.perform("blocking on");
        assert_eq!(peer.ask("receive 10"), "disconnected", "{way:?}");
    }
}

/// With bytes waiting: it is the buffer that is empty.
pub(crate) fn an_empty_buffer_moves_nothing_and_ends_nothing(peer: &mut Peer) {
    for way in WAYS {
        let mut socket = connection(peer, way);
        peer.perform("send 686579");
        wait_until_readable(&socket);
        assert_eq!(socket.receive(&mut []).done(), Some(0), "{way:?}");
        assert_eq!(socket.send(&[]).done(), Some(0), "{way:?}");
        assert_eq!(receive_exactly(&mut socket, 3), b"hey", "{way:?}");
        peer.perform("disconnect");
        wait_until_readable(&socket);
        assert_eq!(socket.receive(&mut []).done(), Some(0), "{way:?}");
        assert_disconnected(&mut socket);
    }
}

pub(crate) fn a_port_that_the_peer_has_closed_refuses(peer: &mut Peer) {
    for mode in Mode::ALL {
        let port = peer.port("listen");
        peer.perform("close");
        let mut socket = unconnected(mode);
        let mut status = socket.connect(IpAddress::LOCAL_HOST, port);
        if mode == Mode::NonBlocking {
            assert_eq!(status.code(), StatusCode::NotReady);
            status = settled(&mut socket, Interest::Write, TcpSocket::finish_connect);
        }
        assert_eq!(status.error().map(|error| error.kind()), Some(ErrorKind::Refused), "{mode:?}");
        assert_eq!(socket.finish_connect().code(), StatusCode::Disconnected, "{mode:?}");
        assert_disconnected(&mut socket);
        assert_eq!(socket.remote_port(), 0);
    }
}

pub(crate) fn the_peer_is_refused_by_a_port_that_we_have_closed(peer: &mut Peer) {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    let port = listener.local_port();
    listener.close();
    assert_eq!(peer.ask(&format!("connect 127.0.0.1 {port}")), "error");
}

/// Receives that find the end, and go on finding it.
fn assert_disconnected(socket: &mut TcpSocket) {
    let status = match socket.is_connected() {
        true => settled(socket, Interest::Read, |socket| socket.receive(&mut [0; 10])),
        false => socket.receive(&mut [0; 10]),
    };
    assert_eq!(status.code(), StatusCode::Disconnected);
    for _ in 0..3 {
        assert_eq!(socket.receive(&mut [0; 10]).code(), StatusCode::Disconnected);
        assert_eq!(socket.receive_packet(&mut Packet::new()).code(), StatusCode::Disconnected);
    }
}

/// Sends until the answer of the peer's system is in, and once more.
fn assert_send_ends(socket: &mut TcpSocket) {
    let start = Instant::now();
    loop {
        match socket.send(b"more") {
            Status::Done(_) | Status::NotReady => assert!(start.elapsed() < DEADLINE, "the peer's end goes unnoticed"),
            status => {
                assert_eq!(status.code(), StatusCode::Disconnected);
                break;
            }
        }
    }
    assert_eq!(socket.send(b"more").code(), StatusCode::Disconnected);
}
