//! TCP listeners.

use std::{
    io,
    mem::MaybeUninit,
    net::{self, SocketAddr},
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::TcpSocket;
use crate::{
    error::{Error, Result},
    ip::IpAddress,
    mode::Mode,
    status::Status,
    surface::mode_methods,
    sys::{self, Direction, Handle, NativeHandle},
};

/// Waits for TCP connections on a port.
///
/// On Unix the port of a server that has just ended can be taken again at once (`SO_REUSEADDR`); the queue of waiting
/// connections is as long as the system allows.
///
/// # Examples
///
/// ```
/// use sockeye::{IpAddress, Status, TcpListener};
///
/// let mut listener = TcpListener::new();
/// listener.set_blocking(false)?;
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
/// assert_ne!(listener.local_port(), 0);
/// assert!(listener.accept().is_not_ready());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct TcpListener {
    handle: Option<Handle>,
    mode: Mode,
}

impl TcpListener {
    /// Makes a listener that does not listen yet and blocks.
    #[must_use]
    pub fn new() -> Self {
        Self { handle: None, mode: Mode::BLOCKING }
    }

    /// Listens on a port of all addresses of this machine, IPv6 and IPv4; on IPv4 alone where there is no IPv6.
    ///
    /// Port 0 takes any free port, see [`local_port`](Self::local_port). A listener that listens already changes to the
    /// new port once that is open. `Error` with the kind `AddressInUse` when the port is taken, and others of the
    /// system's; what was listened on before still is.
    pub fn listen(&mut self, port: u16) -> Status {
        match self.try_listen(IpAddress::ANY_V6, port) {
            // A system without IPv6 fails in other ways than these.
            result @ (Ok(()) | Err(Error::AddressInUse(_) | Error::PermissionDenied(_) | Error::TooManyFiles(_))) => {
                result.into()
            }
            Err(_) => self.listen_on(IpAddress::ANY, port),
        }
    }

    /// Listens on a port of one address; [`IpAddress::ANY`] is all IPv4 addresses, [`IpAddress::ANY_V6`] all of IPv6
    /// and IPv4.
    pub fn listen_on(&mut self, address: impl Into<IpAddress>, port: u16) -> Status {
        self.try_listen(address.into(), port).into()
    }

    /// Listens on one port of several addresses, as those of a host name are. Addresses that cannot be listened on are
    /// left out, such as `::1` where there is no IPv6, unless none is left.
    #[cfg(feature = "messages")]
    pub(crate) fn on_all(addresses: &[IpAddress], port: u16) -> Result<Vec<Self>> {
        let mut attempts = 1..if port == 0 { MOST_ATTEMPTS } else { 1 };
        loop {
            match (Self::on_each(addresses, port), attempts.next()) {
                // The port that is free on one address is taken on another.
                (Err(Error::AddressInUse(_)), Some(_)) => {}
                (result, _) => return result,
            }
        }
    }

    #[cfg(feature = "messages")]
    fn on_each(addresses: &[IpAddress], mut port: u16) -> Result<Vec<Self>> {
        let (mut listeners, mut last) = (Vec::new(), Error::NotOpen);
        for address in addresses {
            let mut listener = Self::new();
            match listener.try_listen(*address, port) {
                Ok(()) => {
                    port = listener.local_port();
                    listeners.push(listener);
                }
                // Somebody else would get the connections to this one.
                Err(error @ (Error::AddressInUse(_) | Error::PermissionDenied(_) | Error::TooManyFiles(_))) => {
                    return Err(error);
                }
                Err(error) => last = error,
            }
        }
        if listeners.is_empty() { Err(last) } else { Ok(listeners) }
    }

    fn try_listen(&mut self, address: IpAddress, port: u16) -> Result<()> {
        let local = address.to_socket_addr(port);
        if port != 0 && self.local() == Some(local) {
            return Ok(());
        }
        if address == IpAddress::BROADCAST || address.is_multicast() {
            return Err(Error::invalid_address(&address.to_string(), "an address of this machine to listen on"));
        }
        let socket = self.open(local).map_err(Error::from_os)?;
        self.handle = Some(Handle::new(socket));
        Ok(())
    }

    fn open(&self, local: SocketAddr) -> io::Result<Socket> {
        let socket = Socket::new(Domain::for_address(local), Type::STREAM, Some(Protocol::TCP))?;
        if local.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        sys::allow_rebinding(&socket)?;
        // Accepted sockets inherit it, which saves a system call for each.
        socket.set_tcp_nodelay(true)?;
        socket.bind(&SockAddr::from(local))?;
        socket.listen(BACKLOG)?;
        self.mode.apply_to_new(&socket)?;
        Ok(socket)
    }

    /// Takes the next connection; it starts in the mode that the listener is in.
    ///
    /// In blocking mode this waits for one, at most for the [`timeout`](Self::timeout); `NotReady` when there is none.
    /// A connection whose peer has reset it before sending anything is skipped. `Disconnected` when the listener does
    /// not listen. `Error` with the kind `TooManyFiles` when no descriptor is left: the connection stays in the queue
    /// and the listener lives on.
    pub fn accept(&mut self) -> Status<TcpSocket> {
        let Some(handle) = &self.handle else { return Status::Disconnected };
        let nonblocking = self.mode.is_nonblocking_for_the_system();
        let mut attempt = self.mode.begin();
        for _ in 0..MAX_SKIPPED {
            match attempt.call(handle.socket(), Direction::Read, |socket| sys::accept(socket, nonblocking)) {
                Ok((socket, _)) if has_gone(&socket) => {}
                Ok((socket, from)) => {
                    let Some(from) = from.as_socket() else { continue };
                    return Status::Done(TcpSocket::accepted(socket, from, self.mode));
                }
                Err(error) if sys::is_accept_of_a_gone_peer(&error) => {}
                Err(error) => return Error::from_transfer(error).into(),
            }
        }
        Status::NotReady
    }

    /// Stops listening. Connections that wait in the queue are refused, accepted ones stay.
    pub fn close(&mut self) {
        self.handle = None;
    }

    /// Tells whether the listener listens.
    #[must_use]
    pub fn is_listening(&self) -> bool {
        self.handle.is_some()
    }

    /// Returns the port, 0 when the listener does not listen.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.local().map_or(0, |local| local.port())
    }

    /// Returns the address that is listened on, `None` when the listener does not listen.
    #[must_use]
    pub fn local_address(&self) -> Option<IpAddress> {
        self.local().map(IpAddress::from)
    }

    /// Returns the system's handle of the socket, `None` when it is not open.
    #[must_use]
    pub fn native_handle(&self) -> Option<NativeHandle<'_>> {
        self.handle.as_ref().map(Handle::native)
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.handle.as_ref()
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn change_mode(&mut self, mode: Mode) -> Result<()> {
        self.mode.change(mode, self.handle.as_ref().map(Handle::socket))
    }

    fn local(&self) -> Option<SocketAddr> {
        self.handle.as_ref()?.socket().local_addr().ok()?.as_socket()
    }
}

mode_methods!(TcpListener, timeout: "When it passes, `accept` answers `NotReady`. Accepted sockets start with the same limit.");

impl Default for TcpListener {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes over a listener of the standard library, in blocking mode.
impl TryFrom<net::TcpListener> for TcpListener {
    type Error = Error;

    fn try_from(listener: net::TcpListener) -> Result<Self> {
        listener.set_nonblocking(false).map_err(Error::from_os)?;
        let socket = Socket::from(listener);
        socket.set_tcp_nodelay(true).map_err(Error::from_os)?;
        Ok(Self { handle: Some(Handle::new(socket)), mode: Mode::BLOCKING })
    }
}

/// Gives the listener to the standard library; it comes back as the error when it does not listen.
impl TryFrom<TcpListener> for net::TcpListener {
    type Error = TcpListener;

    fn try_from(listener: TcpListener) -> Result<Self, TcpListener> {
        match listener.handle {
            Some(handle) => Ok(handle.into_socket().into()),
            None => Err(listener),
        }
    }
}

/// Tells whether the peer has reset the connection and left nothing to read.
fn has_gone(socket: &Socket) -> bool {
    matches!(socket.take_error(), Ok(Some(_))) && !matches!(socket.peek(&mut [MaybeUninit::uninit()]), Ok(1))
}

/// How often the system is asked for a port that is free on several addresses.
#[cfg(feature = "messages")]
const MOST_ATTEMPTS: usize = 16;
/// The system cuts it to its own maximum.
const BACKLOG: i32 = i32::MAX;
/// How many connections of vanished peers one `accept` goes through before it answers.
const MAX_SKIPPED: usize = 64;
