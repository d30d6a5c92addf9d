//! What a socket is when nobody has said anything, and what it keeps.

use std::net;

use socket2::SockRef;
use sockeye::{IpAddress, StatusCode, TcpListener, TcpSocket, UdpSocket};

use crate::support::{Family, LONG, Listen, Mode, Stream, V4, V6, connected, eventually, has_v6, listening, loopbacks};

crate::rows! {
    mode_survives_a_reconnect: both not tls;
    timeout_survives_a_reconnect: blocking not tls;
}

fn mode_survives_a_reconnect<F: Family>(mode: Mode) {
    let (mut client, _server) = connected::<F>(mode);
    client.disconnect();
    let (_listener, address) = listening::<F>();
    let _ = F::connect(&mut client, &address);
    assert_eq!(eventually(|| client.finish_connect()).code(), StatusCode::Done);
    assert_eq!(client.is_blocking(), mode == Mode::Blocking);
    if mode == Mode::NonBlocking {
        assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
    }
}

fn timeout_survives_a_reconnect<F: Family>(_mode: Mode) {
    let (mut client, _server) = connected::<F>(Mode::Blocking);
    client.set_timeout(Some(std::time::Duration::from_millis(1))).unwrap();
    let (_listener, address) = listening::<F>();
    F::connect_timeout(&mut client, &address, LONG).into_result().unwrap();
    assert_eq!(client.receive(&mut [0]).code(), StatusCode::NotReady);
}

#[test]
fn a_new_socket_blocks_and_has_no_addresses() {
    let socket = TcpSocket::new();
    assert!(socket.is_blocking());
    assert_eq!(socket.timeout(), None);
    assert_eq!((socket.local_port(), socket.remote_port()), (0, 0));
    assert_eq!((socket.local_address(), socket.remote_address()), (None, None));
    assert_eq!((socket.packet_limit(), socket.outbox_limit()), (16 << 20, 8 << 20));
    let listener = TcpListener::new();
    assert!(listener.is_blocking());
    assert_eq!((listener.local_port(), listener.local_address()), (0, None));
    let socket = UdpSocket::new();
    assert!(socket.is_blocking());
    assert_eq!((socket.local_port(), socket.local_address()), (0, None));
}

#[test]
fn ports_and_addresses_are_those_of_the_connection() {
    let (mut listener, port) = listening::<V4>();
    let mut client = TcpSocket::new();
    client.connect(IpAddress::LOCAL_HOST, port).into_result().unwrap();
    let server = listener.accept().into_result().unwrap();
    assert_eq!(client.remote_port(), port);
    assert_eq!(client.remote_address(), Some(IpAddress::LOCAL_HOST));
    assert_eq!(server.remote_port(), client.local_port());
    assert_eq!(server.local_port(), port);
    assert_ne!(client.local_port(), 0);
    assert_eq!(client.local_address(), Some(IpAddress::LOCAL_HOST));
    client.disconnect();
    assert_eq!((client.local_port(), client.remote_port()), (0, 0));
    assert_eq!((client.local_address(), client.remote_address()), (None, None));
}

/// A pending connection has no addresses yet.
#[test]
fn a_pending_connection_has_no_addresses() {
    let (port, _full) = V4::full_listener();
    let mut client = TcpSocket::new();
    client.set_blocking(false).unwrap();
    assert_eq!(client.connect(IpAddress::LOCAL_HOST, port).code(), StatusCode::NotReady);
    assert_eq!((client.local_port(), client.remote_port()), (0, 0));
    assert_eq!((client.local_address(), client.remote_address()), (None, None));
}

#[test]
fn tcp_sockets_send_small_packets_at_once() {
    fn check<F: Family<Stream = TcpSocket>>() {
        let (client, server) = connected::<F>(Mode::Blocking);
        for socket in [&client, &server] {
            assert!(SockRef::from(&socket.native_handle().unwrap()).tcp_nodelay().unwrap());
        }
    }
    check::<V4>();
    if has_v6() {
        check::<V6>();
    }
}

#[cfg(unix)]
#[test]
fn no_descriptor_reaches_a_program_that_is_started() {
    use std::os::fd::AsRawFd;

    fn check(handle: Option<sockeye::NativeHandle<'_>>) {
        let descriptor = handle.unwrap().as_raw_fd();
        // SAFETY: it only asks for the flags.
        #[allow(unsafe_code)]
        let flags = unsafe { libc::fcntl(descriptor, libc::F_GETFD) };
        assert_eq!(flags & libc::FD_CLOEXEC, libc::FD_CLOEXEC);
    }
    let (client, server) = connected::<V4>(Mode::Blocking);
    let (local, peer) = connected::<crate::support::Local>(Mode::Blocking);
    let (listener, _) = listening::<V4>();
    let mut udp = UdpSocket::new();
    udp.bind(0).into_result().unwrap();
    check(client.native_handle());
    check(server.native_handle());
    check(local.native_handle());
    check(peer.native_handle());
    check(listener.native_handle());
    check(udp.native_handle());
}

/// IPv4 peers of dual-stack sockets are IPv4 peers.
#[test]
fn dual_stack_listeners_report_v4_peers_as_v4() {
    let mut listener = TcpListener::new();
    listener.listen(0).into_result().unwrap();
    assert_eq!(listener.local_address(), Some(IpAddress::ANY_V6), "this machine has no IPv6");
    for address in loopbacks() {
        let mut client = TcpSocket::new();
        client.connect(address, listener.local_port()).into_result().unwrap();
        let server = listener.accept().into_result().unwrap();
        assert_eq!(server.remote_address(), Some(address));
        assert_eq!(server.local_address(), Some(address));
        assert_eq!(server.remote_port(), client.local_port());
    }
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::ANY, 0).into_result().unwrap();
    if !has_v6() {
        return;
    }
    let refused = TcpSocket::new().connect(IpAddress::LOCAL_HOST_V6, listener.local_port());
    assert_eq!(refused.code(), StatusCode::Error, "ANY is IPv4 alone");
}

#[test]
fn std_streams_come_and_go() {
    let (mut listener, port) = listening::<V4>();
    let stream = net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    stream.set_nonblocking(true).unwrap();
    let mut client = TcpSocket::try_from(stream).unwrap();
    assert!(client.is_blocking());
    assert_eq!(client.remote_port(), port);
    let mut server = listener.accept().into_result().unwrap();
    server.send(b"\0\0\0\x01a\0\0\0\x01b").into_result().unwrap();
    client.receive_packet(&mut sockeye::Packet::new()).into_result().unwrap();
    // A second packet waits in the socket: it would be lost.
    let mut client = net::TcpStream::try_from(client).unwrap_err();
    assert_eq!(client.remote_port(), port);
    client.receive_packet(&mut sockeye::Packet::new()).into_result().unwrap();
    client.queue_packet(&sockeye::Packet::new()).into_result().unwrap();
    let mut client = net::TcpStream::try_from(client).unwrap_err();
    client.flush().into_result().unwrap();
    let stream = net::TcpStream::try_from(client).unwrap();
    assert_eq!(stream.peer_addr().unwrap().port(), port);
    assert_eq!(net::TcpStream::try_from(TcpSocket::new()).unwrap_err().remote_port(), 0);

    let listener = net::TcpListener::try_from(listener).unwrap();
    let mut listener = TcpListener::try_from(listener).unwrap();
    assert_eq!(listener.local_port(), port);
    Listen::set_timeout(&mut listener, Some(LONG)).unwrap();
    TcpSocket::new().connect(IpAddress::LOCAL_HOST, port).into_result().unwrap();

    let mut udp = UdpSocket::new();
    assert_eq!(net::UdpSocket::try_from(udp).unwrap_err().local_port(), 0);
    udp = UdpSocket::new();
    udp.bind_to(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    let port = udp.local_port();
    let udp = UdpSocket::try_from(net::UdpSocket::try_from(udp).unwrap()).unwrap();
    assert_eq!(udp.local_port(), port);
}

#[cfg(unix)]
#[test]
fn std_unix_streams_come_and_go() {
    use std::os::unix::net::UnixStream;

    let (left, right) = UnixStream::pair().unwrap();
    left.set_nonblocking(true).unwrap();
    let mut left = sockeye::LocalSocket::try_from(left).unwrap();
    assert!(left.is_blocking());
    std::io::Write::write_all(&mut &right, b"hi").unwrap();
    assert_eq!(left.receive(&mut [0; 2]).done(), Some(2));
    let left = UnixStream::try_from(left).unwrap();
    std::io::Write::write_all(&mut &left, b"ho").unwrap();
}

/// Sockets can be handed to and shared between threads.
#[test]
fn sockets_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<TcpSocket>();
    check::<TcpListener>();
    check::<UdpSocket>();
    check::<sockeye::LocalSocket>();
    check::<sockeye::LocalListener>();
    check::<sockeye::TlsSocket>();
    check::<sockeye::TlsClient>();
    check::<sockeye::TlsServer>();
    check::<sockeye::Packet>();
    check::<sockeye::SocketSelector>();
    check::<sockeye::Waker>();
    check::<sockeye::Error>();
}
