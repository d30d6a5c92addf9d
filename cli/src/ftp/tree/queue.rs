//! What is to be done by several sessions.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::transfer::ending;

/// Jobs, of which each is taken once. Whoever does one may add more.
#[derive(Debug)]
pub(super) struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

#[derive(Debug)]
struct State<T> {
    jobs: VecDeque<T>,
    /// Jobs that are being done.
    taken: usize,
    is_stopped: bool,
}

impl<T> Queue<T> {
    pub(super) fn new(jobs: Vec<T>) -> Self {
        let state = State { jobs: jobs.into(), taken: 0, is_stopped: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    pub(super) fn push(&self, job: T) {
        self.state().jobs.push_back(job);
        self.changed.notify_one();
    }

    /// The next job; waits as long as one may still be added. `None` when there is nothing left to do.
    pub(super) fn take(&self) -> Option<T> {
        let mut state = self.wait();
        if state.is_stopped || ending::has_begun() {
            return None;
        }
        let job = state.jobs.pop_front()?;
        state.taken += 1;
        Some(job)
    }

    /// Waits until there is a job for which nobody has time; `false` if there will be none.
    pub(super) fn has_work(&self) -> bool {
        let state = self.wait();
        !state.is_stopped && !state.jobs.is_empty()
    }

    /// A job that was taken is done.
    pub(super) fn done(&self) {
        let mut state = self.state();
        state.taken -= 1;
        if state.taken == 0 {
            self.changed.notify_all();
        }
    }

    /// Nothing more is given out.
    pub(super) fn stop(&self) {
        self.state().is_stopped = true;
        self.changed.notify_all();
    }

    fn wait(&self) -> MutexGuard<'_, State<T>> {
        let waits = |state: &mut State<T>| state.jobs.is_empty() && state.taken > 0 && !state.is_stopped;
        self.changed.wait_while(self.state(), waits).unwrap_or_else(PoisonError::into_inner)
    }

    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU32, Ordering},
        thread,
    };

    use super::*;

    #[test]
    fn every_job_is_done_once_by_whoever_has_time() {
        let queue = Queue::new(vec![1_000_u32]);
        let done = AtomicU32::new(0);
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    while let Some(job) = queue.take() {
                        done.fetch_add(1, Ordering::Relaxed);
                        // A job makes two of the half of it.
                        for half in [job / 2, job / 2].into_iter().filter(|half| *half > 0) {
                            queue.push(half);
                        }
                        queue.done();
                    }
                });
            }
        });
        assert_eq!(done.load(Ordering::Relaxed), 1 + 2 + 4 + 8 + 16 + 32 + 64 + 128 + 256 + 512);
        assert!(!queue.has_work());
    }

    #[test]
    fn a_stop_ends_the_wait_for_jobs() {
        let queue = Queue::new(vec![1, 2]);
        assert_eq!(queue.take(), Some(1));
        assert!(queue.has_work());
        queue.stop();
        assert_eq!(queue.take(), None);
        assert!(!queue.has_work());
        let queue = Queue::new(vec![1]);
        queue.take();
        thread::scope(|scope| {
            let waiting = scope.spawn(|| queue.has_work());
            queue.done();
            assert!(!waiting.join().unwrap());
        });
    }
}
