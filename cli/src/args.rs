//! The command line: what can be asked for, with its limits and defaults.

use clap::{Parser, Subcommand};

use crate::{
    arena::{self, ArenaArgs},
    discovery::{self, FindArgs, PublishArgs},
    ftp::{self, FtpArgs},
    http::{self, HttpArgs},
    ip::IpArgs,
    messages::{self, ConnectArgs, ListenArgs},
};

/// The socket library sockeye at work: a terminal game over TCP and UDP, transfers over HTTP and FTP, messages, and a
/// tour of the library
#[derive(Debug, Parser)]
#[command(name = "sockeye", version, propagate_version = true, after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What to run.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The programs in this program.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// A small multiplayer game in the terminal: collect gems, bump others
    #[command(long_about = arena::ABOUT)]
    Arena(ArenaArgs),
    /// Services of the local network: where they are
    #[command(long_about = discovery::ABOUT_FIND)]
    Find(FindArgs),
    /// Files and folders of FTP servers: get, put, ls, sync and more
    #[command(long_about = ftp::ABOUT)]
    Ftp(Box<FtpArgs>),
    /// Transfers over HTTP and HTTPS: downloads, uploads, forms
    #[command(long_about = http::ABOUT)]
    Http(Box<HttpArgs>),
    /// The addresses of this machine, of a name, and the public one
    Ip(IpArgs),
    /// Tells the local network of a service
    #[command(long_about = discovery::ABOUT_PUBLISH)]
    Publish(PublishArgs),
    /// Messages from and to whoever connects: a netcat that knows where one ends
    #[command(long_about = messages::ABOUT_LISTEN)]
    Listen(Box<ListenArgs>),
    /// Messages to and from whoever listens
    #[command(long_about = messages::ABOUT_CONNECT)]
    Connect(Box<ConnectArgs>),
    /// The main jobs of the library in about five seconds, with measured figures
    Tour,
}

const EXAMPLES: &str = "\
Examples:
  sockeye arena                          play against seven bots
  sockeye arena --headless --seconds 10  no terminal: bots play and are measured
  sockeye http example.org               the page on standard output
  sockeye ftp get ftp://host/file        a file from an FTP server
  sockeye ip --public                    where the internet sees this machine
  sockeye find game                      where the local network has one
  sockeye listen 7777                    a netcat for messages; the other end is `connect`
  sockeye tour                           what the library does, with figures

`sockeye arena --help`, `sockeye http --help` and the others tell more.";
