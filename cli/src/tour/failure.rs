//! Why a step of the tour went wrong.

use std::{fmt, io, thread};

/// What the program says in one line before it ends with 1.
#[derive(Debug)]
pub(super) enum Failure {
    /// A socket could not do what it had to.
    Socket(sockeye::Error),
    /// Something came out differently.
    Wrong { expected: String, found: String },
    /// The other end of a step panicked.
    Panicked,
    /// The figures could not be written.
    Output(io::Error),
    /// The system does not let the program catch signals.
    Signals(String),
}

impl Failure {
    /// Says that something came out differently.
    pub(super) fn wrong(expected: impl fmt::Display, found: impl fmt::Display) -> Self {
        Self::Wrong { expected: expected.to_string(), found: found.to_string() }
    }
}

/// Fails unless what was found is what was expected.
pub(super) fn expect<T: PartialEq + fmt::Debug>(what: &str, expected: &T, found: &T) -> Result<(), Failure> {
    if expected == found {
        return Ok(());
    }
    Err(Failure::wrong(format!("{what} {expected:?}"), format!("{found:?}")))
}

/// Waits for the other end of a step.
pub(super) fn join<T>(thread: thread::ScopedJoinHandle<'_, Result<T, Failure>>) -> Result<T, Failure> {
    thread.join().map_err(|_| Failure::Panicked)?
}

impl From<sockeye::Error> for Failure {
    fn from(error: sockeye::Error) -> Self {
        Self::Socket(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) => write!(out, "{error}"),
            Self::Wrong { expected, found } => write!(out, "expected {expected}, found {found}"),
            Self::Panicked => out.write_str("the other end of the step panicked"),
            Self::Output(error) => write!(out, "cannot write the figures: {error}"),
            Self::Signals(reason) => write!(out, "cannot listen for Ctrl-C: {reason}"),
        }
    }
}
