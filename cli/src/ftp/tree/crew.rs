//! Sessions that work together.

use std::{
    sync::{Mutex, PoisonError},
    thread,
};

use sockeye::Ftp;

use super::queue::Queue;
use crate::{
    failure::Failure,
    ftp::{leave, site::Site},
    transfer::ending,
};

/// The sessions with a server; all but the first are opened when there is something to do for them.
pub(super) struct Crew<'a> {
    site: &'a Site,
    sessions: Vec<Session>,
}

enum Session {
    Unopened,
    Open(Ftp),
    /// The server does not want as many.
    Refused,
}

/// What has failed of what was to be done.
#[derive(Debug, Default)]
pub(super) struct Failures {
    pub(super) count: usize,
    first: Option<Failure>,
    /// A session was lost, and nothing more was begun then.
    pub(super) is_over: bool,
}

impl<'a> Crew<'a> {
    /// Opens the first session: what the server says to that is said to all of them.
    pub(super) fn new(site: &'a Site, count: u8) -> Result<Self, Failure> {
        let first = site.open(if count > 1 { 1 } else { 0 })?;
        let mut sessions = vec![Session::Open(first)];
        sessions.resize_with(count.into(), || Session::Unopened);
        Ok(Self { site, sessions })
    }

    /// The first session, for what is done once.
    pub(super) fn first(&mut self) -> Result<&mut Ftp, Failure> {
        match self.sessions.first_mut() {
            Some(Session::Open(ftp)) => Ok(ftp),
            _ => Err(sockeye::Error::Disconnected.into()),
        }
    }

    /// Does all of the jobs, and those that are added to the queue meanwhile. One that fails does not end it, the loss
    /// of a session does.
    pub(super) fn work<T: Send>(
        &mut self,
        jobs: Vec<T>,
        act: impl Fn(&mut Ftp, T, &Queue<T>) -> Result<(), Failure> + Sync,
    ) -> Failures {
        let queue = Queue::new(jobs);
        let failures = Mutex::new(Failures::default());
        let site = self.site;
        let worker = |number: usize, session: &mut Session, mut next: Option<T>| {
            if let Session::Unopened = session {
                if !queue.has_work() {
                    return;
                }
                // The others do its work if it cannot be opened.
                *session = site.open(number).map_or(Session::Refused, Session::Open);
            }
            let Session::Open(ftp) = session else { return };
            while let Some(job) = next.take().or_else(|| queue.take()) {
                let result = act(ftp, job, &queue);
                if let Err(failure) = result {
                    let mut failures = failures.lock().unwrap_or_else(PoisonError::into_inner);
                    failures.note(failure);
                    if !ftp.is_connected() {
                        failures.is_over = true;
                        queue.stop();
                    }
                }
                queue.done();
            }
        };
        thread::scope(|scope| {
            let (worker, mut sessions) = (&worker, self.sessions.iter_mut().enumerate());
            let first = sessions.next();
            // Before anybody else looks whether there is work: for what one can do no other session is opened.
            let job = queue.take();
            for (index, session) in sessions {
                let body = move || worker(index + 1, session, None);
                // Without a thread the others do its work.
                _ = thread::Builder::new().name("session".to_owned()).spawn_scoped(scope, body);
            }
            if let Some((_, session)) = first {
                worker(1, session, job);
            }
        });
        let mut failures = failures.into_inner().unwrap_or_else(PoisonError::into_inner);
        failures.is_over |= ending::has_begun();
        failures
    }

    /// Ends all sessions.
    pub(super) fn leave(self) {
        thread::scope(|scope| {
            for session in self.sessions {
                if let Session::Open(ftp) = session {
                    _ = thread::Builder::new().spawn_scoped(scope, move || leave(ftp));
                }
            }
        });
    }
}

impl Failures {
    /// What to say if there are any, of so many things.
    pub(super) fn of(self, all: usize) -> Result<(), Failure> {
        match (self.first, self.count) {
            (None, _) if self.is_over => Err(Failure::Interrupted),
            (None, _) => Ok(()),
            (Some(first), failed @ 2..) => Err(Failure::Some { failed, all, first: Box::new(first) }),
            (Some(first), _) => Err(first),
        }
    }

    /// Goes on, if no session is lost.
    pub(super) fn then(mut self, next: impl FnOnce() -> Self) -> Self {
        if !self.is_over {
            self.add(next());
        }
        self
    }

    pub(super) fn note(&mut self, failure: Failure) {
        self.count += 1;
        self.first.get_or_insert(failure);
    }

    fn add(&mut self, other: Self) {
        self.count += other.count;
        self.first = self.first.take().or(other.first);
        self.is_over |= other.is_over;
    }
}
