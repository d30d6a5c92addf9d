//! Waiting for many sockets at once.

use std::{
    fmt,
    sync::{Arc, Weak},
    time::Duration,
};

use crate::{
    error::{Error, Result},
    local::{LocalListener, LocalSocket},
    sys::{Events, Handle, KeyMap, Readiness, Registry, Watch},
    tcp::{TcpListener, TcpSocket},
    time::Deadline,
    tls::TlsSocket,
    udp::UdpSocket,
};

/// Waits until one of many sockets can receive, accept or send.
///
/// There is no limit on the number of sockets but the system's on descriptors, and the cost of a wait grows with the
/// number of sockets that are ready, not with those that are watched. Readiness is by level: a socket is reported
/// until what made it ready has been received. A socket that holds received bytes in its own buffer is ready too, unless
/// `receive_packet` has answered that they are no whole packet yet.
///
/// A selector keeps no socket alive and a socket keeps no selector alive: a socket that disconnects, closes or is
/// dropped leaves its selectors by itself, on any thread. One that connects again is a new one and must be added again.
/// Sockets can be moved freely while they are watched.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use sockeye::{IpAddress, SocketSelector, TcpListener, TcpSocket};
///
/// let mut listener = TcpListener::new();
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
/// let mut selector = SocketSelector::new()?;
/// selector.add(&listener)?;
/// assert!(!selector.wait(Some(Duration::ZERO))?);
///
/// let mut client = TcpSocket::new();
/// client.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result()?;
/// assert!(selector.wait(Some(Duration::from_secs(5)))?);
/// assert!(selector.is_ready(&listener));
/// let mut server = listener.accept().into_result()?;
///
/// let key = selector.add(&server)?;
/// client.send(b"ping").into_result()?;
/// assert!(selector.wait(Some(Duration::from_secs(5)))?);
/// assert_eq!(selector.ready().map(|event| event.key).collect::<Vec<_>>(), [key]);
///
/// server.disconnect();
/// assert_eq!(selector.len(), 1);
/// # Ok::<(), sockeye::Error>(())
/// ```
pub struct SocketSelector {
    registry: Arc<Registry>,
    events: Events,
    /// In the order in which the system reported them.
    order: Vec<usize>,
    ready: KeyMap<Readiness>,
}

/// Names a socket of a selector, for example in a `HashMap` of connections. A key is never given to another socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(usize);

/// What a socket is watched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Interest {
    /// Something to receive or to accept, or the end of the connection.
    Read,
    /// Room to send, or the end of a pending connect.
    Write,
    /// Both.
    Both,
}

/// A socket that is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// The key that [`SocketSelector::add`] gave.
    pub key: Key,
    /// It was watched for reading, and a receive or an accept will not answer `NotReady`.
    pub readable: bool,
    /// It was watched for writing, and has room, has connected, or has failed.
    pub writable: bool,
}

/// Ends a selector's wait from another thread.
#[derive(Debug, Clone)]
pub struct Waker(Weak<Registry>);

/// A socket that a [`SocketSelector`] can watch: every socket and listener of this crate.
pub trait Selectable: sealed::Sealed {}

impl SocketSelector {
    /// Makes a selector without sockets.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyFiles`] when no descriptor is left, else the system's.
    pub fn new() -> Result<Self> {
        let registry = Registry::new().map_err(Error::from_os)?;
        Ok(Self { registry, events: Events::new(), order: Vec::new(), ready: KeyMap::default() })
    }

    /// Watches a socket for [`Interest::Read`].
    ///
    /// A socket that is watched already keeps its key, and is watched for reading only from now on.
    ///
    /// # Errors
    ///
    /// [`Error::NotOpen`] for a socket that is not open, else the system's.
    pub fn add<S: Selectable>(&mut self, socket: &S) -> Result<Key> {
        self.add_with(socket, Interest::Read)
    }

    /// Watches a socket, or changes what it is watched for.
    ///
    /// Watch for writing only while there is something to send or a connect is pending: a socket with room is ready at
    /// every wait.
    ///
    /// # Errors
    ///
    /// As for [`add`](Self::add).
    pub fn add_with<S: Selectable>(&mut self, socket: &S, interest: Interest) -> Result<Key> {
        let handle = socket.handle().ok_or(Error::NotOpen)?;
        let watch = socket.wanted().unwrap_or_else(|| interest.watch());
        self.registry.watch(handle, watch).map_err(Error::from_os)?;
        Ok(Key(handle.key()))
    }

    /// Changes what a socket is watched for.
    ///
    /// # Errors
    ///
    /// [`Error::NotOpen`] for a socket that is not open or not watched, else the system's.
    pub fn modify<S: Selectable>(&mut self, socket: &S, interest: Interest) -> Result<()> {
        let watched = socket.handle().filter(|handle| self.registry.contains(handle.key()));
        let watch = socket.wanted().unwrap_or_else(|| interest.watch());
        self.registry.watch(watched.ok_or(Error::NotOpen)?, watch).map_err(Error::from_os)
    }

    /// Stops watching a socket; tells whether it was watched.
    pub fn remove<S: Selectable>(&mut self, socket: &S) -> bool {
        socket.handle().is_some_and(|handle| self.registry.remove(handle))
    }

    /// Stops watching every socket.
    pub fn clear(&mut self) {
        self.registry.clear();
        self.order.clear();
        self.ready.clear();
    }

    /// Returns how many sockets are watched.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registry.len()
    }

    /// Tells whether no socket is watched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until a socket is ready; tells whether one is.
    ///
    /// `None` waits for ever, zero only looks, anything else is a limit, exact to the millisecond (on Linux 5.11 and
    /// later far better) and never short. It answers `false` when the limit has passed, and when a [`Waker`] ended the
    /// wait. A signal does not end it. A selector without sockets waits all the same.
    ///
    /// # Errors
    ///
    /// The system's; none is known to happen.
    pub fn wait(&mut self, limit: Option<Duration>) -> Result<bool> {
        // A zero limit needs no clock.
        let deadline = limit.filter(|limit| !limit.is_zero()).map(|limit| Deadline::after(Some(limit)));
        for key in self.order.drain(..) {
            self.ready.remove(&key);
        }
        loop {
            let buffered = self.registry.has_buffered();
            let limit = match deadline {
                _ if buffered => Some(Duration::ZERO),
                Some(deadline) => deadline.remaining(),
                None => limit,
            };
            let woken = self.registry.wait(&mut self.events, limit).map_err(Error::from_os)?;
            let Self { registry, events, order, ready } = self;
            registry.collect(events, |key, readiness| {
                let entry = ready.entry(key).or_insert_with(|| {
                    order.push(key);
                    Readiness::default()
                });
                entry.read |= readiness.read;
                entry.write |= readiness.write;
            });
            if !order.is_empty() {
                return Ok(true);
            }
            let is_over = match deadline {
                Some(deadline) => deadline.has_passed(),
                None => limit.is_some() && !buffered,
            };
            if woken || is_over {
                return Ok(false);
            }
        }
    }

    /// Tells whether the last wait found the socket readable: something to receive or to accept, or its end.
    ///
    /// It costs the same for any number of sockets. A socket that has been removed is not ready.
    #[must_use]
    pub fn is_ready<S: Selectable>(&self, socket: &S) -> bool {
        self.readiness(socket).read
    }

    /// Tells whether the last wait found the socket writable.
    #[must_use]
    pub fn is_writable<S: Selectable>(&self, socket: &S) -> bool {
        self.readiness(socket).write
    }

    /// Goes through the sockets that the last wait found ready. Those that have gone since are left out.
    pub fn ready(&self) -> impl Iterator<Item = Event> + '_ {
        self.order.iter().filter(|key| self.registry.contains(**key)).filter_map(|key| {
            let Readiness { read: readable, write: writable } = *self.ready.get(key)?;
            Some(Event { key: Key(*key), readable, writable })
        })
    }

    /// Returns what ends a wait of this selector from another thread.
    #[must_use]
    pub fn waker(&self) -> Waker {
        Waker(Arc::downgrade(&self.registry))
    }

    /// What another selector can watch in place of all the sockets of this one, where the system has such a thing.
    #[cfg(feature = "messages")]
    pub(crate) fn nested(&self) -> Result<Option<Handle>> {
        self.registry.handle().map_err(Error::from_os)
    }

    fn readiness<S: Selectable>(&self, socket: &S) -> Readiness {
        let found = || {
            let key = socket.handle()?.key();
            let readiness = self.ready.get(&key)?;
            self.registry.contains(key).then_some(*readiness)
        };
        found().unwrap_or_default()
    }
}

impl fmt::Debug for SocketSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SocketSelector").field("len", &self.len()).field("ready", &self.order.len()).finish()
    }
}

impl Waker {
    /// Ends the wait that the selector is in, or else the next one. Does nothing when the selector is gone.
    ///
    /// # Errors
    ///
    /// The system's; none is known to happen.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::SocketSelector;
    ///
    /// let mut selector = SocketSelector::new()?;
    /// let waker = selector.waker();
    /// let thread = std::thread::spawn(move || waker.wake());
    /// assert!(!selector.wait(None)?);
    /// thread.join().unwrap()?;
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn wake(&self) -> Result<()> {
        match self.0.upgrade() {
            Some(registry) => registry.wake().map_err(Error::from_os),
            None => Ok(()),
        }
    }
}

impl Key {
    #[cfg(feature = "messages")]
    pub(crate) fn number(self) -> usize {
        self.0
    }
}

impl Interest {
    fn watch(self) -> Watch {
        Watch { read: self != Self::Write, write: self != Self::Read }
    }
}

pub(crate) mod sealed {
    use crate::sys::{Handle, Watch};

    /// Keeps [`Selectable`](super::Selectable) to the sockets of this crate.
    pub trait Sealed {
        /// The open socket, if it is open.
        #[allow(private_interfaces)]
        fn handle(&self) -> Option<&Handle>;

        /// What it is to be watched for now, where it chooses that itself.
        #[allow(private_interfaces)]
        fn wanted(&self) -> Option<Watch> {
            None
        }
    }
}

macro_rules! selectable {
    ($($socket:ty),*) => {
        $(
            impl Selectable for $socket {}

            impl sealed::Sealed for $socket {
                #[allow(private_interfaces)]
                fn handle(&self) -> Option<&Handle> {
                    <$socket>::handle(self)
                }
            }
        )*
    };
}

selectable!(TcpSocket, TcpListener, TlsSocket, UdpSocket, LocalSocket, LocalListener);
