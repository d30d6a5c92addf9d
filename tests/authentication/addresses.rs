//! A listener on a name has all the addresses of that name.

use std::net::TcpStream;

use sockeye::{AuthKey, ClientOptions, Endpoint, Listener};

use crate::{DEADLINE, assert_connected, client, key, port};

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
        for host in ["127.0.0.1", "::1"] {
            let endpoint = Endpoint::Tcp { host: Some(host.into()), port };
            let key = key.clone();
            let thread = std::thread::spawn(move || sockeye::Client::connect(&endpoint, key.as_ref()).into_result());
            let mut accepted = listener.accept().into_result().unwrap();
            assert_eq!(accepted.local_address().unwrap().to_string(), host);
            assert_connected(&mut accepted, &mut thread.join().unwrap().unwrap());
        }
        let other = client(&listener, key, ClientOptions::default());
        assert_connected(
            &mut listener.accept().into_result().unwrap(),
            &mut other.join().unwrap().into_result().unwrap(),
        );
        listener.close();
        for host in ["127.0.0.1", "::1"] {
            TcpStream::connect((host, port)).unwrap_err();
        }
        assert!(listener.accept().is_disconnected());
    }
}
