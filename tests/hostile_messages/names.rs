//! Names that certificates are to be for, and that are none.

use std::net::{Ipv4Addr, TcpListener};

use sockeye::{Client, ClientOptions, ConnectOptions, Endpoint, Error, ErrorKind, EventLoop, Framing, TlsIdentity};

use super::bounds::{KIB, leaves_nothing, within};
use crate::support::{child, tls};

/// Connects to somebody who has to prove this name, and asserts that nobody comes there.
fn alone(connect: impl FnOnce(&Endpoint) -> Error) -> Error {
    let door = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let endpoint = Endpoint::Tcp { host: None, port: door.local_addr().unwrap().port() };
    let error = connect(&endpoint);
    door.set_nonblocking(true).unwrap();
    assert_eq!(door.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    error
}

fn with_a_client(endpoint: &Endpoint, name: &str) -> Error {
    let mut options = ClientOptions::default();
    (options.tls, options.tls_name) = (Some(tls::client().clone()), Some(name.to_owned()));
    Client::connect_with(endpoint, None, &options).into_result().unwrap_err()
}

fn with_a_loop(endpoint: &Endpoint, name: &str) -> Error {
    let mut event_loop = EventLoop::new().unwrap();
    let mut options = ConnectOptions::default();
    (options.tls, options.tls_name) = (Some(tls::client().clone()), Some(name.to_owned()));
    event_loop.connect(endpoint, Framing::lines(), options).unwrap_err()
}

/// The names of all files below a folder.
#[cfg(unix)]
fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// 20: no certificate is made for what is no name, no file is either, and nobody is asked to prove it.
#[test]
fn names_of_certificates() {
    const TEST: &str = "hostile_messages::names::names_of_certificates";
    if !child::is_child(TEST) {
        let home = crate::support::fresh_path();
        std::fs::create_dir(&home).unwrap();
        child::run(TEST, |command| _ = command.env("HOME", &home).env_remove("XDG_DATA_HOME"));
        return std::fs::remove_dir_all(&home).unwrap();
    }
    child::in_child(TEST, || {
        for name in [
            "\"; rm -rf /",
            "$(reboot)",
            "`reboot`.example",
            "a\0.example",
            "a\n127.0.0.1",
            "../../etc/passwd",
            "*.*.example",
            "*.127.0.0.1",
            "",
            &"a".repeat(64),
            &"a.".repeat(128),
            &"a".repeat(1024 * KIB),
        ] {
            let what = name.chars().take(20).collect::<String>();
            let most = 64 * KIB + 4 * name.len();
            let made = || {
                for names in [&[name][..], &["localhost", name]] {
                    let error = TlsIdentity::self_signed(names).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::Tls, "{what}");
                    assert!(error.to_string().len() < 1024, "{what}");
                }
            };
            within(most, &what, made);
            leaves_nothing(&what, 5, made);
            for connect in [with_a_client as fn(&Endpoint, &str) -> Error, with_a_loop] {
                let asked = || {
                    let error = alone(|endpoint| connect(endpoint, name));
                    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{what}: {error}");
                    assert!(error.to_string().len() < 1024, "{what}");
                };
                within(most + 512 * KIB, &what, asked);
                leaves_nothing(&what, 5, asked);
            }
            #[cfg(unix)]
            within(most, &what, || {
                let home = std::path::PathBuf::from(std::env::var_os("HOME").unwrap());
                let error = TlsIdentity::of_this_user("chat", &[name]).unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Tls, "{what}");
                // And as the name of a program, which is a part of a path.
                if name.len() != 64 {
                    let error = TlsIdentity::of_this_user(name, &["localhost"]).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{what}");
                }
                assert_eq!(files(&home), Vec::<std::path::PathBuf>::new(), "{what}");
            });
        }
        for name in ["localhost", "a_b.example", "*.example", "a.example.", "192.0.2.7", "::1", &"a".repeat(63)] {
            TlsIdentity::self_signed(&[name]).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    });
}
