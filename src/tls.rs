//! Encrypted connections.

mod client;
#[cfg(feature = "tls")]
mod engine;
#[cfg(not(feature = "tls"))]
#[path = "tls/engine_off.rs"]
mod engine;
mod fingerprint;
mod identity;
mod known_hosts;
mod roots;
mod server;

use std::{net::SocketAddr, time::Duration};

pub use client::{TlsClient, TlsClientOptions, Trust};
#[cfg(all(fuzzing, feature = "tls"))]
pub use engine::known_host;
pub use fingerprint::Fingerprint;
pub use identity::TlsIdentity;
pub use known_hosts::KnownHosts;
pub use roots::RootCertificates;
pub use server::{TlsServer, TlsServerOptions};

use crate::{
    error::{Error, Result},
    link::Link,
    status::Status,
    surface::{address_methods, stream_methods},
    tcp::TcpSocket,
};
use engine::Session;

/// A TCP connection whose bytes are encrypted, and whose peer has proved who it is (TLS 1.2 and 1.3).
///
/// It is made of a [`TcpSocket`] and behaves as that does in every respect, by the same table: blocking and
/// non-blocking, in a selector, with bytes and packets. What is different:
///
/// - Before the first byte both ends talk about keys and certificates, the [`handshake`](Self::handshake). Every send
///   and receive ends it first. It is not in time after 5 seconds, unless the options say otherwise.
/// - When the peer cannot be trusted, and when a byte was changed on the way, the answer is `Error` with the kind
///   `Tls`, and it is from then on: there is no way back to plain text, for no operation.
/// - A peer that ends the connection without saying so, as a cut line or an attacker does, is `Error` with the kind
///   `Truncated` once, and then `Disconnected`. An orderly end is `Disconnected` at once.
/// - In non-blocking mode `Done(k)` means that `k` bytes are encrypted; those that the system had no room for, 64 KiB
///   and a little at most, count as [`pending_bytes`](Self::pending_bytes), and [`flush`](Self::flush) and later sends
///   and receives move them on.
///
/// Dropping the socket or [`disconnect`](Self::disconnect) tells the peer that nothing more comes, if that takes no
/// waiting.
///
/// # Examples
///
/// ```
/// use sockeye::{
///     IpAddress, TcpListener, TcpSocket, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsSocket, Trust,
/// };
///
/// # #[cfg(feature = "tls")] {
/// let identity = TlsIdentity::self_signed(&["localhost"])?;
/// let mut options = TlsClientOptions::default();
/// options.trust = Trust::Pinned(vec![identity.fingerprint()]);
/// let client_config = TlsClient::with_options(options)?;
/// let server_config = TlsServer::new(identity)?;
///
/// let mut listener = TcpListener::new();
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
/// let port = listener.local_port();
/// let server = std::thread::spawn(move || {
///     let mut socket = TlsSocket::server(listener.accept().into_result()?, &server_config)?;
///     socket.send(b"hello").into_result()
/// });
///
/// let mut socket = TcpSocket::new();
/// socket.connect(IpAddress::LOCAL_HOST, port).into_result()?;
/// let mut socket = TlsSocket::client(socket, &client_config, "localhost")?;
/// let mut buffer = [0; 64];
/// assert_eq!(socket.receive(&mut buffer).done(), Some(5));
/// assert_eq!(&buffer[..5], b"hello");
/// assert!(socket.receive(&mut buffer).is_disconnected());
/// # assert_eq!(server.join().unwrap()?, 5);
/// # }
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct TlsSocket {
    link: Link<Session>,
    remote: Option<SocketAddr>,
}

impl TlsSocket {
    /// Begins a session as its client, with a server that has to prove this name: a DNS name or an IP address.
    ///
    /// The socket may be connected, or connecting; its mode, its timeout and its limits stay. What it has in its outbox
    /// goes first, as it is; what it has received and not given away has to be the server's part of the session.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a name that is none. The connection is closed then.
    pub fn client(socket: TcpSocket, config: &TlsClient, name: &str) -> Result<Self> {
        Ok(Self::over(socket, Session::client(&config.engine, name)?))
    }

    /// Begins a session as its server.
    ///
    /// The socket is as for [`client`](Self::client).
    ///
    /// # Errors
    ///
    /// [`Error::Tls`] in theory. The connection is closed then.
    pub fn server(socket: TcpSocket, config: &TlsServer) -> Result<Self> {
        Ok(Self::over(socket, Session::server(&config.engine)?))
    }

    fn over(socket: TcpSocket, session: Session) -> Self {
        let (link, remote) = socket.into_parts();
        Self { link: link.through(|received, unsent| session.take_over(received, unsent)), remote }
    }

    /// Ends the handshake: `Done` once the session is there, `NotReady` until then.
    ///
    /// In blocking mode it waits for the peer, at most for the [`timeout`](Self::timeout). A pending connect is ended
    /// first. `Error` with the kind `TimedOut` when the limit of the handshake has passed; the socket is closed then.
    /// `Error` with the kind `Tls` when there is no session with this peer, then and from then on.
    pub fn handshake(&mut self) -> Status {
        self.link.handshake()
    }

    /// Tells the peer that nothing more comes, if that takes no waiting, and closes the connection. What is in the
    /// outbox is dropped.
    pub fn disconnect(&mut self) {
        self.link.disconnect();
        self.remote = None;
    }

    /// Returns the protocol that both ends have agreed to (ALPN), if they have.
    #[must_use]
    pub fn protocol(&self) -> Option<&[u8]> {
        self.session()?.protocol()
    }

    /// Returns the version of TLS, once it is agreed.
    #[must_use]
    pub fn version(&self) -> Option<TlsVersion> {
        self.session()?.version()
    }

    /// Tells whether the session goes on from an earlier one, which saves the certificates and half of the time.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.session().is_some_and(Session::is_resumed)
    }

    /// Returns the peer's certificate in its binary form (DER), once it has shown one.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&[u8]> {
        self.session()?.peer_certificate()
    }

    /// Returns the fingerprint of the peer's certificate, once it has shown one.
    #[must_use]
    pub fn peer_fingerprint(&self) -> Option<Fingerprint> {
        Fingerprint::of_certificate(self.peer_certificate()?).ok()
    }

    /// Fills `output` with bytes that only the two ends of this session know, the same for the same label and context
    /// (RFC 5705, RFC 8446 section 7.5).
    ///
    /// # Errors
    ///
    /// [`Error::NotReady`] before the handshake has ended, [`Error::Disconnected`] without a connection,
    /// [`Error::Tls`] when the session has failed or the output is empty or too long.
    pub fn export_keying_material(&self, label: &[u8], context: Option<&[u8]>, output: &mut [u8]) -> Result<()> {
        self.session().ok_or(Error::Disconnected)?.export(label, context, output)
    }

    #[cfg(feature = "ftp")]
    pub(crate) fn handle_mut(&mut self) -> Option<&mut crate::sys::Handle> {
        self.link.handle_mut()
    }

    /// Takes the connection from the session, which says nothing more on it.
    #[cfg(feature = "ftp")]
    pub(crate) fn take_handle(&mut self) -> Option<crate::sys::Handle> {
        self.link.take_handle()
    }

    #[cfg(any(feature = "http", feature = "messages"))]
    #[inline]
    pub(crate) fn link_mut(&mut self) -> &mut Link<impl crate::link::Wire> {
        &mut self.link
    }

    /// Tells whether it holds something that the system has not taken yet, which a handshake does not say.
    #[cfg(feature = "ftp")]
    pub(crate) fn wants_to_send(&self) -> bool {
        self.session().is_some_and(Session::wants_to_send)
    }

    fn session(&self) -> Option<&Session> {
        self.link.is_open().then(|| self.link.wire())
    }
}

stream_methods!(TlsSocket);
address_methods!(TlsSocket);

impl Drop for TlsSocket {
    fn drop(&mut self) {
        self.disconnect();
    }
}

/// A version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum TlsVersion {
    /// TLS 1.2 (RFC 5246)
    #[default]
    Tls12,
    /// TLS 1.3 (RFC 8446)
    Tls13,
}

/// How long a handshake may take unless the options say otherwise.
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(5);
