//! A client's place in a game.

use std::time::{Duration, Instant};

use sockeye::IpAddress;

use crate::arena::picture::Picture;
use crate::arena::protocol::{Snapshot, Token, is_after};

use super::Measured;

/// How long a server's datagrams may stay away.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_secs(5);

/// What holds from the server's welcome on.
pub(super) struct Session {
    pub(super) server: IpAddress,
    pub(super) udp_port: u16,
    pub(super) token: Token,
    pub(super) last_heard: Instant,
    pub(super) picture: Picture,
}

impl Session {
    /// Whether the server's datagrams have stayed away for too long.
    pub(super) fn is_silent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_heard) > SILENCE_LIMIT
    }

    /// Takes in a snapshot if it is newer than the latest; datagrams come late, twice and out of order.
    pub(super) fn see(&mut self, snapshot: Snapshot, measured: &mut Measured, now: Instant) {
        let latest = self.picture.latest().tick;
        let first = measured.snapshots == 0;
        if !first && !is_after(snapshot.tick, latest) {
            measured.dropped += 1;
            return;
        }
        if !first {
            measured.lost += u64::from(snapshot.tick.wrapping_sub(latest).saturating_sub(1));
        }
        measured.snapshots += 1;
        self.picture.see(snapshot, now);
    }
}
