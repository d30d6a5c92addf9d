//! What the tests against real peers share: a peer that is told what to do line by line ([`Peer`]), our sockets in
//! either mode ([`sockets`]), and the values of a packet by the names that both sides know ([`item`]).
//!
//! `interop/setup` installs the peers. One that is missing is a failure, never a test that is left out.

// All of this package is test code: it ends a test by panicking, and its input is its own.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod hex;
pub mod item;
pub mod network;
mod peer;
pub mod sockets;

use std::time::Duration;

pub use hex::{hex, pattern};
pub use peer::Peer;

/// How long anything may take. Nothing here comes near it on a machine that works.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How long a test may keep a peer. The peers themselves end a little later.
pub const LIFETIME: Duration = Duration::from_secs(100);
