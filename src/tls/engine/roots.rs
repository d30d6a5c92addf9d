//! Certificates that vouch for others, as rustls keeps them.

use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use super::unusable;
use crate::error::Result;

#[derive(Clone)]
pub(in crate::tls) struct Roots(Vec<CertificateDer<'static>>);

impl Roots {
    pub(in crate::tls) fn from_pem(pem: &[u8]) -> Result<Self> {
        let roots = Self(certificates(pem)?);
        // Said here, where the caller can still do something about it.
        roots.store()?;
        Ok(roots)
    }

    pub(in crate::tls) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn certificates(&self) -> impl Iterator<Item = CertificateDer<'static>> + '_ {
        self.0.iter().cloned()
    }

    pub(super) fn store(&self) -> Result<RootCertStore> {
        let mut store = RootCertStore::empty();
        for certificate in &self.0 {
            store.add(certificate.clone()).map_err(unusable)?;
        }
        Ok(store)
    }
}

/// Reads the certificates of a text; there must be one.
pub(super) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>> {
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| unusable(format!("expected certificates in PEM form: {error}")))?;
    if found.is_empty() {
        return Err(unusable("expected certificates in PEM form, found none"));
    }
    Ok(found)
}
