//! A service of this program that others can find.

use std::{fmt, time::Duration};

use super::engine;
use crate::status::Status;

/// A service that is published; dropping the value withdraws it, and tells the network so before it returns.
#[must_use = "a service is withdrawn when this is dropped"]
pub struct Published {
    pub(super) engine: engine::Publication,
}

impl Published {
    /// Waits until others can find the service: `Done` then, `NotReady` when the limit has passed, which also says that
    /// no interface can be used. `None` is for ever.
    ///
    /// A name that nobody else has takes about a second.
    pub fn wait(&self, limit: Option<Duration>) -> Status {
        self.engine.wait(limit)
    }

    /// Returns the name under which others find it.
    ///
    /// It is another one than was asked for, with a number behind it as in `Ann's arena (2)`, when another program had
    /// the name first (RFC 6762 section 9); that is known after [`wait`](Self::wait). A name that has no room for the
    /// number is not published then; for a name with a dot or a backslash in it nobody looks whether it is taken.
    #[must_use]
    pub fn name(&self) -> String {
        self.engine.name()
    }
}

impl fmt::Debug for Published {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published").field("name", &self.name()).finish_non_exhaustive()
    }
}
