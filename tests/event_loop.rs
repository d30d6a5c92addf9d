//! The event loop against peers of every kind, good and bad.
#![cfg(feature = "messages")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::doc_markdown, clippy::cast_possible_truncation)]

#[path = "support/in_time.rs"]
mod in_time;
mod support;

mod event_loop {
    mod endpoints;
    mod fairness;
    mod hooks;
    mod hostile;
    mod limits;
    mod messages;
    mod queues;
    mod rig;
    mod rounds;
    mod stopping;
    mod switching;
    mod threads;
    mod tiny;
}
