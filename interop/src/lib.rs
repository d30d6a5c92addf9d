//! What the tests against real peers share: a peer that is told what to do line by line ([`Peer`]), our sockets in
//! either mode ([`sockets`]), the values of a packet by the names that both sides know ([`item`]), and servers that
//! listen on ports of this machine ([`Server`]).
//!
//! `interop/setup` installs the peers. One that is missing is a failure, never a test that is left out.

// All of this package is test code: it ends a test by panicking, and its input is its own.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::cast_possible_truncation)]

mod authority;
pub mod avahi;
pub mod built;
pub mod child;
mod curl;
mod files;
mod folder;
mod ftp;
mod hex;
mod httpbin;
pub mod item;
pub mod network;
pub mod nginx;
mod openssl;
mod peer;
mod proxy;
pub mod server;
pub mod sockets;

use std::time::Duration;

pub use authority::Authority;
pub use curl::{Curled, curl};
pub use files::Files;
pub use folder::Folder;
pub use ftp::{Family, FtpPort, FtpProgram, FtpServer, READER, WRITER};
pub use hex::{hex, pattern};
pub use httpbin::Httpbin;
pub use nginx::{Nginx, Site};
pub use openssl::Openssl;
pub use peer::Peer;
pub use proxy::{Door, LOGIN, ProxyServer};
pub use server::{Server, Shared, Slot};

pub use peer::installed;

/// How long anything may take. Nothing here comes near it on a machine that works.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// How long a test may keep a peer. The peers themselves end a little later.
pub const LIFETIME: Duration = Duration::from_secs(100);
