//! Data connections, and what moves over them.

use std::{
    fs::File,
    io::{self, Read, Write},
    net::SocketAddr,
    time::{Duration, Instant},
};

use sockeye::{Interest, IpAddress, Key, Result, SocketSelector, Status, TcpListener, TcpSocket, TlsServer};

use super::{
    listing::Listing,
    text::{FromLines, ToLines},
    wire::Wire,
};

/// A data connection in any phase.
#[derive(Debug)]
pub(super) enum Data {
    /// The client has to connect.
    Listening(TcpListener),
    /// The client listens there.
    Invited(SocketAddr),
    Connecting(TcpSocket),
    Open(Wire),
}

/// What moves, in which direction.
#[derive(Debug)]
pub(super) enum Cargo {
    Down(Content, Option<ToLines>),
    Up(File, Option<FromLines>),
}

/// What a client gets.
#[derive(Debug)]
pub(super) enum Content {
    File(File),
    Listing(Box<Listing>),
}

/// A transfer that is going on.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) data: Data,
    cargo: Cargo,
    buffer: Vec<u8>,
    /// What of the buffer has to go: `buffer[sent..end]`.
    sent: usize,
    end: usize,
    scratch: Vec<u8>,
    is_all_read: bool,
    moved: Instant,
}

/// Where a step of a transfer ended.
#[derive(Debug)]
pub(super) enum Step {
    /// The connection is not ready.
    Wait,
    /// So many bytes have moved, and there may be more.
    Moved(usize),
    /// It is done, or has failed with this reply.
    Done(Result<(), String>),
}

impl Data {
    /// Goes on with getting a connection to the client; nobody else's is taken.
    fn open(&mut self, peer: Option<IpAddress>, tls: Option<&TlsServer>) -> Status<()> {
        match self {
            Self::Open(wire) => wire.advance(),
            Self::Listening(listener) => loop {
                match listener.accept() {
                    Status::Done(socket) if socket.remote_address() == peer => break self.connected(socket, tls),
                    // Whoever it is, it is not the client.
                    Status::Done(_) => {}
                    Status::Disconnected => return Status::Disconnected,
                    Status::NotReady => return Status::NotReady,
                    Status::Error(error) => return Status::Error(error),
                }
            },
            Self::Invited(at) => {
                let mut socket = TcpSocket::new();
                if let Err(error) = socket.set_blocking(false) {
                    return Status::Error(error);
                }
                match socket.connect(IpAddress::from(at.ip()), at.port()) {
                    Status::Done(()) => self.connected(socket, tls),
                    Status::NotReady => {
                        *self = Self::Connecting(socket);
                        Status::NotReady
                    }
                    other => other,
                }
            }
            Self::Connecting(socket) => match socket.finish_connect() {
                Status::Done(()) => {
                    let socket = std::mem::take(socket);
                    self.connected(socket, tls)
                }
                other => other,
            },
        }
    }

    fn connected(&mut self, mut socket: TcpSocket, tls: Option<&TlsServer>) -> Status<()> {
        if let Err(error) = socket.set_blocking(false) {
            return Status::Error(error);
        }
        let mut wire = Wire::Plain(Box::new(socket));
        if let Some(tls) = tls
            && let Err(error) = wire.secure(tls)
        {
            return Status::Error(error);
        }
        let status = wire.advance();
        *self = Self::Open(wire);
        status
    }
}

impl Transfer {
    /// `buffer` is one that is at hand.
    pub(super) fn new(data: Data, cargo: Cargo, buffer: Vec<u8>) -> Self {
        Self { data, cargo, buffer, sent: 0, end: 0, scratch: Vec::new(), is_all_read: false, moved: Instant::now() }
    }

    /// For the next one.
    pub(super) fn into_buffer(self) -> Vec<u8> {
        self.buffer
    }

    /// Whether nothing has moved for too long.
    pub(super) fn is_late(&self) -> bool {
        self.moved.elapsed() > PATIENCE
    }

    /// What it waits for, and on which of its sockets: a number that grows.
    pub(super) fn waits_for(&self) -> (u8, Option<Interest>) {
        match &self.data {
            Data::Invited(_) => (0, None),
            Data::Listening(_) => (1, Some(Interest::Read)),
            Data::Connecting(_) => (1, Some(Interest::Write)),
            Data::Open(wire) => {
                let is_down = matches!(self.cargo, Cargo::Down(..));
                (2, wire.interest(!is_down, is_down))
            }
        }
    }

    pub(super) fn watch(&self, selector: &mut SocketSelector) -> Result<Option<Key>> {
        match (&self.data, self.waits_for().1) {
            (Data::Listening(listener), _) => selector.add(listener).map(Some),
            (Data::Connecting(socket), Some(interest)) => selector.add_with(socket, interest).map(Some),
            (Data::Open(wire), interest) => wire.watch(selector, interest),
            (Data::Connecting(_) | Data::Invited(_), _) => Ok(None),
        }
    }

    /// Moves a piece, of `most` bytes if that is not much.
    pub(super) fn step(&mut self, peer: Option<IpAddress>, tls: Option<&TlsServer>, most: u64) -> Step {
        match self.data.open(peer, tls) {
            Status::Done(()) => {}
            Status::NotReady => return Step::Wait,
            Status::Disconnected => return failed("425 no data connection came about".to_owned()),
            Status::Error(error) => return failed(format!("425 no data connection came about: {error}")),
        }
        let most = usize::try_from(most).unwrap_or(PIECE).min(PIECE);
        let step = match self.cargo {
            Cargo::Down(..) => self.send(most),
            Cargo::Up(..) => self.receive(most),
        };
        if matches!(step, Step::Moved(_)) {
            self.moved = Instant::now();
        }
        step
    }

    fn send(&mut self, most: usize) -> Step {
        if self.sent == self.end
            && !self.is_all_read
            && let Err(error) = self.fill()
        {
            return failed(format!("451 {error}"));
        }
        let Data::Open(wire) = &mut self.data else { return Step::Wait };
        let rest = self.buffer.get(self.sent..self.end).unwrap_or_default();
        let status = match rest.get(..most).unwrap_or(rest) {
            [] => match wire.finish() {
                Status::Done(()) => return Step::Done(Ok(())),
                other => other.map(|()| 0),
            },
            piece => wire.send(piece),
        };
        match status {
            Status::Done(count) => {
                self.sent += count;
                Step::Moved(count)
            }
            Status::NotReady => Step::Wait,
            Status::Disconnected => failed(GONE.to_owned()),
            Status::Error(error) => failed(format!("426 {error}")),
        }
    }

    /// Reads the next piece of the content into the buffer, of which everything has gone.
    fn fill(&mut self) -> io::Result<()> {
        self.sent = 0;
        let Cargo::Down(content, lines) = &mut self.cargo else { return Ok(()) };
        self.end = match (content, lines) {
            (Content::File(file), None) => {
                self.buffer.resize(PIECE, 0);
                file.read(&mut self.buffer)?
            }
            (Content::File(file), Some(lines)) => {
                self.scratch.resize(PIECE / 2, 0);
                let count = file.read(&mut self.scratch)?;
                self.buffer.clear();
                lines.push(self.scratch.get(..count).unwrap_or_default(), &mut self.buffer);
                self.buffer.len()
            }
            (Content::Listing(listing), _) => {
                self.buffer.clear();
                while self.buffer.len() < PIECE
                    && let Some(line) = listing.line()
                {
                    self.buffer.extend_from_slice(line.as_bytes());
                }
                self.buffer.len()
            }
        };
        self.is_all_read = self.end == 0;
        Ok(())
    }

    fn receive(&mut self, most: usize) -> Step {
        let (Data::Open(wire), Cargo::Up(file, lines)) = (&mut self.data, &mut self.cargo) else { return Step::Wait };
        if matches!(wire.flush(), Status::Error(_)) {
            return failed(GONE.to_owned());
        }
        self.buffer.resize(PIECE, 0);
        let room = self.buffer.get_mut(..most.max(1)).unwrap_or_default();
        match wire.receive(room) {
            Status::Done(count) => {
                let received = room.get(..count).unwrap_or_default();
                let written = match lines {
                    None => file.write_all(received),
                    Some(lines) => {
                        self.scratch.clear();
                        lines.push(received, &mut self.scratch);
                        file.write_all(&self.scratch)
                    }
                };
                written.map_or_else(|error| failed(format!("452 {error}")), |()| Step::Moved(count))
            }
            Status::NotReady => Step::Wait,
            Status::Disconnected => {
                // The end of the session has an answer.
                _ = wire.finish();
                self.scratch.clear();
                if let Some(lines) = lines {
                    lines.finish(&mut self.scratch);
                }
                Step::Done(file.write_all(&self.scratch).map_err(|error| format!("452 {error}")))
            }
            Status::Error(error) => failed(format!("426 {error}")),
        }
    }
}

fn failed(reply: String) -> Step {
    Step::Done(Err(reply))
}

const GONE: &str = "426 the data connection was closed";
/// Read and sent, or received and written, at once.
const PIECE: usize = 256 * 1024;
/// How long nothing may move.
const PATIENCE: Duration = Duration::from_secs(60);
