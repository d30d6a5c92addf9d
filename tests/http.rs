//! The HTTP client against servers that follow a script: what is usual, what is rare, and what is hostile. Every test of
//! behaviour is run with a call that waits, with an exchange that is polled, and with one that sits in a selector.
#![cfg(feature = "http")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation, clippy::doc_markdown)]

#[path = "support/folder.rs"]
mod folder;
#[path = "support/in_time.rs"]
mod in_time;
#[path = "support/script.rs"]
mod script;
#[path = "support/ways.rs"]
mod ways;

#[path = "http/content.rs"]
mod content;
#[path = "http/cookies.rs"]
mod cookies;
#[path = "http/deadlines.rs"]
mod deadlines;
#[path = "http/download.rs"]
mod download;
#[path = "http/endless.rs"]
mod endless;
#[path = "http/exchange.rs"]
mod exchange;
#[path = "http/fields.rs"]
mod fields;
#[path = "http/framing.rs"]
mod framing;
#[path = "http/malformed.rs"]
mod malformed;
#[path = "http/parts.rs"]
mod parts;
#[path = "http/pool.rs"]
mod pool;
#[path = "http/progress.rs"]
mod progress;
#[path = "http/redirects.rs"]
mod redirects;
#[path = "http/resume.rs"]
mod resume;
#[path = "http/secrets.rs"]
mod secrets;
#[cfg(feature = "tls")]
#[path = "http/secure.rs"]
mod secure;
#[path = "http/upload.rs"]
mod upload;
#[path = "http/wire.rs"]
mod wire;
