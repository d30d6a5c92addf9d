//! A listener on a name has all the addresses of that name.

use std::net::TcpStream;

use sockeye::{AuthKey, ClientOptions, Endpoint, Listener};

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
            let thread = std::thread::spawn(move || sockeye::Client::connect(&endpoint, key.as_ref()).into_result());
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
        let client = std::thread::spawn(move || sockeye::Client::connect(&named, Some(&key())).into_result());
        let mut accepted = listener.accept().into_result().unwrap();
        assert_connected(&mut accepted, &mut client.join().unwrap().unwrap());
        assert_eq!(accepted.local_address().unwrap(), host);
    }
}
