//! A connection that carries messages.

mod looped;
mod receive;
mod send;
mod surface;

use std::mem;

use super::{codec::Codec, framing::Framing, incoming::Incoming};
use crate::{error::Error, stream::Stream, tcp::TcpSocket};

/// Messages over a TCP, local or encrypted connection.
///
/// A message arrives whole or not at all. Everything else is as for the sockets: blocking, with a timeout, or
/// non-blocking; in a selector; and by the same table of statuses, where `send` and `receive` answer as `send_packet`
/// and `receive_packet` do. A message leaves with one system call when the system has room for it.
///
/// What breaks the framing ends the connection: `Error` with the kind `Malformed`, `TooLong`, `PeerRefused` or
/// `Collision`, then `Disconnected`. The bytes that were not understood are there for [`unread`](Self::unread).
///
/// # Examples
///
/// ```
/// use sockeye::{Connection, Endpoint, Framing, IpAddress, TcpListener};
///
/// let mut listener = TcpListener::new();
/// listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
/// let endpoint = Endpoint::parse(&listener.local_port().to_string())?;
///
/// let mut client = Connection::connect(&endpoint, Framing::lines(), None)?;
/// let mut server = Connection::new(listener.accept().into_result()?, Framing::lines());
///
/// client.send(b"hello").into_result()?;
/// client.send(b"world").into_result()?;
/// assert_eq!(server.receive().done().as_deref(), Some(&b"hello"[..]));
/// assert_eq!(server.receive().done().as_deref(), Some(&b"world"[..]));
///
/// client.close();
/// assert!(server.receive().is_disconnected());
/// # Ok::<(), sockeye::Error>(())
/// ```
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    incoming: Incoming,
    framing: Framing,
    /// `None` is the framing's own.
    limit: Option<usize>,
    phase: Phase,
    acknowledgements: Acknowledgements,
    was_reset: bool,
}

#[derive(Debug)]
enum Phase {
    Open,
    /// The bytes that come next are no message: who receives is told, and the connection ends.
    Broken(Error),
    /// A poll has found this end, and who receives is told.
    Found(Error),
    /// The peer sends nothing more, and whoever received has heard why.
    Ended,
}

/// How the peer hears that what it has sent has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Acknowledgements {
    /// With the next bytes that this end sends.
    Carried,
    /// The same, and bytes have come since this end has sent any.
    Due,
    /// At once: nothing seems to go the other way.
    AtOnce,
}

impl Connection {
    /// Sends and receives messages over a connection, which may still be connecting.
    ///
    /// Bytes that came with packets and that nobody has taken are the first ones received. The mode, the timeout and the
    /// limit of the outbox stay.
    #[must_use]
    pub fn new(stream: impl Into<Stream>, framing: Framing) -> Self {
        let mut stream = stream.into();
        let received = stream.take_received();
        let incoming = Incoming::new(Codec::new(framing, None), received);
        let (phase, acknowledgements) = (Phase::Open, Acknowledgements::Carried);
        let mut connection = Self { stream, incoming, framing, limit: None, phase, acknowledgements, was_reset: false };
        connection.greet();
        connection
    }

    /// Goes on in another framing with the next byte that has not become a message.
    ///
    /// That byte may have arrived long ago. A limit that was set stays.
    pub fn set_framing(&mut self, framing: Framing) {
        self.framing = framing;
        self.incoming.change(Codec::new(framing, self.limit));
        self.greet();
        self.reconsider();
    }

    /// Returns the framing.
    #[must_use]
    pub fn framing(&self) -> Framing {
        self.framing
    }

    /// Sets the largest message to send or to receive, in bytes without what the framing adds; `None` is the framing's
    /// own limit, see [`Framing::default_limit`]. It holds for the next message received, whatever has arrived of it.
    pub fn set_message_limit(&mut self, bytes: Option<usize>) {
        self.limit = bytes;
        self.incoming.set_limit(bytes.unwrap_or_else(|| self.framing.default_limit()));
        self.reconsider();
    }

    /// Returns the largest message to send or to receive.
    #[must_use]
    pub fn message_limit(&self) -> usize {
        self.incoming.codec().limit()
    }

    /// Closes the connection, if there is one; what is in its outbox is dropped, what has been received stays.
    ///
    /// What was sent before still reaches the peer, also when the peer has sent something that nobody has received. Call
    /// [`flush`](Self::flush) first to wait for the outbox.
    pub fn close(&mut self) {
        // Whoever waits for an answer hears it before the end.
        let _ = self.send_answers_at_once();
        self.stream.end();
    }

    /// Gives the connection back, with the bytes that have arrived and have not become messages.
    #[must_use]
    pub fn into_parts(mut self) -> (Stream, Vec<u8>) {
        let _ = self.send_answers_at_once();
        let unread = self.unread();
        (mem::replace(&mut self.stream, TcpSocket::new().into()), unread)
    }

    /// Returns what carries the messages, for example to ask for a certificate or for the peer's credentials.
    #[must_use]
    pub fn stream(&self) -> &Stream {
        &self.stream
    }
}

/// Whoever waits for an answer hears it before the end, as with [`close`](Connection::close).
impl Drop for Connection {
    fn drop(&mut self) {
        let _ = self.send_answers_at_once();
    }
}

#[cfg(test)]
mod tests;
