//! `polling` used directly, in its level mode: what a selector in the manner of SFML would be built on.

use std::io;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;

use polling::{Event, Events, PollMode, Poller};

use super::{Datagrams, SMALL, Stream, Watcher, expect, raw};
use crate::Result;

/// A stream and the poller that waits for it. The poller comes first: it is dropped before the socket it watches.
pub struct PollingStream {
    poller: Poller,
    events: Events,
    socket: TcpStream,
    buffer: raw::Buffer,
}

impl Stream for PollingStream {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = raw::stream_pair()?;
        let end = |socket: TcpStream| -> Result<Self> {
            socket.set_nonblocking(true)?;
            let poller = Poller::new()?;
            watch(&poller, &socket, Event::readable(0))?;
            Ok(Self { poller, events: Events::new(), socket, buffer: raw::buffer() })
        };
        Ok((end(near)?, end(far)?))
    }

    fn send(&mut self, mut data: &[u8]) -> Result<()> {
        while !data.is_empty() {
            match self.socket.write(data) {
                Ok(sent) => data = &data[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.poller.modify_with_mode(&self.socket, Event::writable(0), PollMode::Level)?;
                    wait(&self.poller, &mut self.events)?;
                    self.poller.modify_with_mode(&self.socket, Event::readable(0), PollMode::Level)?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<usize> {
        wait(&self.poller, &mut self.events)?;
        Ok(self.socket.read(&mut self.buffer)?)
    }
}

/// A datagram socket and the poller that waits for it.
pub struct PollingDatagrams {
    poller: Poller,
    events: Events,
    socket: UdpSocket,
    peer: SocketAddr,
    buffer: raw::Buffer,
}

impl Datagrams for PollingDatagrams {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = raw::datagram_pair()?;
        let (near_address, far_address) = (near.local_addr()?, far.local_addr()?);
        let end = |socket: UdpSocket, peer| -> Result<Self> {
            socket.set_nonblocking(true)?;
            let poller = Poller::new()?;
            watch(&poller, &socket, Event::readable(0))?;
            Ok(Self { poller, events: Events::new(), socket, peer, buffer: raw::buffer() })
        };
        Ok((end(near, far_address)?, end(far, near_address)?))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        expect(self.socket.send_to(data, self.peer)? == data.len(), "a datagram was cut")
    }

    fn receive(&mut self) -> Result<u64> {
        wait(&self.poller, &mut self.events)?;
        let (length, _) = self.socket.recv_from(&mut self.buffer)?;
        expect(length == SMALL, "a datagram has the wrong size")?;
        Ok(1)
    }
}

/// Non-blocking std streams in one poller; the key is the index.
pub struct PollingWatcher {
    poller: Poller,
    events: Events,
    sockets: Vec<TcpStream>,
}

impl Watcher for PollingWatcher {
    type Peers = Vec<TcpStream>;

    fn gather(count: usize) -> Result<(Self, Self::Peers)> {
        let (sockets, peers): (Vec<_>, Vec<_>) = raw::stream_pairs(count)?.into_iter().unzip();
        let poller = Poller::new()?;
        for (index, socket) in sockets.iter().enumerate() {
            socket.set_nonblocking(true)?;
            watch(&poller, socket, Event::readable(index))?;
        }
        Ok((Self { poller, events: Events::new(), sockets }, peers))
    }

    fn take(&mut self) -> Result<usize> {
        wait(&self.poller, &mut self.events)?;
        let ready = self.events.iter().next().ok_or("wait woke up for nothing")?.key;
        let mut buffer = [0; SMALL];
        expect(self.sockets[ready].read(&mut buffer)? == SMALL, "a message was cut")?;
        Ok(ready)
    }
}

/// Adds `socket` in level mode.
pub fn watch(poller: &Poller, socket: &impl AsRawFd, interest: Event) -> Result<()> {
    // SAFETY: every poller of this file stands before its sockets in the struct that owns both, so it is gone first.
    Ok(unsafe { poller.add_with_mode(socket.as_raw_fd(), interest, PollMode::Level) }?)
}

fn wait(poller: &Poller, events: &mut Events) -> Result<()> {
    events.clear();
    poller.wait(events, None)?;
    Ok(())
}
