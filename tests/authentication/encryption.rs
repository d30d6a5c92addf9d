//! Encryption that cannot be is refused, and nobody speaks or listens without it; selectors hear of what it brings.

use std::{
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use sockeye::{
    Client, ClientOptions, ConnectOptions, Endpoint, Error, ErrorKind, EventLoop, Framing, Listener, ListenerOptions,
    Phase, SocketSelector, Status, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust,
};

use crate::{
    DEADLINE,
    in_time::once_within,
    key, listener, options,
    over_tls::{client_options, configs},
    raw, rogue,
};

fn encrypted() -> ClientOptions {
    let mut tls = TlsClientOptions::default();
    tls.trust = Trust::Nothing;
    let mut options = ClientOptions::default();
    options.tls = Some(TlsClient::with_options(tls).unwrap());
    options
}

fn assert_refused(error: &Error, expected: &str) {
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(error.to_string(), expected);
}

#[cfg(unix)]
#[test]
fn local_sockets_are_not_encrypted() {
    let path = crate::support::fresh_path();
    let endpoint = Endpoint::Local(path.clone());
    let expected = format!("expected a TCP endpoint, since only TCP is encrypted, found {:?}", path.to_str().unwrap());
    let mut options = ListenerOptions::default();
    options.tls = Some(TlsServer::new(TlsIdentity::self_signed(&["localhost"]).unwrap()).unwrap());
    assert_refused(&Listener::bind_with(&endpoint, None, options).unwrap_err(), &expected);
    assert!(!path.exists());

    // Somebody who would take it in the clear.
    let mut listener = Listener::bind(&endpoint, None).unwrap();
    listener.set_blocking(false).unwrap();
    assert_refused(&Client::connect_with(&endpoint, None, &encrypted()).error().unwrap(), &expected);
    assert_refused(&Client::begin(&endpoint, None, &encrypted()).unwrap_err(), &expected);
    let mut named = encrypted();
    named.tls_name = Some("localhost".into());
    assert_refused(&Client::begin(&endpoint, None, &named).unwrap_err(), &expected);
    assert!(listener.accept().is_not_ready());
}

#[test]
fn a_service_proves_the_name_that_was_asked_for_and_none_of_its_own() {
    let endpoint = Endpoint::parse("game|Ann").unwrap();
    let error = Client::connect_with(&endpoint, None, &encrypted()).error().unwrap();
    assert_refused(&error, "expected a `tls_name` with the endpoint of a service, found \"game|Ann\"");
}

/// Whether somebody is there or not.
#[test]
fn what_is_no_name_is_refused_before_anything_is_looked_up_or_connected() {
    let nobody = <crate::support::V4 as crate::support::Family>::refusing_address();
    for (host, name, found) in [
        (None, Some("a b"), "a b"),
        (Some("no-such-host.invalid"), Some("*.example"), "*.example"),
        (Some("127.0.0.1"), Some("127.0.0.1:443"), "127.0.0.1:443"),
        (Some("no such host.invalid"), None, "no such host.invalid"),
    ] {
        let endpoint = Endpoint::Tcp { host: host.map(Into::into), port: nobody };
        let mut options = encrypted();
        options.tls_name = name.map(Into::into);
        let expected = format!("expected a DNS name or an IP address, found {found:?}");
        assert_refused(&Client::connect_with(&endpoint, None, &options).error().unwrap(), &expected);
        assert_refused(&Client::begin(&endpoint, Some(&key()), &options).unwrap_err(), &expected);
        let mut options = ConnectOptions::default();
        (options.tls, options.tls_name) = (encrypted().tls, name.map(Into::into));
        let mut event_loop = EventLoop::new().unwrap();
        assert_refused(&event_loop.connect(&endpoint, Framing::Raw, options).unwrap_err(), &expected);
    }
    let service = Endpoint::parse("game|Ann").unwrap();
    let mut options = encrypted();
    options.tls_name = Some("a b".into());
    let error = Client::connect_with(&service, None, &options).error().unwrap();
    assert_refused(&error, "expected a DNS name or an IP address, found \"a b\"");
}

#[test]
fn a_message_behind_the_handshake_is_told_to_selectors() {
    let (server, tls) = configs();
    let mut listener = listener(options(|options| options.tls = Some(server)));
    let mut client = Client::begin(&listener.address().unwrap(), Some(&key()), &client_options(tls)).unwrap();
    let (sent, has_sent) = mpsc::channel();
    let other = thread::spawn(move || {
        let mut accepted = listener.accept().into_result().unwrap();
        accepted.send(b"welcome").into_result().unwrap();
        sent.send(()).unwrap();
        accepted
    });
    let mut selector = SocketSelector::new().unwrap();
    selector.add(&client).unwrap();
    let mut connection = loop {
        match client.poll() {
            Status::NotReady => {}
            other => break other.into_result().unwrap(),
        }
        // The last words of the handshake are looked at when the message is there too.
        if has_sent.recv_timeout(Duration::from_millis(20)).is_err() {
            assert!(selector.wait(Some(DEADLINE)).unwrap());
        }
    };
    assert!(selector.wait(Some(DEADLINE)).unwrap(), "a message is there");
    assert!(selector.is_ready(&connection));
    assert_eq!(connection.receive().into_result().unwrap(), b"welcome");
    assert!(!selector.wait(Some(Duration::ZERO)).unwrap());
    other.join().unwrap();
}

/// A listener that is slow with TLS and then says nothing has the one limit for both.
#[test]
fn encryption_and_the_key_have_one_limit() {
    let limit = Duration::from_secs(1);
    let (server, tls) = configs();
    let mut options = client_options(tls);
    options.handshake_limit = limit;
    once_within(limit * 3 / 2, || {
        let server = server.clone();
        let (endpoint, thread) = rogue(move |stream| {
            thread::sleep(limit * 7 / 10);
            let mut socket = TlsSocket::server(stream.try_clone().unwrap().try_into().unwrap(), &server).unwrap();
            // Whoever has given up meanwhile is a failure, or the end.
            let _ = socket.handshake();
            let _ = socket.receive(&mut [0; 100]);
        });
        let error = Client::connect_with(&endpoint, Some(&key()), &options).error().unwrap();
        let in_time = matches!(error, Error::TimedOut { phase: Phase::Authentication, limit: found } if found == limit);
        assert!(in_time, "{error}");
        thread.join().unwrap();
    });
}

/// One that has no key and says something at once: it wakes nobody until it has said enough.
#[test]
fn a_word_with_the_end_of_a_tls_handshake_is_waited_for_in_peace() {
    let (server, tls) = configs();
    let mut listener = listener(options(|options| options.tls = Some(server)));
    listener.set_blocking(false).unwrap();
    let mut stranger = TlsSocket::client(raw(&listener).try_into().unwrap(), &tls, "localhost").unwrap();
    stranger.set_blocking(false).unwrap();
    let end = Instant::now() + DEADLINE;
    while stranger.handshake().is_not_ready() {
        assert!(Instant::now() < end);
        assert!(listener.accept().is_not_ready());
    }
    // Both come at once for whoever listens.
    stranger.send(b"x").into_result().unwrap();
    assert!(listener.accept().is_not_ready());
    listener.set_blocking(true).unwrap();
    listener.set_timeout(Some(Duration::from_millis(300))).unwrap();
    let before = processor_time();
    assert!(listener.accept().is_not_ready());
    let taken = processor_time() - before;
    assert!(taken < Duration::from_millis(100), "{taken:?}");
}

/// What this thread has taken of a processor.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|taken| taken.parse().ok()).unwrap_or(0))
}
