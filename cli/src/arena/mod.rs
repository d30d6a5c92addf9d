//! A small multiplayer game in the terminal, and the reference for two ways to use sockets.
//!
//! - [`server`] is a selector-based server: one thread waits for all sockets and the clock.
//! - [`client`] is a game loop's end: non-blocking sockets that are polled once a frame.
//!
//! [`protocol`] is what they say to each other, [`world`] the game, [`picture`] what a client has seen of it. These
//! three do no input or output. [`party`] plays many bots on one thread, [`screen`] lets a player play at the terminal,
//! [`report`] sums up.

mod allowance;
mod body;
mod bot;
mod client;
mod clock;
mod controls;
mod error;
mod host;
mod options;
mod palette;
mod party;
mod picture;
mod protocol;
mod random;
mod report;
mod roles;
mod screen;
mod server;
mod stats;
mod stop;
mod text;
mod view;
mod world;

use std::process::ExitCode;

use crate::failure::say;
use options::Role;
pub(crate) use options::{ABOUT, ArenaArgs};

/// Runs `sockeye arena`; what went wrong is one line on standard error.
pub(crate) fn run(args: &ArenaArgs) -> ExitCode {
    let outcome = match &args.role {
        None => roles::alone(&args.alone),
        Some(Role::Serve(args)) => roles::serve(args),
        Some(Role::Join(args)) => roles::join(args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say("arena", &error);
            ExitCode::from(error.exit_code())
        }
    }
}
