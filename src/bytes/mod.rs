//! Buffers without I/O: the cursor over a peer's bytes, the two ends of a stream of length-prefixed frames, and memory
//! that the system writes to fast.

#[cfg(any(feature = "ftp", feature = "http"))]
mod aligned;
mod cursor;
mod inbox;
mod outbox;

#[cfg(any(feature = "ftp", feature = "http"))]
pub(crate) use aligned::Aligned;
pub(crate) use cursor::Cursor;
pub(crate) use inbox::{Inbox, Next};
pub(crate) use outbox::Outbox;

/// Bytes of the big-endian length that stands before each frame.
pub(crate) const PREFIX_LENGTH: usize = 4;
