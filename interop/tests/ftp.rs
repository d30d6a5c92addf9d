//! FTP with real servers at the other end.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod ftp {
    mod amounts;
    mod kills;
    mod peers;
    mod steps;
    mod support;
    mod table;
}
