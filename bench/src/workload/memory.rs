//! What ten thousand idle connections cost this process. The peers live in a child, so that only one end is counted.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::{env, io};

use mio::{Interest, Token};
use polling::{Event, Poller};
use sockeye::{Endpoint, EventLoop, Framing, IpAddress, ListenOptions, SocketSelector, TcpSocket};

use crate::contestant::epoll::Epoll;
use crate::contestant::message_io;
use crate::contestant::polling::watch;
use crate::contestant::raw;
use crate::sys;
use crate::{Result, allocator};

/// What a contestant's sockets grew this process by.
#[derive(Clone, Copy)]
pub struct Growth {
    pub heap: i64,
    pub resident: i64,
}

/// Our sockets in a vector, accepted by our listener.
pub fn sockets_ours(count: usize) -> Result<Growth> {
    grow(|| {
        let mut sockets = Vec::with_capacity(count);
        let peers = accept_ours(count, |socket| {
            sockets.push(socket);
            Ok(())
        })?;
        Ok((sockets, peers))
    })
}

/// std's sockets in a vector: a descriptor each and nothing else.
pub fn sockets_std(count: usize) -> Result<Growth> {
    grow(|| {
        let mut sockets = Vec::with_capacity(count);
        let peers = accept_std(count, |socket| {
            sockets.push(socket);
            Ok(())
        })?;
        Ok((sockets, peers))
    })
}

/// Our sockets in a vector, watched by our selector.
pub fn watched_ours(count: usize) -> Result<Growth> {
    grow(|| {
        let mut selector = SocketSelector::new()?;
        let mut sockets = Vec::with_capacity(count);
        let peers = accept_ours(count, |mut socket| {
            socket.set_blocking(false)?;
            selector.add(&socket)?;
            sockets.push(socket);
            Ok(())
        })?;
        Ok((selector, sockets, peers))
    })
}

/// Connections of our event loop.
pub fn loop_ours(count: usize) -> Result<Growth> {
    grow(|| {
        let mut event_loop = EventLoop::new()?;
        let at = Endpoint::Tcp { host: None, port: 0 };
        let listener = event_loop.listen(&at, Framing::Packet, ListenOptions::default())?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, event_loop.local_port(listener)));
        let mut peers = Peers::connect(address, count)?;
        while event_loop.counters().opened < count as u64 {
            event_loop.poll(None)?;
        }
        peers.wait()?;
        Ok((event_loop, peers))
    })
}

/// std's sockets in a vector, watched by epoll itself.
pub fn watched_epoll(count: usize) -> Result<Growth> {
    grow(|| {
        let epoll = Epoll::new()?;
        let mut sockets = Vec::with_capacity(count);
        let peers = accept_std(count, |socket| {
            socket.set_nonblocking(true)?;
            epoll.add(&socket, sockets.len() as u64)?;
            sockets.push(socket);
            Ok(())
        })?;
        Ok((epoll, sockets, peers))
    })
}

/// mio's sockets in a vector, watched by its poll.
pub fn watched_mio(count: usize) -> Result<Growth> {
    grow(|| {
        let poll = mio::Poll::new()?;
        let mut sockets = Vec::with_capacity(count);
        let peers = accept_std(count, |socket| {
            socket.set_nonblocking(true)?;
            let mut socket = mio::net::TcpStream::from_std(socket);
            poll.registry().register(&mut socket, Token(sockets.len()), Interest::READABLE)?;
            sockets.push(socket);
            Ok(())
        })?;
        Ok((poll, mio::Events::with_capacity(1024), sockets, peers))
    })
}

/// std's sockets in a vector, watched by `polling`.
pub fn watched_polling(count: usize) -> Result<Growth> {
    grow(|| {
        let poller = Poller::new()?;
        let mut sockets = Vec::with_capacity(count);
        let peers = accept_std(count, |socket| {
            socket.set_nonblocking(true)?;
            watch(&poller, &socket, Event::readable(sockets.len()))?;
            sockets.push(socket);
            Ok(())
        })?;
        // The poller stands first: it is dropped before the sockets that it watches.
        Ok((poller, polling::Events::new(), sockets, peers))
    })
}

/// message-io's endpoints in a vector.
pub fn watched_message_io(count: usize) -> Result<Growth> {
    grow(|| {
        let mut peers = None;
        let held = message_io::hold(count, |address| {
            peers = Some(Peers::connect(address, count)?);
            Ok(())
        })?;
        peers.as_mut().ok_or("no peers")?.wait()?;
        Ok((held, peers))
    })
}

/// Connects `count` streams to `port`, says so in a line, and holds them until standard input ends.
pub fn hold_peers(port: u16, count: usize) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let peers = (0..count).map(|_| raw::connect_peer(address)).collect::<Result<Vec<_>, _>>()?;
    println!("{} connected", peers.len());
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// The child that holds the far ends.
struct Peers {
    child: Child,
    count: usize,
}

impl Peers {
    fn connect(address: SocketAddr, count: usize) -> Result<Self> {
        let child = Command::new(env::current_exe()?)
            .args(["peers", &address.port().to_string(), &count.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self { child, count })
    }

    /// Waits until the child has connected all.
    fn wait(&mut self) -> Result<()> {
        let output = self.child.stdout.take().ok_or("the child has no output")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        if line.trim() != format!("{} connected", self.count) {
            return Err(format!("the child holds too few peers: {line:?}").into());
        }
        Ok(())
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        // The end of its input ends the child; one that is gone already is what is wanted too.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// Counts what is left of `make`'s work while its outcome is still alive.
fn grow<T>(make: impl FnOnce() -> Result<T>) -> Result<Growth> {
    allocator::start_tally();
    let resident = sys::resident_bytes()?;
    let heap = allocator::heap_bytes();
    let held = make()?;
    let growth = Growth { heap: allocator::heap_bytes() - heap, resident: sys::resident_bytes()? - resident };
    drop(held);
    Ok(growth)
}

fn accept_ours(count: usize, mut keep: impl FnMut(TcpSocket) -> Result<()>) -> Result<Peers> {
    let mut listener = sockeye::TcpListener::new();
    listener.listen_on(IpAddress::LOCAL_HOST, 0).into_result()?;
    let mut peers = Peers::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, listener.local_port())), count)?;
    for _ in 0..count {
        keep(listener.accept().into_result()?)?;
    }
    peers.wait()?;
    Ok(peers)
}

fn accept_std(count: usize, mut keep: impl FnMut(TcpStream) -> Result<()>) -> Result<Peers> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut peers = Peers::connect(listener.local_addr()?, count)?;
    for _ in 0..count {
        let (socket, _) = listener.accept()?;
        socket.set_nodelay(true)?;
        keep(socket)?;
    }
    peers.wait()?;
    Ok(peers)
}
