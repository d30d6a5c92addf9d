//! Acknowledgements of TCP without their usual delay.

use socket2::Socket;

/// Sends the acknowledgement that is due, and those that follow until this end sends something (`tcp(7)`,
/// `TCP_QUICKACK`). Sockets of other kinds refuse, which does no harm.
pub(crate) fn acknowledge_at_once(socket: &Socket) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_quickack(true);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = socket;
}
