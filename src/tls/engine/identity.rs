//! Certificates with their key, as rcgen makes them and rustls uses them.

use base64::{Engine, prelude::BASE64_STANDARD as STANDARD};
use rcgen::{CertificateParams, DnType, KeyPair};
use rustls::{
    pki_types::{CertificateDer, DnsName, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, pem::PemObject},
    sign::CertifiedKey,
};

use super::{hash, provider, roots, unusable};
use crate::error::{Error, Result};

pub(in crate::tls) struct Identity {
    /// The certificate, then those that lead from it to a root; never empty.
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl Identity {
    pub(in crate::tls) fn self_signed(names: &[&str]) -> Result<Self> {
        Self::signed_with(&KeyPair::generate().map_err(unusable)?, names)
    }

    /// A new certificate for a key that is there, in PEM form.
    pub(in crate::tls) fn self_signed_with(key: &[u8], names: &[&str]) -> Result<Self> {
        let key = private_key(key)?;
        Self::signed_with(&KeyPair::try_from(&key).map_err(unusable)?, names)
    }

    fn signed_with(key: &KeyPair, names: &[&str]) -> Result<Self> {
        names.iter().try_for_each(|name| check_name(name))?;
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let common = names.first().cloned();
        let mut parameters = CertificateParams::new(names).map_err(unusable)?;
        if let Some(name) = common {
            parameters.distinguished_name.push(DnType::CommonName, name);
        }
        let certificate = parameters.self_signed(key).map_err(unusable)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Ok(Self { chain: vec![certificate.der().clone()], key })
    }

    pub(in crate::tls) fn from_pem(certificates: &[u8], key: &[u8]) -> Result<Self> {
        let chain = roots::certificates(certificates)?;
        let identity = Self { chain, key: private_key(key)? };
        CertifiedKey::from_der(identity.chain(), identity.key(), &provider()).map_err(unusable)?;
        Ok(identity)
    }

    pub(super) fn chain(&self) -> Vec<CertificateDer<'static>> {
        self.chain.clone()
    }

    pub(super) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }

    pub(in crate::tls) fn certificate_pem(&self) -> String {
        self.chain.iter().map(|certificate| pem("CERTIFICATE", certificate)).collect()
    }

    pub(in crate::tls) fn key_pem(&self) -> String {
        let label = match &self.key {
            PrivateKeyDer::Pkcs1(_) => "RSA PRIVATE KEY",
            PrivateKeyDer::Sec1(_) => "EC PRIVATE KEY",
            _ => "PRIVATE KEY",
        };
        pem(label, self.key.secret_der())
    }

    pub(in crate::tls) fn fingerprint(&self) -> [u8; 32] {
        hash(self.chain.first().map_or(&[], |certificate| certificate))
    }
}

/// rcgen takes any ASCII, and clients know nobody by such a name.
fn check_name(name: &str) -> Result<()> {
    let is_name = match name.strip_prefix("*.") {
        Some(domain) => DnsName::try_from(domain).is_ok(),
        None => ServerName::try_from(name).is_ok(),
    };
    if is_name { Ok(()) } else { Err(unusable(Error::invalid_input(name, "a DNS name or an IP address"))) }
}

fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| unusable(format!("expected a private key in PEM form: {error}")))
}

/// Writes bytes as RFC 7468 section 2 does: lines of 64 characters.
fn pem(label: &str, der: &[u8]) -> String {
    let lines: Vec<String> = der.chunks(48).map(|line| STANDARD.encode(line)).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}
