//! Sockets that answer: TCP, UDP, TLS and local sockets, and an HTTP client, for programs that cannot wait.
//!
//! Every operation answers with a [`Status`]: `Done`, `NotReady`, `Disconnected` or `Error`. It is SFML's network
//! module thought through again for Rust: the same small nouns, and one table of what each of them answers when.
//!
//! ```
//! use std::time::Duration;
//! use sockeye::{IpAddress, Packet, SocketSelector, TcpListener, TcpSocket};
//!
//! let mut listener = TcpListener::new();
//! listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
//! let mut player = TcpSocket::new();
//! player.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result()?;
//! let mut server = listener.accept().into_result()?;
//!
//! let mut packet = Packet::new();
//! packet.write_str("jump").write_f32(0.5);
//! player.send_packet(&packet).into_result()?;
//!
//! server.set_blocking(false)?;
//! let mut selector = SocketSelector::new()?;
//! selector.add(&server)?;
//! assert!(selector.wait(Some(Duration::from_secs(5)))?);
//! let mut received = Packet::new();
//! assert!(server.receive_packet(&mut received).is_done());
//! assert_eq!(received.read_string()?, "jump");
//! assert!(server.receive_packet(&mut received).is_not_ready());
//! # Ok::<(), sockeye::Error>(())
//! ```
//!
//! # The nouns
//!
//! - [`TcpSocket`] and [`TcpListener`]: connections, in blocking or non-blocking mode; [`LocalSocket`] and
//!   [`LocalListener`]: the same between programs of one machine.
//! - [`UdpSocket`]: datagrams, groups of receivers, many at a time with a [`DatagramBatch`].
//! - [`Packet`]: typed values, byte-compatible with SFML's `sf::Packet`; [`PacketValue`] for your own types.
//! - [`SocketSelector`]: waits for any number of sockets; sockets leave it by themselves when they end.
//! - [`IpAddress`]: IPv4 and IPv6, literals, names, the addresses of this machine, and the one that the internet sees.
//! - [`TlsSocket`]: an encrypted connection with the methods of a [`TcpSocket`]; [`TlsClient`] and [`TlsServer`] say whom
//!   to trust and what to show.
//! - [`Http`]: [`HttpRequest`] in, [`HttpResponse`] out, waiting or, with an [`HttpExchange`], not.
//! - [`Ftp`]: files of a server, listed, downloaded, uploaded and resumed, waiting or, with an [`FtpTransfer`], not.
//! - [`Connection`]: messages over any of them, in a [`Framing`]; the framings of Python programs and of netcat too.
//! - [`Listener`] and [`Client`]: connections that carry messages, with an [`AuthKey`] on both sides or without, to
//!   programs of this crate and to `multiprocessing.connection` of Python; [`pickle`] for what it sends as objects.
//! - [`EventLoop`]: many of them and their listeners in one thread, as events or through a [`Handler`].
//! - [`discovery`]: services of the local network, published, found and watched.
//! - [`Endpoint`]: where to listen and to connect, as one text: `host:port`, `/path`, `service|pattern`.
//! - [`Status`] and [`Error`]: what happened, and why.
//!
//! # The table
//!
//! All sockets obey it, on IPv4, IPv6, paths and over TLS; each row is tested.
//!
#![doc = include_str!("../docs/status-table.md")]
//!
//! Accepted sockets start in the listener's mode; a socket keeps its mode and its limits when it is connected again.
//! Ports are 0 and addresses `None` when there is no connection. The defaults: blocking, no timeout, `TCP_NODELAY` on,
//! `SO_REUSEADDR` on listeners (Unix), the longest queue of waiting connections that the system allows, close-on-exec,
//! broadcasts allowed on UDP, and IPv4 peers of IPv6 sockets reported as IPv4. Every other option of the system can be
//! set through `native_handle`.
//!
//! # Threads
//!
//! Every type can be sent to and shared between threads. A [`UdpSocket`] sends and receives through `&self`, so many
//! threads can use one; a stream socket holds half-received packets and an outbox and needs `&mut self`. A
//! [`Waker`] ends a selector's wait from another thread.
//!
//! # Not supported
//!
//! No HTTP/2, no web sockets, no HTTP server; no async runtime and no futures; no reliable or ordered delivery over UDP; no raw or packet sockets; no half of a
//! stream socket on another thread; no file descriptors that are not sockets in a selector.
//!
//! # Features
//!
//! - `http`, on by default: [`Http`] and what belongs to it, `IpAddress::public_address`.
//! - `ftp`: [`Ftp`].
//! - `discovery`: the module of this name; without it, it is there and says that it is off.
//! - `messages`, on by default: [`Connection`], [`Endpoint`], [`Listener`], [`Client`], [`EventLoop`].
//! - `auth`: keys for them. Without it [`AuthKey`] is there and cannot be made.
//! - `pickle`: plain values to and from Python. Without it [`pickle`] is there and answers with an error that names it.
//! - `serde`: `Connection::send_object` and `receive_object`, for values of any type.
//! - `tls`, on by default: encryption. Without it [`TlsSocket`] and its configuration are there and answer with an error
//!   that names the feature.
//! - `public-ip`: `IpAddress::public_address_via_public_ip`, through the crate of that name and the runtime it needs.
//!
//! # Platforms
//!
//! Tested on Linux. macOS, the BSDs and Windows are compiled, not run. Needs Rust 1.88.
#![deny(unsafe_code)]

mod bytes;
#[cfg(any(feature = "ftp", feature = "http"))]
mod codes;
#[cfg(feature = "messages")]
pub mod discovery;
#[cfg(feature = "messages")]
mod endpoint;
mod error;
#[cfg(feature = "messages")]
mod event_loop;
#[cfg(feature = "ftp")]
mod ftp;
#[cfg(feature = "http")]
mod http;
mod ip;
mod link;
mod local;
#[cfg(feature = "messages")]
mod message;
mod mode;
mod packet;
#[cfg(feature = "http")]
mod public_address;
mod selector;
mod status;
#[cfg(any(feature = "http", feature = "messages"))]
mod stream;
mod surface;
mod sys;
mod tcp;
mod time;
mod tls;
mod udp;

#[cfg(feature = "messages")]
pub use endpoint::{Endpoint, ServicePattern};
pub use error::{AuthError, Error, ErrorKind, Limit, Phase, Result, TlsError};
#[cfg(feature = "messages")]
pub use event_loop::{
    CloseReason, ConnectOptions, ConnectionId, ConnectionOptions, EventLoop, EventLoopOptions, Handler, HookResult,
    ListenOptions, ListenerId, LoopCounters, LoopEvent, LoopHandle, LoopThread, Reading, TimerId,
};
#[cfg(feature = "ftp")]
pub use ftp::{
    Append, Ftp, FtpDataMode, FtpDirectoryResponse, FtpEbcdic, FtpEncoding, FtpEntry, FtpEntryKind, FtpFeatures,
    FtpLine, FtpListingResponse, FtpObserver, FtpOptions, FtpProgress, FtpResponse, FtpResume, FtpStatus, FtpTls,
    FtpTransfer, FtpTransferOptions, FtpTreeProgress, TransferMode,
};
#[cfg(feature = "http")]
pub use http::{
    Http, HttpExchange, HttpFields, HttpHead, HttpMethod, HttpObserver, HttpOptions, HttpProgress, HttpRequest,
    HttpResponse, HttpStatus, Multipart, Proxy, Resume, query,
};
pub use ip::IpAddress;
pub use local::{LocalListener, LocalSocket, PeerCredentials};
#[cfg(feature = "messages")]
pub use message::{
    AuthKey, AuthLevel, Client, ClientOptions, Connection, Framing, LineEnding, LineOptions, LineText, Listener,
    ListenerOptions, pickle,
};
pub use packet::{Packet, PacketValue};
#[cfg(feature = "http")]
pub use public_address::{DnsRecord, PublicAddressProvider};
pub use selector::{Event, Interest, Key, Selectable, SocketSelector, Waker};
pub use status::{Status, StatusCode};
#[cfg(feature = "messages")]
pub use stream::Stream;
pub use sys::NativeHandle;
pub use tcp::{TcpListener, TcpSocket};
pub use tls::{
    Fingerprint, KnownHosts, RootCertificates, TlsClient, TlsClientOptions, TlsIdentity, TlsServer, TlsServerOptions,
    TlsSocket, TlsVersion, Trust,
};
pub use udp::{Datagram, DatagramBatch, UdpSocket};

/// Codecs for the targets in `fuzz/`; nobody else sees them.
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing {
    #[cfg(feature = "ftp")]
    pub use crate::ftp::fuzzing::*;
    #[cfg(feature = "http")]
    pub use crate::http::fuzzing::*;
    #[cfg(feature = "messages")]
    pub use crate::message::fuzzing::messages;
    #[cfg(feature = "auth")]
    pub use crate::message::handshake;
    #[cfg(feature = "pickle")]
    pub use crate::message::plain_pickle;
    #[cfg(feature = "http")]
    pub use crate::public_address::fuzzing::{dns_answer, dns_query, stun_answer};
    #[cfg(feature = "tls")]
    pub use crate::tls::known_host;
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeExamples;
