//! Two programs show one another that they know the same key, without telling it: the handshake of Python's
//! `multiprocessing.connection`, and a stronger one between programs that both use this crate.

#[cfg(feature = "auth")]
mod beneath;
#[cfg(feature = "auth")]
mod digest;
#[cfg(feature = "auth")]
#[cfg(fuzzing)]
pub(super) mod fuzzing;
#[cfg(feature = "auth")]
mod handshake;
#[cfg(not(feature = "auth"))]
#[path = "auth/handshake_off.rs"]
mod handshake;
mod key;
mod level;
#[cfg(feature = "auth")]
mod outstanding;
#[cfg(feature = "auth")]
mod own;
#[cfg(feature = "auth")]
mod python;

#[cfg(feature = "auth")]
pub(crate) use beneath::Beneath;
#[cfg(not(feature = "auth"))]
pub(crate) use handshake::Beneath;
pub(crate) use handshake::{Handshake, Role};
pub use key::AuthKey;
pub use level::AuthLevel;
