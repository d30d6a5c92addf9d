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
    error::{Error, Phase, Result},
    ip::{IpAddress, begin_lookup, begin_lookup_with},
    local::LocalSocket,
    message::Framing,
    stream::Stream,
    tcp::TcpSocket,
    time::share,
    tls::{TlsClient, TlsSocket},
};

/// Where a connection is to go.
#[derive(Debug)]
pub(super) struct Dial {
    target: Target,
    tls: Option<(TlsClient, String)>,
    framing: Framing,
    /// When it is the turn of the next address, if there is one and this one says nothing.
    pub(super) until: Option<Instant>,
    /// What is waited for at this address.
    phase: Phase,
    /// Why the last address was none.
    last: Error,
}

#[derive(Debug)]
enum Target {
    /// The host is being looked up, or the service is looked for, as long as somebody holds the other end.
    Unknown {
        phase: Phase,
        #[expect(dead_code, reason = "it is held, and no more")]
        wanted: Arc<()>,
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
    /// What is being done about the addresses, until they are known.
    pub(super) fn lookup(&self) -> Option<Phase> {
        match self.target {
            Target::Unknown { phase, .. } => Some(phase),
            _ => None,
        }
    }

    /// What is waited for.
    pub(super) fn phase(&self) -> Phase {
        self.lookup().unwrap_or(self.phase)
    }
}

impl EventLoop {
    /// Begins a connection, without waiting.
    ///
    /// There is an [`Opened`](crate::LoopEvent::Opened) when it is there, or a [`Closed`](crate::LoopEvent::Closed) with
    /// a [`ConnectFailed`](CloseReason::ConnectFailed). Sends answer `NotReady` until then. A host name other than
    /// `localhost` is looked up on a thread of its own, and its first 64 addresses are tried one after the other, all within the
    /// [`opening_limit`](crate::ConnectionOptions::opening_limit): each has its share of what is left. So it is with a
    /// service, which is waited for until there is one. What is begun in the middle of a round of [`poll`](Self::poll) has
    /// its first turn in the next one.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidInput`] for a local socket that is to be encrypted, a service that is to be without a
    /// [`tls_name`](ConnectOptions::tls_name), what can be no name, and a pattern that is none; [`Error::FeatureOff`] for a
    /// service without the feature `discovery`; [`Error::Disconnected`] while the loop is being shut down; the system's when
    /// no thread can be started.
    pub fn connect(&mut self, endpoint: &Endpoint, framing: Framing, options: ConnectOptions) -> Result<ConnectionId> {
        self.check_ending()?;
        let ConnectOptions { tls, tls_name, connection } = options;
        let tls = match tls {
            Some(config) => {
                let name = TlsClient::name_at(endpoint, tls_name.as_deref())?;
                Some((config, name))
            }
            None => None,
        };
        let id = self.next_id();
        let target = match endpoint {
            Endpoint::Local(path) => Target::Local(path.clone()),
            Endpoint::Tcp { host, port } => match (Endpoint::known_addresses(host.as_deref()), host) {
                (None, Some(host)) => self.look_up(id, host, *port)?,
                (known, _) => Target::addresses(known.unwrap_or_default(), *port),
            },
            Endpoint::Service { .. } => self.look_for(id, endpoint, connection.opening_limit)?,
        };
        let dial =
            Box::new(Dial { target, tls, framing, until: None, phase: Phase::Connect, last: Error::Disconnected });
        let options = Arc::new(connection);
        let placeholder = prepared(TcpSocket::new(), framing, &options);
        let slot = Slot::new(placeholder, Stage::Dialing(dial), options, Instant::now());
        self.slots.insert(id, Box::new(slot));
        self.schedule(id);
        // What fails at once is an event: who connects again at each of them would never come to the others.
        if self.round.is_some() {
            self.begun.push(id);
        } else {
            self.dial(id);
        }
        Ok(ConnectionId(id))
    }

    fn look_up(&self, id: usize, host: &str, port: u16) -> Result<Target> {
        let mailbox = self.handle();
        begin_lookup(host, move |found| {
            // The loop may have ended.
            _ = mailbox.put(Command::DialAt(id, found.map(|addresses| (addresses, port)), Instant::now()));
        })?;
        Ok(Target::Unknown { phase: Phase::Resolve, wanted: Arc::default() })
    }

    fn look_for(&self, id: usize, endpoint: &Endpoint, limit: Option<Duration>) -> Result<Target> {
        let (mailbox, wanted) = (self.handle(), Arc::new(()));
        let mut search = endpoint.search(limit)?;
        let still_wanted = Arc::downgrade(&wanted);
        let find = move |_: &str| search.find(|| still_wanted.strong_count() > 0);
        begin_lookup_with(&endpoint.to_string(), find, move |found| {
            // The loop may have ended.
            let found = found.map(|found| (found.addresses().to_vec(), found.port()));
            _ = mailbox.put(Command::DialAt(id, found, Instant::now()));
        })?;
        Ok(Target::Unknown { phase: Phase::Discovery, wanted })
    }

    /// Dials what was begun in the last round, which may have taken longer than a connection may.
    pub(super) fn dial_begun(&mut self) {
        for id in mem::take(&mut self.begun) {
            let Some(slot) = self.slots.get_mut(&id) else { continue };
            if !slot.is_being_looked_up() {
                slot.active = Instant::now();
                self.dial(id);
            }
        }
    }

    /// Goes on with the addresses of a host, which were found at that time.
    pub(super) fn dial_at(&mut self, id: usize, found: Result<(Vec<IpAddress>, u16)>, at: Instant) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let Stage::Dialing(dial) = &mut slot.stage else { return };
        if dial.lookup().is_none() {
            return;
        }
        // Since then the program was busy.
        slot.active += at.elapsed();
        match found {
            Ok((addresses, port)) => dial.target = Target::addresses(addresses, port),
            Err(error) => {
                dial.last = error;
                dial.target = Target::Nothing;
            }
        }
        self.dial(id);
    }

    /// Tries one address after the other, until one of them has to be waited for; the connection has failed when there is
    /// none left.
    fn dial(&mut self, id: usize) {
        while self.begin_next(id) && !self.is_settled(id) {}
    }

    /// Begins with the next address; tells whether there is one.
    fn begin_next(&mut self, id: usize) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return false };
        let Stage::Dialing(dial) = &mut slot.stage else { return false };
        let stream = loop {
            match dial.next() {
                Some(Ok(stream)) => break stream,
                Some(Err(error)) => dial.last = error,
                None if dial.lookup().is_some() => return false,
                None => {
                    let error = mem::replace(&mut dial.last, Error::Disconnected);
                    self.remove(id, CloseReason::ConnectFailed(error));
                    return false;
                }
            }
        };
        if let Some(key) = slot.key.take() {
            self.tokens.remove(&key.number());
        }
        slot.watched = None;
        slot.connection = prepared(stream, dial.framing, &slot.options);
        dial.phase = Phase::Connect;
        slot.grant_share();
        true
    }

    /// Gives an address up that has said nothing for its share of the time, for the next one.
    pub(super) fn dial_next(&mut self, id: usize, limit: Duration) {
        let Some(slot) = self.slots.get_mut(&id) else { return };
        let Stage::Dialing(dial) = &mut slot.stage else { return };
        dial.last = Error::TimedOut { phase: dial.phase, limit };
        self.dial(id);
    }

    /// Tries again to connect to a local listener.
    pub(super) fn retry(&mut self, id: usize) {
        if self.slots.get(&id).is_some_and(|slot| slot.waits_for_a_queue()) {
            self.go_on_opening(id);
        }
    }

    /// Looks whether a connection is open by now, or has failed at this address.
    pub(super) fn go_on_opening(&mut self, id: usize) {
        if !self.is_settled(id) {
            self.dial(id);
        }
    }

    /// Looks whether a connection is open by now; tells whether it is to be tried no further for the moment, and not at
    /// the next address.
    fn is_settled(&mut self, id: usize) -> bool {
        let Some(slot) = self.slots.get_mut(&id) else { return true };
        let error = match slot.connection.finish_opening() {
            Ok(()) => {
                self.opened(id);
                return true;
            }
            Err(Error::NotReady) => {
                if slot.waits_for_a_queue() {
                    // The system does not tell when there is room.
                    self.deadlines.insert((self.now + RETRY, Due::Retry(id)));
                }
                slot.note_connected();
                self.watch(id);
                self.schedule(id);
                return true;
            }
            Err(error) => error,
        };
        match &mut slot.stage {
            Stage::Dialing(dial) => {
                if matches!(error, Error::Tls(_) | Error::PeerRefused { .. } | Error::Malformed { .. }) {
                    // Somebody is there, and no other address makes it better.
                    dial.target = Target::Nothing;
                }
                dial.last = error;
                false
            }
            _ => {
                self.remove(id, CloseReason::ConnectFailed(error));
                true
            }
        }
    }
}

impl Slot {
    /// Gives an address its share of what is left of the time.
    fn grant_share(&mut self) {
        let Stage::Dialing(dial) = &mut self.stage else { return };
        dial.until = self.options.opening_limit.and_then(|limit| dial.share(self.active.checked_add(limit)?));
    }

    /// An address that accepts has another share, to agree on encryption and to greet: the program may have been too busy
    /// to see it accept.
    fn note_connected(&mut self) {
        let is_connected = self.connection.stream().is_connected();
        if let Stage::Dialing(dial) = &mut self.stage
            && dial.phase == Phase::Connect
            && is_connected
        {
            dial.phase = Phase::Handshake;
            self.grant_share();
        }
    }
}

impl Target {
    fn addresses(mut addresses: Vec<IpAddress>, port: u16) -> Self {
        addresses.truncate(MOST_ADDRESSES);
        addresses.reverse();
        Self::Addresses { rest: addresses, port }
    }
}

impl Dial {
    /// The end of this address's share of the time until then; `None` where no other is to have one.
    fn share(&self, until: Instant) -> Option<Instant> {
        let Target::Addresses { rest, .. } = &self.target else { return None };
        let now = Instant::now();
        let end = now.checked_add(share(until.saturating_duration_since(now), rest.len()));
        end.filter(|_| !rest.is_empty())
    }

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
                let begun = socket.set_blocking(false).and_then(|()| socket.connect(path).begun());
                Some(begun.map(|()| socket.into()))
            }
        }
    }

    fn begin_tcp(&self, address: IpAddress, port: u16) -> Result<Stream> {
        let mut socket = TcpSocket::new();
        socket.set_blocking(false)?;
        socket.connect(address, port).begun()?;
        Ok(match &self.tls {
            Some((config, name)) => TlsSocket::client(socket, config, name)?.into(),
            None => socket.into(),
        })
    }
}

/// How many addresses of a name are tried: more than anybody has, and few enough to be refused by at once in a
/// round.
const MOST_ADDRESSES: usize = 64;
/// How long a full queue is left alone.
const RETRY: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests;
