//! When acknowledgements of TCP are sent.

use socket2::Socket;

/// Sends the acknowledgement that is due, and those that follow until this end sends something (`tcp(7)`,
/// `TCP_QUICKACK`). Sockets of other kinds refuse, which does no harm.
pub(crate) fn acknowledge_at_once(socket: &Socket) {
    set_quick_acknowledgements(socket, true);
}

/// Lets acknowledgements wait for something that they can go with. Said before a connect, that saves the packet that
/// only acknowledges the connection.
#[cfg(feature = "http")]
pub(crate) fn acknowledge_with_data(socket: &Socket) {
    set_quick_acknowledgements(socket, false);
}

fn set_quick_acknowledgements(socket: &Socket, quick: bool) {
    // Where it cannot be said, the system's own way is as good.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = socket.set_tcp_quickack(quick);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let _ = (socket, quick);
}
