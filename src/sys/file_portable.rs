//! Files to sockets, where the system has no call for it that this crate knows.

use std::{fs::File, io};

use socket2::Socket;

/// Never sends anything: the caller reads and sends.
pub(crate) fn send_file(_socket: &Socket, _file: &File, _offset: u64, _count: u64) -> Option<io::Result<usize>> {
    None
}
