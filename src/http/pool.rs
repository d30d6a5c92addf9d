//! Connections that are kept for the next request.

use std::{
    collections::VecDeque,
    mem,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use super::connector::Route;
use crate::{bytes::Aligned, stream::Stream};

/// Idle connections, the one that was used last at the end.
#[derive(Debug)]
pub(super) struct Pool {
    idle: Mutex<VecDeque<Idle>>,
    size: usize,
}

#[derive(Debug)]
struct Idle {
    route: Route,
    connection: Connection,
    since: Instant,
}

/// A connection with the buffer that its bytes come into.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) stream: Stream,
    pub(super) buffer: Aligned,
    /// Whether it was opened for one question and was not [settled](Self::settle) since.
    pub(super) is_to_ask: bool,
}

impl Connection {
    /// Makes it one for whatever comes.
    pub(super) fn settle(&mut self) {
        if mem::take(&mut self.is_to_ask) {
            self.stream.settle();
        }
    }
}

impl Pool {
    pub(super) fn new(size: usize) -> Self {
        Self { idle: Mutex::default(), size }
    }

    /// Takes the connection of a route that was used last; tells how long it has been idle.
    pub(super) fn take(&self, route: &Route) -> Option<(Connection, Duration)> {
        let mut idle = self.lock();
        idle.retain(|idle| idle.since.elapsed() < KEPT);
        let at = idle.iter().rposition(|idle| idle.route == *route)?;
        idle.remove(at).map(|idle| (idle.connection, idle.since.elapsed()))
    }

    /// Keeps a connection that can be used again; the oldest one goes if there are too many.
    pub(super) fn put(&self, route: Route, mut connection: Connection) {
        if self.size == 0 {
            return;
        }
        connection.buffer.shrink(KEPT_BUFFER);
        let mut idle = self.lock();
        if idle.len() >= self.size {
            idle.pop_front();
        }
        idle.push_back(Idle { route, connection, since: Instant::now() });
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Servers close idle connections after five seconds to two minutes; one that is older is not worth the try.
const KEPT: Duration = Duration::from_secs(60);
/// The memory that an idle connection keeps.
const KEPT_BUFFER: usize = 16 * 1024;
