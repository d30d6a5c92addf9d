//! What the system knows of a listener.

use std::path::PathBuf;

use super::{ListenerOptions, Peer, service::listen_as_service};
use crate::{
    discovery::Published,
    endpoint::Endpoint,
    error::{Error, Result},
    local::LocalListener,
    mode::Mode,
    selector::{Key, SocketSelector},
    stream::Stream,
    sys::Handle,
    tcp::TcpListener,
    time::Deadline,
};

/// Where connections come in.
#[derive(Debug)]
pub(super) enum Door {
    Tcp {
        /// One for each address of the host, all on one port; none when it is closed.
        listeners: Vec<TcpListener>,
        /// The name of several addresses.
        name: Option<String>,
        /// For a service.
        published: Option<Published>,
    },
    Local(LocalListener, PathBuf),
}

impl Door {
    pub(super) fn open(endpoint: &Endpoint, options: &ListenerOptions) -> Result<Self> {
        let door = match endpoint {
            Endpoint::Tcp { host, port } => Self::open_tcp(host.as_deref(), *port)?,
            Endpoint::Local(path) => {
                let mut listener = LocalListener::new();
                listener.listen(path).into_result()?;
                Self::Local(listener, path.clone())
            }
            Endpoint::Service { .. } => {
                let (listener, published) = listen_as_service(endpoint, options.tls.as_ref(), options.txt.clone())?;
                Self::Tcp { listeners: vec![listener], name: None, published: Some(published) }
            }
        };
        if let Some(backlog) = options.backlog {
            // The system takes the last word (POSIX `listen`).
            let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
            for handle in door.handles() {
                handle.socket().listen(backlog).map_err(Error::from_os)?;
            }
        }
        Ok(door)
    }

    fn open_tcp(host: Option<&str>, port: u16) -> Result<Self> {
        let addresses = Endpoint::addresses(host, Deadline::after(None), None)?;
        let listeners = TcpListener::on_all(&addresses, port)?;
        let name = if listeners.len() > 1 { host.map(str::to_owned) } else { None };
        Ok(Self::Tcp { listeners, name, published: None })
    }

    /// Takes the next connection, in the mode of the door, which must not block when it is [wide](Self::is_wide). What is
    /// inside cannot fail yet.
    pub(super) fn accept(&mut self) -> Result<(Result<Stream>, Peer)> {
        match self {
            Self::Tcp { listeners, .. } => {
                let mut result = Err(Error::Disconnected);
                for listener in listeners {
                    result = listener.accept().into_result();
                    if !matches!(result, Err(Error::NotReady)) {
                        break;
                    }
                }
                let socket = result?;
                let peer = socket.remote_address().map(|address| (address, socket.remote_port()));
                Ok((Ok(socket.into()), peer))
            }
            Self::Local(listener, _) => Ok((Ok(listener.accept().into_result()?.into()), None)),
        }
    }

    pub(super) fn address(&self) -> Result<Endpoint> {
        match self {
            Self::Tcp { listeners, name, .. } => {
                let listener = listeners.first().ok_or(Error::NotOpen)?;
                let address = listener.local_address().ok_or(Error::NotOpen)?;
                let host = name.clone().unwrap_or_else(|| address.to_string());
                Ok(Endpoint::Tcp { host: Some(host), port: listener.local_port() })
            }
            Self::Local(listener, path) if listener.is_listening() => Ok(Endpoint::Local(path.clone())),
            Self::Local(..) => Err(Error::NotOpen),
        }
    }

    pub(super) fn set_mode(&mut self, mode: Mode) -> Result<()> {
        match self {
            Self::Tcp { listeners, .. } => listeners.iter_mut().try_for_each(|listener| {
                listener.set_timeout(mode.timeout)?;
                listener.set_blocking(mode.blocking)
            }),
            Self::Local(listener, _) => {
                listener.set_timeout(mode.timeout)?;
                listener.set_blocking(mode.blocking)
            }
        }
    }

    /// Tells whether connections come in at several addresses.
    pub(super) fn is_wide(&self) -> bool {
        matches!(self, Self::Tcp { listeners, .. } if listeners.len() > 1)
    }

    /// Has a selector watch it; tells its keys.
    pub(super) fn watch(&self, selector: &mut SocketSelector) -> Result<Vec<Key>> {
        match self {
            Self::Tcp { listeners, .. } => listeners.iter().map(|listener| selector.add(listener)).collect(),
            Self::Local(listener, _) => Ok(vec![selector.add(listener)?]),
        }
    }

    pub(super) fn close(&mut self) {
        match self {
            Self::Tcp { listeners, published, .. } => {
                listeners.clear();
                *published = None;
            }
            Self::Local(listener, _) => listener.close(),
        }
    }

    pub(super) fn published(&self) -> Option<&Published> {
        match self {
            Self::Tcp { published, .. } => published.as_ref(),
            Self::Local(..) => None,
        }
    }

    /// The first of its sockets.
    pub(super) fn handle(&self) -> Option<&Handle> {
        self.handles().next()
    }

    fn handles(&self) -> impl Iterator<Item = &Handle> {
        let (listeners, local) = match self {
            Self::Tcp { listeners, .. } => (listeners.as_slice(), None),
            Self::Local(listener, _) => (&[][..], listener.handle()),
        };
        listeners.iter().filter_map(TcpListener::handle).chain(local)
    }
}
