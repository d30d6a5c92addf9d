//! TCP: sockets and listeners.

#[cfg(any(feature = "ftp", feature = "http", feature = "messages"))]
#[cfg(test)]
pub(crate) mod blackhole;
#[cfg(any(feature = "ftp", feature = "messages"))]
mod dial;
mod listener;

use std::{
    io,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, Protocol, SockAddr, Socket};

#[cfg(feature = "messages")]
pub(crate) use dial::connect_for_share;
#[cfg(any(feature = "ftp", feature = "messages"))]
pub(crate) use dial::dial;
pub use listener::TcpListener;

use crate::{
    error::{Error, Result},
    ip::IpAddress,
    link::Link,
    mode::Mode,
    status::Status,
    surface::{address_methods, stream_methods},
    sys,
};

/// A TCP connection, or one that is not there yet or any more.
///
/// A new socket is not connected, blocks, and answers every send and receive with `Disconnected`. It can be connected,
/// disconnected and connected again; its mode and its limits stay. `TCP_NODELAY` is on, so that a small packet leaves
/// at once.
///
/// In blocking mode an operation waits, for as long as [`set_timeout`](Self::set_timeout) allows. In non-blocking mode
/// every operation returns at once, with `NotReady` when there is nothing to do; a selector tells when to come again.
///
/// # Examples
///
/// ```
/// use sockeye::{IpAddress, Status, TcpListener, TcpSocket};
///
/// let mut listener = TcpListener::new();
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
///
/// let mut client = TcpSocket::new();
/// client.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result()?;
/// let mut server = listener.accept().into_result()?;
///
/// assert_eq!(client.send(b"hello").done(), Some(5));
/// let mut buffer = [0; 64];
/// assert_eq!(server.receive(&mut buffer).done(), Some(5));
/// assert_eq!(&buffer[..5], b"hello");
///
/// client.disconnect();
/// assert!(server.receive(&mut buffer).is_disconnected());
/// # Ok::<(), sockeye::Error>(())
/// ```
///
/// Packets, which arrive whole or not at all:
///
/// ```
/// use sockeye::{IpAddress, Packet, TcpListener, TcpSocket};
///
/// let mut listener = TcpListener::new();
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
/// let mut client = TcpSocket::new();
/// client.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result()?;
/// let mut server = listener.accept().into_result()?;
///
/// let mut packet = Packet::new();
/// packet.write_str("upstream").write_u32(4000);
/// client.send_packet(&packet).into_result()?;
///
/// let mut received = Packet::new();
/// server.receive_packet(&mut received).into_result()?;
/// assert_eq!(received.read_string()?, "upstream");
/// assert_eq!(received.read_u32()?, 4000);
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpSocket {
    link: Link,
    remote: Option<SocketAddr>,
}

impl TcpSocket {
    /// Makes a socket that is not connected and blocks.
    #[must_use]
    pub fn new() -> Self {
        Self { link: Link::new(), remote: None }
    }

    /// Connects to an address and a port.
    ///
    /// A socket that is connected or connecting is disconnected first. In blocking mode this waits until the
    /// connection is there, at most for the [`timeout`](Self::timeout). In non-blocking mode it begins the connection
    /// and answers `NotReady`; [`finish_connect`](Self::finish_connect) tells when it is there, and a selector reports
    /// the socket as writable.
    ///
    /// The outcome is `Error` with the kind `Refused`, `Unreachable`, `TimedOut` or another of the system's; the
    /// socket is then closed, and its mode is what it was.
    pub fn connect(&mut self, address: impl Into<IpAddress>, port: u16) -> Status {
        self.begin_connect(address.into(), port, None)
    }

    /// Connects, and gives up after a limit.
    ///
    /// In non-blocking mode the limit counts from here, and [`finish_connect`](Self::finish_connect) gives the
    /// `Error` with the kind `TimedOut`. A limit of zero is a connection that is there at once or not at all.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use sockeye::{ErrorKind, IpAddress, TcpListener, TcpSocket};
    ///
    /// let mut listener = TcpListener::new();
    /// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    /// let port = listener.local_port();
    /// listener.close();
    ///
    /// let mut socket = TcpSocket::new();
    /// let status = socket.connect_timeout(IpAddress::LOCAL_HOST, port, Duration::from_secs(2));
    /// assert_eq!(status.error().map(|error| error.kind()), Some(ErrorKind::Refused));
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn connect_timeout(&mut self, address: impl Into<IpAddress>, port: u16, limit: Duration) -> Status {
        self.begin_connect(address.into(), port, Some(limit))
    }

    /// Connects in the way that is best for what is going to happen.
    #[cfg(feature = "http")]
    pub(crate) fn connect_for(
        &mut self,
        purpose: Purpose,
        address: IpAddress,
        port: u16,
        limit: Option<Duration>,
    ) -> Status {
        self.begin_connect_with(address, port, limit, |socket| match purpose {
            Purpose::Anything => socket.set_tcp_nodelay(true),
            Purpose::Question => {
                sys::acknowledge_with_data(socket);
                Ok(())
            }
            Purpose::Upload => {
                if address.is_loopback() {
                    sys::stop_pacing(socket);
                }
                socket.set_tcp_nodelay(true)
            }
        })
    }

    /// Makes the socket one as others are.
    #[cfg(feature = "http")]
    pub(crate) fn settle(&mut self) {
        if let Some(handle) = self.link.handle() {
            // It fails only on a connection that is at its end, which the next receive tells.
            let _ = handle.socket().set_tcp_nodelay(true);
            sys::acknowledge_at_once(handle.socket());
        }
    }

    fn begin_connect(&mut self, address: IpAddress, port: u16, limit: Option<Duration>) -> Status {
        self.begin_connect_with(address, port, limit, |socket| socket.set_tcp_nodelay(true))
    }

    fn begin_connect_with(
        &mut self,
        address: IpAddress,
        port: u16,
        limit: Option<Duration>,
        prepare: impl FnOnce(&Socket) -> io::Result<()>,
    ) -> Status {
        self.disconnect();
        let remote = address.to_socket_addr(port);
        let opened = open(remote, self.link.connects_without_blocking(limit));
        let socket = match opened.and_then(|socket| prepare(&socket).map(|()| socket)) {
            Ok(socket) => socket,
            Err(error) => return Error::from_os(error).into(),
        };
        self.remote = Some(remote);
        self.link.connect(socket, &SockAddr::from(remote), limit)
    }

    /// Sends without asking first whether a connection that has just begun is there; `NotReady` when it is not.
    #[cfg(feature = "http")]
    pub(crate) fn send_at_once(&mut self, data: &[u8]) -> Status<usize> {
        self.link.send_at_once(data)
    }

    #[cfg(any(feature = "http", feature = "messages"))]
    #[inline]
    pub(crate) fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }

    /// Closes the connection, if there is one, and drops what is in its outbox.
    ///
    /// Data that the system has taken is still delivered. Call [`flush`](Self::flush) first to wait for the outbox.
    pub fn disconnect(&mut self) {
        self.link.disconnect();
        self.remote = None;
    }

    /// Takes over a connection that is in the listener's mode.
    fn accepted(socket: Socket, remote: SocketAddr, mode: Mode) -> Self {
        Self { link: Link::open(socket, mode), remote: Some(remote) }
    }

    /// Gives the connection to a socket of another kind, which sends and receives through it in another way.
    pub(crate) fn into_parts(self) -> (Link, Option<SocketAddr>) {
        (self.link, self.remote)
    }
}

/// What a connection is made for.
#[cfg(feature = "http")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    Anything,
    /// A short question and its answer, with one packet less: the acknowledgement of the connection goes with the question.
    /// Before anything else is sent, and when the answer comes in pieces, [`settle`](TcpSocket::settle) the socket: the
    /// peer may hold a piece back until the one before it is acknowledged (RFC 896).
    Question,
    /// Many bytes to the peer.
    Upload,
}

address_methods!(TcpSocket);
stream_methods!(TcpSocket);

impl Default for TcpSocket {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes over a connected stream of the standard library. The socket is in blocking mode with `TCP_NODELAY` on.
impl TryFrom<TcpStream> for TcpSocket {
    type Error = Error;

    fn try_from(stream: TcpStream) -> Result<Self> {
        let adopt = || {
            stream.set_nonblocking(false)?;
            stream.set_nodelay(true)?;
            stream.peer_addr()
        };
        let remote = adopt().map_err(Error::from_transfer)?;
        Ok(Self::accepted(stream.into(), remote, Mode::BLOCKING))
    }
}

/// Gives the connection to the standard library. The stream blocks if the socket does and has no timeout.
///
/// The socket comes back as the error when it is not connected, and when it holds bytes that would be lost: packets
/// not taken, an outbox not flushed.
impl TryFrom<TcpSocket> for TcpStream {
    type Error = TcpSocket;

    fn try_from(socket: TcpSocket) -> Result<Self, TcpSocket> {
        let TcpSocket { link, remote } = socket;
        link.into_socket().map(Self::from).map_err(|link| TcpSocket { link, remote })
    }
}

fn open(remote: SocketAddr, nonblocking: bool) -> io::Result<Socket> {
    sys::stream_socket(Domain::for_address(remote), Some(Protocol::TCP), nonblocking)
}
