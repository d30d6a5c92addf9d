//! Errors in words: what was expected and what was found.

use std::fmt;

use super::{Error, Limit, Phase};

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
            Self::File { path, source } => write!(f, "{path:?}: {source}"),
            Self::Io(source) => write!(f, "{source}"),
            Self::CutShort { received, expected } if expected <= received => {
                write!(f, "the peer closed the connection after {received} bytes, before their end")
            }
            Self::CutShort { received, expected } => {
                write!(f, "the peer closed the connection after {received} of {expected} bytes")
            }
            Self::Truncated { capacity, length } => {
                write!(f, "a datagram of {length} bytes did not fit into a buffer of {capacity}")
            }
            Self::Malformed { expected } => write!(f, "expected {expected}, found other bytes"),
            Self::EndOfPacket { wanted, remaining } => {
                write!(f, "expected {wanted} more bytes in the packet, found {remaining}")
            }
            Self::PeerRefused { code, text } => write!(f, "the peer answered {code} {text}"),
            Self::Tls(error) => write!(f, "{error}"),
            Self::Collision => f.write_str("both ends sent a message at the same time"),
            Self::BufferTooShort { capacity, message } => {
                write!(f, "a message of {} bytes did not fit into a buffer of {capacity}", message.len())
            }
            Self::Authentication(error) => write!(f, "{error}"),
            Self::TooMany { what: Limit::Fields, limit } => write!(f, "more than {limit} fields of a response"),
            Self::TooMany { what, limit } => write!(f, "more than {limit} {what}"),
            Self::TooLong { what, length, limit } => {
                write!(f, "{what} of {length} bytes is longer than the limit of {limit}")
            }
            Self::TimedOut { phase, limit } => write!(f, "{phase} did not end within {limit:?}"),
            Self::NotBound => f.write_str("the socket is not bound to a port"),
            Self::NotOpen => f.write_str("the socket is not open"),
            Self::InvalidAddress { found, expected } | Self::InvalidInput { found, expected } => {
                write!(f, "expected {expected}, found {found:?}")
            }
            Self::FeatureOff { feature } => write!(f, "this needs the feature {feature:?}, which is off"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::NotReady => f.write_str("not ready yet"),
            Self::Disconnected => f.write_str("not connected"),
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Packet => "a packet",
            Self::Datagram => "a datagram",
            Self::Path => "a path",
            Self::Head => "a response head",
            Self::Fields => "the fields of a response",
            Self::ChunkLine => "a chunk line",
            Self::Body => "a body",
            Self::Redirects => "redirects",
            Self::InterimResponses => "interim responses",
            Self::Reply => "a reply",
            Self::Command => "a command",
            Self::Listing => "a listing",
            Self::PreliminaryReplies => "preliminary replies",
            Self::Depth => "folders inside one another",
            Self::Tree => "a list of folders",
            Self::Message => "a message",
            Self::Line => "a line",
            Self::Pattern => "a pattern",
            Self::Nesting => "values inside one another",
            Self::Values => "values of a pickle",
            Self::Decoded => "a decoded pickle",
            Self::Text => "the text of a service",
        })
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "the name lookup",
            Self::Connect => "the connect",
            Self::Proxy => "the answer of the proxy",
            Self::Handshake => "the TLS handshake",
            Self::Authentication => "the authentication",
            Self::Exchange => "the exchange",
            Self::Silence => "the peer's silence",
            Self::PublicAddress => "the search for the public address",
            Self::Discovery => "the search for a service",
        })
    }
}
