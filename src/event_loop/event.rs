//! What happens in an event loop.

use std::{error, fmt, time::Duration, time::Instant};

use crate::error::Error;

/// Names a connection of an [`EventLoop`](crate::EventLoop). It is never given to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(super) usize);

/// Names a listener of an [`EventLoop`](crate::EventLoop). It is never given to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub(super) usize);

/// Names a timer of an [`EventLoop`](crate::EventLoop). It is never given to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId {
    pub(super) at: Instant,
    pub(super) number: usize,
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// Something that has happened in an [`EventLoop`](crate::EventLoop).
///
/// A connection has one `Opened`, then what it receives in order, then one `Closed`. A connect that fails has the
/// `Closed` alone, and an accepted connection that never opens has none.
#[derive(Debug)]
#[non_exhaustive]
pub enum LoopEvent {
    /// The connection can be used: connected, encrypted if it is to be, and greeted where the framing has it so.
    Opened {
        /// The connection.
        id: ConnectionId,
        /// Where it was accepted; `None` for one that the program has begun.
        listener: Option<ListenerId>,
    },
    /// A message has arrived.
    Message {
        /// The connection.
        id: ConnectionId,
        /// The message, or with [`Framing::Raw`](crate::Framing::Raw) the bytes that have arrived.
        message: Vec<u8>,
    },
    /// There is something to [`receive`](crate::EventLoop::receive): only with
    /// [`Reading::Readiness`](crate::Reading::Readiness), and again until it has been received.
    Readable {
        /// The connection.
        id: ConnectionId,
    },
    /// More bytes wait for the peer than [`high_water`](crate::ConnectionOptions::high_water), or a send was
    /// `NotReady`: said once until there is a `Drained`.
    HighWater {
        /// The connection.
        id: ConnectionId,
        /// How many bytes wait.
        queued: usize,
    },
    /// Nothing waits for the peer any more, and the next message is taken, after a `HighWater`.
    Drained {
        /// The connection.
        id: ConnectionId,
    },
    /// A timer has run out.
    Timer {
        /// The timer.
        id: TimerId,
    },
    /// The connection is gone.
    Closed {
        /// The connection.
        id: ConnectionId,
        /// Why.
        reason: CloseReason,
        /// What had arrived and was no whole message, as the peer sent it; behind [`Reading::Paused`](crate::Reading), all
        /// that had arrived.
        leftover: Vec<u8>,
    },
    /// The host of a listener has been looked up, and connections are accepted from now on. A listener that needs no
    /// lookup accepts from the first and does not say so.
    Listening {
        /// The listener.
        listener: ListenerId,
        /// The port that it has got.
        port: u16,
    },
    /// A listener is gone before it has listened: its host has no address, or none that it can listen on.
    ListenFailed {
        /// The listener.
        listener: ListenerId,
        /// Why.
        error: Error,
    },
    /// A connection could not be accepted, for example because there are no descriptors left. The listener lives on; it
    /// waits for a moment.
    AcceptFailed {
        /// The listener.
        listener: ListenerId,
        /// Why.
        error: Error,
    },
}

/// Why a connection is gone.
#[derive(Debug)]
#[non_exhaustive]
pub enum CloseReason {
    /// The peer has ended or reset it where no message was begun, or takes nothing more in a
    /// [pause](crate::Reading::Paused).
    Peer,
    /// The program has closed it.
    Local,
    /// The loop was shut down.
    Shutdown,
    /// It was never open: nobody there, no address, no agreement on encryption, no greeting, or not in time.
    ConnectFailed(Error),
    /// The peer has ended it inside a message (`Truncated`), or has broken the framing or the encryption; or another
    /// thread has sent what the framing cannot carry, see [`LoopHandle::send`](crate::LoopHandle::send).
    Failed(Error),
    /// Nothing came and nothing went for this long, see [`idle_limit`](crate::ConnectionOptions::idle_limit).
    Idle(Duration),
    /// The peer took nothing for this long, see [`stall_limit`](crate::ConnectionOptions::stall_limit).
    Stalled(Duration),
    /// Another thread has sent more than the queue could take, see [`LoopHandle::send`](crate::LoopHandle::send).
    QueueFull,
    /// A hook of the program has answered with this error.
    Handler(Box<dyn error::Error + Send + Sync>),
    /// A hook of the program has panicked with this text.
    Panicked(String),
}

impl CloseReason {
    /// Returns the error, if there is one of this crate.
    #[must_use]
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::ConnectFailed(error) | Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for CloseReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Peer => write!(f, "the peer has ended the connection"),
            Self::Local => write!(f, "the program has closed the connection"),
            Self::Shutdown => write!(f, "the loop was shut down"),
            Self::ConnectFailed(error) => write!(f, "the connection could not be opened: {error}"),
            Self::Failed(error) => write!(f, "the connection has failed: {error}"),
            Self::Idle(limit) => write!(f, "nothing came and nothing went for {limit:?}"),
            Self::Stalled(limit) => write!(f, "the peer took nothing for {limit:?}"),
            Self::QueueFull => write!(f, "more was sent than the queue could take"),
            Self::Handler(error) => write!(f, "the program has failed: {error}"),
            Self::Panicked(text) => write!(f, "the program has panicked: {text}"),
        }
    }
}
