//! The selector and its clients.

#[path = "client.rs"]
mod client;

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use sockeye::{Interest, IpAddress, Key, Result, SocketSelector, Status, TcpListener};

use client::Client;

/// Serves any number of clients on one thread.
pub(crate) struct Server {
    listener: TcpListener,
    selector: SocketSelector,
    clients: HashMap<Key, Client>,
    accepted: usize,
    looked: Instant,
}

impl Server {
    /// Listens on a port of this machine alone; 0 takes a free one.
    pub(crate) fn new(port: u16) -> Result<Self> {
        let mut listener = TcpListener::new();
        listener.set_blocking(false)?;
        listener.listen_on(IpAddress::LOCAL_HOST, port).into_result()?;
        let mut selector = SocketSelector::new()?;
        selector.add(&listener)?;
        Ok(Self { listener, selector, clients: HashMap::new(), accepted: 0, looked: Instant::now() })
    }

    pub(crate) fn port(&self) -> u16 {
        self.listener.local_port()
    }

    /// How many clients have come so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted
    }

    /// Serves whoever is ready; `false` when nobody is left.
    pub(crate) fn serve(&mut self) -> Result<bool> {
        self.selector.wait(Some(PATIENCE))?;
        if self.selector.is_ready(&self.listener) {
            while let Status::Done(socket) = self.listener.accept() {
                self.clients.insert(self.selector.add(&socket)?, Client::new(socket));
                self.accepted += 1;
            }
        }
        let ready: Vec<Key> = self.selector.ready().map(|event| event.key).collect();
        for key in ready {
            let Some(client) = self.clients.get_mut(&key) else { continue };
            let was_sending = client.is_sending();
            if !client.go_on() {
                // A socket that is dropped leaves the selector by itself.
                self.clients.remove(&key);
            } else if client.is_sending() != was_sending {
                let interest = if was_sending { Interest::Read } else { Interest::Write };
                self.selector.modify(&client.socket, interest)?;
            }
        }
        if self.looked.elapsed() >= PATIENCE {
            self.looked = Instant::now();
            self.clients.retain(|_, client| client.heard.elapsed() < PATIENCE);
        }
        Ok(!self.clients.is_empty())
    }
}

/// A client that neither sends nor takes anything for this long has to go.
const PATIENCE: Duration = Duration::from_secs(15);
