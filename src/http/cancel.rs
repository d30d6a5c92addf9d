//! Ending an exchange from another thread.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    error::{Error, Result},
    selector::SocketSelector,
};

/// A handle that ends what waits with it. Clones end the same.
#[derive(Debug, Clone)]
pub(super) struct Cancel(Option<Arc<Mutex<State>>>);

/// What a [`Cancel`] ends, for as long as this lives.
pub(super) struct Watching<'a>(&'a Cancel);

#[derive(Default)]
struct State {
    is_cancelled: bool,
    wake: Option<Box<dyn Fn() + Send>>,
}

impl Cancel {
    /// One that can be cancelled.
    pub(super) fn new() -> Self {
        Self(Some(Arc::default()))
    }

    /// One that nobody cancels, which lets waits be cheaper.
    pub(super) fn never() -> Self {
        Self(None)
    }

    pub(super) fn is_never(&self) -> bool {
        self.0.is_none()
    }

    /// Ends what waits now, and everything that would begin later.
    pub(super) fn cancel(&self) {
        if let Some(mut state) = self.lock() {
            state.is_cancelled = true;
            if let Some(wake) = &state.wake {
                wake();
            }
        }
    }

    /// Fails once it has been cancelled.
    pub(super) fn check(&self) -> Result<()> {
        if self.lock().is_some_and(|state| state.is_cancelled) { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Calls `wake` when it is cancelled, at once if it has been; it must not block. There is one at a time: an
    /// exchange waits for one thing.
    pub(super) fn watch(&self, wake: impl Fn() + Send + 'static) -> Watching<'_> {
        if let Some(mut state) = self.lock() {
            if state.is_cancelled {
                wake();
            }
            state.wake = Some(Box::new(wake));
        }
        Watching(self)
    }

    /// Ends a wait of this selector when it is cancelled.
    pub(super) fn wake(&self, selector: &SocketSelector) -> Watching<'_> {
        let waker = selector.waker();
        self.watch(move || {
            // The wait then ends at its limit.
            let _ = waker.wake();
        })
    }

    fn lock(&self) -> Option<MutexGuard<'_, State>> {
        // A flag and a function: a panic elsewhere cannot leave them half-changed.
        self.0.as_ref().map(|state| state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Watching<'_> {
    fn drop(&mut self) {
        if let Some(mut state) = self.0.lock() {
            state.wake = None;
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("is_cancelled", &self.is_cancelled).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn a_cancel_wakes_the_one_that_watches_and_stays() {
        let cancel = Cancel::new();
        cancel.check().unwrap();
        let (sender, receiver) = mpsc::channel();
        let watching = cancel.watch(move || sender.send(()).unwrap());
        cancel.clone().cancel();
        assert_eq!(receiver.try_iter().count(), 1);
        drop(watching);
        assert_eq!(cancel.check().unwrap_err().kind(), ErrorKind::Cancelled);
    }

    #[test]
    fn one_that_watches_too_late_is_woken_at_once() {
        let cancel = Cancel::new();
        cancel.cancel();
        let (sender, receiver) = mpsc::channel();
        let _watching = cancel.watch(move || sender.send(()).unwrap());
        assert_eq!(receiver.try_iter().count(), 1);
    }

    #[test]
    fn one_that_has_ended_is_not_woken() {
        let cancel = Cancel::new();
        let (sender, receiver) = mpsc::channel();
        drop(cancel.watch(move || sender.send(()).unwrap()));
        cancel.cancel();
        assert_eq!(receiver.try_iter().count(), 0);
    }

    #[test]
    fn never_is_never() {
        let cancel = Cancel::never();
        cancel.cancel();
        cancel.check().unwrap();
    }
}
