//! Datagrams.

use interop::{
    Peer, hex, pattern,
    sockets::{Mode, settled, wait_until_readable},
};
use sockeye::{DatagramBatch, Error, ErrorKind, Interest, IpAddress, Status, StatusCode, UdpSocket};

pub(crate) fn datagrams_go_both_ways(peer: &mut Peer) {
    for mode in Mode::ALL {
        let (socket, there) = bound(peer, mode);
        let here = socket.local_port();
        for length in [0, 1, 2, 1000, UdpSocket::MAX_DATAGRAM_SIZE] {
            let data = pattern(length);
            assert_eq!(socket.send(&data, IpAddress::LOCAL_HOST, there).done(), Some(length), "{mode:?}");
            let expected = format!("127.0.0.1 {here} {}", hex(&data));
            assert_eq!(peer.perform("receive 65507"), expected, "{length} bytes, {mode:?}");

            peer.perform(&format!("send 127.0.0.1 {here} {}", hex(&data)));
            let (received, from, port) = receive(&socket, UdpSocket::MAX_DATAGRAM_SIZE).into_result().unwrap();
            assert_eq!((from, port), (IpAddress::LOCAL_HOST, there), "{length} bytes, {mode:?}");
            assert_eq!(received, data, "{mode:?}");
        }
    }
}

/// SFML 2.5 and 3.0 speak IPv4 only.
pub(crate) fn a_socket_of_both_families_names_an_ipv4_peer_in_ipv4(peer: &mut Peer) {
    let there = peer.port("bind");
    let mut socket = UdpSocket::new();
    socket.bind(UdpSocket::ANY_PORT).into_result().unwrap();
    assert_eq!(socket.local_address(), Some(IpAddress::ANY_V6));
    peer.perform(&format!("send 127.0.0.1 {} 686579", socket.local_port()));
    let (received, from, port) = receive(&socket, 10).into_result().unwrap();
    assert_eq!((received.as_slice(), from, port), (b"hey".as_slice(), IpAddress::LOCAL_HOST, there));
    assert_eq!(socket.send(b"you", from, port).done(), Some(3));
    assert_eq!(peer.perform("receive 10"), format!("127.0.0.1 {} 796f75", socket.local_port()));
}

pub(crate) fn a_socket_that_was_never_bound_is_answered(peer: &mut Peer) {
    let there = peer.port("bind");
    let socket = UdpSocket::new();
    assert_eq!(receive(&socket, 10).error().map(|error| error.kind()), Some(ErrorKind::NotBound));
    assert_eq!(socket.send(b"hey", IpAddress::LOCAL_HOST, there).done(), Some(3));
    let here = socket.local_port();
    assert_eq!(peer.perform("receive 10"), format!("127.0.0.1 {here} 686579"));
    peer.perform(&format!("send 127.0.0.1 {here} 796f75"));
    let expected = (b"you".to_vec(), IpAddress::LOCAL_HOST, there);
    assert_eq!(receive(&socket, 10).into_result().unwrap(), expected);
}

pub(crate) fn a_datagram_that_is_cut_is_an_error_here_and_silence_there(peer: &mut Peer) {
    for mode in Mode::ALL {
        let (socket, there) = bound(peer, mode);
        let here = socket.local_port();
        peer.perform(&format!("send 127.0.0.1 {here} {}", hex(&pattern(1000))));
        peer.perform(&format!("send 127.0.0.1 {here} 686579"));
        match receive(&socket, 999) {
            Status::Error(Error::Truncated { capacity, length }) => assert_eq!((capacity, length), (999, 1000)),
            status => panic!("{status:?} in {mode:?}"),
        }
        // The cut one is gone, and one that fits to the byte is whole.
        assert_eq!(receive(&socket, 3).into_result().unwrap().0, b"hey", "{mode:?}");

        assert_eq!(socket.send(&pattern(1000), IpAddress::LOCAL_HOST, there).done(), Some(1000));
        let expected = format!("127.0.0.1 {here} {}", hex(&pattern(100)));
        assert_eq!(peer.perform("receive 100"), expected, "{mode:?}");
    }
}

pub(crate) fn a_datagram_that_is_too_long_is_not_sent(peer: &mut Peer) {
    for mode in Mode::ALL {
        let (socket, there) = bound(peer, mode);
        let data = pattern(UdpSocket::MAX_DATAGRAM_SIZE + 1);
        let status = socket.send(&data, IpAddress::LOCAL_HOST, there);
        assert_eq!(status.error().map(|error| error.kind()), Some(ErrorKind::TooLong), "{mode:?}");
        peer.perform("blocking off");
        assert_eq!(peer.ask("receive 65507"), "not_ready", "{mode:?}");
        peer.perform("blocking on");
    }
}

pub(crate) fn nothing_yet_is_not_ready(peer: &mut Peer) {
    let (socket, _) = bound(peer, Mode::NonBlocking);
    assert_eq!(socket.receive(&mut [0; 10]).code(), StatusCode::NotReady);
    peer.perform("blocking off");
    assert_eq!(peer.ask("receive 10"), "not_ready");
    peer.perform("blocking on");
}

/// The answer to a datagram for a closed port comes back at once on loopback. Linux gives it to connected sockets only,
/// other systems to all.
pub(crate) fn a_peer_that_has_gone_is_no_error(peer: &mut Peer) {
    for mode in Mode::ALL {
        let (mut socket, gone) = bound(peer, mode);
        peer.perform("unbind");
        for _ in 0..3 {
            assert_eq!(socket.send(b"anyone?", IpAddress::LOCAL_HOST, gone).done(), Some(7), "{mode:?}");
        }
        socket.set_timeout(Some(std::time::Duration::from_millis(30))).unwrap();
        assert_eq!(socket.receive(&mut [0; 10]).code(), StatusCode::NotReady, "{mode:?}");
        let back = peer.port("bind");
        peer.perform(&format!("send 127.0.0.1 {} 686579", socket.local_port()));
        let expected = (b"hey".to_vec(), IpAddress::LOCAL_HOST, back);
        assert_eq!(receive(&socket, 10).into_result().unwrap(), expected, "{mode:?}");
    }
}

/// Datagrams of equal length travel through the kernel as one; the peer must not notice.
pub(crate) fn a_batch_arrives_as_single_datagrams(peer: &mut Peer) {
    for mode in Mode::ALL {
        let (socket, there) = bound(peer, mode);
        let all = pattern(100 * 300);
        let equal: Vec<&[u8]> = all.chunks(300).collect();
        let ragged: Vec<&[u8]> = [&all[..1], &all[..7], &all[..7], &all[..0], &all[..1400], &all[..3]].to_vec();
        for datagrams in [equal, ragged] {
            assert_eq!(socket.send_batch(&datagrams, IpAddress::LOCAL_HOST, there).done(), Some(datagrams.len()));
            for (place, datagram) in datagrams.iter().enumerate() {
                let expected = format!("127.0.0.1 {} {}", socket.local_port(), hex(datagram));
                assert_eq!(peer.perform("receive 65507"), expected, "datagram {place}, {mode:?}");
            }
        }
    }
}

pub(crate) fn a_batch_is_received_in_order(peer: &mut Peer) {
    for mode in Mode::ALL {
        let (mut socket, there) = bound(peer, mode);
        let sent: Vec<Vec<u8>> = (0..50).map(|number| pattern(number * 7)).collect();
        for datagram in &sent {
            peer.perform(&format!("send 127.0.0.1 {} {}", socket.local_port(), hex(datagram)));
        }
        let mut received = Vec::new();
        let mut batch = DatagramBatch::new();
        while received.len() < sent.len() {
            let status = settled(&mut socket, Interest::Read, |socket| socket.receive_batch(&mut batch));
            assert_eq!(status.done(), Some(batch.len()), "{mode:?}");
            for datagram in batch.iter() {
                assert_eq!((datagram.address, datagram.port), (IpAddress::LOCAL_HOST, there), "{mode:?}");
                received.push(datagram.data.to_vec());
            }
        }
        assert_eq!(received, sent, "{mode:?}");

        // What the system hands over together is still received one by one.
        let here = socket.local_port();
        for datagram in &sent {
            peer.perform(&format!("send 127.0.0.1 {here} {}", hex(datagram)));
        }
        for datagram in &sent {
            let expected = (datagram.clone(), IpAddress::LOCAL_HOST, there);
            assert_eq!(receive(&socket, 1000).into_result().unwrap(), expected, "{mode:?}");
        }
    }
}

/// One of our sockets, and the port of the peer's.
fn bound(peer: &mut Peer, mode: Mode) -> (UdpSocket, u16) {
    let mut socket = UdpSocket::new();
    socket.set_blocking(mode.is_blocking()).unwrap();
    socket.set_timeout(mode.limit()).unwrap();
    socket.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result().unwrap();
    (socket, peer.port("bind"))
}

fn receive(socket: &UdpSocket, room: usize) -> Status<(Vec<u8>, IpAddress, u16)> {
    let mut buffer = vec![0; room];
    if !socket.is_blocking() {
        wait_until_readable(socket);
    }
    socket.receive(&mut buffer).map(|(length, from, port)| {
        buffer.truncate(length);
        (buffer, from, port)
    })
}
