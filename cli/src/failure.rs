//! Why a subcommand did not do what it was asked for. The arena, the messages and the tour have reasons of their own.

use std::{
    fmt,
    io::{self, Write as _},
    path::Path,
    process::ExitCode,
};

use sockeye::{Error, ErrorKind, HttpStatus};

use crate::{printable::printable, transfer::ending};

/// What the program says in one line before it ends with a code that is not zero.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The library could not do it, or something given on the command line is not allowed in it.
    Library(Error),
    /// The library takes no such thing as was given on the command line.
    Given(Error),
    /// `--fail`, and this status.
    Status(HttpStatus),
    /// Standard output could not be written.
    Output(io::Error),
    /// The body would disturb the terminal.
    Binary,
    /// The options do not go together.
    Usage(&'static str),
    /// What needs words of its own.
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

/// Says in one line on standard error why a subcommand failed.
pub(crate) fn say(command: &str, why: &impl fmt::Display) {
    // Nobody may be left to read it: the exit code says the same.
    _ = writeln!(io::stderr(), "sockeye: {command}: {}", printable(&why.to_string()));
}

impl Failure {
    /// A failure of the library that may be about what was given on the command line.
    pub(crate) fn given(error: Error) -> Self {
        match error.kind() {
            ErrorKind::InvalidAddress | ErrorKind::InvalidInput | ErrorKind::TooLong => Self::Given(error),
            _ => Self::Library(error),
        }
    }

    /// A file could not be read or written.
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::Library(Error::File { path: path.to_string_lossy().into(), source })
    }

    /// The same failure with what it was about in front, unless it names a file itself.
    pub(crate) fn about(self, what: &str) -> Self {
        match self {
            Self::Library(Error::File { .. }) | Self::About { .. } => self,
            why => Self::About { what: what.to_owned(), why: Box::new(why) },
        }
    }

    /// Says it in one line on standard error, and gives the program's exit code.
    pub(crate) fn report(&self, command: &str) -> ExitCode {
        ending::wait_if_it_has_begun();
        say(command, self);
        ExitCode::from(self.code())
    }

    /// The program's exit code.
    pub(crate) fn code(&self) -> u8 {
        match self {
            Self::Usage(_) | Self::Given(_) => 2,
            // As curl does.
            Self::Status(_) => 22,
            // As shells expect it.
            Self::Interrupted => 130,
            _ => 1,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Library(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Library(error) | Self::Given(error) => write!(out, "{error}"),
            Self::Status(status) => write!(out, "the server answered {status}"),
            Self::Output(error) => write!(out, "standard output: {error}"),
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
