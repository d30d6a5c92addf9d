//! The challenges of this process that nobody has answered yet.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

/// A challenge that has been sent and not been answered. While it exists, [`is_outstanding`] knows it: a peer that
/// cannot answer it passes it on to another connection of this process and hopes for the answer there.
#[derive(Debug)]
pub(super) struct Outstanding(Vec<u8>);

impl Outstanding {
    pub(super) fn new(challenge: Vec<u8>) -> Self {
        challenges().insert(challenge.clone());
        Self(challenge)
    }

    pub(super) fn challenge(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for Outstanding {
    fn drop(&mut self) {
        challenges().remove(&self.0);
    }
}

/// Tells whether this process waits for an answer to the challenge.
pub(super) fn is_outstanding(challenge: &[u8]) -> bool {
    challenges().contains(challenge)
}

fn challenges() -> MutexGuard<'static, HashSet<Vec<u8>>> {
    static CHALLENGES: OnceLock<Mutex<HashSet<Vec<u8>>>> = OnceLock::new();
    CHALLENGES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}
