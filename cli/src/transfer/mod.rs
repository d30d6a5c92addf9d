//! What transfers over HTTP and over FTP have in common.

pub(crate) mod ending;
pub(crate) mod output;
pub(crate) mod progress;
pub(crate) mod trust;
pub(crate) mod unfinished;
