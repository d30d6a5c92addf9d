//! Getting a connection to the target out of a proxy.

mod http_connect;

use super::{
    cancel::{Cancel, Watching},
    proxy::Credentials,
    socks::Socks,
    time_limit::TimeLimit,
};
use crate::{
    error::{Error, Phase, Result},
    selector::{Interest, SocketSelector},
    status::Status,
    tcp::TcpSocket,
};

pub(super) use http_connect::HttpConnect;

/// A negotiation with a proxy, without I/O.
pub(super) trait Negotiation {
    /// What to do now.
    fn next(&mut self) -> Result<Step>;

    /// Takes bytes that the proxy has sent, at most as many as were asked for.
    fn receive(&mut self, bytes: &[u8]);
}

/// What a negotiation needs next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Send this.
    Send(Vec<u8>),
    /// Receive up to this many bytes, at least one: all of them are the proxy's, none is the target's.
    Receive(usize),
    /// The next byte is the target's.
    Done,
}

/// Asks an HTTP proxy for a connection to a host, over a connection to the proxy in non-blocking mode.
pub(super) fn through_http(
    socket: TcpSocket,
    (host, port): (&str, u16),
    credentials: Option<&Credentials>,
    limit: TimeLimit,
    cancel: &Cancel,
) -> Result<TcpSocket> {
    let mut negotiation = HttpConnect::new(host, port, credentials)?;
    Channel::new(socket, limit, cancel)?.negotiate(&mut negotiation)
}

/// Asks a SOCKS 5 proxy for the same.
pub(super) fn through_socks(
    socket: TcpSocket,
    (host, port): (&str, u16),
    credentials: Option<&Credentials>,
    limit: TimeLimit,
    cancel: &Cancel,
) -> Result<TcpSocket> {
    let mut negotiation = Socks::new(host, port, credentials)?;
    Channel::new(socket, limit, cancel)?.negotiate(&mut negotiation)
}

/// The connection to a proxy, and what ends a wait for it.
struct Channel<'a> {
    socket: TcpSocket,
    selector: SocketSelector,
    limit: TimeLimit,
    cancel: &'a Cancel,
    _watching: Watching<'a>,
}

impl<'a> Channel<'a> {
    fn new(socket: TcpSocket, limit: TimeLimit, cancel: &'a Cancel) -> Result<Self> {
        let selector = SocketSelector::new()?;
        let watching = cancel.wake(&selector);
        Ok(Self { socket, selector, limit, cancel, _watching: watching })
    }

    fn negotiate(mut self, negotiation: &mut impl Negotiation) -> Result<TcpSocket> {
        let mut buffer = [0; PIECE];
        let mut received: u64 = 0;
        loop {
            match negotiation.next()? {
                Step::Send(bytes) => self.send(&bytes)?,
                Step::Receive(wanted) => {
                    let room = buffer.get_mut(..wanted.min(PIECE)).unwrap_or_default();
                    let count = self.receive(room)?;
                    if count == 0 {
                        return Err(Error::CutShort { received, expected: received.saturating_add(wanted as u64) });
                    }
                    received = received.saturating_add(count as u64);
                    negotiation.receive(room.get(..count).unwrap_or_default());
                }
                Step::Done => return Ok(self.socket),
            }
        }
    }

    fn send(&mut self, mut bytes: &[u8]) -> Result<()> {
        while !bytes.is_empty() {
            match self.socket.send(bytes) {
                Status::Done(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Status::NotReady => self.wait(Interest::Write)?,
                // What the proxy had to say before it closed is worth more than that it closed.
                Status::Disconnected => return Ok(()),
                Status::Error(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Receives at least a byte; 0 is the end.
    fn receive(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            match self.socket.receive(buffer) {
                Status::Done(count) => return Ok(count),
                Status::NotReady => self.wait(Interest::Read)?,
                Status::Disconnected => return Ok(0),
                Status::Error(error) => return Err(error),
            }
        }
    }

    fn wait(&mut self, interest: Interest) -> Result<()> {
        self.check()?;
        self.selector.add_with(&self.socket, interest)?;
        self.selector.wait(self.limit.remaining())?;
        Ok(())
    }

    fn check(&self) -> Result<()> {
        self.cancel.check()?;
        self.limit.check(Phase::Proxy)
    }
}

/// More than the longest answer of a SOCKS proxy.
const PIECE: usize = 512;

#[cfg(test)]
mod tests;
