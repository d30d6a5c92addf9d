//! An open UDP socket.

use std::{
    io,
    net::SocketAddr,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use super::{
    batch::DatagramBatch,
    turns::{Turn, Turns},
};
use crate::{
    error::{Error, Result},
    ip::IpAddress,
    mode::{Attempt, Mode},
    packet::Packet,
    sys::{self, Direction, Handle},
    time::Deadline,
};

/// A UDP socket that exists, and the datagrams that the system has handed over ahead of time.
#[derive(Debug)]
pub(super) struct Bound {
    handle: Handle,
    /// Whether IPv4 peers are named by IPv6 addresses.
    dual_stack: bool,
    /// Whether the system may hand several datagrams over as one.
    coalescing: AtomicBool,
    /// For receiving ahead, which may take waiting for the socket.
    turns: Turns,
    /// Locked only by the one whose turn it is.
    ahead: Mutex<Ahead>,
}

/// Datagrams that were received together; the first ones have been given out.
#[derive(Debug, Default)]
struct Ahead {
    batch: DatagramBatch,
    given: usize,
}

impl Bound {
    pub(super) fn to_all(port: u16, mode: Mode) -> Result<Self> {
        match Self::to(IpAddress::ANY_V6, port, mode) {
            // A system without IPv6 fails in other ways than these.
            result @ (Ok(_) | Err(Error::AddressInUse(_) | Error::PermissionDenied(_) | Error::TooManyFiles(_))) => {
                result
            }
            Err(_) => Self::to(IpAddress::ANY, port, mode),
        }
    }

    pub(super) fn to(address: IpAddress, port: u16, mode: Mode) -> Result<Self> {
        let local = address.to_socket_addr(port);
        let open = || {
            let socket = open(Domain::for_address(local))?;
            socket.bind(&SockAddr::from(local))?;
            mode.apply_to_new(&socket)?;
            Ok(Self::new(socket, local.is_ipv6()))
        };
        open().map_err(Error::from_os)
    }

    /// A socket whose port the system chooses when it first sends; it reaches both families where the system can.
    pub(super) fn to_none(address: IpAddress, mode: Mode) -> Result<Self> {
        let open = |domain| {
            let socket = open(domain)?;
            mode.apply_to_new(&socket)?;
            Ok(Self::new(socket, domain == Domain::IPV6))
        };
        let opened: io::Result<Self> = match open(Domain::IPV6) {
            Err(_) if address.is_v4() => open(Domain::IPV4),
            result => result,
        };
        opened.map_err(Error::from_os)
    }

    pub(super) fn adopt(socket: Socket) -> io::Result<Self> {
        socket.set_broadcast(true)?;
        let is_v6 = socket.local_addr()?.is_ipv6();
        Ok(Self::new(socket, is_v6))
    }

    fn new(socket: Socket, dual_stack: bool) -> Self {
        Self {
            handle: Handle::new(socket),
            dual_stack,
            coalescing: AtomicBool::new(false),
            turns: Turns::default(),
            ahead: Mutex::default(),
        }
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }

    pub(super) fn socket(&self) -> &Socket {
        self.handle.socket()
    }

    pub(super) fn into_socket(self) -> Socket {
        self.handle.into_socket()
    }

    pub(super) fn is_coalescing(&self) -> bool {
        self.coalescing.load(Ordering::Acquire)
    }

    pub(super) fn local(&self) -> Option<SocketAddr> {
        self.socket().local_addr().ok()?.as_socket()
    }

    #[inline]
    pub(super) fn send(&self, data: &[u8], address: IpAddress, port: u16, mode: Mode) -> Result<usize> {
        let to = address.for_family(self.dual_stack, port);
        self.send_one(data, to, &mut mode.begin()).map_err(transfer_error)
    }

    #[inline]
    fn send_one(&self, data: &[u8], to: SocketAddr, attempt: &mut Attempt) -> io::Result<usize> {
        attempt.call(self.socket(), Direction::Write, |socket| sys::send_datagram(socket, data, to))
    }

    pub(super) fn send_batch(&self, datagrams: &[&[u8]], address: IpAddress, port: u16, mode: Mode) -> Result<usize> {
        let to = address.for_family(self.dual_stack, port);
        let to_all = SockAddr::from(to);
        let mut attempt = mode.begin();
        let mut rest = datagrams;
        while !rest.is_empty() {
            let result = match group(rest) {
                (1, _) | (_, None) => self.send_first(rest, to, &mut attempt),
                (count, Some(segment)) => {
                    let (together, _) = rest.split_at_checked(count).unwrap_or((rest, &[]));
                    let sent = attempt.call(self.socket(), Direction::Write, |socket| {
                        sys::send_segments(socket, together, segment, &to_all)
                    });
                    match sent {
                        Ok(()) => Ok(count),
                        Err(error) if sys::is_segmentation_refused(&error) => self.send_first(rest, to, &mut attempt),
                        Err(error) => Err(error),
                    }
                }
            };
            match result {
                Ok(count) => rest = rest.get(count..).unwrap_or_default(),
                Err(error) if sys::is_would_block(&error) && rest.len() < datagrams.len() => break,
                Err(error) => return Err(transfer_error(error)),
            }
        }
        Ok(datagrams.len() - rest.len())
    }

    fn send_first(&self, datagrams: &[&[u8]], to: SocketAddr, attempt: &mut Attempt) -> io::Result<usize> {
        let first = datagrams.first().copied().unwrap_or_default();
        self.send_one(first, to, attempt).map(|_| 1)
    }

    #[inline]
    pub(super) fn receive(&self, buffer: &mut [u8], mode: Mode) -> Result<(usize, IpAddress, u16)> {
        if self.is_coalescing() {
            return self.with_next(mode, |data, from| {
                let truncated = Error::Truncated { capacity: buffer.len(), length: data.len() };
                buffer.get_mut(..data.len()).ok_or(truncated)?.copy_from_slice(data);
                Ok((data.len(), IpAddress::reported(from), from.port()))
            })?;
        }
        let capacity = buffer.len();
        let mut attempt = mode.begin();
        let (length, from) = self.receive_one(&mut attempt, |socket| {
            let datagram = sys::receive_datagram(socket, buffer)?;
            Ok((datagram.length, datagram.from))
        })?;
        if length > capacity {
            return Err(Error::Truncated { capacity, length });
        }
        Ok((length, IpAddress::reported(from), from.port()))
    }

    pub(super) fn receive_packet(&self, packet: &mut Packet, mode: Mode) -> Result<(IpAddress, u16)> {
        self.with_next(mode, |data, from| {
            let body = packet.replace();
            body.clear();
            body.extend_from_slice(data);
            (IpAddress::reported(from), from.port())
        })
    }

    pub(super) fn receive_batch(&self, batch: &mut DatagramBatch, mode: Mode) -> Result<usize> {
        batch.clear();
        let mut attempt = mode.begin();
        let turn = self.turn(mode, &mut attempt)?;
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        if !self.is_coalescing() && sys::set_coalescing(self.socket()) {
            self.coalescing.store(true, Ordering::Release);
        }
        if ahead.given < ahead.batch.len() {
            for datagram in ahead.batch.iter().skip(ahead.given) {
                batch.push(datagram.data, datagram.address, datagram.port);
            }
            ahead.given = ahead.batch.len();
            self.handle.set_buffered(false);
            return Ok(batch.len());
        }
        drop(ahead);
        // The turn lasts as long as the wait: what another receive left behind meanwhile would wake nobody in here.
        self.receive_one(&mut attempt, |socket| batch.fill(socket, true))?;
        drop(turn);
        // Datagrams that came together are many already; the call that finds no more of them is better not made.
        while batch.len() < ENOUGH && batch.has_room() && batch.fill(self.socket(), false).is_ok() {}
        Ok(batch.len())
    }

    /// Gives the next datagram to `take`, from those received ahead if there are any.
    fn with_next<T>(&self, mode: Mode, take: impl FnOnce(&[u8], SocketAddr) -> T) -> Result<T> {
        let mut attempt = mode.begin();
        let _turn = self.turn(mode, &mut attempt)?;
        let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let Ahead { batch, given } = &mut *ahead;
        if *given >= batch.len() {
            batch.clear();
            *given = 0;
            self.receive_one(&mut attempt, |socket| batch.fill(socket, true))?;
        }
        let Some(datagram) = batch.iter().nth(*given) else { return Err(Error::NotReady) };
        let taken = take(datagram.data, datagram.address.to_socket_addr(datagram.port));
        *given += 1;
        self.handle.set_buffered(*given < batch.len());
        Ok(taken)
    }

    /// Waits until no other thread receives ahead.
    fn turn(&self, mode: Mode, attempt: &mut Attempt) -> Result<Turn<'_>> {
        // Without blocking nobody's turn lasts, and waiting for it finds what the other one leaves.
        let deadline = || if mode.blocking { attempt.until() } else { Deadline::after(None) };
        self.turns.take(deadline).ok_or(Error::NotReady)
    }

    /// Receives once; what the network says about an earlier send is not this receive's business.
    #[inline]
    fn receive_one<T>(
        &self,
        attempt: &mut Attempt,
        mut receive: impl FnMut(&Socket) -> io::Result<(T, Option<SocketAddr>)>,
    ) -> Result<(T, SocketAddr)> {
        loop {
            match attempt.call(self.socket(), Direction::Read, &mut receive) {
                Ok((value, Some(from))) => return Ok((value, from)),
                Ok((_, None)) => {}
                Err(error) if sys::is_would_block(&error) => return Err(Error::NotReady),
                Err(error)
                    if matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset) => {}
                Err(error) => return Err(transfer_error(error)),
            }
        }
    }
}

fn open(domain: Domain) -> io::Result<Socket> {
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if domain == Domain::IPV6 {
        socket.set_only_v6(false)?;
    }
    socket.set_broadcast(true)?;
    Ok(socket)
}

/// A UDP socket has no connection to lose.
fn transfer_error(error: io::Error) -> Error {
    if sys::is_would_block(&error) { Error::NotReady } else { Error::from_os(error) }
}

/// How many of the datagrams can go together, and the length of each; the last one may be shorter.
fn group(datagrams: &[&[u8]]) -> (usize, Option<u16>) {
    let Some(length) = datagrams.first().map(|first| first.len()) else { return (0, None) };
    let Some(segment) = u16::try_from(length).ok().filter(|length| *length > 0) else { return (1, None) };
    let most = (super::UdpSocket::MAX_DATAGRAM_SIZE / length).clamp(1, sys::MAX_SEGMENTS);
    let equal = datagrams.iter().take(most).take_while(|datagram| datagram.len() == length).count();
    let shorter = datagrams.get(equal).is_some_and(|next| equal < most && (1..length).contains(&next.len()));
    (equal + usize::from(shorter), Some(segment))
}

/// How many datagrams a batch has at the least before it is given out, if there are so many.
const ENOUGH: usize = 32;

#[cfg(test)]
mod tests {
    use std::{sync::atomic::AtomicUsize, thread, time::Duration};

    use super::*;

    /// A receive that takes one of the datagrams that came together leaves the others to whoever waits for a batch.
    #[test]
    fn what_a_receive_leaves_wakes_who_waits_for_a_batch() {
        const LONG: Mode = Mode { blocking: true, timeout: Some(Duration::from_secs(5)) };
        const SHORT: Mode = Mode { blocking: true, timeout: Some(Duration::from_millis(10)) };
        let receiver = Bound::to(IpAddress::LOCAL_HOST, 0, LONG).unwrap();
        let sender = Bound::to(IpAddress::LOCAL_HOST, 0, LONG).unwrap();
        let port = receiver.local().unwrap().port();
        let send = |datagrams: &[&[u8]]| sender.send_batch(datagrams, IpAddress::LOCAL_HOST, port, LONG).unwrap();
        // From here on datagrams may come together.
        send(&[b"first"]);
        assert_eq!(receiver.receive_batch(&mut DatagramBatch::new(), LONG).unwrap(), 1);
        for _ in 0..20 {
            let (waits, has_ended) = (AtomicUsize::new(0), AtomicBool::new(false));
            thread::scope(|scope| {
                let batch = scope.spawn(|| receiver.receive_batch(&mut DatagramBatch::new(), LONG));
                scope.spawn(|| {
                    while !has_ended.load(Ordering::Relaxed) && receiver.receive(&mut [0; 8], SHORT).is_err() {
                        waits.fetch_add(1, Ordering::Relaxed);
                    }
                });
                // Both wait by then.
                while waits.load(Ordering::Relaxed) < 2 {
                    thread::yield_now();
                }
                send(&[b"1", b"2", b"3", b"4", b"5", b"6"]);
                let received = batch.join().unwrap();
                has_ended.store(true, Ordering::Relaxed);
                assert!(matches!(received, Ok(1..=6)), "{received:?}");
            });
            while receiver.receive(&mut [0; 8], SHORT).is_ok() {}
        }
    }
}
