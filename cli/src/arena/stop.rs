//! The wish to end, told from one thread or a signal to a loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::ArenaError;

/// A flag that is raised once and read by loops that wake 60 times a second anyway.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Makes one that Ctrl-C, a request to terminate and a closed terminal raise, so that the program can clean up.
    ///
    /// # Errors
    ///
    /// [`ArenaError::Signals`] when the system does not let the program listen for them.
    pub(crate) fn on_signals() -> Result<Self, ArenaError> {
        let stop = Self::default();
        let raised = stop.clone();
        ctrlc::set_handler(move || raised.raise()).map_err(|error| ArenaError::Signals(error.to_string()))?;
        Ok(stop)
    }

    /// Asks to end.
    pub(crate) fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked to end.
    pub(crate) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
