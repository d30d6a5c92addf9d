//! Encryption that cannot be is refused, and nobody speaks or listens without it.

use sockeye::{
    Client, ClientOptions, Endpoint, Error, ErrorKind, Listener, ListenerOptions, TlsClient, TlsClientOptions,
    TlsIdentity, TlsServer, Trust,
};

fn encrypted() -> ClientOptions {
    let mut tls = TlsClientOptions::default();
    tls.trust = Trust::Nothing;
    let mut options = ClientOptions::default();
    options.tls = Some(TlsClient::with_options(tls).unwrap());
    options
}

fn assert_refused(error: Error, expected: &str) {
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), expected);
}

#[cfg(unix)]
#[test]
fn local_sockets_are_not_encrypted() {
    let path = std::env::temp_dir().join(format!("sockeye-encryption-{}", std::process::id()));
    let endpoint = Endpoint::Local(path.clone());
    let expected = format!("expected a TCP endpoint, since only TCP is encrypted, found {:?}", path.to_str().unwrap());
    let mut options = ListenerOptions::default();
    options.tls = Some(TlsServer::new(TlsIdentity::self_signed(&["localhost"]).unwrap()).unwrap());
    assert_refused(Listener::bind_with(&endpoint, None, options).unwrap_err(), &expected);
    assert!(!path.exists());

    // Somebody who would take it in the clear.
    let mut listener = Listener::bind(&endpoint, None).unwrap();
    listener.set_blocking(false).unwrap();
    assert_refused(Client::connect_with(&endpoint, None, &encrypted()).error().unwrap(), &expected);
    assert_refused(Client::begin(&endpoint, None, &encrypted()).unwrap_err(), &expected);
    let mut named = encrypted();
    named.tls_name = Some("localhost".into());
    assert_refused(Client::begin(&endpoint, None, &named).unwrap_err(), &expected);
    assert!(listener.accept().is_not_ready());
}

#[test]
fn a_service_proves_the_name_that_was_asked_for_and_none_of_its_own() {
    let endpoint = Endpoint::parse("game|Ann").unwrap();
    let error = Client::connect_with(&endpoint, None, &encrypted()).error().unwrap();
    assert_refused(error, "expected a `tls_name` with the endpoint of a service, found \"game|Ann\"");
}
