//! Certificates that vouch for others.

use std::{fmt, fs, path::Path};

use super::engine;
use crate::error::{Error, Result};

/// Certificates whose signature makes others trusted. A self-signed certificate vouches for itself.
#[derive(Clone)]
pub struct RootCertificates {
    pub(super) engine: engine::Roots,
}

impl RootCertificates {
    /// Reads the certificates of a text in PEM form; other parts of it are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] ([`TlsError::Configuration`](crate::TlsError::Configuration)) when there is none, or one that
    /// cannot be a root; [`Error::FeatureOff`] without the feature `tls`.
    pub fn from_pem(pem: &[u8]) -> Result<Self> {
        Ok(Self { engine: engine::Roots::from_pem(pem)? })
    }

    /// Reads the certificates of a file in PEM form.
    ///
    /// # Errors
    ///
    /// [`Error::File`], and as for [`from_pem`](Self::from_pem).
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Self::from_pem(&fs::read(path).map_err(|error| Error::file(path, error))?)
    }
}

impl fmt::Debug for RootCertificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RootCertificates").field("len", &self.engine.len()).finish()
    }
}
