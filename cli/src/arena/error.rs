//! Why a game did not go well.

use std::fmt;
use std::io;
use std::time::Duration;

use super::protocol::{Malformed, Refusal, VERSION};
use super::report::Complaint;

/// What the program says in one line before it ends with a code that is not zero.
#[derive(Debug)]
pub(crate) enum ArenaError {
    /// A socket could not do what it had to.
    Socket { doing: &'static str, source: sockeye::Error },
    /// The server does not want this player.
    Refused(Refusal),
    /// The server sent what is no message.
    Malformed(Malformed),
    /// The server did not let the player in within this time.
    NoWelcome(Duration),
    /// Nothing came from the server for this time.
    Silent(Duration),
    /// The server closed the connection.
    Gone,
    /// Standard output is no terminal, and nobody said `--headless`.
    NoTerminal,
    /// The terminal failed.
    Terminal(io::Error),
    /// The report could not be written.
    Output(io::Error),
    /// The system does not let the program catch signals.
    Signals(String),
    /// The system has no randomness.
    Randomness(String),
    /// A thread could not start.
    Thread(io::Error),
    /// A thread panicked; it has said why.
    Panicked(&'static str),
    /// The game ended, but not as it should.
    Unwell(Vec<Complaint>),
    /// Ctrl-C before the time that was asked for.
    Interrupted,
}

impl ArenaError {
    /// The program's exit code: 130 after Ctrl-C, as shells expect it, else 1.
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Interrupted => 130,
            _ => 1,
        }
    }

    /// Makes an error of what a socket answered, for `map_err`.
    pub(crate) const fn socket(doing: &'static str) -> impl FnOnce(sockeye::Error) -> Self {
        move |source| Self::Socket { doing, source }
    }
}

impl fmt::Display for ArenaError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket { doing, source } => write!(out, "{doing}: {source}"),
            Self::Refused(Refusal::Version(version)) => {
                write!(
                    out,
                    "the server speaks version {version} of the arena's protocol, this program version {VERSION}"
                )
            }
            Self::Refused(Refusal::Full) => out.write_str("the arena is full"),
            Self::Refused(Refusal::Other(code)) => write!(out, "the server refused for the unknown reason {code}"),
            Self::Malformed(malformed) => write!(out, "the server does not speak the arena's protocol: {malformed}"),
            Self::NoWelcome(limit) => write!(out, "the server did not let us in within {limit:?}"),
            Self::Silent(limit) => write!(out, "nothing came from the server for {limit:?}"),
            Self::Gone => out.write_str("the server closed the connection"),
            Self::NoTerminal => {
                out.write_str("standard output is not a terminal; use --headless, with --seconds N for a run that ends")
            }
            Self::Terminal(source) => write!(out, "the terminal failed: {source}"),
            Self::Output(source) => write!(out, "cannot write the report: {source}"),
            Self::Signals(reason) => write!(out, "cannot listen for Ctrl-C: {reason}"),
            Self::Randomness(reason) => write!(out, "the system gives no randomness: {reason}"),
            Self::Thread(source) => write!(out, "cannot start a thread: {source}"),
            Self::Panicked(thread) => write!(out, "the {thread} panicked"),
            Self::Unwell(complaints) => {
                for (number, complaint) in complaints.iter().enumerate() {
                    write!(out, "{}{complaint}", if number > 0 { "; " } else { "" })?;
                }
                Ok(())
            }
            Self::Interrupted => out.write_str("interrupted before the time was over"),
        }
    }
}

impl std::error::Error for ArenaError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Socket { source, .. } => Some(source),
            Self::Malformed(source) => Some(source),
            Self::Terminal(source) | Self::Output(source) | Self::Thread(source) => Some(source),
            _ => None,
        }
    }
}
