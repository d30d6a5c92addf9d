//! Sockets that answer.
#![deny(unsafe_code)]

mod bytes;
mod error;
mod ip;
mod link;
mod local;
mod mode;
mod packet;
mod selector;
mod status;
mod sys;
mod tcp;
mod time;
mod udp;

pub use error::{Error, ErrorKind, Limit, Phase, Result};
pub use ip::IpAddress;
pub use local::{LocalListener, LocalSocket};
pub use packet::{Packet, PacketValue};
pub use selector::{Event, Interest, Key, Selectable, SocketSelector, Waker};
pub use status::{Status, StatusCode};
pub use sys::NativeHandle;
pub use tcp::{TcpListener, TcpSocket};
pub use udp::{Datagram, DatagramBatch, UdpSocket};
