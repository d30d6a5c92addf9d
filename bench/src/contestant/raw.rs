//! `std::net` with a plain loop: the floor under everybody.

use std::io;
use std::io::{BufRead, BufReader, BufWriter, IoSlice, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::ops::{Deref, DerefMut};
use std::time::Duration;

use socket2::SockRef;

use super::{BULK, Datagrams, Framed, Peers, SMALL, Stream, expect};
use crate::Result;

/// A blocking stream.
pub struct RawStream {
    socket: TcpStream,
    buffer: Buffer,
}

impl Stream for RawStream {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = stream_pair()?;
        let end = |socket| Self { socket, buffer: buffer() };
        Ok((end(near), end(far)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        Ok(self.socket.write_all(data)?)
    }

    fn receive(&mut self) -> Result<usize> {
        Ok(self.socket.read(&mut self.buffer)?)
    }
}

/// A blocking socket that names the peer in every call, as our UDP socket and SFML's do.
pub struct RawDatagrams {
    socket: UdpSocket,
    peer: SocketAddr,
    buffer: Buffer,
}

impl Datagrams for RawDatagrams {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = datagram_pair()?;
        let (near_address, far_address) = (near.local_addr()?, far.local_addr()?);
        let end = |socket, peer| Self { socket, peer, buffer: buffer() };
        Ok((end(near, far_address), end(far, near_address)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        expect(self.socket.send_to(data, self.peer)? == data.len(), "a datagram was cut")
    }

    fn receive(&mut self) -> Result<u64> {
        let (length, _) = self.socket.recv_from(&mut self.buffer)?;
        expect(length == SMALL, "a datagram has the wrong size")?;
        Ok(1)
    }
}

/// A blocking socket that is connected to its one peer.
pub struct ConnectedDatagrams {
    socket: UdpSocket,
    buffer: Buffer,
}

impl Datagrams for ConnectedDatagrams {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = datagram_pair()?;
        near.connect(far.local_addr()?)?;
        far.connect(near.local_addr()?)?;
        let end = |socket| Self { socket, buffer: buffer() };
        Ok((end(near), end(far)))
    }

    fn send(&mut self, data: &[u8]) -> Result<()> {
        expect(self.socket.send(data)? == data.len(), "a datagram was cut")
    }

    fn receive(&mut self) -> Result<u64> {
        expect(self.socket.recv(&mut self.buffer)? == SMALL, "a datagram has the wrong size")?;
        Ok(1)
    }
}

/// Messages by hand: header and body in one vectored write or a buffer, and a buffered reader.
pub struct RawFramed {
    output: BufWriter<TcpStream>,
    input: BufReader<TcpStream>,
    message: [u8; SMALL],
}

impl Framed for RawFramed {
    fn pair() -> Result<(Self, Self)> {
        let (near, far) = stream_pair()?;
        let end = |socket: TcpStream| -> Result<Self> {
            let input = BufReader::with_capacity(BULK, socket.try_clone()?);
            Ok(Self { output: BufWriter::with_capacity(BULK, socket), input, message: [7; SMALL] })
        };
        Ok((end(near)?, end(far)?))
    }

    fn send(&mut self) -> Result<()> {
        let header = (SMALL as u32).to_be_bytes();
        let sent = self.output.get_mut().write_vectored(&[IoSlice::new(&header), IoSlice::new(&self.message)])?;
        expect(sent == header.len() + SMALL, "a blocking write was cut")
    }

    fn send_gathered(&mut self, count: u64) -> Result<()> {
        for _ in 0..count {
            self.output.write_all(&(SMALL as u32).to_be_bytes())?;
            self.output.write_all(&self.message)?;
        }
        Ok(self.output.flush()?)
    }

    fn receive(&mut self) -> Result<u64> {
        let mut header = [0; 4];
        self.input.read_exact(&mut header)?;
        expect(u32::from_be_bytes(header) as usize == SMALL, "a message has the wrong size")?;
        self.input.read_exact(&mut self.message)?;
        let mut taken = 1;
        // What is buffered costs no call: it is taken too, as a reader that knows its buffer would.
        while self.input.buffer().len() >= 4 + SMALL {
            self.message.copy_from_slice(&self.input.buffer()[4..4 + SMALL]);
            self.input.consume(4 + SMALL);
            taken += 1;
        }
        Ok(taken)
    }
}

impl Peers for Vec<TcpStream> {
    fn send_to(&mut self, index: usize) -> Result<()> {
        Ok(self[index].write_all(&[7; SMALL])?)
    }
}

/// One socket that sends to many: the peer of every watched datagram socket.
pub struct DatagramPeer {
    socket: UdpSocket,
    watched: Vec<SocketAddr>,
}

impl DatagramPeer {
    /// A peer of the sockets at these addresses.
    pub fn new(watched: Vec<SocketAddr>) -> Result<Self> {
        Ok(Self { socket: UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?, watched })
    }
}

impl Peers for DatagramPeer {
    fn send_to(&mut self, index: usize) -> Result<()> {
        expect(self.socket.send_to(&[7; SMALL], self.watched[index])? == SMALL, "a datagram was cut")
    }
}

/// Two connected std streams with TCP_NODELAY.
pub fn stream_pair() -> Result<(TcpStream, TcpStream)> {
    let mut pairs = stream_pairs(1)?;
    pairs.pop().ok_or_else(|| "no pair".into())
}

/// `count` pairs (watched, peer). The peers close with a reset, so that ten thousand of them leave no TIME_WAIT behind.
pub fn stream_pairs(count: usize) -> Result<Vec<(TcpStream, TcpStream)>> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let address = listener.local_addr()?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let peer = connect_peer(address)?;
        let (watched, _) = listener.accept()?;
        watched.set_nodelay(true)?;
        pairs.push((watched, peer));
    }
    Ok(pairs)
}

/// One peer: a blocking std stream that closes with a reset.
pub fn connect_peer(address: SocketAddr) -> io::Result<TcpStream> {
    let peer = TcpStream::connect(address)?;
    peer.set_nodelay(true)?;
    SockRef::from(&peer).set_linger(Some(Duration::ZERO))?;
    Ok(peer)
}

/// Two bound std sockets.
pub fn datagram_pair() -> Result<(UdpSocket, UdpSocket)> {
    Ok((UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?, UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?))
}

/// The buffer that everybody sends large pieces from and receives to; SFML's rounds have the same. It begins where a page
/// does: how fast the system copies depends on where bytes lie, and where an allocator puts them is luck.
pub struct Buffer(Box<Pages>);

#[repr(align(4096))]
struct Pages([u8; BULK]);

/// A buffer of zeros.
pub fn buffer() -> Buffer {
    Buffer(Box::new(Pages([0; BULK])))
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0.0
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.0.0
    }
}
