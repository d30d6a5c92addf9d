//! sockeye, used as its documentation says: the public API only.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};

use sockeye::{DatagramBatch, IpAddress, Key, Packet, SocketSelector, TcpListener, TcpSocket, UdpSocket};

use super::raw::{self, DatagramPeer};
use super::{Batches, Datagrams, Framed, SMALL, Stream, Watcher, expect};
use crate::Result;

/// A blocking stream.
pub struct OurStream {
    socket: TcpSocket,
    buffer: raw::Buffer,
}

impl Stream for OurStream {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = socket_pair()?;
        let end = |socket| Self { socket, buffer: raw::buffer() };
        Ok((end(near), end(far)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        expect(self.socket.send(data).into_result()? == data.len(), "a blocking send was cut")
    }

    fn receive(&mut self) -> Result<usize> {
        Ok(self.socket.receive(&mut self.buffer).into_result()?)
    }
}

/// A blocking datagram socket; every call names the peer.
pub struct OurDatagrams {
    socket: UdpSocket,
    peer: u16,
    buffer: raw::Buffer,
}

impl Datagrams for OurDatagrams {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = datagram_pair()?;
        let (near_port, far_port) = (near.local_port(), far.local_port());
        let end = |socket, peer| Self { socket, peer, buffer: raw::buffer() };
        Ok((end(near, far_port), end(far, near_port)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        let sent = self.socket.send(data, IpAddress::LOCAL_HOST, self.peer).into_result()?;
        expect(sent == data.len(), "a datagram was cut")
    }

    fn receive(&mut self) -> Result<u64> {
        let (length, _, _) = self.socket.receive(&mut self.buffer).into_result()?;
        expect(length == SMALL, "a datagram has the wrong size")?;
        Ok(1)
    }
}

/// A blocking datagram socket that sends and receives batches.
pub struct OurBatches {
    socket: UdpSocket,
    peer: u16,
    batch: DatagramBatch,
}

impl Datagrams for OurBatches {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = datagram_pair()?;
        let (near_port, far_port) = (near.local_port(), far.local_port());
        let end = |socket, peer| Self { socket, peer, batch: DatagramBatch::new() };
        Ok((end(near, far_port), end(far, near_port)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        self.send_burst(&[data])
    }

    fn receive(&mut self) -> Result<u64> {
        let received = self.socket.receive_batch(&mut self.batch).into_result()?;
        let whole = self.batch.iter().all(|datagram| datagram.data.len() == SMALL);
        expect(whole, "a datagram has the wrong size")?;
        Ok(received as u64)
    }
}

impl Batches for OurBatches {
    fn send_burst(&mut self, burst: &[&[u8]]) -> Result<()> {
        let sent = self.socket.send_batch(burst, IpAddress::LOCAL_HOST, self.peer).into_result()?;
        expect(sent == burst.len(), "a burst was cut")
    }
}

/// Non-blocking sockets in a selector; the events of a wait name keys, and a map leads from a key to the index.
pub struct OurWatcher {
    selector: SocketSelector,
    sockets: Vec<TcpSocket>,
    indices: HashMap<Key, usize>,
}

impl OurWatcher {
    /// The selector after its last wait, and its sockets.
    pub fn parts(&mut self) -> (&mut SocketSelector, &[TcpSocket]) {
        (&mut self.selector, &self.sockets)
    }

    /// Waits and says which socket is ready.
    pub fn find(&mut self) -> Result<usize> {
        self.selector.wait(None)?;
        let event = self.selector.ready().next().ok_or("wait woke up for nothing")?;
        Ok(*self.indices.get(&event.key).ok_or("an unknown key")?)
    }
}

impl Watcher for OurWatcher {
    type Peers = Vec<TcpStream>;

    fn gather(count: usize) -> Result<(Self, Self::Peers)> {
        let mut selector = SocketSelector::new()?;
        let mut sockets = Vec::with_capacity(count);
        let mut indices = HashMap::with_capacity(count);
        let mut peers = Vec::with_capacity(count);
        for (index, (socket, peer)) in raw::stream_pairs(count)?.into_iter().enumerate() {
            let mut socket = TcpSocket::try_from(socket)?;
            socket.set_blocking(false)?;
            indices.insert(selector.add(&socket)?, index);
            sockets.push(socket);
            peers.push(peer);
        }
        Ok((Self { selector, sockets, indices }, peers))
    }

    fn take(&mut self) -> Result<usize> {
        let ready = self.find()?;
        receive_small(&mut self.sockets[ready])?;
        Ok(ready)
    }
}

/// The same sockets, asked one after the other as SFML's users do.
pub struct OurScan(OurWatcher);

impl Watcher for OurScan {
    type Peers = Vec<TcpStream>;

    fn gather(count: usize) -> Result<(Self, Self::Peers)> {
        let (watcher, peers) = OurWatcher::gather(count)?;
        Ok((Self(watcher), peers))
    }

    fn take(&mut self) -> Result<usize> {
        let OurWatcher { selector, sockets, .. } = &mut self.0;
        selector.wait(None)?;
        let ready = sockets.iter().position(|socket| selector.is_ready(socket)).ok_or("wait woke up for nothing")?;
        receive_small(&mut sockets[ready])?;
        Ok(ready)
    }
}

/// The same with datagram sockets.
pub struct OurDatagramWatcher {
    selector: SocketSelector,
    sockets: Vec<UdpSocket>,
    indices: HashMap<Key, usize>,
}

impl Watcher for OurDatagramWatcher {
    type Peers = DatagramPeer;

    fn gather(count: usize) -> Result<(Self, Self::Peers)> {
        let mut selector = SocketSelector::new()?;
        let mut sockets = Vec::with_capacity(count);
        let mut indices = HashMap::with_capacity(count);
        let mut addresses = Vec::with_capacity(count);
        for index in 0..count {
            let mut socket = UdpSocket::new();
            socket.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
            socket.set_blocking(false)?;
            indices.insert(selector.add(&socket)?, index);
            addresses.push(SocketAddr::from((Ipv4Addr::LOCALHOST, socket.local_port())));
            sockets.push(socket);
        }
        Ok((Self { selector, sockets, indices }, DatagramPeer::new(addresses)?))
    }

    fn take(&mut self) -> Result<usize> {
        self.selector.wait(None)?;
        let event = self.selector.ready().next().ok_or("wait woke up for nothing")?;
        let ready = *self.indices.get(&event.key).ok_or("an unknown key")?;
        let (length, _, _) = self.sockets[ready].receive(&mut [0; SMALL]).into_result()?;
        expect(length == SMALL, "a datagram has the wrong size")?;
        Ok(ready)
    }
}

/// Packets in the format of `sf::Packet`.
pub struct OurFramed {
    socket: TcpSocket,
    outgoing: Packet,
    incoming: Packet,
}

impl Framed for OurFramed {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = socket_pair()?;
        let end = |socket| {
            let mut outgoing = Packet::new();
            outgoing.append(&[7; SMALL]);
            Self { socket, outgoing, incoming: Packet::new() }
        };
        Ok((end(near), end(far)))
    }

    fn send(&mut self) -> Result<()> {
        Ok(self.socket.send_packet(&self.outgoing).into_result()?)
    }

    fn send_gathered(&mut self, count: u64) -> Result<()> {
        for _ in 0..count {
            self.socket.queue_packet(&self.outgoing).into_result()?;
        }
        Ok(self.socket.flush().into_result()?)
    }

    fn receive(&mut self) -> Result<u64> {
        self.socket.receive_packet(&mut self.incoming).into_result()?;
        expect(self.incoming.len() == SMALL, "a packet has the wrong size")?;
        Ok(1)
    }
}

/// Two connected blocking sockets.
pub fn socket_pair() -> Result<(TcpSocket, TcpSocket)> {
    let mut listener = TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    let mut near = TcpSocket::new();
    near.connect(IpAddress::LOCAL_HOST, listener.local_port()).into_result()?;
    Ok((near, listener.accept().into_result()?))
}

/// Two sockets bound to 127.0.0.1.
pub fn datagram_pair() -> Result<(UdpSocket, UdpSocket)> {
    let (mut near, mut far) = (UdpSocket::new(), UdpSocket::new());
    near.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
    far.bind_to(IpAddress::LOCAL_HOST, UdpSocket::ANY_PORT).into_result()?;
    Ok((near, far))
}

fn receive_small(socket: &mut TcpSocket) -> Result<()> {
    let mut buffer = [0; SMALL];
    expect(socket.receive(&mut buffer).into_result()? == SMALL, "a message was cut")
}
