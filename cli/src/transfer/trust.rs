//! Whom to trust, as the command line says it.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use sockeye::{Fingerprint, Result, RootCertificates, TlsClient, TlsClientOptions, Trust};

/// The options that take the place of what the system trusts.
#[derive(Debug, Args)]
pub(crate) struct TrustArgs {
    /// Trust the authorities in this PEM file instead of the system's
    #[arg(long, value_name = "FILE", group = "trust")]
    pub(crate) cacert: Option<PathBuf>,
    /// Trust the certificate with this SHA-256 fingerprint alone; may be given many times
    #[arg(long, value_name = "SHA256", group = "trust", action = ArgAction::Append)]
    pub(crate) pin: Vec<Fingerprint>,
    /// Trust anybody: whoever is on the way can read and change everything
    #[arg(short = 'k', long, group = "trust")]
    pub(crate) insecure: bool,
}

impl TrustArgs {
    /// Whether any of them is given.
    pub(crate) fn is_given(&self) -> bool {
        self.cacert.is_some() || !self.pin.is_empty() || self.insecure
    }

    /// What the options come to; without any of them, what the system trusts.
    pub(crate) fn tls(&self) -> Result<TlsClient> {
        let mut options = TlsClientOptions::default();
        options.trust = match &self.cacert {
            Some(path) => Trust::Roots(RootCertificates::load(path)?),
            None if !self.pin.is_empty() => Trust::Pinned(self.pin.clone()),
            None if self.insecure => Trust::Nothing,
            None => Trust::System,
        };
        TlsClient::with_options(options)
    }
}
