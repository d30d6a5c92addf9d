//! Messages over TLS with Python's `ssl` at the other end.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{path::Path, process::Command};

use interop::{DEADLINE, Folder, Peer, hex, installed, pattern};
use sockeye::{
    Client, ClientOptions, Connection, Endpoint, ErrorKind, Listener, ListenerOptions, TlsClient, TlsClientOptions,
    TlsIdentity, TlsServer, Trust,
};

/// The sizes around which one record becomes two.
const SIZES: [usize; 7] = [0, 1, 5, 16_380, 16_381, 64 * 1024, 1 << 20];

/// An identity, and its files for the peer.
struct Identity {
    folder: Folder,
    ours: TlsIdentity,
}

impl Identity {
    fn new(test: &str) -> Self {
        let folder = Folder::new(&format!("tls-messages-{test}"));
        let ours = TlsIdentity::self_signed(&["localhost", "127.0.0.1"]).unwrap();
        ours.save(folder.join("certificate.pem"), folder.join("key.pem")).unwrap();
        Self { folder, ours }
    }

    fn certificate(&self) -> String {
        self.folder.join("certificate.pem").to_str().unwrap().to_owned()
    }

    fn key(&self) -> String {
        self.folder.join("key.pem").to_str().unwrap().to_owned()
    }
}

fn peer() -> Peer {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/tls_peer.py");
    Peer::start("ssl of Python", Command::new(installed("venv/bin/python")).arg("-B").arg(script))
}

fn trusting(trust: Trust) -> ClientOptions {
    let mut tls = TlsClientOptions::default();
    tls.trust = trust;
    let mut options = ClientOptions::default();
    options.handshake_limit = DEADLINE;
    options.tls = Some(TlsClient::with_options(tls).unwrap());
    options
}

/// A listener of ours with this identity.
fn listener(identity: &Identity) -> (Listener, u16) {
    let mut options = ListenerOptions::default();
    options.tls = Some(TlsServer::new(identity.ours.clone()).unwrap());
    options.handshake_limit = DEADLINE;
    let mut listener = Listener::bind_with(&Endpoint::parse("0").unwrap(), None, options).unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    match listener.address().unwrap() {
        Endpoint::Tcp { port, .. } => (listener, port),
        other => panic!("{other:?}"),
    }
}

fn exchange(peer: &mut Peer, connection: &mut Connection) {
    connection.set_timeout(Some(DEADLINE)).unwrap();
    for size in SIZES {
        connection.send(&pattern(size)).into_result().unwrap();
        assert!(peer.perform("receive") == hex(&pattern(size)), "{size} bytes to the peer");
        peer.tell(&format!("send {}", hex(&pattern(size))));
        assert!(connection.receive().into_result().unwrap() == pattern(size), "{size} bytes from the peer");
        assert_eq!(peer.answer(), "done");
    }
    // Many in one record.
    let words: Vec<String> = (0..1000).map(|number: u32| hex(&number.to_be_bytes())).collect();
    peer.tell(&format!("send {}", words.join(" ")));
    for number in 0..1000_u32 {
        assert_eq!(connection.receive().into_result().unwrap(), number.to_be_bytes());
    }
    assert_eq!(peer.answer(), "done");
}

#[test]
fn messages_go_both_ways_to_a_client_of_either_version() {
    let identity = Identity::new("client");
    for (version, name) in [("TLSv1_2", "TLSv1.2"), ("TLSv1_3", "TLSv1.3")] {
        let (mut listener, port) = listener(&identity);
        let mut peer = peer();
        peer.tell(&format!("connect {port} {} {version}", identity.certificate()));
        let mut connection = listener.accept().into_result().unwrap();
        assert_eq!(peer.answer(), format!("done {name}"));
        exchange(&mut peer, &mut connection);
        connection.close();
        // An end that TLS knows of, and no cut.
        assert_eq!(peer.perform("receive_end"), "0");
    }
}

#[test]
fn messages_go_both_ways_to_a_server() {
    let identity = Identity::new("server");
    let mut peer = peer();
    let port = peer.port(&format!("listen {} {}", identity.certificate(), identity.key()));
    peer.tell("accept");
    let endpoint = Endpoint::parse(&port.to_string()).unwrap();
    let options = trusting(Trust::Pinned(vec![identity.ours.fingerprint()]));
    let mut connection = Client::connect_with(&endpoint, None, &options).into_result().unwrap();
    assert_eq!(peer.answer(), "done TLSv1.3");
    exchange(&mut peer, &mut connection);
    peer.tell("end");
    assert!(connection.receive().is_disconnected());
    connection.close();
    assert_eq!(peer.answer(), "done");
}

#[test]
fn a_server_that_is_not_trusted_gets_no_message() {
    let (identity, other) = (Identity::new("untrusted"), Identity::new("pinned"));
    let mut peer = peer();
    let port = peer.port(&format!("listen {} {}", identity.certificate(), identity.key()));
    peer.tell("accept");
    let endpoint = Endpoint::parse(&port.to_string()).unwrap();
    let options = trusting(Trust::Pinned(vec![other.ours.fingerprint()]));
    let error = Client::connect_with(&endpoint, None, &options).into_result().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    let answer = peer.answer();
    // Under TLS 1.3 the server may believe in the session until it reads.
    assert!(answer.starts_with("failed accept: ") || answer == "done TLSv1.3", "{answer}");
    if answer.starts_with("done") {
        let answer = peer.ask("receive");
        assert!(answer.starts_with("failed receive: "), "{answer}");
    }
}
