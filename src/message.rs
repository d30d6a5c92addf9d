//! Messages over streams: where one ends and the next begins.

mod codec;
mod connection;
mod framing;
mod incoming;

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

pub use connection::Connection;
pub use framing::{Framing, LineEnding, LineOptions, LineText};
