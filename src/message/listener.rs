//! Listeners for messages, as Python's `multiprocessing.connection` has them.

mod door;
mod options;
mod waiting;

use std::{collections::VecDeque, time::Duration};

pub(crate) use door::Door;
pub use options::ListenerOptions;
use waiting::Waiting;

use super::{auth::AuthKey, connection::Connection, framing::Framing};
use crate::{
    discovery::Published,
    endpoint::Endpoint,
    error::{Error, Result},
    ip::IpAddress,
    mode::Mode,
    selector::{Selectable, sealed},
    status::Status,
    stream::Stream,
    surface::mode_methods,
    sys::Handle,
    time::Deadline,
};

/// Waits for connections that carry messages, from sockeye's [`Client`](crate::Client) and from
/// `multiprocessing.connection.Client` of Python.
///
/// With a key, both sides show one another that they know it before a connection is given out: in Python's way to a
/// Python, and in a stronger one to a program that uses this crate. That happens beside one another for all who wait, and
/// within a limit, so a peer that is silent or slow delays nobody.
///
/// In a [`SocketSelector`](crate::SocketSelector) it is ready when somebody has connected or goes on with the handshake,
/// after which [`accept`](Self::accept) may still answer `NotReady`. While there are
/// [`pending_handshakes`](Self::pending_handshakes), wait with a limit: what is due by the clock alone (the end of a peer
/// that says nothing, the answer to a wrong key) is done by the next `accept`.
///
/// Who shows a wrong key waits for the answer, 50 to 150 milliseconds, so that keys cannot be tried fast; the others do
/// not wait for that.
///
/// Nothing after the handshake is encrypted or signed by it: use local sockets, loopback or
/// [`tls`](ListenerOptions::tls).
///
/// # Examples
///
/// ```
/// # #[cfg(feature = "auth")] {
/// use sockeye::{AuthKey, Client, Endpoint, Listener};
///
/// let key = AuthKey::new(b"secret password")?;
/// let mut listener = Listener::bind(&Endpoint::parse("127.0.0.1:0")?, Some(key.clone()))?;
/// let endpoint = listener.address()?;
/// let client = std::thread::spawn(move || {
///     let mut connection = Client::connect(&endpoint, Some(&key)).into_result()?;
///     connection.send(b"hello").into_result()
/// });
///
/// let mut connection = listener.accept().into_result()?;
/// assert_eq!(connection.receive().into_result()?, b"hello");
/// # client.join().unwrap()?;
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
///
/// The other end in Python:
///
/// ```python
/// from multiprocessing.connection import Client
/// with Client(('127.0.0.1', port), authkey=b'secret password') as connection:
///     connection.send_bytes(b'hello')
/// ```
///
/// # Platform
///
/// On Windows a selector tells of those who connect and not of those who go on with the handshake.
#[derive(Debug)]
pub struct Listener {
    door: Door,
    key: Option<AuthKey>,
    options: ListenerOptions,
    mode: Mode,
    /// Whoever is not let in at once; `None` when everybody is.
    waiting: Option<Waiting>,
    /// What has been found out and not been told.
    found: VecDeque<(Result<Stream>, Peer)>,
    last_accepted: Peer,
}

/// Where a peer is, for TCP.
type Peer = Option<(IpAddress, u16)>;

impl Listener {
    /// Listens at an endpoint: a port, which is one of loopback unless it has a host in front, or the path of a local
    /// socket. Port 0 is any free one; see [`address`](Self::address). A host name is looked up, however long that takes,
    /// and stands for all its addresses that can be listened on; `localhost` is `127.0.0.1` and `::1`.
    ///
    /// A service, `service|name` or `service|name|port`, listens on all addresses of this machine and is published until
    /// the listener is closed, with [`ListenerOptions::txt`]; this needs the feature `discovery`.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::listen_on`](crate::TcpListener::listen_on),
    /// [`LocalListener::listen`](crate::LocalListener::listen) and [`Endpoint::publish`], [`Error::Unresolved`] for a
    /// host without an address.
    pub fn bind(endpoint: &Endpoint, key: Option<AuthKey>) -> Result<Self> {
        Self::bind_with(endpoint, key, ListenerOptions::default())
    }

    /// The same with options.
    ///
    /// # Errors
    ///
    /// As for [`bind`](Self::bind), and [`Error::InvalidInput`] for a local socket that is to be encrypted.
    pub fn bind_with(endpoint: &Endpoint, key: Option<AuthKey>, options: ListenerOptions) -> Result<Self> {
        let mut door = Door::open(endpoint, options.tls.as_ref(), options.txt.clone())?;
        if let Some(backlog) = options.backlog {
            door.set_backlog(backlog)?;
        }
        let waiting = if key.is_some() || options.tls.is_some() || door.is_wide() {
            door.set_mode(Mode::AT_ONCE)?;
            Some(Waiting::new(&door, options.max_pending)?)
        } else {
            None
        };
        let (mode, found) = (Mode::BLOCKING, VecDeque::new());
        Ok(Self { door, key, options, mode, waiting, found, last_accepted: None })
    }

    /// Takes the next connection that has shown the key; it starts in the mode that the listener is in, with
    /// [`Framing::Multiprocessing`].
    ///
    /// In blocking mode this waits for one, at most for the [`timeout`](Self::timeout); `NotReady` when there is none. In
    /// non-blocking mode each call takes the handshakes as far as they can go.
    ///
    /// `Error` with the kind `Authentication` when a peer has not shown the key, `TimedOut` when it took longer than the
    /// limit, `Tls` when it could not be secured: once for each such peer, whose connection is closed. The listener
    /// lives on, so a server tells its log and accepts again. A peer that has gone again is skipped. `TooManyFiles` as for
    /// [`TcpListener::accept`](crate::TcpListener::accept); `Disconnected` when the listener is closed.
    pub fn accept(&mut self) -> Status<Connection> {
        let accepted = match self.waiting {
            Some(_) => self.accept_shown(),
            None => self.door.accept().map(|(stream, peer)| (Ok(stream), peer)),
        };
        // Whoever has been found and not been told of is nowhere in the system.
        if let Some(handle) = self.waiting.as_ref().and(sealed::Sealed::handle(self)) {
            handle.set_buffered(!self.found.is_empty());
        }
        if matches!(&accepted, Err(error) if !matches!(error, Error::NotReady)) {
            self.last_accepted = None;
        }
        accepted
            .and_then(|(stream, peer)| {
                self.last_accepted = peer;
                stream
            })
            .and_then(|mut stream| stream.set_mode(self.mode).map(|()| stream))
            .map(|stream| Connection::new(stream, Framing::Multiprocessing))
            .into()
    }

    /// Returns where it listens, with the port that it has got; for several addresses with their name.
    ///
    /// # Errors
    ///
    /// [`Error::NotOpen`] when the listener is closed.
    pub fn address(&self) -> Result<Endpoint> {
        self.door.address()
    }

    /// Returns what is known of the service as which it is published, such as the name that it has got; `None` for other
    /// listeners.
    #[must_use]
    pub fn published(&self) -> Option<&Published> {
        self.door.published()
    }

    /// Returns the address and the port that the last answer of [`accept`](Self::accept) was about, be it a connection or
    /// a peer that failed; `None` before, for local sockets, and for an error that is about no peer.
    #[must_use]
    pub fn last_accepted(&self) -> Option<(IpAddress, u16)> {
        self.last_accepted
    }

    /// Returns how many peers are about to show the key.
    #[must_use]
    pub fn pending_handshakes(&self) -> usize {
        self.waiting.as_ref().map_or(0, Waiting::len)
    }

    /// Stops listening, and ends the connections that have not been accepted. The file of a local socket is removed, if
    /// it is still this listener's.
    pub fn close(&mut self) {
        self.door.close();
        self.found.clear();
        // It leaves the selectors with this.
        self.waiting = None;
    }

    fn accept_shown(&mut self) -> Result<(Result<Stream>, Peer)> {
        let limit = if self.mode.blocking { self.mode.timeout } else { Some(Duration::ZERO) };
        let deadline = Deadline::after(limit);
        loop {
            if let Some(found) = self.found.pop_front() {
                return Ok(found);
            }
            let Some(waiting) = &mut self.waiting else { return Err(Error::Disconnected) };
            let mut failed = None;
            // The door first, so that whoever knocks while others are served is not forgotten.
            if waiting.wait(deadline)? {
                for _ in 0..ACCEPTED_AT_ONCE {
                    let (stream, peer) = match self.door.accept() {
                        Ok(accepted) => accepted,
                        Err(Error::NotReady) => break,
                        // Those who are in are looked after all the same: their ends make room.
                        Err(error) => {
                            failed = Some(error);
                            break;
                        }
                    };
                    match self.options.opening(stream, self.key.clone()) {
                        Ok(opening) => self.found.extend(waiting.begin(opening, peer)),
                        Err(error) => self.found.push_back((Err(error), peer)),
                    }
                }
            }
            waiting.proceed(&mut self.found);
            if !self.found.is_empty() {
                // What was wrong with the door comes again.
                continue;
            }
            if let Some(error) = failed {
                return Err(error);
            }
            if deadline.has_passed() {
                return Err(Error::NotReady);
            }
        }
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn change_mode(&mut self, mode: Mode) -> Result<()> {
        if self.waiting.is_none() {
            self.door.set_mode(mode)?;
        }
        self.mode = mode;
        Ok(())
    }
}

mode_methods!(Listener, timeout: "When it passes, `accept` answers `NotReady`. Accepted connections start with the same limit.");

impl Selectable for Listener {}

impl sealed::Sealed for Listener {
    #[allow(private_interfaces)]
    fn handle(&self) -> Option<&Handle> {
        self.waiting.as_ref().and_then(Waiting::handle).or_else(|| self.door.handle())
    }
}

/// How many are let in before those who are in are looked after.
const ACCEPTED_AT_ONCE: usize = 64;
