//! `sockeye ftp` as its users run it: the real program, against the server of the program itself and against servers that
//! say what a test tells them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "ftp/actions.rs"]
mod actions;
#[path = "../src/calendar.rs"]
#[allow(dead_code)]
mod calendar;
#[path = "ftp/credentials.rs"]
mod credentials;
#[path = "ftp/failing.rs"]
mod failing;
#[path = "../src/ftp_server/mod.rs"]
#[allow(dead_code)]
mod ftp_server;
#[path = "ftp/getting.rs"]
mod getting;
#[path = "ftp/listing.rs"]
mod listing;
#[cfg(unix)]
#[path = "support/terminal.rs"]
mod on_terminal;
#[path = "support/process.rs"]
mod process;
#[path = "support/program.rs"]
mod program;
#[path = "ftp/putting.rs"]
mod putting;
#[path = "http/server.rs"]
#[allow(dead_code)]
mod script;
#[path = "ftp/server.rs"]
mod server;
#[path = "ftp/serving.rs"]
mod serving;
#[cfg(unix)]
#[path = "ftp/signals.rs"]
mod signals;
#[path = "ftp/syncing.rs"]
mod syncing;
#[cfg(unix)]
#[path = "ftp/terminal.rs"]
mod terminal;
#[path = "ftp/trees.rs"]
mod trees;
#[path = "ftp/trust.rs"]
mod trust;

use process::PATIENCE;

/// The subcommand that is tested.
const PROGRAM: &str = "ftp";
