//! TLS: whom a client trusts, what a session is, and that nothing ever leaves in plain text.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::doc_markdown)]

#[cfg(feature = "tls")]
#[path = "support/folder.rs"]
mod folder;
mod support;

#[cfg(feature = "tls")]
#[path = "tls/authority.rs"]
mod authority;
#[cfg(feature = "tls")]
#[path = "tls/bytes.rs"]
mod bytes;
#[cfg(feature = "tls")]
#[path = "tls/files.rs"]
mod files;
#[cfg(feature = "tls")]
#[path = "tls/proxy.rs"]
mod proxy;
#[cfg(feature = "tls")]
#[path = "tls/session.rs"]
mod session;
#[cfg(feature = "tls")]
#[path = "tls/start.rs"]
mod start;
#[cfg(feature = "tls")]
#[path = "tls/trust.rs"]
mod trust;
#[cfg(feature = "tls")]
#[path = "tls/user.rs"]
mod user;

/// The API is the same, and says what is missing.
#[cfg(not(feature = "tls"))]
#[test]
fn without_the_feature_everything_names_it() {
    use sockeye::{Error, Fingerprint, KnownHosts, RootCertificates, TlsClient, TlsClientOptions, TlsIdentity, Trust};

    fn is_off<T>(result: &Result<T, Error>) {
        assert!(matches!(result, Err(Error::FeatureOff { feature: "tls" })));
    }
    is_off(&TlsClient::new());
    let mut options = TlsClientOptions::default();
    options.trust = Trust::FirstUse(KnownHosts::at("never made"));
    is_off(&TlsClient::with_options(options));
    is_off(&TlsIdentity::self_signed(&["localhost"]));
    is_off(&TlsIdentity::from_pem(b"", b""));
    is_off(&TlsIdentity::of_this_user("chat", &["localhost"]));
    is_off(&KnownHosts::of_this_user("chat"));
    is_off(&RootCertificates::from_pem(b""));
    is_off(&Fingerprint::of_certificate(b""));
}
