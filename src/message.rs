//! Messages over streams: where one ends and the next begins, who may send them, and values as messages.

mod auth;
mod client;
mod codec;
mod connection;
#[cfg(any(test, fuzzing))]
mod fed;
mod framing;
mod incoming;
mod listener;
mod objects;
mod opening;
pub mod pickle;

#[cfg(fuzzing)]
pub(crate) mod fuzzing;

pub use auth::{AuthKey, AuthLevel};
pub use client::{Client, ClientOptions};
pub use connection::Connection;
pub use framing::{Framing, LineEnding, LineOptions, LineText};
pub(crate) use listener::Door;
pub use listener::{Listener, ListenerOptions};

#[cfg(all(fuzzing, feature = "auth"))]
pub use auth::fuzzing::handshake;
#[cfg(all(fuzzing, feature = "pickle"))]
pub use pickle::fuzzing::plain_pickle;
