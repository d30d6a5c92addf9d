//! The contestants. Each file drives one library through the same few verbs; a benchmark is written once against the verbs.

pub mod batch;
pub mod epoll;
pub mod ftp;
pub mod http;
pub mod message_io;
pub mod mio;
pub mod ours;
pub mod polling;
pub mod raw;

use crate::Result;

/// Bytes of one small message.
pub const SMALL: usize = 64;
/// Bytes of one bulk write, and of every receive buffer.
pub const BULK: usize = 64 * 1024;
/// Messages in one burst: what is sent before the same thread receives, and what one batch holds.
pub const BURST: u64 = 64;

/// Two connected ends of a byte stream.
pub trait Stream: Send + Sized {
    /// Connects two ends over 127.0.0.1 with TCP_NODELAY.
    fn pair() -> Result<(Self, Self)>;

    /// Sends all of `data`.
    fn send(&mut self, data: &[u8]) -> Result<()>;

    /// Waits until something has come, takes it into the contestant's own buffer of [`BULK`] bytes and says how much it was.
    fn receive(&mut self) -> Result<usize>;

    /// Receives until `wanted` bytes have come.
    fn receive_all(&mut self, wanted: u64) -> Result<()> {
        let mut received = 0;
        while received < wanted {
            received += self.receive()? as u64;
        }
        expect(received == wanted, "more came than was sent")
    }
}

/// Two datagram sockets that send to each other.
pub trait Datagrams: Send + Sized {
    /// Binds two sockets of 127.0.0.1 that know each other's address.
    fn pair() -> Result<(Self, Self)>;

    /// Sends one datagram to the other socket.
    fn send(&mut self, data: &[u8]) -> Result<()>;

    /// Waits until something has come and takes at least one datagram of [`SMALL`] bytes; says how many.
    fn receive(&mut self) -> Result<u64>;

    /// Receives until `wanted` datagrams have come.
    fn receive_all(&mut self, wanted: u64) -> Result<()> {
        let mut received = 0;
        while received < wanted {
            received += self.receive()?;
        }
        expect(received == wanted, "more datagrams came than were sent")
    }
}

/// A datagram pair that sends a whole burst in one go.
pub trait Batches: Datagrams {
    /// Sends [`BURST`] datagrams to the other socket.
    fn send_burst(&mut self, burst: &[&[u8]]) -> Result<()>;
}

/// Many sockets and the means to wait for one of them.
pub trait Watcher: Sized {
    /// The far ends.
    type Peers: Peers;

    /// Watches `count` non-blocking sockets and returns their peers, in the order of the indices that `take` answers with.
    fn gather(count: usize) -> Result<(Self, Self::Peers)>;

    /// Waits, finds the socket that is ready, reads the [`SMALL`] bytes in it and says which socket it was.
    fn take(&mut self) -> Result<usize>;
}

/// The far ends of watched sockets.
pub trait Peers {
    /// Sends [`SMALL`] bytes to one of the watched sockets.
    fn send_to(&mut self, index: usize) -> Result<()>;
}

/// Two ends of a stream that carries messages with a length before each.
pub trait Framed: Send + Sized {
    /// Connects two ends over 127.0.0.1 with TCP_NODELAY.
    fn pair() -> Result<(Self, Self)>;

    /// Sends one message of [`SMALL`] bytes, at once.
    fn send(&mut self) -> Result<()>;

    /// Sends `count` messages of [`SMALL`] bytes, gathered as far as the contestant can.
    fn send_gathered(&mut self, count: u64) -> Result<()> {
        (0..count).try_for_each(|_| self.send())
    }

    /// Waits until messages have come and says how many it took.
    fn receive(&mut self) -> Result<u64>;

    /// Receives until `wanted` messages have come.
    fn receive_all(&mut self, wanted: u64) -> Result<()> {
        let mut received = 0;
        while received < wanted {
            received += self.receive()?;
        }
        expect(received == wanted, "more messages came than were sent")
    }
}

/// A benchmark that does not do what it says must not print a number.
pub fn expect(condition: bool, complaint: &'static str) -> Result<()> {
    if condition { Ok(()) } else { Err(complaint.into()) }
}
