//! The one error of the crate, sorted by who is at fault.

mod auth;
mod kind;
mod text;
mod tls;

use std::{error, io, path::Path, time::Duration};

pub use auth::AuthError;
pub use kind::ErrorKind;
pub use tls::TlsError;

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
    /// A file could not be opened, read, written or renamed.
    File {
        /// The path of the file.
        path: Box<str>,
        /// What the system said.
        source: io::Error,
    },
    /// Any other error of the operating system.
    Io(io::Error),

    // The peer.
    /// The peer ended the connection inside a packet or a body, or a TLS session without saying so.
    CutShort {
        /// Bytes of it that had arrived, the length prefix of a packet included.
        received: u64,
        /// Bytes that it should have had, as far as is known; not more than `received` when nothing is.
        expected: u64,
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

    /// The peer understood and refused: a status of 400 or more, a proxy's refusal, a tinyproto peer's error byte.
    PeerRefused {
        /// The number of its answer.
        code: u16,
        /// The text of its answer.
        text: Box<str>,
    },
    /// The connection could not be secured, or is not secure any more.
    Tls(Box<TlsError>),

    /// Both ends of a tinyproto connection sent a message at the same time, which that protocol cannot tell apart from
    /// an answer.
    Collision,
    /// The peer has not shown that it knows the key, or does not believe that we do.
    Authentication(AuthError),

    // A limit.
    /// A message was larger than the buffer for it. Nothing is lost: the message is here.
    BufferTooShort {
        /// Bytes that the buffer could hold.
        capacity: usize,
        /// The whole message.
        message: Box<[u8]>,
    },
    /// Something is larger than its limit allows.
    TooLong {
        /// What is too long.
        what: Limit,
        /// Its length in bytes.
        length: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// There are more of something than the limit allows.
    TooMany {
        /// What there are too many of.
        what: Limit,
        /// The limit.
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
    /// What was to be sent is not allowed there.
    InvalidInput {
        /// The text, cut to its first 64 characters.
        found: Box<str>,
        /// What was expected.
        expected: &'static str,
    },
    /// The crate was built without the feature that this needs.
    FeatureOff {
        /// The name of the feature.
        feature: &'static str,
    },
    /// The caller's own progress function ended it.
    Cancelled,

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
    /// The head of an HTTP response: its status line and fields.
    Head,
    /// The fields of an HTTP response, or of the trailer behind its body.
    Fields,
    /// The line in front of a chunk of an HTTP body.
    ChunkLine,
    /// A body that is kept in memory.
    Body,
    /// Redirects that follow one another.
    Redirects,
    /// Interim responses (1xx) in front of the response.
    InterimResponses,
    /// The reply of an FTP server.
    Reply,
    /// A command to an FTP server.
    Command,
    /// A listing of an FTP server that is kept in memory.
    Listing,
    /// Preliminary replies (1xx) of an FTP server in front of the one that counts.
    PreliminaryReplies,
    /// Folders inside one another.
    Depth,
    /// The paths of the folders of a tree, as far as they are kept in memory.
    Tree,
    /// A message, without what its framing adds; see `Connection::set_message_limit`.
    Message,
    /// A line, without its ending; see `Connection::set_message_limit`.
    Line,
    /// The pattern of an endpoint.
    Pattern,
    /// Values inside one another, in an object or in what Python has pickled.
    Nesting,
    /// Values of a pickle.
    Values,
    /// A pickle that is decoded, in memory.
    Decoded,
    /// The text of a service, or an entry of it.
    Text,
}

/// Which operation a deadline was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// Looking a host name up.
    Resolve,
    /// Opening a connection.
    Connect,
    /// Asking a proxy for a connection.
    Proxy,
    /// Securing a connection.
    Handshake,
    /// Showing one another that both know the key.
    Authentication,
    /// A whole request with its response.
    Exchange,
    /// A time in which the peer sent nothing and took nothing.
    Silence,
    /// Asking for the public address.
    PublicAddress,
    /// Looking for a service in the local network.
    Discovery,
}

impl Error {
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
            // One of our own, which has come through `std::io`.
            _ => error.downcast().unwrap_or_else(Self::from_os),
        }
    }

    pub(crate) fn invalid_address(found: &str, expected: &'static str) -> Self {
        Self::InvalidAddress { found: found.chars().take(64).collect(), expected }
    }

    pub(crate) fn invalid_input(found: &str, expected: &'static str) -> Self {
        Self::InvalidInput { found: found.chars().take(64).collect(), expected }
    }

    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File { path: path.to_string_lossy().into(), source }
    }

    pub(crate) fn packet_too_long(length: usize, limit: usize) -> Self {
        Self::TooLong { what: Limit::Packet, length: length as u64, limit: limit as u64 }
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
            | Self::File { source, .. }
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
            Error::InvalidAddress { .. } | Error::InvalidInput { .. } => io::ErrorKind::InvalidInput,
            Error::Unresolved { .. } => io::ErrorKind::NotFound,
            Error::File { ref source, .. } => source.kind(),
            Error::FeatureOff { .. } => io::ErrorKind::Unsupported,
            Error::Truncated { .. }
            | Error::Malformed { .. }
            | Error::EndOfPacket { .. }
            | Error::Tls(_)
            | Error::Collision
            | Error::BufferTooShort { .. }
            | Error::TooLong { .. }
            | Error::TooMany { .. } => io::ErrorKind::InvalidData,
            Error::Authentication(_) => io::ErrorKind::PermissionDenied,
            Error::PeerRefused { .. } | Error::Cancelled => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests;
