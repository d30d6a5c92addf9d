//! One stream, whatever carries it.

use std::{fs::File, io, time::Duration};

use crate::{error::Result, status::Status, sys::Handle, tcp::TcpSocket, tls::TlsSocket};

/// A connection as the protocols use it, plain or encrypted. Nothing waits but what says so.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "most are plain, and few are kept")]
pub(crate) enum Stream {
    Tcp(TcpSocket),
    Tls(Box<TlsSocket>),
}

impl Stream {
    #[inline]
    pub(crate) fn send(&mut self, data: &[u8]) -> Status<usize> {
        match self {
            Self::Tcp(socket) => socket.link_mut().send_now(data),
            Self::Tls(socket) => socket.send(data),
        }
    }

    #[inline]
    pub(crate) fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
        match self {
            Self::Tcp(socket) => socket.link_mut().receive_now(buffer),
            Self::Tls(socket) => socket.receive(buffer),
        }
    }

    /// Receives and waits in the system's own call, for [`PATIENCE`] at most: `NotReady` then, and also after a signal.
    /// Call [`grow_patient`](Self::grow_patient) first.
    #[inline]
    pub(crate) fn receive_patiently(&mut self, buffer: &mut [u8]) -> Status<usize> {
        match self {
            Self::Tcp(socket) => socket.link_mut().receive_patiently(buffer),
            Self::Tls(socket) => socket.receive(buffer),
        }
    }

    /// Makes the next receives ones that may wait; `false` where that cannot be. It costs two calls the first time.
    pub(crate) fn grow_patient(&mut self) -> Result<bool> {
        match self {
            Self::Tcp(socket) => socket.link_mut().grow_patient(PATIENCE),
            Self::Tls(_) => Ok(false),
        }
    }

    /// See [`TcpSocket::settle`].
    pub(crate) fn settle(&mut self) {
        if let Self::Tcp(socket) = self {
            socket.settle();
        }
    }

    /// Sends what the session has encrypted and the system has not taken yet.
    pub(crate) fn flush(&mut self) -> Status {
        match self {
            Self::Tcp(socket) => socket.flush(),
            Self::Tls(socket) => socket.flush(),
        }
    }

    /// Sends a part of a file without copying it through this program, as far as the system can; `None` where it
    /// cannot, or where the bytes must be encrypted first.
    pub(crate) fn send_file(&mut self, file: &File, offset: u64, count: u64) -> Option<io::Result<usize>> {
        let Self::Tcp(socket) = self else { return None };
        // The system has no such call that does not wait in blocking mode.
        socket.link_mut().lose_patience().ok()?;
        crate::sys::send_file(socket.handle()?.socket(), file, offset, count)
    }

    /// Tells whether a receive that was not filled has taken all that there was.
    pub(crate) fn short_means_empty(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    pub(crate) fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Tcp(socket) => socket.handle(),
            Self::Tls(socket) => socket.handle(),
        }
    }

    pub(crate) fn handle_mut(&mut self) -> Option<&mut Handle> {
        match self {
            Self::Tcp(socket) => socket.handle_mut(),
            Self::Tls(socket) => socket.handle_mut(),
        }
    }
}

/// How long a receive waits at most before its caller looks at the clock again.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
