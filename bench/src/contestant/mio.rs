//! mio 1: edge-triggered, so a socket is read until it would block before the next wait, as its documentation asks.

use std::io;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use mio::{Events, Interest, Poll, Token};

use super::{Datagrams, SMALL, Stream, Watcher, expect, raw};
use crate::Result;

/// A stream and the poll that waits for it.
pub struct MioStream {
    poll: Poll,
    events: Events,
    socket: mio::net::TcpStream,
    buffer: raw::Buffer,
}

impl MioStream {
    fn new(socket: TcpStream) -> Result<Self> {
        socket.set_nonblocking(true)?;
        let mut socket = mio::net::TcpStream::from_std(socket);
        let poll = Poll::new()?;
        poll.registry().register(&mut socket, Token(0), Interest::READABLE | Interest::WRITABLE)?;
        Ok(Self { poll, events: Events::with_capacity(16), socket, buffer: raw::buffer() })
    }

    /// Waits and tells whether there is something to read.
    fn wait(&mut self) -> Result<bool> {
        self.poll.poll(&mut self.events, None)?;
        Ok(self.events.iter().any(|event| event.is_readable()))
    }
}

impl Stream for MioStream {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = raw::stream_pair()?;
        Ok((Self::new(near)?, Self::new(far)?))
    }

    fn send(&mut self, mut data: &[u8]) -> Result<()> {
        while !data.is_empty() {
            match self.socket.write(data) {
                Ok(sent) => data = &data[sent..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.wait()?;
                }
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    fn receive(&mut self) -> Result<usize> {
        while !self.wait()? {}
        let mut received = 0;
        loop {
            match self.socket.read(&mut self.buffer) {
                Ok(length) => received += length,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(received),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// A datagram socket and the poll that waits for it.
pub struct MioDatagrams {
    poll: Poll,
    events: Events,
    socket: mio::net::UdpSocket,
    peer: SocketAddr,
    buffer: raw::Buffer,
}

impl Datagrams for MioDatagrams {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = raw::datagram_pair()?;
        let (near_address, far_address) = (near.local_addr()?, far.local_addr()?);
        let end = |socket: std::net::UdpSocket, peer| -> Result<Self> {
            socket.set_nonblocking(true)?;
            let mut socket = mio::net::UdpSocket::from_std(socket);
            let poll = Poll::new()?;
            poll.registry().register(&mut socket, Token(0), Interest::READABLE)?;
            Ok(Self { poll, events: Events::with_capacity(16), socket, peer, buffer: raw::buffer() })
        };
        Ok((end(near, far_address)?, end(far, near_address)?))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        expect(self.socket.send_to(data, self.peer)? == data.len(), "a datagram was cut")
    }

    fn receive(&mut self) -> Result<u64> {
        self.poll.poll(&mut self.events, None)?;
        let mut received = 0;
        loop {
            match self.socket.recv_from(&mut self.buffer) {
                Ok((length, _)) => {
                    expect(length == SMALL, "a datagram has the wrong size")?;
                    received += 1;
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(received),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// Streams in one poll; the token is the index.
pub struct MioWatcher {
    poll: Poll,
    events: Events,
    sockets: Vec<mio::net::TcpStream>,
}

impl Watcher for MioWatcher {
    type Peers = Vec<TcpStream>;

    fn gather(count: usize) -> Result<(Self, Self::Peers)> {
        let poll = Poll::new()?;
        let mut sockets = Vec::with_capacity(count);
        let mut peers = Vec::with_capacity(count);
        for (index, (socket, peer)) in raw::stream_pairs(count)?.into_iter().enumerate() {
            socket.set_nonblocking(true)?;
            let mut socket = mio::net::TcpStream::from_std(socket);
            poll.registry().register(&mut socket, Token(index), Interest::READABLE)?;
            sockets.push(socket);
            peers.push(peer);
        }
        Ok((Self { poll, events: Events::with_capacity(1024), sockets }, peers))
    }

    /// The read that would block is left out: mio allows that on epoll after a read that did not fill its buffer, and the
    /// buffer here is one byte longer than the message.
    fn take(&mut self) -> Result<usize> {
        self.poll.poll(&mut self.events, None)?;
        let ready = self.events.iter().next().ok_or("poll woke up for nothing")?.token().0;
        let mut buffer = [0; SMALL + 1];
        expect(self.sockets[ready].read(&mut buffer)? == SMALL, "a message was cut")?;
        Ok(ready)
    }
}
