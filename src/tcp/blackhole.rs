//! For tests: an address that takes no connection and refuses none.

use std::{net::SocketAddr, time::Duration};

use socket2::{Domain, Socket, Type};

/// A port of an address where connects neither succeed nor fail: the queue of its listener is full.
pub(crate) struct Blackhole {
    pub(crate) port: u16,
    _sockets: Vec<Socket>,
}

impl Blackhole {
    pub(crate) fn at(address: SocketAddr) -> Self {
        let listener = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        if address.is_ipv6() {
            listener.set_only_v6(true).unwrap();
        }
        listener.bind(&address.into()).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..64 {
            let client = Socket::new(address.domain(), Type::STREAM, None).unwrap();
            let connected = client.connect_timeout(&address, Duration::from_millis(500));
            sockets.push(client);
            if connected.is_err() {
                let port = address.as_socket().unwrap().port();
                return Self { port, _sockets: sockets };
            }
        }
        panic!("the queue of a listener never fills up here");
    }
}
