//! Why a transfer did not go well.

use std::{
    fmt,
    io::{self, Write as _},
    path::Path,
};

use sockeye::HttpStatus;

use crate::printable::printable;

/// What the program says in one line before it ends with a code that is not zero.
#[derive(Debug)]
pub(super) enum Failure {
    /// The exchange did not come to a whole response, or something given on the command line is not allowed in one.
    Exchange(sockeye::Error),
    /// `--fail`, and this status.
    Status(HttpStatus),
    /// Standard output could not be written.
    StandardOutput(io::Error),
    /// The body would disturb the terminal.
    Binary,
    /// The options do not go together.
    Usage(&'static str),
    /// The system does not let the program catch signals.
    Signals(String),
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    /// A file could not be read or written.
    pub(super) fn file(path: &Path, source: io::Error) -> Self {
        Self::Exchange(sockeye::Error::File { path: path.to_string_lossy().into(), source })
    }

    /// Says it in one line on standard error; gives the program's exit code.
    pub(super) fn report(&self) -> u8 {
        // Nobody may be left to read it: the exit code says the same.
        _ = writeln!(io::stderr(), "sockeye: http: {}", printable(&self.to_string()));
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
            Self::Signals(reason) => write!(out, "cannot listen for Ctrl-C: {reason}"),
            Self::Interrupted => out.write_str("interrupted"),
        }
    }
}
