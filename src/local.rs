//! Local sockets: connections between programs of one machine (`AF_UNIX`).

mod credentials;
mod listener;
mod place;

use std::{path::Path, time::Duration};

use socket2::{Domain, SockAddr, Socket};

pub use credentials::PeerCredentials;
pub use listener::LocalListener;

use crate::{
    error::{Error, Limit, Result},
    link::Link,
    mode::Mode,
    status::Status,
    surface::stream_methods,
    sys,
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
    /// again. The system does not tell when there is room: ask from time to time, since a selector would find such a
    /// socket ready every time. Everything else is as for [`TcpSocket::connect`](crate::TcpSocket::connect).
    pub fn connect(&mut self, path: impl AsRef<Path>) -> Status {
        self.begin_connect(path.as_ref(), None)
    }

    /// Connects, and gives up after a limit.
    pub fn connect_timeout(&mut self, path: impl AsRef<Path>, limit: Duration) -> Status {
        self.begin_connect(path.as_ref(), Some(limit))
    }

    fn begin_connect(&mut self, path: &Path, limit: Option<Duration>) -> Status {
        self.disconnect();
        let nonblocking = self.link.connects_without_blocking(limit);
        match address(path).and_then(|address| Ok((open(nonblocking)?, address))) {
            Ok((socket, address)) => self.link.connect(socket, &address, limit),
            Err(error) => error.into(),
        }
    }

    /// Closes the connection, if there is one, and drops what is in its outbox.
    pub fn disconnect(&mut self) {
        self.link.disconnect();
    }

    #[cfg(feature = "messages")]
    #[inline]
    pub(crate) fn link_mut(&mut self) -> &mut Link {
        &mut self.link
    }

    fn accepted(socket: Socket, mode: Mode) -> Self {
        Self { link: Link::open(socket, mode) }
    }
}

stream_methods!(LocalSocket);

impl Default for LocalSocket {
    fn default() -> Self {
        Self::new()
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

fn open(nonblocking: bool) -> Result<Socket> {
    sys::stream_socket(Domain::UNIX, None, nonblocking).map_err(Error::from_os)
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
