//! What can be asked of `sockeye listen` and `sockeye connect`.
#![allow(clippy::doc_markdown, reason = "the comments of options are printed as the help")]

use std::{path::PathBuf, time::Duration};

use clap::{ArgGroup, Args, ValueEnum};
use sockeye::{Endpoint, Framing};

use crate::{seconds::seconds, transfer::trust::TrustArgs};

/// Options of `sockeye listen`.
#[derive(Debug, Args)]
#[command(after_help = LISTEN_EXAMPLES)]
pub(crate) struct ListenArgs {
    /// Where to listen: PORT (of this machine alone), HOST:PORT, 0.0.0.0:PORT, [::]:PORT, /PATH, ./PATH, @NAME, or
    /// SERVICE|NAME, which others of the local network find by its name
    #[arg(value_name = "ENDPOINT")]
    pub(super) endpoint: Endpoint,
    /// What the messages are.
    #[command(flatten)]
    pub(super) messages: MessageArgs,
    /// Encrypt every connection; without --cert with a certificate of this user's own, made on first use
    #[arg(long, help_heading = "Security")]
    pub(super) tls: bool,
    /// Show the certificates in this PEM file
    #[arg(long, value_name = "FILE", requires_all = ["tls", "key"], help_heading = "Security")]
    pub(super) cert: Option<PathBuf>,
    /// The private key that belongs to them, PEM
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "Security")]
    pub(super) key: Option<PathBuf>,
    /// Serve one peer, and end with it
    #[arg(long)]
    pub(super) once: bool,
}

/// Options of `sockeye connect`.
#[derive(Debug, Args)]
#[command(after_help = CONNECT_EXAMPLES, group = ArgGroup::new("trust").requires("tls"))]
pub(crate) struct ConnectArgs {
    /// Where to connect to: PORT (of this machine), HOST:PORT, HOST:NAME, `[::1]:PORT`, /PATH, ./PATH, @NAME, or
    /// SERVICE|REGEX, the first service of the local network whose name begins so
    #[arg(value_name = "ENDPOINT")]
    pub(super) endpoint: Endpoint,
    /// What the messages are.
    #[command(flatten)]
    pub(super) messages: MessageArgs,
    /// After the end of standard input, or with -d from the start, wait this long for another message of the peer, and
    /// end; a peer that takes nothing for as long, and for 30 seconds, is a failure [default: until the peer closes; 1
    /// with tiny, whose peers cannot be told the end; the answers that are due are waited for first]
    #[arg(short = 'w', long, value_name = "S", value_parser = seconds)]
    pub(super) wait: Option<Duration>,
    /// Encrypt the connection; whom the system trusts is trusted
    #[arg(long, help_heading = "Security")]
    pub(super) tls: bool,
    /// The name that the certificate has to be for [default: the host of ENDPOINT]
    #[arg(long, value_name = "NAME", requires = "tls", help_heading = "Security")]
    pub(super) tls_name: Option<String>,
    /// Whom to trust.
    #[command(flatten, next_help_heading = "Security")]
    pub(super) trust: TrustArgs,
}

/// What both have in common.
#[derive(Debug, Args)]
pub(crate) struct MessageArgs {
    /// How messages are told apart [default: lines; multiprocessing with a key]
    #[arg(short = 'f', long, value_name = "FRAMING", value_enum)]
    pub(super) framing: Option<FramingName>,
    /// The largest message to send or to receive, in bytes [default: 65536 for lines, 16777216 for all else]
    #[arg(long, value_name = "BYTES", value_parser = clap::value_parser!(u32).range(1..))]
    pub(super) max_message: Option<u32>,
    /// A 32-bit length before each message on standard input and output, most significant byte first
    #[arg(short = 'b', long)]
    pub(super) binary: bool,
    /// Send every message back to where it came from; standard input and output are not used
    #[arg(long, conflicts_with_all = ["command", "binary"])]
    pub(super) echo: bool,
    /// Leave standard input alone: only hear what comes
    #[arg(short = 'd', long, conflicts_with_all = ["echo", "command"])]
    pub(super) no_input: bool,
    /// Run this in a shell for each peer, with its messages as standard input and the output as messages to it
    #[arg(long = "exec", value_name = "COMMAND")]
    pub(super) command: Option<String>,
    /// Publish SERVICE|NAME to this machine alone, or look for SERVICE|REGEX on it alone
    #[arg(long)]
    pub(super) loopback: bool,
    /// Say on standard error where it listens, who comes and who goes
    #[arg(short = 'v', long)]
    pub(super) verbose: bool,
    /// Exchange messages only with who knows the key in this file (the line end behind it is none of it)
    #[arg(long, value_name = "FILE", help_heading = "Security")]
    pub(super) authkey_file: Option<PathBuf>,
    /// Accept MD5 as a proof of the key, the only one that Python up to 3.11 knows
    #[arg(long, requires = "authkey_file", help_heading = "Security")]
    pub(super) legacy_md5: bool,
}

/// A framing by the name that it has on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FramingName {
    /// Bytes as they come
    Raw,
    /// Text with a line feed behind it
    Lines,
    /// What `sf::Packet` of SFML writes
    Packet,
    /// The protocol of tinyproto
    Tiny,
    /// The protocol of Python's multiprocessing.connection
    Multiprocessing,
}

impl MessageArgs {
    pub(super) fn framing(&self) -> Framing {
        match self.framing {
            Some(FramingName::Raw) => Framing::Raw,
            Some(FramingName::Packet) => Framing::Packet,
            Some(FramingName::Tiny) => Framing::Tiny,
            Some(FramingName::Multiprocessing) => Framing::Multiprocessing,
            None if self.authkey_file.is_some() => Framing::Multiprocessing,
            Some(FramingName::Lines) | None => Framing::lines(),
        }
    }

    pub(super) fn limit(&self) -> Option<usize> {
        self.max_message.and_then(|bytes| usize::try_from(bytes).ok())
    }
}

/// What `sockeye listen --help` begins with.
pub(crate) const ABOUT_LISTEN: &str = "\
A netcat that knows messages, at the end that waits: serves any number of peers.

A line of standard input is a message to all who are connected, once there is one;
each message that comes is a line of standard output. Messages that are no lines
want --binary. With the framing raw, bytes go as they come. Nothing is written
but that: -v says more. It serves until it is stopped, or with --once until its
one peer has gone. A peer that ends its half of the connection is sent what waits
for it and the end, unless it is the one of --once, which is still sent all of
standard input: who only listens has to keep its half open (connect -d does).";

/// What `sockeye connect --help` begins with.
pub(crate) const ABOUT_CONNECT: &str = "\
A netcat that knows messages, at the end that calls.

A line of standard input is a message, and each message that comes is a line of
standard output. Messages that are no lines want --binary. With the framing raw,
bytes go as they come. At the end of standard input the peer is told so, and what
it has still to say is written until it closes the connection; a sockeye listen
without --once closes it soon then. To hear all that it says, say nothing: -d.
The connection and the proof of the key have 5 seconds each.";

const LISTEN_EXAMPLES: &str = "\
Examples:
  sockeye listen 7777                              lines, from this machine alone
  sockeye listen -v 0.0.0.0:7777                   from everywhere, saying who comes
  sockeye listen --echo --framing tiny 7777        a server to try clients of tinyproto with
  sockeye listen --exec 'tr a-z A-Z' ./shout.sock  a program for each peer
  sockeye listen --authkey-file key 7777           for Client((host, 7777), authkey=key) of Python 3.12
  sockeye listen --once --framing raw 7777 >file   one transfer

Exit status:
  0    whoever read standard output has closed it; --once, and the peer has gone
       and, as far as this end was told, had all that was to be sent
  1    one line on standard error says why
  2    the command line is wrong
  130  Ctrl-C";

const CONNECT_EXAMPLES: &str = "\
Examples:
  sockeye connect 7777                             lines to this machine
  sockeye connect example.org:7777 <lines
  sockeye connect -d example.org:7777 >copy        only to hear
  sockeye connect --framing packet game.example:53000 --binary
  sockeye connect --authkey-file key host:6000     to Listener((host, 6000), authkey=key) of Python 3.12
  sockeye connect --tls --pin 3f:9a:[...] host:7777
  sockeye connect --echo ./shout.sock

Exit status:
  0    the peer has closed the connection behind a whole message and, as far as
       this end was told, had all that was to be sent; or it had all, and said
       nothing for the time of --wait; or whoever read standard output has closed
       that
  1    the connection could not be made or broke; one line on standard error says
       why
  2    the command line is wrong
  130  Ctrl-C";
