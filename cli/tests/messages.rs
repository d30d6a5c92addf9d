//! `sockeye listen` and `sockeye connect` as their users run them: the real program, with connections of the library
//! and with itself at the other end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "messages/bytes.rs"]
mod bytes;
#[path = "messages/commands.rs"]
mod commands;
#[path = "messages/ending.rs"]
mod ending;
#[path = "messages/failing.rs"]
mod failing;
#[path = "messages/framings.rs"]
mod framings;
#[path = "messages/keys.rs"]
mod keys;
#[path = "messages/live.rs"]
mod live;
#[path = "support/process.rs"]
mod process;
#[path = "support/program.rs"]
#[allow(dead_code, reason = "it is for the tests of the other commands too")]
mod program;
#[path = "messages/trust.rs"]
mod trust;
#[path = "messages/unheard.rs"]
mod unheard;

use process::PATIENCE;

/// What folders of these tests are named for.
const PROGRAM: &str = "messages";
