//! FTP with real servers at the other end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

#[path = "../../tests/support/polling.rs"]
mod polling;

mod ftp {
    mod amounts;
    mod kills;
    mod peers;
    mod steps;
    mod support;
    mod table;
}
