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
    discovery::Published,
    endpoint::Endpoint,
    error::{Error, Result},
    ip::{IpAddress, begin_lookup},
    message::{Door, Framing},
    mode::Mode,
    stream::Stream,
    tls::TlsServer,
};

/// A place where a loop accepts connections.
#[derive(Debug)]
pub(super) struct Post {
    entrance: Entrance,
    pub(super) framing: Framing,
    pub(super) tls: Option<TlsServer>,
    pub(super) options: Arc<ConnectionOptions>,
    /// Accepted connections that are not open yet.
    pub(super) opening: usize,
    /// Stands in the line of those who are served.
    pub(super) is_in_line: bool,
}

#[derive(Debug)]
enum Entrance {
    /// The host is being looked up, for this port.
    Unknown(u16),
    Open(Door),
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
    /// Those of [`TcpListener::listen_on`](crate::TcpListener::listen_on),
    /// [`LocalListener::listen`](crate::LocalListener::listen) and [`Endpoint::publish`]; [`Error::InvalidInput`] for a
    /// local socket that is to be encrypted, [`Error::Disconnected`] while the loop is being shut down, the system's when
    /// no thread can be started.
    pub fn listen(&mut self, endpoint: &Endpoint, framing: Framing, options: ListenOptions) -> Result<ListenerId> {
        self.check_ending()?;
        let ListenOptions { tls, txt, connection } = options;
        let id = self.next_id();
        let entrance = match endpoint {
            Endpoint::Tcp { host, port } => match (Endpoint::known_addresses(host.as_deref()), host) {
                (None, Some(host)) => {
                    let mailbox = self.handle();
                    begin_lookup(host, move |found| {
                        // The loop may have ended.
                        _ = mailbox.put(Command::ListenAt(id, found));
                    })?;
                    Entrance::Unknown(*port)
                }
                (known, _) => Entrance::of(Door::at(&known.unwrap_or_default(), *port, None))?,
            },
            Endpoint::Local(_) | Endpoint::Service { .. } => Entrance::of(Door::open(endpoint, tls.as_ref(), txt))?,
        };
        self.posts
            .insert(id, Post { entrance, framing, tls, options: Arc::new(connection), opening: 0, is_in_line: false });
        if let Err(error) = self.attend(id) {
            self.forget(id);
            return Err(error);
        }
        Ok(ListenerId(id))
    }

    /// Stops listening. Accepted connections stay; tells whether there was such a listener.
    pub fn stop_listening(&mut self, id: ListenerId) -> bool {
        self.forget(id.0)
    }

    /// Closes a listener and leaves no trace of it; tells whether there was one.
    fn forget(&mut self, id: usize) -> bool {
        self.tokens.retain(|_, token| *token != Token::Listener(id));
        self.posts.remove(&id).is_some()
    }

    /// Returns the port of a listener; 0 for one that is gone or whose host is being looked up, and for local sockets.
    #[must_use]
    pub fn local_port(&self, id: ListenerId) -> u16 {
        self.door(id.0).map_or(0, Door::port)
    }

    /// Returns what is known of a listener's service, such as the name that it has got; `None` for other listeners.
    #[must_use]
    pub fn published(&self, id: ListenerId) -> Option<&Published> {
        self.door(id.0)?.published()
    }

    /// One of a listener's connections is open or gone.
    pub(super) fn end_opening(&mut self, at: Option<ListenerId>) {
        if let Some(post) = at.and_then(|at| self.posts.get_mut(&at.0)) {
            post.opening -= 1;
        }
    }

    fn door(&self, id: usize) -> Option<&Door> {
        self.posts.get(&id)?.door()
    }

    /// Goes on with the addresses of a host.
    pub(super) fn listen_at(&mut self, id: usize, found: Result<Vec<IpAddress>>) {
        let Some(post) = self.posts.get_mut(&id) else { return };
        let Entrance::Unknown(port) = post.entrance else { return };
        let opened = found.and_then(|addresses| Entrance::of(Door::at(&addresses, port, None)));
        let opened = opened.map(|entrance| post.entrance = entrance);
        let event = match opened.and_then(|()| self.attend(id)) {
            Ok(()) => LoopEvent::Listening { listener: ListenerId(id), port: self.local_port(ListenerId(id)) },
            Err(error) => {
                self.forget(id);
                LoopEvent::ListenFailed { listener: ListenerId(id), error }
            }
        };
        self.events.push_back(event);
    }

    /// Watches a listener, at first and after a pause.
    pub(super) fn attend(&mut self, id: usize) -> Result<()> {
        let Some(door) = self.posts.get(&id).and_then(Post::door) else { return Ok(()) };
        let keys = match door.watch(&mut self.selector) {
            Ok(keys) => keys,
            Err(error) => {
                // It may be watched at some of its addresses, and nobody would come to them.
                door.unwatch(&mut self.selector);
                return Err(error);
            }
        };
        self.tokens.extend(keys.into_iter().map(|key| (key.number(), Token::Listener(id))));
        Ok(())
    }

    /// Leaves a listener alone for a moment.
    pub(super) fn pause(&mut self, id: usize) {
        let Some(door) = self.posts.get(&id).and_then(Post::door) else { return };
        door.unwatch(&mut self.selector);
        self.deadlines.insert((self.now + PAUSE, Due::Listener(id)));
    }
}

impl Post {
    fn door(&self) -> Option<&Door> {
        match &self.entrance {
            Entrance::Unknown(_) => None,
            Entrance::Open(door) => Some(door),
        }
    }

    /// Tells whether its peers have something to say before they are connected.
    pub(super) fn has_handshake(&self) -> bool {
        self.tls.is_some() || self.framing == Framing::Tiny
    }

    /// Takes the next connection of whoever waits, and where it comes from.
    pub(super) fn accept(&mut self) -> Result<(Stream, Option<(IpAddress, u16)>)> {
        match &mut self.entrance {
            Entrance::Unknown(_) => Err(Error::NotReady),
            Entrance::Open(door) => door.accept(),
        }
    }
}

impl Entrance {
    /// A loop never waits at a door.
    fn of(door: Result<Door>) -> Result<Self> {
        let mut door = door?;
        door.set_mode(Mode::AT_ONCE)?;
        Ok(Self::Open(door))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        mem,
        net::TcpStream,
        time::{Duration, Instant},
    };

    use super::*;
    use crate::tcp::TcpListener;

    #[test]
    fn nothing_is_left_of_a_listener_that_has_gone() {
        let mut event_loop = EventLoop::new().unwrap();
        let at = Endpoint::Tcp { host: None, port: 0 };
        let kept = event_loop.listen(&at, Framing::Raw, ListenOptions::default()).unwrap();
        let before = event_loop.tokens.len();
        for _ in 0..3 {
            let gone = event_loop.listen(&at, Framing::Raw, ListenOptions::default()).unwrap();
            assert!(event_loop.tokens.len() > before);
            assert!(event_loop.stop_listening(gone));
            assert_eq!(event_loop.tokens.len(), before);
        }
        event_loop.shutdown(Duration::ZERO);
        assert!(event_loop.poll(Some(Duration::ZERO)).unwrap().is_none());
        assert!(!event_loop.stop_listening(kept), "it went with the loop");
        assert!(event_loop.tokens.is_empty(), "{:?}", event_loop.tokens);
    }

    fn replace(event_loop: &mut EventLoop, at: ListenerId, by: TcpListener) -> TcpListener {
        match &mut event_loop.posts.get_mut(&at.0).unwrap().entrance {
            Entrance::Open(Door::Tcp { listeners, .. }) => mem::replace(listeners.first_mut().unwrap(), by),
            other => panic!("{other:?}"),
        }
    }

    fn next(event_loop: &mut EventLoop) -> LoopEvent {
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(20));
            if let Some(event) = event_loop.poll(Some(Duration::from_millis(20))).unwrap() {
                return event;
            }
        }
    }

    #[test]
    fn a_listener_that_cannot_be_watched_is_tried_again() {
        let mut event_loop = EventLoop::new().unwrap();
        let at = Endpoint::Tcp { host: None, port: 0 };
        let listener = event_loop.listen(&at, Framing::Raw, ListenOptions::default()).unwrap();
        let port = event_loop.local_port(listener);
        event_loop.pause(listener.0);
        // One that does not listen is refused, as any is by a system that has no memory for it.
        let good = replace(&mut event_loop, listener, TcpListener::new());
        let event = next(&mut event_loop);
        assert!(matches!(event, LoopEvent::AcceptFailed { listener: at, .. } if at == listener), "{event:?}");
        replace(&mut event_loop, listener, good);
        let _peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
        loop {
            match next(&mut event_loop) {
                LoopEvent::Opened { listener: at, .. } => break assert_eq!(at, Some(listener)),
                LoopEvent::AcceptFailed { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
