//! One server for all the tests of a program.

use std::{fmt, ops::Deref, sync::OnceLock, thread};

use crate::Server;

/// Where a kind of server is kept. It ends with the program.
#[derive(Debug)]
pub struct Slot<T>(OnceLock<T>);

/// A server that other tests may be using. A test that fails prints what it has said.
pub struct Shared<T: AsRef<Server> + 'static>(&'static T);

impl<T: AsRef<Server>> Slot<T> {
    /// Makes a place for a server that is not started yet.
    #[must_use]
    pub const fn new() -> Self {
        Self(OnceLock::new())
    }

    /// Returns the server that runs, or starts it.
    pub fn get(&'static self, start: impl FnOnce() -> T) -> Shared<T> {
        Shared(self.0.get_or_init(start))
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
        self.0
    }
}

impl<T: AsRef<Server>> Drop for Shared<T> {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("{}", self.0.as_ref().said());
        }
    }
}

impl<T: AsRef<Server> + fmt::Debug> fmt::Debug for Shared<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
