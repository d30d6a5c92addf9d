//! The command line: what can be asked for, with its limits and defaults.

use clap::{Parser, Subcommand};

use crate::{
    arena::{self, ArenaArgs},
    discovery::{self, FindArgs, PublishArgs},
    http::{self, HttpArgs},
    ip::IpArgs,
};

/// The socket library sockeye at work: a terminal game over TCP and UDP, transfers over HTTP, and a tour of the
/// library
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
    /// Transfers over HTTP and HTTPS: downloads, uploads, forms
    #[command(long_about = http::ABOUT)]
    Http(Box<HttpArgs>),
    /// The addresses of this machine, of a name, and the public one
    Ip(IpArgs),
    /// Tells the local network of a service
    #[command(long_about = discovery::ABOUT_PUBLISH)]
    Publish(PublishArgs),
    /// The main jobs of the library in about five seconds, with measured figures
    Tour,
}

const EXAMPLES: &str = "\
Examples:
  sockeye arena                          play against seven bots
  sockeye arena --headless --seconds 10  no terminal: bots play and are measured
  sockeye http example.org               the page on standard output
  sockeye ip --public                    where the internet sees this machine
  sockeye find game                      where the local network has one
  sockeye tour                           what the library does, with figures

`sockeye arena --help` and `sockeye http --help` tell more.";
