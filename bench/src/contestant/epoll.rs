//! A loop on epoll itself, level-triggered: the floor under every selector.

use std::io::Read;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::raw::{self, DatagramPeer};
use super::{SMALL, Watcher, expect};
use crate::Result;
use crate::sys::check;

/// An epoll instance and the events of its last wait.
pub struct Epoll {
    descriptor: OwnedFd,
    events: Vec<libc::epoll_event>,
}

impl Epoll {
    pub fn new() -> Result<Self> {
        // SAFETY: `epoll_create1` takes a number; what it returns is a fresh descriptor that nobody else owns.
        let descriptor = unsafe { OwnedFd::from_raw_fd(check(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) };
        Ok(Self { descriptor, events: Vec::with_capacity(1024) })
    }

    /// Watches `socket` for readability under `token`.
    pub fn add(&self, socket: &impl AsRawFd, token: u64) -> Result<()> {
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: token };
        // SAFETY: both descriptors are open and `event` outlives the call.
        check(unsafe {
            libc::epoll_ctl(self.descriptor.as_raw_fd(), libc::EPOLL_CTL_ADD, socket.as_raw_fd(), &mut event)
        })?;
        Ok(())
    }

    /// Waits (`-1`: for ever) and returns the tokens that are ready.
    pub fn wait(&mut self, milliseconds: libc::c_int) -> Result<impl Iterator<Item = u64>> {
        // SAFETY: the pointer and the capacity are those of the same vector, and `set_len` covers only what the kernel wrote.
        unsafe {
            let count = check(libc::epoll_wait(
                self.descriptor.as_raw_fd(),
                self.events.as_mut_ptr(),
                self.events.capacity() as libc::c_int,
                milliseconds,
            ))?;
            self.events.set_len(count as usize);
        }
        Ok(self.events.iter().map(|event| event.u64))
    }
}

/// Non-blocking std streams in an epoll instance; the token is the index.
pub struct EpollWatcher {
    epoll: Epoll,
    sockets: Vec<TcpStream>,
}

impl EpollWatcher {
    /// Waits and says which socket is ready.
    pub fn find(&mut self) -> Result<usize> {
        Ok(self.epoll.wait(-1)?.next().ok_or("epoll woke up for nothing")? as usize)
    }
}

impl Watcher for EpollWatcher {
    type Peers = Vec<TcpStream>;

    fn gather(count: usize) -> Result<(Self, Self::Peers)> {
        let (sockets, peers): (Vec<_>, Vec<_>) = raw::stream_pairs(count)?.into_iter().unzip();
        let epoll = Epoll::new()?;
        for (index, socket) in sockets.iter().enumerate() {
            socket.set_nonblocking(true)?;
            epoll.add(socket, index as u64)?;
        }
        Ok((Self { epoll, sockets }, peers))
    }

    fn take(&mut self) -> Result<usize> {
        let ready = self.find()?;
        let mut buffer = [0; SMALL];
        expect(self.sockets[ready].read(&mut buffer)? == SMALL, "a message was cut")?;
        Ok(ready)
    }
}

/// The same with datagram sockets.
pub struct EpollDatagramWatcher {
    epoll: Epoll,
    sockets: Vec<UdpSocket>,
}

impl Watcher for EpollDatagramWatcher {
    type Peers = DatagramPeer;

    fn gather(count: usize) -> Result<(Self, Self::Peers)> {
        let epoll = Epoll::new()?;
        let mut sockets = Vec::with_capacity(count);
        let mut addresses = Vec::with_capacity(count);
        for index in 0..count {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
            socket.set_nonblocking(true)?;
            epoll.add(&socket, index as u64)?;
            addresses.push(socket.local_addr()?);
            sockets.push(socket);
        }
        Ok((Self { epoll, sockets }, DatagramPeer::new(addresses)?))
    }

    fn take(&mut self) -> Result<usize> {
        let ready = self.epoll.wait(-1)?.next().ok_or("epoll woke up for nothing")? as usize;
        let mut buffer = [0; SMALL];
        let (length, _) = self.sockets[ready].recv_from(&mut buffer)?;
        expect(length == SMALL, "a datagram has the wrong size")?;
        Ok(ready)
    }
}
