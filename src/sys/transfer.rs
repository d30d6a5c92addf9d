//! Bytes into and out of one socket: the system calls that `socket2` offers only for uninitialised memory, and the
//! flags that keep `SIGPIPE` away.

use std::{
    io::{self, IoSlice},
    net::SocketAddr,
};

#[cfg(unix)]
use std::os::fd::AsRawFd;

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

/// A received datagram.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Datagram {
    /// Its length as it was sent; more than the buffer holds when it was cut. A system that does not tell the length
    /// of a cut datagram gives one more than the buffer's.
    pub(crate) length: usize,
    pub(crate) from: Option<SocketAddr>,
}

/// Opens a stream socket that blocks or not as told, with as few system calls as the system allows.
pub(crate) fn stream_socket(domain: Domain, protocol: Option<Protocol>, nonblocking: bool) -> io::Result<Socket> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        let kind = if nonblocking { Type::STREAM.nonblocking() } else { Type::STREAM };
        Socket::new(domain, kind, protocol)
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let socket = Socket::new(domain, Type::STREAM, protocol)?;
        if nonblocking {
            socket.set_nonblocking(true)?;
        }
        Ok(socket)
    }
}

/// Keeps the system from spacing out what is sent, as its congestion control may do (BBR): between programs of one machine
/// there is no network to be careful with, and every pause costs a timer. It is too late once the connection is there; a
/// listener hands it on.
#[cfg(any(feature = "ftp", feature = "http"))]
pub(crate) fn stop_pacing(socket: &Socket) {
    // It works without it too.
    #[cfg(target_os = "linux")]
    let _ = socket.set_tcp_congestion(b"reno");
    #[cfg(not(target_os = "linux"))]
    let _ = socket;
}

/// Accepts a connection; the new socket blocks or not as told, whatever the listener's mode.
pub(crate) fn accept(listener: &Socket, nonblocking: bool) -> io::Result<(Socket, SockAddr)> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        listener.accept4(libc::SOCK_CLOEXEC | if nonblocking { libc::SOCK_NONBLOCK } else { 0 })
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        let (socket, from) = listener.accept()?;
        socket.set_nonblocking(nonblocking)?;
        Ok((socket, from))
    }
}

/// Lets a listener take a port whose last connections are still in `TIME_WAIT`. On Windows the same option would let it
/// take the port of a living listener, and the port of a dead one is free anyway.
pub(crate) fn allow_rebinding(socket: &Socket) -> io::Result<()> {
    if cfg!(unix) { socket.set_reuse_address(true) } else { Ok(()) }
}

/// Sends what the kernel has room for.
#[inline]
pub(crate) fn send(socket: &Socket, data: &[u8]) -> io::Result<usize> {
    send_with(socket, data, NO_SIGNAL)
}

/// The same without waiting for room, in whichever mode the socket is; on Windows it must be in non-blocking mode.
#[cfg(feature = "http")]
#[inline]
pub(crate) fn send_now(socket: &Socket, data: &[u8]) -> io::Result<usize> {
    send_with(socket, data, NO_SIGNAL | NO_WAIT)
}

#[inline]
fn send_with(socket: &Socket, data: &[u8], flags: i32) -> io::Result<usize> {
    #[cfg(unix)]
    {
        // SAFETY: the pointer points at memory of the length told, which the kernel only reads.
        let sent = unsafe { libc::send(socket.as_raw_fd(), data.as_ptr().cast(), data.len(), flags) };
        usize::try_from(sent).map_err(|_| io::Error::last_os_error())
    }
    #[cfg(not(unix))]
    socket.send_with_flags(data, flags)
}

/// Sends two pieces, one behind the other, with one system call.
pub(crate) fn send_two(socket: &Socket, first: &[u8], second: &[u8]) -> io::Result<usize> {
    let length = first.len() + second.len();
    let mut joined = [0; MOST_JOINED];
    if let Some(joined) = joined.get_mut(..length)
        && let Some((head, tail)) = joined.split_at_mut_checked(first.len())
    {
        // A copy of this size costs less than telling the system of two places.
        head.copy_from_slice(first);
        tail.copy_from_slice(second);
        return send(socket, joined);
    }
    send_pieces(socket, &[IoSlice::new(first), IoSlice::new(second)])
}

/// Sends pieces, one behind the other, with one system call.
pub(crate) fn send_pieces(socket: &Socket, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
    socket.send_vectored_with_flags(pieces, NO_SIGNAL)
}

/// Receives what there is; 0 bytes are the end.
#[inline]
pub(crate) fn receive(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    receive_with(socket, buffer, 0)
}

/// The same without waiting for bytes, in whichever mode the socket is; on Windows it must be in non-blocking mode.
#[cfg(feature = "http")]
#[inline]
pub(crate) fn receive_now(socket: &Socket, buffer: &mut [u8]) -> io::Result<usize> {
    receive_with(socket, buffer, NO_WAIT)
}

#[inline]
fn receive_with(socket: &Socket, buffer: &mut [u8], flags: i32) -> io::Result<usize> {
    #[cfg(unix)]
    {
        // SAFETY: the pointer points at memory of the length told, which the kernel may write.
        let received = unsafe { libc::recv(socket.as_raw_fd(), buffer.as_mut_ptr().cast(), buffer.len(), flags) };
        usize::try_from(received).map_err(|_| io::Error::last_os_error())
    }
    #[cfg(not(unix))]
    {
        let _ = flags;
        let mut socket = socket;
        io::Read::read(&mut socket, buffer)
    }
}

/// Receives up to `room` bytes behind those that the buffer holds.
pub(crate) fn receive_more(socket: &Socket, buffer: &mut Vec<u8>, room: usize) -> io::Result<usize> {
    buffer.reserve(room);
    let spare = buffer.spare_capacity_mut();
    let room = room.min(spare.len());
    let count = socket.recv(spare.get_mut(..room).unwrap_or_default())?.min(room);
    // SAFETY: `recv` initialised the first `count` bytes of the spare capacity.
    unsafe { buffer.set_len(buffer.len() + count) };
    Ok(count)
}

/// What is joined before it is sent, at the most.
const MOST_JOINED: usize = 512;

/// Apple systems have the socket option `SO_NOSIGPIPE` instead, which `socket2` sets; Windows has no such signal.
#[cfg(all(unix, not(target_vendor = "apple")))]
const NO_SIGNAL: i32 = libc::MSG_NOSIGNAL;
#[cfg(not(all(unix, not(target_vendor = "apple"))))]
const NO_SIGNAL: i32 = 0;

/// Whether a socket in blocking mode can be asked for what takes no waiting.
#[cfg(feature = "http")]
pub(crate) const CAN_DECLINE_TO_WAIT: bool = cfg!(unix);
#[cfg(all(feature = "http", unix))]
const NO_WAIT: i32 = libc::MSG_DONTWAIT;
#[cfg(all(feature = "http", not(unix)))]
const NO_WAIT: i32 = 0;

#[cfg(all(test, any(feature = "ftp", feature = "http"), target_os = "linux"))]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn what_is_not_paced_has_another_congestion_control_and_a_listener_hands_it_on() {
        let name = |socket: &Socket| socket.tcp_congestion().unwrap().split(|byte| *byte == 0).next().unwrap().to_vec();
        let listener = stream_socket(Domain::IPV4, Some(Protocol::TCP), false).unwrap();
        stop_pacing(&listener);
        assert_eq!(name(&listener), b"reno");
        listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
        listener.listen(1).unwrap();
        let socket = stream_socket(Domain::IPV4, Some(Protocol::TCP), false).unwrap();
        socket.connect(&listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = accept(&listener, false).unwrap();
        assert_eq!(name(&accepted), b"reno");
    }
}
