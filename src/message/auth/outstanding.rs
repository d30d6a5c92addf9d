//! The challenges of this process that nobody has answered yet.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use super::beneath::Ends;

/// A challenge that has been sent and not been answered. While it exists, [`is_outstanding_elsewhere`] knows it:
/// a peer that cannot answer it passes it on to another connection of this process and hopes for the answer there.
#[derive(Debug)]
pub(super) struct Outstanding(Vec<u8>);

impl Outstanding {
    /// Takes note of a challenge, and of the end that it is sent from.
    pub(super) fn new(challenge: Vec<u8>, from: Ends) -> Self {
        challenges().insert(challenge.clone(), from);
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

/// Tells whether this process waits for an answer to the challenge on another connection than the one of this end.
pub(super) fn is_outstanding_elsewhere(challenge: &[u8], here: Ends) -> bool {
    challenges().get(challenge).is_some_and(|from| !from.reach(here))
}

fn challenges() -> MutexGuard<'static, HashMap<Vec<u8>, Ends>> {
    static CHALLENGES: OnceLock<Mutex<HashMap<Vec<u8>, Ends>>> = OnceLock::new();
    CHALLENGES.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}
