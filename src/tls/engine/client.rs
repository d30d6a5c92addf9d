//! The configuration of clients.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};

use super::{protocols, provider, session::Peer, unusable, verify::Judge, versions};
#[cfg(feature = "ftp")]
use crate::tls::TlsVersion;
use crate::{
    error::{Error, Result},
    tls::{KnownHosts, TlsClientOptions, Trust},
};

#[derive(Clone)]
pub(in crate::tls) struct Client {
    config: Arc<ClientConfig>,
    judge: Arc<Judge>,
    known_hosts: Option<KnownHosts>,
    pub(super) limit: Option<Duration>,
    #[cfg(feature = "ftp")]
    minimum: TlsVersion,
}

impl Client {
    pub(in crate::tls) fn new(options: TlsClientOptions) -> Result<Self> {
        let known_hosts = match &options.trust {
            Trust::FirstUse(known) => Some(known.clone()),
            _ => None,
        };
        let judge = Arc::new(Judge::new(options.trust)?);
        let builder = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(options.minimum))
            .map_err(unusable)?
            .dangerous()
            .with_custom_certificate_verifier(judge.clone());
        let mut config = match options.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                builder.with_client_auth_cert(identity.engine.chain(), identity.engine.key()).map_err(unusable)?
            }
        };
        config.alpn_protocols = protocols(options.protocols)?;
        Ok(Self {
            config: Arc::new(config),
            judge,
            known_hosts,
            limit: options.handshake_limit,
            #[cfg(feature = "ftp")]
            minimum: options.minimum,
        })
    }

    pub(in crate::tls) fn load_roots(&self) -> Result<()> {
        self.judge.prepare()
    }

    /// The same for the connections of one peer, which wants each to resume the first one's session: with sessions that
    /// nobody else has, and of TLS 1.2 if that is allowed, since rustls resumes one of TLS 1.3 only as many times as the
    /// peer has sent tickets.
    #[cfg(feature = "ftp")]
    pub(in crate::tls) fn resuming(&self) -> Result<Self> {
        let mut config = match self.minimum {
            TlsVersion::Tls13 => ClientConfig::clone(&self.config),
            TlsVersion::Tls12 => ClientConfig::builder_with_provider(provider())
                .with_protocol_versions(&[&rustls::version::TLS12])
                .map_err(unusable)?
                .dangerous()
                .with_custom_certificate_verifier(self.judge.clone())
                .with_client_cert_resolver(self.config.client_auth_cert_resolver.clone()),
        };
        config.alpn_protocols.clone_from(&self.config.alpn_protocols);
        config.resumption = rustls::client::Resumption::in_memory_sessions(1);
        Ok(Self { config: Arc::new(config), ..self.clone() })
    }

    /// Begins a session with the server of this name.
    pub(super) fn begin(&self, name: &str) -> Result<(ClientConnection, Peer)> {
        let server = server_name(name)?.to_owned();
        let connection = ClientConnection::new(Arc::clone(&self.config), server).map_err(unusable)?;
        Ok((connection, Peer { name: name.into(), known_hosts: self.known_hosts.clone() }))
    }
}

/// Refuses what nobody can prove as their name.
#[cfg(feature = "messages")]
pub(in crate::tls) fn check_server_name(name: &str) -> Result<()> {
    server_name(name).map(drop)
}

fn server_name(name: &str) -> Result<ServerName<'_>> {
    ServerName::try_from(name).map_err(|_| Error::invalid_input(name, "a DNS name or an IP address"))
}
