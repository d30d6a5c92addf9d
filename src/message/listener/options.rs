//! What a listener asks of those who connect.

use std::time::Duration;

use crate::{
    discovery::TxtRecord,
    error::Result,
    message::{
        auth::{AuthKey, AuthLevel, Role},
        opening::Opening,
    },
    stream::Stream,
    time::Deadline,
    tls::{TlsServer, TlsSocket},
};

/// What a [`Listener`](crate::Listener) asks of those who connect.
///
/// # Examples
///
/// ```
/// use sockeye::{AuthLevel, ListenerOptions};
///
/// // Python 3.11 and older may connect too.
/// let mut options = ListenerOptions::default();
/// options.least = AuthLevel::LegacyMd5;
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ListenerOptions {
    /// The weakest proof of the key that is accepted; SHA-256 unless set.
    pub least: AuthLevel,
    /// How long a peer may take from its connection to the end of the handshake; 5 s unless set.
    pub handshake_limit: Duration,
    /// How many peers may be in the handshake at once; 128 unless set. One more ends the oldest.
    pub max_pending: usize,
    /// How many connections the system keeps until they are accepted; as many as it can unless set. Python's default is
    /// 1.
    pub backlog: Option<u32>,
    /// Encrypts every connection; nothing unencrypted is accepted then. A local socket is refused.
    pub tls: Option<TlsServer>,
    /// What else a service says of itself; nothing unless set. With [`tls`](Self::tls) it gets the fingerprint of the
    /// certificate, unless it has one.
    pub txt: TxtRecord,
}

impl Default for ListenerOptions {
    fn default() -> Self {
        Self {
            least: AuthLevel::default(),
            handshake_limit: Duration::from_secs(5),
            max_pending: 128,
            backlog: None,
            tls: None,
            txt: TxtRecord::new(),
        }
    }
}

impl ListenerOptions {
    /// Begins with somebody who has just connected.
    pub(super) fn opening(&self, stream: Stream, key: Option<AuthKey>) -> Result<Opening> {
        let stream = match (stream, &self.tls) {
            (Stream::Tcp(socket), Some(tls)) => TlsSocket::server(socket, tls)?.into(),
            (stream, _) => stream,
        };
        let deadline = Deadline::after(Some(self.handshake_limit));
        Ok(Opening::new(stream, Role::Listener, key, self.least, (deadline, self.handshake_limit)))
    }
}
