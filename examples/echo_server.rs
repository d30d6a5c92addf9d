//! An echo server on a selector: one thread, any number of clients. `cargo run --example echo_server` serves a client
//! of its own and ends; `cargo run --example echo_server -- 7777` serves everybody on that port until it is stopped.

use std::{collections::HashMap, thread};

use sockeye::{IpAddress, Key, Packet, Result, SocketSelector, Status, TcpListener, TcpSocket};

struct Server {
    selector: SocketSelector,
    listener: TcpListener,
    clients: HashMap<Key, TcpSocket>,
}

impl Server {
    fn new(port: u16) -> Result<Self> {
        let mut listener = TcpListener::new();
        listener.set_blocking(false)?;
        listener.listen(port).into_result()?;
        let mut selector = SocketSelector::new()?;
        selector.add(&listener)?;
        Ok(Self { selector, listener, clients: HashMap::new() })
    }

    /// Serves whoever is ready; `false` once the last client has left.
    fn serve(&mut self) -> Result<bool> {
        self.selector.wait(None)?;
        if self.selector.is_ready(&self.listener) {
            while let Status::Done(client) = self.listener.accept() {
                self.clients.insert(self.selector.add(&client)?, client);
            }
        }
        let ready: Vec<Key> = self.selector.ready().map(|event| event.key).collect();
        for key in ready {
            if self.clients.get_mut(&key).is_some_and(|client| !echo(client)) {
                // A socket that is dropped leaves the selector by itself.
                self.clients.remove(&key);
            }
        }
        Ok(!self.clients.is_empty())
    }
}

/// Sends one packet back; `false` when the client is gone, or so slow that its outbox is full. The selector reports a
/// client again while it has more packets, so every client gets its turn.
fn echo(client: &mut TcpSocket) -> bool {
    let mut packet = Packet::new();
    match client.receive_packet(&mut packet) {
        Status::Done(()) => client.send_packet(&packet).is_done(),
        Status::NotReady => true,
        Status::Disconnected | Status::Error(_) => false,
    }
}

fn main() -> Result<()> {
    if let Some(port) = std::env::args().nth(1).and_then(|port| port.parse().ok()) {
        let mut server = Server::new(port)?;
        loop {
            server.serve()?;
        }
    }
    let mut server = Server::new(0)?;
    let port = server.listener.local_port();
    let client = thread::spawn(move || -> Result<String> {
        let mut socket = TcpSocket::new();
        socket.connect(IpAddress::LOCAL_HOST, port).into_result()?;
        let mut packet = Packet::new();
        packet.write_str("hello");
        socket.send_packet(&packet).into_result()?;
        socket.receive_packet(&mut packet).into_result()?;
        packet.read_string()
    });
    while server.serve()? {}
    assert_eq!(client.join().expect("the client does not panic")?, "hello");
    println!("the client got its word back");
    Ok(())
}
