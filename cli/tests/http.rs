//! `sockeye http` as its users run it: the real program, against servers that say and do what a test tells them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "http/failing.rs"]
mod failing;
#[path = "http/files.rs"]
mod files;
#[path = "http/heads.rs"]
mod heads;
#[cfg(unix)]
#[path = "support/terminal.rs"]
mod on_terminal;
#[path = "support/process.rs"]
mod process;
#[path = "support/program.rs"]
mod program;
#[path = "http/proxies.rs"]
mod proxies;
#[path = "http/resuming.rs"]
mod resuming;
#[path = "http/sending.rs"]
mod sending;
#[path = "http/server.rs"]
mod server;
#[cfg(unix)]
#[path = "http/signals.rs"]
mod signals;
#[path = "http/streams.rs"]
mod streams;
#[cfg(unix)]
#[path = "http/terminal.rs"]
mod terminal;
#[path = "http/trust.rs"]
mod trust;

use process::PATIENCE;

/// The subcommand that is tested.
const PROGRAM: &str = "http";
