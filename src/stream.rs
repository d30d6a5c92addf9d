//! One stream, whatever carries it.

#[cfg(feature = "messages")]
mod messages;
#[cfg(feature = "http")]
mod requests;

#[cfg(feature = "messages")]
use crate::local::LocalSocket;
use crate::{status::Status, sys::Handle, tcp::TcpSocket, tls::TlsSocket};
#[cfg(feature = "http")]
pub(crate) use requests::PATIENCE;

/// A connection of any kind, as protocols use it: plain, local or encrypted.
///
/// Each kind of socket becomes one with `From`.
#[derive(Debug)]
#[non_exhaustive]
#[cfg_attr(not(feature = "messages"), allow(unreachable_pub))]
#[cfg_attr(not(feature = "messages"), expect(clippy::large_enum_variant, reason = "most are plain, and few are kept"))]
pub enum Stream {
    /// A TCP connection.
    Tcp(TcpSocket),
    /// A connection to a program of the same machine.
    #[cfg(feature = "messages")]
    Local(LocalSocket),
    /// An encrypted TCP connection.
    Tls(Box<TlsSocket>),
}

impl Stream {
    /// Sends what the system has not taken yet.
    pub(crate) fn flush(&mut self) -> Status {
        match self {
            Self::Tcp(socket) => socket.flush(),
            #[cfg(feature = "messages")]
            Self::Local(socket) => socket.flush(),
            Self::Tls(socket) => socket.flush(),
        }
    }

    /// Tells selectors whether a receive has an answer that the system does not know of.
    #[inline]
    pub(crate) fn tell_whether_received(&mut self, has_answer: bool) {
        match self {
            Self::Tcp(socket) => socket.link_mut().tell_whether_received(has_answer),
            #[cfg(feature = "messages")]
            Self::Local(socket) => socket.link_mut().tell_whether_received(has_answer),
            Self::Tls(socket) => socket.link_mut().tell_whether_received(has_answer),
        }
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Tcp(socket) => socket.handle(),
            #[cfg(feature = "messages")]
            Self::Local(socket) => socket.handle(),
            Self::Tls(socket) => socket.handle(),
        }
    }
    pub(crate) fn handle_mut(&mut self) -> Option<&mut Handle> {
        match self {
            Self::Tcp(socket) => socket.link_mut().handle_mut(),
            #[cfg(feature = "messages")]
            Self::Local(socket) => socket.link_mut().handle_mut(),
            Self::Tls(socket) => socket.link_mut().handle_mut(),
        }
    }
}
