//! Why messages could not be exchanged.

use std::{fmt, io, time::Duration};

use sockeye::{Error, Limit};

use crate::failure::say;

/// What the program says in one line before it ends with a code that is not zero.
#[derive(Debug)]
pub(super) enum Failure {
    /// The endpoint, the key, the certificate or the connection.
    Socket(Error),
    /// The endpoint, or the name that a certificate is to be for, can be none.
    Given(Error),
    /// Standard input is not what it was said to be, or cannot be read.
    Input(io::Error),
    /// A message of standard input cannot be sent in this framing.
    Unfit(Error),
    /// Standard output could not be written.
    Output(io::Error),
    /// `--exec` could not be started.
    Command(io::Error),
    /// The peer did not take what was there to send.
    Stalled(Duration),
    /// The peer has gone before it had all that was there to send.
    Unheard,
    /// The options do not go together.
    Usage(&'static str),
    /// The system does not let the program catch signals.
    Signals(String),
    /// Whoever read standard output has had enough.
    HadEnough,
    /// Ctrl-C.
    Interrupted,
}

impl Failure {
    /// Sorts a failure of listening or connecting, which may be about what was given on the command line.
    pub(super) fn of_endpoint(error: Error) -> Self {
        match error {
            Error::InvalidAddress { .. }
            | Error::InvalidInput { .. }
            | Error::TooLong { what: Limit::Path | Limit::Pattern, .. } => Self::Given(error),
            error => Self::Socket(error),
        }
    }

    /// Sorts a failure of standard output: `head` that has its lines is none.
    pub(super) fn output(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::HadEnough } else { Self::Output(error) }
    }

    /// The same where the message was one of the peer or of its command: standard input has no part in it.
    pub(super) fn of_peer(self) -> Self {
        match self {
            Self::Unfit(error) => Self::Socket(error),
            failure => failure,
        }
    }

    /// Says it in one line on standard error, unless it needs no words; gives the program's exit code.
    pub(super) fn report(&self, command: &str) -> u8 {
        let code = match self {
            Self::HadEnough => return 0,
            // As shells expect it, and the usual way to end a server.
            Self::Interrupted => return 130,
            Self::Usage(_) | Self::Given(_) => 2,
            _ => 1,
        };
        say(command, self);
        code
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Socket(error)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(error) | Self::Given(error) => write!(out, "{error}"),
            Self::Input(error) => write!(out, "standard input: {error}"),
            Self::Unfit(error) => write!(out, "standard input: {error}"),
            Self::Output(error) => write!(out, "standard output: {error}"),
            Self::Command(error) => write!(out, "the command cannot be run: {error}"),
            Self::Stalled(limit) => write!(out, "the peer took nothing for {limit:?}"),
            Self::Unheard => out.write_str("the peer closed the connection before it had all of standard input"),
            Self::Usage(reason) => out.write_str(reason),
            Self::Signals(reason) => write!(out, "cannot listen for Ctrl-C: {reason}"),
            Self::HadEnough => out.write_str("standard output was closed"),
            Self::Interrupted => out.write_str("interrupted"),
        }
    }
}
