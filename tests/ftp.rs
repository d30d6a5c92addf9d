//! The FTP client against servers of this test: one that keeps a folder, and ones that play a part.
#![cfg(feature = "ftp")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

#[path = "ftp/commands.rs"]
mod commands;
#[path = "ftp/data.rs"]
mod data;
#[path = "ftp/files.rs"]
mod files;
#[path = "ftp/folder.rs"]
mod folder;
#[path = "ftp/hostile.rs"]
mod hostile;
#[path = "ftp/listings.rs"]
mod listings;
#[path = "support/folder.rs"]
mod local_folder;
#[path = "ftp/parts.rs"]
mod parts;
#[path = "ftp/polled.rs"]
mod polled;
#[path = "support/polling.rs"]
mod polling;
#[path = "ftp/script.rs"]
mod script;
#[cfg(feature = "tls")]
#[path = "ftp/secure.rs"]
mod secure;
mod support;
#[path = "ftp/trees.rs"]
mod trees;
