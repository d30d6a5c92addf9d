//! Any operation that is interrupted by a signal is retried with what is left of its limit.

use std::{
    io::Read,
    time::{Duration, Instant},
};

use sockeye::{ErrorKind, IpAddress, LocalSocket, Packet, SocketSelector, StatusCode, UdpSocket};

use crate::support::{
    Family, LONG, Listen, Local, Mode, Stream, connected, drain, fill, in_thread, listening, signals::Interruptions,
};

crate::rows! {
    receive_keeps_its_limit: blocking;
    receive_without_a_limit_waits_on: blocking;
    receive_packet_keeps_its_limit: blocking;
    send_keeps_its_limit: blocking;
    send_without_a_limit_sends_all: blocking;
    accept_keeps_its_limit: blocking not tls;
    connect_keeps_its_limit: blocking;
}

/// Many signals fit into it, and one that is not retried ends long before it.
const LIMIT: Duration = Duration::from_millis(500);

/// Runs an operation under a rain of signals and checks that it took its whole limit and not much more.
fn lasts_its_limit<T>(operation: impl FnOnce() -> T) -> T {
    let signals = Interruptions::of_this_thread();
    let begin = Instant::now();
    let value = operation();
    let elapsed = begin.elapsed();
    assert!((LIMIT..LONG).contains(&elapsed), "{elapsed:?}");
    assert!(signals.count() > 3, "only {} signals", signals.count());
    value
}

fn receive_keeps_its_limit<F: Family>(mode: Mode) {
    let (mut client, _server) = connected::<F>(mode);
    client.set_timeout(Some(LIMIT)).unwrap();
    assert_eq!(lasts_its_limit(|| client.receive(&mut [0])).code(), StatusCode::NotReady);
}

fn receive_without_a_limit_waits_on<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    let sender = in_thread(move || {
        std::thread::sleep(LIMIT);
        server.send(b"late").done()
    });
    assert_eq!(lasts_its_limit(|| client.receive(&mut [0; 8])).done(), Some(4));
    sender.join();
}

fn receive_packet_keeps_its_limit<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    server.send(b"\0\0\0\x05hal").into_result().unwrap();
    client.set_timeout(Some(LIMIT)).unwrap();
    let mut packet = Packet::new();
    assert_eq!(lasts_its_limit(|| client.receive_packet(&mut packet)).code(), StatusCode::NotReady);
    server.send(b"ve").into_result().unwrap();
    assert_eq!(client.receive_packet(&mut packet).code(), StatusCode::Done);
    assert_eq!(packet.data(), b"halve");
}

fn send_keeps_its_limit<F: Family>(mode: Mode) {
    let (mut client, _server) = connected::<F>(mode);
    client.set_timeout(Some(LIMIT)).unwrap();
    let data = vec![0; 64 << 20];
    let sent = lasts_its_limit(|| client.send(&data)).done().unwrap();
    assert!((1..data.len()).contains(&sent), "{sent} bytes");
    fill(&mut client);
    assert_eq!(lasts_its_limit(|| client.send(&data)).code(), StatusCode::NotReady);
}

fn send_without_a_limit_sends_all<F: Family>(mode: Mode) {
    let (mut client, mut server) = connected::<F>(mode);
    let data: Vec<u8> = (0..32 << 20_u32).map(|number: u32| (number % 255) as u8).collect();
    let length = data.len();
    let reader = in_thread(move || {
        std::thread::sleep(LIMIT);
        drain(&mut server, length)
    });
    assert_eq!(lasts_its_limit(|| client.send(&data)).done(), Some(length));
    assert!(reader.join() == data);
}

fn accept_keeps_its_limit<F: Family>(_mode: Mode) {
    let (mut listener, _) = listening::<F>();
    listener.set_timeout(Some(LIMIT)).unwrap();
    assert_eq!(lasts_its_limit(|| listener.accept()).code(), StatusCode::NotReady);
}

fn connect_keeps_its_limit<F: Family>(_mode: Mode) {
    let (address, _full) = F::full_listener();
    let mut client = <F::Stream as Stream>::new();
    let status = lasts_its_limit(|| F::connect_timeout(&mut client, &address, LIMIT));
    assert_eq!(status.error().unwrap().kind(), ErrorKind::TimedOut);
}

/// The queue of a local listener is full: the system waits for room in it, and a signal ends that without a connection.
#[test]
fn connect_without_a_limit_waits_on() {
    let (path, mut full) = Local::full_listener();
    let listener = in_thread(move || {
        std::thread::sleep(LIMIT);
        // What had filled the queue is accepted first, and has ended.
        full.truncate(1);
        let mut word = [0; 4];
        while full[0].accept().unwrap().0.read(&mut word).unwrap() < word.len() {}
        word
    });
    let mut client = LocalSocket::new();
    assert_eq!(lasts_its_limit(|| client.connect(&path)).code(), StatusCode::Done);
    assert_eq!(client.send(b"late").done(), Some(4));
    assert!(client.is_blocking());
    assert_eq!(&listener.join(), b"late");
}

#[test]
fn udp_receive_keeps_its_limit() {
    for address in crate::support::loopbacks() {
        let mut socket = UdpSocket::new();
        socket.bind_to(address, 0).into_result().unwrap();
        socket.set_timeout(Some(LIMIT)).unwrap();
        assert_eq!(lasts_its_limit(|| socket.receive(&mut [0])).code(), StatusCode::NotReady);
    }
}

#[test]
fn a_selector_keeps_its_limit() {
    let mut selector = SocketSelector::new().unwrap();
    assert!(!lasts_its_limit(|| selector.wait(Some(LIMIT)).unwrap()));
    let mut socket = UdpSocket::new();
    socket.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    selector.add(&socket).unwrap();
    let port = socket.local_port();
    let sender = in_thread(move || {
        std::thread::sleep(LIMIT);
        UdpSocket::new().send(b"x", IpAddress::LOCAL_HOST, port).done()
    });
    assert!(lasts_its_limit(|| selector.wait(Some(LONG)).unwrap()));
    sender.join();
}
