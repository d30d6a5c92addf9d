//! Listeners: whom a loop takes in.

use std::{sync::Arc, time::Duration};

use socket2::{Domain, Socket, Type};

use super::{
    Due, EventLoop, Token,
    event::{ListenerId, LoopEvent},
    options::{ConnectionOptions, ListenOptions},
    slot::{Slot, Stage, prepared},
};
use crate::{
    endpoint::Endpoint,
    error::{Error, Result},
    ip::IpAddress,
    local::LocalListener,
    message::Framing,
    status::Status,
    stream::Stream,
    tcp::TcpListener,
    tls::{TlsServer, TlsSocket},
};

/// A place where a loop accepts connections.
#[derive(Debug)]
pub(super) struct Post {
    listener: Listener,
    framing: Framing,
    tls: Option<TlsServer>,
    options: Arc<ConnectionOptions>,
}

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Local(LocalListener),
}

impl EventLoop {
    /// Listens at an endpoint.
    ///
    /// Connections are accepted from now on, by [`poll`](Self::poll) and [`run`](Self::run). Of a host name with several
    /// addresses the first one is listened on; `0.0.0.0` is all of IPv4, `::` all of IPv6 and IPv4.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::listen_on`] and [`LocalListener::listen`], [`Error::Unresolved`] for a name without an
    /// address, [`Error::InvalidInput`] for a service and for a local socket that is to be encrypted,
    /// [`Error::Disconnected`] while the loop is being shut down.
    pub fn listen(&mut self, endpoint: &Endpoint, framing: Framing, options: ListenOptions) -> Result<ListenerId> {
        self.check_ending()?;
        let ListenOptions { tls, connection } = options;
        let listener = match endpoint {
            Endpoint::Tcp { host, port } => {
                let address = *Endpoint::addresses(host.as_deref(), crate::time::Deadline::after(None), None)?
                    .first()
                    .ok_or(Error::NotOpen)?;
                let mut listener = TcpListener::new();
                listener.set_blocking(false)?;
                listener.listen_on(address, *port).into_result()?;
                Listener::Tcp(listener)
            }
            Endpoint::Local(path) if tls.is_none() => {
                let mut listener = LocalListener::new();
                listener.set_blocking(false)?;
                listener.listen(path).into_result()?;
                Listener::Local(listener)
            }
            _ => {
                return Err(Error::invalid_input(
                    &endpoint.to_string(),
                    "an endpoint that can be listened at like this",
                ));
            }
        };
        let id = self.next_id();
        self.posts.insert(id, Post { listener, framing, tls, options: Arc::new(connection) });
        if let Err(error) = self.attend(id) {
            self.posts.remove(&id);
            return Err(error);
        }
        Ok(ListenerId(id))
    }

    /// Stops listening. Accepted connections stay; tells whether there was such a listener.
    pub fn stop_listening(&mut self, id: ListenerId) -> bool {
        self.posts.remove(&id.0).is_some()
    }

    /// Returns the port of a listener; 0 for one that is gone, and for local sockets.
    #[must_use]
    pub fn local_port(&self, id: ListenerId) -> u16 {
        match self.posts.get(&id.0) {
            Some(Post { listener: Listener::Tcp(listener), .. }) => listener.local_port(),
            _ => 0,
        }
    }

    /// Watches a listener, at first and after a pause.
    pub(super) fn attend(&mut self, id: usize) -> Result<()> {
        let Some(post) = self.posts.get(&id) else { return Ok(()) };
        let key = match &post.listener {
            Listener::Tcp(listener) => self.selector.add(listener)?,
            Listener::Local(listener) => self.selector.add(listener)?,
        };
        self.tokens.insert(key.number(), Token::Listener(id));
        Ok(())
    }

    /// Leaves a listener alone for a moment.
    fn pause(&mut self, id: usize) {
        match self.posts.get(&id).map(|post| &post.listener) {
            Some(Listener::Tcp(listener)) => self.selector.remove(listener),
            Some(Listener::Local(listener)) => self.selector.remove(listener),
            None => return,
        };
        self.deadlines.insert((self.now + PAUSE, Due::Listener(id)));
    }

    /// Accepts what waits at a listener, and leaves some for the next round.
    pub(super) fn accept(&mut self, id: usize) {
        for _ in 0..MOST_ACCEPTED {
            let Some(post) = self.posts.get_mut(&id) else { return };
            match post.listener.accept() {
                Status::Done((stream, address)) => self.admit(id, stream, address),
                Status::NotReady | Status::Disconnected => return,
                Status::Error(error) => {
                    if matches!(error, Error::TooManyFiles(_)) {
                        self.turn_away(id);
                    }
                    self.pause(id);
                    self.events.push_back(LoopEvent::AcceptFailed { listener: ListenerId(id), error });
                    return;
                }
            }
        }
    }

    /// Closes those who wait, with the descriptor that is kept for it, so that they know and do not wait for ever.
    fn turn_away(&mut self, id: usize) {
        let Some(post) = self.posts.get_mut(&id) else { return };
        for _ in 0..MOST_ACCEPTED {
            if self.reserve.take().is_none() {
                break;
            }
            let accepted = post.listener.accept().is_done();
            self.reserve = reserve();
            if !accepted {
                break;
            }
            self.counters.refused += 1;
        }
        if self.reserve.is_none() {
            self.reserve = reserve();
        }
    }

    fn admit(&mut self, id: usize, stream: Stream, address: Option<IpAddress>) {
        let Some(post) = self.posts.get(&id) else { return };
        let is_full = self.options.max_connections.is_some_and(|most| self.slots.len() >= most)
            || self.opening >= self.options.max_opening
            || address
                .zip(self.options.max_per_address)
                .is_some_and(|(address, most)| self.by_address.get(&address).is_some_and(|count| *count >= most));
        if is_full {
            self.counters.refused += 1;
            if post.framing == Framing::Tiny {
                turn_away_tiny(stream);
            }
            return;
        }
        let stream = match (&post.tls, stream) {
            (Some(config), Stream::Tcp(socket)) => match TlsSocket::server(socket, config) {
                Ok(socket) => socket.into(),
                Err(_) => return self.counters.refused += 1,
            },
            (_, stream) => stream,
        };
        let connection = prepared(stream, post.framing, &post.options);
        let mut slot = Slot::new(connection, Stage::Accepted, Arc::clone(&post.options), self.now);
        slot.listener = Some(ListenerId(id));
        slot.address = address.filter(|_| self.options.max_per_address.is_some());
        if let Some(address) = slot.address {
            *self.by_address.entry(address).or_default() += 1;
        }
        self.opening += 1;
        let id = self.next_id();
        self.slots.insert(id, Box::new(slot));
        self.go_on_opening(id);
        self.schedule(id);
    }
}

impl Listener {
    fn accept(&mut self) -> Status<(Stream, Option<IpAddress>)> {
        match self {
            Self::Tcp(listener) => listener.accept().map(|socket| {
                let address = socket.remote_address();
                (socket.into(), address)
            }),
            Self::Local(listener) => listener.accept().map(|socket| (socket.into(), None)),
        }
    }
}

/// The protocol has a byte for it.
fn turn_away_tiny(stream: Stream) {
    const TOO_MANY: &[u8] = &[0xfe];
    if let Stream::Tcp(mut socket) = stream {
        // Whoever does not hear it sees the end of the connection.
        let _ = socket.send(TOO_MANY);
    }
}

/// A descriptor to have one when there are no more.
pub(super) fn reserve() -> Option<Socket> {
    Socket::new(Domain::IPV4, Type::DGRAM, None).ok()
}

/// How many connections one turn of a listener accepts.
const MOST_ACCEPTED: usize = 64;
/// How long a listener is left alone that could not accept: long enough to cost nothing, short enough for a peer.
const PAUSE: Duration = Duration::from_millis(50);
