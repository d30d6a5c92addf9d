//! What peers of messages may do to harm: each of it with a bound on time and one on memory.
//! `docs/hostile-messages.md` numbers what there is, and names the tests of each.
#![cfg(feature = "messages")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::doc_markdown, clippy::cast_possible_truncation)]

#[path = "support/allocator.rs"]
mod allocator;
mod support;

mod hostile_messages {
    mod bounds;
    mod crowds;
    #[cfg(all(feature = "auth", feature = "tls"))]
    mod encryption;
    #[cfg(feature = "auth")]
    mod handshakes;
    #[cfg(feature = "tls")]
    mod names;
    mod streams;
    mod table;
    mod texts;
    #[cfg(feature = "auth")]
    mod verdicts;
}
