//! What can be asked of the game on the command line.

use clap::{Args, Subcommand};
use sockeye::IpAddress;

use super::world::MAX_PLAYERS;

/// The port of `serve` and `join` unless another is asked for.
pub(crate) const DEFAULT_PORT: u16 = 53_000;
const MAX_BOTS: u64 = MAX_PLAYERS as u64 - 1;
const DAY: u64 = 86_400;

/// Options of `sockeye arena`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct ArenaArgs {
    /// Another way to take part.
    #[command(subcommand)]
    pub(crate) role: Option<Role>,
    /// Options of a game of one's own.
    #[command(flatten)]
    pub(crate) alone: AloneArgs,
}

/// Ways to take part in a game over the network.
#[derive(Debug, Subcommand)]
pub(crate) enum Role {
    /// Runs a server that others can join, until Ctrl-C
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServeArgs),
    /// Joins a server
    #[command(after_help = JOIN_EXAMPLES)]
    Join(JoinArgs),
}

/// Options of a server, a player and bots in one process.
#[derive(Debug, Args)]
pub(crate) struct AloneArgs {
    /// Your name, at most 16 characters
    #[arg(long, value_name = "NAME", default_value = "you")]
    pub(crate) name: String,
    /// How many bots play
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u64).range(0..=MAX_BOTS))]
    pub(crate) bots: u64,
    /// TCP and UDP port; 0 takes free ones
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub(crate) port: u16,
    /// Address to listen on
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = IpAddress::parse)]
    pub(crate) bind: IpAddress,
    /// How long and how to show it.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Options of a server.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// How many bots keep the players company
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=MAX_BOTS))]
    pub(crate) bots: u64,
    /// TCP and UDP port; 0 takes free ones
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    pub(crate) port: u16,
    /// Address to listen on [default: all addresses of this machine, IPv6 and IPv4]
    #[arg(long, value_name = "ADDRESS", value_parser = IpAddress::parse)]
    pub(crate) bind: Option<IpAddress>,
    /// How long and how to show it.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Options of a player.
#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// Name or address of the server, such as `game.example` or `::1`
    #[arg(value_name = "HOST")]
    pub(crate) host: String,
    /// Port of the server
    #[arg(long, value_name = "PORT", default_value_t = DEFAULT_PORT)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) port: u16,
    /// Your name, at most 16 characters
    #[arg(long, value_name = "NAME", default_value = "you")]
    pub(crate) name: String,
    /// How long and how to show it.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Options of every run.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct RunArgs {
    /// Draw nothing: a bot plays in your place, and a report comes at the end (a server never draws)
    #[arg(long)]
    pub(crate) headless: bool,
    /// End after so many seconds [default: run until you quit or press Ctrl-C]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=DAY))]
    pub(crate) seconds: Option<u64>,
}

/// What `sockeye arena --help` begins with.
pub(crate) const ABOUT: &str = "\
A small multiplayer game in the terminal. Collect gems, and dash into others to
make them drop theirs; whoever holds the most at the end of a minute wins the
round.

The server decides everything: clients join and chat over TCP, and say over UDP,
60 times a second, what they want; the server answers with the positions of all.
Alone, `arena` starts a server that only this machine can reach, you, and bots.";

const EXAMPLES: &str = "\
Examples:
  sockeye arena                            play against seven bots
  sockeye arena --bots 20 --name Ada       play against twenty
  sockeye arena --headless --seconds 10    no terminal: bots play and are measured
  sockeye arena serve                      open an arena to others, port 53000
  sockeye arena join 192.0.2.7 --name Ada  play there

Keys:
  arrows or wasd move, yubn move diagonally, x stops, space dashes,
  enter chats, q quits

Exit status:
  0    all went well
  1    not: a client was lost, no snapshot came, over 10 % of the ticks were
       missed, or there is no terminal
  2    the command line is wrong
  130  Ctrl-C came before the seconds were over

Environment:
  NO_COLOR  when set and not empty, nothing is told by colour";

const SERVE_EXAMPLES: &str = "\
Examples:
  sockeye arena serve                                  all addresses, port 53000
  sockeye arena serve --bind ::1 --port 4000 --bots 3  this machine only, with bots
  sockeye arena serve --seconds 3600                   for an hour";

const JOIN_EXAMPLES: &str = "\
Examples:
  sockeye arena join 192.0.2.7 --name Ada
  sockeye arena join ::1 --port 4000
  sockeye arena join localhost --headless --seconds 10  a bot plays and is measured";
