//! bind, listen, accept.

use std::time::{Duration, Instant};

use sockeye::{ErrorKind, IpAddress, Packet, StatusCode, TcpListener, TcpSocket, UdpSocket};

use crate::support::{
    Family, LONG, Listen, Mode, SHORT, Stream, child, connected, eventually, in_thread, listening, packet_of,
    receive_soon,
};

// A TLS socket is made of what a TCP listener accepts.
crate::rows! {
    place_taken: both not tls;
    listen_again: both not tls;
    nobody_waiting: both not tls;
    nobody_waiting_within_a_limit: blocking not tls;
    peer_that_has_gone: both not local tls;
    peer_that_has_sent_and_gone: both not tls;
    accepted_sockets_start_in_the_listeners_mode: both not tls;
    not_listening: both not tls;
    nothing_carries_over_into_an_accepted_socket: both not tls;
}

fn mode_of<L: Listen>(listener: &mut L, mode: Mode) {
    listener.set_blocking(mode == Mode::Blocking).unwrap();
}

/// Error, and what was listened on before still is.
fn place_taken<F: Family>(mode: Mode) {
    let (_other, taken) = listening::<F>();
    let (mut listener, address) = listening::<F>();
    mode_of(&mut listener, mode);
    let error = F::listen(&mut listener, &taken).error().unwrap();
    assert_eq!(error.kind(), ErrorKind::AddressInUse, "{error}");
    let mut client = <F::Stream as Stream>::new();
    F::connect(&mut client, &address).into_result().unwrap();
    assert!(eventually(|| listener.accept()).is_done());
}

/// Done; the old place is closed after the new one is open.
fn listen_again<F: Family>(mode: Mode) {
    let (mut listener, old) = listening::<F>();
    mode_of(&mut listener, mode);
    F::listen(&mut listener, &F::fresh_address()).into_result().unwrap();
    let new = F::address_of(&listener);
    let mut client = <F::Stream as Stream>::new();
    let kind = F::connect(&mut client, &old).error().map(|error| error.kind());
    assert!(matches!(kind, Some(ErrorKind::Refused | ErrorKind::Unreachable)), "{kind:?}");
    F::connect(&mut client, &new).into_result().unwrap();
    assert!(eventually(|| listener.accept()).is_done());
}

/// Blocking waits; non-blocking is NotReady.
fn nobody_waiting<F: Family>(mode: Mode) {
    let (mut listener, address) = listening::<F>();
    mode_of(&mut listener, mode);
    if mode == Mode::NonBlocking {
        assert_eq!(listener.accept().code(), StatusCode::NotReady);
        return;
    }
    let (waiting, is_waiting) = std::sync::mpsc::channel();
    let acceptor = in_thread(move || {
        waiting.send(()).unwrap();
        listener.accept().code()
    });
    is_waiting.recv().unwrap();
    std::thread::sleep(SHORT);
    let mut client = <F::Stream as Stream>::new();
    F::connect(&mut client, &address).into_result().unwrap();
    assert_eq!(acceptor.join(), StatusCode::Done);
}

/// With a limit set: NotReady.
fn nobody_waiting_within_a_limit<F: Family>(_mode: Mode) {
    let (mut listener, _) = listening::<F>();
    listener.set_timeout(Some(SHORT)).unwrap();
    let begin = Instant::now();
    assert_eq!(listener.accept().code(), StatusCode::NotReady);
    assert!((SHORT..LONG / 2).contains(&begin.elapsed()), "{:?}", begin.elapsed());
}

/// Skipped.
fn peer_that_has_gone<F: Family>(mode: Mode) {
    let (mut listener, address) = listening::<F>();
    mode_of(&mut listener, mode);
    listener.set_timeout(Some(SHORT)).unwrap();
    for _ in 0..3 {
        let mut client = <F::Stream as Stream>::new();
        F::connect(&mut client, &address).into_result().unwrap();
        crate::support::reset(client);
    }
    assert_eq!(listener.accept().code(), StatusCode::NotReady);
    let mut client = <F::Stream as Stream>::new();
    F::connect(&mut client, &address).into_result().unwrap();
    client.send(b"I am here").into_result().unwrap();
    let mut server = eventually(|| listener.accept()).into_result().unwrap();
    assert_eq!(receive_soon(&mut server, &mut [0; 16]).done(), Some(9));
}

/// Not skipped: what it has sent is there.
fn peer_that_has_sent_and_gone<F: Family>(mode: Mode) {
    let (mut listener, address) = listening::<F>();
    mode_of(&mut listener, mode);
    let mut client = <F::Stream as Stream>::new();
    F::connect(&mut client, &address).into_result().unwrap();
    client.send(b"goodbye").into_result().unwrap();
    crate::support::reset(client);
    let mut server = eventually(|| listener.accept()).into_result().unwrap();
    assert_eq!(receive_soon(&mut server, &mut [0; 16]).done(), Some(7));
    assert_eq!(receive_soon(&mut server, &mut [0; 16]).code(), StatusCode::Disconnected);
}

fn accepted_sockets_start_in_the_listeners_mode<F: Family>(mode: Mode) {
    let (mut listener, address) = listening::<F>();
    mode_of(&mut listener, mode);
    listener.set_timeout(Some(if mode == Mode::Blocking { SHORT } else { LONG })).unwrap();
    let mut client = <F::Stream as Stream>::new();
    F::connect(&mut client, &address).into_result().unwrap();
    let mut server = eventually(|| listener.accept()).into_result().unwrap();
    assert_eq!(server.is_blocking(), mode == Mode::Blocking);
    let begin = Instant::now();
    assert_eq!(server.receive(&mut [0]).code(), StatusCode::NotReady);
    assert!(mode == Mode::NonBlocking || begin.elapsed() >= SHORT);
    assert!(begin.elapsed() < LONG / 2);
    server.set_timeout(None).unwrap();
    server.set_blocking(true).unwrap();
    client.send(b"x").into_result().unwrap();
    assert_eq!(server.receive(&mut [0]).done(), Some(1));
}

/// Disconnected, before listen and after close.
fn not_listening<F: Family>(mode: Mode) {
    let mut listener = <F::Listener as Listen>::new();
    mode_of(&mut listener, mode);
    assert_eq!(listener.accept().code(), StatusCode::Disconnected);
    F::listen(&mut listener, &F::fresh_address()).into_result().unwrap();
    let address = F::address_of(&listener);
    listener.close();
    listener.close();
    assert_eq!(listener.accept().code(), StatusCode::Disconnected);
    assert!(listener.native_handle().is_none());
    let error = F::connect(&mut <F::Stream as Stream>::new(), &address).error().unwrap();
    assert!(matches!(error.kind(), ErrorKind::Refused | ErrorKind::Unreachable), "{error}");
    F::listen(&mut listener, &F::fresh_address()).into_result().unwrap();
}

fn nothing_carries_over_into_an_accepted_socket<F: Family>(mode: Mode) {
    let (mut used, mut old_peer) = connected::<F>(Mode::NonBlocking);
    old_peer.send(b"\0\0\0\x08half").into_result().unwrap();
    crate::support::await_ready(&used, sockeye::Interest::Read);
    assert_eq!(used.receive_packet(&mut Packet::new()).code(), StatusCode::NotReady);
    let (mut listener, address) = listening::<F>();
    mode_of(&mut listener, mode);
    let mut client = <F::Stream as Stream>::new();
    F::connect(&mut client, &address).into_result().unwrap();
    client.send_packet(&packet_of(2, b'n')).into_result().unwrap();
    used = eventually(|| listener.accept()).into_result().unwrap();
    let mut packet = Packet::new();
    eventually(|| used.receive_packet(&mut packet)).into_result().unwrap();
    assert_eq!(packet.data(), b"nn");
    assert_eq!(old_peer.receive(&mut [0]).code(), StatusCode::Disconnected);
}

/// Error(TooManyFiles); the connection stays in the queue and the listener lives on.
#[cfg(unix)]
#[test]
fn no_descriptors_left() {
    child::in_child("accept::no_descriptors_left", || {
        for mode in [Mode::Blocking, Mode::NonBlocking] {
            let (mut listener, address) = listening::<crate::support::V4>();
            mode_of(&mut listener, mode);
            let mut client = TcpSocket::new();
            client.connect(IpAddress::LOCAL_HOST, address).into_result().unwrap();
            let mut others = Vec::new();
            let limit = child::limit_descriptors(64);
            while let Ok(file) = std::fs::File::open("/dev/null") {
                others.push(file);
            }
            for _ in 0..3 {
                let error = listener.accept().error().unwrap();
                assert_eq!(error.kind(), ErrorKind::TooManyFiles, "{error}");
            }
            assert_eq!(
                TcpSocket::new().connect(IpAddress::LOCAL_HOST, address).error().unwrap().kind(),
                ErrorKind::TooManyFiles
            );
            assert_eq!(UdpSocket::new().bind(0).error().unwrap().kind(), ErrorKind::TooManyFiles);
            drop(others);
            child::limit_descriptors(limit);
            assert!(listener.accept().is_done());
        }
    });
}

/// The port of a server that has just ended can be taken again at once.
#[cfg(unix)]
#[test]
fn a_port_in_time_wait_can_be_taken() {
    let (mut listener, address) = listening::<crate::support::V4>();
    let mut client = TcpSocket::new();
    client.connect(IpAddress::LOCAL_HOST, address).into_result().unwrap();
    let mut server = listener.accept().into_result().unwrap();
    // The end that closes first keeps the port.
    server.disconnect();
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::Disconnected);
    client.disconnect();
    listener.close();
    TcpListener::new().listen_on(IpAddress::LOCAL_HOST, address).into_result().unwrap();
}

/// Listening where one listens already changes nothing, and the waiting connections stay.
#[test]
fn listening_twice_on_one_port_keeps_the_queue() {
    let (mut listener, port) = listening::<crate::support::V4>();
    let mut client = TcpSocket::new();
    client.connect(IpAddress::LOCAL_HOST, port).into_result().unwrap();
    listener.listen_on(IpAddress::LOCAL_HOST, port).into_result().unwrap();
    listener.set_timeout(Some(Duration::from_secs(5))).unwrap();
    assert!(listener.accept().is_done());
}

/// An address that cannot be listened on is refused before anything is closed.
#[test]
fn listening_on_a_broadcast_address_is_refused() {
    let (mut listener, port) = listening::<crate::support::V4>();
    for address in [IpAddress::BROADCAST, IpAddress::new(224, 0, 0, 1), IpAddress::parse("ff02::1").unwrap()] {
        assert_eq!(listener.listen_on(address, 0).error().unwrap().kind(), ErrorKind::InvalidAddress);
    }
    let elsewhere = listener.listen_on([192, 0, 2, 1], 0).error().unwrap();
    assert_eq!(elsewhere.kind(), ErrorKind::AddressNotAvailable);
    assert_eq!(listener.local_port(), port);
    TcpSocket::new().connect(IpAddress::LOCAL_HOST, port).into_result().unwrap();
}

/// A file of another program stays when the listener that was there closes.
#[cfg(unix)]
#[test]
fn only_the_listeners_own_file_is_removed() {
    let (mut listener, path) = listening::<crate::support::Local>();
    std::fs::remove_file(&path).unwrap();
    let other = std::os::unix::net::UnixListener::bind(&path).unwrap();
    listener.close();
    assert!(path.exists());
    drop(other);
    std::fs::remove_file(&path).unwrap();
    let (listener, path) = listening::<crate::support::Local>();
    assert!(path.exists());
    drop(listener);
    assert!(!path.exists());
}

/// A path that cannot be is refused with a reason.
#[cfg(unix)]
#[test]
fn impossible_paths() {
    use sockeye::{LocalListener, LocalSocket};

    let long = std::path::PathBuf::from("x".repeat(4000));
    assert_eq!(LocalListener::new().listen(&long).error().unwrap().kind(), ErrorKind::TooLong);
    assert_eq!(LocalSocket::new().connect(&long).error().unwrap().kind(), ErrorKind::TooLong);
    for path in ["", "\0", "a\0b"] {
        assert_eq!(LocalListener::new().listen(path).error().unwrap().kind(), ErrorKind::InvalidAddress, "{path:?}");
        assert_eq!(LocalSocket::new().connect(path).error().unwrap().kind(), ErrorKind::InvalidAddress, "{path:?}");
    }
    let error = LocalListener::new().listen("/no such folder/socket").error().unwrap();
    assert!(error.to_string().contains("No such file"), "{error}");
}

/// Names in the abstract namespace have no file.
#[cfg(target_os = "linux")]
#[test]
fn abstract_names() {
    use sockeye::{LocalListener, LocalSocket};

    let name = format!("\0sockeye-test-{}", std::process::id());
    let mut listener = LocalListener::new();
    listener.listen(&name).into_result().unwrap();
    assert_eq!(LocalListener::new().listen(&name).error().unwrap().kind(), ErrorKind::AddressInUse);
    let mut client = LocalSocket::new();
    client.connect(&name).into_result().unwrap();
    let mut server = listener.accept().into_result().unwrap();
    server.send(b"hi").into_result().unwrap();
    assert_eq!(client.receive(&mut [0; 4]).done(), Some(2));
}
