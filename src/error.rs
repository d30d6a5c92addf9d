//! The one error of the crate, sorted by who is at fault.

use std::{error, fmt, io, time::Duration};

use crate::sys;

/// A result whose error is [`Error`] unless another is named.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed, with what was expected and what was found.
///
/// The variants come in groups: the system, the peer, a limit, a deadline, the caller, and the two outcomes that are
/// no failures but must have a place in a [`Result`] ([`NotReady`](Error::NotReady) and
/// [`Disconnected`](Error::Disconnected)). Match on [`kind`](Error::kind) where the data does not matter. The error of
/// the operating system, where there is one, is the [`source`](std::error::Error::source).
///
/// # Examples
///
/// ```
/// use sockeye::{ErrorKind, IpAddress};
///
/// let error = IpAddress::parse("192.0.2.300").unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidAddress);
/// assert_eq!(error.to_string(), "expected an IPv4 or IPv6 address, found \"192.0.2.300\"");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    // The system.
    /// Nobody listens at the address (`ECONNREFUSED`).
    Refused(io::Error),
    /// No way leads to the address, or there is nothing at the path of a local socket.
    Unreachable(io::Error),
    /// The system gave up waiting for the peer's answer (`ETIMEDOUT`).
    NoAnswer(io::Error),
    /// The address or the port belongs to another socket.
    AddressInUse(io::Error),
    /// The address is not one of this machine's.
    AddressNotAvailable(io::Error),
    /// The system does not allow it, for example a port below 1024 (`EACCES`, `EPERM`).
    PermissionDenied(io::Error),
    /// The process or the system has no file descriptor left (`EMFILE`, `ENFILE`).
    TooManyFiles(io::Error),
    /// The host name has no address, or the name service did not answer.
    Unresolved {
        /// The name that was looked up.
        host: Box<str>,
        /// What the resolver said.
        source: io::Error,
    },
    /// Any other error of the operating system.
    Io(io::Error),

    // The peer.
    /// The peer ended the connection inside a packet.
    CutShort {
        /// Bytes of it that had arrived, its length prefix included.
        received: usize,
        /// Bytes that it should have had, as far as is known.
        expected: usize,
    },
    /// A datagram was larger than the buffer for it; the datagram is gone.
    Truncated {
        /// Bytes that the buffer could hold.
        capacity: usize,
        /// Bytes that the datagram had. On systems that do not tell it, one more than `capacity`.
        length: usize,
    },
    /// The bytes are not what they should be.
    Malformed {
        /// What was expected.
        expected: &'static str,
    },
    /// A packet does not hold what was to be read from it.
    EndOfPacket {
        /// Bytes that the read needs.
        wanted: usize,
        /// Bytes that are left in the packet.
        remaining: usize,
    },

    // A limit.
    /// Something is larger than its limit allows.
    TooLong {
        /// What is too long.
        what: Limit,
        /// Its length in bytes.
        length: u64,
        /// The limit in bytes.
        limit: u64,
    },

    // A deadline.
    /// A limit of time passed.
    TimedOut {
        /// The operation that did not end in time.
        phase: Phase,
        /// The limit that was set.
        limit: Duration,
    },

    // The caller.
    /// The UDP socket was never bound and has never sent, so nothing can arrive.
    NotBound,
    /// The socket is not open: it cannot be watched, converted or asked.
    NotOpen,
    /// The text is not an address.
    InvalidAddress {
        /// The text, cut to its first 64 characters.
        found: Box<str>,
        /// What was expected.
        expected: &'static str,
    },

    // Outcomes that are no failures.
    /// [`Status::NotReady`](crate::Status::NotReady) as an error.
    NotReady,
    /// [`Status::Disconnected`](crate::Status::Disconnected) as an error.
    Disconnected,
}

/// What is too long in [`Error::TooLong`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// A packet, without its length prefix; see `set_packet_limit`.
    Packet,
    /// A datagram, for its address family.
    Datagram,
    /// The path of a local socket.
    Path,
}

/// Which operation a deadline was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Opening a connection.
    Connect,
}

/// An [`Error`] without its data, to compare and to match on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// [`Error::Refused`]
    Refused,
    /// [`Error::Unreachable`]
    Unreachable,
    /// [`Error::TimedOut`], [`Error::NoAnswer`]
    TimedOut,
    /// [`Error::AddressInUse`]
    AddressInUse,
    /// [`Error::AddressNotAvailable`]
    AddressNotAvailable,
    /// [`Error::PermissionDenied`]
    PermissionDenied,
    /// [`Error::TooManyFiles`]
    TooManyFiles,
    /// [`Error::Unresolved`]
    Unresolved,
    /// [`Error::Io`]
    Io,
    /// [`Error::CutShort`], [`Error::Truncated`], [`Error::EndOfPacket`]
    Truncated,
    /// [`Error::Malformed`]
    Malformed,
    /// [`Error::TooLong`]
    TooLong,
    /// [`Error::NotBound`]
    NotBound,
    /// [`Error::NotOpen`]
    NotOpen,
    /// [`Error::InvalidAddress`]
    InvalidAddress,
    /// [`Error::NotReady`]
    NotReady,
    /// [`Error::Disconnected`]
    Disconnected,
}

impl Error {
    /// Returns the kind of the error: what to match on.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Refused(_) => ErrorKind::Refused,
            Self::Unreachable(_) => ErrorKind::Unreachable,
            Self::NoAnswer(_) | Self::TimedOut { .. } => ErrorKind::TimedOut,
            Self::AddressInUse(_) => ErrorKind::AddressInUse,
            Self::AddressNotAvailable(_) => ErrorKind::AddressNotAvailable,
            Self::PermissionDenied(_) => ErrorKind::PermissionDenied,
            Self::TooManyFiles(_) => ErrorKind::TooManyFiles,
            Self::Unresolved { .. } => ErrorKind::Unresolved,
            Self::Io(_) => ErrorKind::Io,
            Self::CutShort { .. } | Self::Truncated { .. } | Self::EndOfPacket { .. } => ErrorKind::Truncated,
            Self::Malformed { .. } => ErrorKind::Malformed,
            Self::TooLong { .. } => ErrorKind::TooLong,
            Self::NotBound => ErrorKind::NotBound,
            Self::NotOpen => ErrorKind::NotOpen,
            Self::InvalidAddress { .. } => ErrorKind::InvalidAddress,
            Self::NotReady => ErrorKind::NotReady,
            Self::Disconnected => ErrorKind::Disconnected,
        }
    }

    /// The one place where an error of the operating system gets its name.
    pub(crate) fn from_os(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused(error),
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable | io::ErrorKind::NetworkDown => {
                Self::Unreachable(error)
            }
            io::ErrorKind::TimedOut => Self::NoAnswer(error),
            io::ErrorKind::AddrInUse => Self::AddressInUse(error),
            io::ErrorKind::AddrNotAvailable => Self::AddressNotAvailable(error),
            io::ErrorKind::PermissionDenied => Self::PermissionDenied(error),
            _ if sys::is_out_of_descriptors(&error) => Self::TooManyFiles(error),
            _ => Self::Io(error),
        }
    }

    /// The same for an error of a send, a receive or an accept, where some errors are outcomes.
    #[inline]
    pub(crate) fn from_transfer(error: io::Error) -> Self {
        if sys::is_would_block(&error) { Self::NotReady } else { Self::from_failed_transfer(error) }
    }

    fn from_failed_transfer(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::NotConnected
            // A keep-alive or a retransmission that nobody answered.
            | io::ErrorKind::TimedOut => Self::Disconnected,
            _ if sys::is_network_reset(&error) => Self::Disconnected,
            _ => Self::from_os(error),
        }
    }

    pub(crate) fn invalid_address(found: &str, expected: &'static str) -> Self {
        Self::InvalidAddress { found: found.chars().take(64).collect(), expected }
    }

    pub(crate) fn packet_too_long(length: usize, limit: usize) -> Self {
        Self::TooLong { what: Limit::Packet, length: length as u64, limit: limit as u64 }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(source) => write!(f, "the connection was refused: {source}"),
            Self::Unreachable(source) => write!(f, "the address cannot be reached: {source}"),
            Self::NoAnswer(source) => write!(f, "the peer did not answer: {source}"),
            Self::AddressInUse(source) => write!(f, "the address or port is taken: {source}"),
            Self::AddressNotAvailable(source) => write!(f, "the address is not one of this machine's: {source}"),
            Self::PermissionDenied(source) => write!(f, "the system does not allow it: {source}"),
            Self::TooManyFiles(source) => write!(f, "no file descriptor is left: {source}"),
            Self::Unresolved { host, source } => write!(f, "no address found for {host:?}: {source}"),
            Self::Io(source) => write!(f, "{source}"),
            Self::CutShort { received, expected } => {
                write!(f, "the peer closed the connection after {received} of {expected} bytes of a packet")
            }
            Self::Truncated { capacity, length } => {
                write!(f, "a datagram of {length} bytes did not fit into a buffer of {capacity}")
            }
            Self::Malformed { expected } => write!(f, "expected {expected}, found other bytes"),
            Self::EndOfPacket { wanted, remaining } => {
                write!(f, "expected {wanted} more bytes in the packet, found {remaining}")
            }
            Self::TooLong { what, length, limit } => {
                write!(f, "{what} of {length} bytes is longer than the limit of {limit}")
            }
            Self::TimedOut { phase, limit } => write!(f, "the {phase} did not end within {limit:?}"),
            Self::NotBound => f.write_str("the socket is not bound to a port"),
            Self::NotOpen => f.write_str("the socket is not open"),
            Self::InvalidAddress { found, expected } => write!(f, "expected {expected}, found {found:?}"),
            Self::NotReady => f.write_str("not ready yet"),
            Self::Disconnected => f.write_str("not connected"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Refused(source)
            | Self::Unreachable(source)
            | Self::NoAnswer(source)
            | Self::AddressInUse(source)
            | Self::AddressNotAvailable(source)
            | Self::PermissionDenied(source)
            | Self::TooManyFiles(source)
            | Self::Unresolved { source, .. }
            | Self::Io(source) => Some(source),
            _ => None,
        }
    }
}

/// So that a function of `std::io` can use `?` on this crate's results.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error {
            Error::Refused(source)
            | Error::Unreachable(source)
            | Error::NoAnswer(source)
            | Error::AddressInUse(source)
            | Error::AddressNotAvailable(source)
            | Error::PermissionDenied(source)
            | Error::TooManyFiles(source)
            | Error::Io(source) => return source,
            Error::NotReady => io::ErrorKind::WouldBlock,
            Error::Disconnected | Error::NotOpen | Error::NotBound => io::ErrorKind::NotConnected,
            Error::TimedOut { .. } => io::ErrorKind::TimedOut,
            Error::CutShort { .. } => io::ErrorKind::UnexpectedEof,
            Error::InvalidAddress { .. } => io::ErrorKind::InvalidInput,
            Error::Unresolved { .. } => io::ErrorKind::NotFound,
            Error::Truncated { .. } | Error::Malformed { .. } | Error::EndOfPacket { .. } | Error::TooLong { .. } => {
                io::ErrorKind::InvalidData
            }
        };
        Self::new(kind, error)
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packet => "a packet",
            Self::Datagram => "a datagram",
            Self::Path => "a path",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "connect",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn an_error_is_small_enough_to_return_by_value() {
        assert!(size_of::<Error>() <= 40, "{} bytes", size_of::<Error>());
    }

    #[test]
    fn the_system_error_stays_reachable() {
        let error = Error::from_os(io::Error::from(io::ErrorKind::ConnectionRefused));
        assert_eq!(error.kind(), ErrorKind::Refused);
        let source = error.source().and_then(|source| source.downcast_ref::<io::Error>()).map(io::Error::kind);
        assert_eq!(source, Some(io::ErrorKind::ConnectionRefused));
        assert_eq!(io::Error::from(error).kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn errors_of_a_transfer_have_one_outcome_each() {
        let kind = |kind: io::ErrorKind| Error::from_transfer(io::Error::from(kind)).kind();
        assert_eq!(kind(io::ErrorKind::WouldBlock), ErrorKind::NotReady);
        for gone in [
            io::ErrorKind::ConnectionReset,
            io::ErrorKind::ConnectionAborted,
            io::ErrorKind::BrokenPipe,
            io::ErrorKind::NotConnected,
            io::ErrorKind::TimedOut,
        ] {
            assert_eq!(kind(gone), ErrorKind::Disconnected, "{gone:?}");
        }
        assert_eq!(kind(io::ErrorKind::ConnectionRefused), ErrorKind::Refused);
        assert_eq!(kind(io::ErrorKind::OutOfMemory), ErrorKind::Io);
    }

    #[test]
    fn messages_say_what_was_expected_and_found() {
        let error = Error::EndOfPacket { wanted: 4, remaining: 1 };
        assert_eq!(error.to_string(), "expected 4 more bytes in the packet, found 1");
        let error = Error::packet_too_long(17, 16);
        assert_eq!(error.to_string(), "a packet of 17 bytes is longer than the limit of 16");
        let error = Error::CutShort { received: 3, expected: 14 };
        assert_eq!(error.to_string(), "the peer closed the connection after 3 of 14 bytes of a packet");
    }

    #[test]
    fn an_error_can_travel_inside_an_io_error() {
        let carried = io::Error::from(Error::Truncated { capacity: 1, length: 2 });
        assert_eq!(carried.kind(), io::ErrorKind::InvalidData);
        let inner = carried.get_ref().and_then(|inner| inner.downcast_ref::<Error>()).map(Error::kind);
        assert_eq!(inner, Some(ErrorKind::Truncated));
    }
}
