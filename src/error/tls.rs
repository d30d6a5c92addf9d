//! Why a connection could not be secured, or stopped being so.

use std::{error, fmt};

/// What went wrong with a TLS session, sorted by who is at fault.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsError {
    /// The peer's certificate is not trusted: unknown issuer, wrong name, expired, revoked.
    Certificate {
        /// The name that the peer was to prove, empty for a client.
        name: Box<str>,
        /// What is wrong with the certificate.
        reason: Box<str>,
    },
    /// The peer's certificate is another than the one that is known for it.
    Fingerprint {
        /// The name that the peer was to prove.
        name: Box<str>,
        /// The SHA-256 fingerprints that are known, in hexadecimal, separated by commas.
        known: Box<str>,
        /// The SHA-256 fingerprint that was found, in hexadecimal.
        found: Box<str>,
    },
    /// The peer ended the session with an alert (RFC 8446 section 6).
    Alert {
        /// The name of the alert.
        description: Box<str>,
    },
    /// The peer broke the protocol, or has nothing in common with what is asked for.
    Protocol {
        /// What was wrong.
        reason: Box<str>,
    },
    /// The caller's certificates, keys or names cannot be used.
    Configuration {
        /// What is wrong with them.
        reason: Box<str>,
    },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate { name, reason } if name.is_empty() => {
                write!(f, "the peer's certificate is not trusted: {reason}")
            }
            Self::Certificate { name, reason } => write!(f, "the certificate of {name:?} is not trusted: {reason}"),
            Self::Fingerprint { name, known, found } => {
                write!(f, "expected the certificate {known} of {name:?}, found {found}")
            }
            Self::Alert { description } => write!(f, "the peer ended the TLS session: {description}"),
            Self::Protocol { reason } => write!(f, "the peer broke TLS: {reason}"),
            Self::Configuration { reason } => write!(f, "unusable for TLS: {reason}"),
        }
    }
}

impl error::Error for TlsError {}
