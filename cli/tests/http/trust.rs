//! HTTPS: whom to trust.

use sockeye::{Fingerprint, TcpSocket, TlsIdentity, TlsServer, TlsSocket};

use crate::{
    program::{Folder, Outcome, run},
    server::{Peer, response, serve},
};

/// Runs the program against a server with a certificate for 127.0.0.1, which nobody has vouched for. Gives what the
/// program came to, and what the server was asked if the program trusted it.
fn against(folder: &Folder, options: impl FnOnce(&str, Fingerprint) -> Vec<String>) -> (Outcome, Option<String>) {
    let identity = TlsIdentity::self_signed(&["127.0.0.1", "localhost"]).unwrap();
    let certificate = folder.write("certificate.pem", identity.certificate_pem());
    let options = options(&certificate, identity.fingerprint());
    let config = TlsServer::new(identity).unwrap();
    let server = serve(move |door| {
        let socket = TcpSocket::try_from(door.accept().stream).unwrap();
        let mut peer = Peer { stream: TlsSocket::server(socket, &config).unwrap() };
        if peer.stream.handshake().into_result().is_err() {
            return None;
        }
        // Under TLS 1.3 the server has finished before it hears that the client does not trust it.
        let mut first = [0];
        match peer.stream.receive(&mut first).into_result() {
            Ok(_) => {
                let rest = peer.reply(response("200 OK", "", "secret"));
                Some(format!("{}{rest}", char::from(first[0])))
            }
            Err(_) => None,
        }
    });
    let url = format!("https://127.0.0.1:{}/safe", server.port);
    let arguments: Vec<&str> = options.iter().map(String::as_str).chain([url.as_str()]).collect();
    let outcome = run(&arguments);
    (outcome, server.end())
}

fn trusted((outcome, head): (Outcome, Option<String>)) {
    assert_eq!(outcome.output(), b"secret");
    assert!(head.unwrap().starts_with("GET /safe HTTP/1.1\r\n"));
}

/// Nothing of the request goes to somebody who is not trusted.
#[track_caller]
fn refused((outcome, head): (Outcome, Option<String>)) -> String {
    assert_eq!(head, None);
    outcome.failure(1)
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let said = refused(against(&Folder::new("unknown"), |_, _| vec![]));
    assert!(said.starts_with("the certificate of \"127.0.0.1\" is not trusted"), "{said}");
}

#[test]
fn a_file_of_certificates_takes_the_place_of_the_systems() {
    trusted(against(&Folder::new("cacert"), |path, _| vec!["--cacert".into(), path.into()]));
    let folder = Folder::new("other_cacert");
    let other = TlsIdentity::self_signed(&["127.0.0.1"]).unwrap();
    let path = folder.write("other.pem", other.certificate_pem());
    refused(against(&folder, |_, _| vec!["--cacert".into(), path]));

    let said = run(&["--cacert", &folder.path("missing.pem"), "https://127.0.0.1:9/"]).failure(1);
    assert!(said.contains("missing.pem"), "{said}");
    let nonsense = folder.write("nonsense.pem", "no certificate");
    run(&["--cacert", &nonsense, "https://127.0.0.1:9/"]).failure(1);
}

#[test]
fn a_pin_is_for_one_certificate() {
    trusted(against(&Folder::new("pin"), |_, fingerprint| vec!["--pin".into(), fingerprint.to_string()]));
    let other = "ab".repeat(32);
    // One of several is enough.
    trusted(against(&Folder::new("pins"), |_, fingerprint| {
        let plain = fingerprint.to_string().replace(':', "");
        vec!["--pin".into(), other.clone(), "--pin".into(), plain]
    }));
    let mut found = String::new();
    let said = refused(against(&Folder::new("other_pin"), |_, fingerprint| {
        found = fingerprint.to_string();
        vec!["--pin".into(), other.clone()]
    }));
    assert!(said.contains(&found) && said.contains("ab:ab:ab"), "{said}");
}

#[test]
fn insecure_trusts_anybody() {
    trusted(against(&Folder::new("insecure"), |_, _| vec!["--insecure".into()]));
}

#[test]
fn a_server_without_tls_is_one_line() {
    let server = serve(|door| {
        let mut peer = door.accept();
        peer.body(1);
        peer.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        peer.wait_for_the_end();
    });
    run(&[&format!("https://127.0.0.1:{}/", server.port)]).failure(1);
    server.end();
}
