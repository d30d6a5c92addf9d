//! Many datagrams where the system has no segmentation offload: one by one.

use std::io;

use socket2::{SockAddr, Socket};

use super::{Datagram, receive_datagram};

/// No call takes more than one.
pub(crate) const MAX_SEGMENTS: usize = 1;

/// Never called, since no group of datagrams is larger than one.
pub(crate) fn send_segments(_socket: &Socket, _datagrams: &[&[u8]], _segment: u16, _to: &SockAddr) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Never called either.
pub(crate) fn is_segmentation_refused(_error: &io::Error) -> bool {
    true
}

/// There is nothing to ask for.
pub(crate) fn set_coalescing(_socket: &Socket) -> bool {
    false
}

/// Receives one datagram: all of it is one segment.
pub(crate) fn receive_segments(socket: &Socket, buffer: &mut [u8], wait: bool) -> io::Result<(Datagram, usize)> {
    // Without a flag for a single call, only a datagram that was waited for is taken.
    if !wait && !super::wait_for(socket, super::Direction::Read, Some(std::time::Duration::ZERO))? {
        return Err(io::ErrorKind::WouldBlock.into());
    }
    let datagram = receive_datagram(socket, buffer)?;
    Ok((datagram, datagram.length))
}
