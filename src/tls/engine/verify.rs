//! Who is trusted with a name: the judges of certificates.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use rustls::{
    DigitallySignedStruct, SignatureScheme,
    client::{
        WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::{verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use rustls_platform_verifier::Verifier;

use super::{failure::refusal, hash, known_hosts, provider, roots::Roots, unusable};
use crate::{
    error::{Error, Result, TlsError},
    tls::{Fingerprint, KnownHosts, Trust},
};

type Verdict<T> = Result<T, rustls::Error>;

/// Judges a server's certificate. That the server has its key is checked whatever the judgement is by.
#[derive(Debug)]
pub(super) enum Judge {
    System(System),
    Roots(Arc<WebPkiServerVerifier>),
    Pinned(Vec<Fingerprint>),
    FirstUse(KnownHosts),
    Nothing,
}

impl Judge {
    pub(super) fn new(trust: Trust) -> Result<Self> {
        Ok(match trust {
            Trust::System => Self::System(System::new(None)),
            Trust::SystemAnd(roots) => Self::System(System::new(Some(roots.engine))),
            Trust::Roots(roots) => {
                let roots = Arc::new(roots.engine.store()?);
                Self::Roots(WebPkiServerVerifier::builder_with_provider(roots, provider()).build().map_err(unusable)?)
            }
            Trust::Pinned(fingerprints) => Self::Pinned(fingerprints),
            Trust::FirstUse(known) => Self::FirstUse(known),
            Trust::Nothing => Self::Nothing,
        })
    }

    /// Does now what the first certificate would have to wait for.
    pub(super) fn prepare(&self) -> Result<()> {
        match self {
            Self::System(system) => system.verifier().map(|_| ()).map_err(|error| Error::Tls(Box::new(error))),
            _ => Ok(()),
        }
    }

    fn judge(&self, certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> Result<(), TlsError> {
        let found = Fingerprint::new(hash(certificate));
        match self {
            Self::Pinned(fingerprints) if fingerprints.contains(&found) => Ok(()),
            Self::Pinned(fingerprints) => {
                let known = fingerprints.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                Err(TlsError::Fingerprint {
                    name: name.to_str().into(),
                    known: known.into(),
                    found: found.to_string().into(),
                })
            }
            // It is remembered once the server has proved that it has the key.
            Self::FirstUse(known) => known_hosts::check(known.path(), &name.to_str(), found).map(|_| ()),
            _ => Ok(()),
        }
    }
}

impl ServerCertVerifier for Judge {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Verdict<ServerCertVerified> {
        match self {
            Self::System(system) => {
                let verifier = system.verifier().map_err(refusal)?;
                verifier.verify_server_cert(certificate, others, name, ocsp, now)
            }
            Self::Roots(verifier) => verifier.verify_server_cert(certificate, others, name, ocsp, now),
            _ => self.judge(certificate, name).map(|()| ServerCertVerified::assertion()).map_err(refusal),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Verdict<HandshakeSignatureValid> {
        verify_tls12_signature(message, certificate, signature, &provider().signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Verdict<HandshakeSignatureValid> {
        verify_tls13_signature(message, certificate, signature, &provider().signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider().signature_verification_algorithms.supported_schemes()
    }
}

/// The system's own judge, which takes milliseconds to be ready and is made when it is needed.
pub(super) struct System {
    more: Option<Roots>,
    verifier: OnceLock<Result<Verifier, TlsError>>,
}

impl System {
    fn new(more: Option<Roots>) -> Self {
        Self { more, verifier: OnceLock::new() }
    }

    fn verifier(&self) -> Result<&Verifier, TlsError> {
        let make = || {
            let made = match &self.more {
                None => Verifier::new(provider()),
                Some(more) => Verifier::new_with_extra_roots(more.certificates(), provider()),
            };
            made.map_err(|error| TlsError::Configuration { reason: error.to_string().into() })
        };
        self.verifier.get_or_init(make).as_ref().map_err(Clone::clone)
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("System").finish_non_exhaustive()
    }
}
