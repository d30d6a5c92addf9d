//! The configuration of clients.

use std::{sync::Arc, time::Duration};

use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};

use super::{protocols, provider, session::Peer, unusable, verify::Judge, versions};
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
        Ok(Self { config: Arc::new(config), judge, known_hosts, limit: options.handshake_limit })
    }

    pub(in crate::tls) fn load_roots(&self) -> Result<()> {
        self.judge.prepare()
    }

    /// Begins a session with the server of this name.
    pub(super) fn begin(&self, name: &str) -> Result<(ClientConnection, Peer)> {
        let server = ServerName::try_from(name.to_owned())
            .map_err(|_| Error::invalid_input(name, "a DNS name or an IP address"))?;
        let connection = ClientConnection::new(Arc::clone(&self.config), server).map_err(unusable)?;
        Ok((connection, Peer { name: name.into(), known_hosts: self.known_hosts.clone() }))
    }
}
