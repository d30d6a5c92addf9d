//! Names and services as endpoints of a loop.

use std::{
    net::TcpStream,
    time::{Duration, Instant},
};

use sockeye::{CloseReason, ConnectOptions, Endpoint, Error, ErrorKind, EventLoop, Framing, ListenOptions, LoopEvent};

use super::rig::{STEP, until};
use crate::support::{LONG, loopbacks};

fn endpoint(text: &str) -> Endpoint {
    Endpoint::parse(text).unwrap()
}

fn options(port: u16) -> (Endpoint, Framing, ListenOptions) {
    (Endpoint::Tcp { host: Some("localhost".into()), port }, Framing::lines(), ListenOptions::default())
}

#[test]
fn localhost_is_listened_on_in_both_families_on_one_port() {
    let mut event_loop = EventLoop::new().unwrap();
    let (endpoint, framing, listening) = options(0);
    let listener = event_loop.listen(&endpoint, framing, listening).unwrap();
    let port = event_loop.local_port(listener);
    assert_ne!(port, 0);
    for host in loopbacks() {
        let _peer = TcpStream::connect(host.to_socket_addr(port)).unwrap();
        let opened = until(&mut event_loop, |_, event| match event {
            LoopEvent::Opened { id, listener: Some(at) } if at == listener => Some(id),
            LoopEvent::Closed { .. } => None,
            other => panic!("{other:?}"),
        });
        assert_eq!(event_loop.connection(opened).unwrap().local_address().unwrap(), host);
    }
    // The port is taken on both, and nothing is left of the attempt.
    let (endpoint, framing, listening) = options(port);
    let error = event_loop.listen(&endpoint, framing, listening).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse);
    assert!(event_loop.stop_listening(listener));
    for host in loopbacks() {
        TcpStream::connect(host.to_socket_addr(port)).unwrap_err();
    }
}

/// Linux has all of 127.0.0.0/8 on its loopback interface.
#[cfg(target_os = "linux")]
#[test]
fn a_port_alone_is_of_one_address() {
    for (text, is_everywhere) in [("0", false), ("0.0.0.0:0", true)] {
        let mut event_loop = EventLoop::new().unwrap();
        let listener = event_loop.listen(&endpoint(text), Framing::lines(), ListenOptions::default()).unwrap();
        let port = event_loop.local_port(listener);
        TcpStream::connect(("127.0.0.1", port)).unwrap();
        match TcpStream::connect(("127.0.0.2", port)) {
            Ok(_) => assert!(is_everywhere, "{text}"),
            Err(error) => {
                assert!(!is_everywhere && error.kind() == std::io::ErrorKind::ConnectionRefused, "{text}: {error}");
            }
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_is_an_endpoint() {
    let endpoint = endpoint(&format!("@sockeye-loop-{}", std::process::id()));
    let mut event_loop = EventLoop::new().unwrap();
    event_loop.listen(&endpoint, Framing::lines(), ListenOptions::default()).unwrap();
    let client = event_loop.connect(&endpoint, Framing::lines(), ConnectOptions::default()).unwrap();
    let mut is_sent = false;
    let said = until(&mut event_loop, |event_loop, event| match event {
        LoopEvent::Opened { id, .. } => {
            is_sent |= id == client && event_loop.send(id, b"hello").is_done();
            None
        }
        LoopEvent::Message { message, .. } => Some(message),
        other => panic!("{other:?}"),
    });
    assert_eq!((is_sent, said.as_slice()), (true, &b"hello"[..]));
}

#[test]
fn a_port_that_is_taken_on_one_address_is_not_half_listened_on() {
    let [_, other] = loopbacks()[..] else { return };
    let taken = std::net::TcpListener::bind(other.to_socket_addr(0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut event_loop = EventLoop::new().unwrap();
    let (endpoint, framing, listening) = options(port);
    let error = event_loop.listen(&endpoint, framing, listening).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AddressInUse, "{error}");
    TcpStream::connect(("127.0.0.1", port)).unwrap_err();
}

#[test]
fn whichever_address_of_a_name_answers_is_connected_to() {
    for host in loopbacks() {
        let mut event_loop = EventLoop::new().unwrap();
        let only = Endpoint::Tcp { host: Some(host.to_string()), port: 0 };
        let listener = event_loop.listen(&only, Framing::lines(), ListenOptions::default()).unwrap();
        let (named, framing, _) = options(event_loop.local_port(listener));
        let client = event_loop.connect(&named, framing, ConnectOptions::default()).unwrap();
        until(&mut event_loop, |event_loop, event| match event {
            LoopEvent::Opened { id, .. } if id == client => {
                let address = event_loop.connection(client).unwrap().remote_address().unwrap();
                assert_eq!(address, host);
                Some(())
            }
            LoopEvent::Opened { .. } => None,
            other => panic!("{other:?}"),
        });
    }
}

#[cfg(feature = "tls")]
#[test]
fn who_shows_a_wrong_certificate_is_not_looked_for_at_other_addresses() {
    use sockeye::{TcpListener, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust};

    let [second, first] = loopbacks()[..] else { return };
    let identity = || TlsIdentity::self_signed(&["localhost"]).unwrap();
    let mut listener = TcpListener::new();
    listener.listen_on(first, 0).into_result().unwrap();
    let port = listener.local_port();
    let other = std::net::TcpListener::bind(second.to_socket_addr(port)).unwrap();
    other.set_nonblocking(true).unwrap();
    let config = TlsServer::new(identity()).unwrap();
    let server = std::thread::spawn(move || {
        let mut session = TlsSocket::server(listener.accept().into_result().unwrap(), &config).unwrap();
        session.handshake().into_result()
    });

    let mut event_loop = EventLoop::new().unwrap();
    let mut trust = TlsClientOptions::default();
    trust.trust = Trust::Pinned(vec![identity().fingerprint()]);
    let mut secured = ConnectOptions::default();
    secured.tls = Some(TlsClient::with_options(trust).unwrap());
    event_loop.connect(&options(port).0, Framing::lines(), secured).unwrap();
    until(&mut event_loop, |_, event| match event {
        LoopEvent::Closed { reason: CloseReason::ConnectFailed(error), .. } => {
            assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
            Some(())
        }
        other => panic!("{other:?}"),
    });
    server.join().unwrap().unwrap_err();
    assert_eq!(other.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// The name of this machine, if it is one of loopback: that is in most tables of hosts, and takes a lookup.
fn name_of_loopback() -> Option<String> {
    let names = std::fs::read_to_string("/etc/hosts").ok()?;
    let names = names.lines().map(|line| line.split('#').next().unwrap_or_default());
    let names = names.filter(|line| line.starts_with("127.") || line.starts_with("::1"));
    let mut names = names.flat_map(|line| line.split_whitespace().skip(1).map(str::to_owned).collect::<Vec<_>>());
    names.find(|name| name != "localhost")
}

#[test]
fn a_name_is_looked_up_beside_the_loop() {
    let Some(name) = name_of_loopback() else {
        println!("there is no other name of loopback on this machine");
        return;
    };
    let mut event_loop = EventLoop::new().unwrap();
    let at = Endpoint::Tcp { host: Some(name.clone()), port: 0 };
    let listener = event_loop.listen(&at, Framing::lines(), ListenOptions::default()).unwrap();
    let port = until(&mut event_loop, |_, event| match event {
        LoopEvent::Listening { listener: at, port } if at == listener => Some(port),
        other => panic!("{other:?}"),
    });
    assert_eq!(event_loop.local_port(listener), port);
    let at = Endpoint::Tcp { host: Some(name), port };
    let client = event_loop.connect(&at, Framing::lines(), ConnectOptions::default()).unwrap();
    assert!(event_loop.send(client, b"too early").is_not_ready());
    let mut opened = 0;
    until(&mut event_loop, |_, event| match event {
        LoopEvent::Opened { id, listener: at } => {
            assert_eq!(at, (id != client).then_some(listener));
            opened += 1;
            (opened == 2).then_some(())
        }
        other => panic!("{other:?}"),
    });
}

#[test]
fn a_name_without_addresses_is_an_event_and_the_loop_goes_on() {
    let mut event_loop = EventLoop::new().unwrap();
    // No resolver has to be asked: a name of DNS cannot be that long (RFC 1035 section 2.3.4).
    let nobody = Endpoint::Tcp { host: Some("a".repeat(254)), port: 0 };
    let begin = Instant::now();
    let listener = event_loop.listen(&nobody, Framing::Raw, ListenOptions::default()).unwrap();
    let client = event_loop.connect(&nobody, Framing::Raw, ConnectOptions::default()).unwrap();
    assert_eq!(event_loop.local_port(listener), 0);
    let (mut listening, mut connecting) = (None, None);
    while listening.is_none() || connecting.is_none() {
        assert!(begin.elapsed() < LONG);
        match event_loop.poll(STEP).unwrap() {
            Some(LoopEvent::ListenFailed { listener: at, error }) if at == listener => listening = Some(error),
            Some(LoopEvent::Closed { id, reason: CloseReason::ConnectFailed(error), .. }) if id == client => {
                connecting = Some(error);
            }
            None => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(listening.unwrap().kind(), ErrorKind::InvalidAddress);
    assert_eq!(connecting.unwrap().kind(), ErrorKind::InvalidAddress);
    assert!(!event_loop.stop_listening(listener), "it is gone");
    // One that is given up meanwhile says nothing any more.
    let listener = event_loop.listen(&nobody, Framing::Raw, ListenOptions::default()).unwrap();
    assert!(event_loop.stop_listening(listener));
    let end = Instant::now() + Duration::from_millis(200);
    while Instant::now() < end {
        assert!(event_loop.poll(STEP).unwrap().is_none());
    }
}

#[test]
fn what_cannot_be_is_refused_at_once() {
    let mut event_loop = EventLoop::new().unwrap();
    for text in ["game|(", "game|Ann|port"] {
        let service = endpoint(text);
        if text == "game|(" {
            let error = event_loop.connect(&service, Framing::Raw, ConnectOptions::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text}");
        } else {
            let error = event_loop.listen(&service, Framing::Raw, ListenOptions::default()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidAddress, "{text}");
        }
    }
    #[cfg(feature = "tls")]
    {
        let mut encrypted = ConnectOptions::default();
        encrypted.tls = Some(crate::support::tls::client().clone());
        for (text, expected) in [
            ("./path", "expected a TCP endpoint, since only TCP is encrypted, found \"./path\""),
            ("game|Ann", "expected a `tls_name` with the endpoint of a service, found \"game|Ann\""),
        ] {
            let error = event_loop.connect(&endpoint(text), Framing::Raw, encrypted.clone()).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
        let mut listening = ListenOptions::default();
        listening.tls = Some(crate::support::tls::server().clone());
        let error = event_loop.listen(&endpoint("./path"), Framing::Raw, listening).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    if !cfg!(feature = "discovery") {
        let service = endpoint("game|Ann");
        for error in [
            event_loop.connect(&service, Framing::Raw, ConnectOptions::default()).unwrap_err(),
            event_loop.listen(&service, Framing::Raw, ListenOptions::default()).unwrap_err(),
        ] {
            assert!(matches!(error, Error::FeatureOff { feature: "discovery" }), "{error}");
        }
    }
    assert!(event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
}
