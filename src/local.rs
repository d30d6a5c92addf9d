//! Local sockets: connections between programs of one machine (`AF_UNIX`).

mod listener;

use std::{io, path::Path, time::Duration};

use socket2::{Domain, SockAddr, Socket, Type};

pub use listener::LocalListener;

use crate::{
    error::{Error, Limit, Result},
    link::Link,
    mode::Mode,
    packet::Packet,
    status::Status,
    sys::{self, Handle, NativeHandle},
};

/// A connection to a program on the same machine, over a path instead of an address and a port.
///
/// It behaves as [`TcpSocket`](crate::TcpSocket) does in every other respect.
///
/// # Platform
///
/// On Linux a path that begins with a NUL byte is a name in the abstract namespace, without a file. Windows has local
/// sockets since version 10 (1803), but no [`pair`](Self::pair).
///
/// # Examples
///
/// ```
/// # #[cfg(unix)] {
/// use sockeye::LocalSocket;
///
/// let (mut left, mut right) = LocalSocket::pair()?;
/// left.send(b"hello").into_result()?;
/// let mut buffer = [0; 16];
/// assert_eq!(right.receive(&mut buffer).done(), Some(5));
/// drop(left);
/// assert!(right.receive(&mut buffer).is_disconnected());
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct LocalSocket {
    link: Link,
}

impl LocalSocket {
    /// Makes a socket that is not connected and blocks.
    #[must_use]
    pub fn new() -> Self {
        Self { link: Link::new() }
    }

    /// Makes two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyFiles`] when no descriptor is left; [`Error::Io`] on Windows, which has no pairs.
    pub fn pair() -> Result<(Self, Self)> {
        let (left, right) = sys::local_pair().map_err(Error::from_os)?;
        Ok((Self::accepted(left, Mode::BLOCKING), Self::accepted(right, Mode::BLOCKING)))
    }

    /// Connects to the listener at a path.
    ///
    /// `Error` has the kind `Refused` when nobody listens there, `Unreachable` when there is no such path, `TooLong`
    /// when the path is longer than the system allows (107 bytes on Linux). In non-blocking mode `Done` comes at once
    /// unless the listener's queue is full; then it is `NotReady`, and [`finish_connect`](Self::finish_connect) asks
    /// again. Everything else is as for [`TcpSocket::connect`](crate::TcpSocket::connect).
    pub fn connect(&mut self, path: impl AsRef<Path>) -> Status {
        self.begin_connect(path.as_ref(), None)
    }

    /// Connects, and gives up after a limit.
    pub fn connect_timeout(&mut self, path: impl AsRef<Path>, limit: Duration) -> Status {
        self.begin_connect(path.as_ref(), Some(limit))
    }

    fn begin_connect(&mut self, path: &Path, limit: Option<Duration>) -> Status {
        self.disconnect();
        match address(path).and_then(|address| Ok((open()?, address))) {
            Ok((socket, address)) => self.link.connect(socket, &address, limit),
            Err(error) => error.into(),
        }
    }

    /// Ends a connection that was begun in non-blocking mode; see
    /// [`TcpSocket::finish_connect`](crate::TcpSocket::finish_connect).
    pub fn finish_connect(&mut self) -> Status {
        self.link.finish_connect()
    }

    /// Closes the connection, if there is one, and drops what is in its outbox.
    pub fn disconnect(&mut self) {
        self.link.disconnect();
    }

    /// Tells whether the socket has a connection of which it does not know yet that it has ended.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.link.is_open()
    }

    /// Sends bytes; see [`TcpSocket::send`](crate::TcpSocket::send).
    pub fn send(&mut self, data: &[u8]) -> Status<usize> {
        self.link.send(data)
    }

    /// Receives at least one byte; see [`TcpSocket::receive`](crate::TcpSocket::receive).
    pub fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
        self.link.receive(buffer)
    }

    /// Sends a packet with its length in front; see [`TcpSocket::send_packet`](crate::TcpSocket::send_packet).
    pub fn send_packet(&mut self, packet: &Packet) -> Status {
        self.link.send_packet(packet)
    }

    /// Puts a packet into the outbox; see [`TcpSocket::queue_packet`](crate::TcpSocket::queue_packet).
    pub fn queue_packet(&mut self, packet: &Packet) -> Status {
        self.link.queue_packet(packet)
    }

    /// Sends what is in the outbox; see [`TcpSocket::flush`](crate::TcpSocket::flush).
    pub fn flush(&mut self) -> Status {
        self.link.flush()
    }

    /// Returns how many bytes are in the outbox.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.link.pending_bytes()
    }

    /// Receives the next packet; see [`TcpSocket::receive_packet`](crate::TcpSocket::receive_packet).
    pub fn receive_packet(&mut self, packet: &mut Packet) -> Status {
        self.link.receive_packet(packet)
    }

    /// Ends the connection in one direction; see [`TcpSocket::shutdown_send`](crate::TcpSocket::shutdown_send).
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

    /// Sets how long an operation waits in blocking mode; see
    /// [`TcpSocket::set_timeout`](crate::TcpSocket::set_timeout).
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

    /// Sets the largest packet to send or to receive; the default is 16 MiB.
    pub fn set_packet_limit(&mut self, bytes: usize) {
        self.link.set_packet_limit(bytes);
    }

    /// Returns the largest packet to send or to receive.
    #[must_use]
    pub fn packet_limit(&self) -> usize {
        self.link.packet_limit()
    }

    /// Sets how many bytes the outbox takes; the default is 8 MiB.
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

    fn accepted(socket: Socket, mode: Mode) -> Self {
        Self { link: Link::open(socket, mode) }
    }
}

impl Default for LocalSocket {
    fn default() -> Self {
        Self::new()
    }
}

/// `NotReady` is `WouldBlock`; the end of the stream is 0 bytes, a reset an error.
impl io::Read for LocalSocket {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.link.read(buffer)
    }
}

/// `NotReady` is `WouldBlock`, `Disconnected` is `NotConnected`; `flush` empties the outbox.
impl io::Write for LocalSocket {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        Ok(self.send(data).into_result()?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(Self::flush(self).into_result()?)
    }
}

/// Takes over a connected stream of the standard library, in blocking mode.
#[cfg(unix)]
impl TryFrom<std::os::unix::net::UnixStream> for LocalSocket {
    type Error = Error;

    fn try_from(stream: std::os::unix::net::UnixStream) -> Result<Self> {
        stream.set_nonblocking(false).map_err(Error::from_os)?;
        Ok(Self::accepted(stream.into(), Mode::BLOCKING))
    }
}

/// Gives the connection to the standard library; the socket comes back as the error when it is not connected, and when
/// it holds bytes that would be lost.
#[cfg(unix)]
impl TryFrom<LocalSocket> for std::os::unix::net::UnixStream {
    type Error = LocalSocket;

    fn try_from(socket: LocalSocket) -> Result<Self, LocalSocket> {
        socket.link.into_socket().map(Self::from).map_err(|link| LocalSocket { link })
    }
}

fn open() -> Result<Socket> {
    Socket::new(Domain::UNIX, Type::STREAM, None).map_err(Error::from_os)
}

/// The system's form of a path.
fn address(path: &Path) -> Result<SockAddr> {
    let length = path.as_os_str().len();
    if length > sys::MAX_LOCAL_PATH {
        return Err(Error::TooLong { what: Limit::Path, length: length as u64, limit: sys::MAX_LOCAL_PATH as u64 });
    }
    // An empty path would not be refused but bound to a name that nobody knows.
    let bytes = path.as_os_str().as_encoded_bytes();
    let (first, rest) = bytes.split_first().unwrap_or((&0, &[]));
    if rest.contains(&0) || (*first == 0 && (rest.is_empty() || !sys::HAS_ABSTRACT_NAMES)) {
        return Err(Error::invalid_address(&path.to_string_lossy(), "a path without NUL bytes"));
    }
    SockAddr::unix(path).map_err(Error::from_os)
}
