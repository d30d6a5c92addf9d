//! Clients for messages, as Python's `multiprocessing.connection` has them.

use std::time::Duration;

use super::{
    auth::{AuthKey, AuthLevel, Role},
    connection::Connection,
    framing::Framing,
    opening::Opening,
};
use crate::{
    endpoint::Endpoint,
    error::{Error, Phase, Result},
    ip::IpAddress,
    local::LocalSocket,
    mode::Mode,
    selector::{
        Selectable,
        sealed::{self, Sealed as _},
    },
    status::Status,
    stream::Stream,
    sys::{Handle, Watch},
    tcp::{TcpSocket, connect_for_share},
    time::Deadline,
    tls::{TlsClient, TlsSocket},
};

/// A connection to a [`Listener`](crate::Listener) on its way: to sockeye's, or to
/// `multiprocessing.connection.Listener` of Python.
///
/// [`connect`](Self::connect) waits for it. [`begin`](Self::begin) does not, and [`poll`](Self::poll) takes it on; a
/// selector tells when to call it: it stays in one, under one key, until it is there or has failed, whatever it waits
/// for. Its connection is then in the selector instead, to be told of what there is to receive. Wait with a limit: that an
/// address stays silent, and another one is due, only the clock tells, and nobody tells that the full queue of a local
/// listener has room again.
///
/// # Examples
///
/// ```
/// use sockeye::{Client, ClientOptions, Endpoint, Listener, Status};
///
/// let mut listener = Listener::bind(&Endpoint::parse("0")?, None)?;
/// listener.set_blocking(false)?;
/// let mut client = Client::begin(&listener.address()?, None, &ClientOptions::default())?;
/// let (mut ours, mut theirs) = (None, None);
/// while ours.is_none() || theirs.is_none() {
///     // Once for each frame of a game.
///     theirs = theirs.or(listener.accept().done());
///     if ours.is_none() {
///         match client.poll() {
///             Status::Done(connection) => ours = Some(connection),
///             Status::NotReady => {}
///             other => panic!("{other:?}"),
///         }
///     }
/// }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct Client {
    /// The attempt; `None` once it has ended.
    opening: Option<Opening>,
    /// Other addresses of the host, the next one last.
    addresses: Vec<IpAddress>,
    port: u16,
    key: Option<AuthKey>,
    options: ClientOptions,
    /// Until when the connection has to be there, by whichever address.
    deadline: Deadline,
}

/// What a [`Client`] asks of a listener, and how long it waits for it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// The weakest proof of the key that is given and accepted; SHA-256 unless set.
    pub least: AuthLevel,
    /// How long looking a name up, finding a service and connecting may take, all of it; 5 s unless set.
    pub connect_limit: Duration,
    /// How long the handshake may take, all of it; 5 s unless set. [`Client::begin`] counts the connecting in, where each
    /// address of a host has its share of what is left.
    pub handshake_limit: Duration,
    /// Encrypts the connection; with a listener that does not, there is none. A local socket is refused then.
    pub tls: Option<TlsClient>,
    /// The name that the listener has to prove with TLS, whatever the endpoint says; the host of the endpoint unless set,
    /// `localhost` without one.
    ///
    /// A service has to be given with a name: what was found may be anybody, and anybody can prove a name of their own.
    pub tls_name: Option<String>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        let limit = Duration::from_secs(5);
        Self { least: AuthLevel::default(), connect_limit: limit, handshake_limit: limit, tls: None, tls_name: None }
    }
}

impl Client {
    /// Connects to a listener and shows it the key, if there is one; both within the limits of [`ClientOptions`].
    ///
    /// The connection blocks and has [`Framing::Multiprocessing`]. A key has to be on both sides or on neither.
    ///
    /// `Error` has the kind `Authentication` when the keys differ, or when the listener offers too little; `InvalidInput`
    /// for a local socket that is to be encrypted, a service that is to be without a name and what can be no name, before
    /// anything is looked up or connected; `Refused`, `Unreachable`, `TimedOut` and the others of [`Connection::connect`].
    /// `Disconnected` when the listener has gone in between, as one of Python does that finds its own reason not to go on.
    pub fn connect(endpoint: &Endpoint, key: Option<&AuthKey>) -> Status<Connection> {
        Self::connect_with(endpoint, key, &ClientOptions::default())
    }

    /// The same with options.
    pub fn connect_with(endpoint: &Endpoint, key: Option<&AuthKey>, options: &ClientOptions) -> Status<Connection> {
        let connected = || {
            let options = options.named(endpoint)?;
            let connection = Connection::connect(endpoint, Framing::Raw, Some(options.connect_limit))?;
            let (stream, _) = connection.into_parts();
            let deadline = Deadline::after(Some(options.handshake_limit));
            let mut opening = options.opening(stream, key.cloned(), deadline)?;
            opening.finish()?;
            Ok(Connection::new(opening.into_stream(Mode::BLOCKING)?, Framing::Multiprocessing))
        };
        connected().into()
    }

    /// Begins to connect without waiting, except for the lookup of a name, which has the
    /// [`connect_limit`](ClientOptions::connect_limit); an [`EventLoop`](crate::EventLoop) does not wait for that either.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect) that are known at once.
    pub fn begin(endpoint: &Endpoint, key: Option<&AuthKey>, options: &ClientOptions) -> Result<Self> {
        let options = options.named(endpoint)?;
        let (key, deadline) = (key.cloned(), Deadline::after(Some(options.handshake_limit)));
        let mut client = Self { opening: None, addresses: Vec::new(), port: 0, key, options, deadline };
        match endpoint {
            Endpoint::Tcp { host, port } => {
                let limit = Some(client.options.connect_limit);
                client.addresses = Endpoint::addresses(host.as_deref(), Deadline::after(limit), limit)?;
                client.addresses.reverse();
                client.port = *port;
                // The lookup has a limit of its own.
                client.deadline = Deadline::after(Some(client.options.handshake_limit));
                client.next_address(Error::NotOpen, None)?;
            }
            Endpoint::Local(path) => {
                let mut socket = LocalSocket::new();
                socket.set_blocking(false)?;
                socket.connect(path).begun()?;
                client.opening = Some(client.options.opening(socket.into(), client.key.clone(), deadline)?);
            }
            Endpoint::Service { .. } => {
                return Err(Error::invalid_input(&endpoint.to_string(), "an endpoint with an address to connect to"));
            }
        }
        Ok(client)
    }

    /// Goes on as far as it can without waiting: `Done` once the connection is there, in non-blocking mode; `NotReady`
    /// until then. After that, and after a failure, it is `Disconnected`.
    pub fn poll(&mut self) -> Status<Connection> {
        self.try_poll().into()
    }

    fn try_poll(&mut self) -> Result<Connection> {
        loop {
            let stepped = self.opening.as_mut().ok_or(Error::Disconnected)?.step();
            if let (Some(handle), Some(wanted)) = (self.handle(), self.wanted()) {
                handle.set_watch(wanted);
            }
            match stepped {
                Ok(()) => {
                    let opening = self.opening.take().ok_or(Error::Disconnected)?;
                    let stream = opening.into_stream(Mode::AT_ONCE)?;
                    return Ok(Connection::new(stream, Framing::Multiprocessing));
                }
                Err(Error::NotReady) => return Err(Error::NotReady),
                Err(error) => {
                    let failed = self.opening.take().and_then(Opening::into_failed);
                    // Before there was a connection: another address may do.
                    match error {
                        Error::Refused(_) | Error::Unreachable(_) | Error::NoAnswer(_) => {
                            self.next_address(error, failed)?;
                        }
                        Error::TimedOut { phase: Phase::Connect, .. } => {
                            // The whole limit is what the caller has set.
                            let limit = self.options.handshake_limit;
                            self.next_address(Error::TimedOut { phase: Phase::Connect, limit }, failed)?;
                        }
                        error => return Err(error),
                    }
                }
            }
        }
    }

    /// Tries the next address, in the selectors that the last one was in; what that one said stands if there is none.
    fn next_address(&mut self, mut last: Error, failed: Option<Handle>) -> Result<()> {
        while let Some(address) = self.addresses.pop() {
            let mut socket = TcpSocket::new();
            socket.set_blocking(false)?;
            let others = self.addresses.len();
            match connect_for_share(&mut socket, address, self.port, self.deadline, others).begun() {
                Ok(()) => {
                    let opening = self.options.opening(socket.into(), self.key.clone(), self.deadline)?;
                    self.opening.insert(opening).replace(failed);
                    return Ok(());
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

impl ClientOptions {
    /// The same with the name that a listener at this endpoint has to prove, if it has to.
    fn named(&self, endpoint: &Endpoint) -> Result<Self> {
        let mut options = self.clone();
        if self.tls.is_some() {
            options.tls_name = Some(TlsClient::name_at(endpoint, self.tls_name.as_deref())?);
        }
        Ok(options)
    }

    fn opening(&self, stream: Stream, key: Option<AuthKey>, deadline: Deadline) -> Result<Opening> {
        let stream = match (stream, &self.tls, &self.tls_name) {
            (Stream::Tcp(socket), Some(tls), Some(name)) => TlsSocket::client(socket, tls, name)?.into(),
            (stream, ..) => stream,
        };
        Ok(Opening::new(stream, Role::Client, key, self.least, (deadline, self.handshake_limit)))
    }
}

impl Selectable for Client {}

impl sealed::Sealed for Client {
    #[allow(private_interfaces)]
    fn handle(&self) -> Option<&Handle> {
        self.opening.as_ref()?.handle()
    }

    #[allow(private_interfaces)]
    fn wanted(&self) -> Option<Watch> {
        let connected = self.opening.as_ref().is_some_and(Opening::is_connected);
        let waits_for_a_queue = self.opening.as_ref().is_some_and(Opening::waits_for_a_queue);
        Some(Watch { read: connected, write: !(connected || waits_for_a_queue) })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        net::{Ipv4Addr, Ipv6Addr, UdpSocket},
        time::Instant,
    };

    use super::*;
    use crate::{
        selector::SocketSelector,
        tcp::{TcpListener, blackhole::Blackhole},
    };

    /// Connects to a host that has a loopback address of each family, as far as there are both.
    fn connect_to_localhost(port: u16, limit: Duration) -> Result<Connection> {
        let host = Endpoint::Tcp { host: Some("localhost".into()), port };
        let options = ClientOptions { handshake_limit: limit, ..ClientOptions::default() };
        let mut client = Client::begin(&host, None, &options)?;
        let mut selector = SocketSelector::new()?;
        selector.add(&client)?;
        loop {
            assert_eq!(selector.len(), 1);
            selector.wait(Some(Duration::from_millis(20)))?;
            match client.poll() {
                Status::NotReady => {}
                status => return status.into_result(),
            }
        }
    }

    fn silent_v6() -> Option<Blackhole> {
        UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok().then(|| Blackhole::at((Ipv6Addr::LOCALHOST, 0).into()))
    }

    #[test]
    fn an_address_that_is_silent_leaves_time_for_the_next() {
        let Some(dead) = silent_v6() else { return };
        let mut listener = TcpListener::new();
        listener.listen_on(IpAddress::LOCAL_HOST, dead.port).into_result().unwrap();
        let connection = connect_to_localhost(dead.port, Duration::from_secs(2)).unwrap();
        assert_eq!(connection.remote_address(), Some(IpAddress::LOCAL_HOST));
    }

    #[test]
    fn all_addresses_have_one_limit() {
        let Some(first) = silent_v6() else { return };
        let _second = Blackhole::at((Ipv4Addr::LOCALHOST, first.port).into());
        let limit = Duration::from_millis(400);
        let begun = Instant::now();
        let error = connect_to_localhost(first.port, limit).unwrap_err();
        assert!(matches!(error, Error::TimedOut { phase: Phase::Connect, limit: told } if told == limit), "{error}");
        assert!((limit..3 * limit).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    }
}
