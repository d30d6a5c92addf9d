//! What a server shows of itself, and what it asks of its clients.

use std::{fmt, time::Duration};

use super::{Fingerprint, RootCertificates, TlsIdentity, TlsVersion, engine};
use crate::error::Result;

/// What the connections of a TLS server have in common: its certificate, and the sessions that can be resumed.
///
/// It is made once and used for many connections; clones share everything.
///
/// # Examples
///
/// ```
/// use sockeye::{TlsIdentity, TlsServer};
///
/// # #[cfg(feature = "tls")] {
/// let server = TlsServer::new(TlsIdentity::self_signed(&["localhost", "127.0.0.1"])?)?;
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone)]
pub struct TlsServer {
    pub(super) engine: engine::Server,
    fingerprint: Fingerprint,
}

impl TlsServer {
    /// Shows this identity and asks nothing of its clients.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`](crate::Error::Tls) ([`TlsError::Configuration`](crate::TlsError::Configuration)) when the
    /// certificate and the key do not belong together.
    pub fn new(identity: TlsIdentity) -> Result<Self> {
        Self::with_options(TlsServerOptions::new(identity))
    }

    /// Shows and asks what the options say.
    ///
    /// # Errors
    ///
    /// As for [`new`](Self::new), and when the roots or the protocols cannot be used.
    pub fn with_options(options: TlsServerOptions) -> Result<Self> {
        let fingerprint = options.identity.fingerprint();
        Ok(Self { engine: engine::Server::new(options)?, fingerprint })
    }

    /// Returns the fingerprint of the certificate that it shows.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

impl fmt::Debug for TlsServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServer").finish_non_exhaustive()
    }
}

/// How a [`TlsServer`] is made.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TlsServerOptions {
    /// What the server shows.
    pub identity: TlsIdentity,
    /// The roots that must have signed a client's certificate; `None`, the default, asks clients for none.
    pub client_trust: Option<RootCertificates>,
    /// The protocols to agree to (ALPN, RFC 7301), the best first, each of 1 to 255 bytes; the default is none. A
    /// client that offers none of them is refused, unless it offers none at all.
    pub protocols: Vec<Vec<u8>>,
    /// How long a handshake may take, from its first step; `None` is for ever, the default is 5 seconds.
    pub handshake_limit: Option<Duration>,
    /// The lowest version of TLS to agree to; the default is TLS 1.2.
    pub minimum: TlsVersion,
}

impl TlsServerOptions {
    /// The defaults for an identity.
    #[must_use]
    pub fn new(identity: TlsIdentity) -> Self {
        Self {
            identity,
            client_trust: None,
            protocols: Vec::new(),
            handshake_limit: Some(super::HANDSHAKE_LIMIT),
            minimum: TlsVersion::default(),
        }
    }
}
