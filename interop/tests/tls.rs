//! `openssl s_server` and `openssl s_client` at the other end: both versions, both ways, in every mode.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::{path::Path, sync::OnceLock};

use interop::{
    Authority, Folder, Openssl,
    sockets::{Mode, listening, settled, unconnected, wait_until_readable},
};
use sockeye::{
    Error, ErrorKind, Interest, IpAddress, RootCertificates, Status, TcpListener, TlsClient, TlsClientOptions,
    TlsError, TlsIdentity, TlsServer, TlsServerOptions, TlsSocket, TlsVersion, Trust,
};

const VERSIONS: [(&str, TlsVersion); 2] = [("-tls1_2", TlsVersion::Tls12), ("-tls1_3", TlsVersion::Tls13)];

/// The certificates of all tests, made once.
struct Files {
    folder: Folder,
}

impl Files {
    fn shared() -> &'static Self {
        static FILES: OnceLock<Files> = OnceLock::new();
        FILES.get_or_init(|| {
            let folder = Folder::new("openssl");
            let authority = Authority::new(&folder, "authority");
            authority.issue("server", "DNS:localhost,IP:127.0.0.1");
            authority.issue("client", "DNS:client.example");
            let stranger = Authority::new(&folder, "stranger");
            stranger.issue("strange", "DNS:localhost");
            let mut parameters = rcgen::CertificateParams::new(["localhost".to_owned()]).unwrap();
            parameters.not_before = rcgen::date_time_ymd(2001, 1, 1);
            parameters.not_after = rcgen::date_time_ymd(2002, 1, 1);
            let key = rcgen::KeyPair::generate().unwrap();
            folder.write("expired.pem", parameters.self_signed(&key).unwrap().pem());
            folder.write("expired.key", key.serialize_pem());
            Files { folder }
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).to_str().unwrap().to_owned()
    }

    fn identity(&self, name: &str) -> TlsIdentity {
        let path = |end: &str| self.folder.join(&format!("{name}.{end}"));
        TlsIdentity::load(path("pem"), path("key")).unwrap()
    }

    fn roots(&self, name: &str) -> RootCertificates {
        RootCertificates::load(self.folder.join(&format!("{name}.pem"))).unwrap()
    }

    /// Starts a server that shows this certificate.
    fn server(&self, name: &str, arguments: &[&str]) -> (Openssl, u16) {
        let (certificate, key) = (self.path(&format!("{name}.pem")), self.path(&format!("{name}.key")));
        Openssl::server(&[&["-cert", &certificate, "-key", &key], arguments].concat())
    }

    fn client(&self, change: impl FnOnce(&mut TlsClientOptions)) -> TlsClient {
        let mut options = TlsClientOptions::default();
        options.trust = Trust::Roots(self.roots("authority"));
        change(&mut options);
        TlsClient::with_options(options).unwrap()
    }

    fn our_server(&self, name: &str, change: impl FnOnce(&mut TlsServerOptions)) -> TlsServer {
        let mut options = TlsServerOptions::new(self.identity(name));
        change(&mut options);
        TlsServer::with_options(options).unwrap()
    }
}

fn connect(port: u16, mode: Mode, client: &TlsClient, name: &str) -> TlsSocket {
    let mut socket = unconnected(mode);
    let _ = socket.connect(IpAddress::LOCAL_HOST, port);
    TlsSocket::client(socket, client, name).unwrap()
}

fn accept(listener: &mut TcpListener, server: &TlsServer) -> TlsSocket {
    let socket = settled(listener, Interest::Read, TcpListener::accept).into_result().unwrap();
    TlsSocket::server(socket, server).unwrap()
}

/// Waits for the end of the handshake; the first step of a client is to speak.
fn handshake(socket: &mut TlsSocket) -> Status {
    settled(socket, Interest::Read, TlsSocket::handshake)
}

fn receive(socket: &mut TlsSocket, buffer: &mut [u8]) -> Status<usize> {
    settled(socket, Interest::Read, |socket| socket.receive(buffer))
}

fn expect_line(socket: &mut TlsSocket, line: &str) {
    let mut found = Vec::new();
    while !found.ends_with(b"\n") {
        let mut buffer = [0; 64];
        let count = receive(socket, &mut buffer).into_result().unwrap();
        found.extend_from_slice(&buffer[..count]);
    }
    assert_eq!(String::from_utf8(found).unwrap(), format!("{line}\n"));
}

/// Lines in both directions.
fn converse(socket: &mut TlsSocket, peer: &mut Openssl) {
    settled(socket, Interest::Write, |socket| socket.send(b"a line of ours\n")).into_result().unwrap();
    peer.see("a line of ours");
    peer.tell("a line of the peer's");
    expect_line(socket, "a line of the peer's");
}

fn tls_error<T: std::fmt::Debug>(status: Status<T>) -> TlsError {
    match status {
        Status::Error(Error::Tls(error)) => *error,
        other => panic!("{other:?}"),
    }
}

fn alert(error: TlsError) -> String {
    match error {
        TlsError::Alert { description } => description.into(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn our_client_talks_to_their_server() {
    let files = Files::shared();
    for (argument, version) in VERSIONS {
        for mode in Mode::ALL {
            let (mut peer, port) = files.server("server", &[argument, "-alpn", "sockeye"]);
            let config = files.client(|options| options.protocols = vec![b"sockeye".to_vec()]);
            let mut socket = connect(port, mode, &config, "localhost");
            handshake(&mut socket).into_result().unwrap();
            assert_eq!(socket.version(), Some(version));
            assert_eq!(socket.protocol(), Some(&b"sockeye"[..]));
            assert_eq!(socket.peer_fingerprint(), Some(files.identity("server").fingerprint()));
            converse(&mut socket, &mut peer);
            socket.shutdown_send().into_result().unwrap();
            peer.see("DONE");
            assert!(receive(&mut socket, &mut [0]).is_disconnected(), "an orderly end");
        }
    }
}

#[test]
fn their_client_talks_to_our_server() {
    let files = Files::shared();
    let server = files.our_server("server", |options| options.protocols = vec![b"sockeye".to_vec()]);
    let authority = files.path("authority.pem");
    for (argument, version) in VERSIONS {
        for mode in Mode::ALL {
            let mut listener = listening(mode, IpAddress::LOCAL_HOST);
            let arguments = [
                argument,
                "-CAfile",
                &authority,
                "-verify_return_error",
                "-verify_hostname",
                "localhost",
                "-alpn",
                "sockeye",
            ];
            let mut peer = Openssl::client(listener.local_port(), &arguments);
            let mut socket = accept(&mut listener, &server);
            handshake(&mut socket).into_result().unwrap();
            assert_eq!(socket.version(), Some(version));
            assert_eq!(socket.protocol(), Some(&b"sockeye"[..]));
            peer.see("ALPN protocol: sockeye");
            converse(&mut socket, &mut peer);
            peer.tell("Q");
            assert!(receive(&mut socket, &mut [0]).is_disconnected(), "an orderly end");
        }
    }
}

/// More than any buffer holds, in lines that the peer shows.
#[test]
fn many_records_arrive_in_order() {
    let files = Files::shared();
    for (argument, _) in VERSIONS {
        for mode in Mode::ALL {
            let mut listener = listening(mode, IpAddress::LOCAL_HOST);
            let mut peer = Openssl::client(listener.local_port(), &[argument, "-quiet"]);
            let mut socket = accept(&mut listener, &files.our_server("server", |_| {}));
            let reader = std::thread::spawn(move || {
                for number in 0..20_000 {
                    peer.see(&format!("line {number:06} {}", "x".repeat(100)));
                }
            });
            let text: String = (0..20_000).map(|number| format!("line {number:06} {}\n", "x".repeat(100))).collect();
            let mut rest = text.as_bytes();
            while !rest.is_empty() {
                let sent = settled(&mut socket, Interest::Write, |socket| socket.send(rest)).into_result().unwrap();
                rest = &rest[sent..];
            }
            settled(&mut socket, Interest::Write, TlsSocket::flush).into_result().unwrap();
            reader.join().unwrap();
        }
    }
}

#[test]
fn our_client_refuses_their_server() {
    let files = Files::shared();
    for (argument, _) in VERSIONS {
        for mode in Mode::ALL {
            for (shown, trusted, name, expected, told) in [
                ("server", "authority", "other.example", "not valid for name", "alert bad certificate"),
                ("server", "authority", "127.0.0.2", "not valid for name", "alert bad certificate"),
                ("strange", "authority", "localhost", "UnknownIssuer", "alert unknown ca"),
                ("expired", "expired", "localhost", "expired", "alert certificate expired"),
            ] {
                let (mut peer, port) = files.server(shown, &[argument]);
                let config = files.client(|options| options.trust = Trust::Roots(files.roots(trusted)));
                let mut socket = connect(port, mode, &config, name);
                let TlsError::Certificate { reason, .. } = tls_error(handshake(&mut socket)) else { panic!() };
                assert!(reason.contains(expected), "{reason}");
                peer.see(told);
                assert_eq!(socket.send(b"secret").error().unwrap().kind(), ErrorKind::Tls);
            }
        }
    }
}

#[test]
fn their_client_refuses_our_server() {
    let files = Files::shared();
    let authority = files.path("authority.pem");
    let expired = files.path("expired.pem");
    for (argument, _) in VERSIONS {
        for mode in Mode::ALL {
            for (shown, trusted, name, expected) in [
                ("server", &authority, "other.example", "bad_certificate"),
                ("strange", &authority, "localhost", "unknown_ca"),
                ("expired", &expired, "localhost", "certificate_expired"),
            ] {
                let mut listener = listening(mode, IpAddress::LOCAL_HOST);
                let arguments = [argument, "-CAfile", trusted, "-verify_return_error", "-verify_hostname", name];
                let mut peer = Openssl::client(listener.local_port(), &arguments);
                let mut socket = accept(&mut listener, &files.our_server(shown, |_| {}));
                assert_eq!(alert(tls_error(handshake(&mut socket))), expected);
                peer.see("verify error");
                assert_eq!(alert(tls_error(socket.send(b"secret"))), expected);
            }
        }
    }
}

#[test]
fn our_client_shows_its_certificate() {
    let files = Files::shared();
    let authority = files.path("authority.pem");
    for (argument, _) in VERSIONS {
        for mode in Mode::ALL {
            let asks = [argument, "-Verify", "1", "-CAfile", &authority, "-verify_return_error"];
            let (mut peer, port) = files.server("server", &asks);
            let config = files.client(|options| options.identity = Some(files.identity("client")));
            let mut socket = connect(port, mode, &config, "localhost");
            handshake(&mut socket).into_result().unwrap();
            converse(&mut socket, &mut peer);

            // In TLS 1.3 a client hears after the handshake that the server has not liked its certificate.
            let (_peer, port) = files.server("server", &asks);
            let mut socket = connect(port, mode, &files.client(|_| {}), "localhost");
            let answer = match handshake(&mut socket) {
                Status::Done(()) => receive(&mut socket, &mut [0]).map(|_| ()),
                failed => failed,
            };
            let told = alert(tls_error(answer));
            assert!(told == "certificate_required" || told == "handshake_failure", "{told}");
        }
    }
}

#[test]
fn their_client_shows_its_certificate() {
    let files = Files::shared();
    let server = files.our_server("server", |options| options.client_trust = Some(files.roots("authority")));
    let paths = |name: &str| (files.path(&format!("{name}.pem")), files.path(&format!("{name}.key")));
    for (argument, _) in VERSIONS {
        for mode in Mode::ALL {
            let mut listener = listening(mode, IpAddress::LOCAL_HOST);
            let (certificate, key) = paths("client");
            let mut peer = Openssl::client(listener.local_port(), &[argument, "-cert", &certificate, "-key", &key]);
            let mut socket = accept(&mut listener, &server);
            handshake(&mut socket).into_result().unwrap();
            assert_eq!(socket.peer_fingerprint(), Some(files.identity("client").fingerprint()));
            converse(&mut socket, &mut peer);

            let (certificate, key) = paths("strange");
            let mut strange = Openssl::client(listener.local_port(), &[argument, "-cert", &certificate, "-key", &key]);
            let mut socket = accept(&mut listener, &server);
            assert!(matches!(tls_error(handshake(&mut socket)), TlsError::Certificate { .. }));
            strange.see("alert");
            let mut nobody = Openssl::client(listener.local_port(), &[argument]);
            let mut socket = accept(&mut listener, &server);
            assert!(matches!(tls_error(handshake(&mut socket)), TlsError::Certificate { .. }));
            nobody.see("alert");
        }
    }
}

#[test]
fn our_client_resumes_their_session() {
    let files = Files::shared();
    for (argument, _) in VERSIONS {
        for mode in Mode::ALL {
            let (mut peer, port) = files.server("server", &[argument]);
            let config = files.client(|_| {});
            for round in 0..3 {
                let mut socket = connect(port, mode, &config, "localhost");
                handshake(&mut socket).into_result().unwrap();
                assert_eq!(socket.is_resumed(), round > 0, "{argument}, round {round}");
                converse(&mut socket, &mut peer);
                socket.shutdown_send().into_result().unwrap();
                peer.see("DONE");
            }
        }
    }
}

#[test]
fn their_client_resumes_our_session() {
    let files = Files::shared();
    for (argument, _) in VERSIONS {
        for mode in Mode::ALL {
            let server = files.our_server("server", |_| {});
            let folder = Folder::new("session");
            let kept = folder.join("session.pem");
            let kept = kept.to_str().unwrap();
            let mut listener = listening(mode, IpAddress::LOCAL_HOST);
            for round in 0..2 {
                let file = if round == 0 { "-sess_out" } else { "-sess_in" };
                let mut peer = Openssl::client(listener.local_port(), &[argument, file, kept]);
                let mut socket = accept(&mut listener, &server);
                handshake(&mut socket).into_result().unwrap();
                assert_eq!(socket.is_resumed(), round > 0, "{argument}");
                converse(&mut socket, &mut peer);
                peer.tell("Q");
                assert!(receive(&mut socket, &mut [0]).is_disconnected());
            }
            assert!(Path::new(kept).exists());
        }
    }
}

/// A process that is killed says nothing: that is no orderly end.
#[test]
fn a_killed_peer_has_not_ended_in_order() {
    let files = Files::shared();
    for (argument, _) in VERSIONS {
        for mode in Mode::ALL {
            let (mut peer, port) = files.server("server", &[argument]);
            let mut socket = connect(port, mode, &files.client(|_| {}), "localhost");
            handshake(&mut socket).into_result().unwrap();
            converse(&mut socket, &mut peer);
            peer.tell("last words");
            wait_until_readable(&socket);
            peer.kill();
            expect_line(&mut socket, "last words");
            assert_eq!(receive(&mut socket, &mut [0]).error().unwrap().kind(), ErrorKind::Truncated);
            assert!(receive(&mut socket, &mut [0]).is_disconnected());

            let mut listener = listening(mode, IpAddress::LOCAL_HOST);
            let mut peer = Openssl::client(listener.local_port(), &[argument]);
            let mut socket = accept(&mut listener, &files.our_server("server", |_| {}));
            handshake(&mut socket).into_result().unwrap();
            converse(&mut socket, &mut peer);
            peer.kill();
            assert_eq!(receive(&mut socket, &mut [0]).error().unwrap().kind(), ErrorKind::Truncated);
            assert!(receive(&mut socket, &mut [0]).is_disconnected());
        }
    }
}

/// TLS 1.2 lets either side ask for new keys inside a session, which has been attacked more than once: it is refused.
#[test]
fn renegotiation_is_refused() {
    let files = Files::shared();
    for mode in Mode::ALL {
        let (mut peer, port) = files.server("server", &["-tls1_2"]);
        let mut socket = connect(port, mode, &files.client(|_| {}), "localhost");
        handshake(&mut socket).into_result().unwrap();
        converse(&mut socket, &mut peer);
        peer.tell("R");
        let answer = tls_error(receive(&mut socket, &mut [0]));
        assert_eq!(alert(answer), "handshake_failure");
        peer.see("no renegotiation");

        let mut listener = listening(mode, IpAddress::LOCAL_HOST);
        let mut peer = Openssl::client(listener.local_port(), &["-tls1_2"]);
        let mut socket = accept(&mut listener, &files.our_server("server", |_| {}));
        handshake(&mut socket).into_result().unwrap();
        converse(&mut socket, &mut peer);
        peer.tell("R");
        let answer = tls_error(receive(&mut socket, &mut [0]));
        assert_eq!(alert(answer), "handshake_failure");
        peer.see("no renegotiation");
    }
}

/// TLS 1.3 changes keys without a word about who one is.
#[test]
fn keys_are_changed() {
    let files = Files::shared();
    for mode in Mode::ALL {
        let (mut peer, port) = files.server("server", &["-tls1_3"]);
        let mut socket = connect(port, mode, &files.client(|_| {}), "localhost");
        handshake(&mut socket).into_result().unwrap();
        for command in ["k", "K", "K"] {
            converse(&mut socket, &mut peer);
            peer.tell(command);
            // Until the message for it is here: else it would take the next line for a part of the command.
            wait_until_readable(&socket);
            converse(&mut socket, &mut peer);
        }
    }
}

#[test]
fn a_version_that_is_too_old_is_refused() {
    let files = Files::shared();
    for mode in Mode::ALL {
        let (_peer, port) = files.server("server", &["-tls1_2"]);
        let config = files.client(|options| options.minimum = TlsVersion::Tls13);
        let mut socket = connect(port, mode, &config, "localhost");
        assert_eq!(alert(tls_error(handshake(&mut socket))), "protocol_version");

        let mut listener = listening(mode, IpAddress::LOCAL_HOST);
        let mut peer = Openssl::client(listener.local_port(), &["-tls1_2"]);
        let server = files.our_server("server", |options| options.minimum = TlsVersion::Tls13);
        let mut socket = accept(&mut listener, &server);
        assert!(matches!(tls_error(handshake(&mut socket)), TlsError::Protocol { .. }));
        peer.see("alert protocol version");
    }
}
