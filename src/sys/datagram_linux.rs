//! One datagram, in or out, with its true length (`MSG_TRUNC` in `recv(2)`).
//!
//! The system calls are made here and not through `socket2`, whose address of 128 bytes is cleared and copied each time.

use std::{
    io,
    mem::MaybeUninit,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6},
    os::fd::AsRawFd,
    ptr,
};

use socket2::Socket;

use super::Datagram;

/// Sends one datagram.
#[inline]
pub(crate) fn send_datagram(socket: &Socket, data: &[u8], to: SocketAddr) -> io::Result<usize> {
    match to {
        SocketAddr::V4(to) => {
            let address = libc::sockaddr_in {
                sin_family: INET,
                sin_port: to.port().to_be(),
                sin_addr: libc::in_addr { s_addr: to.ip().to_bits().to_be() },
                sin_zero: [0; 8],
            };
            send_to(socket, data, &address)
        }
        SocketAddr::V6(to) => {
            let address = libc::sockaddr_in6 {
                sin6_family: INET6,
                sin6_port: to.port().to_be(),
                sin6_flowinfo: to.flowinfo(),
                sin6_addr: libc::in6_addr { s6_addr: to.ip().octets() },
                sin6_scope_id: to.scope_id(),
            };
            send_to(socket, data, &address)
        }
    }
}

#[inline]
fn send_to<A>(socket: &Socket, data: &[u8], address: &A) -> io::Result<usize> {
    let length = libc::socklen_t::try_from(size_of::<A>()).unwrap_or_default();
    // SAFETY: both pointers point at memory of the lengths told, which the kernel only reads.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            data.as_ptr().cast(),
            data.len(),
            libc::MSG_NOSIGNAL,
            ptr::from_ref(address).cast(),
            length,
        )
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Receives one datagram and tells its true length.
#[inline]
pub(crate) fn receive_datagram(socket: &Socket, buffer: &mut [u8]) -> io::Result<Datagram> {
    let mut address = MaybeUninit::<Address>::uninit();
    let mut length = ADDRESS_LENGTH;
    // SAFETY: both pointers point at memory of the lengths told, which the kernel may write.
    let received = unsafe {
        libc::recvfrom(
            socket.as_raw_fd(),
            buffer.as_mut_ptr().cast(),
            buffer.len(),
            libc::MSG_TRUNC,
            address.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    let Ok(received) = usize::try_from(received) else { return Err(io::Error::last_os_error()) };
    // SAFETY: the kernel has written so many bytes of the address.
    let from = unsafe { read_address(address.as_ptr(), usize::try_from(length).unwrap_or_default()) };
    Ok(Datagram { length: received, from })
}

/// An address of either family.
#[repr(C)]
union Address {
    family: libc::sa_family_t,
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

/// # Safety
///
/// The first `length` bytes of the address are initialised.
unsafe fn read_address(address: *const Address, length: usize) -> Option<SocketAddr> {
    if length < size_of::<libc::sa_family_t>() {
        return None;
    }
    // SAFETY: the length says that the field which is read is there.
    unsafe {
        match (*address).family {
            INET if length >= size_of::<libc::sockaddr_in>() => {
                let v4 = (*address).v4;
                let ip = Ipv4Addr::from_bits(u32::from_be(v4.sin_addr.s_addr));
                Some(SocketAddrV4::new(ip, u16::from_be(v4.sin_port)).into())
            }
            INET6 if length >= size_of::<libc::sockaddr_in6>() => {
                let v6 = (*address).v6;
                let (ip, port) = (Ipv6Addr::from(v6.sin6_addr.s6_addr), u16::from_be(v6.sin6_port));
                Some(SocketAddrV6::new(ip, port, v6.sin6_flowinfo, v6.sin6_scope_id).into())
            }
            _ => None,
        }
    }
}

/// The families in the type that the system wants, and the longest address.
const INET: libc::sa_family_t = 2;
const INET6: libc::sa_family_t = 10;
const ADDRESS_LENGTH: libc::socklen_t = 28;
const _: () = assert!(libc::AF_INET == 2 && libc::AF_INET6 == 10 && size_of::<Address>() == 28);
