//! The data connection of one transfer: opened by this side or by the server, plain or encrypted.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use socket2::{Domain, Protocol, SockAddr, Socket};

use super::{address, command::Command, session::Session, wire::Wire};
use crate::{
    error::{Error, Phase, Result},
    mode::wait_until,
    status::Status,
    sys::{self, Direction, Handle},
    time::Deadline,
};

/// A data connection in any phase.
#[derive(Debug)]
pub(super) enum Data {
    /// The server has not connected yet.
    Listening(Handle),
    /// Connecting, or connected.
    Open(Wire),
}

impl Data {
    /// Begins to connect to a port of the control connection's peer.
    pub(super) fn connect(session: &Session, port: u16, load: Load) -> Result<Self> {
        let mut to = session.peer;
        to.set_port(port);
        // Without TCP_NODELAY: there is nothing to answer on it, and its end is sent at once anyway.
        let socket = sys::stream_socket(Domain::for_address(to), Some(Protocol::TCP), true).map_err(Error::from_os)?;
        load.prepare(&socket, session);
        match socket.connect(&SockAddr::from(to)) {
            Ok(()) => {}
            Err(error) if sys::is_connect_in_progress(&error) => {}
            Err(error) => return Err(Error::from_os(error)),
        }
        Ok(Self::Open(Wire::plain(socket)))
    }

    /// Listens where the control connection comes from.
    pub(super) fn listen(session: &Session, load: Load) -> Result<Self> {
        let listen = || {
            let at = SocketAddr::new(session.local.ip(), 0);
            let socket = sys::stream_socket(Domain::for_address(at), Some(Protocol::TCP), true)?;
            load.prepare(&socket, session);
            socket.bind(&SockAddr::from(at))?;
            socket.listen(MAX_STRANGERS)?;
            Ok(socket)
        };
        listen().map(|socket| Self::Listening(Handle::new(socket))).map_err(Error::from_os)
    }

    /// What tells the server where this side listens; goes into its place then.
    pub(super) fn invitation(self, session: &Session, place: &mut Option<Self>) -> Result<Command> {
        let at = self.handle().ok_or(Error::NotOpen)?.socket().local_addr().map_err(Error::from_os)?;
        let at = at.as_socket().ok_or(Error::NotOpen)?;
        *place = Some(self);
        match address::port_parameter(at).filter(|_| session.has_old_commands) {
            Some(parameter) => session.build("PORT", &parameter),
            None => session.build("EPRT", &address::eprt_parameter(at)),
        }
    }

    /// Ends a connect that has begun; `NotReady` while it is pending.
    pub(super) fn finish_connect(&self) -> Status {
        let Some(handle) = self.handle() else { return Status::Disconnected };
        let finished = || {
            if !wait_until(handle.socket(), Direction::Write, Deadline::after(Some(Duration::ZERO)))? {
                return Ok(false);
            }
            handle.socket().take_error()?.map_or(Ok(true), Err)
        };
        match finished() {
            Ok(true) => Status::Done(()),
            Ok(false) => Status::NotReady,
            Err(error) => Status::Error(Error::from_os(error)),
        }
    }

    /// Takes the server's connection; `NotReady` while it has not come. Nobody else's is taken.
    pub(super) fn accept(&mut self, session: &Session) -> Status {
        let Self::Listening(listener) = self else { return Status::Done(()) };
        for _ in 0..MAX_STRANGERS {
            match sys::accept(listener.socket(), true) {
                Ok((socket, from)) if is_from(&from, session.peer) => {
                    let mut connection = Handle::new(socket);
                    // Whoever waits for the listener waits for the connection now.
                    listener.hand_over(&mut connection);
                    *self = Self::Open(Wire::Plain(connection));
                    return Status::Done(());
                }
                // Whoever it is, it is not the server.
                Ok(_) => {}
                Err(error) if sys::is_accept_of_a_gone_peer(&error) => {}
                Err(error) if sys::is_would_block(&error) => return Status::NotReady,
                Err(error) => return Status::Error(Error::from_os(error)),
            }
        }
        Status::NotReady
    }

    /// Puts the session's protection on the connection.
    pub(super) fn secure(&mut self, session: &Session) -> Result<()> {
        match (self, &session.protection) {
            // The name is the control connection's, and the client is: so the server can resume that session, and some
            // insist on it.
            (Self::Open(wire), Some(tls)) => wire.secure(tls, &session.host),
            _ => Ok(()),
        }
    }

    pub(super) fn wire(&mut self) -> Option<&mut Wire> {
        match self {
            Self::Open(wire) => Some(wire),
            Self::Listening(_) => None,
        }
    }

    /// What to wait for while it is not ready.
    pub(super) fn direction(&self) -> Direction {
        match self {
            Self::Open(wire) => wire.direction(),
            Self::Listening(_) => Direction::Read,
        }
    }

    pub(super) fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Open(wire) => wire.handle(),
            Self::Listening(listener) => Some(listener),
        }
    }

    pub(super) fn handle_mut(&mut self) -> Option<&mut Handle> {
        match self {
            Self::Open(wire) => wire.handle_mut(),
            Self::Listening(listener) => Some(listener),
        }
    }

    /// Ends it so that the server cannot take what has come for a whole file.
    pub(super) fn reset(self) {
        if let Self::Open(wire) = self {
            wire.reset();
        }
    }
}

/// What a data connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Load {
    /// Much is sent, or nobody knows how much.
    Upload,
    Other,
}

impl Load {
    fn prepare(self, socket: &Socket, session: &Session) {
        let (peer, local) = (session.peer.ip().to_canonical(), session.local.ip().to_canonical());
        let stays_here = peer == local || peer.is_loopback();
        if self == Self::Upload && stays_here {
            sys::stop_pacing(socket);
        }
    }
}

/// The limits of time of one data connection.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    silence: Option<Duration>,
    moved: Instant,
}

impl Clock {
    pub(super) fn new(silence: Option<Duration>) -> Self {
        Self { silence, moved: Instant::now() }
    }

    /// Something has moved.
    pub(super) fn restart(&mut self) {
        self.moved = Instant::now();
    }

    /// What is left until it has been silent for too long; `None` for ever.
    pub(super) fn remaining(&self) -> Option<Duration> {
        self.silence.map(|limit| limit.saturating_sub(self.moved.elapsed()))
    }

    pub(super) fn check(&self, phase: Phase) -> Result<()> {
        match self.silence {
            Some(limit) if self.moved.elapsed() >= limit => Err(Error::TimedOut { phase, limit }),
            _ => Ok(()),
        }
    }
}

fn is_from(address: &SockAddr, peer: SocketAddr) -> bool {
    address.as_socket().is_some_and(|address| address.ip().to_canonical() == peer.ip().to_canonical())
}

/// How many connections of others wait at the listener, and are refused in one go.
const MAX_STRANGERS: i32 = 16;
