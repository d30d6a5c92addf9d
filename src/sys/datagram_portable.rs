//! One datagram, in or out.

use std::{io, mem::MaybeUninit, net::SocketAddr, ptr};

use socket2::{MaybeUninitSlice, SockAddr, Socket};

use super::Datagram;

/// Sends one datagram.
pub(crate) fn send_datagram(socket: &Socket, data: &[u8], to: SocketAddr) -> io::Result<usize> {
    socket.send_to(data, &SockAddr::from(to))
}

/// Receives one datagram; of one that was cut it tells that it was longer than the buffer, not how long.
pub(crate) fn receive_datagram(socket: &Socket, buffer: &mut [u8]) -> io::Result<Datagram> {
    let capacity = buffer.len();
    // SAFETY: the layouts are the same, and `socket2` promises to write only initialised bytes.
    let buffer = unsafe { &mut *(ptr::from_mut(buffer) as *mut [MaybeUninit<u8>]) };
    let (length, flags, from) = socket.recv_from_vectored(&mut [MaybeUninitSlice::new(buffer)])?;
    let length = if flags.is_truncated() { capacity + 1 } else { length };
    Ok(Datagram { length, from: from.as_socket() })
}
