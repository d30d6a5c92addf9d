//! Messages over streams: where one ends and the next begins, who may send them, and values as messages.

mod auth;
mod codec;
mod connection;
mod framing;
mod incoming;
pub mod pickle;

#[cfg(fuzzing)]
pub mod fuzzing;

#[cfg(all(fuzzing, feature = "auth"))]
pub(crate) use auth::fuzzing::handshake;
#[cfg(all(fuzzing, feature = "pickle"))]
pub(crate) use pickle::fuzzing::pickle as fuzz_pickle;

pub use auth::{AuthKey, AuthLevel};
pub use connection::Connection;
pub use framing::{Framing, LineEnding, LineOptions, LineText};
