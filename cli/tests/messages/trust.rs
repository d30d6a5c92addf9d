//! `--tls`: nobody is spoken to who is not trusted, and nothing goes unencrypted.

use sockeye::{Connection, Framing, Status, TlsIdentity};

use crate::{
    live::{Live, connect, listener as listening, patient, run, run_with_input, sockeye},
    process::eventually,
    program::{Folder, Running},
};

/// A listener that echoes with a certificate for this machine; its endpoint, the certificate's file and fingerprint.
fn listener(folder: &Folder) -> (Live, String, String, String) {
    let identity = TlsIdentity::self_signed(&["localhost", "127.0.0.1"]).unwrap();
    let (certificate, key) = (folder.path("certificate.pem"), folder.path("key.pem"));
    identity.save(&certificate, &key).unwrap();
    let (live, endpoint) = Live::listen(&["--echo", "--tls", "--cert", &certificate, "--key", &key]);
    assert_eq!(live.said("the fingerprint of the certificate is "), identity.fingerprint().to_string());
    (live, endpoint, certificate, identity.fingerprint().to_string())
}

#[test]
fn a_listener_is_trusted_as_the_command_line_says() {
    let folder = Folder::new("trust");
    let (_live, endpoint, certificate, fingerprint) = listener(&folder);
    let said = run(&["connect", "--tls", &endpoint]).failure(1);
    assert!(said.starts_with("the certificate of \"127.0.0.1\" is not trusted"), "{said}");
    let said = run(&["connect", "--tls", "--pin", &"ab".repeat(32), &endpoint]).failure(1);
    assert!(said.contains(&fingerprint), "{said}");
    for options in [&["--pin", fingerprint.as_str()][..], &["--cacert", &certificate], &["--insecure"], &["-k"]] {
        let arguments = [&["connect", "--tls", &endpoint], options].concat();
        assert_eq!(run_with_input(&arguments, b"secret\nwords\n").output(), b"secret\nwords\n", "{options:?}");
    }
}

#[test]
fn the_name_in_a_certificate_can_be_another_than_the_host() {
    let folder = Folder::new("tls_name");
    let identity = TlsIdentity::self_signed(&["relay.example"]).unwrap();
    let (certificate, key) = (folder.path("certificate.pem"), folder.path("key.pem"));
    identity.save(&certificate, &key).unwrap();
    let (_live, endpoint) = Live::listen(&["--echo", "--tls", "--cert", &certificate, "--key", &key]);
    let connect = ["connect", "--tls", "--cacert", &certificate, &endpoint];
    let said = run(&connect).failure(1);
    assert!(said.starts_with("the certificate of \"127.0.0.1\" is not trusted"), "{said}");
    let named = [&connect[..], &["--tls-name", "relay.example"]].concat();
    assert_eq!(run_with_input(&named, b"secret\n").output(), b"secret\n");
    // A service may be anybody's.
    let said = run(&["connect", "--tls", "--cacert", &certificate, "game|Ann"]).failure(2);
    assert!(said.contains("--tls-name"), "{said}");
}

#[test]
fn what_is_no_name_is_no_name_of_a_certificate_either() {
    let folder = Folder::new("no_tls_name");
    let home = folder.path("home");
    std::fs::create_dir(&home).unwrap();
    // An argument may have 128 KiB on Linux, and less elsewhere.
    for name in ["\"; rm -rf /", "$(reboot)", "a\n127.0.0.1", "", &"a".repeat(30_000)] {
        let (mut listener, port) = listening();
        let mut command = sockeye(&["connect", "--tls", "--insecure", "--tls-name", name, &port]);
        let said = Running::start(command.env("HOME", &home).env_remove("XDG_DATA_HOME")).end().failure(2);
        assert!(said.contains("a DNS name or an IP address"), "{said}");
        assert!(said.len() < 1024, "{} bytes of words", said.len());
        // It may have connected, and has said nothing.
        listener.set_blocking(false).unwrap();
        if let Status::Done(peer) = listener.accept() {
            let mut peer = patient(Connection::new(peer, Framing::Raw));
            assert!(peer.receive().is_disconnected());
        }
    }
    assert_eq!(std::fs::read_dir(&home).unwrap().count(), 0);
}

#[test]
fn nobody_is_served_without_encryption_who_listens_with_it() {
    let folder = Folder::new("plain_client");
    let (live, endpoint, _, _) = listener(&folder);
    let mut plain = connect(&endpoint, Framing::lines());
    plain.send(b"GET / HTTP/1.1").into_result().unwrap();
    assert!(plain.receive().done().is_none_or(|answer| !answer.starts_with(b"GET")));
    eventually(|| live.stderr().contains(" is refused: ").then_some(()));

    // And the other way round.
    let (_live, endpoint) = Live::listen(&["--echo"]);
    run(&["connect", "--tls", "-k", &endpoint]).failure(1);
}

#[cfg(unix)]
#[test]
fn a_certificate_is_made_on_first_use_and_kept() {
    use std::os::unix::fs::PermissionsExt as _;

    let folder = Folder::new("own_identity");
    let home = folder.path("home");
    let start = || {
        let mut command = sockeye(&["listen", "-v", "--echo", "--tls", "0"]);
        let live = Live::start(command.env("HOME", &home).env_remove("XDG_DATA_HOME"));
        (live.said("the fingerprint of the certificate is "), live.said("listening at "), live)
    };
    let (fingerprint, endpoint, _live) = start();
    let arguments = ["connect", "--tls", "--pin", &fingerprint, &endpoint];
    assert_eq!(run_with_input(&arguments, b"hello\n").output(), b"hello\n");
    let (again, _, _other) = start();
    assert_eq!(again, fingerprint);
    #[cfg(target_os = "linux")]
    for (name, mode) in [("", 0o700), ("identity.key", 0o600), ("identity.crt", 0o600)] {
        let path = format!("{home}/.local/share/sockeye/tls/{name}");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{path}");
    }
}

#[test]
fn a_certificate_that_is_not_there_is_a_failure() {
    let folder = Folder::new("no_certificate");
    let missing = folder.path("missing.pem");
    let said = run(&["listen", "0", "--tls", "--cert", &missing, "--key", &missing]).failure(1);
    assert!(said.contains("missing.pem"), "{said}");
    let said = run(&["connect", "9", "--tls", "--cacert", &missing]).failure(1);
    assert!(said.contains("missing.pem"), "{said}");
}
