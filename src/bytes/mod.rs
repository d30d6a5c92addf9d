//! Buffers without I/O: the cursor over a peer's bytes, and the two ends of a stream of length-prefixed frames.

mod cursor;
mod inbox;
mod outbox;

pub(crate) use cursor::Cursor;
pub(crate) use inbox::{Inbox, Next};
pub(crate) use outbox::Outbox;

/// Bytes of the big-endian length that stands before each frame.
pub(crate) const PREFIX_LENGTH: usize = 4;
