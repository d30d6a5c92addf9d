//! What a connection has in common with the sockets.

use std::time::Duration;

use super::{Connection, Phase};
use crate::{
    endpoint::Endpoint,
    error::{Error, Result},
    ip::IpAddress,
    local::LocalSocket,
    message::framing::Framing,
    mode::Mode,
    selector::{Selectable, sealed},
    status::Status,
    sys::{Handle, NativeHandle},
    tcp::dial,
    time::Deadline,
};

impl Connection {
    /// Connects to an endpoint, in blocking mode and within a limit; `None` waits for as long as the system does.
    ///
    /// A name is looked up and its addresses are tried one after the other, all within the limit. A service is found
    /// first, as [`Endpoint::find`] does, also within the limit; without one it is waited for. For a connection that begins
    /// without waiting, connect a socket in non-blocking mode and make a connection of it.
    ///
    /// # Errors
    ///
    /// Those of [`TcpSocket::connect`](crate::TcpSocket::connect) and [`LocalSocket::connect`],
    /// [`Error::Unresolved`](crate::Error::Unresolved) for a name without an address,
    /// [`Error::TimedOut`](crate::Error::TimedOut) with the operation that did not end within the limit, and those of
    /// [`Endpoint::find`] for a service.
    pub fn connect(endpoint: &Endpoint, framing: Framing, limit: Option<Duration>) -> Result<Self> {
        match endpoint {
            Endpoint::Tcp { host, port } => {
                let deadline = Deadline::after(limit);
                let addresses = Endpoint::addresses(host.as_deref(), deadline, limit)?;
                dial(&addresses, *port, deadline, limit).map(|it| Self::new(it, framing))
            }
            Endpoint::Local(path) => {
                let mut socket = LocalSocket::new();
                let status = match limit {
                    Some(limit) => socket.connect_timeout(path, limit),
                    None => socket.connect(path),
                };
                status.into_result().map(|()| Self::new(socket, framing))
            }
            Endpoint::Service { .. } => {
                let deadline = Deadline::after(limit);
                let found = endpoint.find(limit)?;
                dial(found.addresses(), found.port(), deadline, limit).map(|it| Self::new(it, framing))
            }
        }
    }

    /// Chooses between blocking (the default) and non-blocking mode.
    ///
    /// # Errors
    ///
    /// The system's, in theory.
    pub fn set_blocking(&mut self, blocking: bool) -> Result<()> {
        let mode = self.stream.mode();
        self.stream.set_mode(Mode { blocking, ..mode })
    }

    /// Tells whether operations wait.
    #[must_use]
    pub fn is_blocking(&self) -> bool {
        self.stream.mode().blocking
    }

    /// Sets how long an operation waits in blocking mode; `None`, the default, is for ever. When it passes, the answer is
    /// `NotReady`. See [`TcpSocket::set_timeout`](crate::TcpSocket::set_timeout).
    ///
    /// # Errors
    ///
    /// The system's, in theory.
    pub fn set_timeout(&mut self, limit: Option<Duration>) -> Result<()> {
        let mode = self.stream.mode();
        self.stream.set_mode(Mode { timeout: limit, ..mode })
    }

    /// Returns how long an operation waits in blocking mode.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.stream.mode().timeout
    }

    /// Returns how many bytes wait for room in the system.
    #[must_use]
    pub fn pending_bytes(&self) -> usize {
        self.stream.pending_bytes()
    }

    /// Returns how many messages the peer has still to answer, as far as its answers have been received.
    ///
    /// Only peers of [`Framing::Tiny`] answer, each message before they take it: one that closes while answers are due has
    /// not had those messages. For the other framings it is 0.
    #[must_use]
    pub fn unanswered_messages(&self) -> usize {
        self.incoming.codec().unanswered() as usize
    }

    /// Sets how many bytes the outbox takes before a send answers `NotReady`; the default is 8 MiB. An empty outbox takes
    /// a message of any size.
    pub fn set_outbox_limit(&mut self, bytes: usize) {
        self.stream.set_outbox_limit(bytes);
    }

    /// Returns how many bytes the outbox takes.
    #[must_use]
    pub fn outbox_limit(&self) -> usize {
        self.stream.outbox_limit()
    }

    /// Ends the connection in one direction: the peer receives what was sent and then `Disconnected`, and may go on
    /// sending. Empties the outbox first, and answers as [`flush`](Self::flush) does until it is empty.
    pub fn shutdown_send(&mut self) -> Status {
        let mut attempt = self.stream.mode().begin();
        match self.send_answers(&mut attempt) {
            // Behind an end that was said before no answer goes any more.
            Ok(()) | Err(Error::Disconnected) => self.stream.shutdown_send_within(&mut attempt).into(),
            Err(error) => error.into(),
        }
    }

    /// Tells whether there is a connection of which it is not known yet that it has ended.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.stream.is_connected() && !matches!(self.phase, Phase::Ended)
    }

    /// Tells whether the connection is known to have been lost or reset, instead of ended: of the messages that were sent
    /// last, some may not have been taken.
    ///
    /// A peer resets it when it closes over bytes that it has not received, and when a message meets it after it has
    /// closed (RFC 9293 section 3.10.7.1), which a moment later is known here. What a send or a flush has been told by
    /// `Disconnected` is not told again.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{Connection, Framing, IpAddress, TcpListener, TcpSocket};
    ///
    /// let mut listener = TcpListener::new();
    /// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    /// let mut socket = TcpSocket::new();
    /// socket.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result()?;
    /// let mut connection = Connection::new(socket, Framing::lines());
    /// connection.send(b"hello").into_result()?;
    ///
    /// // The peer goes without having received anything.
    /// listener.accept().into_result()?.disconnect();
    /// assert!(connection.receive().is_disconnected());
    /// assert!(connection.was_reset());
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn was_reset(&mut self) -> bool {
        // The outcome of a pending connect is for whoever waits for it.
        if let Some(handle) = self.stream.handle().filter(|_| self.stream.is_connected()) {
            self.was_reset |= matches!(handle.socket().take_error(), Ok(Some(_)));
        }
        self.was_reset
    }

    /// Returns the address of this end; `None` without a connection, and for local sockets.
    #[must_use]
    pub fn local_address(&self) -> Option<IpAddress> {
        self.stream.local().map(|(address, _)| address)
    }

    /// Returns the port of this end; 0 without a connection, and for local sockets.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.stream.local().map_or(0, |(_, port)| port)
    }

    /// Returns the address of the peer; `None` without a connection, and for local sockets.
    #[must_use]
    pub fn remote_address(&self) -> Option<IpAddress> {
        self.stream.remote().map(|(address, _)| address)
    }

    /// Returns the port of the peer; 0 without a connection, and for local sockets.
    #[must_use]
    pub fn remote_port(&self) -> u16 {
        self.stream.remote().map_or(0, |(_, port)| port)
    }

    /// Returns the system's handle of the socket, `None` when it is not open.
    #[must_use]
    pub fn native_handle(&self) -> Option<NativeHandle<'_>> {
        self.stream.handle().map(Handle::native)
    }
}

impl Selectable for Connection {}

impl sealed::Sealed for Connection {
    #[allow(private_interfaces)]
    fn handle(&self) -> Option<&Handle> {
        self.stream.handle()
    }
}
