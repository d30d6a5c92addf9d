//! Waiting on every other system: `polling` as it is.

use std::{
    io,
    num::NonZeroUsize,
    time::{Duration, Instant},
};

use polling::Poller;

/// What a socket is ready for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Readiness {
    pub(crate) read: bool,
    pub(crate) write: bool,
}

/// The events of one wait.
pub(crate) struct Events {
    list: polling::Events,
}

impl Events {
    pub(crate) fn new() -> Self {
        Self { list: polling::Events::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, Readiness)> + '_ {
        self.list.iter().map(|event| {
            let ended = event.is_interrupt() || event.is_err().unwrap_or(false);
            (event.key, Readiness { read: event.readable || ended, write: event.writable || ended })
        })
    }

    /// Waits once; tells whether the notifier ended it.
    pub(crate) fn wait(&mut self, poller: &Poller, limit: Option<Duration>) -> io::Result<bool> {
        // A full list may have left ready sockets out; the next wait gets them all in one go.
        let capacity = self.list.capacity().get();
        if self.list.len() == capacity {
            if let Some(capacity) = NonZeroUsize::new(capacity * 2) {
                self.list = polling::Events::with_capacity(capacity);
            }
        }
        self.list.clear();
        let begin = Instant::now();
        let count = poller.wait(&mut self.list, limit)?;
        // `polling` does not say that it was notified, but it has retried after a signal.
        Ok(count == 0 && limit.is_none_or(|limit| begin.elapsed() < limit))
    }
}
