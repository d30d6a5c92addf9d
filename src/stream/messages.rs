//! What framed messages need of a stream.

use super::Stream;
use crate::{
    error::{Error, Result},
    ip::IpAddress,
    local::LocalSocket,
    mode::{Attempt, Mode},
    sys::Handle,
    tcp::TcpSocket,
    tls::TlsSocket,
};

impl From<TcpSocket> for Stream {
    fn from(socket: TcpSocket) -> Self {
        Self::Tcp(socket)
    }
}

impl From<LocalSocket> for Stream {
    fn from(socket: LocalSocket) -> Self {
        Self::Local(socket)
    }
}

impl From<TlsSocket> for Stream {
    fn from(socket: TlsSocket) -> Self {
        Self::Tls(Box::new(socket))
    }
}

/// Does the same with the link of whichever socket it is.
macro_rules! with_link {
    ($stream:expr, $link:ident => $body:expr) => {
        match $stream {
            Stream::Tcp(socket) => {
                let $link = socket.link_mut();
                $body
            }
            Stream::Local(socket) => {
                let $link = socket.link_mut();
                $body
            }
            Stream::Tls(socket) => {
                let $link = socket.link_mut();
                $body
            }
        }
    };
}

impl Stream {
    #[inline]
    pub(crate) fn mode(&self) -> Mode {
        match self {
            Self::Tcp(socket) => socket.mode(),
            Self::Local(socket) => socket.mode(),
            Self::Tls(socket) => socket.mode(),
        }
    }

    pub(crate) fn set_mode(&mut self, mode: Mode) -> Result<()> {
        with_link!(self, link => link.set_mode(mode))
    }

    /// See `Link::send_whole`.
    #[inline]
    pub(crate) fn send_whole(&mut self, attempt: &mut Attempt, first: &[u8], second: &[u8]) -> Result<()> {
        with_link!(self, link => link.send_whole(attempt, first, second))
    }

    /// See `Link::receive_behind`.
    #[inline]
    pub(crate) fn receive_behind(&mut self, attempt: &mut Attempt, buffer: &mut Vec<u8>, room: usize) -> Result<usize> {
        with_link!(self, link => link.receive_behind(attempt, buffer, room))
    }

    /// See `Link::receive_part`.
    #[inline]
    pub(crate) fn receive_part(&mut self, attempt: &mut Attempt, buffer: &mut [u8]) -> Result<usize> {
        with_link!(self, link => link.receive_part(attempt, buffer))
    }

    /// Puts bytes behind those that wait to be sent, also while it connects.
    pub(crate) fn queue_whole(&mut self, first: &[u8], second: &[u8]) -> Result<()> {
        with_link!(self, link => link.queue_whole(first, second))
    }

    /// Drops what waits for room, as far as no session has encrypted it.
    pub(crate) fn drop_unsent(&mut self) {
        with_link!(self, link => link.drop_unsent());
    }

    /// See `Link::flush_within`.
    pub(crate) fn flush_within(&mut self, attempt: &mut Attempt) -> Result<()> {
        with_link!(self, link => link.flush_within(attempt))
    }

    /// See `Link::finish_connect_keeping`.
    pub(crate) fn finish_connect_keeping(&mut self, failed: &mut Option<Handle>) -> Result<()> {
        with_link!(self, link => link.finish_connect_keeping(failed).into_result())
    }

    /// Ends a pending connect and a handshake, if they can be ended now.
    pub(crate) fn handshake(&mut self) -> crate::status::Status {
        with_link!(self, link => link.handshake())
    }

    /// Takes the bytes that came with packets and that nobody has taken.
    pub(crate) fn take_received(&mut self) -> Vec<u8> {
        with_link!(self, link => link.take_received())
    }

    /// Local sockets acknowledge nothing.
    pub(crate) fn acknowledge_at_once(&mut self) {
        match self {
            Self::Tcp(socket) => socket.link_mut().acknowledge_at_once(),
            Self::Local(_) => {}
            Self::Tls(socket) => socket.link_mut().acknowledge_at_once(),
        }
    }

    /// Tells whether the stream keeps bytes back, so that a short read does not mean that there are no more.
    pub(crate) fn buffers(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    pub(crate) fn is_connected(&self) -> bool {
        match self {
            Self::Tcp(socket) => socket.is_connected(),
            Self::Local(socket) => socket.is_connected(),
            Self::Tls(socket) => socket.is_connected(),
        }
    }

    /// Tells whether a connect has to ask a local listener again, whose full queue no selector tells of.
    pub(crate) fn waits_for_a_queue(&self) -> bool {
        matches!(self, Self::Local(socket) if !socket.is_connected())
    }

    /// See `Link::is_established`.
    pub(crate) fn is_established(&mut self) -> bool {
        with_link!(self, link => link.is_established())
    }

    pub(crate) fn disconnect(&mut self) {
        match self {
            Self::Tcp(socket) => socket.disconnect(),
            Self::Local(socket) => socket.disconnect(),
            Self::Tls(socket) => socket.disconnect(),
        }
    }

    /// Disconnects, as orderly as that goes without waiting; what waits for room is dropped.
    ///
    /// A socket that is closed over bytes that nobody has read resets the connection (RFC 2525 section 2.17), and what is
    /// still on its way to the peer is lost. So they are read first. A peer that never stops is not listened to for long.
    pub(crate) fn end(&mut self) {
        let mode = self.mode();
        if self.is_connected() && self.set_mode(Mode::AT_ONCE).is_ok() {
            let waits = self.pending_bytes() > 0;
            let ended =
                if waits { Err(Error::NotReady) } else { self.shutdown_send_within(&mut Mode::AT_ONCE.begin()) };
            if ended.or_else(|_| with_link!(self, link => link.cut_off())).is_ok() {
                with_link!(self, link => link.receive_for_nobody(MOST_UNWANTED));
            }
        }
        self.disconnect();
        // Without a connection the mode is a note, which nothing can refuse.
        let _ = self.set_mode(mode);
    }

    /// See `Link::shutdown_send_within`.
    pub(crate) fn shutdown_send_within(&mut self, attempt: &mut Attempt) -> Result<()> {
        with_link!(self, link => link.shutdown_send_within(attempt))
    }

    pub(crate) fn pending_bytes(&self) -> usize {
        match self {
            Self::Tcp(socket) => socket.pending_bytes(),
            Self::Local(socket) => socket.pending_bytes(),
            Self::Tls(socket) => socket.pending_bytes(),
        }
    }

    pub(crate) fn outbox_limit(&self) -> usize {
        match self {
            Self::Tcp(socket) => socket.outbox_limit(),
            Self::Local(socket) => socket.outbox_limit(),
            Self::Tls(socket) => socket.outbox_limit(),
        }
    }

    pub(crate) fn set_outbox_limit(&mut self, bytes: usize) {
        with_link!(self, link => link.set_outbox_limit(bytes));
    }

    /// This end's address and port; `None` without a connection, and for local sockets.
    pub(crate) fn local(&self) -> Option<(IpAddress, u16)> {
        match self {
            Self::Tcp(socket) => Some((socket.local_address()?, socket.local_port())),
            Self::Local(_) => None,
            Self::Tls(socket) => Some((socket.local_address()?, socket.local_port())),
        }
    }

    /// The peer's.
    pub(crate) fn remote(&self) -> Option<(IpAddress, u16)> {
        match self {
            Self::Tcp(socket) => Some((socket.remote_address()?, socket.remote_port())),
            Self::Local(_) => None,
            Self::Tls(socket) => Some((socket.remote_address()?, socket.remote_port())),
        }
    }
}

/// How much is read at the end for nobody.
const MOST_UNWANTED: usize = 1024 * 1024;
