use std::{
    net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket},
    sync::mpsc,
    thread,
    time::Instant,
};

use super::*;
use crate::{
    link::Link,
    mode::Mode,
    packet::Packet,
    status::Status,
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

/// A server that takes no more until it has been heard is heard: also while half an answer is there, and whatever the
/// client waits for.
#[test]
fn a_receive_that_waits_sends_what_is_pending() {
    type Receive = fn(&mut Link<Session>) -> bool;
    const ANSWER: &[u8] = b"\0\0\0\x04pike";
    let receives: [Receive; 3] = [
        |link| link.receive(&mut [0; 64]).done() == Some(ANSWER.len()),
        |link| link.read(&mut [0; 64]).ok() == Some(ANSWER.len()),
        |link| {
            let mut packet = Packet::new();
            link.receive_packet(&mut packet).is_done() && packet.data() == b"pike"
        },
    ];
    for receive in receives {
        for timeout in [None, Some(LONG)] {
            let (client, mut server) = ends();
            let mut link =
                Link::open(client.socket, Mode { blocking: false, timeout: None }).through(|_, _| client.session);
            let (mut total, mut record) = (0, Vec::new());
            while let Status::Done(sent) = link.send(&[5; 100_000]) {
                total += sent;
            }
            assert!(link.pending_bytes() > 0);
            let (near, far) = sockets();
            assert_eq!(server.session.send(&near, ANSWER).unwrap(), ANSWER.len());
            sys::receive_more(&far, &mut record, 1000).unwrap();
            let (first, second) = record.split_at(9);
            assert_eq!(server.socket.send(first).unwrap(), 9);
            link.set_mode(Mode { blocking: true, timeout }).unwrap();
            let (done, ended) = mpsc::channel();
            thread::spawn(move || {
                let has_received = receive(&mut link);
                // The link stays open until it has been heard of.
                let _ = done.send((has_received, Box::new(link)));
            });
            let mut buffer = vec![0; 100_000];
            while total > 0 {
                total -= server.receive(&mut buffer).expect("the client waits, and the server waits");
            }
            assert_eq!(server.socket.send(second).unwrap(), second.len());
            assert!(ended.recv_timeout(LONG).expect("the client waits for what it has").0);
        }
    }
}

/// The head, the type of what is inside and the tag (RFC 8446 section 5.2).
const RECORD_OVERHEAD: usize = 5 + 1 + 16;
