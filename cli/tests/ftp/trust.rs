//! Encrypted sessions: when, and whom to trust.

use sockeye::{TlsIdentity, TlsServer};

use crate::{
    ftp_server::ServerTls,
    program::{Folder, run},
    server::{Server, content},
};

/// A server with a certificate that nobody has vouched for, which is in a file; its fingerprint.
fn secured(folder: &Folder, tls: fn(TlsServer) -> ServerTls) -> (Server, String, String) {
    let identity = TlsIdentity::self_signed(&["127.0.0.1"]).unwrap();
    let certificate = folder.write("certificate.pem", identity.certificate_pem());
    let fingerprint = identity.fingerprint().to_string();
    let config = TlsServer::new(identity).unwrap();
    let server = Server::start(folder, move |options| options.tls = tls(config));
    server.put("file", content(1_000_000));
    (server, certificate, fingerprint)
}

#[test]
fn files_come_and_go_encrypted() {
    let folder = Folder::new("tls");
    let (server, certificate, pin) = secured(&folder, ServerTls::Explicit);
    let url = server.url("file");
    for trust in [&["--cacert", &certificate][..], &["--pin", &pin], &["--insecure"], &["--pin", &pin, "--active"]] {
        let got = run(&[&["cat", "--tls", "explicit", &url], trust].concat()).output();
        assert!(got == content(1_000_000), "{trust:?}");
        let verbs = server.verbs();
        assert_eq!(verbs[..5], ["AUTH", "PBSZ", "PROT", "USER", "PASS"]);
    }
    let local = folder.write("up", content(500_000));
    run(&["put", "--tls", "explicit", "--pin", &pin, &local, &server.url("sent")]).output();
    assert!(server.get("sent") == content(500_000));

    let folder = Folder::new("tls_implicit");
    let (server, _, pin) = secured(&folder, ServerTls::Implicit);
    let url = format!("ftps://127.0.0.1:{}/file", server.port);
    assert!(run(&["cat", "--pin", &pin, &url]).output() == content(1_000_000));
    assert!(run(&["cat", "--tls", "implicit", "--pin", &pin, &server.url("file")]).output() == content(1_000_000));
    assert!(server.verbs().contains(&"PROT".to_owned()));
    run(&["get", "-r", "-P", "3", "--pin", &pin, &format!("ftps://127.0.0.1:{}/", server.port), &folder.path("here")])
        .output();
    assert!(folder.read("here/file") == content(1_000_000));
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_refused() {
    let folder = Folder::new("tls_untrusted");
    let (server, _, pin) = secured(&folder, ServerTls::Explicit);
    let url = format!("ftp://joe:hunter2@127.0.0.1:{}/file", server.port);
    let said = run(&["cat", "--tls", "explicit", &url]).failure(1);
    assert!(said.starts_with("the certificate of \"127.0.0.1\" is not trusted"), "{said}");
    let other = "ab".repeat(32);
    let said = run(&["cat", "--tls", "explicit", "--pin", &other, &url]).failure(1);
    assert!(said.contains(&pin), "{said}");
    let verbs = server.verbs();
    assert!(!verbs.contains(&"USER".to_owned()), "{verbs:?}");
    let said = run(&["cat", "--tls", "explicit", "--cacert", &folder.path("missing"), &url]).failure(1);
    assert!(said.contains("missing"), "{said}");
}

#[test]
fn there_is_no_way_back_to_plain_text() {
    let folder = Folder::new("tls_plain");
    let server = Server::start(&folder, |_| {});
    let said = run(&["cat", "--tls", "explicit", "-k", &server.url("file")]).failure(1);
    assert_eq!(said, "the peer answered 504 not in this way");
    assert_eq!(server.verbs(), ["AUTH"]);
    let (server, ..) = secured(&Folder::new("tls_required"), ServerTls::Explicit);
    let said = run(&["cat", &server.url("file")]).failure(1);
    assert_eq!(said, "the peer answered 530 not in plain text: AUTH TLS first");
}

#[test]
fn options_that_contradict_one_another_are_code_two() {
    for arguments in [
        &["cat", "--tls", "off", "ftps://127.0.0.1/x"][..],
        &["cat", "--tls", "explicit", "ftps://127.0.0.1/x"],
        &["cat", "--insecure", "ftp://127.0.0.1/x"],
        &["cat", "--pin", &"ab".repeat(32), "ftp://127.0.0.1/x"],
        &["cat", "--tls", "off", "--cacert", "x", "ftp://127.0.0.1/x"],
    ] {
        run(arguments).failure(2);
    }
}
