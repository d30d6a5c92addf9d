//! A loop with a listener, and peers that know nothing of loops.
#![allow(unreachable_pub, reason = "every test file uses a part of it")]

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use sockeye::{
    CloseReason, Connection, ConnectionId, ConnectionOptions, Endpoint, EventLoop, EventLoopOptions, Framing,
    ListenOptions, ListenerId, LoopEvent,
};

use crate::support::LONG;

pub const STEP: Option<Duration> = Some(Duration::from_millis(20));

/// A loop that listens on a port of loopback.
pub struct Rig {
    pub event_loop: EventLoop,
    pub listener: ListenerId,
    pub port: u16,
}

impl Rig {
    pub fn new(framing: Framing) -> Self {
        Self::with(framing, EventLoopOptions::default(), ListenOptions::default())
    }

    pub fn with_connections(framing: Framing, connection: ConnectionOptions) -> Self {
        let mut options = ListenOptions::default();
        options.connection = connection;
        Self::with(framing, EventLoopOptions::default(), options)
    }

    pub fn with(framing: Framing, options: EventLoopOptions, listening: ListenOptions) -> Self {
        let mut event_loop = EventLoop::with_options(options).unwrap();
        let listener = event_loop.listen(&loopback(0), framing, listening).unwrap();
        let port = event_loop.local_port(listener);
        Self { event_loop, listener, port }
    }

    /// A peer that sends and receives plain bytes.
    pub fn peer(&self) -> TcpStream {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        stream.set_write_timeout(Some(LONG)).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
    }

    /// A peer that speaks a framing.
    pub fn framed_peer(&self, framing: Framing) -> Connection {
        let mut connection = Connection::connect(&loopback(self.port), framing, Some(LONG)).unwrap();
        connection.set_timeout(Some(LONG)).unwrap();
        connection
    }

    /// A plain peer whose connection the loop has opened.
    pub fn opened_peer(&mut self) -> (TcpStream, ConnectionId) {
        let peer = self.peer();
        (peer, self.opened())
    }

    pub fn opened(&mut self) -> ConnectionId {
        self.until(|_, event| match event {
            LoopEvent::Opened { id, .. } => Some(id),
            other => panic!("{other:?}"),
        })
    }

    pub fn message(&mut self) -> (ConnectionId, Vec<u8>) {
        self.until(|_, event| match event {
            LoopEvent::Message { id, message } => Some((id, message)),
            other => panic!("{other:?}"),
        })
    }

    pub fn closed(&mut self) -> (ConnectionId, CloseReason, Vec<u8>) {
        self.until(|_, event| match event {
            LoopEvent::Closed { id, reason, leftover } => Some((id, reason, leftover)),
            other => panic!("{other:?}"),
        })
    }

    /// Polls until the function has found what it waits for.
    pub fn until<T>(&mut self, found: impl FnMut(&mut EventLoop, LoopEvent) -> Option<T>) -> T {
        until(&mut self.event_loop, found)
    }

    /// Polls for a while, and some times however long that takes, and gives what happened.
    pub fn during(&mut self, time: Duration) -> Vec<LoopEvent> {
        let end = Instant::now() + time;
        let mut events = Vec::new();
        let mut quiet = 0;
        while Instant::now() < end || quiet < 4 {
            let event = self.event_loop.poll(Some(Duration::from_millis(5))).unwrap();
            quiet = if event.is_none() { quiet + 1 } else { 0 };
            events.extend(event);
        }
        events
    }
}

pub fn until<T>(event_loop: &mut EventLoop, mut found: impl FnMut(&mut EventLoop, LoopEvent) -> Option<T>) -> T {
    let end = Instant::now() + LONG;
    while Instant::now() < end {
        if let Some(event) = event_loop.poll(STEP).unwrap()
            && let Some(value) = found(event_loop, event)
        {
            return value;
        }
    }
    panic!("nothing of the kind happened");
}

pub fn loopback(port: u16) -> Endpoint {
    Endpoint::Tcp { host: None, port }
}

/// What a peer hears until the end of its connection; a reset is an end.
pub fn rest_of(peer: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        match peer.read(&mut piece) {
            Ok(0) | Err(_) => return bytes,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

pub fn write(peer: &mut TcpStream, bytes: &[u8]) {
    peer.write_all(bytes).unwrap();
}

pub fn read(peer: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    peer.read_exact(&mut bytes).unwrap();
    bytes
}

/// Ends a connection with a reset.
pub fn reset(peer: TcpStream) {
    socket2::SockRef::from(&peer).set_linger(Some(Duration::ZERO)).unwrap();
    drop(peer);
}
