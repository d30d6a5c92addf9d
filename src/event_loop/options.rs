//! How an event loop divides its time, and what it allows its peers.

use std::time::Duration;

use crate::{
    discovery::TxtRecord,
    tls::{TlsClient, TlsServer},
};

/// How an [`EventLoop`](crate::EventLoop) divides its time, and whom it takes in.
///
/// # Examples
///
/// ```
/// use sockeye::{EventLoop, EventLoopOptions};
///
/// let mut options = EventLoopOptions::default();
/// options.max_connections = Some(1000);
/// options.max_per_address = Some(10);
/// let event_loop = EventLoop::with_options(options)?;
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct EventLoopOptions {
    /// How many messages one round gives at most, or [`Readable`](crate::LoopEvent::Readable) for those that the program
    /// receives, and how many other events besides those that it begins with; the default is 1024.
    pub round_messages: usize,
    /// How many bytes of messages one round gives before it ends; the default is 4 MiB.
    pub round_bytes: usize,
    /// How many connections there may be, accepted and others; `None`, the default, leaves it to the system. Peers that
    /// come then are accepted and closed.
    pub max_connections: Option<usize>,
    /// How many accepted connections one address may have; `None`, the default, is no limit. The addresses of an IPv6
    /// network of 64 bits count as one, since whoever has one of them has all. Local sockets have no address.
    pub max_per_address: Option<usize>,
    /// How many accepted connections of each listener may be in a handshake; the default is 1024.
    pub max_opening: usize,
    /// How often [`run`](crate::EventLoop::run) calls [`tick`](crate::Handler::tick); the default is 100 milliseconds,
    /// `None` is never, zero is after every round.
    pub tick: Option<Duration>,
}

impl Default for EventLoopOptions {
    fn default() -> Self {
        Self {
            round_messages: 1024,
            round_bytes: 4 * 1024 * 1024,
            max_connections: None,
            max_per_address: None,
            max_opening: 1024,
            tick: Some(Duration::from_millis(100)),
        }
    }
}

/// How an [`EventLoop`](crate::EventLoop) listens.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ListenOptions {
    /// Encrypts every connection and accepts no others; `None`, the default, encrypts none.
    pub tls: Option<TlsServer>,
    /// What a service says of itself besides its name and its port; nothing by default, and with `tls` the
    /// [fingerprint](TxtRecord::set_fingerprint) of the certificate in any case.
    pub txt: TxtRecord,
    /// What holds for each accepted connection.
    pub connection: ConnectionOptions,
}

/// How an [`EventLoop`](crate::EventLoop) connects.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct ConnectOptions {
    /// Encrypts the connection or fails; `None`, the default, does not encrypt it.
    pub tls: Option<TlsClient>,
    /// The name that the peer has to prove; `None`, the default, is the host of the endpoint, or `localhost` where it
    /// has none. A service has to be given with a name: what was found may be anybody.
    pub tls_name: Option<String>,
    /// What holds for the connection.
    pub connection: ConnectionOptions,
}

/// What an [`EventLoop`](crate::EventLoop) allows one of its connections.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ConnectionOptions {
    /// The longest message in both directions; `None`, the default, is the framing's own, see
    /// [`Framing::default_limit`](crate::Framing::default_limit).
    pub message_limit: Option<usize>,
    /// What is given of what arrives; by default its messages.
    pub reading: Reading,
    /// How many bytes wait for a peer that does not read before a send answers `NotReady`; the default is 8 MiB. A
    /// message of any size is taken when none waits.
    pub queue_limit: usize,
    /// From how many waiting bytes on there is a [`HighWater`](crate::LoopEvent::HighWater); the default is 1 MiB.
    pub high_water: usize,
    /// How long it may take until the connection is open: connecting, the TLS handshake and the greeting of tinyproto
    /// together; the default is 5 seconds, `None` is for ever.
    pub opening_limit: Option<Duration>,
    /// How long nothing may come and go; `None`, the default, is for ever.
    pub idle_limit: Option<Duration>,
    /// How long a peer may take nothing of what waits for it, or with [`Reading::Messages`] give none of 4096 answers of
    /// tinyproto that are due; the default is 30 seconds, `None` is for ever.
    pub stall_limit: Option<Duration>,
}

impl Default for ConnectionOptions {
    fn default() -> Self {
        Self {
            message_limit: None,
            reading: Reading::default(),
            queue_limit: 8 * 1024 * 1024,
            high_water: 1024 * 1024,
            opening_limit: Some(Duration::from_secs(5)),
            idle_limit: None,
            stall_limit: Some(Duration::from_secs(30)),
        }
    }
}

/// What a loop does with what arrives at a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Reading {
    /// It gives the messages, as [`Message`](crate::LoopEvent::Message).
    #[default]
    Messages,
    /// It tells that there is something, as [`Readable`](crate::LoopEvent::Readable), in every round until it has been
    /// taken with [`receive`](crate::EventLoop::receive).
    Readiness,
    /// It takes nothing, so that the peer has to wait; answers of tinyproto only when something is sent. That the peer has
    /// gone shows when something is sent, or when reading goes on: to whom nothing can be sent any more is closed in a
    /// pause, also in one that begins later.
    Paused,
}
