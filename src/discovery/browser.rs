//! What comes and goes among the services of a kind.

use std::{fmt, time::Duration};

use super::{FoundService, engine, watch::Seen};
use crate::{error::Result, mode::Mode, status::Status, surface::mode_methods, time::Deadline};

/// Something has changed among the services of a kind.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// A service is there, or says something else than before: another port, more addresses, another text.
    Found(FoundService),
    /// A service is not there any more. It has withdrawn, or has said nothing for two minutes. Where a network says more
    /// at once than can be kept up with, all are lost, and those that are still there are found again.
    Lost {
        /// Its name.
        name: String,
    },
}

/// Watches the services of a kind, in blocking or non-blocking mode as sockets do. [`browse`](super::browse) makes it.
///
/// Changes that are not received wait here, and those of one service become one: a service that comes and goes between
/// two receives is never seen. So it costs little to look rarely, and nothing piles up.
///
/// # Examples
///
/// ```no_run
/// use sockeye::{Status, discovery::{self, Change}};
///
/// let mut browser = discovery::browse("game")?;
/// browser.set_blocking(false)?;
/// // Once a frame:
/// while let Status::Done(change) = browser.receive() {
///     match change {
///         Change::Found(game) => println!("{} at {:?}, port {}", game.name(), game.addresses(), game.port()),
///         Change::Lost { name } => println!("{name} has gone"),
///         _ => {}
///     }
/// }
/// # Ok::<(), sockeye::Error>(())
/// ```
pub struct Browser {
    engine: engine::Browsing,
    seen: Seen,
    mode: Mode,
}

impl Browser {
    pub(super) fn new(engine: engine::Browsing) -> Self {
        Self { engine, seen: Seen::default(), mode: Mode::BLOCKING }
    }

    /// Returns the next change: `NotReady` where there is none, `Disconnected` when discovery has ended in this process,
    /// which only happens when its thread has failed.
    pub fn receive(&mut self) -> Status<Change> {
        let limit = if self.mode.blocking { self.mode.timeout } else { Some(Duration::ZERO) };
        self.engine.watch().next(&mut self.seen, Deadline::after(limit))
    }

    fn mode(&self) -> Mode {
        self.mode
    }

    #[expect(clippy::unnecessary_wraps, reason = "sockets can fail")]
    fn change_mode(&mut self, mode: Mode) -> Result<()> {
        self.mode = mode;
        Ok(())
    }
}

mode_methods!(Browser, timeout: "When it passes, `receive` answers `NotReady`.");

impl fmt::Debug for Browser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Browser").field("mode", &self.mode).finish_non_exhaustive()
    }
}
