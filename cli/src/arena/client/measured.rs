//! What a client measures.

use std::time::Duration;

use crate::arena::stats::{Histogram, Traffic};

/// Round trips, snapshots and bytes since the client began.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// From a ping to its pong.
    pub(crate) round_trip: Histogram,
    /// The last of them.
    pub(crate) last_round_trip: Duration,
    /// Snapshots that were used.
    pub(crate) snapshots: u64,
    /// Snapshots between those that never came, or came too late.
    pub(crate) lost: u64,
    /// Datagrams that are not the server's or no message.
    pub(crate) dropped: u64,
    pub(crate) traffic: Traffic,
}

impl Measured {
    /// Begins at nothing.
    pub(crate) fn nothing() -> Self {
        Self {
            round_trip: Histogram::new(),
            last_round_trip: Duration::ZERO,
            snapshots: 0,
            lost: 0,
            dropped: 0,
            traffic: Traffic::default(),
        }
    }

    /// Takes in a pong: when its ping was sent and what time it is, in nanoseconds. A pong from the future is none of
    /// ours.
    pub(super) fn answered(&mut self, sent: u64, now: u64) {
        match now.checked_sub(sent) {
            Some(nanos) => {
                self.last_round_trip = Duration::from_nanos(nanos);
                self.round_trip.record(self.last_round_trip);
            }
            None => self.dropped += 1,
        }
    }

    /// Takes in what another client measured, for a sum of all.
    pub(crate) fn add(&mut self, other: &Self) {
        self.round_trip.add(&other.round_trip);
        self.snapshots += other.snapshots;
        self.lost += other.lost;
        self.dropped += other.dropped;
        self.traffic.add(other.traffic);
    }
}
