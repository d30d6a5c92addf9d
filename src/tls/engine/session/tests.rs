use std::{
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    time::Instant,
};

use super::*;
use crate::{
    mode::Mode,
    tls::{TlsClientOptions, TlsIdentity, TlsServerOptions, Trust},
};

const LONG: Duration = Duration::from_secs(10);

/// One end of a session, with the socket that its bytes pass through.
struct End {
    session: Session,
    socket: Socket,
}

/// Two ends of a TCP connection whose buffers stay small.
fn sockets() -> (Socket, Socket) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let near = Socket::from(TcpStream::connect(listener.local_addr().unwrap()).unwrap());
    let far = Socket::from(listener.accept().unwrap().0);
    near.set_send_buffer_size(4096).unwrap();
    far.set_recv_buffer_size(4096).unwrap();
    (near, far)
}

/// A client and a server that have shaken hands over sockets that do not block, and the client has read its tickets.
fn ends() -> (End, End) {
    let (near, far) = sockets();
    let options = TlsClientOptions { trust: Trust::Nothing, ..TlsClientOptions::default() };
    let client = Session::client(&Client::new(options).unwrap(), "localhost").unwrap();
    let identity = TlsIdentity::self_signed(&["localhost"]).unwrap();
    let server = Session::server(&Server::new(TlsServerOptions::new(identity)).unwrap()).unwrap();
    let [mut client, mut server] = [(client, near), (server, far)].map(|(session, socket)| End { session, socket });
    let end = Instant::now() + LONG;
    while !(client.session.is_ready() && server.session.is_ready()) {
        assert!(Instant::now() < end, "no handshake");
        for End { session, socket } in [&mut client, &mut server] {
            socket.set_nonblocking(true).unwrap();
            match session.handshake(socket, Deadline::after(Some(Duration::ZERO))) {
                Ok(()) | Err(Error::NotReady) => {}
                Err(error) => panic!("{error}"),
            }
        }
    }
    assert_eq!(server.session.send(&server.socket, b"x").unwrap(), 1);
    assert_eq!(client.receive(&mut [0; 4]).unwrap(), 1);
    (client, server)
}

impl End {
    /// Receives within a limit.
    fn receive(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut attempt = Mode { blocking: true, timeout: Some(LONG) }.begin();
        attempt.call(&self.socket, Direction::Read, |socket| self.session.receive(socket, buffer))
    }

    /// Takes a record from the wire, as the peer has encrypted it.
    fn record(&self, length: usize) -> Vec<u8> {
        let mut record = Vec::new();
        while record.len() < length {
            let room = length - record.len();
            match sys::receive_more(&self.socket, &mut record, room) {
                Err(error) if sys::is_would_block(&error) => {
                    assert!(sys::wait_for(&self.socket, Direction::Read, Some(LONG)).unwrap());
                }
                result => assert!(result.unwrap() > 0),
            }
        }
        record
    }
}

/// However many reads a record takes, the session has not kept the last piece of it unread when it says that there is
/// nothing: who waits for the system then waits for ever.
#[test]
fn a_record_may_come_byte_by_byte() {
    let (mut client, mut server) = ends();
    // What a datagram brings is what one read brings.
    let [slow, far] = [(); 2].map(|()| UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap());
    slow.connect(far.local_addr().unwrap()).unwrap();
    far.connect(slow.local_addr().unwrap()).unwrap();
    slow.set_nonblocking(true).unwrap();
    let mut slow = Socket::from(slow);
    for length in 1..40 {
        let data = vec![7; length];
        assert_eq!(server.session.send(&server.socket, &data).unwrap(), length);
        for byte in client.record(RECORD_OVERHEAD + length) {
            far.send(&[byte]).unwrap();
        }
        let stream = mem::replace(&mut client.socket, slow);
        let mut buffer = [0; 64];
        assert_eq!(client.receive(&mut buffer).ok(), Some(length));
        assert!(buffer[..length] == data);
        slow = mem::replace(&mut client.socket, stream);
    }
}

/// The head, the type of what is inside and the tag (RFC 8446 section 5.2).
const RECORD_OVERHEAD: usize = 5 + 1 + 16;
