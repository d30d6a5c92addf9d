//! Whom a client trusts, and whom a server.

use std::{path::Path, process::Command};

use sockeye::{
    Error, ErrorKind, Status, StatusCode, TlsClient, TlsClientOptions, TlsError, TlsIdentity, TlsServer,
    TlsServerOptions, TlsSocket, Trust,
};

use crate::{
    authority::{Authority, expired, for_clients, not_yet},
    support::{
        child, fresh_path, receive_soon,
        tls::{client_that_trusts, shake_hands, tcp_pair},
    },
};

/// The answers of both ends to a handshake.
fn meet(client: &TlsClient, server: &TlsServer, name: &str) -> (Status, Status, TlsSocket, TlsSocket) {
    let (near, far) = tcp_pair();
    let mut near = TlsSocket::client(near, client, name).unwrap();
    let mut far = TlsSocket::server(far, server).unwrap();
    let (one, other) = shake_hands(&mut near, &mut far);
    (one, other, near, far)
}

fn is_trusted(trust: Trust, identity: &TlsIdentity, name: &str) {
    let server = TlsServer::new(identity.clone()).unwrap();
    let (one, other, mut near, mut far) = meet(&client_that_trusts(trust), &server, name);
    one.into_result().unwrap();
    other.into_result().unwrap();
    assert_eq!(near.peer_fingerprint(), Some(identity.fingerprint()));
    assert_eq!(near.send(b"hello").done(), Some(5));
    assert_eq!(receive_soon(&mut far, &mut [0; 9]).done(), Some(5));
}

/// Refuses the certificate, says why, and tells the server.
fn is_refused(trust: Trust, identity: &TlsIdentity, name: &str) -> TlsError {
    let server = TlsServer::new(identity.clone()).unwrap();
    let (one, other, mut near, _far) = meet(&client_that_trusts(trust), &server, name);
    let reason = tls_error(one);
    assert!(matches!(tls_error(other), TlsError::Alert { .. }));
    assert_eq!(tls_error(near.send(b"secret")), reason);
    reason
}

fn tls_error<T: std::fmt::Debug>(status: Status<T>) -> TlsError {
    match status {
        Status::Error(Error::Tls(error)) => *error,
        other => panic!("{other:?}"),
    }
}

fn certificate_reason(error: TlsError) -> String {
    match error {
        TlsError::Certificate { reason, .. } => reason.to_string(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn own_roots_vouch_for_names_and_dates() {
    let authority = Authority::new("ours");
    let trust = || Trust::Roots(authority.roots());
    let good = authority.identity(&["good.example", "*.wild.example", "127.0.0.1", "::1"], |_| {});
    for name in ["good.example", "GOOD.example", "a.wild.example", "127.0.0.1", "::1"] {
        is_trusted(trust(), &good, name);
    }
    for name in ["bad.example", "good.example.org", "b.a.wild.example", "wild.example", "127.0.0.2"] {
        let error = is_refused(trust(), &good, name);
        assert!(error.to_string().contains(name), "{error}");
        assert!(certificate_reason(error).contains("not valid for name"));
    }
    for (change, expected) in [(expired as fn(&mut _), "expired"), (not_yet, "not valid yet"), (for_clients, "usage")] {
        let wrong = authority.identity(&["good.example"], change);
        let reason = certificate_reason(is_refused(trust(), &wrong, "good.example"));
        assert!(reason.contains(expected), "{reason}");
    }
    let stranger = Authority::new("theirs").identity(&["good.example"], |_| {});
    assert_eq!(certificate_reason(is_refused(trust(), &stranger, "good.example")), "UnknownIssuer");
    // A certificate of the same name as the root's, which another key has signed.
    let imposter = Authority::new("ours").identity(&["good.example"], |_| {});
    let reason = certificate_reason(is_refused(trust(), &imposter, "good.example"));
    assert!(reason.contains("BadSignature") || reason.contains("UnknownIssuer"), "{reason}");
}

#[test]
fn a_self_signed_certificate_vouches_for_itself() {
    let identity = TlsIdentity::self_signed(&["self.example"]).unwrap();
    let roots = sockeye::RootCertificates::from_pem(identity.certificate_pem().as_bytes()).unwrap();
    is_trusted(Trust::Roots(roots.clone()), &identity, "self.example");
    is_refused(Trust::Roots(roots), &identity, "other.example");
}

#[test]
fn pinned_certificates_are_known_by_their_fingerprint_alone() {
    let authority = Authority::new("nobody's");
    let pinned = authority.identity(&["one.example"], expired);
    let other = TlsIdentity::self_signed(&["one.example"]).unwrap();
    let known = vec![authority.identity(&[], |_| {}).fingerprint(), pinned.fingerprint()];
    is_trusted(Trust::Pinned(known.clone()), &pinned, "another.example");
    let TlsError::Fingerprint { name, known: shown, found } =
        is_refused(Trust::Pinned(known.clone()), &other, "one.example")
    else {
        panic!()
    };
    assert_eq!(&*name, "one.example");
    assert_eq!(*shown, format!("{}, {}", known[0], known[1]));
    assert_eq!(*found, other.fingerprint().to_string());
    is_refused(Trust::Pinned(Vec::new()), &pinned, "one.example");
}

#[test]
fn nothing_is_checked_when_that_is_asked_for() {
    let wrong = Authority::new("nobody's").identity(&["one.example"], expired);
    is_trusted(Trust::Nothing, &wrong, "another.example");
}

/// The roots of the system are those of a file that `SSL_CERT_FILE` names.
#[cfg(target_os = "linux")]
#[test]
fn the_roots_of_the_system() {
    let authority = Authority::new("the system's");
    let path = fresh_path();
    if !child::is_child("trust::the_roots_of_the_system") {
        std::fs::write(&path, authority.pem()).unwrap();
        let identity = authority.identity(&["system.example"], |_| {});
        let folder = fresh_path();
        std::fs::create_dir(&folder).unwrap();
        identity.save(folder.join("crt"), folder.join("key")).unwrap();
        child::run("trust::the_roots_of_the_system", |command: &mut Command| {
            command.env("SSL_CERT_FILE", &path).env("SOCKEYE_TEST_FOLDER", &folder).env_remove("SSL_CERT_DIR");
        });
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::remove_file(&path).unwrap();
        return;
    }
    child::in_child("trust::the_roots_of_the_system", || {
        let folder = std::env::var_os("SOCKEYE_TEST_FOLDER").unwrap();
        let folder = Path::new(&folder);
        let identity = TlsIdentity::load(folder.join("crt"), folder.join("key")).unwrap();
        is_trusted(Trust::System, &identity, "system.example");
        is_refused(Trust::System, &identity, "other.example");
        let more = Authority::new("ours");
        let ours = more.identity(&["ours.example"], |_| {});
        is_refused(Trust::System, &ours, "ours.example");
        is_trusted(Trust::SystemAnd(more.roots()), &ours, "ours.example");
        is_trusted(Trust::SystemAnd(more.roots()), &identity, "system.example");
        let client = TlsClient::new().unwrap();
        client.load_roots().unwrap();
        client.clone().load_roots().unwrap();
    });
}

/// A machine without roots trusts nobody, and says why.
#[cfg(target_os = "linux")]
#[test]
fn a_system_without_roots() {
    if !child::is_child("trust::a_system_without_roots") {
        let nothing = fresh_path();
        child::run("trust::a_system_without_roots", |command: &mut Command| {
            command.env("SSL_CERT_FILE", &nothing).env_remove("SSL_CERT_DIR");
        });
        return;
    }
    child::in_child("trust::a_system_without_roots", || {
        let error = TlsClient::new().unwrap().load_roots().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        let identity = TlsIdentity::self_signed(&["self.example"]).unwrap();
        assert!(matches!(is_refused(Trust::System, &identity, "self.example"), TlsError::Configuration { .. }));
    });
}

#[test]
fn clients_prove_who_they_are() {
    let authority = Authority::new("clients'");
    let server_identity = TlsIdentity::self_signed(&["server.example"]).unwrap();
    let mut options = TlsServerOptions::new(server_identity.clone());
    options.client_trust = Some(authority.roots());
    let server = TlsServer::with_options(options).unwrap();
    let client = |identity| {
        let mut options = TlsClientOptions::default();
        options.trust = Trust::Pinned(vec![server_identity.fingerprint()]);
        options.identity = identity;
        TlsClient::with_options(options).unwrap()
    };
    let good = authority.identity(&["client.example"], for_clients);
    let (one, other, _near, far) = meet(&client(Some(good.clone())), &server, "server.example");
    one.into_result().unwrap();
    other.into_result().unwrap();
    assert_eq!(far.peer_fingerprint(), Some(good.fingerprint()));

    for (identity, expected) in [
        (None, "showed none"),
        (Some(authority.identity(&["client.example"], expired)), "expired"),
        (Some(Authority::new("others'").identity(&["client.example"], |_| {})), "UnknownIssuer"),
    ] {
        let (near, far) = tcp_pair();
        let mut near = TlsSocket::client(near, &client(identity), "server.example").unwrap();
        let mut far = TlsSocket::server(far, &server).unwrap();
        near.set_blocking(false).unwrap();
        far.set_blocking(false).unwrap();
        // In TLS 1.3 the client is done before the server has seen its certificate, and hears of it afterwards.
        let refusal = loop {
            let _ = near.handshake();
            match far.handshake() {
                Status::NotReady => std::thread::yield_now(),
                status => break tls_error(status),
            }
        };
        let reason = certificate_reason(refusal);
        assert!(reason.contains(expected), "{reason}");
        assert!(matches!(tls_error(receive_soon(&mut near, &mut [0])), TlsError::Alert { .. }));
        assert!(tls_error(far.send(b"secret")).to_string().contains(expected));
    }
}

#[test]
fn what_cannot_be_used_is_refused_when_it_is_given() {
    fn configuration<T: std::fmt::Debug>(result: sockeye::Result<T>) -> String {
        match result {
            Err(Error::Tls(error)) if matches!(*error, TlsError::Configuration { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }
    let one = TlsIdentity::self_signed(&["one.example"]).unwrap();
    let folder = fresh_path();
    std::fs::create_dir(&folder).unwrap();
    let (certificate, key) = (folder.join("crt"), folder.join("key"));
    TlsIdentity::self_signed(&["two.example"]).unwrap().save(&certificate, &key).unwrap();
    let other_key = std::fs::read(&key).unwrap();
    configuration(TlsIdentity::from_pem(one.certificate_pem().as_bytes(), &other_key));
    configuration(TlsIdentity::from_pem(one.certificate_pem().as_bytes(), b"no key"));
    configuration(TlsIdentity::from_pem(b"no certificate", &other_key));
    configuration(TlsIdentity::self_signed(&["not ascii: \u{e4}"]));
    configuration(sockeye::RootCertificates::from_pem(b""));
    configuration(sockeye::RootCertificates::from_pem(
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ));
    for protocols in [vec![Vec::new()], vec![b"ok".to_vec(), vec![b'x'; 256]]] {
        let mut options = TlsClientOptions::default();
        options.protocols = protocols.clone();
        configuration(TlsClient::with_options(options));
        let mut options = TlsServerOptions::new(one.clone());
        options.protocols = protocols;
        configuration(TlsServer::with_options(options));
    }
    for name in ["", " ", "a b", "a\nb", "host:443", "[::1]", "-", "a..b"] {
        let (near, _far) = tcp_pair();
        let error = TlsSocket::client(near, &client_that_trusts(Trust::Nothing), name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
    }
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A client that refuses closes its end without a byte of its own.
#[test]
fn a_refused_server_hears_nothing_more() {
    let identity = TlsIdentity::self_signed(&["self.example"]).unwrap();
    let server = TlsServer::new(identity).unwrap();
    let (one, _, mut near, mut far) = meet(&client_that_trusts(Trust::Pinned(Vec::new())), &server, "self.example");
    assert_eq!(one.code(), StatusCode::Error);
    near.disconnect();
    assert!(matches!(tls_error(receive_soon(&mut far, &mut [0])), TlsError::Alert { .. }));
}
