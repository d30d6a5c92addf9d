//! What the system knows of a listener.

use std::path::PathBuf;

use super::Peer;
use crate::{
    discovery::{Published, TxtRecord},
    endpoint::Endpoint,
    error::{Error, Result},
    ip::IpAddress,
    local::LocalListener,
    mode::Mode,
    selector::{Key, SocketSelector},
    stream::Stream,
    sys::Handle,
    tcp::TcpListener,
    time::Deadline,
    tls::TlsServer,
};

/// Where connections come in.
#[derive(Debug)]
pub(crate) enum Door {
    Tcp {
        /// One for each address of the host, all on one port; none when it is closed.
        listeners: Vec<TcpListener>,
        /// Which of them is asked first: the one behind that which has given a connection.
        next: usize,
        /// The name of several addresses.
        name: Option<String>,
        /// For a service.
        published: Option<Published>,
    },
    Local(LocalListener, PathBuf),
}

impl Door {
    /// Listens at an endpoint. A host name is looked up, however long that takes.
    pub(crate) fn open(endpoint: &Endpoint, tls: Option<&TlsServer>, txt: TxtRecord) -> Result<Self> {
        if tls.is_some() {
            endpoint.check_tls()?;
        }
        match endpoint {
            Endpoint::Tcp { host, port } => {
                let host = host.as_deref();
                Self::at(&Endpoint::addresses(host, Deadline::after(None), None)?, *port, host)
            }
            Endpoint::Local(path) => {
                let mut listener = LocalListener::new();
                listener.listen(path).into_result()?;
                Ok(Self::Local(listener, path.clone()))
            }
            Endpoint::Service { .. } => Self::as_service(endpoint, tls, txt),
        }
    }

    /// Listens at the addresses of a host.
    pub(crate) fn at(addresses: &[IpAddress], port: u16, host: Option<&str>) -> Result<Self> {
        let listeners = TcpListener::on_all(addresses, port)?;
        let name = if listeners.len() > 1 { host.map(str::to_owned) } else { None };
        Ok(Self::Tcp { listeners, next: 0, name, published: None })
    }

    /// Listens on all addresses of this machine for the service that an endpoint names, and publishes it. Who finds it is
    /// told the certificate too, unless the text has another one.
    fn as_service(endpoint: &Endpoint, tls: Option<&TlsServer>, mut txt: TxtRecord) -> Result<Self> {
        let (_, port) = endpoint.instance()?;
        if let (Some(tls), None) = (tls, txt.fingerprint()) {
            txt.set_fingerprint(tls.fingerprint())?;
        }
        let mut listener = TcpListener::new();
        listener.listen(port.unwrap_or(0)).into_result()?;
        let published = endpoint.publish(listener.local_port(), &txt)?;
        Ok(Self::Tcp { listeners: vec![listener], next: 0, name: None, published: Some(published) })
    }

    /// Sets how many connections wait in the system's queue.
    pub(super) fn set_backlog(&self, backlog: u32) -> Result<()> {
        // The system takes the last word (POSIX `listen`).
        let backlog = i32::try_from(backlog).unwrap_or(i32::MAX);
        self.handles().try_for_each(|handle| handle.socket().listen(backlog).map_err(Error::from_os))
    }

    /// Takes the next connection, in the mode of the door, which must not block when it is [wide](Self::is_wide).
    pub(crate) fn accept(&mut self) -> Result<(Stream, Peer)> {
        match self {
            Self::Tcp { listeners, next, .. } => {
                let mut result = Err(Error::Disconnected);
                for _ in 0..listeners.len() {
                    let Some(listener) = listeners.get_mut(*next) else { break };
                    result = listener.accept().into_result();
                    *next = (*next + 1) % listeners.len();
                    if !matches!(result, Err(Error::NotReady)) {
                        break;
                    }
                }
                let socket = result?;
                let peer = socket.remote_address().map(|address| (address, socket.remote_port()));
                Ok((socket.into(), peer))
            }
            Self::Local(listener, _) => Ok((listener.accept().into_result()?.into(), None)),
        }
    }

    /// Returns its port; 0 for a local socket.
    pub(crate) fn port(&self) -> u16 {
        match self {
            Self::Tcp { listeners, .. } => listeners.first().map_or(0, TcpListener::local_port),
            Self::Local(..) => 0,
        }
    }

    pub(super) fn address(&self) -> Result<Endpoint> {
        match self {
            Self::Tcp { listeners, name, .. } => {
                let listener = listeners.first().ok_or(Error::NotOpen)?;
                let address = listener.local_address().ok_or(Error::NotOpen)?;
                let host = name.clone().unwrap_or_else(|| address.to_string());
                Ok(Endpoint::Tcp { host: Some(host), port: self.port() })
            }
            Self::Local(listener, path) if listener.is_listening() => Ok(Endpoint::Local(path.clone())),
            Self::Local(..) => Err(Error::NotOpen),
        }
    }

    pub(crate) fn set_mode(&mut self, mode: Mode) -> Result<()> {
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
    pub(crate) fn watch(&self, selector: &mut SocketSelector) -> Result<Vec<Key>> {
        match self {
            Self::Tcp { listeners, .. } => listeners.iter().map(|listener| selector.add(listener)).collect(),
            Self::Local(listener, _) => Ok(vec![selector.add(listener)?]),
        }
    }

    /// Has a selector watch it no more.
    pub(crate) fn unwatch(&self, selector: &mut SocketSelector) {
        match self {
            Self::Tcp { listeners, .. } => listeners.iter().for_each(|listener| _ = selector.remove(listener)),
            Self::Local(listener, _) => _ = selector.remove(listener),
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

    pub(crate) fn published(&self) -> Option<&Published> {
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

#[cfg(test)]
mod tests {
    use std::net::{Ipv6Addr, TcpStream, UdpSocket};

    use super::*;

    /// Whoever is loud at one address holds nobody up who waits at another.
    #[test]
    fn addresses_take_turns() {
        if UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
            return;
        }
        let quiet = IpAddress::from(Ipv6Addr::LOCALHOST);
        let mut door = Door::at(&[IpAddress::LOCAL_HOST, quiet], 0, None).unwrap();
        door.set_mode(Mode::AT_ONCE).unwrap();
        let port = door.port();
        let _loud: Vec<_> = (0..3).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect();
        let _quiet = TcpStream::connect((Ipv6Addr::LOCALHOST, port)).unwrap();
        let accepted: Vec<_> = (0..4).map(|_| door.accept().unwrap().0.local().unwrap().0).collect();
        assert_eq!(accepted, [IpAddress::LOCAL_HOST, quiet, IpAddress::LOCAL_HOST, IpAddress::LOCAL_HOST]);
        assert!(matches!(door.accept(), Err(Error::NotReady)));
    }
}
