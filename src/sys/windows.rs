//! Windows: the same questions asked of WinSock.

use std::{io, os::windows::io::AsRawSocket, time::Duration};

use socket2::Socket;
use windows_sys::Win32::Networking::WinSock;

use super::Direction;

/// Waits until the socket can be read or written, has failed or was closed by the peer; `false` when the limit
/// passed. `None` waits for ever.
pub(crate) fn wait_for(socket: &Socket, direction: Direction, limit: Option<Duration>) -> io::Result<bool> {
    let events = match direction {
        Direction::Read => WinSock::POLLRDNORM,
        Direction::Write => WinSock::POLLWRNORM,
        Direction::Either => WinSock::POLLRDNORM | WinSock::POLLWRNORM,
    };
    let Ok(fd) = WinSock::SOCKET::try_from(socket.as_raw_socket()) else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let mut entry = WinSock::WSAPOLLFD { fd, events, revents: 0 };
    // SAFETY: one entry is passed, and it is one.
    let count = unsafe { WinSock::WSAPoll(&raw mut entry, 1, milliseconds(limit)) };
    if count < 0 { Err(last_error()) } else { Ok(count > 0) }
}

fn milliseconds(limit: Option<Duration>) -> i32 {
    limit.map_or(-1, |limit| i32::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(i32::MAX))
}

fn last_error() -> io::Error {
    // SAFETY: it only reads a thread-local number.
    io::Error::from_raw_os_error(unsafe { WinSock::WSAGetLastError() })
}

/// Windows has no pairs of local sockets.
pub(crate) fn local_pair() -> io::Result<(Socket, Socket)> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Two connected sockets; when one end closes, the other is readable.
#[cfg(feature = "http")]
pub(crate) fn stream_pair() -> io::Result<(Socket, Socket)> {
    let listener = std::net::TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    let near = std::net::TcpStream::connect(listener.local_addr()?)?;
    loop {
        let (far, from) = listener.accept()?;
        // Anybody on this machine may connect to the port.
        if from == near.local_addr()? {
            return Ok((near.into(), far.into()));
        }
    }
}

/// Tells whether a non-blocking connect has only begun.
pub(crate) fn is_connect_in_progress(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Tells whether a local listener's queue is full; WinSock refuses instead.
pub(crate) fn is_connect_retry(_error: &io::Error) -> bool {
    false
}

/// Tells whether there is no file at the path of a local socket.
pub(crate) fn is_no_such_path(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

/// Tells whether an `accept` failed only because its peer has gone.
pub(crate) fn is_accept_of_a_gone_peer(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WinSock::WSAECONNRESET)
}

/// Tells whether the process has no descriptor left.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    error.raw_os_error() == Some(WinSock::WSAEMFILE)
}

/// Tells whether the network dropped the connection.
pub(crate) fn is_network_reset(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(WinSock::WSAENETRESET | WinSock::WSAESHUTDOWN))
}

/// The table of the names of ports.
#[cfg(feature = "messages")]
pub(crate) fn services() -> std::path::PathBuf {
    let system = std::env::var_os("SystemRoot").unwrap_or_else(|| "C:\\Windows".into());
    std::path::Path::new(&system).join("System32\\drivers\\etc\\services")
}

/// The longest path of a local socket in bytes (`UNIX_PATH_MAX` less the NUL behind it).
pub(crate) const MAX_LOCAL_PATH: usize = 107;

/// Whether a path that begins with a NUL byte is a name without a file.
pub(crate) const HAS_ABSTRACT_NAMES: bool = false;

/// Tells whether a call would have had to wait.
pub(crate) fn is_would_block(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock
}

/// Tells whether a signal ended a call; Windows has none.
pub(crate) fn is_interrupted(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Interrupted
}
