//! A listener on a name has all the addresses of that name.

use std::{io::ErrorKind, net::TcpStream};

use sockeye::{AuthKey, Client, ClientOptions, Endpoint, Listener, Status};

use crate::{DEADLINE, assert_connected, client, key, port, support::loopbacks};

fn on_localhost(key: Option<AuthKey>) -> Listener {
    let mut listener = Listener::bind(&Endpoint::parse("localhost:0").unwrap(), key).unwrap();
    listener.set_timeout(Some(DEADLINE)).unwrap();
    listener
}

#[test]
fn localhost_is_both_families() {
    for key in [None, Some(key())] {
        let mut listener = on_localhost(key.clone());
        let port = port(&listener);
        assert_eq!(listener.address().unwrap().to_string(), format!("localhost:{port}"));
        for host in loopbacks() {
            let endpoint = Endpoint::Tcp { host: Some(host.to_string()), port };
            let key = key.clone();
            let thread = std::thread::spawn(move || Client::connect(&endpoint, key.as_ref()).into_result());
            let mut accepted = listener.accept().into_result().unwrap();
            assert_eq!(accepted.local_address().unwrap(), host);
            assert_connected(&mut accepted, &mut thread.join().unwrap().unwrap());
        }
        let other = client(&listener, key, ClientOptions::default());
        assert_connected(
            &mut listener.accept().into_result().unwrap(),
            &mut other.join().unwrap().into_result().unwrap(),
        );
        listener.close();
        for host in loopbacks() {
            TcpStream::connect(host.to_socket_addr(port)).unwrap_err();
        }
        assert!(listener.accept().is_disconnected());
    }
}

#[test]
fn whichever_address_of_a_name_answers_is_connected_to() {
    for host in loopbacks() {
        let only = Endpoint::Tcp { host: Some(host.to_string()), port: 0 };
        let mut listener = Listener::bind(&only, Some(key())).unwrap();
        listener.set_timeout(Some(DEADLINE)).unwrap();
        let named = Endpoint::Tcp { host: Some("localhost".into()), port: port(&listener) };
        let client = std::thread::spawn(move || Client::connect(&named, Some(&key())).into_result());
        let mut accepted = listener.accept().into_result().unwrap();
        assert_connected(&mut accepted, &mut client.join().unwrap().unwrap());
        assert_eq!(accepted.local_address().unwrap(), host);
    }
}

/// Linux has all of 127.0.0.0/8 on its loopback interface.
#[cfg(target_os = "linux")]
#[test]
fn a_port_alone_is_of_one_address() {
    for (text, address, is_everywhere) in [("0", "127.0.0.1", false), ("0.0.0.0:0", "0.0.0.0", true)] {
        let listener = Listener::bind(&Endpoint::parse(text).unwrap(), None).unwrap();
        let port = port(&listener);
        assert_eq!(listener.address().unwrap().to_string(), format!("{address}:{port}"));
        TcpStream::connect(("127.0.0.1", port)).unwrap();
        match TcpStream::connect(("127.0.0.2", port)) {
            Ok(_) => assert!(is_everywhere, "{text}"),
            Err(error) => assert!(!is_everywhere && error.kind() == ErrorKind::ConnectionRefused, "{text}: {error}"),
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_abstract_name_is_an_endpoint() {
    let endpoint = Endpoint::parse(&format!("@sockeye-endpoint-{}", std::process::id())).unwrap();
    for key in [None, Some(key())] {
        let mut listener = Listener::bind(&endpoint, key.clone()).unwrap();
        listener.set_timeout(Some(DEADLINE)).unwrap();
        assert_eq!(listener.address().unwrap(), endpoint);
        let other = client(&listener, key.clone(), ClientOptions::default());
        assert_connected(
            &mut listener.accept().into_result().unwrap(),
            &mut other.join().unwrap().into_result().unwrap(),
        );
        listener.close();
        assert!(matches!(Client::connect(&endpoint, key.as_ref()), Status::Error(_)));
    }
}
