//! Many datagrams in one system call: UDP segmentation offload (`UDP_SEGMENT`, Linux 4.18) and its reverse, `UDP_GRO`
//! (Linux 5.0), both described in `udp(7)`.

use std::{io, mem, os::fd::AsRawFd, ptr, sync::OnceLock};

use socket2::{SockAddr, SockAddrStorage, Socket};

use super::Datagram;

/// The most datagrams that one call takes (`UDP_MAX_SEGMENTS` of the first kernels that had it).
pub(crate) const MAX_SEGMENTS: usize = 64;

/// Sends up to [`MAX_SEGMENTS`] datagrams of `segment` bytes each, the last one possibly shorter, to one peer.
///
/// The kernel refuses it with `EINVAL` or `EMSGSIZE` where a datagram does not fit into one packet of the network, and
/// with `EIO` or `EOPNOTSUPP` where the device cannot do it; then nothing was sent. So does this function with one that
/// has never heard of it: it would send the whole group as one datagram.
pub(crate) fn send_segments(socket: &Socket, datagrams: &[&[u8]], segment: u16, to: &SockAddr) -> io::Result<()> {
    static IS_KNOWN: OnceLock<bool> = OnceLock::new();
    if !IS_KNOWN.get_or_init(|| knows_segments(socket)) {
        return Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP));
    }
    // For small datagrams a copy costs less than the kernel's walk over a piece for each.
    let copy = if datagrams.len() * usize::from(segment) <= MOST_COPIED { datagrams.concat() } else { Vec::new() };
    let copied = [copy.as_slice()];
    let datagrams = if copy.is_empty() { datagrams } else { &copied };
    let mut pieces = [libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; MAX_SEGMENTS];
    let mut count = 0;
    for (piece, datagram) in pieces.iter_mut().zip(datagrams) {
        *piece = libc::iovec { iov_base: datagram.as_ptr().cast_mut().cast(), iov_len: datagram.len() };
        count += 1;
    }
    let mut control = Control::default();
    // SAFETY: all zeroes is a valid `msghdr`.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_name = to.as_ptr().cast_mut().cast();
    message.msg_namelen = to.len();
    message.msg_iov = pieces.as_mut_ptr();
    message.msg_iovlen = count;
    message.msg_control = control.0.as_mut_ptr().cast();
    // SAFETY: the control buffer is aligned and larger than one header with a `u16`, so the first header exists.
    unsafe {
        message.msg_controllen = libc::CMSG_SPACE(SEGMENT_SIZE) as _;
        let header = libc::CMSG_FIRSTHDR(&raw const message);
        (*header).cmsg_level = libc::SOL_UDP;
        (*header).cmsg_type = libc::UDP_SEGMENT;
        (*header).cmsg_len = libc::CMSG_LEN(SEGMENT_SIZE) as _;
        ptr::write_unaligned(libc::CMSG_DATA(header).cast::<u16>(), segment);
    }
    // SAFETY: every pointer of the message points at memory that outlives the call; the kernel only reads it.
    let sent = unsafe { libc::sendmsg(socket.as_raw_fd(), &raw const message, libc::MSG_NOSIGNAL) };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Tells whether the kernel can cut the datagrams of this socket.
fn knows_segments(socket: &Socket) -> bool {
    let mut segment: libc::c_int = 0;
    let mut size = INT_SIZE;
    // SAFETY: the option is an `int`, and its size is told.
    let result = unsafe {
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_SEGMENT, (&raw mut segment).cast(), &raw mut size)
    };
    result == 0
}

/// Tells whether the kernel or the device refused to cut a group into datagrams; one by one they may still go.
pub(crate) fn is_segmentation_refused(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EINVAL | libc::EMSGSIZE | libc::EIO | libc::EOPNOTSUPP))
}

/// Asks the kernel to hand over datagrams of one peer that came together in one piece.
pub(crate) fn set_coalescing(socket: &Socket) -> bool {
    let on: libc::c_int = 1;
    // SAFETY: the option is an `int`, and its size is told.
    let result =
        unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_UDP, libc::UDP_GRO, (&raw const on).cast(), INT_SIZE) };
    result == 0
}

/// Receives datagrams of one peer: `length` bytes in all, each datagram as long as the second value says, but the last
/// one possibly shorter. `wait` is false to come back at once with `WouldBlock` whatever the socket's mode.
pub(crate) fn receive_segments(socket: &Socket, buffer: &mut [u8], wait: bool) -> io::Result<(Datagram, usize)> {
    let mut piece = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let mut control = Control::default();
    let mut storage = SockAddrStorage::zeroed();
    // SAFETY: all zeroes is a valid `msghdr`.
    let mut message: libc::msghdr = unsafe { mem::zeroed() };
    message.msg_name = (&raw mut storage).cast();
    message.msg_namelen = storage.size_of();
    message.msg_iov = &raw mut piece;
    message.msg_iovlen = 1;
    message.msg_control = control.0.as_mut_ptr().cast();
    message.msg_controllen = size_of_val(&control.0) as _;
    let flags = libc::MSG_TRUNC | if wait { 0 } else { libc::MSG_DONTWAIT };
    // SAFETY: every pointer of the message points at memory of the size told that outlives the call.
    let received = unsafe { libc::recvmsg(socket.as_raw_fd(), &raw mut message, flags) };
    let Ok(length) = usize::try_from(received) else { return Err(io::Error::last_os_error()) };
    // SAFETY: the kernel filled `msg_namelen` bytes of the storage.
    let from = unsafe { SockAddr::new(storage, message.msg_namelen) }.as_socket();
    let mut segment = length;
    // SAFETY: the kernel filled the control buffer; the macros stay within the `msg_controllen` it told.
    unsafe {
        let mut header = libc::CMSG_FIRSTHDR(&raw const message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_UDP && (*header).cmsg_type == libc::UDP_GRO {
                let size = ptr::read_unaligned(libc::CMSG_DATA(header).cast::<libc::c_int>());
                segment = usize::try_from(size).ok().filter(|size| *size > 0).unwrap_or(length);
            }
            header = libc::CMSG_NXTHDR(&raw const message, header);
        }
    }
    Ok((Datagram { length, from }, segment))
}

/// The most bytes that are put into one piece before they are sent.
const MOST_COPIED: usize = 16 * 1024;

/// Room for one control message, aligned as its header needs it.
#[derive(Default)]
struct Control([usize; 8]);

/// The sizes of the options' values, in the type that the system wants.
const SEGMENT_SIZE: libc::socklen_t = 2;
const INT_SIZE: libc::socklen_t = 4;
const _: () = assert!(size_of::<u16>() == 2 && size_of::<libc::c_int>() == 4);

#[cfg(test)]
mod tests {
    use socket2::{Domain, Type};

    use super::*;

    #[test]
    fn the_kernel_is_asked_whether_it_can_cut() {
        let knows = |kind| knows_segments(&Socket::new(Domain::IPV4, kind, None).unwrap());
        assert!(knows(Type::DGRAM));
        assert!(!knows(Type::STREAM), "a socket without the option");
    }
}
