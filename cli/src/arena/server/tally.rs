//! What the server counts.

use std::time::{Duration, Instant};

use crate::arena::protocol::Load;
use crate::arena::stats::{Histogram, Meter, Traffic};

use super::peer::Parting;

/// Everything the server counted since its start.
#[derive(Debug, Clone)]
pub(crate) struct Tally {
    /// Work done in a tick.
    pub(crate) tick_time: Histogram,
    /// How long after it was due a tick began.
    pub(crate) lateness: Histogram,
    /// Ticks that were left out because they came too late.
    pub(crate) missed: u64,
    pub(crate) traffic: Traffic,
    pub(crate) players: usize,
    pub(crate) most_players: usize,
    pub(crate) dropped: Dropped,
    pub(crate) partings: Partings,
    last_second: Histogram,
    meter: Meter,
}

/// How the server did in the last second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pulse {
    pub(crate) players: usize,
    pub(crate) load: Load,
    /// Bytes and packets in that second.
    pub(crate) rate: Traffic,
}

/// What came and was not used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Dropped {
    /// Datagrams that are no message of the protocol, or too long for one.
    pub(crate) malformed: u64,
    /// Datagrams with a token that nobody has, or from somewhere else than the token's owner.
    pub(crate) strangers: u64,
    /// Inputs that came late or twice.
    pub(crate) stale: u64,
    /// Pings and chat lines beyond what a player may send.
    pub(crate) over_rate: u64,
    /// Snapshots and pongs that the kernel had no room for.
    pub(crate) unsent: u64,
    /// Connections beyond what the server holds, or that could not be accepted.
    pub(crate) connections: u64,
}

/// How many were dropped, for which reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Partings {
    pub(crate) left: u64,
    pub(crate) failed: u64,
    pub(crate) malformed: u64,
    pub(crate) refused: u64,
    pub(crate) silent: u64,
    pub(crate) unread: u64,
}

impl Tally {
    /// Starts at nothing.
    pub(crate) fn starting(now: Instant) -> Self {
        Self {
            tick_time: Histogram::new(),
            lateness: Histogram::new(),
            missed: 0,
            traffic: Traffic::default(),
            players: 0,
            most_players: 0,
            dropped: Dropped::default(),
            partings: Partings::default(),
            last_second: Histogram::new(),
            meter: Meter::starting(now),
        }
    }

    /// Counts a tick.
    pub(crate) fn ticked(&mut self, time: Duration, lateness: Duration) {
        self.tick_time.record(time);
        self.last_second.record(time);
        self.lateness.record(lateness);
    }

    /// Counts players, now and at most.
    pub(crate) fn set_players(&mut self, players: usize) {
        self.players = players;
        self.most_players = self.most_players.max(players);
    }

    /// Counts a peer that goes.
    pub(super) fn parted(&mut self, parting: Parting) {
        let count = match parting {
            Parting::Left => &mut self.partings.left,
            Parting::Failed => &mut self.partings.failed,
            Parting::Malformed => &mut self.partings.malformed,
            Parting::Refused => &mut self.partings.refused,
            Parting::Silent => &mut self.partings.silent,
            Parting::Unread => &mut self.partings.unread,
        };
        *count += 1;
    }

    /// Sums up the second that ends now, and begins the next.
    pub(super) fn end_second(&mut self, now: Instant) -> Pulse {
        let load = Load {
            mean: micros(self.last_second.mean()),
            p99: micros(self.last_second.percentile(99)),
            missed: u32::try_from(self.missed).unwrap_or(u32::MAX),
        };
        self.last_second.clear();
        self.meter.update(now, self.traffic);
        Pulse { players: self.players, load, rate: self.meter.rate() }
    }
}

fn micros(time: Duration) -> u32 {
    u32::try_from(time.as_micros()).unwrap_or(u32::MAX)
}
