//! TLS as one more family of sockets. There is no TLS listener: a TCP listener's connections are wrapped.

use std::{
    sync::OnceLock,
    time::{Duration, Instant},
};

use sockeye::{
    IpAddress, NativeHandle, Packet, Result, Status, TcpListener, TcpSocket, TlsClient, TlsClientOptions, TlsIdentity,
    TlsServer, TlsSocket, Trust,
};

use super::{Family, LONG, Listen, Stream, V4, delegate_stream};

/// The name in the certificate that these tests use.
pub const NAME: &str = "localhost";

/// The one identity of all servers here, made once: making keys takes time.
pub fn identity() -> &'static TlsIdentity {
    static IDENTITY: OnceLock<TlsIdentity> = OnceLock::new();
    IDENTITY.get_or_init(|| TlsIdentity::self_signed(&[NAME, "127.0.0.1", "::1"]).unwrap())
}

/// A client that trusts [`identity`] and nobody else.
pub fn client() -> &'static TlsClient {
    static CLIENT: OnceLock<TlsClient> = OnceLock::new();
    CLIENT.get_or_init(|| client_that_trusts(Trust::Pinned(vec![identity().fingerprint()])))
}

pub fn client_that_trusts(trust: Trust) -> TlsClient {
    let mut options = TlsClientOptions::default();
    options.trust = trust;
    TlsClient::with_options(options).unwrap()
}

pub fn server() -> &'static TlsServer {
    static SERVER: OnceLock<TlsServer> = OnceLock::new();
    SERVER.get_or_init(|| TlsServer::new(identity().clone()).unwrap())
}

/// Ends the handshakes of two ends, each in turn, and gives both answers when one has failed or both are done.
pub fn shake_hands(client: &mut TlsSocket, server: &mut TlsSocket) -> (Status, Status) {
    let modes = [&mut *client, &mut *server].map(|socket| {
        let mode = (socket.is_blocking(), socket.timeout());
        socket.set_blocking(false).unwrap();
        mode
    });
    let end = Instant::now() + LONG;
    let answers = loop {
        let answers = (client.handshake(), server.handshake());
        assert!(Instant::now() < end, "no handshake within {LONG:?}");
        match answers {
            (Status::NotReady, Status::NotReady | Status::Done(())) | (Status::Done(()), Status::NotReady) => {
                std::thread::yield_now();
            }
            // What one end has found wrong, the other one hears of.
            (Status::Error(_), Status::NotReady) | (Status::NotReady, Status::Error(_)) => std::thread::yield_now(),
            answers => break answers,
        }
    };
    for (socket, (blocking, timeout)) in [client, server].into_iter().zip(modes) {
        socket.set_blocking(blocking).unwrap();
        socket.set_timeout(timeout).unwrap();
    }
    answers
}

/// Two connected TCP sockets that block for `LONG` at most.
pub fn tcp_pair() -> (TcpSocket, TcpSocket) {
    let (mut client, mut server) = super::connected::<V4>(super::Mode::Blocking);
    client.set_timeout(Some(LONG)).unwrap();
    server.set_timeout(Some(LONG)).unwrap();
    (client, server)
}

/// TLS over IPv4.
pub struct Tls;

/// A TCP listener that begins a session with everybody.
pub struct TlsListener(TcpListener);

impl Listen for TlsListener {
    type Stream = TlsSocket;

    fn new() -> Self {
        Self(TcpListener::new())
    }
    fn accept(&mut self) -> Status<TlsSocket> {
        self.0.accept().map(|socket| TlsSocket::server(socket, server()).unwrap())
    }
    fn close(&mut self) {
        self.0.close();
    }
    fn set_blocking(&mut self, blocking: bool) -> Result<()> {
        self.0.set_blocking(blocking)
    }
    fn set_timeout(&mut self, limit: Option<Duration>) -> Result<()> {
        self.0.set_timeout(limit)
    }
    fn native_handle(&self) -> Option<NativeHandle<'_>> {
        self.0.native_handle()
    }
}

impl Family for Tls {
    type Listener = TlsListener;
    type Stream = TlsSocket;
    type Address = u16;

    fn fresh_address() -> u16 {
        0
    }
    fn listen(listener: &mut TlsListener, at: &u16) -> Status {
        V4::listen(&mut listener.0, at)
    }
    fn address_of(listener: &TlsListener) -> u16 {
        V4::address_of(&listener.0)
    }
    fn connect(socket: &mut TlsSocket, to: &u16) -> Status {
        begin(socket, |tcp| tcp.connect(IpAddress::LOCAL_HOST, *to))
    }
    fn connect_timeout(socket: &mut TlsSocket, to: &u16, limit: Duration) -> Status {
        begin(socket, |tcp| tcp.connect_timeout(IpAddress::LOCAL_HOST, *to, limit))
    }
    fn refusing_address() -> u16 {
        V4::refusing_address()
    }
    fn full_listener() -> (u16, Vec<socket2::Socket>) {
        V4::full_listener()
    }
    fn meet(client: &mut TlsSocket, server: &mut TlsSocket) {
        let (one, other) = shake_hands(client, server);
        one.into_result().unwrap();
        other.into_result().unwrap();
    }
}

/// Puts a new session in the place of the old one, over a new connection in the old one's mode.
fn begin(socket: &mut TlsSocket, connect: impl FnOnce(&mut TcpSocket) -> Status) -> Status {
    let mut tcp = TcpSocket::new();
    tcp.set_blocking(socket.is_blocking()).unwrap();
    tcp.set_timeout(socket.timeout()).unwrap();
    let status = connect(&mut tcp);
    *socket = TlsSocket::client(tcp, client(), NAME).unwrap();
    status
}

delegate_stream!(TlsSocket, TlsSocket::client(TcpSocket::new(), client(), NAME).unwrap());
