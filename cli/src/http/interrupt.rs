//! Ctrl-C while something is transferred.

use std::{
    process,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::failure::Failure;

/// The wish to end.
#[derive(Debug, Clone)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Listens for Ctrl-C and for the request to terminate. The first one lets the transfer clean up, another ends the
    /// program at once.
    pub(super) fn listen() -> Result<Self, Failure> {
        let interrupt = Self(Arc::default());
        let raised = Arc::clone(&interrupt.0);
        ctrlc::set_handler(move || {
            if raised.swap(true, Ordering::Relaxed) {
                process::exit(i32::from(Failure::Interrupted.exit_code()));
            }
        })
        .map_err(|error| Failure::Signals(error.to_string()))?;
        Ok(interrupt)
    }

    pub(super) fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
