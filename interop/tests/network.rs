//! What loopback cannot show: no route, scopes, groups over IPv6, packets cut by a real network's size.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

use interop::{DEADLINE, child::part, network::Host};
use sockeye::{
    DatagramBatch, Endpoint, ErrorKind, EventLoop, EventLoopOptions, Framing, IpAddress, ListenOptions, Status,
    StatusCode, TcpListener, TcpSocket, UdpSocket,
};

const PORT: u16 = 5317;

/// Runs the test again on a host, as its only part.
fn alone(host: &Host, test: &str) {
    host.play(test, "alone").join();
}

/// Runs the test again on both hosts of a pair, as the one that answers and the one that asks.
fn both(test: &str) {
    let (asking, answering) = Host::pair();
    let answer = answering.play(test, "answer");
    asking.play(test, "ask").join();
    answer.join();
}

/// Connects to a listener that may not be there yet.
fn connect(address: IpAddress) -> TcpSocket {
    let mut socket = TcpSocket::new();
    let end = Instant::now() + DEADLINE;
    loop {
        match socket.connect_timeout(address, PORT, DEADLINE) {
            Status::Done(()) => return socket,
            other if Instant::now() > end => panic!("{other:?}"),
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn listen() -> TcpSocket {
    let mut listener = TcpListener::new();
    listener.listen(PORT).into_result().unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    listener.accept().into_result().unwrap()
}

#[test]
fn what_cannot_be_reached_says_so() {
    let played = part(|_| {
        // The system finds no route for the first, and no address of its own for the second.
        for address in [IpAddress::LOCAL_HOST, IpAddress::parse("2001:db8::1").unwrap()] {
            for blocking in [true, false] {
                let mut socket = TcpSocket::new();
                socket.set_blocking(blocking).unwrap();
                let mut status = socket.connect(address, 9);
                if status.is_not_ready() {
                    assert!(!blocking);
                    socket.set_blocking(true).unwrap();
                    status = socket.finish_connect();
                }
                let error = status.error().unwrap();
                assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
                assert_eq!(socket.finish_connect().code(), StatusCode::Disconnected);
            }
            let error = UdpSocket::new().send(b"x", address, 9).error().unwrap();
            assert!(matches!(error.kind(), ErrorKind::Unreachable | ErrorKind::AddressNotAvailable), "{error}");
        }
        assert_eq!(IpAddress::local_address(), None);
        assert_eq!(IpAddress::local_addresses().unwrap(), []);
    });
    if !played {
        alone(&Host::new(), "what_cannot_be_reached_says_so");
    }
}

#[test]
fn a_route_that_says_unreachable_is_believed() {
    let played = part(|_| {
        let error = TcpSocket::new().connect([192, 0, 2, 7], 9).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::Unreachable, "{error}");
        let error = TcpSocket::new().connect([198, 51, 100, 7], 9).error().unwrap();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "{error}");
    });
    if !played {
        let host = Host::with_loopback();
        host.ip(&["route", "add", "unreachable", "192.0.2.0/24"]);
        host.ip(&["route", "add", "prohibit", "198.51.100.0/24"]);
        alone(&host, "a_route_that_says_unreachable_is_believed");
    }
}

#[test]
fn a_host_that_never_answers_costs_the_limit() {
    let played = part(|_| {
        let limit = Duration::from_millis(300);
        for blocking in [true, false] {
            let mut socket = TcpSocket::new();
            socket.set_blocking(blocking).unwrap();
            let begin = Instant::now();
            let mut status = socket.connect_timeout([10, 17, 4, 77], PORT, limit);
            while status.is_not_ready() {
                assert!(begin.elapsed() < DEADLINE);
                std::thread::sleep(Duration::from_millis(1));
                status = socket.finish_connect();
            }
            assert_eq!(status.error().unwrap().kind(), ErrorKind::TimedOut);
            assert!((limit..limit * 10).contains(&begin.elapsed()), "{:?}", begin.elapsed());
            assert_eq!(socket.is_blocking(), blocking);
        }
    });
    if !played {
        let (asking, _other) = Host::pair();
        alone(&asking, "a_host_that_never_answers_costs_the_limit");
    }
}

#[test]
fn a_host_without_ipv6_listens_on_ipv4() {
    let played = part(|_| {
        let mut listener = TcpListener::new();
        listener.listen(0).into_result().unwrap();
        listener.set_timeout(Some(DEADLINE)).unwrap();
        let mut client = TcpSocket::new();
        client.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result().unwrap();
        let server = listener.accept().into_result().unwrap();
        assert_eq!(server.remote_address(), Some(IpAddress::LOCAL_HOST));
        let mut receiver = UdpSocket::new();
        receiver.bind(0).into_result().unwrap();
        receiver.set_timeout(Some(DEADLINE)).unwrap();
        let sender = UdpSocket::new();
        sender.send(b"x", IpAddress::LOCAL_HOST, receiver.local_port()).into_result().unwrap();
        assert_eq!(receiver.receive(&mut [0; 4]).done(), Some((1, IpAddress::LOCAL_HOST, sender.local_port())));
    });
    if !played {
        let host = Host::with_loopback();
        let off = ["-q", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1"];
        assert!(host.command("sysctl").args(off).status().unwrap().success());
        alone(&host, "a_host_without_ipv6_listens_on_ipv4");
    }
}

#[test]
fn the_local_address_is_that_of_the_route() {
    let played = part(|part| {
        let address = IpAddress::local_address().unwrap();
        let expected = if part == "routed" { IpAddress::new(10, 99, 0, 1) } else { IpAddress::new(10, 17, 4, 1) };
        assert_eq!(address, expected, "{part}");
        let all = IpAddress::local_addresses().unwrap();
        assert_eq!(all.first(), Some(&expected));
        assert!(all[1..].contains(&IpAddress::new(10, 17, 4, 1)) || part != "routed", "{all:?}");
        assert!(all.iter().any(|address| address.scope_id() != 0), "no link-local address in {all:?}");
        assert_eq!(all.last(), Some(&IpAddress::LOCAL_HOST_V6), "{all:?}");
    });
    if played {
        return;
    }
    let test = "the_local_address_is_that_of_the_route";
    let (host, _other) = Host::pair();
    // A network without a way out.
    host.play(test, "alone").join();
    host.ip(&["link", "add", "eth1", "type", "veth", "peer", "name", "eth2"]);
    host.ip(&["link", "set", "eth1", "up"]);
    host.ip(&["link", "set", "eth2", "up"]);
    host.ip(&["address", "add", "10.99.0.1/24", "dev", "eth1"]);
    host.ip(&["route", "add", "default", "via", "10.99.0.2"]);
    host.play(test, "routed").join();
}

/// The other host's link-local address, told over IPv4.
fn exchange_link_local(part: &str) -> IpAddress {
    let mine = IpAddress::local_addresses().unwrap().into_iter().find(|address| address.scope_id() != 0).unwrap();
    let mut socket = if part == "answer" { listen() } else { connect(IpAddress::new(10, 17, 4, 2)) };
    let mut packet = sockeye::Packet::new();
    packet.write_str(mine.to_string().split('%').next().unwrap());
    socket.send_packet(&packet).into_result().unwrap();
    socket.receive_packet(&mut packet).into_result().unwrap();
    let theirs = IpAddress::parse(&format!("{}%eth0", packet.read_string().unwrap())).unwrap();
    assert_eq!(theirs.scope_id(), mine.scope_id());
    theirs
}

#[test]
fn link_local_addresses_keep_their_interface() {
    let played = part(|part| {
        let theirs = exchange_link_local(part);
        let mut udp = UdpSocket::new();
        udp.bind(PORT).into_result().unwrap();
        udp.set_timeout(Some(DEADLINE)).unwrap();
        if part == "answer" {
            let peer = listen();
            assert_eq!(peer.remote_address(), Some(theirs));
            let (_, from, port) = udp.receive(&mut [0; 8]).into_result().unwrap();
            assert_eq!((from, port), (theirs, PORT));
            // Back to exactly where it came from: without the interface there would be no way.
            udp.send(b"pong", from, port).into_result().unwrap();
        } else {
            let peer = connect(theirs);
            assert_eq!(peer.remote_address(), Some(theirs));
            udp.send(b"ping", theirs, PORT).into_result().unwrap();
            assert_eq!(udp.receive(&mut [0; 8]).done(), Some((4, theirs, PORT)));
        }
    });
    if !played {
        both("link_local_addresses_keep_their_interface");
    }
}

#[test]
fn groups_reach_other_hosts() {
    let played = part(|part| {
        let theirs = exchange_link_local(part);
        let mine = IpAddress::local_addresses().unwrap().into_iter().find(|address| address.scope_id() != 0).unwrap();
        let lan = IpAddress::new(10, 17, 4, if part == "answer" { 2 } else { 1 });
        let groups = [
            (IpAddress::new(239, 255, 17, 4), lan, IpAddress::new(10, 17, 4, 1)),
            (IpAddress::parse("ff02::1704%eth0").unwrap(), IpAddress::ANY_V6, theirs),
            (IpAddress::parse("ff15::1704").unwrap(), mine, theirs),
        ];
        let mut udp = UdpSocket::new();
        udp.bind(PORT).into_result().unwrap();
        udp.set_timeout(Some(DEADLINE)).unwrap();
        if part == "answer" {
            for (group, interface, _) in groups {
                udp.join_multicast(group, interface).into_result().unwrap();
            }
            let _ready = listen();
            for (group, _, from) in groups {
                let mut buffer = [0; 64];
                let (length, address, _) = udp.receive(&mut buffer).into_result().unwrap();
                assert_eq!(buffer[..length], *group.to_string().as_bytes());
                assert_eq!(address, from, "{group}");
            }
        } else {
            let _ready = connect(IpAddress::new(10, 17, 4, 2));
            for (group, interface, _) in groups {
                let mut sender = UdpSocket::new();
                let any = if group.is_v4() { IpAddress::ANY } else { IpAddress::ANY_V6 };
                sender.bind_to(any, 0).into_result().unwrap();
                if group.scope_id() == 0 {
                    sender.set_multicast_interface(interface).into_result().unwrap();
                }
                sender.send(group.to_string().as_bytes(), group, PORT).into_result().unwrap();
            }
        }
    });
    if !played {
        both("groups_reach_other_hosts");
    }
}

/// Datagrams that fit into one packet of the network go together; larger ones cannot, and go all the same.
#[test]
fn batches_cross_a_network_of_1500_bytes() {
    let played = part(|part| {
        let datagrams: Vec<Vec<u8>> = [1400, 2000, 1473, 64, 20_000]
            .iter()
            .flat_map(|length| (0..20_u8).map(|byte| vec![byte; *length]))
            .collect();
        let mut udp = UdpSocket::new();
        udp.bind(PORT).into_result().unwrap();
        udp.set_timeout(Some(DEADLINE)).unwrap();
        udp.set_receive_buffer(8 << 20).unwrap();
        if part == "answer" {
            let mut ready = listen();
            let mut batch = DatagramBatch::new();
            let mut received = Vec::new();
            while received.len() < datagrams.len() {
                udp.receive_batch(&mut batch).into_result().unwrap();
                received.extend(batch.iter().map(|datagram| datagram.data.to_vec()));
            }
            received.sort();
            let mut expected = datagrams;
            expected.sort();
            assert!(received == expected);
            ready.send(b"x").into_result().unwrap();
        } else {
            let mut ready = connect(IpAddress::new(10, 17, 4, 2));
            for group in datagrams.chunks(20) {
                let slices: Vec<&[u8]> = group.iter().map(Vec::as_slice).collect();
                assert_eq!(udp.send_batch(&slices, [10, 17, 4, 2], PORT).done(), Some(20));
            }
            ready.receive(&mut [0]).into_result().unwrap();
        }
    });
    if !played {
        both("batches_cross_a_network_of_1500_bytes");
    }
}

#[test]
fn the_addresses_of_one_ipv6_network_have_one_share_of_a_loop() {
    const ADDRESSES: [&str; 3] = ["fd17::1", "fd17::2", "fd17:0:0:1::1"];
    let played = part(|_| {
        let mut options = EventLoopOptions::default();
        options.max_per_address = Some(1);
        let mut event_loop = EventLoop::with_options(options).unwrap();
        let everywhere = Endpoint::parse("[::]:0").unwrap();
        let listener = event_loop.listen(&everywhere, Framing::lines(), ListenOptions::default()).unwrap();
        let port = event_loop.local_port(listener);
        let end = Instant::now() + DEADLINE;
        let mut peers = Vec::new();
        for (address, expected) in ADDRESSES.into_iter().zip([(1, 0), (1, 1), (2, 1)]) {
            // The system connects from the address that it connects to.
            peers.push(TcpStream::connect((address, port)).unwrap());
            assert_eq!(peers.last().unwrap().local_addr().unwrap().ip().to_string(), address);
            loop {
                let counters = event_loop.counters();
                if (counters.opened, counters.refused) == expected {
                    break;
                }
                assert!(Instant::now() < end, "{address}: {counters:?}");
                event_loop.poll(Some(Duration::from_millis(20))).unwrap();
            }
        }
    });
    if !played {
        let host = Host::with_loopback();
        for address in ADDRESSES {
            host.ip(&["address", "add", &format!("{address}/64"), "dev", "lo"]);
        }
        alone(&host, "the_addresses_of_one_ipv6_network_have_one_share_of_a_loop");
    }
}
