use std::fmt::Debug;

use crate::{
    ip::IpAddress,
    message::{connection::Connection, framing::Framing},
    packet::Packet,
    tcp::{TcpListener, TcpSocket},
};

const SECRET: &[u8] = b"secret";

fn pair() -> (TcpSocket, TcpSocket) {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result().unwrap();
    let mut near = TcpSocket::new();
    near.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result().unwrap();
    (near, listener.accept().into_result().unwrap())
}

fn assert_says_nothing(value: &impl Debug) {
    let shown = format!("{value:?}");
    for part in ["115, 101, 99", "secret"] {
        assert!(!shown.contains(part), "{shown}");
    }
}

/// A password that a program sends, or has received and not taken, is nobody's who reads its log.
#[test]
fn debug_shows_no_content() {
    // As bytes are shown by themselves.
    assert_eq!(format!("{:?}", &SECRET[..3]), "[115, 101, 99]");

    let (mut near, mut far) = pair();
    let secret = Packet::from(SECRET.to_vec());
    for _ in 0..2 {
        near.queue_packet(&secret).into_result().unwrap();
    }
    assert_says_nothing(&near);
    near.flush().into_result().unwrap();
    far.receive_packet(&mut Packet::new()).into_result().unwrap();
    assert_says_nothing(&far);

    let (near, far) = pair();
    let mut near = Connection::new(near, Framing::lines());
    let mut far = Connection::new(far, Framing::lines());
    for _ in 0..2 {
        near.queue(SECRET).into_result().unwrap();
    }
    assert_says_nothing(&near);
    near.flush().into_result().unwrap();
    far.receive().into_result().unwrap();
    assert_says_nothing(&far);
}

#[cfg(feature = "tls")]
#[test]
fn debug_of_an_encrypted_socket_shows_no_content() {
    use crate::{
        status::Status,
        tls::{TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust},
    };

    let (mut near, far) = pair();
    let secret = Packet::from(SECRET.to_vec());
    let options = TlsClientOptions { trust: Trust::Nothing, ..TlsClientOptions::default() };
    // What was there before the session goes in front of it.
    near.queue_packet(&secret).into_result().unwrap();
    let near = TlsSocket::client(near, &TlsClient::with_options(options.clone()).unwrap(), "localhost").unwrap();
    assert_says_nothing(&near);

    drop((near, far));
    let (near, far) = pair();
    let mut near = TlsSocket::client(near, &TlsClient::with_options(options).unwrap(), "localhost").unwrap();
    let server = TlsServer::new(TlsIdentity::self_signed(&["localhost"]).unwrap()).unwrap();
    let mut far = TlsSocket::server(far, &server).unwrap();
    for _ in 0..2 {
        near.queue_packet(&secret).into_result().unwrap();
    }
    assert_says_nothing(&near);
    std::thread::scope(|scope| {
        scope.spawn(|| near.flush().into_result().unwrap());
        far.receive_packet(&mut Packet::new()).into_result().unwrap();
    });
    assert_says_nothing(&far);
    let _: Status = near.shutdown_send();
}
