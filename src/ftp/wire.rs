//! A connection as FTP uses it, plain or encrypted.

use std::{fs::File, io, mem, net::TcpStream, time::Duration};

use socket2::Socket;

use crate::{
    error::{Error, Result},
    mode::wait_until,
    status::Status,
    sys::{self, Direction, Handle},
    tcp::TcpSocket,
    time::Deadline,
    tls::{TlsClient, TlsSocket},
};

/// A connection. A plain one is used without a [`TcpSocket`] around it, for two reasons: a reset is told from an end,
/// since an end of a data connection is the end of a file; and a connect that has only just begun costs no call to ask
/// after it.
#[derive(Debug)]
pub(super) enum Wire {
    Plain(Handle),
    Tls(Box<TlsSocket>),
    /// A session could not be put on it.
    Closed,
}

impl Wire {
    pub(super) fn plain(socket: Socket) -> Self {
        Self::Plain(Handle::new(socket))
    }

    /// Receives what there is. `Disconnected` is the orderly end alone.
    pub(super) fn receive(&mut self, buffer: &mut [u8]) -> Status<usize> {
        let handle = match self {
            Self::Tls(session) => return session.receive(buffer),
            Self::Plain(handle) => handle,
            Self::Closed => return Status::Disconnected,
        };
        loop {
            match sys::receive(handle.socket(), buffer) {
                Ok(0) => return Status::Disconnected,
                Ok(count) => return Status::Done(count),
                Err(error) if sys::is_interrupted(&error) => {}
                Err(error) => return failed(error),
            }
        }
    }

    pub(super) fn send(&mut self, data: &[u8]) -> Status<usize> {
        let handle = match self {
            Self::Tls(session) => return session.send(data),
            Self::Plain(handle) => handle,
            Self::Closed => return Status::Disconnected,
        };
        loop {
            match sys::send(handle.socket(), data) {
                Ok(count) => return Status::Done(count),
                Err(error) if sys::is_interrupted(&error) => {}
                Err(error) => return failed(error),
            }
        }
    }

    /// Sends a part of a file without copying it through this program, as far as the system can; `None` where it
    /// cannot, or where the bytes must be encrypted first.
    pub(super) fn send_file(&mut self, file: &File, offset: u64, count: u64) -> Option<Status<usize>> {
        let Self::Plain(handle) = self else { return None };
        loop {
            match sys::send_file(handle.socket(), file, offset, count)? {
                Ok(count) => return Some(Status::Done(count)),
                Err(error) if sys::is_interrupted(&error) => {}
                Err(error) => return Some(failed(error)),
            }
        }
    }

    /// Sends what the session has encrypted and the system has not taken yet.
    pub(super) fn flush(&mut self) -> Status {
        match self {
            Self::Plain(_) | Self::Closed => Status::Done(()),
            Self::Tls(session) => session.flush(),
        }
    }

    /// What to wait for when it is not ready. This only looks: what has come since then has to be found by the wait.
    pub(super) fn direction(&self) -> Direction {
        match self {
            Self::Tls(session) if session.wants_to_send() => Direction::Write,
            _ => Direction::Read,
        }
    }

    /// Says that nothing more will be sent, in the words of TLS.
    pub(super) fn end_session(&mut self) -> Status {
        match self {
            Self::Plain(_) | Self::Closed => Status::Done(()),
            Self::Tls(session) => session.shutdown_send(),
        }
    }

    /// Goes on with securing the connection; `Done` for one that needs no more.
    pub(super) fn handshake(&mut self) -> Status {
        match self {
            Self::Plain(_) | Self::Closed => Status::Done(()),
            Self::Tls(session) => session.handshake(),
        }
    }

    /// Puts a TLS session on top of a plain connection, without beginning it. It does not block then.
    pub(super) fn secure(&mut self, tls: &TlsClient, name: &str) -> Result<()> {
        match mem::replace(self, Self::Closed) {
            Self::Plain(handle) => {
                let mut socket = TcpSocket::try_from(TcpStream::from(handle.into_socket()))?;
                socket.set_blocking(false)?;
                *self = Self::Tls(Box::new(TlsSocket::client(socket, tls, name)?));
            }
            other => *self = other,
        }
        Ok(())
    }

    /// Ends the connection without an orderly end, neither the session's nor TCP's.
    pub(super) fn reset(self) {
        let handle = match self {
            Self::Plain(handle) => Some(handle),
            Self::Tls(mut session) => session.take_handle(),
            Self::Closed => None,
        };
        if let Some(handle) = handle {
            // Where it cannot be done, the server hears of the ABOR alone.
            let _ = handle.socket().set_linger(Some(Duration::ZERO));
        }
    }

    pub(super) fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// The socket, while it is open.
    pub(super) fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Plain(handle) => Some(handle),
            Self::Tls(session) => session.handle(),
            Self::Closed => None,
        }
    }

    pub(super) fn handle_mut(&mut self) -> Option<&mut Handle> {
        match self {
            Self::Plain(handle) => Some(handle),
            Self::Tls(session) => session.handle_mut(),
            Self::Closed => None,
        }
    }

    /// Waits until the connection is ready or has ended; `false` when the deadline has passed.
    pub(super) fn wait(&self, direction: Direction, deadline: Deadline) -> Result<bool> {
        let Some(handle) = self.handle() else { return Ok(true) };
        wait_until(handle.socket(), direction, deadline).map_err(Error::from_os)
    }
}

/// Whatever ended the connection is an error: its orderly end is no failed call.
fn failed(error: io::Error) -> Status<usize> {
    if sys::is_would_block(&error) { Status::NotReady } else { Status::Error(Error::from_os(error)) }
}

#[cfg(test)]
mod tests {
    use std::{io::Read, net::TcpListener};

    use super::*;

    fn pair() -> (Wire, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        (Wire::plain(Socket::from(near)), listener.accept().unwrap().0)
    }

    fn assert_reset(mut far: TcpStream) {
        let mut received = Vec::new();
        assert_eq!(far.read_to_end(&mut received).unwrap_err().kind(), io::ErrorKind::ConnectionReset);
    }

    #[test]
    fn a_reset_is_no_end_of_a_connection() {
        let (wire, far) = pair();
        wire.reset();
        assert_reset(far);
    }

    /// What comes while it is asked what to wait for has to be found by the wait.
    #[cfg(feature = "tls")]
    #[test]
    fn the_last_words_of_a_handshake_are_never_waited_for_in_vain() {
        use crate::tls::{TlsClientOptions, TlsIdentity, TlsServer, Trust};

        let identity = TlsIdentity::self_signed(&["localhost"]).unwrap();
        let trust = Trust::Pinned(vec![identity.fingerprint()]);
        let options = TlsClientOptions { trust, ..TlsClientOptions::default() };
        let (mut wire, far) = pair();
        wire.secure(&TlsClient::with_options(options).unwrap(), "localhost").unwrap();
        let mut far = TcpSocket::try_from(far).unwrap();
        far.set_blocking(false).unwrap();
        let mut far = TlsSocket::server(far, &TlsServer::new(identity).unwrap()).unwrap();
        let mut waits = 0;
        while wire.handshake().is_not_ready() {
            waits += 1;
            assert!(waits < 10);
            assert!(far.handshake().is_not_ready(), "it waits for this end's last words");
            assert!(wire.wait(wire.direction(), Deadline::after(Some(Duration::ZERO))).unwrap());
        }
        assert!(waits > 0);
        assert!(far.handshake().is_done());
    }

    #[cfg(feature = "tls")]
    #[test]
    fn a_reset_is_no_end_of_a_session() {
        let (mut wire, mut far) = pair();
        wire.secure(&TlsClient::with_options(crate::tls::TlsClientOptions::default()).unwrap(), "localhost").unwrap();
        assert!(wire.handshake().is_not_ready());
        assert!(far.read(&mut [0; 4096]).unwrap() > 0, "the first words of a session");
        wire.reset();
        assert_reset(far);
    }
}
