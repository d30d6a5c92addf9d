//! The configuration of servers.

use std::{sync::Arc, time::Duration};

use rustls::{ServerConfig, ServerConnection, crypto::ring::Ticketer, server::WebPkiClientVerifier};

use super::{protocols, provider, session::Peer, unusable, versions};
use crate::{error::Result, tls::TlsServerOptions};

#[derive(Clone)]
pub(in crate::tls) struct Server {
    config: Arc<ServerConfig>,
    pub(super) limit: Option<Duration>,
}

impl Server {
    pub(in crate::tls) fn new(options: TlsServerOptions) -> Result<Self> {
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(versions(options.minimum))
            .map_err(unusable)?;
        let builder = match options.client_trust {
            None => builder.with_no_client_auth(),
            Some(roots) => {
                let roots = Arc::new(roots.engine.store()?);
                let judge = WebPkiClientVerifier::builder_with_provider(roots, provider()).build().map_err(unusable)?;
                builder.with_client_cert_verifier(judge)
            }
        };
        let identity = options.identity.engine;
        let mut config = builder.with_single_cert(identity.chain(), identity.key()).map_err(unusable)?;
        config.alpn_protocols = protocols(options.protocols)?;
        // Sessions are resumed from tickets that the client keeps, so that they cost the server no memory.
        config.ticketer = Ticketer::new().map_err(unusable)?;
        Ok(Self { config: Arc::new(config), limit: options.handshake_limit })
    }

    pub(super) fn begin(&self) -> Result<(ServerConnection, Peer)> {
        let connection = ServerConnection::new(Arc::clone(&self.config)).map_err(unusable)?;
        Ok((connection, Peer { name: "".into(), known_hosts: None }))
    }
}
