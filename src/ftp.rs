//! An FTP client.

mod address;
mod background;
mod cargo;
mod client;
mod command;
mod control;
mod data;
mod ebcdic;
mod encoding;
mod features;
mod files;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod lines;
mod listing;
mod local;
mod moving;
mod observer;
mod options;
mod questions;
mod reply;
mod response;
mod run;
mod session;
mod status;
mod time;
mod transfer;
mod tree;
mod wire;

pub use background::FtpTransfer;
pub use client::Ftp;
pub use encoding::FtpEncoding;
pub use features::FtpFeatures;
pub use listing::{FtpEntry, FtpEntryKind};
pub use observer::{FtpLine, FtpObserver};
pub use options::{
    Append, FtpDataMode, FtpEbcdic, FtpOptions, FtpProgress, FtpResume, FtpTls, FtpTransferOptions, TransferMode,
};
pub use response::{FtpDirectoryResponse, FtpListingResponse, FtpResponse};
pub use status::FtpStatus;
pub use tree::FtpTreeProgress;
