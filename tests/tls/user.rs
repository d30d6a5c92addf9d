//! What a program keeps for its user. Each test runs in a process whose home is a fresh folder.
#![cfg(all(unix, not(target_vendor = "apple")))]

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use sockeye::{ErrorKind, KnownHosts, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust};

use crate::support::{child, fresh_path, in_thread, tls::tcp_pair};

/// Runs the body in a process with a home of its own, and a data folder if `data` names one below it.
fn at_home(test: &str, data: Option<&str>, body: impl FnOnce(&Path)) {
    let name = format!("user::{test}");
    if child::is_child(&name) {
        return child::in_child(&name, || body(&PathBuf::from(env::var_os("HOME").unwrap())));
    }
    let home = fresh_path();
    fs::create_dir(&home).unwrap();
    child::run(&name, |command| {
        command.env("HOME", &home).env_remove("XDG_DATA_HOME");
        if let Some(data) = data {
            command.env("XDG_DATA_HOME", if data.is_empty() { PathBuf::new() } else { home.join(data) });
        }
    });
    fs::remove_dir_all(&home).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

#[test]
fn the_identity_of_a_user_is_made_once_and_kept() {
    at_home("the_identity_of_a_user_is_made_once_and_kept", None, |home| {
        let made = TlsIdentity::of_this_user("chat", &["localhost"]).unwrap();
        let folder = home.join(".local/share/chat/tls");
        let (certificate, key) = (folder.join("identity.crt"), folder.join("identity.key"));
        assert_eq!((mode(&folder), mode(&certificate), mode(&key)), (0o700, 0o600, 0o600));
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 2);

        let kept = TlsIdentity::of_this_user("chat", &["elsewhere.example"]).unwrap();
        assert_eq!(kept.fingerprint(), made.fingerprint());
        let other = TlsIdentity::of_this_user("chat-2.beta_1", &["localhost"]).unwrap();
        assert_ne!(other.fingerprint(), made.fingerprint(), "each program has its own");

        fs::remove_file(&key).unwrap();
        assert_eq!(TlsIdentity::of_this_user("chat", &["localhost"]).unwrap_err().kind(), ErrorKind::File);
    });
}

#[test]
fn the_data_folder_that_the_user_names_counts() {
    at_home("the_data_folder_that_the_user_names_counts", Some("data"), |home| {
        assert_eq!(KnownHosts::of_this_user("chat").unwrap().path(), home.join("data/chat/tls/known_hosts"));
        assert!(!home.join(".local").exists());
    });
}

#[test]
fn the_folder_has_the_name_of_the_program_as_it_is_written() {
    at_home("the_folder_has_the_name_of_the_program_as_it_is_written", None, |home| {
        for program in ["Chat", "chat"] {
            let path = home.join(format!(".local/share/{program}/tls/known_hosts"));
            assert_eq!(KnownHosts::of_this_user(program).unwrap().path(), path);
        }
    });
}

#[test]
fn a_data_folder_without_a_name_is_none() {
    at_home("a_data_folder_without_a_name_is_none", Some(""), |home| {
        assert_eq!(KnownHosts::of_this_user("chat").unwrap().path(), home.join(".local/share/chat/tls/known_hosts"));
    });
}

#[test]
fn a_folder_that_others_could_enter_is_closed() {
    at_home("a_folder_that_others_could_enter_is_closed", None, |home| {
        let folder = home.join(".local/share/chat/tls");
        fs::create_dir_all(&folder).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o775)).unwrap();
        TlsIdentity::of_this_user("chat", &["localhost"]).unwrap();
        assert_eq!(mode(&folder), 0o700);
    });
}

#[test]
fn a_program_whose_name_is_no_folder_is_refused() {
    at_home("a_program_whose_name_is_no_folder_is_refused", None, |home| {
        let long = "x".repeat(65);
        for name in ["", ".", "..", ".hidden", "a/b", "../b", "a\\b", "a b", "a\0", "h\u{e4}", &long] {
            for error in
                [TlsIdentity::of_this_user(name, &["localhost"]).map(drop), KnownHosts::of_this_user(name).map(drop)]
            {
                assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput, "{name:?}");
            }
        }
        assert_eq!(fs::read_dir(home).unwrap().count(), 0, "nothing may be made for them");
        KnownHosts::of_this_user(&long[..64]).unwrap();
    });
}

#[test]
fn a_home_that_is_no_folder_is_an_error_that_names_the_path() {
    at_home("a_home_that_is_no_folder_is_an_error_that_names_the_path", None, |home| {
        fs::write(home.join(".local"), "in the way").unwrap();
        let error = TlsIdentity::of_this_user("chat", &["localhost"]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::File);
        assert!(error.to_string().contains("/.local/share/chat/tls"), "{error}");
    });
}

#[test]
fn two_programs_of_a_user_trust_one_another_on_first_use() {
    at_home("two_programs_of_a_user_trust_one_another_on_first_use", None, |_| {
        let identity = TlsIdentity::of_this_user("server", &["localhost"]).unwrap();
        let mut options = TlsClientOptions::default();
        options.trust = Trust::FirstUse(KnownHosts::of_this_user("client").unwrap());
        let client = TlsClient::with_options(options).unwrap();
        let meet = |identity: TlsIdentity| {
            let (near, far) = tcp_pair();
            let server = TlsServer::new(identity).unwrap();
            let serving = in_thread(move || TlsSocket::server(far, &server).unwrap().handshake().is_done());
            let status = TlsSocket::client(near, &client, "localhost").unwrap().handshake();
            drop(serving);
            status
        };
        assert!(meet(identity.clone()).is_done());
        let hosts = fs::read_to_string(KnownHosts::of_this_user("client").unwrap().path()).unwrap();
        assert_eq!(hosts.lines().filter(|line| line.contains("localhost")).count(), 1, "{hosts}");
        assert!(meet(identity).is_done());
        let stranger = TlsIdentity::self_signed(&["localhost"]).unwrap();
        assert_eq!(meet(stranger).error().unwrap().kind(), ErrorKind::Tls);
    });
}
