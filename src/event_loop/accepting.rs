//! Whom a loop takes in.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use super::{
    EventLoop,
    event::{ListenerId, LoopEvent},
    slot::{Slot, Stage, prepared},
};
use crate::{error::Error, ip::IpAddress, message::Framing, stream::Stream, tls::TlsSocket};

impl EventLoop {
    /// Accepts what waits at a listener, and leaves some for the next round.
    pub(super) fn accept(&mut self, id: usize) {
        if let Some(post) = self.posts.get_mut(&id) {
            post.is_in_line = false;
        }
        for _ in 0..MOST_ACCEPTED {
            let Some(post) = self.posts.get_mut(&id) else { return };
            match post.accept() {
                Ok((stream, peer)) => self.admit(id, stream, peer.map(|(address, _)| address)),
                Err(Error::NotReady | Error::Disconnected) => return,
                Err(error) => {
                    if matches!(error, Error::TooManyFiles(_)) {
                        self.turn_away(id);
                    }
                    self.pause(id);
                    self.events.push_back(LoopEvent::AcceptFailed { listener: ListenerId(id), error });
                    return;
                }
            }
        }
    }

    /// Closes those who wait, with the descriptor that is kept for it, so that they know and do not wait for ever.
    fn turn_away(&mut self, id: usize) {
        let Some(post) = self.posts.get_mut(&id) else { return };
        for _ in 0..MOST_ACCEPTED {
            if self.reserve.take().is_none() {
                break;
            }
            let accepted = post.accept().is_ok();
            self.reserve = reserve();
            if !accepted {
                break;
            }
            self.counters.refused += 1;
        }
        if self.reserve.is_none() {
            self.reserve = reserve();
        }
    }

    fn admit(&mut self, id: usize, stream: Stream, address: Option<IpAddress>) {
        let Some(post) = self.posts.get_mut(&id) else { return };
        let address = address.map(IpAddress::user);
        let is_full = self.options.max_connections.is_some_and(|most| self.slots.len() >= most)
            || (post.has_handshake() && post.opening >= self.options.max_opening)
            || address
                .zip(self.options.max_per_address)
                .is_some_and(|(address, most)| self.by_address.get(&address).is_some_and(|count| *count >= most));
        if is_full {
            self.counters.refused += 1;
            if post.framing == Framing::Tiny {
                turn_away_tiny(stream);
            }
            return;
        }
        let stream = match (&post.tls, stream) {
            (Some(config), Stream::Tcp(socket)) => match TlsSocket::server(socket, config) {
                Ok(socket) => socket.into(),
                Err(_) => return self.counters.refused += 1,
            },
            (_, stream) => stream,
        };
        let connection = prepared(stream, post.framing, &post.options);
        let mut slot = Slot::new(connection, Stage::Accepted, Arc::clone(&post.options), Instant::now());
        slot.listener = Some(ListenerId(id));
        slot.address = address.filter(|_| self.options.max_per_address.is_some());
        if let Some(address) = slot.address {
            *self.by_address.entry(address).or_default() += 1;
        }
        post.opening += 1;
        let id = self.next_id();
        self.slots.insert(id, Box::new(slot));
        self.go_on_opening(id);
    }
}

/// The protocol has a byte for it.
fn turn_away_tiny(stream: Stream) {
    const TOO_MANY: &[u8] = &[0xfe];
    if let Stream::Tcp(mut socket) = stream {
        // Whoever does not hear it sees the end of the connection.
        let _ = socket.send(TOO_MANY);
    }
}

/// A descriptor to have one when there are no more.
pub(super) fn reserve() -> Option<Socket> {
    Socket::new(Domain::IPV4, Type::DGRAM, None).ok()
}

/// How many connections one turn of a listener accepts.
const MOST_ACCEPTED: usize = 64;
/// How long a listener is left alone that could not accept: long enough to cost nothing, short enough for a peer.
pub(super) const PAUSE: Duration = Duration::from_millis(50);
