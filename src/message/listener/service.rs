//! A listener that others find by the name of its service.

use crate::{
    discovery::{Published, TxtRecord},
    endpoint::Endpoint,
    error::Result,
    tcp::TcpListener,
    tls::TlsServer,
};

/// Listens on all addresses of this machine for the service that an endpoint names, and publishes it. Who finds it is told
/// the certificate too, unless the text has another one.
pub(crate) fn listen_as_service(
    endpoint: &Endpoint,
    tls: Option<&TlsServer>,
    mut txt: TxtRecord,
) -> Result<(TcpListener, Published)> {
    let (_, port) = endpoint.instance()?;
    if let (Some(tls), None) = (tls, txt.fingerprint()) {
        txt.set_fingerprint(tls.fingerprint())?;
    }
    let mut listener = TcpListener::new();
    listener.listen(port.unwrap_or(0)).into_result()?;
    let published = endpoint.publish(listener.local_port(), &txt)?;
    Ok((listener, published))
}
