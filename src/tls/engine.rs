//! Everything that needs rustls, ring and rcgen: their types are named here and nowhere else.

mod client;
mod failure;
mod identity;
mod known_hosts;
mod roots;
mod server;
mod session;
mod user_folder;
mod verify;

use std::sync::{Arc, OnceLock};

use rustls::{SupportedProtocolVersion, crypto::CryptoProvider, version};

pub(super) use client::Client;
#[cfg(feature = "messages")]
pub(super) use client::check_server_name;
pub(super) use identity::Identity;
#[cfg(fuzzing)]
pub use known_hosts::known_host;
pub(super) use roots::Roots;
pub(super) use server::Server;
pub(super) use session::Session;
pub(super) use user_folder::user_folder;

use super::TlsVersion;
use crate::error::{Error, Result, TlsError};

#[expect(clippy::unnecessary_wraps, reason = "without the feature it fails")]
pub(super) fn sha256(bytes: &[u8]) -> Result<[u8; 32]> {
    Ok(hash(bytes))
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    // A SHA-256 hash has this length.
    digest.as_ref().try_into().unwrap_or_default()
}

/// The algorithms of ring. The process-wide default of rustls is left to the program.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    Arc::clone(PROVIDER.get_or_init(|| Arc::new(rustls::crypto::ring::default_provider())))
}

fn versions(minimum: TlsVersion) -> &'static [&'static SupportedProtocolVersion] {
    const FROM_12: &[&SupportedProtocolVersion] = &[&version::TLS13, &version::TLS12];
    const FROM_13: &[&SupportedProtocolVersion] = &[&version::TLS13];
    match minimum {
        TlsVersion::Tls12 => FROM_12,
        TlsVersion::Tls13 => FROM_13,
    }
}

/// The protocols as they go into a configuration (RFC 7301 section 3.1).
fn protocols(protocols: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>> {
    match protocols.iter().find(|protocol| protocol.is_empty() || protocol.len() > 255) {
        Some(protocol) => Err(unusable(format!("a protocol (ALPN) has 1 to 255 bytes, found {}", protocol.len()))),
        None => Ok(protocols),
    }
}

/// What the caller has given cannot be used.
#[expect(clippy::needless_pass_by_value, reason = "so that `map_err` takes it as it is")]
fn unusable(reason: impl ToString) -> Error {
    Error::Tls(Box::new(TlsError::Configuration { reason: reason.to_string().into() }))
}
