//! What a client asks of a server: whom it trusts, and what it shows of itself.

use std::{fmt, time::Duration};

use super::{Fingerprint, KnownHosts, RootCertificates, TlsIdentity, TlsVersion, engine};
#[cfg(feature = "messages")]
use crate::endpoint::Endpoint;
use crate::error::Result;

/// What TLS clients have in common: whom they trust, and the sessions that they can resume.
///
/// It is made once and used for many connections; clones share everything.
///
/// # Examples
///
/// A server that shows a certificate of its own making is trusted because its fingerprint is known:
///
/// ```
/// use sockeye::{TlsClient, TlsClientOptions, TlsIdentity, Trust};
///
/// # #[cfg(feature = "tls")] {
/// let identity = TlsIdentity::self_signed(&["localhost"])?;
/// let mut options = TlsClientOptions::default();
/// options.trust = Trust::Pinned(vec![identity.fingerprint()]);
/// let client = TlsClient::with_options(options)?;
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Clone)]
pub struct TlsClient {
    pub(super) engine: engine::Client,
}

impl TlsClient {
    /// Trusts what the system trusts.
    ///
    /// # Errors
    ///
    /// [`Error::FeatureOff`](crate::Error::FeatureOff) without the feature `tls`.
    pub fn new() -> Result<Self> {
        Self::with_options(TlsClientOptions::default())
    }

    /// Trusts and shows what the options say.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`](crate::Error::Tls) ([`TlsError::Configuration`](crate::TlsError::Configuration)) when the
    /// certificates, the key or the protocols cannot be used;
    /// [`Error::FeatureOff`](crate::Error::FeatureOff) without the feature `tls`.
    pub fn with_options(options: TlsClientOptions) -> Result<Self> {
        Ok(Self { engine: engine::Client::new(options)? })
    }

    /// Loads the system's root certificates now, if they are needed and not loaded yet.
    ///
    /// That takes some milliseconds, and the first handshake would take them: a game loop calls this before, on any
    /// thread.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`](crate::Error::Tls) ([`TlsError::Configuration`](crate::TlsError::Configuration)) when the system
    /// has no root certificates; handshakes fail with the same error then.
    pub fn load_roots(&self) -> Result<()> {
        self.engine.load_roots()
    }

    /// The name that a peer at this endpoint has to prove, see `Endpoint::tls_name`; refused if it can be none.
    #[cfg(feature = "messages")]
    pub(crate) fn name_at(endpoint: &Endpoint, given: Option<&str>) -> Result<String> {
        let name = endpoint.tls_name(given)?;
        engine::check_server_name(&name)?;
        Ok(name)
    }

    /// The same for the connections of one peer, which wants each to resume the first one's session.
    #[cfg(feature = "ftp")]
    pub(crate) fn resuming(&self) -> Result<Self> {
        Ok(Self { engine: self.engine.resuming()? })
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClient").finish_non_exhaustive()
    }
}

/// How a [`TlsClient`] is made.
///
/// # Examples
///
/// ```
/// use sockeye::{TlsClientOptions, TlsVersion};
///
/// let mut options = TlsClientOptions::default();
/// options.protocols = vec![b"http/1.1".to_vec()];
/// options.minimum = TlsVersion::Tls13;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TlsClientOptions {
    /// Whose certificates are trusted; the default is [`Trust::System`].
    pub trust: Trust,
    /// What the client shows to a server that asks for a certificate; the default is nothing.
    pub identity: Option<TlsIdentity>,
    /// The protocols to offer (ALPN, RFC 7301), the best first, each of 1 to 255 bytes; the default is none.
    pub protocols: Vec<Vec<u8>>,
    /// How long a handshake may take, from its first step; `None` is for ever, the default is 5 seconds.
    pub handshake_limit: Option<Duration>,
    /// The lowest version of TLS to agree to; the default is TLS 1.2.
    pub minimum: TlsVersion,
}

impl Default for TlsClientOptions {
    fn default() -> Self {
        Self {
            trust: Trust::default(),
            identity: None,
            protocols: Vec::new(),
            handshake_limit: Some(super::HANDSHAKE_LIMIT),
            minimum: TlsVersion::default(),
        }
    }
}

/// Whose certificates a client trusts.
///
/// Whatever is chosen, the server has to prove that it has the key of the certificate that it shows.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum Trust {
    /// Those that the system trusts, for their names and while they are valid.
    #[default]
    System,
    /// Those that these roots have signed, for their names and while they are valid.
    Roots(RootCertificates),
    /// Those that the system trusts or that these roots have signed.
    SystemAnd(RootCertificates),
    /// Exactly the certificates with these fingerprints, whatever they say of names and dates.
    Pinned(Vec<Fingerprint>),
    /// For a name that is not known yet, any; from then on only the same certificate, whatever it says of names and
    /// dates.
    FirstUse(KnownHosts),
    /// Any, which protects against listeners and not against somebody in between.
    Nothing,
}
