//! Many datagrams at a time.

use std::{fmt, io, net::SocketAddr};

use socket2::Socket;

use crate::{ip::IpAddress, sys};

/// Datagrams that were received together, for `UdpSocket::receive_batch`.
///
/// Make it once and use it for every receive: it keeps its memory, 256 KiB from the first use on.
#[derive(Default)]
pub struct DatagramBatch {
    buffer: Vec<u8>,
    used: usize,
    datagrams: Vec<Place>,
}

/// A datagram of a [`DatagramBatch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Datagram<'a> {
    /// What it carries.
    pub data: &'a [u8],
    /// The address that it came from.
    pub address: IpAddress,
    /// The port that it came from.
    pub port: u16,
}

#[derive(Debug)]
struct Place {
    start: usize,
    length: usize,
    address: IpAddress,
    port: u16,
}

impl DatagramBatch {
    /// Makes an empty batch.
    #[must_use]
    pub const fn new() -> Self {
        Self { buffer: Vec::new(), used: 0, datagrams: Vec::new() }
    }

    /// Returns how many datagrams there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.datagrams.len()
    }

    /// Tells whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.datagrams.is_empty()
    }

    /// Goes through the datagrams in the order in which they arrived.
    pub fn iter(&self) -> impl Iterator<Item = Datagram<'_>> + '_ {
        self.datagrams.iter().map(|place| Datagram {
            data: self.buffer.get(place.start..place.start + place.length).unwrap_or_default(),
            address: place.address,
            port: place.port,
        })
    }

    pub(super) fn clear(&mut self) {
        self.used = 0;
        self.datagrams.clear();
    }

    /// Tells whether whatever the system may hand over in one piece would fit.
    pub(super) fn has_room(&self) -> bool {
        CAPACITY - self.used >= LARGEST_PIECE
    }

    /// Receives once, and cuts what came into datagrams.
    pub(super) fn fill(&mut self, socket: &Socket, wait: bool) -> io::Result<((), Option<SocketAddr>)> {
        if self.buffer.is_empty() {
            self.buffer = vec![0; CAPACITY];
        }
        let room = self.buffer.get_mut(self.used..).unwrap_or_default();
        let (received, segment) = sys::receive_segments(socket, room, wait)?;
        let Some(from) = received.from else { return Ok(((), None)) };
        let (address, port) = (IpAddress::reported(from), from.port());
        let end = self.used + received.length.min(room.len());
        loop {
            let length = segment.min(end - self.used);
            self.datagrams.push(Place { start: self.used, length, address, port });
            self.used += length;
            if self.used >= end {
                return Ok(((), Some(from)));
            }
        }
    }

    pub(super) fn push(&mut self, data: &[u8], address: IpAddress, port: u16) {
        if self.buffer.is_empty() {
            self.buffer = vec![0; CAPACITY];
        }
        let Some(place) = self.buffer.get_mut(self.used..self.used + data.len()) else { return };
        place.copy_from_slice(data);
        self.datagrams.push(Place { start: self.used, length: data.len(), address, port });
        self.used += data.len();
    }
}

impl fmt::Debug for DatagramBatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.iter().map(|datagram| (datagram.data.len(), datagram.address, datagram.port)))
            .finish()
    }
}

/// Room for several pieces.
const CAPACITY: usize = 4 * LARGEST_PIECE;
/// The most that the system hands over in one piece: an IP packet's length field has 16 bits.
const LARGEST_PIECE: usize = 64 * 1024;
