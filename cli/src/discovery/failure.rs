//! Why services could not be published or found.

use std::{
    fmt,
    io::{self, Write as _},
    process::ExitCode,
    time::Duration,
};

use sockeye::{Error, ErrorKind};

/// What the program says in one line before it ends with a code that is not zero.
#[derive(Debug)]
pub(super) enum Failure {
    /// The service, or the network.
    Discovery(Error),
    /// Nobody was told of the service.
    Unheard(Duration),
    /// There is no such service.
    NotFound(Duration),
    /// Standard output could not be written.
    Output(io::Error),
    /// The system does not let the program catch signals.
    Signals(String),
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    /// Says it in one line on standard error, unless it needs no words; gives the program's exit code.
    pub(super) fn report(&self, command: &str) -> ExitCode {
        let code = match self {
            // As shells expect it.
            Self::Interrupted => return ExitCode::from(130),
            Self::Discovery(error) => match error.kind() {
                ErrorKind::InvalidAddress | ErrorKind::InvalidInput | ErrorKind::TooLong => 2,
                _ => 1,
            },
            _ => 1,
        };
        // Nobody may be left to read it: the exit code says the same.
        _ = writeln!(io::stderr(), "sockeye: {command}: {self}");
        ExitCode::from(code)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Discovery(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovery(error) => write!(out, "{error}"),
            Self::Unheard(limit) => write!(out, "nobody could be told of it within {limit:?}: is the network up?"),
            Self::NotFound(limit) => write!(out, "no such service within {limit:?}"),
            Self::Output(error) => write!(out, "standard output: {error}"),
            Self::Signals(reason) => write!(out, "cannot listen for Ctrl-C: {reason}"),
            Self::Interrupted => out.write_str("interrupted"),
        }
    }
}
