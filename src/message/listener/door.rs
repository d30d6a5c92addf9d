//! What the system knows of a listener.

use std::path::PathBuf;

use super::Peer;
use crate::{
    endpoint::Endpoint,
    error::{Error, Result},
    local::LocalListener,
    mode::Mode,
    selector::{Selectable, sealed},
    stream::Stream,
    sys::Handle,
    tcp::TcpListener,
    time::Deadline,
};

/// A listener of either family.
#[derive(Debug)]
pub(super) enum Door {
    Tcp(TcpListener),
    Local(LocalListener, PathBuf),
}

impl Door {
    pub(super) fn open(endpoint: &Endpoint, backlog: Option<u32>) -> Result<Self> {
        let door = match endpoint {
            Endpoint::Tcp { host, port } => Self::open_tcp(host.as_deref(), *port)?,
            Endpoint::Local(path) => {
                let mut listener = LocalListener::new();
                listener.listen(path).into_result()?;
                Self::Local(listener, path.clone())
            }
            Endpoint::Service { .. } => {
                return Err(Error::invalid_input(&endpoint.to_string(), "an endpoint with an address to listen at"));
            }
        };
        if let (Some(backlog), Some(handle)) = (backlog, door.handle()) {
            // The system takes the last word (POSIX `listen`).
            let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
            handle.socket().listen(backlog).map_err(Error::from_os)?;
        }
        Ok(door)
    }

    /// The first address of a host that can be listened on.
    fn open_tcp(host: Option<&str>, port: u16) -> Result<Self> {
        let mut result = Err(Error::NotOpen);
        for address in Endpoint::addresses(host, Deadline::after(None), None)? {
            let mut listener = TcpListener::new();
            match listener.listen_on(address, port).into_result() {
                Ok(()) => return Ok(Self::Tcp(listener)),
                Err(error) => result = Err(error),
            }
        }
        result
    }

    /// Takes the next connection, in the mode of the door. What is inside cannot fail yet.
    pub(super) fn accept(&mut self) -> Result<(Result<Stream>, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let socket = listener.accept().into_result()?;
                let peer = socket.remote_address().map(|address| (address, socket.remote_port()));
                Ok((Ok(socket.into()), peer))
            }
            Self::Local(listener, _) => Ok((Ok(listener.accept().into_result()?.into()), None)),
        }
    }

    pub(super) fn address(&self) -> Result<Endpoint> {
        match self {
            Self::Tcp(listener) => {
                let address = listener.local_address().ok_or(Error::NotOpen)?;
                Ok(Endpoint::Tcp { host: Some(address.to_string()), port: listener.local_port() })
            }
            Self::Local(listener, path) if listener.is_listening() => Ok(Endpoint::Local(path.clone())),
            Self::Local(..) => Err(Error::NotOpen),
        }
    }

    pub(super) fn set_mode(&mut self, mode: Mode) -> Result<()> {
        match self {
            Self::Tcp(listener) => {
                listener.set_timeout(mode.timeout)?;
                listener.set_blocking(mode.blocking)
            }
            Self::Local(listener, _) => {
                listener.set_timeout(mode.timeout)?;
                listener.set_blocking(mode.blocking)
            }
        }
    }

    pub(super) fn is_open(&self) -> bool {
        self.handle().is_some()
    }

    pub(super) fn close(&mut self) {
        match self {
            Self::Tcp(listener) => listener.close(),
            Self::Local(listener, _) => listener.close(),
        }
    }

    fn handle(&self) -> Option<&Handle> {
        match self {
            Self::Tcp(listener) => listener.handle(),
            Self::Local(listener, _) => listener.handle(),
        }
    }
}

impl Selectable for Door {}

impl sealed::Sealed for Door {
    #[allow(private_interfaces)]
    fn handle(&self) -> Option<&Handle> {
        Self::handle(self)
    }
}
