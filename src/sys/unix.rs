//! What Linux, macOS and the BSDs have in common.

use std::{io, os::fd::AsRawFd, time::Duration};

use socket2::{Domain, Socket, Type};

use super::Direction;

/// Waits until the socket can be read or written, has failed or was closed by the peer; `false` when the limit
/// passed. `None` waits for ever. A signal ends it with `Interrupted`.
pub(crate) fn wait_for(socket: &Socket, direction: Direction, limit: Option<Duration>) -> io::Result<bool> {
    let events = match direction {
        Direction::Read => libc::POLLIN,
        Direction::Write => libc::POLLOUT,
        Direction::Either => libc::POLLIN | libc::POLLOUT,
    };
    let mut entry = libc::pollfd { fd: socket.as_raw_fd(), events, revents: 0 };
    // SAFETY: one entry is passed, and it is one.
    let count = unsafe { libc::poll(&raw mut entry, 1, milliseconds(limit)) };
    if count < 0 { Err(io::Error::last_os_error()) } else { Ok(count > 0) }
}

/// A limit in whole milliseconds, rounded up so that nothing ends early; -1 for none.
pub(super) fn milliseconds(limit: Option<Duration>) -> libc::c_int {
    limit.map_or(-1, |limit| libc::c_int::try_from(limit.as_nanos().div_ceil(1_000_000)).unwrap_or(libc::c_int::MAX))
}

/// A pair of connected local sockets.
pub(crate) fn local_pair() -> io::Result<(Socket, Socket)> {
    Socket::pair(Domain::UNIX, Type::STREAM, None)
}

/// Two connected sockets; when one end closes, the other is readable.
#[cfg(feature = "http")]
pub(crate) fn stream_pair() -> io::Result<(Socket, Socket)> {
    local_pair()
}

/// Tells whether a non-blocking connect has only begun. A signal does not stop one either (POSIX `connect`).
pub(crate) fn is_connect_in_progress(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINPROGRESS | libc::EINTR))
}

/// Tells whether a local listener's queue is full, so that the connect must be asked again (`unix(7)`).
pub(crate) fn is_connect_retry(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EAGAIN))
}

/// Tells whether there is no file at the path of a local socket.
pub(crate) fn is_no_such_path(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR))
}

/// Tells whether an `accept` failed only because its peer has gone or could not be reached (`accept(2)`).
pub(crate) fn is_accept_of_a_gone_peer(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::EINTR
                | libc::ECONNABORTED
                | libc::EPROTO
                | libc::ENOPROTOOPT
                | libc::ENETDOWN
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::EHOSTUNREACH
        )
    )
}

/// Tells whether the process or the system has no descriptor left.
pub(crate) fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Tells whether the network dropped the connection.
pub(crate) fn is_network_reset(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::ENETRESET)
}

/// The table of the names of ports (`services(5)`).
#[cfg(feature = "messages")]
pub(crate) fn services() -> std::path::PathBuf {
    "/etc/services".into()
}

/// The longest path of a local socket in bytes: the system's field less the NUL behind it.
pub(crate) const MAX_LOCAL_PATH: usize =
    size_of::<libc::sockaddr_un>() - std::mem::offset_of!(libc::sockaddr_un, sun_path) - 1;

/// Whether a path that begins with a NUL byte is a name without a file (`unix(7)`).
pub(crate) const HAS_ABSTRACT_NAMES: bool = cfg!(any(target_os = "linux", target_os = "android"));

/// Tells whether a call would have had to wait. Asking the number costs less than asking for the kind, which every
/// empty poll of a socket does.
#[inline]
pub(crate) fn is_would_block(error: &io::Error) -> bool {
    match error.raw_os_error() {
        Some(code) => code == libc::EAGAIN || code == libc::EWOULDBLOCK,
        None => error.kind() == io::ErrorKind::WouldBlock,
    }
}

/// Tells whether a signal ended a call.
#[inline]
pub(crate) fn is_interrupted(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINTR)
}
