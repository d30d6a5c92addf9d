//! UDP sockets.

mod batch;
mod bound;
mod multicast;
mod turns;

use std::{net, sync::OnceLock};

use socket2::Socket;

pub use batch::{Datagram, DatagramBatch};
use bound::Bound;

use crate::{
    error::{Error, Limit, Result},
    ip::IpAddress,
    mode::Mode,
    packet::Packet,
    status::Status,
    surface::mode_methods,
    sys::{Handle, NativeHandle},
};

/// A UDP socket: datagrams to and from any peer.
///
/// It needs no connection: [`bind`](Self::bind) it to receive, or just send, which takes any free port. A datagram
/// arrives whole or not at all, may be lost, doubled or overtaken. Sending to a broadcast address is allowed. An answer
/// of the network that nobody listens at the other end is not an error of this socket. Sends and receives need no
/// `mut`, so several threads can use one socket.
///
/// # Examples
///
/// ```
/// use sockeye::{IpAddress, UdpSocket};
///
/// let mut receiver = UdpSocket::new();
/// receiver.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
///
/// let sender = UdpSocket::new();
/// sender.send(b"hello", IpAddress::LOCAL_HOST, receiver.local_port()).into_result()?;
///
/// let mut buffer = [0; 64];
/// let (length, from, port) = receiver.receive(&mut buffer).into_result()?;
/// assert_eq!(&buffer[..length], b"hello");
/// assert_eq!((from, port), (IpAddress::LOCAL_HOST, sender.local_port()));
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct UdpSocket {
    bound: OnceLock<Bound>,
    mode: Mode,
}

impl UdpSocket {
    /// The largest datagram over IPv4, in bytes. Over IPv6 it is 65527.
    pub const MAX_DATAGRAM_SIZE: usize = 65507;
    /// Any free port, for [`bind`](Self::bind).
    pub const ANY_PORT: u16 = 0;

    /// Makes a socket that is not bound and blocks.
    #[must_use]
    pub const fn new() -> Self {
        Self { bound: OnceLock::new(), mode: Mode::BLOCKING }
    }

    /// Binds to a port of all addresses of this machine, IPv6 and IPv4; of IPv4 alone where there is no IPv6.
    ///
    /// `Error` with the kind `AddressInUse` when the port is taken, and others of the system's; what was bound before
    /// still is.
    pub fn bind(&mut self, port: u16) -> Status {
        self.take(Bound::to_all(port, self.mode))
    }

    /// Binds to a port of one address; [`IpAddress::ANY`] is all IPv4 addresses, [`IpAddress::ANY_V6`] all of IPv6 and
    /// IPv4.
    pub fn bind_to(&mut self, address: impl Into<IpAddress>, port: u16) -> Status {
        let address = address.into();
        if address == IpAddress::BROADCAST {
            let expected = "an address of this machine to bind to";
            return Error::invalid_address(&address.to_string(), expected).into();
        }
        self.take(Bound::to(address, port, self.mode))
    }

    fn take(&mut self, bound: Result<Bound>) -> Status {
        bound.map(|bound| self.bound = OnceLock::from(bound)).into()
    }

    /// Closes the socket; it can be bound again.
    pub fn unbind(&mut self) {
        self.bound.take();
    }

    /// Sends a datagram; `Done` tells its length. An empty one is a datagram too.
    ///
    /// A socket that is not bound takes any free port. `NotReady` when the system has no room for it now, in
    /// non-blocking mode or after the [`timeout`](Self::timeout). `Error` with the kind `TooLong` for more than 65507
    /// bytes (65527 over IPv6); nothing is sent then.
    #[inline]
    pub fn send(&self, data: &[u8], address: impl Into<IpAddress>, port: u16) -> Status<usize> {
        self.try_send(data, address.into(), port).into()
    }

    #[inline]
    fn try_send(&self, data: &[u8], address: IpAddress, port: u16) -> Result<usize> {
        check_length(data.len(), address)?;
        self.bound_for(address)?.send(data, address, port, self.mode)
    }

    /// Receives a datagram: its length, the address and the port that it came from. An empty one has the length 0.
    ///
    /// `Error` with the kind `Truncated` for a datagram that is larger than the buffer; it is gone, and the error
    /// tells its length where the system does. `Error` with the kind `NotBound` when the socket was never bound and
    /// has never sent. `NotReady` when there is none, in non-blocking mode or after the [`timeout`](Self::timeout).
    #[inline]
    pub fn receive(&self, buffer: &mut [u8]) -> Status<(usize, IpAddress, u16)> {
        self.bound().and_then(|bound| bound.receive(buffer, self.mode)).into()
    }

    /// Sends a packet as one datagram, without a length in front.
    pub fn send_packet(&self, packet: &Packet, address: impl Into<IpAddress>, port: u16) -> Status {
        self.send(packet.data(), address, port).map(|_| ())
    }

    /// Receives a datagram as a packet: the address and the port that it came from. `packet` is replaced when the
    /// answer is `Done`, and untouched otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{IpAddress, Packet, UdpSocket};
    ///
    /// let mut receiver = UdpSocket::new();
    /// receiver.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
    /// let mut packet = Packet::new();
    /// packet.write_f32(0.5);
    /// UdpSocket::new().send_packet(&packet, IpAddress::LOCAL_HOST, receiver.local_port()).into_result()?;
    ///
    /// let mut received = Packet::new();
    /// let (from, _port) = receiver.receive_packet(&mut received).into_result()?;
    /// assert_eq!(from, IpAddress::LOCAL_HOST);
    /// assert_eq!(received.read_f32()?, 0.5);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn receive_packet(&self, packet: &mut Packet) -> Status<(IpAddress, u16)> {
        self.bound().and_then(|bound| bound.receive_packet(packet, self.mode)).into()
    }

    /// Sends many datagrams to one peer; `Done` tells how many went.
    ///
    /// Neighbours of equal length go up to 64 with one system call where the system can cut them (Linux: `UDP_SEGMENT`
    /// in `udp(7)`); everything else goes one by one. In blocking mode it waits until all went, at most for the
    /// [`timeout`](Self::timeout). `NotReady` when none went. `Error` with the kind `TooLong` when one of them is too
    /// long; none is sent then.
    ///
    /// # Examples
    ///
    /// ```
    /// use sockeye::{DatagramBatch, IpAddress, UdpSocket};
    ///
    /// let mut receiver = UdpSocket::new();
    /// receiver.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
    /// let sender = UdpSocket::new();
    /// let sent = sender.send_batch(&[b"one", b"two", b"six"], IpAddress::LOCAL_HOST, receiver.local_port());
    /// assert_eq!(sent.done(), Some(3));
    ///
    /// let mut batch = DatagramBatch::new();
    /// let mut words = Vec::new();
    /// while words.len() < 3 {
    ///     receiver.receive_batch(&mut batch).into_result()?;
    ///     words.extend(batch.iter().map(|datagram| datagram.data.to_vec()));
    /// }
    /// assert_eq!(words, [b"one", b"two", b"six"]);
    /// # Ok::<(), sockeye::Error>(())
    /// ```
    pub fn send_batch(&self, datagrams: &[&[u8]], address: impl Into<IpAddress>, port: u16) -> Status<usize> {
        self.try_send_batch(datagrams, address.into(), port).into()
    }

    fn try_send_batch(&self, datagrams: &[&[u8]], address: IpAddress, port: u16) -> Result<usize> {
        for datagram in datagrams {
            check_length(datagram.len(), address)?;
        }
        if datagrams.is_empty() {
            return Ok(0);
        }
        self.bound_for(address)?.send_batch(datagrams, address, port, self.mode)
    }

    /// Receives as many datagrams as a few system calls bring, 32 at least if there are so many; `Done` tells how many.
    ///
    /// In blocking mode it waits for the first. What `batch` held before is gone, whatever the answer. The first call
    /// lets the system hand over datagrams of one peer together (Linux: `UDP_GRO`); [`receive`](Self::receive) goes on
    /// giving them one by one. Only a `receive` that another thread has begun before that first call may get several
    /// as one, so let the first call come before there are other threads.
    pub fn receive_batch(&self, batch: &mut DatagramBatch) -> Status<usize> {
        self.bound().and_then(|bound| bound.receive_batch(batch, self.mode)).into()
    }

    /// Asks the system for room for so many bytes of datagrams that have arrived; it may give less or more.
    ///
    /// # Errors
    ///
    /// [`Error::NotBound`] for a socket that is not open, else the system's.
    pub fn set_receive_buffer(&self, bytes: usize) -> Result<()> {
        self.bound()?.socket().set_recv_buffer_size(bytes).map_err(Error::from_os)
    }

    /// Asks the system for room for so many bytes of datagrams that are to leave; it may give less or more.
    ///
    /// # Errors
    ///
    /// [`Error::NotBound`] for a socket that is not open, else the system's.
    pub fn set_send_buffer(&self, bytes: usize) -> Result<()> {
        self.bound()?.socket().set_send_buffer_size(bytes).map_err(Error::from_os)
    }

    /// Tells whether the socket is open: bound, or used to send.
    #[must_use]
    pub fn is_bound(&self) -> bool {
        self.bound.get().is_some()
    }

    /// Returns the port, 0 when there is none.
    #[must_use]
    pub fn local_port(&self) -> u16 {
        self.bound.get().and_then(Bound::local).map_or(0, |local| local.port())
    }

    /// Returns the address that the socket is bound to, `None` when it is not open.
    #[must_use]
    pub fn local_address(&self) -> Option<IpAddress> {
        self.bound.get().and_then(Bound::local).map(IpAddress::from)
    }

    /// Returns the system's handle of the socket, `None` when it is not open.
    #[must_use]
    pub fn native_handle(&self) -> Option<NativeHandle<'_>> {
        self.handle().map(Handle::native)
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        self.bound.get().map(Bound::handle)
    }

    #[inline]
    fn bound(&self) -> Result<&Bound> {
        self.bound.get().ok_or(Error::NotBound)
    }

    /// The open socket; one that can reach `address` is opened if there is none.
    #[inline]
    fn bound_for(&self, address: IpAddress) -> Result<&Bound> {
        if let Some(bound) = self.bound.get() {
            return Ok(bound);
        }
        let bound = Bound::to_none(address, self.mode)?;
        Ok(self.bound.get_or_init(|| bound))
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    fn change_mode(&mut self, mode: Mode) -> Result<()> {
        self.mode.change(mode, self.bound.get().map(Bound::socket))
    }
}

mode_methods!(UdpSocket, timeout: "When it passes, the answer is `NotReady`.");

impl Default for UdpSocket {
    fn default() -> Self {
        Self::new()
    }
}

/// Takes over a socket of the standard library, in blocking mode. One that is connected there stays so.
impl TryFrom<net::UdpSocket> for UdpSocket {
    type Error = Error;

    fn try_from(socket: net::UdpSocket) -> Result<Self> {
        socket.set_nonblocking(false).map_err(Error::from_os)?;
        let bound = Bound::adopt(Socket::from(socket)).map_err(Error::from_os)?;
        Ok(Self { bound: OnceLock::from(bound), mode: Mode::BLOCKING })
    }
}

/// Gives the socket to the standard library. It comes back as the error when it is not open, and once
/// [`UdpSocket::receive_batch`] was used: the system may then hand several datagrams over as one.
impl TryFrom<UdpSocket> for net::UdpSocket {
    type Error = UdpSocket;

    fn try_from(mut socket: UdpSocket) -> Result<Self, UdpSocket> {
        match socket.bound.take() {
            Some(bound) if !bound.is_coalescing() => Ok(bound.into_socket().into()),
            Some(bound) => Err(UdpSocket { bound: OnceLock::from(bound), mode: socket.mode }),
            None => Err(socket),
        }
    }
}

#[inline]
fn check_length(length: usize, address: IpAddress) -> Result<()> {
    let limit = match net::IpAddr::from(address) {
        net::IpAddr::V6(v6) if v6.to_ipv4_mapped().is_none() => MAX_DATAGRAM_SIZE_V6,
        _ => UdpSocket::MAX_DATAGRAM_SIZE,
    };
    if length <= limit {
        return Ok(());
    }
    Err(Error::TooLong { what: Limit::Datagram, length: length as u64, limit: limit as u64 })
}

/// 65535 bytes of IPv6 payload less the 8 of the UDP header (RFC 8200 section 3, RFC 768).
const MAX_DATAGRAM_SIZE_V6: usize = 65527;
