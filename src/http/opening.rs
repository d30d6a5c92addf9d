//! From a route to a connection that can carry requests.

use std::sync::Arc;

use super::{
    cancel::Cancel,
    client::Shared,
    connector::{self, Connected, First, Route},
    pool::Connection,
    time_limit::TimeLimit,
    work::Work,
};
use crate::{
    bytes::Aligned,
    error::{Phase, Result},
    status::Status,
    stream::Stream,
    tcp::TcpSocket,
    tls::TlsSocket,
};

/// A connection that is to be opened, and until when it must be there.
#[derive(Debug)]
pub(super) struct Opening {
    shared: Arc<Shared>,
    route: Route,
    uploads: bool,
    limit: TimeLimit,
}

impl Opening {
    /// The connection that an exchange needs now.
    pub(super) fn of(work: &Work) -> Self {
        let shared = Arc::clone(work.shared());
        let limit = TimeLimit::after(shared.options.connect_limit).earlier(work.limit());
        let uploads = work.hop().body.length().is_none_or(|length| length >= LARGE);
        Self { shared, route: work.hop().route.clone(), uploads, limit }
    }

    /// Opens it, waiting for it; tells how many bytes of `first` went while that was done. It comes in non-blocking mode.
    pub(super) fn open(&self, first: &[u8], cancel: &Cancel) -> Result<(Connection, usize)> {
        let first = First { bytes: first, uploads: self.uploads };
        let Connected { socket, sent, is_to_ask } = connector::connect(&self.route, first, self.limit, cancel)?;
        let stream = if self.route.https { self.secure(socket)? } else { Stream::Tcp(socket) };
        Ok((Connection { stream, buffer: Aligned::default(), is_to_ask }, sent))
    }

    fn secure(&self, mut socket: TcpSocket) -> Result<Stream> {
        socket.set_timeout(self.limit.remaining())?;
        socket.set_blocking(true)?;
        let mut session = TlsSocket::client(socket, self.shared.tls()?, &self.route.host)?;
        match session.handshake() {
            Status::NotReady => return Err(self.limit.passed(Phase::Handshake)),
            status => status.into_result()?,
        }
        session.set_blocking(false)?;
        session.set_timeout(None)?;
        Ok(Stream::Tls(Box::new(session)))
    }
}

/// A body from this length on is worth a call when the connection is opened.
const LARGE: u64 = 1024 * 1024;
