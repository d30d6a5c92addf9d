//! TCP: sockets and listeners.

mod listener;

use std::{
    io,
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

pub use listener::TcpListener;

use crate::{
    error::{Error, Result},
    ip::IpAddress,
    link::Link,
    mode::Mode,
    packet::Packet,
    status::Status,
    sys::{Handle, NativeHandle},
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

    fn begin_connect(&mut self, address: IpAddress, port: u16, limit: Option<Duration>) -> Status {
        self.disconnect();
        let remote = address.to_socket_addr(port);
        let socket = match open(remote) {
            Ok(socket) => socket,
            Err(error) => return Error::from_os(error).into(),
        };
        self.remote = Some(remote);
        self.link.connect(socket, &SockAddr::from(remote), limit)
    }

    /// Ends a connection that was begun in non-blocking mode.
    ///
    /// `Done` once the connection is there, and for a socket that is connected anyway; `NotReady` until then. A
    /// failure is said once, as `Error`, and closes the socket: later calls answer `Disconnected`, as they do for a
    /// socket that was never asked to connect. Sends and receives on a connecting socket call this first.
    pub fn finish_connect(&mut self) -> Status {
        self.link.finish_connect()
    }

    /// Closes the connection, if there is one, and drops what is in its outbox.
    ///
    /// Data that the system has taken is still delivered. Call [`flush`](Self::flush) first to wait for the outbox.
    pub fn disconnect(&mut self) {
        self.link.disconnect();
        self.remote = None;
    }

    /// Tells whether the socket has a connection of which it does not know yet that it has ended.
    ///
    /// Only a send or a receive finds out that the peer has gone.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.is_open()
    }

    /// Sends bytes.
    ///
    /// In blocking mode `Done` means that the system has taken all of them, unless a timeout is set and passes: then
    /// it is `Done(k)` with as many as went, or `NotReady` if none went. In non-blocking mode `Done(k)` may be less
    /// than all; the rest is for the caller to send again, or see [`send_packet`](Self::send_packet). Empty data is
    /// `Done(0)` without a system call.
    pub fn send(&mut self, data: &[u8]) -> Status<usize> {
        self.link.send(data)
    }

    /// Receives at least one byte, or as many as there are up to the length of the buffer.
    ///
    /// `Disconnected` comes after the last byte that the peer has sent, and then every time. An empty buffer is
    /// `Done(0)` without a system call.
    pub fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
        self.link.receive(buffer)
    }

    /// Sends a packet with its length in front, as SFML does.
    ///
    /// In blocking mode `Done` means that the system has taken all of it, with one system call for the length and the
    /// data when there is room; if a timeout is set and passes, `NotReady` means that nothing of the packet went, and
    /// if a part went, it is `Done` with the rest in the outbox. In non-blocking mode `Done` means that the socket has
    /// taken charge of the packet: what the system had no room for waits in the socket's own outbox, and
    /// [`flush`](Self::flush) and later sends move it on, in order. `NotReady` means that the outbox is over its limit,
    /// and that nothing of the packet was taken.
    ///
    /// `Error` with the kind `TooLong` when the packet is larger than [`set_packet_limit`](Self::set_packet_limit)
    /// allows; nothing is sent then.
    ///
    /// # Examples
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
    pub fn send_packet(&mut self, packet: &Packet) -> Status {
        self.link.send_packet(packet)
    }

    /// Puts a packet into the outbox without a system call, to send many at once with [`flush`](Self::flush).
    ///
    /// `NotReady` when the outbox is over its limit: flush, then try again. Works while the socket is connecting.
    pub fn queue_packet(&mut self, packet: &Packet) -> Status {
        self.link.queue_packet(packet)
    }

    /// Sends what is in the outbox: `Done` when it is empty, `NotReady` when the system had no room for all.
    ///
    /// In blocking mode it waits until the outbox is empty, at most for the [`timeout`](Self::timeout).
    pub fn flush(&mut self) -> Status {
        self.link.flush()
    }

    /// Returns how many bytes are in the outbox.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.link.pending_bytes()
    }

    /// Receives the next packet; `packet` is replaced when the answer is `Done`, and untouched otherwise.
    ///
    /// The socket takes all that the system has with one call and cuts packets out of it, so the next packets may cost
    /// no call at all; a selector reports a socket that holds a whole packet as ready. Part of a packet stays in the
    /// socket until the rest arrives (`NotReady` in non-blocking mode). [`receive`](Self::receive) gives such bytes
    /// first, too: nothing is lost when the two are mixed.
    ///
    /// `Error` with the kind `Truncated` when the peer closes inside a packet, then `Disconnected`. `Error` with the
    /// kind `TooLong` when the peer announces more than [`set_packet_limit`](Self::set_packet_limit) allows; the
    /// socket is then closed. An announcement costs no memory: a packet's grows with the bytes that arrive.
    pub fn receive_packet(&mut self, packet: &mut Packet) -> Status {
        self.link.receive_packet(packet)
    }

    /// Ends the connection in one direction: the peer receives what was sent and then `Disconnected`, and may go on
    /// sending. Empties the outbox first, and answers as [`flush`](Self::flush) does until it is empty.
    pub fn shutdown_send(&mut self) -> Status {
        self.link.shutdown_send()
    }

    /// Chooses between blocking (the default) and non-blocking mode, for this connection and those to come.
    ///
    /// # Errors
    ///
    /// The system's, in theory: for an open socket it cannot fail on the systems this crate knows.
    pub fn set_blocking(&mut self, blocking: bool) -> Result<()> {
        self.link.set_mode(Mode { blocking, ..self.link.mode() })
    }

    /// Tells whether operations wait.
    #[must_use]
    pub fn is_blocking(&self) -> bool {
        self.link.mode().blocking
    }

    /// Sets how long an operation waits in blocking mode; `None`, the default, is for ever.
    ///
    /// The limit is for a whole operation, interruptions by signals included, and a connect keeps it too. When it
    /// passes, a send or a receive answers `NotReady`, and a connect `Error` with the kind `TimedOut`. Zero makes
    /// operations look once and never wait. A limit is exact to the millisecond, rounded up.
    ///
    /// # Errors
    ///
    /// As for [`set_blocking`](Self::set_blocking).
    pub fn set_timeout(&mut self, limit: Option<Duration>) -> Result<()> {
        self.link.set_mode(Mode { timeout: limit, ..self.link.mode() })
    }

    /// Returns how long an operation waits in blocking mode.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.link.mode().timeout
    }

    /// Returns the port of this end, 0 when there is no connection.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.local().map_or(0, |local| local.port())
    }

    /// Returns the address of this end, `None` when there is no connection.
    #[must_use]
    pub fn local_address(&self) -> Option<IpAddress> {
        self.local().map(IpAddress::reported)
    }

    /// Returns the address that the connection was made with, `None` when there is no connection.
    #[must_use]
    pub fn remote_address(&self) -> Option<IpAddress> {
        self.remote().map(IpAddress::reported)
    }

    /// Returns the port that the connection was made with, 0 when there is no connection.
    #[must_use]
    pub fn remote_port(&self) -> u16 {
        self.remote().map_or(0, |remote| remote.port())
    }

    /// Sets the largest packet to send or to receive, in bytes without the length in front; the default is 16 MiB.
    pub fn set_packet_limit(&mut self, bytes: usize) {
        self.link.set_packet_limit(bytes);
    }

    /// Returns the largest packet to send or to receive.
    #[must_use]
    pub fn packet_limit(&self) -> usize {
        self.link.packet_limit()
    }

    /// Sets how many bytes the outbox takes before `send_packet` and `queue_packet` answer `NotReady`; the default is
    /// 8 MiB. An empty outbox takes a packet of any size.
    pub fn set_outbox_limit(&mut self, bytes: usize) {
        self.link.set_outbox_limit(bytes);
    }

    /// Returns how many bytes the outbox takes.
    #[must_use]
    pub fn outbox_limit(&self) -> usize {
        self.link.outbox_limit()
    }

    /// Returns the system's handle of the socket, `None` when it is not open.
    #[must_use]
    pub fn native_handle(&self) -> Option<NativeHandle<'_>> {
        self.link.handle().map(Handle::native)
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.link.handle()
    }

    /// Takes over a connection that is in the listener's mode.
    fn accepted(socket: Socket, remote: SocketAddr, mode: Mode) -> Self {
        Self { link: Link::open(socket, mode), remote: Some(remote) }
    }

    fn local(&self) -> Option<SocketAddr> {
        if !self.link.is_open() {
            return None;
        }
        self.link.handle()?.socket().local_addr().ok()?.as_socket()
    }

    fn remote(&self) -> Option<SocketAddr> {
        self.remote.filter(|_| self.link.is_open())
    }
}

impl Default for TcpSocket {
    fn default() -> Self {
        Self::new()
    }
}

/// `NotReady` is `WouldBlock`; the end of the stream is 0 bytes, a reset an error.
impl io::Read for TcpSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.link.read(buffer)
    }
}

/// `NotReady` is `WouldBlock`, `Disconnected` is `NotConnected`; `flush` empties the outbox.
impl io::Write for TcpSocket {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(self.send(data).into_result()?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(Self::flush(self).into_result()?)
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

fn open(remote: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(remote), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_tcp_nodelay(true)?;
    Ok(socket)
}
