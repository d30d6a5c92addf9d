//! The work that is measured, each kind written once for all contestants.

pub mod far;
pub mod ftp;
pub mod http;
pub mod idle;
pub mod memory;
pub mod messages;
pub mod packets;
pub mod selector;
pub mod tcp;
pub mod tinyproto;
pub mod udp;

use std::thread::{Scope, ScopedJoinHandle};

use crate::sys::Core;
use crate::{Result, sys};

/// Runs `work` on the peer's core.
fn beside<'scope, 'env>(
    scope: &'scope Scope<'scope, 'env>,
    work: impl FnOnce() -> Result<()> + Send + 'scope,
) -> ScopedJoinHandle<'scope, Result<()>> {
    scope.spawn(|| {
        sys::pin(Core::Peer)?;
        work()
    })
}
