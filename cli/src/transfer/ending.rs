//! Ends that come from outside: Ctrl-C, and a limit of time. Neither leaves anything behind.

use std::{
    process,
    sync::{
        Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use sockeye::{Error, Phase};

use super::unfinished;
use crate::failure::{self, Failure};

/// Lets Ctrl-C, a request to terminate and a closed terminal end the program at once, after `before`.
pub(crate) fn on_signals(program: &'static str, before: impl Fn() + Send + 'static) -> Result<(), Failure> {
    ctrlc::set_handler(move || end(program, &Failure::Interrupted, &before))
        .map_err(|error| Failure::Signals(error.to_string()))
}

/// Ends the program when this time is over, whatever it waits for then.
pub(crate) fn after(limit: Duration, program: &'static str, before: impl Fn() + Send + 'static) -> Result<(), Failure> {
    let body = move || {
        thread::sleep(limit);
        end(program, &Failure::Library(Error::TimedOut { phase: Phase::Exchange, limit }), &before);
    };
    let thread = thread::Builder::new().name("limit".to_owned()).spawn(body);
    thread.map(drop).map_err(|error| Failure::Wrong(format!("cannot keep a limit of time: {error}")))
}

/// Tells whether the program is about to end, so that nothing new should be begun.
pub(crate) fn has_begun() -> bool {
    BEGUN.load(Ordering::Relaxed)
}

/// Leaves the last word to the end that has begun, if one has.
pub(crate) fn wait_if_it_has_begun() {
    while has_begun() {
        thread::park();
    }
}

/// Something that must be taken away at a server before the program ends, if there is still time. Whoever has one looks
/// at [`has_begun`] now and then.
#[derive(Debug)]
pub(crate) struct Abroad(());

impl Abroad {
    pub(crate) fn new() -> Self {
        *ABROAD.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Self(())
    }
}

impl Drop for Abroad {
    fn drop(&mut self) {
        *ABROAD.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        COME_HOME.notify_all();
    }
}

fn end(program: &str, why: &Failure, before: &impl Fn()) -> ! {
    if BEGUN.swap(true, Ordering::Relaxed) {
        // The other end has the word.
        loop {
            thread::park();
        }
    }
    let abroad = ABROAD.lock().unwrap_or_else(PoisonError::into_inner);
    // Whatever comes of it, the program ends.
    drop(COME_HOME.wait_timeout_while(abroad, GRACE, |abroad| *abroad > 0));
    // Held to the end: a file that is being finished has its name already, or gets none.
    let _pending = unfinished::remove_all();
    before();
    failure::say(program, why);
    process::exit(why.code().into())
}

static BEGUN: AtomicBool = AtomicBool::new(false);
/// How many files of no use are at servers.
static ABROAD: Mutex<usize> = Mutex::new(0);
static COME_HOME: Condvar = Condvar::new();
/// How long a server may take to delete a file that will not be finished.
const GRACE: Duration = Duration::from_secs(2);
