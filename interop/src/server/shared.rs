//! One server for all the tests that run at the same time.

use std::{
    ops::Deref,
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
};

use crate::Server;

/// Where a kind of server is kept while any test uses it.
#[derive(Debug)]
pub struct Slot<T>(Mutex<Weak<T>>);

/// A server that other tests may be using. It ends with the last of them.
#[derive(Debug)]
pub struct Shared<T: AsRef<Server>>(Arc<T>);

impl<T: AsRef<Server>> Slot<T> {
    /// Makes a place for a server that is not started yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Weak::new()))
    }

    /// Returns the server that runs, or starts it.
    pub fn get(&self, start: impl FnOnce() -> T) -> Shared<T> {
        // A server that did not start has failed one test; the next one tries for itself.
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let server = slot.upgrade().unwrap_or_else(|| {
            let started = Arc::new(start());
            *slot = Arc::downgrade(&started);
            started
        });
        Shared(server)
    }
}

impl<T: AsRef<Server>> Default for Slot<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T: AsRef<Server>> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: AsRef<Server>> Drop for Shared<T> {
    fn drop(&mut self) {
        // The last one's server says it itself.
        if thread::panicking() && Arc::strong_count(&self.0) > 1 {
            eprintln!("{}", (*self.0).as_ref().said());
        }
    }
}
