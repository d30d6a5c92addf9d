//! A connection to a client, plain or encrypted. Neither waits.

use sockeye::{Interest, IpAddress, Key, Result, SocketSelector, Status, TcpSocket, TlsServer, TlsSocket};

/// A connection.
#[derive(Debug)]
pub(super) enum Wire {
    Plain(Box<TcpSocket>),
    /// The handshake has not ended.
    Securing(Box<TlsSocket>),
    Secure(Box<TlsSocket>),
    /// Nothing: it could not be secured.
    Gone,
}

impl Wire {
    /// Encrypts it from here on.
    pub(super) fn secure(&mut self, tls: &TlsServer) -> Result<()> {
        match std::mem::replace(self, Self::Gone) {
            Self::Plain(socket) => *self = Self::Securing(Box::new(TlsSocket::server(*socket, tls)?)),
            other => *self = other,
        }
        Ok(())
    }

    /// Goes on with the handshake; `Done` once there is none to go on with.
    pub(super) fn advance(&mut self) -> Status {
        let Self::Securing(session) = self else { return Status::Done(()) };
        let status = session.handshake();
        if status.is_done() {
            match std::mem::replace(self, Self::Gone) {
                Self::Securing(session) => *self = Self::Secure(session),
                other => *self = other,
            }
        }
        status
    }

    pub(super) fn send(&mut self, data: &[u8]) -> Status<usize> {
        match self {
            Self::Plain(socket) => socket.send(data),
            Self::Securing(session) | Self::Secure(session) => session.send(data),
            Self::Gone => Status::Disconnected,
        }
    }

    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
        match self {
            Self::Plain(socket) => socket.receive(buffer),
            Self::Securing(session) | Self::Secure(session) => session.receive(buffer),
            Self::Gone => Status::Disconnected,
        }
    }

    /// Sends what was encrypted and did not go.
    pub(super) fn flush(&mut self) -> Status {
        match self {
            Self::Plain(_) => Status::Done(()),
            Self::Securing(session) | Self::Secure(session) => session.flush(),
            Self::Gone => Status::Disconnected,
        }
    }

    /// Whether there is something for [`flush`](Self::flush).
    fn is_behind(&self) -> bool {
        match self {
            Self::Plain(_) | Self::Gone => false,
            Self::Securing(session) | Self::Secure(session) => session.pending_bytes() > 0,
        }
    }

    /// Says that nothing more will be sent.
    pub(super) fn finish(&mut self) -> Status {
        match self {
            Self::Plain(socket) => socket.shutdown_send(),
            Self::Securing(session) | Self::Secure(session) => session.shutdown_send(),
            Self::Gone => Status::Disconnected,
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Securing(_) | Self::Secure(_))
    }

    pub(super) fn remote_address(&self) -> Option<IpAddress> {
        match self {
            Self::Plain(socket) => socket.remote_address(),
            Self::Securing(session) | Self::Secure(session) => session.remote_address(),
            Self::Gone => None,
        }
    }

    pub(super) fn local_address(&self) -> Option<IpAddress> {
        match self {
            Self::Plain(socket) => socket.local_address(),
            Self::Securing(session) | Self::Secure(session) => session.local_address(),
            Self::Gone => None,
        }
    }

    /// What to wait for, for whoever wants to read and to write; a handshake chooses itself.
    pub(super) fn interest(&self, reads: bool, writes: bool) -> Option<Interest> {
        let is_behind = self.is_behind();
        let (reads, writes) = match self {
            Self::Securing(_) => (!is_behind, is_behind),
            _ => (reads, writes || is_behind),
        };
        match (reads, writes) {
            (true, true) => Some(Interest::Both),
            (true, false) => Some(Interest::Read),
            (false, true) => Some(Interest::Write),
            (false, false) => None,
        }
    }

    /// Watches it for this; `None` if it is not watched then.
    pub(super) fn watch(&self, selector: &mut SocketSelector, interest: Option<Interest>) -> Result<Option<Key>> {
        match (self, interest) {
            (Self::Plain(socket), Some(interest)) => selector.add_with(&**socket, interest).map(Some),
            (Self::Securing(session) | Self::Secure(session), Some(interest)) => {
                selector.add_with(&**session, interest).map(Some)
            }
            (Self::Plain(socket), None) => {
                selector.remove(&**socket);
                Ok(None)
            }
            (Self::Securing(session) | Self::Secure(session), None) => {
                selector.remove(&**session);
                Ok(None)
            }
            (Self::Gone, _) => Ok(None),
        }
    }
}
