//! Bytes and frames over TCP.

use interop::{
    DEADLINE, Peer, hex, pattern,
    sockets::{
        Mode, Opener, WAYS, accepted, connection, listening, receive_exactly, send_all, settled, wait_until_readable,
    },
};
use sockeye::{Error, ErrorKind, Interest, IpAddress, Packet, SocketSelector, Status, StatusCode, TcpSocket};

pub(crate) fn bytes_go_both_ways(peer: &mut Peer) {
    let data = pattern(1000);
    for way in WAYS {
        let mut socket = connection(peer, way);
        send_all(&mut socket, &data);
        assert_eq!(peer.perform("receive_exactly 1000"), hex(&data), "{way:?}");
        peer.perform(&format!("send {}", hex(&data)));
        assert_eq!(receive_exactly(&mut socket, 1000), data, "{way:?}");
    }
}

pub(crate) fn both_ends_name_the_same_addresses(peer: &mut Peer) {
    for way in WAYS {
        let socket = connection(peer, way);
        assert_eq!(socket.remote_address(), Some(IpAddress::LOCAL_HOST), "{way:?}");
        assert_eq!(socket.local_address(), Some(IpAddress::LOCAL_HOST), "{way:?}");
        let expected = format!("{} 127.0.0.1 {}", socket.remote_port(), socket.local_port());
        assert_eq!(peer.perform("addresses"), expected, "{way:?}");
    }
}

/// SFML 2.5 and 3.0 speak IPv4 only.
pub(crate) fn a_listener_of_both_families_names_an_ipv4_client_in_ipv4(peer: &mut Peer) {
    for mode in Mode::ALL {
        let mut listener = listening(mode, IpAddress::ANY_V6);
        let mut socket = accepted(&mut listener, peer);
        assert_eq!(socket.remote_address(), Some(IpAddress::LOCAL_HOST), "{mode:?}");
        assert_eq!(socket.local_address(), Some(IpAddress::LOCAL_HOST), "{mode:?}");
        let expected = format!("{} 127.0.0.1 {}", socket.remote_port(), socket.local_port());
        assert_eq!(peer.perform("addresses"), expected, "{mode:?}");
        peer.perform("send 686579");
        assert_eq!(receive_exactly(&mut socket, 3), b"hey", "{mode:?}");
    }
}

pub(crate) fn blocking_calls_move_more_than_the_kernel_holds(peer: &mut Peer) {
    let data = pattern(MUCH);
    let text = hex(&data);
    for way in WAYS.into_iter().filter(|way| way.1.is_blocking()) {
        let mut socket = connection(peer, way);
        peer.tell(&format!("receive_exactly {MUCH}"));
        assert_eq!(socket.send(&data).done(), Some(MUCH), "{way:?}");
        assert!(peer.answer().strip_prefix("done ") == Some(text.as_str()), "other bytes went, {way:?}");

        peer.tell(&format!("send {text}"));
        assert!(receive_exactly(&mut socket, MUCH) == data, "other bytes came, {way:?}");
        assert_eq!(peer.answer(), format!("done {MUCH}"), "{way:?}");
    }
}

pub(crate) fn a_non_blocking_send_takes_what_there_is_room_for(peer: &mut Peer) {
    let data = pattern(MUCH);
    for opener in [Opener::Ours, Opener::Peer] {
        let mut socket = connection(peer, (opener, Mode::NonBlocking));
        let mut sent = 0;
        // The peer reads nothing yet, so there is an end to the room.
        while let Status::Done(count) = socket.send(&data[sent..]) {
            sent += count;
            assert!(sent < MUCH, "the kernel holds everything");
        }
        assert_eq!(socket.send(&data[sent..]).code(), StatusCode::NotReady);

        peer.tell(&format!("echo {MUCH}"));
        let mut selector = SocketSelector::new().unwrap();
        let mut echoed = Vec::with_capacity(MUCH);
        let mut buffer = vec![0; 64 * 1024];
        while echoed.len() < MUCH {
            let interest = if sent < MUCH { Interest::Both } else { Interest::Read };
            selector.add_with(&socket, interest).unwrap();
            assert!(selector.wait(Some(DEADLINE)).unwrap(), "nothing moves");
            if selector.is_writable(&socket) {
                sent += socket.send(&data[sent..]).into_result().unwrap();
            }
            if selector.is_ready(&socket) {
                let count = socket.receive(&mut buffer).into_result().unwrap();
                echoed.extend_from_slice(&buffer[..count]);
            }
        }
        assert_eq!(peer.answer(), format!("done {MUCH}"));
        assert!(echoed == data, "other bytes came back");
    }
}

pub(crate) fn a_frame_cut_anywhere_is_received_whole(peer: &mut Peer) {
    let (frame, expected) = frame();
    for way in WAYS {
        let mut socket = connection(peer, way);
        for cut in 1..frame.len() {
            let mut packet = Packet::from(b"before".to_vec());
            peer.perform(&format!("send {}", hex(&frame[..cut])));
            if way.1 == Mode::NonBlocking {
                wait_until_readable(&socket);
                assert_eq!(socket.receive_packet(&mut packet).code(), StatusCode::NotReady, "{cut} bytes");
                assert_eq!(packet.data(), b"before");
            }
            peer.tell(&format!("send {}", hex(&frame[cut..])));
            receive_packet(&mut socket, &mut packet);
            assert_eq!(peer.answer(), format!("done {}", frame.len() - cut));
            assert_eq!(packet, expected, "cut after {cut} bytes, {way:?}");
        }
    }
}

pub(crate) fn a_frame_may_come_byte_by_byte(peer: &mut Peer) {
    let (frame, expected) = frame();
    for way in WAYS {
        let mut socket = connection(peer, way);
        for _ in 0..2 {
            let mut packet = Packet::new();
            if way.1.is_blocking() {
                peer.tell(&format!("dribble {}", hex(&frame)));
                receive_packet(&mut socket, &mut packet);
                assert_eq!(peer.answer(), "done");
                assert_eq!(packet, expected, "{way:?}");
                continue;
            }
            for (place, byte) in frame.iter().enumerate() {
                peer.perform(&format!("send {byte:02x}"));
                wait_until_readable(&socket);
                let is_last = place + 1 == frame.len();
                let code = if is_last { StatusCode::Done } else { StatusCode::NotReady };
                assert_eq!(socket.receive_packet(&mut packet).code(), code, "byte {place}");
            }
            assert_eq!(packet, expected, "{way:?}");
        }
    }
}

pub(crate) fn frames_and_bytes_share_a_connection(peer: &mut Peer) {
    let (frame, expected) = frame();
    for way in WAYS {
        let mut socket = connection(peer, way);
        // All in one read of ours: what is behind the frame must not be lost with it.
        peer.perform(&format!("send {}{}{}", hex(&frame), hex(b"raw"), hex(&frame)));
        let mut packet = Packet::new();
        receive_packet(&mut socket, &mut packet);
        assert_eq!(packet, expected, "{way:?}");
        assert_eq!(receive_exactly(&mut socket, 3), b"raw", "{way:?}");
        receive_packet(&mut socket, &mut packet);
        assert_eq!(packet, expected, "{way:?}");

        socket.send_packet(&expected).into_result().unwrap();
        send_all(&mut socket, b"raw");
        let length = frame.len() + 3;
        assert_eq!(peer.perform(&format!("receive_exactly {length}")), hex(&frame) + &hex(b"raw"), "{way:?}");
    }
}

pub(crate) fn the_end_inside_a_frame_is_an_error_once(peer: &mut Peer) {
    let (frame, _) = frame();
    for way in WAYS {
        for cut in 1..frame.len() {
            let mut socket = connection(peer, way);
            peer.perform(&format!("send {}", hex(&frame[..cut])));
            peer.perform("disconnect");
            let mut packet = Packet::from(b"before".to_vec());
            let status = settled(&mut socket, Interest::Read, |socket| socket.receive_packet(&mut packet));
            let Some(Error::CutShort { received, expected }) = status.error() else { panic!("{cut} bytes, {way:?}") };
            // How long the frame is stands in its first four bytes.
            assert_eq!((received, expected), (cut as u64, if cut < 4 { 4 } else { frame.len() as u64 }), "{way:?}");
            for _ in 0..3 {
                assert_eq!(socket.receive_packet(&mut packet).code(), StatusCode::Disconnected, "{cut} bytes, {way:?}");
            }
            assert_eq!(packet.data(), b"before");
        }
    }
}

pub(crate) fn a_frame_over_the_limit_closes_the_connection(peer: &mut Peer) {
    for way in WAYS {
        let mut socket = connection(peer, way);
        socket.set_packet_limit(16);
        let mut packet = Packet::new();
        peer.perform(&format!("send 00000010{}", hex(&[7; 16])));
        receive_packet(&mut socket, &mut packet);
        assert_eq!(packet.data(), [7; 16], "{way:?}");

        peer.perform("send 00000011");
        let status = settled(&mut socket, Interest::Read, |socket| socket.receive_packet(&mut packet));
        assert_eq!(status.error().map(|error| error.kind()), Some(ErrorKind::TooLong), "{way:?}");
        assert_eq!(socket.receive_packet(&mut packet).code(), StatusCode::Disconnected, "{way:?}");
        assert!(!socket.is_connected());
        assert_eq!(peer.ask("receive 1"), "disconnected", "{way:?}");
    }
}

/// The frame of a packet with an integer, text and a float, as it stands on the wire; and the packet.
fn frame() -> (Vec<u8>, Packet) {
    let mut packet = Packet::new();
    packet.write_u16(7).write_str("salmon").write_f32(1.0);
    (b"\x00\x00\x00\x10\x00\x07\x00\x00\x00\x06salmon\x00\x00\x80\x3f".to_vec(), packet)
}

fn receive_packet(socket: &mut TcpSocket, packet: &mut Packet) {
    settled(socket, Interest::Read, |socket| socket.receive_packet(packet)).into_result().unwrap();
}

/// More than the buffers of both ends together, at the largest size that Linux lets them grow to by default.
const MUCH: usize = 16 * 1024 * 1024;
