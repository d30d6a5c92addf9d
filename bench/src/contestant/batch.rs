//! What Linux itself offers for many datagrams to one peer: `sendmmsg` with `recvmmsg`, and segmentation offload (GSO) with
//! its counterpart on the receiving side (GRO). The floor under our batches.

use std::net::UdpSocket;
use std::os::fd::AsRawFd;
use std::ptr;
use std::{io, mem};

use super::{BULK, BURST, Batches, Datagrams, SMALL, expect, raw};
use crate::Result;
use crate::sys::check;

/// `sendmmsg` and `recvmmsg`, one call for a burst.
pub struct MmsgDatagrams {
    socket: UdpSocket,
    buffers: Vec<[u8; SMALL]>,
}

impl Datagrams for MmsgDatagrams {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = connected_pair()?;
        let end = |socket| Self { socket, buffers: vec![[0; SMALL]; BURST as usize] };
        Ok((end(near), end(far)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        expect(self.socket.send(data)? == data.len(), "a datagram was cut")
    }

    fn receive(&mut self) -> Result<u64> {
        let mut slices: Vec<_> = self.buffers.iter_mut().map(|buffer| slice(buffer.as_mut_ptr(), SMALL)).collect();
        let mut messages: Vec<_> = slices.iter_mut().map(message).collect();
        // SAFETY: each message points at one slice of `slices`, each slice at one buffer; all of them outlive the call.
        let received = check(unsafe {
            libc::recvmmsg(
                self.socket.as_raw_fd(),
                messages.as_mut_ptr(),
                messages.len() as libc::c_uint,
                libc::MSG_WAITFORONE,
                ptr::null_mut(),
            )
        })? as usize;
        let whole = messages[..received].iter().all(|message| message.msg_len as usize == SMALL);
        expect(whole, "a datagram has the wrong size")?;
        Ok(received as u64)
    }
}

impl Batches for MmsgDatagrams {
    fn send_burst(&mut self, burst: &[&[u8]]) -> Result<()> {
        let mut slices: Vec<_> = burst.iter().map(|data| slice(data.as_ptr().cast_mut(), data.len())).collect();
        let mut messages: Vec<_> = slices.iter_mut().map(message).collect();
        // SAFETY: as in `receive`; the kernel only reads what the slices point at.
        let sent = check(unsafe {
            libc::sendmmsg(self.socket.as_raw_fd(), messages.as_mut_ptr(), messages.len() as libc::c_uint, 0)
        })?;
        expect(sent as usize == burst.len(), "a burst was cut")
    }
}

/// One `send` that the kernel cuts into datagrams, one `recv` that takes them back together.
pub struct SegmentedDatagrams {
    socket: UdpSocket,
    outgoing: Vec<u8>,
    buffer: raw::Buffer,
}

impl Datagrams for SegmentedDatagrams {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = connected_pair()?;
        let end = |socket: UdpSocket| -> Result<Self> {
            set_udp_option(&socket, libc::UDP_SEGMENT, SMALL as libc::c_int)?;
            set_udp_option(&socket, libc::UDP_GRO, 1)?;
            Ok(Self { socket, outgoing: Vec::with_capacity(BULK), buffer: raw::buffer() })
        };
        Ok((end(near)?, end(far)?))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        expect(self.socket.send(data)? == data.len(), "a datagram was cut")
    }

    /// The size of the segments comes as a control message; every datagram here is [`SMALL`], so it is not asked for.
    fn receive(&mut self) -> Result<u64> {
        let length = self.socket.recv(&mut self.buffer)?;
        expect(length > 0 && length % SMALL == 0, "a datagram has the wrong size")?;
        Ok((length / SMALL) as u64)
    }
}

impl Batches for SegmentedDatagrams {
    fn send_burst(&mut self, burst: &[&[u8]]) -> Result<()> {
        self.outgoing.clear();
        for data in burst {
            self.outgoing.extend_from_slice(data);
        }
        expect(self.socket.send(&self.outgoing)? == self.outgoing.len(), "a burst was cut")
    }
}

fn connected_pair() -> Result<(UdpSocket, UdpSocket)> {
    let (near, far) = raw::datagram_pair()?;
    near.connect(far.local_addr()?)?;
    far.connect(near.local_addr()?)?;
    Ok((near, far))
}

fn set_udp_option(socket: &UdpSocket, name: libc::c_int, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the option's value is an int that outlives the call, and its size is passed.
    check(unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_UDP,
            name,
            (&raw const value).cast(),
            size_of::<libc::c_int>() as libc::socklen_t,
        )
    })?;
    Ok(())
}

fn slice(start: *mut u8, length: usize) -> libc::iovec {
    libc::iovec { iov_base: start.cast(), iov_len: length }
}

fn message(slice: &mut libc::iovec) -> libc::mmsghdr {
    // SAFETY: an all-zero `mmsghdr` is valid: no name, no control data, no buffers.
    let mut message: libc::mmsghdr = unsafe { mem::zeroed() };
    message.msg_hdr.msg_iov = slice;
    message.msg_hdr.msg_iovlen = 1;
    message
}
