//! Keys and known hosts in files.

use std::{fs, path::Path};

use sockeye::{Error, ErrorKind, KnownHosts, Status, TlsClient, TlsError, TlsIdentity, TlsServer, TlsSocket, Trust};

use crate::{
    folder::Folder,
    support::{
        in_thread,
        tls::{client_that_trusts, shake_hands, tcp_pair},
    },
};

#[cfg(unix)]
fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    let mode = fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode, 0o600, "{} has the mode {mode:o}", path.display());
}

#[cfg(not(unix))]
fn assert_private(_path: &Path) {}

#[test]
fn an_identity_is_kept_in_files_that_only_its_owner_reads() {
    let folder = Folder::new();
    let (certificate, key) = (folder.0.join("server.crt"), folder.0.join("server.key"));
    let made = TlsIdentity::load_or_create(&certificate, &key, &["localhost"]).unwrap();
    assert_private(&key);
    assert_private(&certificate);
    let loaded = TlsIdentity::load_or_create(&certificate, &key, &["localhost"]).unwrap();
    assert_eq!(loaded.fingerprint(), made.fingerprint());
    assert_eq!(loaded.certificate_pem(), made.certificate_pem());
    assert_eq!(fs::read_to_string(&certificate).unwrap(), made.certificate_pem());

    let other = TlsIdentity::self_signed(&["localhost"]).unwrap();
    other.save(&certificate, &key).unwrap();
    assert_private(&key);
    assert_eq!(TlsIdentity::load(&certificate, &key).unwrap().fingerprint(), other.fingerprint());
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2, "nothing else may be left");

    let text = fs::read_to_string(&key).unwrap();
    let secret: String = text.lines().nth(1).unwrap().chars().take(20).collect();
    assert!(!format!("{other:?}").contains(&secret));
    assert!(format!("{other:?}").contains(&other.fingerprint().to_string()));
}

#[test]
fn programs_that_make_an_identity_at_once_share_it() {
    for _ in 0..8 {
        let folder = Folder::new();
        let (certificate, key) = (folder.0.join("crt"), folder.0.join("key"));
        let threads: Vec<_> = (0..6)
            .map(|_| {
                let (certificate, key) = (certificate.clone(), key.clone());
                in_thread(move || TlsIdentity::load_or_create(certificate, key, &["localhost"]).unwrap().fingerprint())
            })
            .collect();
        let found: Vec<_> = threads.into_iter().map(crate::support::Joined::join).collect();
        let kept = TlsIdentity::load(&certificate, &key).unwrap().fingerprint();
        assert!(found.iter().all(|fingerprint| *fingerprint == kept));
        assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    }
}

/// A program that was ended, or a machine that was, between the key and its certificate.
#[test]
fn a_key_that_was_left_alone_gets_its_certificate() {
    let folder = Folder::new();
    let (certificate, key) = (folder.0.join("crt"), folder.0.join("key"));
    TlsIdentity::load_or_create(&certificate, &key, &["localhost"]).unwrap();
    let left = fs::read(&key).unwrap();
    fs::remove_file(&certificate).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let (certificate, key) = (certificate.clone(), key.clone());
            in_thread(move || TlsIdentity::load_or_create(certificate, key, &["localhost"]).unwrap().fingerprint())
        })
        .collect();
    let found: Vec<_> = threads.into_iter().map(crate::support::Joined::join).collect();
    assert_eq!(fs::read(&key).unwrap(), left);
    assert_private(&certificate);
    let kept = TlsIdentity::load(&certificate, &key).unwrap();
    assert!(found.iter().all(|fingerprint| *fingerprint == kept.fingerprint()));
    assert_eq!(fs::read_dir(&folder.0).unwrap().count(), 2);
    meet(&client_that_trusts(Trust::Pinned(vec![kept.fingerprint()])), &kept, "localhost").into_result().unwrap();
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let folder = Folder::new();
    let (certificate, key) = (folder.0.join("crt"), folder.0.join("key"));
    let error = TlsIdentity::load(&certificate, &key).unwrap_err();
    assert!(error.to_string().contains("crt"), "{error}");
    assert_eq!(error.kind(), ErrorKind::File);
    TlsIdentity::load_or_create(&certificate, &key, &["localhost"]).unwrap();
    // One without the other: nothing is made in its place.
    fs::remove_file(&key).unwrap();
    assert!(TlsIdentity::load_or_create(&certificate, &key, &["localhost"]).unwrap_err().to_string().contains("key"));
    assert!(!key.exists());
    fs::remove_file(&certificate).unwrap();
    fs::write(&key, "mine").unwrap();
    assert_eq!(TlsIdentity::load_or_create(&certificate, &key, &["localhost"]).unwrap_err().kind(), ErrorKind::File);
    assert_eq!(fs::read_to_string(&key).unwrap(), "mine");
    let nowhere = folder.0.join("nowhere/key");
    assert_eq!(TlsIdentity::load_or_create(&certificate, &nowhere, &["a"]).unwrap_err().kind(), ErrorKind::File);
    let made = TlsIdentity::self_signed(&["localhost"]).unwrap();
    assert_eq!(made.save(&nowhere, &nowhere).unwrap_err().kind(), ErrorKind::File);
    assert_eq!(sockeye::RootCertificates::load(&nowhere).unwrap_err().kind(), ErrorKind::File);
}

fn meet(client: &TlsClient, identity: &TlsIdentity, name: &str) -> Status {
    let server = TlsServer::new(identity.clone()).unwrap();
    let (near, far) = tcp_pair();
    let mut near = TlsSocket::client(near, client, name).unwrap();
    let mut far = TlsSocket::server(far, &server).unwrap();
    shake_hands(&mut near, &mut far).0
}

fn tls_error(status: Status) -> TlsError {
    match status {
        Status::Error(Error::Tls(error)) => *error,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_certificate_of_a_name_is_the_one() {
    let folder = Folder::new();
    let path = folder.0.join("known_hosts");
    let client = || client_that_trusts(Trust::FirstUse(KnownHosts::at(&path)));
    let (one, two) = (TlsIdentity::self_signed(&["a"]).unwrap(), TlsIdentity::self_signed(&["a"]).unwrap());

    meet(&client(), &one, "Host.Example").into_result().unwrap();
    assert_private(&path);
    assert_eq!(fs::read_to_string(&path).unwrap(), format!("host.example {}\n", one.fingerprint()));
    meet(&client(), &one, "host.example").into_result().unwrap();
    meet(&client(), &two, "127.0.0.1").into_result().unwrap();
    let text = format!("host.example {}\n127.0.0.1 {}\n", one.fingerprint(), two.fingerprint());
    assert_eq!(fs::read_to_string(&path).unwrap(), text);

    let error = tls_error(meet(&client(), &two, "host.example"));
    assert_eq!(
        error,
        TlsError::Fingerprint {
            name: "host.example".into(),
            known: one.fingerprint().to_string().into(),
            found: two.fingerprint().to_string().into(),
        }
    );
    let shown = error.to_string();
    assert!(shown.contains(&one.fingerprint().to_string()) && shown.contains(&two.fingerprint().to_string()));
    assert_eq!(fs::read_to_string(&path).unwrap(), text, "a changed certificate must not be written");
}

/// A resumed session shows no certificate again, but whoever has changed the file meant it.
#[test]
fn a_resumed_session_is_held_against_the_file_too() {
    let folder = Folder::new();
    let path = folder.0.join("known_hosts");
    let client = client_that_trusts(Trust::FirstUse(KnownHosts::at(&path)));
    let identity = TlsIdentity::self_signed(&["a"]).unwrap();
    let server = TlsServer::new(identity).unwrap();
    let meet = || {
        let (near, far) = tcp_pair();
        let mut near = TlsSocket::client(near, &client, "host").unwrap();
        let mut far = TlsSocket::server(far, &server).unwrap();
        let status = shake_hands(&mut near, &mut far).0;
        let _ = far.send(b"x");
        let _ = near.receive(&mut [0]);
        (status, near.is_resumed())
    };
    assert!(!meet().1);
    let (status, is_resumed) = meet();
    status.into_result().unwrap();
    assert!(is_resumed);
    fs::write(&path, format!("host {}\n", sockeye::Fingerprint::new([7; 32]))).unwrap();
    assert!(matches!(tls_error(meet().0), TlsError::Fingerprint { .. }));
}

#[test]
fn programs_that_learn_hosts_at_once_lose_none() {
    let folder = Folder::new();
    let path = folder.0.join("known_hosts");
    // An editor has left the last line open.
    let kept = sockeye::Fingerprint::new([9; 32]);
    fs::write(&path, format!("# mine\nkept.example {kept}")).unwrap();
    let identity = TlsIdentity::self_signed(&["a"]).unwrap();
    let threads: Vec<_> = (0..8)
        .map(|number| {
            let (path, identity) = (path.clone(), identity.clone());
            in_thread(move || {
                let client = client_that_trusts(Trust::FirstUse(KnownHosts::at(path)));
                for host in 0..6 {
                    meet(&client, &identity, &format!("host-{number}-{host}.example")).into_result().unwrap();
                    meet(&client, &identity, "shared.example").into_result().unwrap();
                }
            })
        })
        .collect();
    threads.into_iter().for_each(crate::support::Joined::join);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.starts_with(&format!("# mine\nkept.example {kept}\n")), "{text}");
    for number in 0..8 {
        for host in 0..6 {
            let line = format!("host-{number}-{host}.example {}", identity.fingerprint());
            assert_eq!(text.lines().filter(|found| *found == line).count(), 1, "{line}");
        }
    }
}

#[test]
fn a_file_that_cannot_be_read_trusts_nobody() {
    let folder = Folder::new();
    let path = folder.0.join("known_hosts");
    let identity = TlsIdentity::self_signed(&["a"]).unwrap();
    let client = client_that_trusts(Trust::FirstUse(KnownHosts::at(&path)));
    for text in ["host", "host ab:cd", "other 12\n", "\u{0}\u{0}\n"] {
        fs::write(&path, text).unwrap();
        let error = tls_error(meet(&client, &identity, "host"));
        assert!(error.to_string().contains("line 1 of"), "{error}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert!(matches!(tls_error(meet(&client, &identity, "host")), TlsError::Configuration { .. }));
    let nowhere = client_that_trusts(Trust::FirstUse(KnownHosts::at(folder.0.join("nowhere/known_hosts"))));
    assert!(matches!(tls_error(meet(&nowhere, &identity, "host")), TlsError::Configuration { .. }));
}
