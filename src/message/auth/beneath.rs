//! What a handshake knows of the connection that it runs over.

use std::net::{IpAddr, SocketAddr};

use crate::{error::Result, stream::Stream, sys};

/// The connection beneath a handshake.
#[derive(Debug, Default)]
pub(crate) struct Beneath {
    /// What both ends of a TLS session know and nobody else (RFC 9266), empty without one.
    pub(super) binding: Vec<u8>,
    pub(super) ends: Ends,
}

/// What tells whether two sockets of this process are the ends of one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Ends {
    /// Of a TCP connection.
    Tcp { here: (IpAddr, u16), there: (IpAddr, u16) },
    /// The other end of a local socket is in this process, whichever socket it is.
    Own,
    /// Nothing tells, or nothing needs to.
    #[default]
    Unknown,
}

impl Beneath {
    pub(crate) fn of(stream: &Stream) -> Result<Self> {
        let ends = match stream {
            Stream::Tcp(_) => Ends::tcp(stream).unwrap_or_default(),
            Stream::Local(_) if stream.handle().is_some_and(|handle| sys::is_own(handle.socket())) => Ends::Own,
            Stream::Local(_) => Ends::Unknown,
            Stream::Tls(socket) => {
                let mut binding = vec![0; 32];
                socket.export_keying_material(b"EXPORTER-Channel-Binding", Some(b""), &mut binding)?;
                return Ok(Self { binding, ends: Ends::Unknown });
            }
        };
        Ok(Self { binding: Vec::new(), ends })
    }
}

impl Ends {
    /// The addresses are those of the system: a client may have connected to an unspecified one.
    fn tcp(stream: &Stream) -> Option<Self> {
        let socket = stream.handle()?.socket();
        let end = |address: SocketAddr| (address.ip().to_canonical(), address.port());
        let here = end(socket.local_addr().ok()?.as_socket()?);
        Some(Self::Tcp { here, there: end(socket.peer_addr().ok()?.as_socket()?) })
    }

    /// Tells whether what is sent from this end arrives at the other one, and nowhere else.
    pub(super) fn reach(self, other: Self) -> bool {
        match (self, other) {
            (Self::Own, _) => true,
            (Self::Tcp { here, there }, Self::Tcp { here: other_here, there: other_there }) => {
                here == other_there && there == other_here
            }
            _ => false,
        }
    }
}
