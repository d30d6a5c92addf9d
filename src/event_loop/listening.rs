//! Where a loop listens.

use std::sync::Arc;

use super::{
    Due, EventLoop, Token,
    accepting::PAUSE,
    event::{ListenerId, LoopEvent},
    mailbox::Command,
    options::{ConnectionOptions, ListenOptions},
};
use crate::{
    discovery::{Published, TxtRecord},
    endpoint::Endpoint,
    error::Result,
    ip::{IpAddress, begin_lookup},
    local::LocalListener,
    message::{Framing, listen_as_service},
    status::Status,
    stream::Stream,
    tcp::TcpListener,
    tls::TlsServer,
};

/// A place where a loop accepts connections.
#[derive(Debug)]
pub(super) struct Post {
    doors: Doors,
    pub(super) framing: Framing,
    pub(super) tls: Option<TlsServer>,
    pub(super) options: Arc<ConnectionOptions>,
}

#[derive(Debug)]
enum Doors {
    /// The host is being looked up, for this port.
    Unknown(u16),
    /// One for each address of the host, all on one port.
    Tcp(Vec<TcpListener>),
    Local(LocalListener),
    Service(TcpListener, Published),
}

impl EventLoop {
    /// Listens at an endpoint.
    ///
    /// Connections are accepted from now on, by [`poll`](Self::poll) and [`run`](Self::run). `0.0.0.0` is all of IPv4,
    /// `::` all of IPv6 and IPv4, `localhost` is `127.0.0.1` and `::1`. Any other host name is looked up on a thread of
    /// its own and stands for all its addresses, on one port: then there is a [`Listening`](LoopEvent::Listening) once
    /// connections are accepted, or a [`ListenFailed`](LoopEvent::ListenFailed). Addresses that this machine does not have
    /// are left out, unless none is left.
    ///
    /// A service, `service|name` or `service|name|port`, listens on all addresses of this machine and is published until
    /// it stops listening, with [`ListenOptions::txt`].
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::listen_on`], [`LocalListener::listen`] and [`Endpoint::publish`]; [`Error::InvalidInput`](crate::Error::InvalidInput)
    /// for a local socket that is to be encrypted, [`Error::Disconnected`](crate::Error::Disconnected) while the loop is being shut down, the system's
    /// when no thread can be started.
    pub fn listen(&mut self, endpoint: &Endpoint, framing: Framing, options: ListenOptions) -> Result<ListenerId> {
        self.check_ending()?;
        let ListenOptions { tls, txt, connection } = options;
        if tls.is_some() {
            endpoint.check_tls()?;
        }
        let doors = match endpoint {
            Endpoint::Tcp { host, port } => match Endpoint::known_addresses(host.as_deref()) {
                Some(addresses) => Doors::tcp(&addresses, *port)?,
                None => Doors::Unknown(*port),
            },
            Endpoint::Local(path) => Doors::local(path)?,
            Endpoint::Service { .. } => Doors::service(endpoint, tls.as_ref(), txt)?,
        };
        let id = self.next_id();
        if let (Doors::Unknown(_), Endpoint::Tcp { host: Some(host), .. }) = (&doors, endpoint) {
            let mailbox = self.handle();
            begin_lookup(host, move |found| {
                // The loop may have ended.
                _ = mailbox.put(Command::ListenAt(id, found));
            })?;
        }
        self.posts.insert(id, Post { doors, framing, tls, options: Arc::new(connection) });
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

    /// Returns the port of a listener; 0 for one that is gone or whose host is being looked up, and for local sockets.
    #[must_use]
    pub fn local_port(&self, id: ListenerId) -> u16 {
        match self.posts.get(&id.0).map(|post| &post.doors) {
            Some(Doors::Tcp(listeners)) => listeners.first().map_or(0, TcpListener::local_port),
            Some(Doors::Service(listener, _)) => listener.local_port(),
            _ => 0,
        }
    }

    /// Returns what is known of a listener's service, such as the name that it has got; `None` for other listeners.
    #[must_use]
    pub fn published(&self, id: ListenerId) -> Option<&Published> {
        match self.posts.get(&id.0).map(|post| &post.doors) {
            Some(Doors::Service(_, published)) => Some(published),
            _ => None,
        }
    }

    /// Goes on with the addresses of a host.
    pub(super) fn listen_at(&mut self, id: usize, found: Result<Vec<IpAddress>>) {
        let Some(post) = self.posts.get_mut(&id) else { return };
        let Doors::Unknown(port) = post.doors else { return };
        let opened = found.and_then(|addresses| Doors::tcp(&addresses, port)).map(|doors| post.doors = doors);
        let event = match opened.and_then(|()| self.attend(id)) {
            Ok(()) => LoopEvent::Listening { listener: ListenerId(id), port: self.local_port(ListenerId(id)) },
            Err(error) => {
                self.posts.remove(&id);
                LoopEvent::ListenFailed { listener: ListenerId(id), error }
            }
        };
        self.events.push_back(event);
    }

    /// Watches a listener, at first and after a pause.
    pub(super) fn attend(&mut self, id: usize) -> Result<()> {
        let Some(post) = self.posts.get(&id) else { return Ok(()) };
        let selector = &mut self.selector;
        let keys = match &post.doors {
            Doors::Unknown(_) => Vec::new(),
            Doors::Tcp(listeners) => {
                listeners.iter().map(|listener| selector.add(listener)).collect::<Result<Vec<_>>>()?
            }
            Doors::Local(listener) => vec![selector.add(listener)?],
            Doors::Service(listener, _) => vec![selector.add(listener)?],
        };
        self.tokens.extend(keys.into_iter().map(|key| (key.number(), Token::Listener(id))));
        Ok(())
    }

    /// Leaves a listener alone for a moment.
    pub(super) fn pause(&mut self, id: usize) {
        match self.posts.get(&id).map(|post| &post.doors) {
            Some(Doors::Tcp(listeners)) => {
                for listener in listeners {
                    self.selector.remove(listener);
                }
            }
            Some(Doors::Local(listener)) => _ = self.selector.remove(listener),
            Some(Doors::Service(listener, _)) => _ = self.selector.remove(listener),
            Some(Doors::Unknown(_)) | None => return,
        }
        self.deadlines.insert((self.now + PAUSE, Due::Listener(id)));
    }
}

impl Post {
    /// Takes the next connection of whoever waits, and where it comes from.
    pub(super) fn accept(&mut self) -> Status<(Stream, Option<IpAddress>)> {
        match &mut self.doors {
            Doors::Unknown(_) => Status::NotReady,
            Doors::Tcp(listeners) => {
                let mut answers = listeners.iter_mut().map(accept_tcp);
                answers.find(|answer| !answer.is_not_ready()).unwrap_or(Status::NotReady)
            }
            Doors::Service(listener, _) => accept_tcp(listener),
            Doors::Local(listener) => listener.accept().map(|socket| (socket.into(), None)),
        }
    }
}

fn accept_tcp(listener: &mut TcpListener) -> Status<(Stream, Option<IpAddress>)> {
    listener.accept().map(|socket| {
        let address = socket.remote_address();
        (socket.into(), address)
    })
}

impl Doors {
    fn tcp(addresses: &[IpAddress], port: u16) -> Result<Self> {
        let mut listeners = TcpListener::on_all(addresses, port)?;
        listeners.iter_mut().try_for_each(|listener| listener.set_blocking(false))?;
        Ok(Self::Tcp(listeners))
    }

    fn local(path: &std::path::Path) -> Result<Self> {
        let mut listener = LocalListener::new();
        listener.set_blocking(false)?;
        listener.listen(path).into_result()?;
        Ok(Self::Local(listener))
    }

    fn service(endpoint: &Endpoint, tls: Option<&TlsServer>, txt: TxtRecord) -> Result<Self> {
        let (mut listener, published) = listen_as_service(endpoint, tls, txt)?;
        listener.set_blocking(false)?;
        Ok(Self::Service(listener, published))
    }
}
