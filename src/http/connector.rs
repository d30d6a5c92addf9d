//! From a host and a port to a connection, directly or through a proxy.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    attempts::{Attempts, Step},
    cancel::Cancel,
    lookup::lookup,
    proxy::{Credentials, ProxyAddress, ProxyKind},
    time_limit::TimeLimit,
    tunnel,
};
use crate::{
    error::{Error, Phase, Result},
    ip::IpAddress,
    selector::{Interest, SocketSelector},
    status::Status,
    tcp::{Purpose, TcpSocket},
};

/// Where a connection leads, and by which way. Connections of equal routes can be used for one another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Route {
    /// A name, or an address without brackets.
    pub(super) host: Arc<str>,
    pub(super) port: u16,
    pub(super) https: bool,
    pub(super) proxy: Option<ProxyAddress>,
}

/// A connection to the target or, of a forwarded route, to the proxy.
#[derive(Debug)]
pub(super) struct Connected {
    /// In non-blocking mode.
    pub(super) socket: TcpSocket,
    /// How many bytes of the first ones have been sent already.
    pub(super) sent: usize,
    /// Whether it was opened for [one question](Purpose::Question).
    pub(super) is_to_ask: bool,
}

/// What is known of what the caller is going to send.
#[derive(Debug, Clone, Copy)]
pub(super) struct First<'a> {
    pub(super) bytes: &'a [u8],
    /// Whether much follows.
    pub(super) uploads: bool,
}

impl First<'_> {
    fn purpose(self) -> Purpose {
        match self.bytes.len() {
            _ if self.uploads => Purpose::Upload,
            1..=SHORT => Purpose::Question,
            _ => Purpose::Anything,
        }
    }
}

impl Route {
    /// Tells whether requests are handed to an HTTP proxy as they are: with whole URLs as their targets, and with the
    /// proxy's credentials among their fields.
    pub(super) fn is_forwarded(&self) -> bool {
        !self.https && self.proxy.as_ref().is_some_and(|proxy| proxy.kind == ProxyKind::Http)
    }

    /// The value of `Proxy-Authorization` for requests of a forwarded route, if the proxy has credentials.
    pub(super) fn proxy_authorization(&self) -> Result<Option<String>> {
        let proxy = self.proxy.as_ref().filter(|_| self.is_forwarded());
        proxy.and_then(|proxy| proxy.credentials.as_ref()).map(Credentials::basic).transpose()
    }
}

/// Connects. It blocks until the connection is there, until the limit passes or somebody cancels.
///
/// `first` is what the caller sends first, or nothing. To a single address it is sent as soon as can be, which tells
/// with one system call that the connection is there and needs it anyway; behind a tunnel, and where several addresses
/// were tried, it is left to the caller. Of a route to be encrypted nothing is sent: it would be in plain text.
pub(super) fn connect(route: &Route, first: First<'_>, limit: TimeLimit, cancel: &Cancel) -> Result<Connected> {
    let first = if route.https { First { bytes: &[], ..first } } else { first };
    let Some(proxy) = &route.proxy else { return reach(&route.host, route.port, first, limit, cancel) };
    if route.is_forwarded() {
        return reach(&proxy.host, proxy.port, first, limit, cancel);
    }
    let credentials = proxy.credentials.as_ref();
    let target = match proxy.kind {
        ProxyKind::Http | ProxyKind::Socks5h => route.host.to_string(),
        ProxyKind::Socks5 => first_address(&route.host, limit, cancel)?.to_string(),
    };
    let socket = reach(&proxy.host, proxy.port, First { bytes: &[], ..first }, limit, cancel)?.socket;
    let target = (target.as_str(), route.port);
    let socket = match proxy.kind {
        ProxyKind::Http => tunnel::through_http(socket, target, credentials, limit, cancel)?,
        ProxyKind::Socks5 | ProxyKind::Socks5h => tunnel::through_socks(socket, target, credentials, limit, cancel)?,
    };
    Ok(Connected { socket, sent: 0, is_to_ask: false })
}

fn first_address(host: &str, limit: TimeLimit, cancel: &Cancel) -> Result<IpAddress> {
    lookup(host, limit, cancel)?.first().copied().ok_or(Error::Disconnected)
}

fn reach(host: &str, port: u16, first: First<'_>, limit: TimeLimit, cancel: &Cancel) -> Result<Connected> {
    cancel.check()?;
    if let Ok(address) = IpAddress::parse(host) {
        return reach_one(address, port, first, limit, cancel);
    }
    let addresses = lookup(host, limit, cancel)?;
    reach_any(addresses, port, first, limit, cancel)
}

fn reach_any(
    addresses: Vec<IpAddress>,
    port: u16,
    first: First<'_>,
    limit: TimeLimit,
    cancel: &Cancel,
) -> Result<Connected> {
    match addresses.as_slice() {
        [address] => reach_one(*address, port, first, limit, cancel),
        _ => {
            Ok(Connected { socket: race(addresses, port, first.purpose(), limit, cancel)?, sent: 0, is_to_ask: false })
        }
    }
}

/// Connects to the only address with as few system calls as can be.
fn reach_one(address: IpAddress, port: u16, first: First<'_>, limit: TimeLimit, cancel: &Cancel) -> Result<Connected> {
    let remaining = limit.remaining();
    if remaining == Some(Duration::ZERO) {
        return Err(limit.passed(Phase::Connect));
    }
    let mut socket = TcpSocket::new();
    socket.set_blocking(false)?;
    let purpose = first.purpose();
    let is_to_ask = purpose == Purpose::Question;
    socket.connect_for(purpose, address, port, remaining).begun()?;
    if !first.bytes.is_empty() {
        match socket.send_at_once(first.bytes) {
            Status::Done(sent) => return Ok(Connected { socket, sent, is_to_ask }),
            Status::NotReady => {}
            Status::Disconnected => return Err(Error::Disconnected),
            Status::Error(error) => return Err(error),
        }
    }
    let finished = if cancel.is_never() {
        finish_by_itself(&mut socket)
    } else {
        finish_with_a_selector(&mut socket, limit, cancel)
    };
    match finished {
        Ok(()) => Ok(Connected { socket, sent: 0, is_to_ask }),
        // The socket knows only what was left of the limit.
        Err(Error::TimedOut { .. }) => Err(limit.passed(Phase::Connect)),
        Err(error) => Err(error),
    }
}

/// Nobody cancels: the socket's own wait is the cheapest.
fn finish_by_itself(socket: &mut TcpSocket) -> Result<()> {
    // Non-blocking mode and blocking mode with a timeout are one to the system: going there and back costs no calls.
    socket.set_timeout(Some(Duration::MAX))?;
    socket.set_blocking(true)?;
    let finished = socket.finish_connect();
    socket.set_blocking(false)?;
    socket.set_timeout(None)?;
    finished.into_result()
}

fn finish_with_a_selector(socket: &mut TcpSocket, limit: TimeLimit, cancel: &Cancel) -> Result<()> {
    let mut selector = SocketSelector::new()?;
    let _watching = cancel.wake(&selector);
    selector.add_with(socket, Interest::Write)?;
    loop {
        selector.wait(limit.remaining())?;
        cancel.check()?;
        match socket.finish_connect() {
            Status::NotReady => {}
            other => return other.into_result(),
        }
    }
}

/// Tries several addresses beside one another; the first that connects wins.
fn race(
    addresses: Vec<IpAddress>,
    port: u16,
    purpose: Purpose,
    limit: TimeLimit,
    cancel: &Cancel,
) -> Result<TcpSocket> {
    // What is sent first, the caller sends.
    let purpose = if purpose == Purpose::Question { Purpose::Anything } else { purpose };
    let mut selector = SocketSelector::new()?;
    let _watching = cancel.wake(&selector);
    let mut attempts = Attempts::new(addresses);
    let mut running: Vec<(usize, TcpSocket)> = Vec::new();
    loop {
        cancel.check()?;
        limit.check(Phase::Connect)?;
        match attempts.step(Instant::now()) {
            Step::Begin(number, address) => match begin(address, port, purpose, &mut selector) {
                Ok((socket, true)) => return Ok(socket),
                Ok((socket, false)) => running.push((number, socket)),
                Err(error) => attempts.failed(number, error),
            },
            Step::Wait(next) => {
                let until_next = next.map(|next| next.saturating_duration_since(Instant::now()));
                selector.wait(limit.remaining().into_iter().chain(until_next).min())?;
                if let Some(winner) = take_winner(&mut running, &selector, &mut attempts) {
                    return Ok(winner);
                }
            }
            Step::Over => return Err(attempts.into_error()),
        }
    }
}

/// Begins a connect and has the selector watch it; tells whether it is there already.
fn begin(address: IpAddress, port: u16, purpose: Purpose, selector: &mut SocketSelector) -> Result<(TcpSocket, bool)> {
    let mut socket = TcpSocket::new();
    socket.set_blocking(false)?;
    match socket.connect_for(purpose, address, port, None) {
        Status::NotReady => {
            selector.add_with(&socket, Interest::Write)?;
            Ok((socket, false))
        }
        other => other.into_result().map(|()| (socket, true)),
    }
}

/// Looks at the attempts that something has happened to; those that failed are taken out.
fn take_winner(
    running: &mut Vec<(usize, TcpSocket)>,
    selector: &SocketSelector,
    attempts: &mut Attempts,
) -> Option<TcpSocket> {
    let mut winner = None;
    let mut pending = Vec::with_capacity(running.len());
    for (number, mut socket) in running.drain(..) {
        if winner.is_some() || !selector.is_writable(&socket) {
            pending.push((number, socket));
            continue;
        }
        match socket.finish_connect() {
            Status::Done(()) => winner = Some(socket),
            Status::NotReady => pending.push((number, socket)),
            Status::Disconnected => attempts.failed(number, Error::Disconnected),
            Status::Error(error) => attempts.failed(number, error),
        }
    }
    *running = pending;
    winner
}

/// What surely goes in one segment.
const SHORT: usize = 1000;

#[cfg(test)]
mod tests;
