//! Connections that the program begins.

use std::{
    mem,
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use super::{
    Due, EventLoop,
    event::{CloseReason, ConnectionId},
    mailbox::Command,
    options::ConnectOptions,
    slot::{Slot, Stage, prepared},
};
use crate::{
    endpoint::Endpoint,
    error::{Error, Result},
    ip::{IpAddress, begin_lookup},
    local::LocalSocket,
    message::Framing,
    status::Status,
    stream::Stream,
    tcp::TcpSocket,
    tls::{TlsClient, TlsSocket},
};

/// Where a connection is to go.
#[derive(Debug)]
pub(super) struct Dial {
    target: Target,
    tls: Option<(TlsClient, String)>,
    framing: Framing,
    /// Why the last address was none.
    last: Error,
}

#[derive(Debug)]
enum Target {
    /// The host is being looked up.
    Unknown {
        port: u16,
    },
    /// Addresses not tried yet, the first of them last.
    Addresses {
        rest: Vec<IpAddress>,
        port: u16,
    },
    Local(PathBuf),
    /// Nothing is left to try.
    Nothing,
}

impl Dial {
    pub(super) fn is_looking_up(&self) -> bool {
        matches!(self.target, Target::Unknown { .. })
    }
}

impl EventLoop {
    /// Begins a connection, without waiting.
    ///
    /// There is an [`Opened`](crate::LoopEvent::Opened) when it is there, or a [`Closed`](crate::LoopEvent::Closed) with
    /// a [`ConnectFailed`](CloseReason::ConnectFailed). Sends answer `NotReady` until then. A host name is looked up on
    /// a thread of its own, and its addresses are tried one after the other, all within the
    /// [`opening_limit`](crate::ConnectionOptions::opening_limit).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a service, which has to be found first, and for a local socket that is to be
    /// encrypted; [`Error::Disconnected`] while the loop is being shut down; the system's when no thread can be started.
    pub fn connect(&mut self, endpoint: &Endpoint, framing: Framing, options: ConnectOptions) -> Result<ConnectionId> {
        self.check_ending()?;
        let ConnectOptions { tls, tls_name, connection } = options;
        let mut name = None;
        let (target, host) = match endpoint {
            Endpoint::Tcp { host: None, port } => {
                (Target::Addresses { rest: vec![IpAddress::LOCAL_HOST], port: *port }, "localhost")
            }
            Endpoint::Tcp { host: Some(host), port } => match IpAddress::parse(host) {
                Ok(address) => (Target::Addresses { rest: vec![address], port: *port }, host.as_str()),
                Err(_) => {
                    name = Some(host.clone());
                    (Target::Unknown { port: *port }, host.as_str())
                }
            },
            Endpoint::Local(path) if tls.is_none() => (Target::Local(path.clone()), ""),
            _ => {
                return Err(Error::invalid_input(
                    &endpoint.to_string(),
                    "an endpoint that can be connected to like this",
                ));
            }
        };
        let tls = tls.map(|config| (config, tls_name.unwrap_or_else(|| host.to_owned())));
        let id = self.next_id();
        if let Some(name) = name {
            self.look_up(id, &name)?;
        }
        let dial = Box::new(Dial { target, tls, framing, last: Error::Disconnected });
        let options = Arc::new(connection);
        let placeholder = prepared(TcpSocket::new(), framing, &options);
        let slot = Slot::new(placeholder, Stage::Dialing(dial), options, Instant::now());
        self.slots.insert(id, Box::new(slot));
        self.schedule(id);
        self.dial(id);
        Ok(ConnectionId(id))
    }

    fn look_up(&self, id: usize, host: &str) -> Result<()> {
        let mailbox = self.handle();
        begin_lookup(host, move |found| {
            // The loop may have ended.
            _ = mailbox.put(Command::LookedUp(id, found));
        })
    }

    /// Goes on with the addresses of a host.
    pub(super) fn looked_up(&mut self, id: usize, found: Result<Vec<IpAddress>>) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let Stage::Dialing(dial) = &mut slot.stage else { return };
        let Target::Unknown { port } = dial.target else { return };
        match found {
            Ok(mut rest) => {
                rest.reverse();
                dial.target = Target::Addresses { rest, port };
            }
            Err(error) => {
                dial.last = error;
                dial.target = Target::Nothing;
            }
        }
        self.dial(id);
    }

    /// Tries the next address; the connection has failed when there is none.
    fn dial(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let Stage::Dialing(dial) = &mut slot.stage else { return };
        let stream = loop {
            match dial.next() {
                Some(Ok(stream)) => break stream,
                Some(Err(error)) => dial.last = error,
                None if dial.is_looking_up() => return,
                None => {
                    let error = mem::replace(&mut dial.last, Error::Disconnected);
                    return self.remove(id, CloseReason::ConnectFailed(error));
                }
            }
        };
        if let Some(key) = slot.key.take() {
            self.tokens.remove(&key.number());
        }
        slot.watched = None;
        slot.connection = prepared(stream, dial.framing, &slot.options);
        self.go_on_opening(id);
    }

    /// Tries again to connect to a local listener.
    pub(super) fn retry(&mut self, id: usize) {
        if self.slots.get(&id).is_some_and(|slot| slot.waits_for_a_queue()) {
            self.go_on_opening(id);
        }
    }

    /// Looks whether a connection is open by now.
    pub(super) fn go_on_opening(&mut self, id: usize) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let error = match slot.connection.finish_opening() {
            Status::Done(()) => return self.opened(id),
            Status::NotReady => {
                if slot.waits_for_a_queue() {
                    // The system does not tell when there is room.
                    self.deadlines.insert((self.now + RETRY, Due::Retry(id)));
                }
                return self.watch(id);
            }
            Status::Disconnected => Error::Disconnected,
            Status::Error(error) => error,
        };
        match &mut slot.stage {
            Stage::Dialing(dial) => {
                if matches!(error, Error::Tls(_) | Error::PeerRefused { .. } | Error::Malformed { .. }) {
                    // Somebody is there, and no other address makes it better.
                    dial.target = Target::Nothing;
                }
                dial.last = error;
                self.dial(id);
            }
            _ => self.remove(id, CloseReason::ConnectFailed(error)),
        }
    }
}

impl Dial {
    fn next(&mut self) -> Option<Result<Stream>> {
        match &mut self.target {
            Target::Unknown { .. } | Target::Nothing => None,
            Target::Addresses { rest, port } => {
                let (address, port) = (rest.pop()?, *port);
                Some(self.begin_tcp(address, port))
            }
            Target::Local(path) => {
                let path = mem::take(path);
                self.target = Target::Nothing;
                let mut socket = LocalSocket::new();
                let begun = socket.set_blocking(false).and_then(|()| begun(socket.connect(path)));
                Some(begun.map(|()| socket.into()))
            }
        }
    }

    fn begin_tcp(&self, address: IpAddress, port: u16) -> Result<Stream> {
        let mut socket = TcpSocket::new();
        socket.set_blocking(false)?;
        begun(socket.connect(address, port))?;
        Ok(match &self.tls {
            Some((config, name)) => TlsSocket::client(socket, config, name)?.into(),
            None => socket.into(),
        })
    }
}

/// A connect that has begun is as good as one that has ended.
fn begun(status: Status) -> Result<()> {
    match status.into_result() {
        Err(Error::NotReady) => Ok(()),
        result => result,
    }
}

/// How long a full queue is left alone.
const RETRY: Duration = Duration::from_millis(10);
