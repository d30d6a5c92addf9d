//! Errors without their data.

use super::Error;

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
    /// [`Error::File`]
    File,
    /// [`Error::Io`]
    Io,
    /// [`Error::CutShort`], [`Error::Truncated`], [`Error::EndOfPacket`]
    Truncated,
    /// [`Error::Malformed`]
    Malformed,
    /// [`Error::PeerRefused`]
    PeerRefused,
    /// [`Error::Tls`]
    Tls,
    /// [`Error::Collision`]
    Collision,
    /// [`Error::BufferTooShort`]
    BufferTooShort,
    /// [`Error::Authentication`]
    Authentication,
    /// [`Error::TooLong`], [`Error::TooMany`]
    TooLong,
    /// [`Error::NotBound`]
    NotBound,
    /// [`Error::NotOpen`]
    NotOpen,
    /// [`Error::InvalidAddress`]
    InvalidAddress,
    /// [`Error::InvalidInput`]
    InvalidInput,
    /// [`Error::FeatureOff`]
    FeatureOff,
    /// [`Error::Cancelled`]
    Cancelled,
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
            Self::File { .. } => ErrorKind::File,
            Self::Io(_) => ErrorKind::Io,
            Self::CutShort { .. } | Self::Truncated { .. } | Self::EndOfPacket { .. } => ErrorKind::Truncated,
            Self::Malformed { .. } => ErrorKind::Malformed,
            Self::PeerRefused { .. } => ErrorKind::PeerRefused,
            Self::Tls(_) => ErrorKind::Tls,
            Self::Collision => ErrorKind::Collision,
            Self::BufferTooShort { .. } => ErrorKind::BufferTooShort,
            Self::Authentication(_) => ErrorKind::Authentication,
            Self::TooLong { .. } | Self::TooMany { .. } => ErrorKind::TooLong,
            Self::NotBound => ErrorKind::NotBound,
            Self::NotOpen => ErrorKind::NotOpen,
            Self::InvalidAddress { .. } => ErrorKind::InvalidAddress,
            Self::InvalidInput { .. } => ErrorKind::InvalidInput,
            Self::FeatureOff { .. } => ErrorKind::FeatureOff,
            Self::Cancelled => ErrorKind::Cancelled,
            Self::NotReady => ErrorKind::NotReady,
            Self::Disconnected => ErrorKind::Disconnected,
        }
    }
}
