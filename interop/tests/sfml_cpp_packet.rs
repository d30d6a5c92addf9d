//! `sf::Packet` of SFML 2.5 at the other end: every type, over TCP and UDP, one packet and many.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{io::Write, net::TcpStream, os::fd::AsFd};

use interop::{
    DEADLINE, Peer, hex,
    item::{Item, kinds, packet_of, words},
    pattern,
    sockets::{Mode, Opener, WAYS, connection, receive_exactly, settled},
};
use sockeye::{ErrorKind, Interest, IpAddress, Packet, SocketSelector, StatusCode, TcpSocket, UdpSocket};

#[test]
fn every_value_that_sfml_writes_is_read_and_has_the_bytes_that_we_write() {
    let mut peer = Peer::program("sfml_tcp");
    for way in WAYS {
        let mut socket = connection(&mut peer, way);
        for item in Item::edges() {
            let bytes = peer.perform(&format!("send_packet {}", item.word()));
            assert_eq!(bytes, hex(packet_of(std::slice::from_ref(&item)).data()), "{item:?}");
            assert_eq!(words(&receive(&mut socket, std::slice::from_ref(&item))), item.word(), "{way:?}");
        }
    }
}

#[test]
fn every_value_that_we_write_is_read_by_sfml() {
    let mut peer = Peer::program("sfml_tcp");
    for way in WAYS {
        let mut socket = connection(&mut peer, way);
        for item in Item::edges() {
            let packet = packet_of(std::slice::from_ref(&item));
            socket.send_packet(&packet).into_result().unwrap();
            let expected = format!("{} {}", hex(packet.data()), item.word());
            assert_eq!(peer.perform(&format!("receive_packet {}", item.kind())), expected, "{way:?}");
        }
    }
}

#[test]
fn all_values_travel_in_one_packet() {
    let items = Item::edges();
    let packet = packet_of(&items);
    let mut peer = Peer::program("sfml_tcp");
    for way in WAYS {
        let mut socket = connection(&mut peer, way);
        assert_eq!(peer.perform(&format!("send_packet {}", words(&items))), hex(packet.data()));
        assert_eq!(words(&receive(&mut socket, &items)), words(&items), "{way:?}");

        socket.send_packet(&packet).into_result().unwrap();
        let expected = format!("{} {}", hex(packet.data()), words(&items));
        assert_eq!(peer.perform(&format!("receive_packet {}", kinds(&items))), expected, "{way:?}");
    }
}

#[test]
fn all_values_travel_in_one_datagram() {
    let items = Item::edges();
    let packet = packet_of(&items);
    let mut peer = Peer::program("sfml_udp");
    let there = peer.port("bind");
    for mode in Mode::ALL {
        let mut socket = UdpSocket::new();
        socket.set_blocking(mode.is_blocking()).unwrap();
        socket.set_timeout(mode.limit()).unwrap();
        socket.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result().unwrap();
        let here = socket.local_port();

        // The empty packet is an empty datagram.
        for items in [items.as_slice(), &[]] {
            let packet = packet_of(items);
            let sent = peer.perform(&format!("send_packet 127.0.0.1 {here} {}", words(items)));
            assert_eq!(sent, hex(packet.data()));
            let mut received = Packet::from(b"before".to_vec());
            let status = settled(&mut socket, Interest::Read, |socket| socket.receive_packet(&mut received));
            assert_eq!(status.done(), Some((IpAddress::LOCAL_HOST, there)), "{mode:?}");
            assert_eq!(words(&read_all(&mut received, items)), words(items), "{mode:?}");
        }

        socket.send_packet(&packet, IpAddress::LOCAL_HOST, there).into_result().unwrap();
        let expected = format!("127.0.0.1 {here} {} {}", hex(packet.data()), words(&items));
        assert_eq!(peer.perform(&format!("receive_packet {}", kinds(&items))), expected, "{mode:?}");
        socket.send_packet(&Packet::new(), IpAddress::LOCAL_HOST, there).into_result().unwrap();
        assert_eq!(peer.perform("receive_packet"), format!("127.0.0.1 {here} -"), "{mode:?}");
    }
}

#[test]
fn an_empty_packet_is_a_packet() {
    let mut peer = Peer::program("sfml_tcp");
    for way in WAYS {
        let mut socket = connection(&mut peer, way);
        assert_eq!(peer.perform("send_packet"), "-");
        assert_eq!(receive(&mut socket, &[]).len(), 0, "{way:?}");
        socket.send_packet(&Packet::new()).into_result().unwrap();
        assert_eq!(peer.perform("receive_packet"), "-", "{way:?}");
    }
}

/// `std::string` has no encoding; a peer on Windows writes its wide text in UTF-16 units.
#[test]
fn text_that_is_not_unicode_is_an_error_that_consumes_nothing() {
    let mut peer = Peer::program("sfml_tcp");
    let mut socket = connection(&mut peer, (Opener::Ours, Mode::Blocking));
    let mut packet = Packet::new();

    peer.perform("send_packet string:68ff69");
    socket.receive_packet(&mut packet).into_result().unwrap();
    assert_eq!(packet.read_string().map_err(|error| error.kind()), Err(ErrorKind::Malformed));
    assert_eq!(packet.read_string_bytes().unwrap(), b"h\xffi");
    assert!(packet.end_of_packet());

    // Half a surrogate pair, the halves in the wrong order, and a number above all characters.
    for units in ["d83d", "48,de00", "de00,d83d", "110000"] {
        peer.perform(&format!("send_packet wstring:{units}"));
        socket.receive_packet(&mut packet).into_result().unwrap();
        assert_eq!(packet.read_utf32().map_err(|error| error.kind()), Err(ErrorKind::Malformed), "{units}");
        assert_eq!(packet.read_position(), 0);
    }
    peer.perform("send_packet wstring:48,d83d,dc1f,49");
    socket.receive_packet(&mut packet).into_result().unwrap();
    assert_eq!(packet.read_utf32().unwrap(), "H\u{1f41f}I");

    let mut bytes = Packet::new();
    bytes.write_string_bytes(b"h\xffi");
    socket.send_packet(&bytes).into_result().unwrap();
    assert_eq!(peer.perform("receive_packet string"), "0000000368ff69 string:68ff69");
}

#[test]
fn a_packet_that_is_too_short_fails_on_both_sides() {
    let mut peer = Peer::program("sfml_tcp");
    let mut socket = connection(&mut peer, (Opener::Ours, Mode::Blocking));
    let edges = [Item::U64(1), Item::F64(1.0), Item::StdString("salmon".to_owned()), Item::SfString("eel".to_owned())];
    for item in edges {
        let whole = packet_of(std::slice::from_ref(&item));
        for length in 0..whole.len() {
            let mut short = Packet::new();
            short.append(&whole.data()[..length]);
            socket.send_packet(&short).into_result().unwrap();
            let answer = peer.perform(&format!("receive_packet {}", item.kind()));
            assert!(answer.contains(&format!(" {}:none", item.kind())), "{answer} for {length} bytes of {item:?}");

            let failure = item.read_alike(&mut short).map_err(|error| error.kind());
            assert!(matches!(failure, Err(ErrorKind::Truncated)), "{failure:?} for {length} bytes of {item:?}");
            assert_eq!(short.read_position(), 0);
        }
    }
}

#[test]
fn a_thousand_queued_packets_arrive_in_order() {
    let mut peer = Peer::program("sfml_tcp");
    // Small ones, which one system call takes, and together more than the kernel does.
    for length in [20, 7000] {
        for way in WAYS {
            let mut socket = connection(&mut peer, way);
            let packets: Vec<Packet> = (0..1000).map(|number| numbered(number, length)).collect();
            for packet in &packets {
                socket.queue_packet(packet).into_result().unwrap();
            }
            let total = packets.iter().map(|packet| packet.len() + 4).sum::<usize>();
            assert_eq!(socket.pending_bytes(), total, "{way:?}");
            for _ in &packets {
                peer.tell("receive_packet u32");
            }
            settled(&mut socket, Interest::Write, TcpSocket::flush).into_result().unwrap();
            assert_eq!(socket.pending_bytes(), 0, "{way:?}");
            for (number, packet) in packets.iter().enumerate() {
                let answer = peer.answer();
                let expected = format!("done {} u32:{number} more", hex(packet.data()));
                assert!(answer == expected, "{answer:.100} for packet {number}, {way:?}");
            }
        }
    }
}

#[test]
fn a_thousand_packets_of_sfml_are_received_in_order_from_few_reads() {
    let mut peer = Peer::program("sfml_tcp");
    for opener in [Opener::Ours, Opener::Peer] {
        let mut socket = connection(&mut peer, (opener, Mode::NonBlocking));
        let sent: Vec<Packet> = (0..1000).map(|number| numbered(number, 20)).collect();
        for packet in &sent {
            peer.tell(&format!("send_packet {}", numbered_words(packet)));
        }
        for packet in &sent {
            assert_eq!(peer.answer(), format!("done {}", hex(packet.data())));
        }

        let mut selector = SocketSelector::new().unwrap();
        selector.add(&socket).unwrap();
        let queue = duplicate(&socket);
        let mut reads = 0;
        let mut packet = Packet::new();
        for expected in &sent {
            // The kernel's queue empties with the first reads; what is left is in the socket, and counts as ready.
            assert!(selector.wait(Some(DEADLINE)).unwrap());
            assert!(selector.is_ready(&socket));
            let before = waiting(&queue);
            assert_eq!(socket.receive_packet(&mut packet).code(), StatusCode::Done);
            assert_eq!(&packet, expected);
            reads += usize::from(waiting(&queue) != before);
        }
        // 28,000 bytes: one read of the usual size, or two.
        assert!((1..=2).contains(&reads), "{reads} reads");
        assert_eq!(socket.receive_packet(&mut packet).code(), StatusCode::NotReady);
        assert!(!selector.wait(Some(std::time::Duration::ZERO)).unwrap(), "ready with nothing left");
    }
}

#[test]
fn a_packet_of_a_megabyte_goes_both_ways() {
    let text: String = pattern((1 << 20) - 4).into_iter().map(|byte| char::from(byte % 128)).collect();
    let items = [Item::StdString(text)];
    let packet = packet_of(&items);
    assert_eq!(packet.len(), 1 << 20);
    let mut peer = Peer::program("sfml_tcp");
    for way in WAYS {
        let mut socket = connection(&mut peer, way);
        peer.tell(&format!("send_packet {}", words(&items)));
        let received = receive(&mut socket, &items);
        assert!(words(&received) == words(&items), "other text came, {way:?}");
        assert!(peer.answer() == format!("done {}", hex(packet.data())), "other bytes were sent, {way:?}");

        peer.tell("receive_packet string");
        socket.send_packet(&packet).into_result().unwrap();
        settled(&mut socket, Interest::Write, TcpSocket::flush).into_result().unwrap();
        let expected = format!("done {} {}", hex(packet.data()), words(&items));
        assert!(peer.answer() == expected, "other text went, {way:?}");
    }
}

#[test]
fn our_frames_cut_anywhere_are_received_whole_by_sfml() {
    let items = [Item::U16(7), Item::StdString("salmon".to_owned()), Item::F32(1.0)];
    let (frame, expected) = frame_of(&items);
    let mut peer = Peer::program("sfml_tcp");
    let mut raw = raw_connection(&mut peer);
    for cut in 1..frame.len() {
        raw.write_all(&frame[..cut]).unwrap();
        peer.perform("blocking off");
        assert_eq!(peer.ask("receive_packet"), "not_ready", "{cut} bytes");
        peer.perform("blocking on");
        raw.write_all(&frame[cut..]).unwrap();
        assert_eq!(peer.ask(&format!("receive_packet {}", kinds(&items))), expected, "cut after {cut} bytes");
    }
    for byte in &frame {
        peer.perform("blocking off");
        assert_eq!(peer.ask("receive_packet"), "not_ready");
        raw.write_all(&[*byte]).unwrap();
    }
    peer.perform("blocking on");
    assert_eq!(peer.ask(&format!("receive_packet {}", kinds(&items))), expected);
}

/// What our socket writes, read by SFML as plain bytes.
#[test]
fn our_frame_is_the_length_and_the_packet() {
    let mut peer = Peer::program("sfml_tcp");
    for way in WAYS {
        let mut socket = connection(&mut peer, way);
        let mut packet = Packet::new();
        packet.write_str("hey");
        socket.send_packet(&packet).into_result().unwrap();
        assert_eq!(peer.perform("receive_exactly 11"), "0000000700000003686579", "{way:?}");
        peer.perform("send_packet string:686579");
        assert_eq!(receive_exactly(&mut socket, 11), b"\0\0\0\x07\0\0\0\x03hey", "{way:?}");
    }
}

/// Receives a packet that holds items like these and nothing else.
fn receive(socket: &mut TcpSocket, items: &[Item]) -> Vec<Item> {
    let mut packet = Packet::from(b"before".to_vec());
    settled(socket, Interest::Read, |socket| socket.receive_packet(&mut packet)).into_result().unwrap();
    read_all(&mut packet, items)
}

fn read_all(packet: &mut Packet, items: &[Item]) -> Vec<Item> {
    let values = items.iter().map(|item| item.read_alike(packet).unwrap()).collect();
    assert!(packet.end_of_packet(), "{} bytes are left", packet.remaining());
    values
}

/// A packet with its number and so many bytes of text, a few more for every one.
fn numbered(number: u32, length: usize) -> Packet {
    packet_of(&[Item::U32(number), Item::StdString("x".repeat(length + number as usize % 7))])
}

fn numbered_words(packet: &Packet) -> String {
    let items = [Item::U32(0), Item::StdString(String::new())];
    words(&read_all(&mut packet.clone(), &items))
}

/// The frame of a packet with these items, and what the peer says when it has received it.
fn frame_of(items: &[Item]) -> (Vec<u8>, String) {
    let packet = packet_of(items);
    let mut frame = u32::try_from(packet.len()).unwrap().to_be_bytes().to_vec();
    frame.extend_from_slice(packet.data());
    (frame, format!("done {} {}", hex(packet.data()), words(items)))
}

fn raw_connection(peer: &mut Peer) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", peer.port("listen"))).unwrap();
    stream.set_nodelay(true).unwrap();
    peer.perform("accept");
    stream
}

/// A second handle of our connection, to look into the kernel's queue.
fn duplicate(socket: &TcpSocket) -> TcpStream {
    socket.native_handle().unwrap().as_fd().try_clone_to_owned().unwrap().into()
}

/// How many bytes wait in the kernel.
fn waiting(queue: &TcpStream) -> usize {
    match queue.peek(&mut vec![0; 1 << 20]) {
        Ok(count) => count,
        Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => 0,
        Err(error) => panic!("{error}"),
    }
}
