//! Taking turns, with a limit on the wait.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::time::Deadline;

/// Lets one thread at a time do something that may last, and the others wait for no longer than their own limits: a
/// mutex with a deadline, which the standard library does not have.
#[derive(Debug, Default)]
pub(super) struct Turns {
    state: Mutex<State>,
    free: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_taken: bool,
    /// How many threads wait, so that nobody is woken by a system call while there is none.
    waiting: usize,
}

/// A thread's turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn<'a>(&'a Turns);

impl Turns {
    /// Takes a turn; `None` when the deadline passes first, which is asked for only when there is something to wait for.
    pub(super) fn take(&self, deadline: impl FnOnce() -> Deadline) -> Option<Turn<'_>> {
        let mut state = self.lock();
        if state.is_taken {
            let deadline = deadline();
            state.waiting += 1;
            state = match deadline.remaining() {
                Some(limit) => {
                    let waited = self.free.wait_timeout_while(state, limit, |state| state.is_taken);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.free.wait_while(state, |state| state.is_taken).unwrap_or_else(PoisonError::into_inner),
            };
            state.waiting -= 1;
        }
        if state.is_taken {
            return None;
        }
        state.is_taken = true;
        Some(Turn(self))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_taken = false;
        let is_awaited = state.waiting > 0;
        drop(state);
        if is_awaited {
            self.0.free.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicUsize, Ordering},
        thread,
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn a_turn_that_is_taken_is_waited_for_until_the_deadline() {
        const LIMIT: Duration = Duration::from_millis(50);
        let turns = Turns::default();
        let turn = turns.take(|| panic!("there is nothing to wait for")).unwrap();
        assert!(turns.take(|| Deadline::after(Some(Duration::ZERO))).is_none());
        let begin = Instant::now();
        assert!(turns.take(|| Deadline::after(Some(LIMIT))).is_none());
        assert!(begin.elapsed() >= LIMIT);
        drop(turn);
        assert!(turns.take(|| panic!("it is free again")).is_some());
    }

    #[test]
    fn every_thread_gets_its_turn_and_never_two_at_once() {
        let (turns, inside, total) = (Turns::default(), AtomicUsize::new(0), AtomicUsize::new(0));
        thread::scope(|scope| {
            for number in 0..4 {
                let (turns, inside, total) = (&turns, &inside, &total);
                scope.spawn(move || {
                    let limit = (number % 2 == 0).then_some(Duration::from_secs(20));
                    for _ in 0..200 {
                        let _turn = turns.take(|| Deadline::after(limit)).unwrap();
                        assert_eq!(inside.fetch_add(1, Ordering::Relaxed), 0);
                        thread::yield_now();
                        total.fetch_add(1, Ordering::Relaxed);
                        inside.fetch_sub(1, Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(total.into_inner(), 800);
    }
}
