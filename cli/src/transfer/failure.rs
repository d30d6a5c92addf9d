//! Why a transfer did not go well.

use std::{
    fmt,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use sockeye::HttpStatus;

use super::ending;
use crate::printable::printable;

/// What the program says in one line before it ends with a code that is not zero.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The exchange did not come to a good end, or something given on the command line is not allowed in one.
    Exchange(sockeye::Error),
    /// `--fail`, and this status.
    Status(HttpStatus),
    /// Standard output could not be written.
    StandardOutput(io::Error),
    /// The body would disturb the terminal.
    Binary,
    /// The options do not go together.
    Usage(&'static str),
    /// Something that was given is not what it should be.
    Wrong(String),
    /// It was about one of many things, or about none that the reason names itself.
    About { what: String, why: Box<Failure> },
    /// Some of many things failed, the first one for this reason.
    Some { failed: usize, all: usize, first: Box<Failure> },
    /// The system does not let the program catch signals.
    Signals(String),
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::Exchange(sockeye::Error::File { path: path.to_string_lossy().into(), source })
    }

    /// The same failure with what it was about in front, unless it names a file itself.
    pub(crate) fn about(self, what: &str) -> Self {
        match self {
            Self::Exchange(sockeye::Error::File { .. }) | Self::About { .. } => self,
            why => Self::About { what: what.to_owned(), why: Box::new(why) },
        }
    }

    /// Says it in one line on standard error, and gives the program's exit code.
    pub(crate) fn report(&self, program: &str) -> ExitCode {
        ending::wait_if_it_has_begun();
        self.say(program);
        ExitCode::from(self.code())
    }

    /// Says it in one line on standard error.
    pub(super) fn say(&self, program: &str) {
        // Nobody may be left to read it: the exit code says the same.
        _ = writeln!(io::stderr(), "sockeye: {program}: {}", printable(&self.to_string()));
    }

    /// The program's exit code.
    pub(super) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            // As curl does.
            Self::Status(_) => 22,
            // As shells expect it.
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

impl From<sockeye::Error> for Failure {
    fn from(error: sockeye::Error) -> Self {
        Self::Exchange(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exchange(error) => write!(out, "{error}"),
            Self::Status(status) => write!(out, "the server answered {status}"),
            Self::StandardOutput(error) => write!(out, "standard output: {error}"),
            Self::Binary => {
                out.write_str("the body is binary and would disturb the terminal; write it with -o FILE, or with -o -")
            }
            Self::Usage(reason) => out.write_str(reason),
            Self::Wrong(reason) => out.write_str(reason),
            Self::About { what, why } => write!(out, "{what:?}: {why}"),
            Self::Some { failed, all, first } => write!(out, "{failed} of {all} failed; the first: {first}"),
            Self::Signals(reason) => write!(out, "cannot listen for Ctrl-C: {reason}"),
            Self::Interrupted => out.write_str("interrupted"),
        }
    }
}
