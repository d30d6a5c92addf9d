//! The price of asking when there is nothing: an empty receive, an empty wait, and `is_ready` of sockets that are not.
//!
//! These are a few hundred nanoseconds of one call each, so every contestant has its own few lines instead of a trait.

use std::io;
use std::io::Read;
use std::time::Duration;

use mio::{Interest, Token};
use polling::{Event, Events, Poller};
use sockeye::{SocketSelector, StatusCode};

use crate::Result;
use crate::contestant::epoll::{Epoll, EpollWatcher};
use crate::contestant::polling::watch;
use crate::contestant::raw;
use crate::contestant::{Peers, Watcher};
use crate::contestant::{expect, ours};
use crate::session::Session;

pub fn tcp_receive_ours(session: Session) -> Result<()> {
    let (mut socket, _peer) = ours::socket_pair()?;
    socket.set_blocking(false)?;
    let mut buffer = raw::buffer();
    repeat(session, || expect(socket.receive(&mut buffer).code() == StatusCode::NotReady, NOT_EMPTY))
}

pub fn tcp_receive_std(session: Session) -> Result<()> {
    let (mut socket, _peer) = raw::stream_pair()?;
    socket.set_nonblocking(true)?;
    let mut buffer = raw::buffer();
    repeat(session, || expect_would_block(socket.read(&mut buffer)))
}

pub fn tcp_receive_mio(session: Session) -> Result<()> {
    let (socket, _peer) = raw::stream_pair()?;
    socket.set_nonblocking(true)?;
    let mut socket = mio::net::TcpStream::from_std(socket);
    let mut buffer = raw::buffer();
    repeat(session, || expect_would_block(socket.read(&mut buffer)))
}

pub fn udp_receive_ours(session: Session) -> Result<()> {
    let (mut socket, _peer) = ours::datagram_pair()?;
    socket.set_blocking(false)?;
    let mut buffer = raw::buffer();
    repeat(session, || expect(socket.receive(&mut buffer).code() == StatusCode::NotReady, NOT_EMPTY))
}

pub fn udp_receive_std(session: Session) -> Result<()> {
    let (socket, _peer) = raw::datagram_pair()?;
    socket.set_nonblocking(true)?;
    let mut buffer = raw::buffer();
    repeat(session, || expect_would_block(socket.recv_from(&mut buffer)))
}

pub fn udp_receive_mio(session: Session) -> Result<()> {
    let (socket, _peer) = raw::datagram_pair()?;
    socket.set_nonblocking(true)?;
    let socket = mio::net::UdpSocket::from_std(socket);
    let mut buffer = raw::buffer();
    repeat(session, || expect_would_block(socket.recv_from(&mut buffer)))
}

pub fn wait_ours(session: Session) -> Result<()> {
    let (socket, _peer) = ours::socket_pair()?;
    let mut selector = SocketSelector::new()?;
    selector.add(&socket)?;
    repeat(session, || expect(!selector.wait(Some(Duration::ZERO))?, NOT_EMPTY))
}

pub fn wait_epoll(session: Session) -> Result<()> {
    let (socket, _peer) = raw::stream_pair()?;
    let mut epoll = Epoll::new()?;
    epoll.add(&socket, 0)?;
    repeat(session, || expect(epoll.wait(0)?.next().is_none(), NOT_EMPTY))
}

pub fn wait_mio(session: Session) -> Result<()> {
    let (socket, _peer) = raw::stream_pair()?;
    let mut socket = mio::net::TcpStream::from_std(socket);
    let mut poll = mio::Poll::new()?;
    let mut events = mio::Events::with_capacity(16);
    poll.registry().register(&mut socket, Token(0), Interest::READABLE)?;
    repeat(session, || {
        poll.poll(&mut events, Some(Duration::ZERO))?;
        expect(events.is_empty(), NOT_EMPTY)
    })
}

pub fn wait_polling(session: Session) -> Result<()> {
    let (socket, _peer) = raw::stream_pair()?;
    let poller = Poller::new()?;
    watch(&poller, &socket, Event::readable(0))?;
    let mut events = Events::new();
    let outcome = repeat(session, || {
        events.clear();
        expect(poller.wait(&mut events, Some(Duration::ZERO))? == 0, NOT_EMPTY)
    });
    poller.delete(&socket)?;
    outcome
}

/// A wait that finds one of many sockets ready, which stays so; an operation is one wait and the finding of the socket.
pub fn find_ours<const COUNT: usize>(session: Session) -> Result<()> {
    let (mut watcher, mut peers) = ours::OurWatcher::gather(COUNT)?;
    peers.send_to(COUNT - 1)?;
    repeat(session, || expect(watcher.find()? == COUNT - 1, ANOTHER))
}

pub fn find_epoll<const COUNT: usize>(session: Session) -> Result<()> {
    let (mut watcher, mut peers) = EpollWatcher::gather(COUNT)?;
    peers.send_to(COUNT - 1)?;
    repeat(session, || expect(watcher.find()? == COUNT - 1, ANOTHER))
}

/// `is_ready` of every socket in turn after one wait that found one of them ready; an operation is one call.
pub fn is_ready_ours<const COUNT: usize>(session: Session) -> Result<()> {
    let (mut watcher, mut peers) = ours::OurWatcher::gather(COUNT)?;
    peers.send_to(COUNT - 1)?;
    let (selector, sockets) = watcher.parts();
    expect(selector.wait(None)?, "wait found nothing")?;
    session.serve(COUNT as u64, |operations| {
        for _ in 0..operations / COUNT as u64 {
            let ready = sockets.iter().filter(|socket| selector.is_ready(*socket)).count();
            expect(ready == 1, "not exactly one socket is ready")?;
        }
        Ok(())
    })
}

fn repeat(session: Session, mut operation: impl FnMut() -> Result<()>) -> Result<()> {
    session.serve(1, |operations| (0..operations).try_for_each(|_| operation()))
}

fn expect_would_block<T>(outcome: io::Result<T>) -> Result<()> {
    expect(outcome.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock), NOT_EMPTY)
}

const ANOTHER: &str = "another socket was ready";
const NOT_EMPTY: &str = "something came where nothing was sent";
